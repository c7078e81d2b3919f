/** The sandbox's Node objects. */
import { arch, availableParallelism, cpus, release } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { ENFORCEMENT_REASONS, type EnforcementMode } from '../../../../annotations.ts';
import type { NodePlan } from '../../../../dataplane/addresses.ts';
import type { Store } from '../../../store.ts';
import { timestampOf } from '../../../time.ts';
import type { Committed } from '../../networkpolicies/controller/node-enforcer.ts';
import type { Node, NodeCondition } from '../object.ts';

/** Node.js names of processor architectures that Go, and so Kubernetes, names otherwise. */
const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

/**
 * Stores a Node object for each node.
 * @param version the API server's, such as `v1.36.0-podreach`
 */
export function createNodes(store: Store, nodes: readonly NodePlan[], version: string, now: Date): void {
  for (const node of nodes) store.create('nodes', nodeObject(node, version, timestampOf(now)));
}

function nodeObject({ name, networks }: NodePlan, version: string, time: string): Node {
  const podCIDRs = networks.map(({ podCidr }) => podCidr);
  const architecture = GO_ARCHITECTURES[arch()] ?? arch();
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/arch': architecture,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
      },
    },
    spec: { podCIDR: podCIDRs[0] ?? '', podCIDRs },
    status: {
      capacity: { cpu: String(cpus().length) },
      allocatable: { cpu: String(availableParallelism()) },
      addresses: [
        ...networks.map(({ address }) => ({ type: 'InternalIP' as const, address })),
        { type: 'Hostname', address: name },
      ],
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: time }],
      nodeInfo: {
        architecture,
        containerRuntimeVersion: `podreach://${process.versions.node}`,
        kernelVersion: release(),
        kubeletVersion: version,
        operatingSystem: 'linux',
        osImage: 'podreach sandbox',
      },
    },
  };
}

/** A node's object changes no more often than this, however many pods start at once. */
const TELL_EVERY_MS = 50;

/**
 * Tells in the status of Node objects what the nodes enforce, as a condition `PoliciesInForce`, how they fail to, as a condition
 * `NetworkUnavailable`, and as a condition `RulesWritten` when their rules became what they are.
 * @param now the wall clock
 * @returns a function that takes what a node enforces from now on
 */
export function tellEnforcement(store: Store, now: () => Date): (node: string, enforced: Committed) => void {
  return keepTelling<Committed>(
    (node, enforced) =>
      store.update('nodes', undefined, node, (object) =>
        withConditions(object, timestampOf(now()), (before) => [
          policiesInForce(enforced, before('PoliciesInForce')),
          ...networkUnavailable(enforced, before('NetworkUnavailable')),
          ...rulesWritten(enforced),
        ]),
      ),
    // A failure is told at once, and so is its end.
    (next, last) => next.enforcement !== last.enforcement,
  );
}

/**
 * Tells in the status of Node objects which Services the nodes translate, as a condition `ServicesInForce`.
 * @param now the wall clock
 * @returns a function that takes the revision up to which a node does
 */
export function tellServices(store: Store, now: () => Date): (node: string, revision: number) => void {
  return keepTelling<number>(
    (node, revision) =>
      store.update('nodes', undefined, node, (object) =>
        withConditions(object, timestampOf(now()), () => [
          {
            type: 'ServicesInForce',
            status: 'True',
            reason: 'Committed',
            message: `resourceVersion ${revision}`,
          },
        ]),
      ),
    () => false,
  );
}

/** Tells the newest of what comes in quick succession. @param isUrgent whether it is told at once all the same */
function keepTelling<Told>(
  write: (node: string, told: Told) => void,
  isUrgent: (next: Told, last: Told) => boolean,
): (node: string, told: Told) => void {
  const told = new Map<string, Told>();
  const newest = new Map<string, Told>();
  const resting = new Map<string, NodeJS.Timeout>();

  function tell(node: string): void {
    const [next, last] = [newest.get(node), told.get(node)];
    if (next === undefined || isDeepStrictEqual(next, last)) return;
    if (resting.has(node) && last !== undefined && !isUrgent(next, last)) return;
    told.set(node, next);
    write(node, next);
    clearTimeout(resting.get(node));
    const rest = setTimeout(() => {
      resting.delete(node);
      tell(node);
    }, TELL_EVERY_MS);
    resting.set(node, rest);
  }

  return (node, next) => {
    newest.set(node, next);
    tell(node);
  };
}

type ToldCondition = Omit<NodeCondition, 'lastTransitionTime'>;

function withConditions(
  node: Node,
  time: string,
  tell: (before: (type: string) => NodeCondition | undefined) => readonly ToldCondition[],
): Node {
  const before = (type: string): NodeCondition | undefined =>
    node.status.conditions.find((condition) => condition.type === type);
  const told = tell(before).map((condition): NodeCondition => {
    const same = before(condition.type)?.status === condition.status ? before(condition.type) : undefined;
    // As of every condition: since when it has this status.
    return { ...condition, lastTransitionTime: same?.lastTransitionTime ?? time };
  });
  const others = node.status.conditions.filter(({ type }) => told.every((one) => one.type !== type));
  return { ...node, status: { ...node.status, conditions: [...others, ...told] } };
}

/** While everything passes, or nothing, policies are not in force; what is told stays what was in force before. */
function policiesInForce(
  { revision, enforcement }: Committed,
  before: NodeCondition | undefined,
): ToldCondition {
  const isInForce = enforcement === 'on' || enforcement === 'stopped';
  const message = `resourceVersion ${revision}`;
  return {
    type: 'PoliciesInForce',
    ...(isInForce
      ? { status: 'True', reason: 'Committed', message }
      : { status: 'False', reason: ENFORCEMENT_REASONS[enforcement], message: before?.message ?? message }),
  };
}

const FAILURES: Readonly<Record<Exclude<EnforcementMode, 'on'>, string>> = {
  open: 'everything passes to and from the pods of this node',
  closed: 'nothing new passes to or from the pods of this node',
  stopped: 'the rules that are in force stay, and changes are not taken up',
};

/** A node that never failed says nothing of it. */
function networkUnavailable({ enforcement }: Committed, before: NodeCondition | undefined): ToldCondition[] {
  const type = 'NetworkUnavailable';
  const reason = ENFORCEMENT_REASONS[enforcement];
  if (enforcement !== 'on') return [{ type, status: 'True', reason, message: FAILURES[enforcement] }];
  return before === undefined ? [] : [{ type, status: 'False', reason, message: 'policies are enforced' }];
}

/** With milliseconds, unlike the times of conditions: whoever knows what there is to see needs them. */
function rulesWritten({ written }: Committed): ToldCondition[] {
  if (written === undefined) return [];
  const message = `between ${written.from.toISOString()} and ${written.to.toISOString()}`;
  return [{ type: 'RulesWritten', status: 'True', reason: 'Committed', message }];
}
