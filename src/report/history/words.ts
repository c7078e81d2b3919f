/** What many records show, in words that all formats share. */
import type { ShownVerdict } from '../../compare/check-trend.ts';
import type { History } from '../../compare/history.ts';
import { describeConnection } from '../../pair.ts';
import { describePlace } from '../comparison/words.ts';
import { CELLS } from '../parts/matrix.ts';
import { describeCounts, type ResultWord, runWord } from '../parts/summary.ts';
import type { Fact } from '../text/block.ts';
import type { Style } from '../text/paint.ts';
import { count, duration, formatNumber } from '../text/text.ts';
import type { View } from '../view/harmless.ts';

export interface HistoryView extends View<History> {
  readonly leftOut: View<readonly { readonly file: string; readonly why: string }[]>;
}
export type PastRunView = HistoryView['runs'][number];
export type TimeTrendView = HistoryView['times'][number];
export type CheckTrendView = HistoryView['checks'][number];

/** A sign for each run, as in the matrices of reports; a check that passed has no sign of what was expected of it. */
export const SIGNS: Readonly<
  Record<ShownVerdict, { readonly sign: string; readonly word: string; readonly style: Style }>
> = {
  pass: { sign: '.', word: 'passed', style: 'passed' },
  leaked: { sign: CELLS.leaked.glyph, word: 'leaked', style: 'leaked' },
  broken: { sign: CELLS.broken.glyph, word: 'broken', style: 'broken' },
  flapping: { sign: CELLS.flapping.glyph, word: 'flapping', style: 'flapping' },
  late: { sign: CELLS.late.glyph, word: 'late', style: 'late' },
  inconclusive: { sign: '?', word: 'inconclusive', style: 'inconclusive' },
  unjudged: { sign: '~', word: 'not judged', style: 'inconclusive' },
  known: { sign: CELLS.known.glyph, word: 'known issue', style: 'known' },
};

/** `. passed, L leaked, …, blank: not there` */
export const LEGEND = [
  ...Object.values(SIGNS).map(({ sign, word }) => `${sign} ${word}`),
  'blank: not there',
].join(', ');

export function signOf(verdict: ShownVerdict | null): string {
  return verdict === null ? ' ' : SIGNS[verdict].sign;
}

export function wordOf(run: PastRunView): ResultWord {
  return runWord({ run, exitCode: run.exitCode });
}

/** `2026-11-20 02:00` */
export function whenOf({ startedAt }: PastRunView): string {
  return startedAt.slice(0, 16).replace('T', ' ');
}

/** Where a run went, and by what. */
export function describeSurroundings({ cluster, kubernetes, networkPlugins, podreach }: PastRunView): string {
  return [cluster, kubernetes, networkPlugins, `podreach ${podreach}`]
    .filter((part) => part !== undefined)
    .join(', ');
}

export function describePair(check: CheckTrendView): string {
  return describeConnection(check);
}

/** What a check came to in the newest run that judged it; `flaky` where that was a pass. */
export function headOf({ last, isFlaky }: CheckTrendView): ResultWord {
  if (last === undefined) return SIGNS.unjudged;
  return last === 'pass' && isFlaky ? { word: 'flaky', style: 'flapping' } : SIGNS[last];
}

export function checkFacts(check: CheckTrendView, runs: HistoryView['runs']): Fact[] {
  const { place, verdicts, failures, firstFailure, lastFailure, isFlaky } = check;
  const seen = verdicts.filter((verdict) => verdict !== null).length;
  const at = (index: number | undefined): string => {
    const run = index === undefined ? undefined : runs[index];
    return run === undefined ? 'never' : `${whenOf(run)} (run ${run.id})`;
  };
  return [
    { label: 'where', text: describePlace(place) },
    { label: 'failed', text: `in ${formatNumber(failures)} of ${count(seen, 'run')}` },
    ...(failures === 0
      ? []
      : [
          { label: 'first', text: at(firstFailure) },
          { label: 'last', text: at(lastFailure) },
        ]),
    ...(isFlaky
      ? [
          {
            label: 'flaky',
            text: verdicts.includes('flapping')
              ? 'it was flapping'
              : 'its verdict changed at least twice with the same policies, network plugin and cluster',
          },
        ]
      : []),
  ];
}

const MEASURES = { enforce: 'time to enforce', allow: 'time to allow' } as const;

export function nameOfTrend({ measure, place }: TimeTrendView): string {
  return `${MEASURES[measure]}, ${describePlace(place)}`;
}

/** Of the medians of all runs. */
export function describeTrend({ points }: TimeTrendView): string {
  const medians = points.map(({ medianMs }) => medianMs);
  const [first = 0, last = 0] = [medians[0], medians.at(-1)];
  const sorted = medians.toSorted((left, right) => left - right);
  const [least = 0, most = 0] = [sorted[0], sorted.at(-1)];
  return `median ${duration(first)} at first, ${duration(last)} at last, from ${duration(least)} to ${duration(most)} in ${count(points.length, 'run')}`;
}

/** The last line. */
export function describeHistory({ runs, checks, checksSeen }: HistoryView): string {
  const words = Map.groupBy(runs, (run) => wordOf(run).word);
  const results = [...words].map(([word, group]) => `${formatNumber(group.length)} ${word}`).join(', ');
  const failed = checks.filter(({ failures }) => failures > 0).length;
  const flaky = checks.filter(({ isFlaky }) => isFlaky).length;
  return `${count(runs.length, 'run')}: ${results}; ${count(checksSeen, 'check')}: ${formatNumber(failed)} failed at any time, ${formatNumber(flaky)} flaky`;
}

export function describeNewest({ counts }: PastRunView): string {
  return describeCounts(counts) || 'no checks';
}
