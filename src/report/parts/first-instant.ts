/** What new pods saw from their first millisecond on. */
import {
  describeAge,
  describeLeak,
  type FirstInstantTotals,
  firstInstantsOf,
} from '../../judge/first-instant.ts';
import type { Fact } from '../text/block.ts';
import { count, duration, formatNumber } from '../text/text.ts';
import type { CheckView, StepView } from '../view/view.ts';

/** A check that is tried from the first instant of its source. */
export type EarlyCheckView = CheckView & { readonly firstInstant: NonNullable<CheckView['firstInstant']> };

export function isEarly(check: CheckView): check is EarlyCheckView {
  return check.firstInstant !== undefined;
}

/** Whether what was seen later was as expected, and only the first instant showed otherwise. */
export function isDecidedByFirstInstant({ verdict, settledMs, firstInstant }: CheckView): boolean {
  if (firstInstant === undefined || settledMs === undefined) return false;
  const kind = verdict === 'leaked' ? 'leak' : verdict === 'broken' ? 'gap' : undefined;
  return firstInstant.windows.some((window) => window.kind === kind);
}

/** `let through 180 to 230 ms after its first millisecond`, `open for the first 370 to 422 ms of shop/late, …` */
export function describeFirstInstant({ from, expected, firstInstant }: EarlyCheckView): string {
  const { attempts, triedMs, endMs, allowed, windows } = firstInstant;
  if (attempts === 0 || triedMs === undefined)
    return `not known: ${windows[0]?.why ?? 'nothing was heard of it'}`;
  const unknown = windows.filter(({ kind }) => kind === 'unknown');
  const seen = `(${count(attempts, 'attempt')}, the first at an age of ${duration(triedMs)})`;
  const doubt = unknown.length === 0 ? '' : `; not known at all times: ${unknown[0]?.why ?? ''}`;
  if (expected === 'reachable') {
    return allowed === undefined
      ? `not seen to be let through ${seen}${doubt}`
      : `let through ${describeAge(allowed)} after the first millisecond of ${from} ${seen}`;
  }
  const leak = windows.find(({ kind }) => kind === 'leak');
  return leak === undefined
    ? `cut off from the first attempt until ${duration(endMs)} after the first millisecond of ${from} ${seen}${doubt}`
    : `${describeLeak(leak, firstInstant, from)} ${seen}`;
}

/** `at first  cut off from …`; nothing of a check that is not tried so. */
export function firstInstantFacts(check: CheckView): Fact[] {
  return isEarly(check) && check.verdict !== undefined
    ? [{ label: 'at first', text: describeFirstInstant(check) }]
    : [];
}

/**
 * `let through after a median of 230 ms, a p95 of 310 ms, a maximum of 310 ms (2 of 2 pairs); 3 of 4 pairs cut off at all times, 1 open`;
 * undefined where no pair of the step is tried so.
 */
export function describeFirstInstants({ checks }: Pick<StepView, 'checks'>): string | undefined {
  const told = firstInstantsOf(checks);
  if (told === undefined) return undefined;
  const { reachable, unreachable } = told;
  return [
    ...(reachable.concerned === 0 ? [] : [describeReachable(reachable)]),
    ...(unreachable.concerned === 0 ? [] : [describeUnreachable(unreachable)]),
  ].join('; ');
}

function describeReachable({ concerned, allowedMs, spread }: FirstInstantTotals['reachable']): string {
  const pairs = `${formatNumber(allowedMs.length)} of ${count(concerned, 'pair')}`;
  if (spread === undefined) return `not seen to be let through (${pairs})`;
  const { medianMs, p95Ms, maximumMs } = spread;
  const age =
    allowedMs.length === 1
      ? duration(maximumMs)
      : `median ${duration(medianMs)}, p95 ${duration(p95Ms)}, maximum ${duration(maximumMs)}`;
  return `let through at an age of at most ${age} (${pairs})`;
}

function describeUnreachable({ concerned, open, unknown }: FirstInstantTotals['unreachable']): string {
  const cut = concerned - open - unknown;
  return [
    `cut off from the first attempt on (${formatNumber(cut)} of ${count(concerned, 'pair')}`,
    ...(open === 0 ? [] : [`${formatNumber(open)} open for a time`]),
    ...(unknown === 0 ? [] : [`${formatNumber(unknown)} not known at all times`]),
  ]
    .join('; ')
    .concat(')');
}

/** `first instant: shop/late → shop/db:5432/TCP cut off …` for each pair that is tried so. */
export function firstInstantLines({ checks }: Pick<StepView, 'checks'>): string[] {
  return checks.flatMap((check) =>
    isEarly(check) && check.verdict !== undefined
      ? [`first instant: ${check.pair} ${describeFirstInstant(check)}`]
      : [],
  );
}
