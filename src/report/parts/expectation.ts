/** What the scenario says of a pair. */
import type { CheckView } from '../view/view.ts';

type StatedExpectation = Pick<CheckView, 'expected' | 'cutBy' | 'because'>;

/** `unreachable`; `unreachable, cut by others` where something else than the policies is to cut it. */
export function describeExpected({ expected, cutBy }: Omit<StatedExpectation, 'because'>): string {
  return cutBy === undefined ? expected : `${expected}, cut by ${cutBy}`;
}

/** The same with the scenario's reason: `unreachable, because …`, `unreachable, cut by others: …` */
export function describeExpectation(check: StatedExpectation): string {
  const { cutBy, because } = check;
  const expected = describeExpected(check);
  if (because === undefined) return expected;
  return `${expected}${cutBy === undefined ? ', because' : ':'} ${because}`;
}
