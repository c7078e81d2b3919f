/** What the policies of a scenario mean for every pair of its pods, and of pods and hosts, as a matrix. */
import { objectKey } from '../keys.ts';
import { endpointKey, isHost } from '../model/endpoint.ts';
import type { Family } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';
import { describeConnection } from '../pair.ts';
import { flowBetween } from '../policy/model.ts';
import type { Oracle } from '../policy/oracle.ts';
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
    readonly ports: readonly PlannedPort[];
  }[];
  /** Absent: there are none. */
  readonly hosts?: readonly { readonly name: string; readonly ports: readonly PlannedPort[] }[] | undefined;
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
  readonly verdict: 'allowed' | 'denied' | 'undefined';
  /** What the scenario says; absent where it says nothing. */
  readonly declared?: PredictedPair['expected'];
  readonly cutBy?: 'others';
}

/** Every pod to every port of every pod, itself included, and of every host; and every host to the pods. */
export function predictAll({
  pods,
  hosts = [],
  families = [],
  oracle,
  checks,
}: Omit<PlannedScenario, 'scenario'>): readonly Prediction[] {
  const declared = new Map(checks.map((check) => [describeConnection(check), check]));
  const ends = [
    ...pods.map((pod) => ({ key: objectKey(pod), ports: pod.ports })),
    ...hosts.map(({ name, ports }) => ({ key: endpointKey({ kind: 'host', name }), ports })),
  ];
  const ways = families.length === 0 ? [{}] : families.map((family) => ({ family }));
  return ends.flatMap(({ key: from }) =>
    ends.flatMap(({ key: to, ports }) => {
      if (isHost(from) && isHost(to)) return [];
      return ports.flatMap(({ port, protocol }) =>
        ways.map((way: { readonly family?: Family }): Prediction => {
          const pair = { from, to, port, protocol, ...way };
          const { expected, cutBy } = declared.get(describeConnection(pair)) ?? {};
          const { verdict } = oracle(way.family).evaluate(flowBetween(pair));
          return {
            ...pair,
            verdict,
            ...(expected === undefined ? {} : { declared: expected }),
            ...(cutBy === undefined ? {} : { cutBy }),
          };
        }),
      );
    }),
  );
}

const MEANINGS: Meanings = {
  untested: 'not predicted',
  reachable: 'allowed',
  unreachable: 'denied',
  known: 'not predicted',
  unjudged: 'not predicted',
  inconclusive: 'left open by the specification',
  late: 'not predicted',
  flapping: 'not predicted',
  broken: 'denied, and the scenario says reachable',
  leaked: 'allowed, and the scenario says unreachable',
};

/** The predictions as a matrix, those that the scenario contradicts marked. */
export function renderPredictions(
  plan: PlannedScenario,
  predictions: readonly Prediction[],
  canvas: Canvas,
): string[] {
  const checks = predictions.map((prediction) => ({ ...prediction, ...shownAs(prediction) }));
  return [titleOf(plan), '', ...renderMatrix(buildMatrix({ pods: plan.pods, checks }), canvas, MEANINGS)];
}

/** `shop, step "rolled back"`; the first step has no name. */
export function titleOf({ scenario, name }: Pick<PlannedScenario, 'scenario' | 'name'>): string {
  return name === undefined ? scenario.name : `${scenario.name}, step "${neutralise(name)}"`;
}

/** Whether the scenario says otherwise than the policies. What others are to cut the policies may well allow. */
export function isContradiction({ verdict, declared, cutBy }: Prediction): boolean {
  if (verdict === 'undefined' || declared === undefined || cutBy !== undefined) return false;
  return declared !== (verdict === 'allowed' ? 'reachable' : 'unreachable');
}

/** As the check that a cell of this kind stands for. */
function shownAs(prediction: Prediction): {
  readonly verdict: Extract<CellKind, 'inconclusive' | 'broken' | 'leaked'> | 'pass';
  readonly expected: PredictedPair['expected'];
} {
  const { verdict } = prediction;
  const expected = verdict === 'allowed' ? 'reachable' : 'unreachable';
  if (verdict === 'undefined') return { verdict: 'inconclusive', expected };
  if (!isContradiction(prediction)) return { verdict: 'pass', expected };
  return { verdict: verdict === 'allowed' ? 'leaked' : 'broken', expected };
}
