/** Stage 1: namespaces, then all pods at once, and the wait until each of them runs. */
import pLimit from 'p-limit';
import { PodreachError } from '../errors.ts';
import { objectKey } from '../keys.ts';
import { ApiStatusError, isAlreadyExists } from '../kube/errors.ts';
import type { KubeObject } from '../kube/kube.ts';
import { type PodState, podState } from '../kube/pod-state.ts';
import type { NodePlaces } from '../model/node-port.ts';
import { probeNamespace, probePod, RUN_LABEL, type SimulatedHost } from '../probe/manifest.ts';
import type { ProbeSettings } from '../probe/settings.ts';
import { agentSource } from '../probe/source.ts';
import type { WatchRequest } from '../probe/watch-protocol.ts';
import type { PlannedNamespace, PlannedPod } from '../scenario/scenario.ts';
import { allEnded } from './all-ended.ts';
import type { Owning, Probing, Requesting, Telling, Timed } from './context.ts';
import { inAddition, newestWarning } from './pod-events.ts';
import { pollPauseMs } from './poll.ts';
import { copyPullSecrets } from './pull-secrets.ts';
import { isTooEarly, refusalError } from './refusal.ts';

/** Requests in flight at once: enough to hide latency, few enough for an API server's fairness queues. */
const PARALLEL_REQUESTS = 16;
const POLL_MS = 100;
/** A pod that takes longer than this may have a reason that only its events tell. */
const EVENTS_AFTER_MS = 5_000;
/** Of pods that all wait for the same, a few tell enough. */
const TOLD_PODS = 3;

/** A kubelet visits a pod each second; where it has not reached any for so long, it never will. */
const VISITED_WITHIN_MS = 30_000;

/** A controller that is busy, or that moves to another machine, takes seconds. */
const CONTROLLERS_WITHIN_MS = 30_000;

/** What pods are created with, and waited for. */
export type Provisioning = Requesting<'create' | 'get' | 'list'> &
  Timed<'readyWithinMs'> &
  Owning &
  Probing &
  Telling;

/** Stands for the node of what has none: no node is called so. */
export const OUTSIDE = 'outside the cluster';

/** A pod that runs, or the agent that stands for a host, with what a round needs to know of it. */
export interface RunningPod {
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
  /** Addresses of further families, which nobody tries. */
  readonly otherIps?: readonly string[];
  /** {@link OUTSIDE} for that of a host. */
  readonly node: string;
  /** The key of the host that it stands for; absent: it is a pod of the cluster. */
  readonly host?: string;
  /** The name by which it is dialled; absent: its address. */
  readonly dnsName?: string;
  /** It is on the network of its node. */
  readonly hostNetwork?: true;
  /** The container that it is, beside the nodes; absent: a pod. */
  readonly container?: string;
  /** Where it reaches the nodes; absent: at their own addresses. */
  readonly nodes?: NodePlaces;
}

/** As rules and attempts name it: `shop/web`, `host/bank`. */
export function endKeyOf(pod: RunningPod): string {
  return pod.host ?? objectKey(pod);
}

/** What is to be there. */
export interface Wanted {
  /** What it is for, where progress is told. */
  readonly name: string;
  readonly namespaces: readonly WantedNamespace[];
  readonly pods: readonly WantedPod[];
}

export interface WantedNamespace extends PlannedNamespace {
  /** Whether pods on the network of their nodes come into it, now or later. */
  readonly holdsHostNetwork?: boolean;
}

export interface WantedPod extends PlannedPod {
  /** The label `kubernetes.io/hostname` of the one node that it is for. Absent: any node. */
  readonly hostname?: string;
  /** Where the kubelet visits it. Absent: at a port that it does not declare. */
  readonly visitPort?: number;
  /** What its agent watches from its process's beginning. */
  readonly firstInstant?: WatchRequest;
  /** The host that it stands for; absent: it is a pod of the cluster. */
  readonly host?: SimulatedHost;
}

/** Running pods by `namespace/name`, and the agents that stand for hosts by the keys of these. */
export type RunningPods = ReadonlyMap<string, RunningPod>;

/**
 * Creates namespaces, then all pods at once, and waits until each of them runs.
 * @throws PodreachError `namespace-foreign`, `permission-denied`, `provision-failed`
 */
export async function provision(wanted: Wanted, context: Provisioning): Promise<RunningPods> {
  await createAll(wanted, context);
  return await waitForPods(wanted, context);
}

/** Creates namespaces, then all pods at once, and waits for none. @throws as {@link provision} */
export async function createAll(wanted: Wanted, context: Provisioning): Promise<void> {
  const limit = pLimit(PARALLEL_REQUESTS);
  const agent = agentSource();
  const manifestOf = (pod: WantedPod): KubeObject =>
    probePod(pod, {
      runId: context.runId,
      agent,
      settings: settingsFor(pod, context),
      ...(pod.firstInstant === undefined ? {} : { firstInstant: pod.firstInstant }),
      ...(pod.host === undefined ? {} : { host: pod.host }),
      ...(pod.visitPort === undefined ? {} : { visitPort: pod.visitPort }),
    });
  // A namespace that is still on its way when the run cleans up would come after that, and stay.
  await allEnded(wanted.namespaces.map((namespace) => limit(createNamespace, namespace, context)));
  await Promise.all(wanted.pods.map((pod) => limit(createPod, manifestOf(pod), context)));
}

function settingsFor({ hostname }: WantedPod, { probe }: Probing): ProbeSettings {
  if (hostname === undefined) return probe;
  // Chosen by its label and not by its name, so that the scheduler still has its say.
  return { ...probe, nodeSelector: { ...probe.nodeSelector, 'kubernetes.io/hostname': hostname } };
}

async function createNamespace(namespace: WantedNamespace, context: Provisioning): Promise<void> {
  try {
    await context.kube.create(
      probeNamespace(namespace, namespace.holdsHostNetwork === true, {
        runId: context.runId,
        settings: context.probe,
      }),
      context,
    );
  } catch (thrown) {
    if (!(thrown instanceof ApiStatusError) || thrown.code !== 'api-error') throw thrown;
    if (!isAlreadyExists(thrown)) throw refusalError(`namespace ${namespace.name}`, thrown);
    throw new PodreachError(
      'namespace-foreign',
      `namespace ${namespace.name} exists already, and this run did not create it`,
      {
        hint: `podreach only works in namespaces of its own: choose another name, or delete it if an earlier run left it (kubectl get namespace ${namespace.name} --show-labels).`,
        cause: thrown,
      },
    );
  }
  await copyPullSecrets(namespace.name, context);
}

async function createPod(manifest: KubeObject, context: Provisioning): Promise<void> {
  const { metadata } = manifest;
  const deadline = context.clock.now() + CONTROLLERS_WITHIN_MS;
  for (;;) {
    try {
      await context.kube.create(manifest, context);
      return;
    } catch (thrown) {
      if (!(thrown instanceof ApiStatusError) || thrown.code !== 'api-error') throw thrown;
      if (!isTooEarly(thrown) || context.clock.now() > deadline)
        throw refusalError(`pod ${metadata.namespace}/${metadata.name}`, thrown);
    }
    await context.clock.sleep(POLL_MS, context.signal);
  }
}

type WaitingPod = readonly [key: string, state: PodState];

/** Waits until each pod runs and was visited by its kubelet. @throws PodreachError `provision-failed` */
export async function waitForPods(wanted: Wanted, context: Provisioning): Promise<RunningPods> {
  const { clock, timing } = context;
  const beganMs = clock.now();
  const explain = createExplainer(context);
  const tell = createTeller(wanted.name, context);
  let unvisitedSinceMs = Number.POSITIVE_INFINITY;
  for (;;) {
    const states = await podStates(wanted.pods, context);
    await failOnDeadPods(states, context);
    const waiting = [...states].filter(([, { kind }]) => kind !== 'running');
    const isLate = clock.now() - beganMs > timing.readyWithinMs;
    const waitingFor = await explain(waiting.slice(0, TOLD_PODS), isLate);
    tell(states.size - waiting.length, states.size, waitingFor);
    if (waiting.length === 0) return runningPods(wanted.pods, states);
    const isUnvisited = waiting.every(([, state]) => state.kind === 'waiting' && state.isUnvisited === true);
    unvisitedSinceMs = isUnvisited ? Math.min(unvisitedSinceMs, clock.now()) : Number.POSITIVE_INFINITY;
    if (clock.now() - unvisitedSinceMs > VISITED_WITHIN_MS) throw await notVisited(waiting, context);
    if (isLate) {
      throw new PodreachError(
        'provision-failed',
        `${waiting.length} of ${states.size} pods did not run within ${timing.readyWithinMs / 1000} s: ${waitingFor.join('; ')}`,
        {
          hint:
            hintOfAny(waiting) ??
            'Give them more time with --ready-within, or look at one of them with kubectl describe: --keep leaves them in place.',
        },
      );
    }
    await clock.sleep(pollPauseMs(clock.now() - beganMs, POLL_MS), context.signal);
  }
}

/** Of pods that run, and that their kubelets do not reach. */
async function notVisited(waiting: readonly WaitingPod[], context: Provisioning): Promise<PodreachError> {
  const told = await createExplainer(context)(waiting.slice(0, TOLD_PODS), true);
  const nodes = [...new Set(waiting.flatMap(([, { node }]) => node ?? []))].toSorted();
  return new PodreachError(
    'provision-failed',
    `the kubelet does not reach its pods on ${nodes.join(', ')}: ${told.join('; ')}`,
    { hint: hintOfAny(waiting) },
  );
}

/** Says of pods what each waits for. Their events are asked for now and then only, and once more when it is the last word. */
function createExplainer(
  context: Provisioning,
): (waiting: readonly WaitingPod[], isLast: boolean) => Promise<readonly string[]> {
  const { clock } = context;
  let warnings: ReadonlyMap<string, string> = new Map();
  let askAtMs = clock.now() + EVENTS_AFTER_MS;
  return async (waiting, isLast) => {
    if (waiting.length > 0 && (isLast || clock.now() > askAtMs)) {
      warnings = await warningsAbout(waiting, context);
      askAtMs = clock.now() + EVENTS_AFTER_MS;
    }
    return waiting.map(([key, state]) => `${key}: ${describeWait(state, warnings.get(key))}`);
  };
}

/** Tells how many pods run and what keeps the others, whenever that has changed. */
function createTeller(
  scenario: string,
  { progress }: Telling,
): (ready: number, total: number, waitingFor: readonly string[]) => void {
  let told = '';
  return (ready, total, waitingFor) => {
    const news = JSON.stringify([ready, waitingFor]);
    if (news === told) return;
    told = news;
    progress({ type: 'pods-ready', scenario, ready, total, waitingFor });
  };
}

async function warningsAbout(
  pods: readonly WaitingPod[],
  context: Requesting<'list'>,
): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(
    pods.map(async ([key]) => [key, await newestWarning(key, context)] as const),
  );
  return new Map(found.flatMap(([key, words]) => (words === undefined ? [] : [[key, words] as const])));
}

/** What may only need another second is asked last. */
function hintOfAny(waiting: readonly WaitingPod[]): string | undefined {
  const states = waiting.flatMap(([, state]) => (state.kind === 'running' ? [] : [state]));
  const others = states.filter(({ isUnvisited }) => isUnvisited !== true);
  return (others.length === 0 ? states : others).find(({ hint }) => hint !== undefined)?.hint;
}

/** The state of each pod, by `namespace/name`. */
export async function podStates(
  pods: readonly Pick<PlannedPod, 'namespace' | 'name'>[],
  context: Requesting<'list'> & Owning,
): Promise<Map<string, PodState>> {
  // One list per namespace costs the API server less than one GET per pod, and far less than a look through all pods of a cluster.
  const limit = pLimit(PARALLEL_REQUESTS);
  const labelSelector = `${RUN_LABEL}=${context.runId}`;
  const namespaces = [...new Set(pods.map(({ namespace }) => namespace))];
  const lists = await limit.map(namespaces, (namespace) =>
    context.kube.list({ resource: 'pods', namespace, labelSelector }, context),
  );
  const objects = lists.flat();
  const byKey = new Map(
    objects.map((object) => [`${object.metadata.namespace}/${object.metadata.name}`, object]),
  );
  return new Map(pods.map((pod) => [objectKey(pod), podState(byKey.get(objectKey(pod)))]));
}

/** @throws PodreachError `provision-failed` with the words of the first pod that cannot recover, and of its events */
export async function failOnDeadPods(
  states: ReadonlyMap<string, PodState>,
  context: Requesting<'list'>,
): Promise<void> {
  for (const [key, state] of states) {
    if (state.kind !== 'failed') continue;
    const warning = await newestWarning(key, context);
    const more = inAddition(state.reason, warning);
    throw new PodreachError(
      'provision-failed',
      `pod ${key} cannot run${placeOf(state)}: ${state.reason}${more}`,
      { hint: state.hint },
    );
  }
}

function describeWait(state: PodState, warning: string | undefined): string {
  const reason = state.kind === 'running' ? state.kind : state.reason;
  return `${reason}${placeOf(state)}${inAddition(reason, warning)}`;
}

function placeOf({ node }: PodState): string {
  return node === undefined ? '' : ` on node ${node}`;
}

function runningPods(pods: readonly WantedPod[], states: ReadonlyMap<string, PodState>): RunningPods {
  return new Map(
    pods.flatMap((pod) => {
      const state = states.get(objectKey(pod));
      if (state?.kind !== 'running') return [];
      const { namespace, name } = pod;
      const { ip, otherIps, node = OUTSIDE } = state;
      const running = {
        ...{ namespace, name, ip, otherIps, node },
        ...(pod.host === undefined ? {} : { host: pod.host.key }),
        ...(pod.host?.dnsName === undefined ? {} : { dnsName: pod.host.dnsName }),
        ...(pod.hostNetwork === undefined ? {} : { hostNetwork: pod.hostNetwork }),
      };
      return [[endKeyOf(running), running] as const];
    }),
  );
}
