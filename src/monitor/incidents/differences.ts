/** What has happened between two snapshots. Pure. */
import { objectKey } from '../../keys.ts';
import type { KubeObject } from '../../kube/kube.ts';
import type { Incident, IncidentKind } from '../../model/incident.ts';
import { type ClusterSnapshot, daemonSetOf } from './snapshot.ts';

/** The cluster tells times in whole seconds. */
const SECOND_MS = 1_000;

/** What is told of something that happened, besides when. */
interface Event {
  readonly kind: IncidentKind;
  readonly object: string;
  readonly node?: string | undefined;
  readonly text: string;
  /** When, as the cluster says. */
  readonly told?: string | undefined;
}

/**
 * @param startedMs when the watch began, as the machine's clock tells the time of day
 * @returns in the order of time
 */
export function differences(
  before: ClusterSnapshot,
  after: ClusterSnapshot,
  startedMs: number,
): readonly Incident[] {
  const events = [
    ...daemonSetEvents(before.daemonSets, after.daemonSets),
    ...pluginPodEvents(before.pluginPods, after.pluginPods),
    ...nodeEvents(before.nodes, after.nodes),
    ...policyEvents(before.policies, after.policies),
    ...podEvents(before.pods, after.pods),
  ];
  return events
    .map(
      ({ kind, object, node, text, told }): Incident => ({
        kind,
        ...dated(told, before.takenMs, after.takenMs, startedMs),
        object,
        ...(node === undefined ? {} : { node }),
        text,
      }),
    )
    .toSorted((left, right) => left.atMs - right.atMs);
}

/** What the cluster says of the time counts only where it can be so: its clocks are not this machine's. */
function dated(
  told: string | undefined,
  beforeMs: number,
  afterMs: number,
  startedMs: number,
): Pick<Incident, 'atMs' | 'withinMs'> {
  const toldMs = told === undefined ? Number.NaN : Date.parse(told) - startedMs;
  const isPossible = toldMs + SECOND_MS > beforeMs && toldMs < afterMs;
  const latest = isPossible ? Math.min(afterMs, toldMs + SECOND_MS) : afterMs;
  const earliest = isPossible ? Math.max(beforeMs, toldMs) : beforeMs;
  return { atMs: Math.round(latest), withinMs: Math.round(latest - earliest) };
}

/** Objects by a key, before and after. Absent lists differ in nothing. */
function* pairs(
  before: readonly KubeObject[] | undefined,
  after: readonly KubeObject[] | undefined,
  keyOf: (object: KubeObject) => string = keyed,
): Generator<{ readonly key: string; readonly was?: KubeObject; readonly is?: KubeObject }> {
  if (before === undefined || after === undefined) return;
  const found = new Map(after.map((object) => [keyOf(object), object]));
  for (const was of before) {
    const key = keyOf(was);
    const is = found.get(key);
    found.delete(key);
    yield is === undefined ? { key, was } : { key, was, is };
  }
  for (const [key, is] of found) yield { key, is };
}

function keyed({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : objectKey({ namespace, name });
}

function* daemonSetEvents(before?: readonly KubeObject[], after?: readonly KubeObject[]): Generator<Event> {
  for (const { key, was, is } of pairs(before, after)) {
    const object = `daemonset/${key}`;
    if (was === undefined || is === undefined) {
      yield {
        kind: 'plugin-rollout',
        object,
        text: `${key} was ${is === undefined ? 'deleted' : 'created'}`,
      };
      continue;
    }
    if (generationOf(was) === generationOf(is)) continue;
    const images = imagesOf(is).filter((image) => !imagesOf(was).includes(image));
    if (images.length > 0)
      yield { kind: 'plugin-image', object, text: `${key} was given another image: ${images.join(', ')}` };
    else yield { kind: 'plugin-rollout', object, text: `${key} was changed` };
  }
}

function* pluginPodEvents(before?: readonly KubeObject[], after?: readonly KubeObject[]): Generator<Event> {
  const place = (pod: KubeObject): string => `${daemonSetOf(pod)} on ${nodeOf(pod)}`;
  for (const { key, was, is } of pairs(before, after, place)) {
    const pod = is ?? was;
    if (pod === undefined) continue;
    const common = {
      kind: 'plugin-restarted',
      object: `daemonset/${daemonSetOf(pod)}`,
      node: nodeOf(pod),
    } as const;
    const name = key.slice(key.indexOf('/') + 1);
    if (is === undefined) yield { ...common, text: `the pod of ${name} ended` };
    else if (was === undefined || uidOf(was) !== uidOf(is))
      yield { ...common, text: `${name} was started`, told: startOf(is) };
    else if (restartsOf(is) > restartsOf(was))
      yield { ...common, text: `${name} restarted`, told: startOf(is) };
  }
}

function* nodeEvents(before?: readonly KubeObject[], after?: readonly KubeObject[]): Generator<Event> {
  for (const { key, was, is } of pairs(before, after)) {
    if (was !== undefined && is !== undefined) {
      yield* readiness(key, conditionOf(was, 'Ready'), conditionOf(is, 'Ready'));
      yield* network(key, conditionOf(was, 'NetworkUnavailable'), conditionOf(is, 'NetworkUnavailable'));
    } else if (is === undefined) {
      yield { kind: 'node-not-ready', object: `node/${key}`, node: key, text: `${key} left the cluster` };
    } else {
      yield { kind: 'node-ready', object: `node/${key}`, node: key, text: `${key} joined the cluster` };
    }
  }
}

function* readiness(
  node: string,
  was: ObjectCondition | undefined,
  is: ObjectCondition | undefined,
): Generator<Event> {
  if (was?.status === is?.status) return;
  const common = { object: `node/${node}`, node, told: is?.lastTransitionTime };
  if (is?.status === 'True') yield { ...common, kind: 'node-ready', text: `${node} became ready` };
  else yield { ...common, kind: 'node-not-ready', text: `${node} became not ready${because(is)}` };
}

/** Only a network plugin says this of a node; most say nothing. */
function* network(
  node: string,
  was: ObjectCondition | undefined,
  is: ObjectCondition | undefined,
): Generator<Event> {
  const [wasUnavailable, isUnavailable] = [was?.status === 'True', is?.status === 'True'];
  const common = { object: `node/${node}`, node, told: is?.lastTransitionTime };
  if (isUnavailable) {
    if (wasUnavailable && was?.reason === is?.reason) return;
    const text = `the network of ${node} became unavailable${because(is)}`;
    yield { ...common, kind: 'network-unavailable', text };
  } else if (wasUnavailable) {
    const text = `the network of ${node} became available again`;
    yield { ...common, kind: 'network-available', text };
  } else if (is?.lastTransitionTime !== was?.lastTransitionTime) {
    // It has changed back before anybody looked.
    const text = `the network of ${node} was said to be available`;
    yield { ...common, kind: 'network-available', text };
  }
}

function* policyEvents(before?: readonly KubeObject[], after?: readonly KubeObject[]): Generator<Event> {
  for (const { key, was, is } of pairs(before, after)) {
    const object = `networkpolicy/${key}`;
    // Who deleted it nobody tells.
    if (is === undefined) {
      yield { kind: 'policy-deleted', object, text: `policy ${key} was deleted` };
      continue;
    }
    const { by, told } = lastChangeOf(is);
    if (was === undefined)
      yield {
        kind: 'policy-created',
        object,
        text: `policy ${key} was created${by}`,
        told: is.metadata.creationTimestamp,
      };
    else if (uidOf(was) !== uidOf(is))
      yield { kind: 'policy-changed', object, text: `policy ${key} was replaced${by}`, told };
    else if (generationOf(was) !== generationOf(is))
      yield { kind: 'policy-changed', object, text: `policy ${key} was changed${by}`, told };
  }
}

function* podEvents(before?: readonly KubeObject[], after?: readonly KubeObject[]): Generator<Event> {
  for (const { key: object, was, is } of pairs(before, after)) {
    // One that has come anew has been told when the one before it went.
    if (was === undefined) continue;
    const node = nodeOf(is ?? was);
    if (is === undefined) yield { kind: 'pod-deleted', object, node, text: `pod ${object} was deleted` };
    else if (uidOf(was) === uidOf(is)) {
      if (restartsOf(is) > restartsOf(was))
        yield { kind: 'pod-restarted', object, node, text: `pod ${object} restarted`, told: startOf(is) };
    } else if (nodeOf(was) === node)
      yield { kind: 'pod-replaced', object, node, text: `pod ${object} was replaced`, told: startOf(is) };
    else
      yield {
        kind: 'pod-moved',
        object,
        node,
        text: `pod ${object} moved from ${nodeOf(was)} to ${node ?? 'nowhere yet'}`,
        told: startOf(is),
      };
  }
}

// --- What is read of objects: each field may be missing --------------------------------------------------------------

interface ObjectCondition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly lastTransitionTime?: string;
}

interface ToldContainer {
  readonly restartCount?: number;
  readonly state?: { readonly running?: { readonly startedAt?: string } };
}

interface Fields {
  readonly metadata: {
    readonly uid?: string;
    readonly generation?: number;
    readonly resourceVersion?: string;
    /** Who has written which fields, and when last. */
    readonly managedFields?: readonly { readonly manager?: string; readonly time?: string }[];
  };
  readonly spec?: {
    readonly nodeName?: string;
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } };
  };
  readonly status?: {
    readonly conditions?: readonly ObjectCondition[];
    readonly containerStatuses?: readonly ToldContainer[];
  };
}

/** An object of the API, of any version: whatever it lacks is absent. */
const fieldsOf = (object: KubeObject): Fields => object as KubeObject & Fields;

const uidOf = (object: KubeObject): string | undefined => fieldsOf(object).metadata.uid;
const nodeOf = (object: KubeObject): string | undefined => fieldsOf(object).spec?.nodeName;

/** What changes with every change of its spec. */
function generationOf(object: KubeObject): number | string | undefined {
  const { generation, resourceVersion } = fieldsOf(object).metadata;
  return generation ?? resourceVersion;
}

/** ` by kubectl-edit`, the program that wrote to it last, and when; empty where the server does not say. */
function lastChangeOf(object: KubeObject): { readonly by: string; readonly told: string | undefined } {
  const { managedFields = [] } = fieldsOf(object).metadata;
  const last = managedFields
    .toSorted((one, other) => (one.time ?? '').localeCompare(other.time ?? ''))
    .at(-1);
  return { by: last?.manager === undefined ? '' : ` by ${last.manager}`, told: last?.time };
}

function imagesOf(object: KubeObject): readonly string[] {
  return fieldsOf(object).spec?.template?.spec?.containers?.flatMap(({ image }) => image ?? []) ?? [];
}

function conditionOf(object: KubeObject, type: string): ObjectCondition | undefined {
  return fieldsOf(object).status?.conditions?.find((condition) => condition.type === type);
}

function because(condition: ObjectCondition | undefined): string {
  return condition?.reason === undefined ? '' : ` (${condition.reason})`;
}

function restartsOf(object: KubeObject): number {
  const statuses = fieldsOf(object).status?.containerStatuses ?? [];
  return statuses.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
}

/** When the container that started last did. */
function startOf(object: KubeObject): string | undefined {
  const statuses = fieldsOf(object).status?.containerStatuses ?? [];
  return statuses
    .flatMap(({ state }) => state?.running?.startedAt ?? [])
    .toSorted()
    .at(-1);
}
