/** The drawings of a history: what was not as expected run by run, and how the times of a step went. */

import { greatest } from '../../numbers.ts';
import { html, type Markup } from '../formats/html/markup.ts';
import { duration, formatNumber } from '../text/text.ts';
import {
  describeNewest,
  describeSurroundings,
  type HistoryView,
  nameOfTrend,
  type PastRunView,
  SIGNS,
  type TimeTrendView,
  whenOf,
  wordOf,
} from './words.ts';

const WIDTH = 760;
const [LEFT, RIGHT] = [46, 8];
const PLOT = { top: 10, height: 130 };
/** What is there at all must be seen. */
const LEAST_HEIGHT = 3;
const WIDEST_BAR = 26;
const TREND = { width: 300, height: 56, top: 6, right: 66 };

/** What is drawn of a run, the most dangerous at the bottom. */
const DRAWN = ['leaked', 'broken', 'flapping', 'late', 'inconclusive', 'unjudged'] as const;

/** A bar for each run: how many checks were not as expected, or not proven. Dashed: cluster, plugin or podreach changed. */
export function drawRuns(runs: HistoryView['runs'], label: string): Markup {
  const most = Math.max(1, greatest(runs.map(amiss)));
  const room = (WIDTH - LEFT - RIGHT) / runs.length;
  const bottom = PLOT.top + PLOT.height;
  const height = (number: number): number =>
    number === 0 ? 0 : Math.max(LEAST_HEIGHT, round((number / most) * PLOT.height));
  const bars = runs.map((run, index) => {
    const width = round(Math.min(WIDEST_BAR, room * 0.8));
    const x = round(LEFT + index * room + (room - width) / 2);
    let y = bottom;
    const parts = DRAWN.flatMap((kind) => {
      const part = height(run.counts[kind]);
      y -= part;
      return part === 0
        ? []
        : [html`<rect class="bar-${kind}" x="${x}" y="${round(y)}" width="${width}" height="${part}"/>`];
    });
    const mark =
      parts.length === 0
        ? html`<rect class="bar-pass" x="${x}" y="${bottom - 2}" width="${width}" height="2"/>`
        : parts;
    const before = runs[index - 1];
    const isChanged = before !== undefined && describeSurroundings(before) !== describeSurroundings(run);
    const line = isChanged
      ? html`<path class="changed" d="M${round(LEFT + index * room)} ${PLOT.top}V${bottom}"><title>from here on ${describeSurroundings(run)}</title></path>`
      : '';
    return html`${line}<g><title>${whenOf(run)}: ${wordOf(run).word}, ${describeNewest(run)}</title>${mark}</g>`;
  });
  const [first, last] = [runs[0], runs.at(-1)];
  return html`<svg class="runs" viewBox="0 0 ${WIDTH} ${bottom + 24}" width="${WIDTH}" height="${bottom + 24}" role="img" aria-label="${label}">
<path class="axis" d="M${LEFT} ${bottom}H${WIDTH - RIGHT}"/><path class="axis" d="M${LEFT} ${PLOT.top}H${WIDTH - RIGHT}"/>
<text x="${LEFT - 8}" y="${bottom + 4}" text-anchor="end">0</text><text x="${LEFT - 8}" y="${PLOT.top + 4}" text-anchor="end">${formatNumber(most)}</text>
${bars}
<text x="${LEFT}" y="${bottom + 19}">${first === undefined ? '' : whenOf(first)}</text>${runs.length < 2 || last === undefined ? '' : html`<text x="${WIDTH - RIGHT}" y="${bottom + 19}" text-anchor="end">${whenOf(last)}</text>`}
</svg>`;
}

/** What the colours of the bars mean. */
export function legendOf(runs: HistoryView['runs']): readonly Markup[] {
  return DRAWN.filter((kind) => runs.some(({ counts }) => counts[kind] > 0)).map(
    (kind) =>
      html`<li><svg width="14" height="12" aria-hidden="true"><rect class="bar-${kind}" width="12" height="12"/></svg> ${SIGNS[kind].word}</li>`,
  );
}

/** The medians of all runs, and dashed the times of 95 of 100 pairs. */
export function drawTrend(trend: TimeTrendView, runs: number): Markup {
  const { points } = trend;
  const { width, height, top, right } = TREND;
  const most = Math.max(1, greatest(points.map(({ p95Ms }) => p95Ms)));
  const bottom = height - top;
  const x = (run: number): number => round(4 + (run / Math.max(1, runs - 1)) * (width - right - 8));
  const y = (ms: number): number => round(bottom - (ms / most) * (bottom - top));
  const path = (value: (point: TimeTrendView['points'][number]) => number): string =>
    points.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point.run)} ${y(value(point))}`).join('');
  return html`<svg class="trend" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${nameOfTrend(trend)}, run by run">
<path class="axis" d="M0 ${bottom}H${width - right}"/>
<path class="p95" d="${path(({ p95Ms }) => p95Ms)}"/><path class="median" d="${path(({ medianMs }) => medianMs)}"/>
${points.slice(-1).map((point) => html`<circle class="dot" cx="${x(point.run)}" cy="${y(point.medianMs)}" r="3"/>`)}
<text x="${width - right + 4}" y="${top + 8}">${duration(most)}</text><text x="${width - right + 4}" y="${bottom + 4}">0</text>
</svg>`;
}

function amiss({ counts }: PastRunView): number {
  return DRAWN.reduce((sum, kind) => sum + counts[kind], 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
