/** What is expected of every connection, step by step: what a step does not speak of keeps what it had. */
import type { Expectation } from '../model/check.ts';
import { isPod } from '../model/endpoint.ts';
import type { Declarations } from './declarations.ts';
import type { Marked, Rule } from './scenario.ts';

/** What the file says of a connection, and where. */
export type StatedRule = Pick<Rule, 'expected' | 'mark' | 'because' | 'cutBy' | 'held' | 'families'>;

export interface Expectations {
  /** By source, then by `targetKey`. */
  readonly rules: ReadonlyMap<string, ReadonlyMap<string, StatedRule>>;
  /** Of every pair of different pods of which no rule speaks. */
  readonly otherwise?: StatedRule;
}

export const NOTHING_EXPECTED: Expectations = { rules: new Map() };

/** What is expected from a step on: what its rules say; then its `otherwise` or, without one, what was expected before it. */
export function carryOver(
  before: Expectations,
  { rules: stated }: Pick<Declarations, 'rules'>,
  otherwise: Marked<Expectation> | undefined,
): Expectations {
  const kept = otherwise === undefined ? before.rules : withoutPodPairs(before.rules);
  const rules = new Map(kept);
  for (const [from, own] of stated) rules.set(from, merge(kept.get(from), own));
  const rest =
    otherwise === undefined ? before.otherwise : { expected: otherwise.value, mark: otherwise.mark };
  return { rules, ...(rest === undefined ? {} : { otherwise: rest }) };
}

/** Whether `otherwise` speaks of a pair: of a pod and another pod. */
export function isOfTwoPods({ from, to }: { readonly from: string; readonly to: string }): boolean {
  return from !== to && isPod(from) && isPod(to);
}

/** What is expected of a connection. */
export function statementOn(
  { rules, otherwise }: Expectations,
  pair: { readonly from: string; readonly to: string },
  target: string,
): StatedRule | undefined {
  return rules.get(pair.from)?.get(target) ?? (isOfTwoPods(pair) ? otherwise : undefined);
}

function merge(
  before: ReadonlyMap<string, StatedRule> | undefined,
  own: ReadonlyMap<string, StatedRule>,
): ReadonlyMap<string, StatedRule> {
  return before === undefined ? own : new Map([...before, ...own]);
}

/** The rules of pairs of which `otherwise` does not speak. */
function withoutPodPairs(rules: Expectations['rules']): Expectations['rules'] {
  return new Map(
    [...rules].flatMap(([from, own]) => {
      const kept = [...own].filter(
        ([target]) => !isOfTwoPods({ from, to: target.slice(0, target.indexOf(':')) }),
      );
      return kept.length === 0 ? [] : [[from, new Map(kept)] as const];
    }),
  );
}
