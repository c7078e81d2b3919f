/** Connections of which the policies of two states do not mean the same. */
import { objectKey } from '../../keys.ts';
import type { PolicyVerdict } from '../../policy/match.ts';
import { flowBetween, type PodPair, type PodPort } from '../../policy/model.ts';
import type { Oracle } from '../../policy/oracle.ts';
import { pairUp } from '../sides.ts';
import {
  CONNECTION_CHANGES,
  type ConnectionChange,
  type ConnectionDifference,
  type ManifestComparison,
} from './schema.ts';

/** A state with what its policies mean. */
export interface PredictedState {
  readonly workloads: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly ports: readonly PodPort[];
  }[];
  readonly oracle: Oracle;
}

export type ComparedConnections = Pick<ManifestComparison, 'connections' | 'same'>;

/** Of every workload to every port of every other one, in both states. */
export function compareConnections(before: PredictedState, after: PredictedState): ComparedConnections {
  const connections: ConnectionDifference[] = [];
  const same = { allowed: 0, denied: 0, undefined: 0 };
  for (const connection of connectionsOf(before, after)) {
    const { pair, portName } = connection;
    const was = verdictOf(connection.before, pair);
    const is = verdictOf(connection.after, pair);
    if (was !== undefined && was === is) same[was] += 1;
    const change = changeOf(was, is);
    if (change === undefined) continue;
    connections.push({
      ...pair,
      ...(portName === undefined ? {} : { portName }),
      change,
      ...(connection.before === undefined ? {} : { before: predictionOf(connection.before, pair) }),
      ...(connection.after === undefined ? {} : { after: predictionOf(connection.after, pair) }),
    });
  }
  const groups = Map.groupBy(connections, ({ change }) => change);
  return { connections: CONNECTION_CHANGES.flatMap((change) => groups.get(change) ?? []), same };
}

/** A connection with who says what becomes of it: in a state in which both of its ends are there. */
interface PredictedConnection {
  readonly pair: PodPair;
  readonly portName: string | undefined;
  readonly before: Oracle | undefined;
  readonly after: Oracle | undefined;
}

function* connectionsOf(before: PredictedState, after: PredictedState): Generator<PredictedConnection> {
  const targets = pairUp(targetsOf(before), targetsOf(after), targetKey);
  for (const source of pairUp(before.workloads, after.workloads, objectKey)) {
    const from = objectKey(source.after ?? source.before);
    for (const target of targets) {
      const { to, port, protocol, name } = target.after ?? target.before;
      if (to === from) continue;
      yield {
        pair: { from, to, port, protocol },
        portName: name,
        before: source.before && target.before && before.oracle,
        after: source.after && target.after && after.oracle,
      };
    }
  }
}

/** Whether a change opens something, or may. Every other one closes something, or may. */
export function isOpening(change: ConnectionChange): boolean {
  return change === 'open' || change === 'perhaps-open' || change === 'new';
}

interface Target extends PodPort {
  readonly to: string;
}

function targetsOf({ workloads }: PredictedState): Target[] {
  return workloads.flatMap((workload) =>
    workload.ports.map((port) => ({ to: objectKey(workload), ...port })),
  );
}

function targetKey({ to, port, protocol }: Target): string {
  return `${to}:${port}/${protocol}`;
}

function verdictOf(oracle: Oracle | undefined, pair: PodPair): PolicyVerdict | undefined {
  return oracle?.evaluate(flowBetween(pair)).verdict;
}

function predictionOf(oracle: Oracle, pair: PodPair): NonNullable<ConnectionDifference['before']> {
  const { answer, responsible } = oracle.rule(flowBetween(pair));
  return {
    ...answer,
    responsible: responsible.map(({ rule, ...one }) =>
      rule === undefined ? one : { ...one, rule: rule + 1 },
    ),
  };
}

/** What is left open is less open than what is allowed, and more than what is denied. */
const OPENNESS: Readonly<Record<PolicyVerdict, number>> = { denied: 0, undefined: 1, allowed: 2 };

/** @param was absent: an end was not there, and nothing could connect */
function changeOf(
  was: PolicyVerdict | undefined,
  is: PolicyVerdict | undefined,
): ConnectionChange | undefined {
  if (was === is) return undefined;
  if (was === undefined) return is === 'denied' ? undefined : 'new';
  if (is === undefined) return was === 'denied' ? undefined : 'gone';
  const isMore = OPENNESS[is] > OPENNESS[was];
  if (was === 'undefined' || is === 'undefined') return isMore ? 'perhaps-open' : 'perhaps-closed';
  return isMore ? 'open' : 'closed';
}
