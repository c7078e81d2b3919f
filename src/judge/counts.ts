/** Results in numbers. */
import { checksOf, type ScenarioRecord } from '../record/schema.ts';
import { type CountedAs, countsAs } from './known-issues.ts';

/** Checks by what they count as; `unjudged` are those that the run did not come to. */
export type Counts = Readonly<Record<CountedAs | 'unjudged', number>>;

export function countResults(results: readonly (CountedAs | undefined)[]): Counts {
  const counts = {
    pass: 0,
    known: 0,
    leaked: 0,
    broken: 0,
    flapping: 0,
    late: 0,
    inconclusive: 0,
    unjudged: 0,
  };
  for (const result of results) counts[result ?? 'unjudged'] += 1;
  return counts;
}

export function countedAsIn(scenario: ScenarioRecord): (CountedAs | undefined)[] {
  return checksOf(scenario).map((check) => countsAs(check, scenario));
}
