/**
 * Six pods of a random topology on a real sandbox, and two hosts outside of it, on which random policies are tried, and steps that change
 * them: what the oracle predicts against what packets do, after each step. The two share the reading of objects and nothing else.
 */
import fc from 'fast-check';
import pLimit, { type LimitFunction } from 'p-limit';
import { systemClock } from '../../src/clock.ts';
import { objectKey } from '../../src/keys.ts';
import type { Kube } from '../../src/kube/kube.ts';
import { isHost } from '../../src/model/endpoint.ts';
import { FAMILIES, type Family, familyOf } from '../../src/model/family.ts';
import { type PlannedService, serviceKey } from '../../src/model/service.ts';
import { canonicalCidr, parseCidr } from '../../src/policy/addresses.ts';
import type { PolicyVerdict } from '../../src/policy/match.ts';
import { type Flow, flowBetween, type PolicyHost, type World } from '../../src/policy/model.ts';
import { compile, type Oracle } from '../../src/policy/oracle.ts';
import type { Assumptions } from '../../src/policy/peers.ts';
import { attemptsIn, batchDeadlineMs, PLAIN_BATCH } from '../../src/probe/batch.ts';
import type { AttemptLine, Batch, DialRequest } from '../../src/probe/protocol.ts';
import { DEFAULT_PROBE_SETTINGS } from '../../src/probe/settings.ts';
import { applyPolicies } from '../../src/run/apply.ts';
import { askAgent } from '../../src/run/ask-agent.ts';
import type { Trying } from '../../src/run/context.ts';
import { addressOfPod } from '../../src/run/families.ts';
import { agentsFor } from '../../src/run/hosts.ts';
import { PodPlacement } from '../../src/run/placement.ts';
import { provision, type RunningPods } from '../../src/run/provision.ts';
import { createServices, waitForEndpoints } from '../../src/run/services.ts';
import { Sessions } from '../../src/run/sessions.ts';
import { type Acting, act as perform } from '../../src/run/steps/act.ts';
import { OUTSIDE, OUTSIDE_NAME } from '../../src/sandbox/annotations.ts';
import { asAction } from '../../src/scenario/plan.ts';
import type { PlannedHost, PlannedPolicy, PlannedStep } from '../../src/scenario/scenario.ts';
import { act, type ClusterState, type Declared } from '../../src/scenario/state.ts';
import { type Alphabet, DEFAULT_ALPHABET, worlds } from '../policy/arbitraries.ts';
import { blocksAround, HOST_PORTS, hostsFor } from './hosts.ts';
import { policySets, relabel, type Sequence, type Stage, sequences, unfold } from './sequences.ts';
import { aimsFrom, type ServiceAim, servicesBefore } from './services.ts';

/** A denied flow costs this much. One that is slow for another reason is tried again. */
const TIMEOUT_MS = 300;
const ANSWERS_WITHIN_MS = 10_000;
const PATIENT_TIMEOUT_MS = 2_000;
const PARALLEL_EXECS = 8;
const FENCE_PORTS = [80, 81] as const;
const HOST = 'host';
const FIRST_HOST_PORT = 15_000;
const FIRST_VISIT_PORT = 25_000;

/** A flow on which the two differ. */
export interface Disagreement {
  readonly flow: Flow;
  /** Of the addresses of the flow. */
  readonly family: Family;
  readonly predicted: 'allowed' | 'denied';
  /** What the probe saw: `connected`, `timeout`, `refused` or `error`. */
  readonly observed: string;
}

/** What came of a sequence, up to the first step with a disagreement. */
export interface Trial {
  /** How many states of the cluster were tried. */
  readonly states: number;
  readonly flows: number;
  readonly undefined: number;
  readonly disagreements: readonly Disagreement[];
}

/** What is thought of a cluster. */
export interface Opinion {
  /** What policies mean for the pods and namespaces of a moment. */
  readonly predict: (world: World) => Pick<Oracle, 'evaluate'>;
  /** What becomes of a state by an action. */
  readonly act: typeof act;
}

/** The ways of the sandbox where the specification leaves it open. */
export const SANDBOX: Assumptions = {
  ipBlocksMatchPods: true,
  hostNetworkPodsAreNodes: true,
  ipBlocksMatchHostNetwork: true,
  servicesAreTranslatedFirst: true,
  nodePortsHideSourceElsewhere: true,
};

/** Of an arena and its policies. */
export interface Beliefs {
  readonly opinion?: Opinion | undefined;
  /**
   * What address blocks in policies are drawn around. Pods have other addresses on each sandbox: a failure with blocks around them may
   * need these addresses to come again, one with blocks around hosts comes again anywhere.
   */
  readonly blocks?: 'pods and hosts' | 'hosts' | undefined;
}

/** That of podreach. Tests put others in its place. */
export const OPINION: Opinion = {
  predict: (world) => compile(world, SANDBOX),
  act,
};

export interface Arena {
  /** Hosts, pods with their first addresses of each family, and no policies. */
  readonly worlds: Worlds;
  /** What there is before the first step, but for policies. */
  readonly declared: Declared;
  /** Sets of policies to which nothing is done. */
  readonly sets: fc.Arbitrary<Sequence>;
  readonly sequences: fc.Arbitrary<Sequence>;
  /**
   * Begins anew with the policies of a sequence, and goes through its steps. After each it tries every declared port of every pod and
   * host from every pod, and those of pods from every host.
   */
  try(sequence: Sequence): Promise<Trial>;
}

/** What there is, as it is seen in each family: pods have an address of both. */
export type Worlds = Readonly<Record<Family, World>>;

/** What pods are created with, and tried. */
type Context = Trying & Acting;

/** What arenas of one sandbox share. */
export interface Ground {
  readonly kube: Kube;
  readonly signal: AbortSignal;
  readonly limit: LimitFunction;
}

export function openGround(kube: Kube, signal: AbortSignal): Ground {
  return { kube, signal, limit: pLimit(PARALLEL_EXECS) };
}

/**
 * Starts the pods of a random topology, in namespaces of its own.
 * @param seed the same seed makes the same topology
 */
export async function openArena(
  name: string,
  seed: number,
  ground: Ground,
  { opinion = OPINION, blocks: around = 'pods and hosts' }: Beliefs = {},
): Promise<Arena> {
  const [drawn] = fc.sample(worlds({ addresses: [], blocks: DEFAULT_ALPHABET.blocks }), { seed, numRuns: 1 });
  if (drawn === undefined) throw new Error('nothing was drawn');
  const declared = withHostNetwork(declaredBy(renamed(drawn, name)));
  const hosts = hostsFor(arenas);
  const context = contextOf(name, ground);
  const fence = `fence-${name}`;
  const placement = placementFor(name, declared);
  const agents = agentsFor({ hosts: hosts.map(asPlannedHost) }, arenas, OUTSIDE_ANNOTATIONS, context);
  let running = await provision(
    placement.wanted({
      namespaces: [...declared.namespaces.values(), ...agents.namespaces, { name: fence, labels: {} }],
      pods: [
        ...declared.pods.values(),
        ...agents.pods,
        { namespace: fence, name: 'from', labels: {}, ports: [] },
        {
          namespace: fence,
          name: 'to',
          labels: {},
          ports: FENCE_PORTS.map((port) => ({ port, protocol: 'TCP' as const })),
        },
      ],
    }),
    context,
  );
  const services = servicesBefore(declared);
  const dialled = services.flatMap((service) =>
    FAMILIES.map((family) => ({ to: serviceKey(service), family })),
  );
  const serviceAddresses = new Map<string, readonly string[]>();
  const places = { services: serviceAddresses, nodePorts: new Map<string, number>() };
  await createServices(services.map(asDraft), places, [], context);
  let state: ClusterState = { ...declared, policies: new Map() };
  const placed = worldsOf(state, hosts, running);
  const [some, others] = FAMILIES.map((family) => placed[family].pods.map(({ address = '' }) => address));
  // One topology has more blocks of the one family, the next of the other.
  const blocks = seed % 2 === 0 ? blocksFor(some, others) : blocksFor(others, some);
  const alphabet = {
    addresses: some ?? [],
    blocks: [...(around === 'hosts' ? [] : blocks), ...blocksAround(hosts)],
  };
  let generation = 0;
  await untilProbesAnswer(running.keys(), running, context);
  await putUpFence(fence, running, context);

  const reach = async (stage: Stage): Promise<void> => {
    running = await perform(stepOf(stage), running, placement, context);
    ({ state } = stage);
    const replaced = stage.actions.flatMap((action) => (action.kind === 'replace' ? [action.object] : []));
    await untilProbesAnswer(replaced, running, context);
  };
  return {
    worlds: placed,
    declared,
    sets: policySets(alphabet).map((set) => renamed(set, name)),
    sequences: sequences(alphabet, placed.IPv4).map((sequence) => renamed(sequence, name)),
    async try(sequence) {
      const [first, ...later] = unfold(sequence, declared);
      const { policies } = state;
      await reach({ actions: relabel(state, declared), state: { ...declared, policies } });
      await replacePolicies(policies.values(), first.state.policies.values(), context);
      ({ state } = first);
      let believed = state;
      let sum: Trial = { states: 0, flows: 0, undefined: 0, disagreements: [] };
      for (const stage of [first, ...later]) {
        if (stage !== first) await reach(stage);
        for (const action of stage.actions) believed = opinion.act(action, believed, declared);
        // A node may have its rules a moment before another. Once a second change is in force anywhere, the first one is everywhere.
        for (const _ of FENCE_PORTS) {
          generation += 1;
          await passFence(fence, generation, running, context);
        }
        await waitForEndpoints(services, [...state.pods.values()], dialled, context);
        const believedWorlds = worldsOf(believed, hosts, running);
        const trial = addUp([
          await compare(believedWorlds, running, opinion, context),
          await compareServices(
            { believed: believedWorlds, real: worldsOf(state, hosts, running) },
            services,
            serviceAddresses,
            running,
            opinion,
            context,
          ),
        ]);
        sum = {
          states: sum.states + 1,
          flows: sum.flows + trial.flows,
          undefined: sum.undefined + trial.undefined,
          disagreements: trial.disagreements,
        };
        if (trial.disagreements.length > 0) break;
      }
      return sum;
    },
  };
}

function declaredBy({ namespaces = [], pods }: World): Declared {
  return {
    existingNamespaces: new Set(),
    hosts: new Map(),
    namespaces: new Map(namespaces.map((one) => [one.name, one])),
    pods: new Map(
      pods.map(({ namespace, name, labels, ports }) => [
        `${namespace}/${name}`,
        {
          namespace,
          name,
          labels,
          ports: ports.flatMap(({ protocol, ...port }) =>
            protocol === 'SCTP' ? [] : [{ ...port, protocol }],
          ),
        },
      ]),
    ),
  };
}

/** All arenas have the nodes in common, and so the ports of these; and what is outside. */
let arenas = 0;

/** And one on the network of its node, which no selector is to match: it looks like the first of the others. */
function withHostNetwork({ pods, ...declared }: Declared): Declared {
  const [first] = pods.values();
  if (first === undefined) throw new Error('there is no pod');
  arenas += 1;
  const { namespace, labels } = first;
  const port = { port: FIRST_HOST_PORT + arenas, protocol: 'TCP' as const };
  const host = { namespace, name: HOST, labels, ports: [port], hostNetwork: true as const };
  return { ...declared, pods: new Map(pods).set(objectKey(host), host) };
}

function placementFor(name: string, { pods }: Declared): PodPlacement {
  const planned = { pods: [...pods.values()] };
  const visited = planned.pods.filter(({ hostNetwork }) => hostNetwork === true);
  const ports = new Map(visited.map((pod) => [objectKey(pod), FIRST_VISIT_PORT + arenas]));
  return new PodPlacement(name, planned, () => [], ports);
}

function asDraft({ selector, ports, ipFamilies: _, ...service }: PlannedService) {
  return {
    ...service,
    selector: { ...selector },
    ports: ports.map((port) => ({ ...port })),
    ipFamilyPolicy: 'RequireDualStack',
  };
}

function worldsOf(state: ClusterState, hosts: readonly Required<PolicyHost>[], running: RunningPods): Worlds {
  return { IPv4: worldOf(state, hosts, running, 'IPv4'), IPv6: worldOf(state, hosts, running, 'IPv6') };
}

const OUTSIDE_ANNOTATIONS = { outside: { kind: 'pods' as const, address: OUTSIDE, name: OUTSIDE_NAME } };

function asPlannedHost({ key, address }: Required<PolicyHost>): PlannedHost {
  return {
    name: key.replace('host/', ''),
    place: { kind: 'address', addresses: [address] },
    ports: HOST_PORTS,
    location: { file: '', line: 1, column: 1 },
  };
}

/** What policies see of a state. */
function worldOf(
  { namespaces, pods, policies }: ClusterState,
  hosts: readonly Required<PolicyHost>[],
  running: RunningPods,
  family: Family,
): World {
  return {
    hosts: hosts.filter(({ address }) => familyOf(address) === family),
    namespaces: [...namespaces.values()],
    pods: [...pods].map(([key, pod]) => {
      const found = running.get(key);
      const address = found && addressOfPod(family, found);
      return found === undefined || address === undefined ? pod : { ...pod, address, node: found.node };
    }),
    policies: [...policies.values()],
  };
}

/** A stage as a run would perform it. */
function stepOf({ actions, state: { namespaces, pods, policies } }: Stage): PlannedStep {
  const world = {
    namespaces: [...namespaces.values()],
    pods: [...pods.values()],
    policies: [...policies.values()],
  };
  return {
    ...world,
    location: { file: '', line: 1, column: 1 },
    actions: actions.map(asAction),
    applied: actions.flatMap((action) => (action.kind === 'apply' ? [action.policy] : [])),
    oracle: () => compile(world),
    checks: [],
  };
}

/** Namespaces are told apart by the arena's name, wherever they are named. */
function renamed<Value>(value: Value, name: string): Value {
  // Names of namespaces are the only strings of this form.
  return JSON.parse(JSON.stringify(value).replaceAll(/"(red|blue)"/g, `"$1-${name}"`)) as Value;
}

/** Blocks that hold all, some, one or none of the pods, of the addresses of either family. */
function blocksFor(some: readonly string[] = [], others: readonly string[] = []): Alphabet['blocks'] {
  const [one, other] = [sizesOf(some), sizesOf(others)];
  return [
    { cidr: one.every },
    { cidr: one.every, except: [one.all] },
    { cidr: other.all, except: [other.rangeOf(0)] },
    { cidr: one.all, except: [one.podOf(1), one.podOf(2)] },
    { cidr: other.rangeOf(1) },
    { cidr: one.rangeOf(0), except: [one.podOf(0)] },
    { cidr: other.podOf(2) },
    { cidr: other.every, except: [other.podOf(1)] },
    { cidr: other.every },
  ];
}

function noAddress(): never {
  throw new Error('a pod has no address');
}

/** Blocks of all sizes: of every address, of all pods, of the pods of one node, and of one pod. */
function sizesOf(addresses: readonly string[]) {
  const isIpv6 = addresses[0]?.includes(':') === true;
  const [all, node, pod] = isIpv6 ? [48, 64, 128] : [16, 24, 32];
  const blockOf = (place: number, bits: number): string =>
    canonicalCidr(parseCidr(`${addresses[place]}/${bits}`) ?? noAddress());
  return {
    every: isIpv6 ? '::/0' : '0.0.0.0/0',
    all: blockOf(0, all),
    rangeOf: (place: number) => blockOf(place, node),
    podOf: (place: number) => blockOf(place, pod),
  };
}

function contextOf(name: string, { kube, signal, limit }: Ground): Context {
  return {
    runId: name,
    kube,
    clock: systemClock,
    random: Math.random,
    timing: {
      timeoutMs: TIMEOUT_MS,
      denialMs: TIMEOUT_MS,
      readyWithinMs: 60_000,
      execGraceMs: 60_000,
      confirm: 1,
    },
    probe: DEFAULT_PROBE_SETTINGS,
    sessions: new Sessions(kube, systemClock, signal),
    execLimit: limit,
    waitLimit: limit,
    signal,
    progress: () => undefined,
  };
}

/** Deletes and creates: nothing of what was in force is to be left. */
async function replacePolicies(
  before: Iterable<PlannedPolicy>,
  after: Iterable<PlannedPolicy>,
  context: Context,
): Promise<void> {
  await Promise.all(
    [...before].map(({ namespace, name }) =>
      context.kube.delete({ resource: 'networkpolicies', namespace, name }),
    ),
  );
  await applyPolicies([...after], context);
}

/**
 * Waits until all that was changed so far is in force: the sandbox puts changes in force in their order, and this one, which can
 * be seen, is the last. Two ports take turns, so that the one that opens was shut before.
 */
async function passFence(
  namespace: string,
  generation: number,
  running: RunningPods,
  context: Context,
): Promise<void> {
  const port = FENCE_PORTS[generation % 2] ?? 80;
  await openFence(namespace, port, context);
  await untilFence(namespace, port, 'connected', running, context);
}

/** The first port that is opened must have been shut before. */
async function putUpFence(namespace: string, running: RunningPods, context: Context): Promise<void> {
  const [open, shut] = FENCE_PORTS;
  await openFence(namespace, open, context);
  await untilFence(namespace, shut, 'timeout', running, context);
}

/** A container runs before it has put the probe in its place. */
async function untilProbesAnswer(
  pods: Iterable<string>,
  running: RunningPods,
  context: Context,
): Promise<void> {
  const deadline = context.clock.now() + ANSWERS_WITHIN_MS;
  const untilAnswer = async (pod: string): Promise<void> => {
    for (;;) {
      try {
        await attempt(pod, [], TIMEOUT_MS, running, context);
        return;
      } catch (thrown) {
        if (context.clock.now() > deadline) throw thrown;
      }
      await context.clock.sleep(100);
    }
  };
  await Promise.all([...pods].map(untilAnswer));
}

async function openFence(namespace: string, port: number, context: Context): Promise<void> {
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'fence', namespace },
    spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports: [{ port }] }] },
  };
  await context.kube.apply(
    { resource: 'networkpolicies', namespace, name: 'fence' },
    JSON.stringify(policy),
    context,
  );
}

async function untilFence(
  namespace: string,
  port: number,
  wanted: string,
  running: RunningPods,
  context: Context,
): Promise<void> {
  const aims = FAMILIES.map((family): Aim => ({ to: `${namespace}/to`, port, protocol: 'TCP', family }));
  for (let tries = 1; tries <= 20; tries += 1) {
    const outcomes = await attempt(`${namespace}/from`, aims, TIMEOUT_MS, running, context);
    if (outcomes.every((outcome) => outcome === wanted)) return;
  }
  throw new Error(`the policies of ${namespace} did not come into force`);
}

type Aim = Pick<DialRequest, 'port' | 'protocol'> & { readonly to: string; readonly family: Family };

/** What became of each attempt from a pod, in the order of the aims. @throws Error where the probe did not answer */
async function attempt(
  from: string,
  aims: readonly Aim[],
  timeoutMs: number,
  running: RunningPods,
  context: Context,
): Promise<string[]> {
  const targets = aims.map(({ to, port, protocol, family }, id) => ({
    id,
    host: addressOfPod(family, running.get(to) ?? { ip: '' }) ?? '',
    port,
    protocol,
    pod: to,
  }));
  const lines = await askFor(from, targets, timeoutMs, running, context);
  return targets.map(({ id }) => lines.get(id)?.outcome ?? 'error');
}

/** The lines of a pod's attempts, by their ids. @throws Error where the probe did not answer */
async function askFor(
  from: string,
  targets: Batch['targets'],
  timeoutMs: number,
  running: RunningPods,
  context: Context,
): Promise<ReadonlyMap<number, AttemptLine>> {
  const pod = running.get(from);
  if (pod === undefined) throw new Error(`${from} does not run`);
  const attempts = targets.reduce((sum, target) => sum + attemptsIn(target), 0);
  const { answer } = await context.execLimit(() =>
    askAgent(
      pod,
      {
        ...PLAIN_BATCH,
        runId: context.runId,
        timeoutMs,
        deadlineMs: batchDeadlineMs(attempts, timeoutMs),
        targets,
        listeners: [],
      },
      context,
    ),
  );
  if (answer.kind === 'broken') throw new Error(`the probe in ${from} did not answer: ${answer.reason}`);
  return new Map(answer.attempts.map((line) => [line.id, line]));
}

async function compare(
  worlds: Worlds,
  running: RunningPods,
  { predict }: Opinion,
  context: Context,
): Promise<Omit<Trial, 'states'>> {
  const oracles = { IPv4: predict(worlds.IPv4), IPv6: predict(worlds.IPv6) };
  const { pods, hosts = [] } = worlds.IPv4;
  const ends = [
    ...pods.map((pod) => ({ key: objectKey(pod), ports: pod.ports, families: FAMILIES })),
    ...hosts.map(({ key }) => ({ key, ports: HOST_PORTS, families: ['IPv4'] as const })),
  ];
  const all = ends.flatMap(({ key, ports, families }): Aim[] =>
    ports.flatMap(({ port, protocol }) =>
      protocol === 'SCTP' ? [] : families.map((family) => ({ to: key, port, protocol, family })),
    ),
  );
  const trials = await Promise.all(
    ends.map(async ({ key: from, families }): Promise<Omit<Trial, 'states'>> => {
      // Policies have no say between hosts.
      const aims = all.filter(
        ({ to, family }) => (!isHost(from) || !isHost(to)) && families.some((own) => own === family),
      );
      const predictions = aims
        .map((aim) => ({ aim, flow: flowBetween({ from, ...aim }) }))
        .map(({ aim, flow }) => ({
          aim,
          flow,
          family: aim.family,
          predicted: oracles[aim.family].evaluate(flow).verdict,
        }));
      const outcomes = await attempt(from, aims, TIMEOUT_MS, running, context);
      const compared = predictions.map((one, index) => ({ ...one, observed: outcomes[index] ?? '' }));
      // What did not come through may have been late, on a busy machine. What did come through has no such excuse.
      const silent = compared.filter((one) => isDisagreement(one) && one.observed !== 'connected');
      const again = await attemptAll(from, silent, running, context);
      const settled = compared.map((one) => ({
        ...one,
        observed: again[silent.indexOf(one)] ?? one.observed,
      }));
      return {
        flows: aims.length,
        undefined: predictions.filter(({ predicted }) => predicted === 'undefined').length,
        disagreements: settled.filter(isDisagreement),
      };
    }),
  );
  return addUp(trials);
}

function addUp(trials: readonly Omit<Trial, 'states'>[]): Omit<Trial, 'states'> {
  return {
    flows: trials.reduce((sum, { flows }) => sum + flows, 0),
    undefined: trials.reduce((sum, one) => sum + one.undefined, 0),
    disagreements: trials.flatMap(({ disagreements }) => disagreements),
  };
}

/** The same through Services: which of the pods behind each answer. */
async function compareServices(
  { believed, real }: { readonly believed: Worlds; readonly real: Worlds },
  services: readonly PlannedService[],
  addresses: ReadonlyMap<string, readonly string[]>,
  running: RunningPods,
  { predict }: Opinion,
  context: Context,
): Promise<Omit<Trial, 'states'>> {
  const oracles = { IPv4: predict(believed.IPv4), IPv6: predict(believed.IPv6) };
  const trials = await Promise.all(
    real.IPv4.pods.map(async ({ namespace, name }): Promise<Omit<Trial, 'states'>> => {
      const from = `${namespace}/${name}`;
      // Who stands behind a Service is no opinion about policies.
      const aims = aimsFrom(from, services, addresses, real.IPv4, oracles);
      const compared = await seeAll(from, aims, TIMEOUT_MS, running, context);
      // What was changed last, a node may translate a moment later.
      const doubtful = aims.filter((_, index) => compared[index]?.some(isDisagreement));
      const again = await seeAll(from, doubtful, PATIENT_TIMEOUT_MS, running, context);
      const settled = compared.flatMap((own, index) => again[doubtful.indexOf(aims[index] ?? NO_AIM)] ?? own);
      return {
        flows: settled.length,
        undefined: settled.filter(({ predicted }) => predicted === 'undefined').length,
        disagreements: settled.filter(isDisagreement),
      };
    }),
  );
  return addUp(trials);
}

const NO_AIM: ServiceAim = {
  family: 'IPv4',
  request: { host: '', port: 0, protocol: 'TCP', pods: [], connections: 0 },
  flows: [],
};

/** Of each aim, whether each pod behind it answered. */
async function seeAll(
  from: string,
  aims: readonly ServiceAim[],
  timeoutMs: number,
  running: RunningPods,
  context: Context,
): Promise<readonly (readonly Compared[])[]> {
  if (aims.length === 0) return [];
  const lines = await askFor(
    from,
    aims.map(({ request }, id) => ({ ...request, id })),
    timeoutMs,
    running,
    context,
  );
  return aims.map(({ family, flows }, id) => {
    const { outcome = 'error', answered = [] } = lines.get(id) ?? {};
    const heard = new Set(answered.map(({ pod }) => pod));
    const isSound = outcome !== 'wrong-peer' && outcome !== 'error';
    return flows.map(({ flow, pod, predicted }) => ({
      flow,
      family,
      predicted,
      observed: isSound ? (heard.has(pod) ? 'connected' : 'timeout') : outcome,
    }));
  });
}

async function attemptAll(
  from: string,
  doubtful: readonly { readonly aim: Aim }[],
  running: RunningPods,
  context: Context,
): Promise<string[]> {
  if (doubtful.length === 0) return [];
  return attempt(
    from,
    doubtful.map(({ aim }) => aim),
    PATIENT_TIMEOUT_MS,
    running,
    context,
  );
}

type Compared = Omit<Disagreement, 'predicted'> & { readonly predicted: PolicyVerdict };

/** A broken attempt agrees with nothing; what the rules leave open agrees with everything. */
function isDisagreement<One extends Compared>(one: One): one is One & Disagreement {
  if (one.predicted === 'undefined') return false;
  return one.observed !== (one.predicted === 'allowed' ? 'connected' : 'timeout');
}
