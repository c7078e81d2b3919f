/** Rules that no step ever tries: their pods are never there together, or something else is expected by the time they are. */
import type { Problem } from '../errors.ts';
import { describeConnection } from '../pair.ts';
import type { DeclaredConnection, DeclaredRule } from './declarations.ts';
import type { ExistingServices } from './existing-services.ts';
import { statementOn } from './expectations.ts';
import type { FollowedStep } from './follow.ts';
import { problemAt } from './mark.ts';
import type { DestinationSelection, Mark, Rule } from './scenario.ts';
import { targetKey } from './select.ts';
import type { SelectedTarget } from './selected.ts';
import { backendsAt, type Services } from './services.ts';
import { isThere } from './state.ts';

/** A rule that is tried in part is meant so, but for the pods that it names one by one. */
export function* findUntried(
  all: readonly FollowedStep[],
  services: Services,
  existing: ExistingServices,
): Generator<Problem> {
  const steps = all.map((step) => ({ ...step, answers: answeringIn(step, services, existing) }));
  // Where there is one, all pods are in it.
  if (steps.length === 1) return;
  for (const [index, { declared }] of steps.entries()) {
    const from = steps.slice(index);
    for (const one of declared) yield* findUntriedOf(one, from);
  }
}

interface TriedStep extends FollowedStep {
  /** Whether there is somebody who could answer. */
  readonly answers: (target: SelectedTarget) => boolean;
}

function answeringIn(
  { state }: FollowedStep,
  services: Services,
  existing: ExistingServices,
): TriedStep['answers'] {
  const pods = [...state.pods.values()];
  return ({ to, port }) =>
    existing.has(to) || isThere(to, state) || (backendsAt(to, port, services, pods) ?? []).length > 0;
}

/** @param steps the one that has the rule, and those after it */
function* findUntriedOf(
  { rule, connections }: DeclaredRule,
  steps: readonly TriedStep[],
): Generator<Problem> {
  const isTried = (connection: DeclaredConnection): boolean => fateOf(connection, rule, steps) === 'tried';
  if (!connections.some(isTried)) {
    yield untried(rule.mark, 'no connection of this rule is ever tried', connections, rule, steps);
    return;
  }
  for (const { mark, named } of namedOutright(rule, connections)) {
    const [first] = named;
    if (first === undefined || named.some(isTried)) continue;
    const { from, to, port } = first;
    const pair = describeConnection({ from, to, port: port.port, protocol: port.protocol });
    yield untried(mark, `${pair} of this rule is never tried`, named, rule, steps);
  }
}

/** What a rule says of two ends that it names, both by their names. */
function* namedOutright(
  { from: sources, to: targets }: Rule,
  connections: readonly DeclaredConnection[],
): Generator<{ readonly mark: Mark; readonly named: readonly DeclaredConnection[] }> {
  const names = sources.flatMap(({ value }) => (isNamed(value) ? value.key : []));
  if (names.length === 0) return;
  const between = Map.groupBy(connections, ({ from, to }) => `${from} ${to}`);
  for (const { value, mark } of targets) {
    const { end, ports } = value;
    if (!isNamed(end)) continue;
    const isMeant = ({ port }: DeclaredConnection): boolean =>
      ports.length === 0 ||
      ports.some((one) =>
        one.kind === 'name'
          ? one.name === port.name
          : one.port === port.port && one.protocol === port.protocol,
      );
    for (const name of names)
      yield { mark, named: (between.get(`${name} ${end.key}`) ?? []).filter(isMeant) };
  }
}

type AnyEnd = DestinationSelection['end'];

function isNamed(end: AnyEnd): end is Extract<AnyEnd, { readonly key: string }> {
  return end.kind === 'pod' || end.kind === 'host' || end.kind === 'service';
}

/** Where something else is said of a connection before its pods are there; `apart`: they never are at the same time. */
type Fate = 'tried' | 'apart' | Mark;

function fateOf(connection: DeclaredConnection, rule: Rule, steps: readonly TriedStep[]): Fate {
  const { from } = connection;
  const target = targetKey(connection);
  for (const { state, expectations, answers } of steps) {
    const said = statementOn(expectations, connection, target);
    if (said !== undefined && (said.expected !== rule.expected || said.cutBy !== rule.cutBy))
      return said.mark;
    if (isThere(from, state) && answers(connection)) return 'tried';
  }
  return 'apart';
}

function untried(
  mark: Mark,
  message: string,
  connections: readonly DeclaredConnection[],
  rule: Rule,
  steps: readonly TriedStep[],
): Problem {
  const fates = new Set(connections.map((connection) => fateOf(connection, rule, steps)));
  const overruled = [...fates].filter((fate) => typeof fate === 'object');
  return problemAt(mark, message, {
    hint:
      overruled.length === 0
        ? 'Its pods are never there at the same time, from here on: move it to a step that has them, or leave it out.'
        : 'Something else is expected before both pods are there: move it to a step that has them, or leave it out.',
    related: overruled.map((other) => ({ message: 'something else is expected from here on', mark: other })),
  });
}
