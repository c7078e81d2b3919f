/**
 * Outposts: two pods of podreach's own on every node, which stay as long as the run. The *open* one is isolated by nobody: it is the
 * witness of its node. Into the *guarded* one nothing may go but what a marker policy lets in: it shows when its node has taken up
 * what was applied. On a real cluster the canary proves enforcement with them first.
 */
import { PodreachError } from '../errors.ts';
import { objectKey } from '../keys.ts';
import type { KubeObject } from '../kube/kube.ts';
import { addressIn, type Family } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';
import { greatest } from '../numbers.ts';
import { batchDeadlineMs, PLAIN_BATCH } from '../probe/batch.ts';
import { RUN_LABEL } from '../probe/manifest.ts';
import type { TurnRequest } from '../probe/protocol.ts';
import { OUTPOSTS } from '../progress.ts';
import type { NetworkPolicyObject } from '../scenario/scenario.ts';
import { type AgentReply, askAgent } from './ask-agent.ts';
import type { Asking, Bounded, Owning, Requesting } from './context.ts';
import { addressOfPod } from './families.ts';
import {
  createAll,
  type Provisioning,
  type RunningPod,
  type RunningPods,
  type Wanted,
  waitForPods,
} from './provision.ts';
import type { ProbeNode } from './schedulable.ts';
import { addressesOf, createService, nodePortOf } from './services.ts';

/** What it takes to wait for markers. */
export type AwaitingMarkers = Asking & Owning & Bounded<'timeoutMs' | 'withinMs'>;

export interface Outpost {
  readonly node: string;
  readonly open: RunningPod;
  readonly guarded: RunningPod;
  /** Where its node leads to the open one; absent: who is outside reaches that by its own address. */
  readonly nodePorts?: OutpostPorts;
  /** The addresses of the Service with all open ones behind it; absent: nobody asks whether nodes lead there. */
  readonly serviceAddresses?: readonly string[];
}

type OutpostPorts = Readonly<Record<Protocol, number>>;

/** Every outpost listens there, on TCP and on UDP. */
export const OUTPOST_PORT = 8080;
const PROTOCOLS = ['TCP', 'UDP'] as const satisfies readonly Protocol[];
/** A guarded pod listens on as many ports from here on as there are markers, and one more that no marker opens. */
const FIRST_MARKER_PORT = 10_000;
const ROLE_LABEL = 'podreach.dev/outpost';
/** What guarded pods are known by. */
export const GUARDED = { [ROLE_LABEL]: 'guarded' } as const;

export function outpostsNamespace(runId: string): string {
  return `podreach-outposts-${runId}`;
}

/** The port that marker `number` opens. They count from 1; 0 stays closed. */
export function markerPort(number: number): number {
  return FIRST_MARKER_PORT + number;
}

/** Applies a policy for the guarded pods. @param rules of its spec, beside the selector @throws what the API server says */
export async function guard(
  name: string,
  rules: object,
  context: Requesting<'apply'> & Owning,
): Promise<void> {
  const address = guardAddress(name, context);
  await context.kube.apply(address, JSON.stringify(guardPolicy(address, rules)), context);
}

/** A policy for the guarded pods. @param rules of its spec, beside the selector */
export function guardPolicy(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  rules: object,
): NetworkPolicyObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: { podSelector: { matchLabels: GUARDED }, ...rules },
  };
}

/** Takes a policy for the guarded pods away. @throws what the API server says */
export async function unguard(name: string, context: Requesting<'delete'> & Owning): Promise<void> {
  await context.kube.delete(guardAddress(name, context), context);
}

function guardAddress(name: string, { runId }: Owning) {
  return { resource: 'networkpolicies', namespace: outpostsNamespace(runId), name } as const;
}

/** Lets every node lead to its own open pod, for witnesses that come from outside. @throws PodreachError `provision-failed` */
export async function openNodePorts(context: Requesting<'create'> & Owning): Promise<OutpostPorts> {
  const name = 'open';
  const created = await createOpenService(
    name,
    { type: 'NodePort', externalTrafficPolicy: 'Local', ipFamilyPolicy: 'PreferDualStack' },
    context,
  );
  const [TCP, UDP] = PROTOCOLS.map((_, index) => nodePortOf(created, index));
  if (TCP === undefined || UDP === undefined)
    throw new PodreachError('provision-failed', `Service ${name} of the outposts has no ports on the nodes`);
  return { TCP, UDP };
}

/**
 * Puts the open pods of all nodes behind one Service, which nodes lead to as they do to any other.
 * @param name unlike that of any other in the namespace of the outposts
 * @returns its addresses
 * @throws PodreachError `provision-failed`
 */
export async function openService(
  context: Requesting<'create'> & Owning,
  name = 'all-open',
): Promise<readonly string[]> {
  const created = await createOpenService(name, { ipFamilyPolicy: 'PreferDualStack' }, context);
  return addressesOf(created);
}

/** One for the open pods. @param spec beside its selector and its ports */
async function createOpenService(
  name: string,
  spec: object,
  context: Requesting<'create'> & Owning,
): Promise<KubeObject> {
  const manifest = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      namespace: outpostsNamespace(context.runId),
      name,
      labels: { [RUN_LABEL]: context.runId },
    },
    spec: {
      ...spec,
      selector: { [ROLE_LABEL]: 'open' },
      ports: PROTOCOLS.map((protocol) => ({
        name: protocol.toLowerCase(),
        port: OUTPOST_PORT,
        protocol,
      })),
    },
  };
  return await createService(manifest, context);
}

/**
 * Creates the outposts' namespace and pods, and waits for none of them.
 * @param markers how many markers there will be
 * @param prepare called when the namespace is there, and before any pod
 * @throws as `provision`
 */
export async function createOutposts(
  nodes: readonly ProbeNode[],
  markers: number,
  prepare: () => Promise<void>,
  context: Provisioning,
): Promise<Wanted> {
  const namespace = outpostsNamespace(context.runId);
  const ports = PROTOCOLS.map((protocol) => ({ port: OUTPOST_PORT, protocol }));
  const markerPorts = Array.from({ length: markers + 1 }, (_, number) => ({
    port: markerPort(number),
    protocol: 'TCP' as const,
  }));
  const wanted = {
    name: OUTPOSTS,
    namespaces: [{ name: namespace, labels: {} }],
    pods: nodes.flatMap(({ hostname }, index) => [
      { namespace, name: `open-${index}`, labels: { [ROLE_LABEL]: 'open' }, ports, hostname },
      {
        namespace,
        name: `guarded-${index}`,
        labels: GUARDED,
        ports: [...ports, ...markerPorts],
        hostname,
      },
    ]),
  };
  await createAll({ ...wanted, pods: [] }, context);
  await prepare();
  await createAll({ ...wanted, namespaces: [] }, context);
  return wanted;
}

/** Waits until the outposts run. @throws as `waitForPods` */
export async function waitForOutposts(
  wanted: Wanted,
  nodes: readonly ProbeNode[],
  context: Provisioning,
): Promise<readonly Outpost[]> {
  const pods = await waitForPods(wanted, context);
  return nodes.map(({ name }, index) => ({
    node: name,
    open: podOf(pods, `open-${index}`, context),
    guarded: podOf(pods, `guarded-${index}`, context),
  }));
}

function podOf(pods: RunningPods, name: string, { runId }: Owning): RunningPod {
  const pod = pods.get(`${outpostsNamespace(runId)}/${name}`);
  if (pod === undefined) throw new Error(`outpost ${name} is not among the pods that run`);
  return pod;
}

/** Closes all guarded pods. Their way out stays open: that is how a node is its own witness. */
export async function applyClosed(context: Requesting<'apply'> & Owning): Promise<void> {
  await guard('closed', { policyTypes: ['Ingress'] }, context);
}

/**
 * Waits until every guarded pod is closed: before, a marker could not be seen to open.
 * @throws PodreachError `not-enforcing` naming the nodes where one stays open
 */
export async function untilClosed(
  outposts: readonly Outpost[],
  families: readonly Family[],
  context: AwaitingMarkers,
): Promise<void> {
  const shown = await Promise.all(
    outposts.map(async (outpost) => ({
      node: outpost.node,
      turn: turnOf(await awaitMarker(outpost, { number: 0, wanted: 'cut', families }, context)),
    })),
  );
  context.signal.throwIfAborted();
  const open = shown.filter(({ turn }) => turn.kind !== 'turned');
  if (open.length === 0) return;
  const nodes = open.map(({ node }) => node).join(', ');
  const [first] = open;
  const why = first?.turn.kind === 'unknown' ? `: ${first.turn.reason}` : '';
  throw new PodreachError(
    'not-enforcing',
    `a policy that closes a pod was not taken up within ${context.timing.withinMs / 1000} s on ${nodes}${why}`,
    { hint: 'Look at the network plugin on these nodes; --within gives it more time.' },
  );
}

export type Turn =
  /** When it was seen first, in milliseconds after the question was put. */
  | { readonly kind: 'turned'; readonly afterMs: number }
  | { readonly kind: 'not-turned' }
  /** Nobody could look. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** What is awaited of a marker: nodes may take up what holds for one family before they do for the other. */
interface AwaitedMarker extends Pick<TurnRequest, 'wanted'> {
  readonly number: number;
  /** At least one; in each that the guarded pod has. */
  readonly families: readonly Family[];
}

/**
 * Tries the connections from an open pod to a port of a guarded pod, one of each family, again and again, until they are as wanted or `within` is over. Open
 * counts only while the port that no marker opens is shut: where nothing is enforced, all are open.
 */
export async function awaitMarker(
  { open, guarded }: Pick<Outpost, 'open' | 'guarded'>,
  { number, wanted, families }: AwaitedMarker,
  context: AwaitingMarkers,
): Promise<AgentReply> {
  const hosts = families.flatMap((family) => addressOfPod(family, guarded) ?? []);
  const shut = wanted === 'open' ? { shutPort: markerPort(0) } : {};
  const turn = { port: markerPort(number), pods: [objectKey(guarded)], wanted, ...shut };
  return await awaitTurns(open, hosts, turn, context);
}

/**
 * Tries to reach a Service of the open pods from the guarded pod of a node, at its address of each family, again and again, until one of them
 * answers at each or `within` is over. Where it goes nothing isolates the guarded pod, nor those that answer.
 */
export async function awaitService(
  guarded: RunningPod,
  addresses: readonly string[],
  open: readonly RunningPod[],
  families: readonly Family[],
  context: AwaitingMarkers,
): Promise<AgentReply> {
  const hosts = families.flatMap((family) => addressIn(family, addresses) ?? []);
  const turn = { port: OUTPOST_PORT, pods: open.map(objectKey), wanted: 'open' } as const;
  return await awaitTurns(guarded, hosts, turn, context);
}

/** The same turn, over TCP, at each of these addresses. */
async function awaitTurns(
  pod: RunningPod,
  hosts: readonly string[],
  turn: Pick<TurnRequest, 'port' | 'pods' | 'wanted' | 'shutPort'>,
  context: AwaitingMarkers,
): Promise<AgentReply> {
  const { timeoutMs, withinMs } = context.timing;
  return await askAgent(
    pod,
    {
      ...PLAIN_BATCH,
      runId: context.runId,
      timeoutMs,
      deadlineMs: withinMs + batchDeadlineMs(0, timeoutMs),
      turnWithinMs: withinMs,
      turns: hosts.map((host, id) => ({ id, host, protocol: 'TCP', ...turn })),
      targets: [],
      listeners: [],
    },
    context,
  );
}

/** What became of one marker: it has turned when it has in each family. */
export function turnOf({ answer }: AgentReply): Turn {
  if (answer.kind === 'broken') return { kind: 'unknown', reason: answer.reason };
  const times = answer.turns.flatMap(({ turnedMs }) => turnedMs ?? []);
  if (times.length === 0 || times.length < answer.turns.length) return { kind: 'not-turned' };
  return { kind: 'turned', afterMs: greatest(times) };
}
