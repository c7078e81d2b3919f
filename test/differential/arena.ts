/**
 * Six pods of a random topology on a real sandbox, and two hosts outside of it, on which random policies are tried, and steps that change
 * them: what the oracle predicts against what packets do, after each step. The two share the reading of objects and nothing else.
 */
import fc from 'fast-check';
import pLimit, { type LimitFunction } from 'p-limit';
import { systemClock } from '../../src/clock.ts';
import { objectKey } from '../../src/keys.ts';
import { fieldOf } from '../../src/kube/answers.ts';
import type { Kube, KubeObject } from '../../src/kube/kube.ts';
import { FAMILIES, type Family } from '../../src/model/family.ts';
import type { PlannedService } from '../../src/model/service.ts';
import type { Flow, World } from '../../src/policy/model.ts';
import { compile } from '../../src/policy/oracle.ts';
import { DEFAULT_PROBE_SETTINGS } from '../../src/probe/settings.ts';
import { applyPolicies } from '../../src/run/apply.ts';
import type { Trying } from '../../src/run/context.ts';
import { addressOfPod } from '../../src/run/families.ts';
import { agentsFor } from '../../src/run/hosts.ts';
import { PodPlacement } from '../../src/run/placement.ts';
import { provision, type RunningPods } from '../../src/run/provision.ts';
import { nodeAddresses } from '../../src/run/schedulable.ts';
import { createServices, listOf, type ServiceDraft, waitForEndpoints } from '../../src/run/services.ts';
import { Sessions } from '../../src/run/sessions.ts';
import { type Acting, act as perform } from '../../src/run/steps/act.ts';
import { OUTSIDE, OUTSIDE_NAME } from '../../src/sandbox/annotations.ts';
import { asAction } from '../../src/scenario/plan.ts';
import type { PlannedHost, PlannedPolicy, PlannedStep } from '../../src/scenario/scenario.ts';
import type { ClusterState, Declared } from '../../src/scenario/state.ts';
import { DEFAULT_ALPHABET, worlds } from '../policy/arbitraries.ts';
import { type Aim, aimAt, aimsAtEnds, type Look, see } from './aims.ts';
import { blocksAroundHosts, blocksInside } from './blocks.ts';
import { type ArenaHost, HOST_PORTS, hostsFor } from './hosts.ts';
import {
  type Compared,
  type Disagreement,
  Follower,
  isDisagreement,
  OPINION,
  type Opinion,
  type Worlds,
} from './opinions.ts';
import { policySets, relabel, type Sequence, type Stage, sequences, unfold } from './sequences.ts';
import { aimsAtServices, dialledFamilies, type ServiceGround, servicesBefore } from './services.ts';

/** A denied flow costs this much. One that is slow for another reason is tried again, as a pod behind a Service that was not met. */
const TIMEOUT_MS = 300;
const QUICK: Look = { timeoutMs: TIMEOUT_MS, part: 1 / 2 };
const PATIENT: Look = { timeoutMs: 2_000, part: 1 };
const ANSWERS_WITHIN_MS = 30_000;
const TRANSLATED_WITHIN_MS = 60_000;
const PARALLEL_EXECS = 8;
const FENCE_PORTS = [80, 81] as const;
const HOST = 'host';
const FIRST_HOST_PORT = 15_000;
const FIRST_VISIT_PORT = 25_000;

/** What came of a sequence, up to the first step with a disagreement. */
export interface Trial {
  /** How many states of the cluster were tried. */
  readonly states: number;
  readonly flows: number;
  readonly undefined: number;
  readonly disagreements: readonly Disagreement[];
  /** By the names of suspects, a flow of which packets and the opinion say the same, and the suspect something else. */
  readonly contradictions: ReadonlyMap<string, Disagreement>;
}

/** Of an arena and its policies. */
export interface Beliefs {
  readonly opinion?: Opinion | undefined;
  /** Other opinions, by their names, that the same packets judge. */
  readonly suspects?: ReadonlyMap<string, Opinion> | undefined;
  /**
   * What address blocks in policies are drawn around. Pods have other addresses on each sandbox: a failure with blocks around them may
   * need these addresses to come again, one with blocks around hosts comes again anywhere.
   */
  readonly blocks?: 'pods and hosts' | 'hosts' | undefined;
}

export interface Arena {
  /** Hosts, pods with their first addresses of each family, and no policies. */
  readonly worlds: Worlds;
  /** What there is before the first step, but for policies. */
  readonly declared: Declared;
  readonly services: readonly PlannedService[];
  /** Sets of policies to which nothing is done. */
  readonly sets: fc.Arbitrary<Sequence>;
  readonly sequences: fc.Arbitrary<Sequence>;
  /**
   * Begins anew with the policies of a sequence, and goes through its steps. After each it tries every declared port of every pod and
   * host from every pod, and those of pods from every host.
   */
  try(sequence: Sequence): Promise<Trial>;
}

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
  { opinion = OPINION, suspects = new Map(), blocks: around = 'pods and hosts' }: Beliefs = {},
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
  const services = servicesBefore(declared, seed);
  const places = { services: new Map<string, readonly string[]>(), nodePorts: new Map<string, number>() };
  await createServices(services.map(asDraft), places, [], context);
  const nodes = nodeAddresses(await ground.kube.list({ resource: 'nodes' }, context), DEFAULT_PROBE_SETTINGS);
  const doors = { services, addresses: places.services, nodePorts: places.nodePorts, nodes };
  let state: ClusterState = { ...declared, policies: new Map() };
  const placed = worldsOf(state, hosts, running);
  const addressesIn = (family: Family) => placed[family].pods.map(({ address = '' }) => address);
  const pods = { IPv4: addressesIn('IPv4'), IPv6: addressesIn('IPv6') };
  const surrounded = { pods, hosts, nodes, services: places.services };
  const alphabet = {
    addresses: pods.IPv4,
    blocks: [
      ...(around === 'hosts' ? [] : blocksInside(surrounded, seed)),
      ...blocksAroundHosts(surrounded, seed),
    ],
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
    services,
    sets: policySets(alphabet).map((set) => renamed(set, name)),
    sequences: sequences(alphabet, placed.IPv4).map((sequence) => renamed(sequence, name)),
    async try(sequence) {
      const [first, ...later] = unfold(sequence, declared);
      const { policies } = state;
      await reach({ actions: relabel(state, declared), state: { ...declared, policies } });
      await replacePolicies(policies.values(), first.state.policies.values(), context);
      ({ state } = first);
      const follow = (one: Opinion) => new Follower(one, declared, first.state);
      const followers = {
        opinion: follow(opinion),
        suspects: new Map([...suspects].map(([suspect, own]) => [suspect, follow(own)])),
      };
      let sum: Trial = NOTHING_TRIED;
      for (const stage of [first, ...later]) {
        if (stage !== first) await reach(stage);
        await waitForEndpoints(services, [...state.pods.values()], dialledFamilies(services), context);
        await untilTranslated(context);
        // A node may have its rules a moment before another. Once a second change is in force anywhere, the first one is everywhere.
        for (const _ of FENCE_PORTS) {
          generation += 1;
          await passFence(fence, generation, running, context);
        }
        for (const follower of [followers.opinion, ...followers.suspects.values()]) {
          for (const action of stage.actions) follower.act(action);
          follower.look(worldsOf(follower.state, hosts, running));
        }
        const { IPv4: world } = worldsOf(state, hosts, running);
        const trial = await compare(world, doors, running, followers, context);
        sum = {
          states: sum.states + 1,
          flows: sum.flows + trial.flows,
          undefined: sum.undefined + trial.undefined,
          disagreements: trial.disagreements,
          contradictions: new Map([...trial.contradictions, ...sum.contradictions]),
        };
        if (trial.disagreements.length > 0) break;
      }
      return sum;
    },
  };
}

const NOTHING_TRIED: Trial = {
  states: 0,
  flows: 0,
  undefined: 0,
  disagreements: [],
  contradictions: new Map(),
};

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

function asDraft({ selector, ports, ipFamilies, ...service }: PlannedService): ServiceDraft {
  return {
    ...service,
    selector: { ...selector },
    ports: ports.map((port) => ({ ...port })),
    ...(ipFamilies === undefined ? {} : { ipFamilies: [...ipFamilies] }),
  };
}

function worldsOf(state: ClusterState, hosts: readonly ArenaHost[], running: RunningPods): Worlds {
  return { IPv4: worldOf(state, hosts, running, 'IPv4'), IPv6: worldOf(state, hosts, running, 'IPv6') };
}

const OUTSIDE_ANNOTATIONS = { outside: { kind: 'pods' as const, address: OUTSIDE, name: OUTSIDE_NAME } };

function asPlannedHost({ key, addresses }: ArenaHost): PlannedHost {
  return {
    name: key.replace('host/', ''),
    place: { kind: 'address', addresses: [addresses.IPv4, addresses.IPv6] },
    ports: HOST_PORTS,
    location: { file: '', line: 1, column: 1 },
  };
}

/** What policies see of a state. */
function worldOf(
  { namespaces, pods, policies }: ClusterState,
  hosts: readonly ArenaHost[],
  running: RunningPods,
  family: Family,
): World {
  return {
    hosts: hosts.map(({ key, addresses }) => ({ key, address: addresses[family] })),
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

function contextOf(name: string, { kube, signal, limit }: Ground): Context {
  return {
    runId: name,
    kube,
    clock: systemClock,
    random: Math.random,
    timing: {
      timeoutMs: TIMEOUT_MS,
      denialMs: TIMEOUT_MS,
      readyWithinMs: 180_000,
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

/** Waits until all nodes translate the Services as they are: that is no matter of policies, and no fence tells of it. */
async function untilTranslated({ kube, clock }: Context): Promise<void> {
  const [services, slices] = await Promise.all([
    kube.list({ resource: 'services' }),
    kube.list({ resource: 'endpointslices' }),
  ]);
  const newest = Math.max(
    ...[...services, ...slices].map(({ metadata }) => Number(fieldOf(metadata, 'resourceVersion'))),
  );
  const deadline = clock.now() + TRANSLATED_WITHIN_MS;
  for (;;) {
    const nodes = await kube.list({ resource: 'nodes' });
    if (nodes.every((node) => translatedRevision(node) >= newest)) return;
    if (clock.now() > deadline) throw new Error('the nodes did not come to translate the Services');
    await clock.sleep(20);
  }
}

/** The revision up to which a node of the sandbox says that it translates Services; -1 where it says nothing. */
function translatedRevision({ status }: KubeObject): number {
  const condition = listOf(fieldOf(status, 'conditions')).find(
    (one) => fieldOf(one, 'type') === 'ServicesInForce',
  );
  return Number(/\d+$/.exec(String(fieldOf(condition, 'message')))?.[0] ?? -1);
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
        await see(pod, [], QUICK, running, context);
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
  const pair = { from: `${namespace}/from`, to: `${namespace}/to`, port, protocol: 'TCP' as const };
  const aims = FAMILIES.map((family) => aimAt(pair, family, running));
  for (let tries = 1; tries <= 20; tries += 1) {
    const seen = await see(pair.from, aims, QUICK, running, context);
    if (seen.flat().every((outcome) => outcome === wanted)) return;
  }
  throw new Error(`the policies of ${namespace} did not come into force`);
}

interface Followers {
  readonly opinion: Follower;
  readonly suspects: ReadonlyMap<string, Follower>;
}

/**
 * Tries every declared port of every pod and host from all others, and every port of every Service.
 * @param world what there is. Who stands behind a Service, and where, is no opinion about policies
 */
async function compare(
  world: World,
  doors: ServiceGround,
  running: RunningPods,
  { opinion, suspects }: Followers,
  context: Context,
): Promise<Omit<Trial, 'states'>> {
  const { pods, hosts = [] } = world;
  const ends = [
    ...pods.map((pod) => ({ key: objectKey(pod), ports: pod.ports })),
    ...hosts.map(({ key }) => ({ key, ports: HOST_PORTS })),
  ];
  const trials = await Promise.all(
    ends.map(async ({ key: from }): Promise<Omit<Trial, 'states'>> => {
      const aims = [...aimsAtEnds(from, ends, running), ...aimsAtServices(from, doors, world)];
      const seen = await see(from, aims, QUICK, running, context);
      const doubtful = aims.filter((aim, index) => isDoubtful(aim, opinion.compare(aim, seen[index] ?? [])));
      const again = doubtful.length === 0 ? [] : await see(from, doubtful, PATIENT, running, context);
      const settled = aims.map((aim, index) => again[doubtful.indexOf(aim)] ?? seen[index] ?? []);
      const compared = aims.flatMap((aim, index) => opinion.compare(aim, settled[index] ?? []));
      return {
        flows: compared.length,
        undefined: compared.filter(({ predicted }) => predicted === 'undefined').length,
        disagreements: compared.filter(isDisagreement),
        contradictions: new Map(
          [...suspects].flatMap(([name, suspect]) => {
            const own = aims.flatMap((aim, index) => suspect.compare(aim, settled[index] ?? []));
            const found = own.filter(isDisagreement).find((one) => isSettled(one.flow, compared));
            return found === undefined ? [] : [[name, found] as const];
          }),
        ),
      };
    }),
  );
  return {
    flows: trials.reduce((sum, { flows }) => sum + flows, 0),
    undefined: trials.reduce((sum, one) => sum + one.undefined, 0),
    disagreements: trials.flatMap(({ disagreements }) => disagreements),
    contradictions: new Map(trials.flatMap(({ contradictions }) => [...contradictions])),
  };
}

/**
 * What did not come through may have been late, on a busy machine. What did come through has no such excuse; but who stands behind a Service, a
 * node may translate a moment later.
 */
function isDoubtful({ way }: Aim, compared: readonly Compared[]): boolean {
  return compared.some((one) => isDisagreement(one) && (way !== undefined || one.observed !== 'connected'));
}

/** Whether opinion and packets say the same of a flow: then these are not only late. */
function isSettled(flow: Flow, compared: readonly Compared[]): boolean {
  return compared.some((one) => one.flow === flow && one.predicted !== 'undefined' && !isDisagreement(one));
}
