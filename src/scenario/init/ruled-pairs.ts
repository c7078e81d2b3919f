/** What the policies mean for each pair of pods, as rules that a person can read. */
import type { Check } from '../../model/check.ts';
import { describeTarget } from '../../pair.ts';
import type { Direction } from '../../policy/isolation.ts';
import { listNames } from '../../policy/list-names.ts';
import type { PolicyVerdict } from '../../policy/match.ts';
import { flowBetween } from '../../policy/model.ts';
import type { Oracle, Ruling } from '../../policy/oracle.ts';
import { DIRECTIONS, describeResponsible } from '../../policy/policy.ts';
import type { EndNames } from './ends.ts';
import { groupPairs, type SourceAndTarget } from './group-pairs.ts';
import { item } from './text.ts';

/** A check, and what becomes of it. */
export interface RuledPair extends SourceAndTarget {
  readonly check: Check;
  readonly ruling: Ruling;
}

export type RuledPairs = Readonly<Record<PolicyVerdict, readonly RuledPair[]>>;

export function rulePairs(checks: readonly Check[], oracle: Oracle): RuledPairs {
  const all = checks.map((check): RuledPair => {
    const { from, to } = check;
    return { check, from, to, target: describeTarget(check), ruling: oracle.rule(flowBetween(check)) };
  });
  const of = (verdict: PolicyVerdict): readonly RuledPair[] =>
    all.filter(({ ruling }) => ruling.answer.verdict === verdict);
  return { allowed: of('allowed'), denied: of('denied'), undefined: of('undefined') };
}

/** Pairs that have one reason. */
interface Reasoned {
  readonly reason: string;
  readonly pairs: readonly RuledPair[];
}

/** What a policy decides comes before what none does. */
export function groupByReason(
  pairs: readonly RuledPair[],
  reasonOf: (ruling: Ruling) => string,
): readonly Reasoned[] {
  return [...Map.groupBy(pairs, ({ ruling }) => reasonOf(ruling))]
    .map(([reason, some]) => ({ reason, pairs: some }))
    .toSorted(
      (a, b) => Number(a.reason === '') - Number(b.reason === '') || compareTexts(a.reason, b.reason),
    );
}

/**
 * By the rules of policies that decide at one end: at the destination or at the source, whichever needs fewer rules of a scenario. The
 * reason has the rules at the other end, too; empty where no policy decides.
 */
export function groupByRule(pairs: readonly RuledPair[]): readonly Reasoned[] {
  const ways = [DIRECTIONS.toReversed(), DIRECTIONS].map((order) =>
    groupByReason(pairs, (ruling) => {
      const [first = []] = decidingAt(order, [ruling]).filter((rules) => rules.length > 0);
      return first.join(', ');
    }).map((group) => ({
      ...group,
      reason: listNames(
        decidingAt(
          order,
          group.pairs.map(({ ruling }) => ruling),
        ).flat(),
      ),
    })),
  );
  const [first = [], ...others] = ways;
  return others.reduce((least, way) => (countRules(way) < countRules(least) ? way : least), first);
}

/** The rules of policies that decide about any of these, for each direction. */
function decidingAt(order: readonly Direction[], rulings: readonly Ruling[]): readonly (readonly string[])[] {
  const all = new Set(rulings.flatMap(({ responsible }) => responsible));
  return order.map((direction) =>
    [...all].filter((one) => one.direction === direction).map(describeResponsible),
  );
}

function countRules(groups: readonly Reasoned[]): number {
  return groups.reduce((sum, { pairs }) => sum + groupPairs(pairs).length, 0);
}

/** Rules for these pairs and no others, sorted by where they lead. */
export function writePairs(
  indent: string,
  pairs: readonly SourceAndTarget[],
  names: EndNames,
): readonly string[] {
  return groupPairs(pairs)
    .map((group) => names.write(group))
    .toSorted((a, b) => compareTexts(a.to.join(), b.to.join()) || compareTexts(a.from.join(), b.from.join()))
    .flatMap(({ from, to }) =>
      item(indent, [
        ['from', from],
        ['to', to],
      ]),
    );
}

/** The same in every language. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
