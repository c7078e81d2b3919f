/** What the windows of a watched check make of its verdict. */

import { duration } from '../../duration.ts';
import { type Length, lengthOf, type Window } from '../../model/window.ts';
import type { RunRecord } from '../../record/schema.ts';
import type { Judgement } from '../judge.ts';
import { describeAges, describeLength, lengthsOf } from './lengths.ts';

export interface WatchRules extends Pick<NonNullable<RunRecord['watch']>, 'startedAt' | 'budgets'> {
  /** When the watch ended, in milliseconds after it began. */
  readonly endMs: number;
}

const VERDICTS = { leak: 'leaked', gap: 'broken' } as const;

/**
 * A check that did not pass before keeps its verdict. Otherwise the first rule that fits counts:
 *
 * 1. A window showed itself for longer than its budget: `leaked` or `broken`. Without a budget, any window did.
 * 2. A window may have been longer than its budget: `inconclusive`.
 * 3. More of the time than `maxUnknown` nobody could tell: `inconclusive`.
 */
export function watchedVerdict(
  judged: Judgement,
  windows: readonly Window[],
  { startedAt, budgets, endMs }: WatchRules,
): Judgement {
  if (judged.verdict !== 'pass') return judged;
  const doubts: string[] = [];
  for (const kind of ['leak', 'gap'] as const) {
    const { windows: number, longest, most } = lengthsOf(windows, kind, endMs);
    if (longest === undefined || most === undefined) continue;
    const budgetMs = (kind === 'leak' ? budgets.maxLeakMs : budgets.maxGapMs) ?? 0;
    const isOver = budgetMs === 0 || lengthOf(longest, endMs).atLeastMs > budgetMs;
    const told = isOver ? longest : most;
    if (!isOver && lengthOf(most, endMs).atMostMs <= budgetMs) continue;
    const reason = whyNot({ ...told, kind }, { number, budgetMs, startedAt, endMs });
    if (isOver) return { ...judged, verdict: VERDICTS[kind], reason };
    doubts.push(`${reason}: attempts are too far apart to tell (--every)`);
  }
  const { total, longest } = lengthsOf(windows, 'unknown', endMs);
  if (longest !== undefined && total.atLeastMs > budgets.maxUnknown * endMs)
    doubts.push(whyUnknown(total, longest, { maxUnknown: budgets.maxUnknown, endMs }));
  const [reason] = doubts;
  return reason === undefined ? judged : { ...judged, verdict: 'inconclusive', reason };
}

interface ContraryWindow extends Window {
  readonly kind: keyof typeof VERDICTS;
}

/** `it was open for 0.6 to 0.9 s from 02:14:07.120 UTC, 3 attempts connected` */
function whyNot(
  window: ContraryWindow,
  {
    number,
    budgetMs,
    startedAt,
    endMs,
  }: {
    readonly number: number;
    readonly budgetMs: number;
    readonly startedAt: string;
    readonly endMs: number;
  },
): string {
  const { kind, began, ended, attempts, outcome, detail, newPod } = window;
  const was = kind === 'leak' ? 'open' : 'cut off';
  const length = describeLength(lengthOf(window, endMs));
  const since = `from ${timeOfDay(startedAt, began.latestMs, endMs)}`;
  const lasted = `for ${length} ${since}${ended === undefined ? ' until the watch ended' : ''}`;
  const shown = detail === undefined ? outcome : `${outcome}: ${detail}`;
  const did =
    outcome === 'connected' ? 'connected' : `${kind === 'leak' ? 'got through' : 'failed'} (${shown})`;
  return [
    number === 1 ? `it was ${was} ${lasted}` : `it was ${was} ${number} times, once ${lasted}`,
    ...(newPod === undefined
      ? []
      : [`for the new pod ${newPod.pod} on ${newPod.node}, ${describeAges(newPod)}`]),
    `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} ${did}`,
    ...(budgetMs === 0 ? [] : [`and --max-${kind} allows ${duration(budgetMs)}`]),
  ].join(', ');
}

function whyUnknown(
  { atLeastMs }: Length,
  { why }: Window,
  { maxUnknown, endMs }: { readonly maxUnknown: number; readonly endMs: number },
): string {
  const part = inPercent(atLeastMs / endMs);
  return `nobody could tell for ${duration(atLeastMs)} of the ${duration(endMs)} in which it was watched (${part}), and --max-unknown allows ${inPercent(maxUnknown)}: ${why}`;
}

/** `12.5 %` */
function inPercent(part: number): string {
  return `${Math.round(part * 1000) / 10} %`;
}

/** `02:14:07.120 UTC`, with the day before it where the watch did not begin and end on the same. */
function timeOfDay(startedAt: string, ms: number, endMs: number): string {
  const at = (after: number): string => new Date(Date.parse(startedAt) + after).toISOString();
  const [day, time = ''] = at(ms).split('T');
  const isOneDay = at(0).slice(0, 10) === at(endMs).slice(0, 10);
  return `${isOneDay ? '' : `${day} `}${time.slice(0, -1)} UTC`;
}
