/** What the policies of a scenario mean for every pair of its pods, and of pods and hosts or Services, as a matrix. */
import { objectKey } from '../keys.ts';
import { endpointKey, isHost, isPod, isService } from '../model/endpoint.ts';
import type { Family } from '../model/family.ts';
import type { Labels } from '../model/labels.ts';
import type { Protocol } from '../model/protocol.ts';
import { backendsOf, familiesOfService, type PlannedService, serviceKey } from '../model/service.ts';
import { describeConnection, describeTarget } from '../pair.ts';
import type { Oracle } from '../policy/oracle.ts';
import { type CheckedPair, ruleCheck } from '../policy/through-service.ts';
import { buildMatrix, type CellKind, type Meanings } from './parts/matrix.ts';
import { renderMatrix } from './parts/matrix-text.ts';
import type { Canvas } from './text/paint.ts';
import { neutralise } from './text/text.ts';

interface PlannedPort {
  readonly name?: string;
  readonly port: number;
  readonly protocol: Protocol;
}

interface PlannedScenario {
  readonly scenario: { readonly name: string };
  /** Of the step; absent: it is the first. */
  readonly name?: string;
  readonly pods: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly labels: Labels;
    readonly ports: readonly PlannedPort[];
  }[];
  /** Absent: there are none. */
  readonly hosts?: readonly { readonly name: string; readonly ports: readonly PlannedPort[] }[] | undefined;
  /** Those that can be dialled; absent: there are none. */
  readonly services?: readonly PlannedService[] | undefined;
  /** That are tried; absent: the first of the cluster. */
  readonly families?: readonly Family[] | undefined;
  readonly oracle: (family?: Family) => Oracle;
  readonly checks: readonly PredictedPair[];
}

interface PredictedPair {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly family?: Family;
  readonly expected: 'reachable' | 'unreachable';
  /** Something else than the policies is to cut it, whatever they mean for it. */
  readonly cutBy?: 'others';
}

export interface Prediction {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly family?: Family;
  /** `partial`: of the pods behind a Service some are allowed, and others are not. */
  readonly verdict: 'allowed' | 'denied' | 'undefined' | 'partial';
  /** What the scenario says; absent where it says nothing. */
  readonly declared?: PredictedPair['expected'];
  readonly cutBy?: 'others';
}

/**
 * Every pod to every port of every pod, itself included, of every host and of every Service that somebody answers for; and every host to
 * the pods. Of a Service that is there already no ports are known but those that checks go to.
 */
export function predictAll(scenario: Omit<PlannedScenario, 'scenario'>): readonly Prediction[] {
  const { pods, hosts = [], families, oracle, checks } = scenario;
  // However a Service is addressed, its policies mean the same.
  const declared = new Map(checks.toReversed().map((check) => [describePair(check), check]));
  const ends = [
    ...pods.map((pod) => ({ key: objectKey(pod), ports: pod.ports })),
    ...hosts.map(({ name, ports }) => ({ key: endpointKey({ kind: 'host', name }), ports })),
  ];
  const targets: readonly PredictedTarget[] = [
    ...ends.flatMap(({ key: to, ports }) =>
      ports.flatMap(({ port, protocol }) => inEach(families, { to, port, protocol })),
    ),
    ...serviceTargets(scenario),
  ];
  return ends.flatMap(({ key: from }) =>
    targets.flatMap((target): readonly Prediction[] => {
      if (isHost(from) && !isPod(target.to)) return [];
      const { to, port, protocol, family } = target;
      const pair = { from, to, port, protocol, ...(family === undefined ? {} : { family }) };
      const { expected, cutBy } = declared.get(describePair(pair)) ?? {};
      return [
        {
          ...pair,
          verdict: ruleCheck(oracle(family), { ...target, from }).answer.verdict,
          ...(expected === undefined ? {} : { declared: expected }),
          ...(cutBy === undefined ? {} : { cutBy }),
        },
      ];
    }),
  );
}

type PredictedTarget = Omit<CheckedPair, 'from' | 'protocol'> & Pick<Prediction, 'protocol' | 'family'>;

/** The same in each of the families that are tried. */
function inEach(
  families: readonly Family[] | undefined,
  target: PredictedTarget,
): readonly PredictedTarget[] {
  return families?.map((family) => ({ ...target, family })) ?? [target];
}

function serviceTargets({
  pods,
  services = [],
  families,
  checks,
}: Omit<PlannedScenario, 'scenario'>): readonly PredictedTarget[] {
  const made = services.flatMap((service) =>
    service.ports.flatMap((own): readonly PredictedTarget[] => {
      const backends = backendsOf(service, own, pods);
      if (backends.length === 0) return [];
      const { port, protocol } = own;
      const headless = service.headless === undefined ? {} : { headless: service.headless };
      const target = { to: serviceKey(service), port, protocol, backends, ...headless };
      return inEach(familiesOfService(service, families), target);
    }),
  );
  const known = new Set(services.map(serviceKey));
  const existing = checks.filter(({ to }) => isService(to) && !known.has(to));
  const dialled = existing.map(({ to, port, protocol, family }): PredictedTarget => {
    return { to, port, protocol, ...(family === undefined ? {} : { family }) };
  });
  return [...made, ...new Map(dialled.map((target) => [describeTarget(target), target])).values()];
}

/** As {@link describeConnection}, whichever way it goes to a Service. */
function describePair({ from, to, port, protocol, family }: Omit<PredictedPair, 'expected'>): string {
  return describeConnection({ from, to, port, protocol, ...(family === undefined ? {} : { family }) });
}

const MEANINGS: Meanings = {
  untested: 'not predicted',
  reachable: 'allowed',
  unreachable: 'denied',
  known: 'not predicted',
  unjudged: 'allowed to a part of the pods behind the Service',
  inconclusive: 'left open by the specification',
  late: 'not predicted',
  flapping: 'not predicted',
  broken: 'denied, and the scenario says reachable',
  leaked: 'allowed, and the scenario says unreachable',
};

/** What is worth a word only where Services make a difference. */
function meaningsOf({ services = [] }: PlannedScenario, predictions: readonly Prediction[]): Meanings {
  const made = new Set(services.map(serviceKey));
  const isPartial = predictions.some(({ verdict }) => verdict === 'partial');
  const isUnknown = predictions.some(
    ({ to, verdict }) => verdict === 'undefined' && isService(to) && !made.has(to),
  );
  return {
    ...MEANINGS,
    ...(isPartial
      ? {
          broken: `${MEANINGS.broken}, of a Service perhaps in part`,
          leaked: `${MEANINGS.leaked}, of a Service perhaps in part`,
        }
      : {}),
    ...(isUnknown ? { inconclusive: 'left open by the specification, or known only on a cluster' } : {}),
  };
}

/** The predictions as a matrix, those that the scenario contradicts marked. */
export function renderPredictions(
  plan: PlannedScenario,
  predictions: readonly Prediction[],
  canvas: Canvas,
): string[] {
  const checks = predictions.map(({ verdict, ...prediction }) => ({
    ...prediction,
    ...shownAs({ ...prediction, verdict }),
  }));
  const matrix = buildMatrix({ pods: plan.pods, checks });
  return [titleOf(plan), '', ...renderMatrix(matrix, canvas, meaningsOf(plan, predictions))];
}

/** `shop, step "rolled back"`; the first step has no name. */
export function titleOf({ scenario, name }: Pick<PlannedScenario, 'scenario' | 'name'>): string {
  return name === undefined ? scenario.name : `${scenario.name}, step "${neutralise(name)}"`;
}

/** Whether the scenario says otherwise than the policies. What others are to cut the policies may well allow. */
export function isContradiction({ verdict, declared, cutBy }: Prediction): boolean {
  if (verdict === 'undefined' || declared === undefined || cutBy !== undefined) return false;
  return verdict === 'partial' || declared !== (verdict === 'allowed' ? 'reachable' : 'unreachable');
}

/** As the check that a cell of this kind stands for. */
function shownAs(prediction: Prediction): {
  /** Absent: it is shown as one without a verdict. */
  readonly verdict?: Extract<CellKind, 'inconclusive' | 'broken' | 'leaked'> | 'pass';
  readonly expected: PredictedPair['expected'];
} {
  const { verdict, declared } = prediction;
  const expected = verdict === 'allowed' ? 'reachable' : 'unreachable';
  if (verdict === 'undefined') return { verdict: 'inconclusive', expected };
  if (isContradiction(prediction))
    return { verdict: declared === 'unreachable' ? 'leaked' : 'broken', expected };
  return verdict === 'partial' ? { expected } : { verdict: 'pass', expected };
}
