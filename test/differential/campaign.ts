/** Many sequences of steps on many topologies, side by side, and what is left of one on which oracle and packets differ. */
import fc from 'fast-check';
import { stringify } from 'yaml';
import { objectKey } from '../../src/keys.ts';
import { FAMILIES, type Family } from '../../src/model/family.ts';
import { type PlannedService, serviceKey } from '../../src/model/service.ts';
import type { Flow, World } from '../../src/policy/model.ts';
import { compile } from '../../src/policy/oracle.ts';
import { renderTrace } from '../../src/policy/render-trace.ts';
import { asAction } from '../../src/scenario/plan.ts';
import { objectOf } from '../../src/scenario/state.ts';
import { type Arena, type Beliefs, type Ground, openArena, type Trial } from './arena.ts';
import { HOST_PORTS } from './hosts.ts';
import { type Disagreement, SANDBOX, type Worlds } from './opinions.ts';
import { type Sequence, type Stage, unfold } from './sequences.ts';

export interface Campaign extends Beliefs {
  readonly seed: number;
  /** Begins the names of its namespaces: no two campaigns on one sandbox have the same. Default: the seed. */
  readonly name?: string;
  readonly topologies: number;
  /** Sets of policies to which nothing is done, tried on each topology. */
  readonly setsEach?: number;
  /** Tried on each topology after the sets. */
  readonly sequencesEach?: number;
  /** For how long what fails is shrunk: then it is told as small as it is. Default: to the end. */
  readonly shrinkMs?: number;
  /** @param tried how many sets and sequences so far */
  readonly progress?: (tried: number) => void;
}

export interface CampaignResult {
  /** Sets and sequences. */
  readonly tried: number;
  /** States of the cluster. */
  readonly states: number;
  readonly flows: number;
  /** Left open by the specification, and not compared. */
  readonly undefined: number;
  /** One for each topology on which there was any, shrunk. */
  readonly failures: readonly Failure[];
  /** What was seen on topologies where it did not come again with the same steps: the machine's, not the rules'. */
  readonly passing: readonly Disagreement[];
  /** See `Trial`. */
  readonly contradictions: ReadonlyMap<string, Disagreement>;
}

export interface Failure {
  readonly kind: 'failure';
  /** What there is in the end, with the pods' first addresses. */
  readonly worlds: Worlds;
  readonly services: readonly PlannedService[];
  /** From the policies at the start to the step in which the two differ. */
  readonly stages: readonly [Stage, ...Stage[]];
  readonly disagreements: readonly Disagreement[];
}

interface Passing {
  readonly kind: 'passing';
  readonly disagreements: readonly Disagreement[];
}

/** Runs all topologies of a campaign side by side. What fails is shrunk before its topology gives up. */
export async function runCampaign(campaign: Campaign, ground: Ground): Promise<CampaignResult> {
  const { seed, topologies, setsEach = 0, sequencesEach = 0, shrinkMs, progress } = campaign;
  const { name: prefix = String(seed) } = campaign;
  const count = { tried: 0, states: 0, flows: 0, undefined: 0 };
  const contradictions = new Map<string, Disagreement>();
  const note = (trial: Trial): void => {
    for (const [suspect, one] of trial.contradictions) contradictions.set(suspect, one);
    count.tried += 1;
    count.states += trial.states;
    count.flows += trial.flows;
    count.undefined += trial.undefined;
    progress?.(count.tried);
  };
  const findings = await Promise.all(
    Array.from({ length: topologies }, async (_, index) => {
      const name = `${prefix}-${index}`;
      // No two topologies of any two campaigns draw the same.
      const own = seed * 1000 + index;
      const arena = await openArena(name, own, ground, campaign);
      const search = { seed: own, shrinkMs, signal: ground.signal, note };
      return (
        (await findFailure(arena, arena.sets, setsEach, search)) ??
        (await findFailure(arena, arena.sequences, sequencesEach, search))
      );
    }),
  );
  return {
    ...count,
    contradictions,
    failures: findings.flatMap((finding) => (finding?.kind === 'failure' ? [finding] : [])),
    passing: findings.flatMap((finding) => (finding?.kind === 'passing' ? finding.disagreements : [])),
  };
}

interface Search {
  readonly seed: number;
  readonly shrinkMs: number | undefined;
  readonly signal: AbortSignal;
  readonly note: (trial: Trial) => void;
}

async function findFailure(
  arena: Arena,
  drawn: fc.Arbitrary<Sequence>,
  count: number,
  { seed, shrinkMs = Number.POSITIVE_INFINITY, signal, note }: Search,
): Promise<Failure | Passing | undefined> {
  let seen: readonly Disagreement[] = [];
  let shrinkUntil = Number.POSITIVE_INFINITY;
  const breakdowns: unknown[] = [];
  const property = fc.asyncProperty(drawn, async (sequence) => {
    signal.throwIfAborted();
    // As if nothing smaller failed.
    if (performance.now() >= shrinkUntil) return true;
    try {
      const trial = await arena.try(sequence);
      note(trial);
      if (trial.disagreements.length === 0) return true;
      seen = trial.disagreements;
      // What does not show itself again must not lead the way to something smaller.
      if ((await arena.try(sequence)).disagreements.length === 0) return true;
      shrinkUntil = Math.min(shrinkUntil, performance.now() + shrinkMs);
      return false;
    } catch (thrown) {
      breakdowns.push(thrown);
      throw thrown;
    }
  });
  const details = await fc.check(property, { seed, numRuns: count });
  signal.throwIfAborted();
  if (breakdowns.length > 0) throw breakdowns[0];
  const [sequence] = details.counterexample ?? [];
  const passing: Passing | undefined =
    seen.length === 0 ? undefined : { kind: 'passing', disagreements: seen };
  if (!details.failed || sequence === undefined) return passing;
  const { disagreements, states } = await arena.try(sequence);
  if (disagreements.length === 0) return passing;
  const [first, ...later] = unfold(sequence, arena.declared);
  return {
    kind: 'failure',
    worlds: arena.worlds,
    services: arena.services,
    stages: [first, ...later.slice(0, states - 1)],
    disagreements,
  };
}

/** A failure as a scenario that can be run by itself: it expects what the oracle predicts, and says why. */
export function describeFailure(name: string, { worlds, services, stages, disagreements }: Failure): string {
  const { pods, namespaces = [] } = worlds.IPv4;
  const [first, ...later] = stages;
  const { state } = later.at(-1) ?? first;
  const oracleFor = (family: Family) =>
    compile(
      {
        ...worlds[family],
        namespaces: [...state.namespaces.values()],
        pods: worlds[family].pods.map((pod) => ({ ...pod, ...state.pods.get(objectKey(pod)) })),
        policies: [...state.policies.values()],
      },
      SANDBOX,
    );
  const expressible = disagreements.filter(canBeExpected);
  const ruled = expressible.length > 0 ? expressible : disagreements.slice(0, 1);
  const rulesFor = (verdict: Disagreement['predicted']): readonly object[] =>
    unique(ruled.filter(({ predicted }) => predicted === verdict).map(ruleFor));
  const rules = { reachable: rulesFor('allowed'), unreachable: rulesFor('denied') };
  const document = {
    apiVersion: 'podreach/v1',
    kind: 'Scenario',
    name,
    description: 'Oracle and packets differ here. What is expected is what the oracle predicts.',
    families: FAMILIES,
    namespaces: Object.fromEntries(namespaces.map(({ name: key, labels }) => [key, { labels }])),
    pods: Object.fromEntries(
      pods.map((pod) => [
        objectKey(pod),
        {
          labels: pod.labels,
          ports: pod.ports,
          ...(pod.hostNetwork ? { hostNetwork: true } : {}),
          ...placeOf(pod, pods),
        },
      ]),
    ),
    hosts: Object.fromEntries(hostsOf(worlds)),
    services: Object.fromEntries(servicesIn(ruled, services)),
    policies: [...first.state.policies.values()].map(({ object }) => object),
    ...(later.length === 0
      ? rules
      : {
          steps: later.map(({ actions }, index) => ({
            name: `step ${index + 1}`,
            ...asWritten(actions),
            ...(index === later.length - 1 ? rules : {}),
          })),
        }),
  };
  const traces = disagreements
    .slice(0, 3)
    .map(
      ({ flow, family, observed }) =>
        `${renderTrace(oracleFor(family).explain(flow))}\nSeen over ${family}: ${observed}`,
    );
  const comment = traces.join('\n\n').replaceAll(/^/gm, '# ').replaceAll(/ +$/gm, '');
  return `${comment}\n${stringify(document, { aliasDuplicateObjects: false })}`;
}

/** Through one node of several, or to one pod of several behind a Service, no rule leads: the comment tells of these. */
function canBeExpected({ way, flow: { to, through } }: Disagreement): boolean {
  return way !== undefined || (to.kind !== 'service' && through === undefined);
}

function ruleFor({ family, flow: { from, to, port, protocol }, way }: Disagreement): object {
  const target = way === undefined ? { to: keyOf(to), port, protocol } : way;
  return {
    from: keyOf(from),
    to: `${target.to}:${target.port}/${target.protocol}`,
    ...(way === undefined ? {} : { via: way.path }),
    families: [family],
  };
}

function unique<One>(all: readonly One[]): readonly One[] {
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

/** The same pods on one node, and the others on the other: by way of a node policies see who is where. */
function placeOf({ node }: World['pods'][number], pods: World['pods']): { readonly node?: number } {
  const nodes = [...new Set(pods.flatMap((pod) => pod.node ?? []))].toSorted();
  return node === undefined ? {} : { node: nodes.indexOf(node) + 1 };
}

/** As a scenario declares them. */
function hostsOf({ IPv4: { hosts = [] }, IPv6 }: Worlds): readonly (readonly [string, object])[] {
  return hosts.map(({ key, address }) => {
    const other = IPv6.hosts?.find((one) => one.key === key)?.address;
    return [key.replace('host/', ''), { address: [address, other], ports: HOST_PORTS }];
  });
}

/** Those that rules name, with the ports that these name. */
function servicesIn(
  disagreements: readonly Disagreement[],
  services: readonly PlannedService[],
): readonly (readonly [string, object])[] {
  return services.flatMap(({ namespace, name, ports, ...service }) => {
    const named = disagreements.flatMap(({ way }) =>
      way?.to === serviceKey({ namespace, name }) ? [way] : [],
    );
    const own = ports.filter((one) =>
      named.some(({ port, protocol }) => port === one.port && protocol === one.protocol),
    );
    return own.length === 0 ? [] : [[`${namespace}/${name}`, { ...service, ports: own }]];
  });
}

/** As rules name an end. */
export function keyOf(end: Flow['to']): string {
  switch (end.kind) {
    case 'pod':
    case 'service':
      return end.pod;
    case 'host':
      return end.host;
    case 'node':
    case 'address':
    case 'existing-service':
      throw new RangeError(`no ${end.kind} is tried`);
  }
}

/** Actions as a step of a scenario says them. */
function asWritten(actions: Stage['actions']): Readonly<Record<string, unknown>> {
  const written: Record<string, unknown> = {};
  for (const [kind, own = []] of Object.entries(Object.groupBy(actions, (action) => action.kind)))
    written[kind] =
      kind === 'label'
        ? Object.fromEntries(own.map((action) => [objectOf(action), asAction(action).labels]))
        : own.map((action) => (action.kind === 'apply' ? action.policy.object : objectOf(action)));
  return written;
}
