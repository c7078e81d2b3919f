/** Whether it was the policies that cut a pair off: they are taken away, and it must connect again. */
import type { Observations } from '../model/observation.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Elsewhere } from './elsewhere.ts';
import type { JudgeRules } from './judge.ts';
import { describeOutcomes } from './reasons.ts';
import type { Judged } from './rows.ts';

/** How the reason begins where a pair is cut off as expected, and the policies do not say so. */
export const CUT_BY_SOMETHING_ELSE = 'it was cut by something else';

/** Whether a pair that was cut off has connected again since the policies were taken away. */
export function hasReconnected({ closing = [] }: Pick<Observations, 'closing'>): boolean {
  return closing.some(({ outcome }) => outcome === 'connected');
}

/**
 * Why a verdict that rests on a cut does not stand; undefined where it does, or where it rests on a connection: that something got
 * through is a fact, whoever cut it before.
 */
export function closingDoubt(
  check: Judged,
  verdict: Verdict,
  { closing, others }: Pick<JudgeRules, 'closing' | 'others'>,
  { connectsLater = false, wasDenied = false, isGone = false }: Elsewhere = {},
): string | undefined {
  if (check.cutBy !== undefined || !restsOnCut(check, verdict)) return undefined;
  const { verdict: predicted } = check.predicted ?? {};
  if (check.expected === 'unreachable' && (predicted === 'allowed' || predicted === 'partial')) {
    const suspect = others === undefined ? '' : `, such as ${others}`;
    const what = predicted === 'allowed' ? 'it' : 'a part of it';
    return `${CUT_BY_SOMETHING_ELSE}${suspect}: the policies of the scenario allow ${what}`;
  }
  if (connectsLater) return undefined;
  // A cut that outlasts the policies that made it is what is to be found: that it does not end with the others either is no doubt.
  if (check.expected === 'reachable' && wasDenied) return undefined;
  if (closing === undefined)
    return 'it was cut off, but the policies were not taken away to see whether it was they that cut it';
  if (closing !== 'made' || isGone || hasReconnected(check)) return undefined;
  const seen = check.closing === undefined ? 'not tried' : describeOutcomes(check.closing);
  return `it could not connect after the policies were taken away either (${seen}), so it was not they that cut it`;
}

function restsOnCut({ expected }: Judged, verdict: Verdict): boolean {
  return expected === 'unreachable'
    ? verdict === 'pass' || verdict === 'late'
    : verdict === 'broken' || verdict === 'flapping';
}
