/** The history for people: the runs, what failed in any of them, how long steps took, and the sum of it last. */
import type { RenderOptions } from '../render-options.ts';
import { renderFacts, renderHeadline } from '../text/block.ts';
import { type Canvas, createPaint, usableWidth } from '../text/paint.ts';
import { count, disarmCommands, formatNumber, padEnd, widest, wrap } from '../text/text.ts';
import {
  checkFacts,
  describeHistory,
  describeNewest,
  describePair,
  describeSurroundings,
  describeTrend,
  type HistoryView,
  headOf,
  LEGEND,
  nameOfTrend,
  type PastRunView,
  signOf,
  whenOf,
  wordOf,
} from './words.ts';

const RUNS_SHOWN = 20;
const CHECKS_SHOWN = 20;
const TIMES_SHOWN = 20;
/** Signs of as many runs fit into a line beside their label. */
const SIGNS_SHOWN = 60;

export function renderHistoryTerminal(view: HistoryView, options: RenderOptions): string {
  const canvas = { width: usableWidth(options.width), paint: createPaint(options.colour) };
  const paragraphs = [
    ...(options.quiet ? [] : [renderRuns(view, options, canvas)]),
    ...renderChecks(view, options, canvas),
    ...(options.quiet ? [] : renderTimes(view, options, canvas)),
    ...renderLeftOut(view, canvas),
    renderHeadline('history', 'name', describeHistory(view), canvas, ''),
  ];
  return disarmCommands(`${paragraphs.map((lines) => lines.join('\n')).join('\n\n')}\n`);
}

/** Where a run went is said again only where it is not as in the run before. */
function renderRuns({ runs }: HistoryView, { verbose }: RenderOptions, { width, paint }: Canvas): string[] {
  const shown = verbose ? runs : runs.slice(-RUNS_SHOWN);
  const left = runs.length - shown.length;
  const wordWidth = widest(shown.map((run) => wordOf(run).word));
  const lines = shown.flatMap((run, index) => {
    const { word, style } = wordOf(run);
    const before: PastRunView | undefined = shown[index - 1];
    const surroundings = describeSurroundings(run);
    const isSame = before !== undefined && describeSurroundings(before) === surroundings;
    const prefix = `${whenOf(run)}  ${padEnd(word, wordWidth)}  `;
    const text = `${describeNewest(run)}${isSame ? '' : ` (${surroundings})`}`;
    return wrap(text, width, prefix).map((line, turn) =>
      turn === 0 ? line.replace(word, paint(style, word)) : line,
    );
  });
  return [...(left === 0 ? [] : [`… ${count(left, 'earlier run')} (--verbose shows all)`]), ...lines];
}

function renderChecks(view: HistoryView, { verbose }: RenderOptions, canvas: Canvas): string[][] {
  const shown = verbose ? view.checks : view.checks.slice(0, CHECKS_SHOWN);
  const left = view.checks.length - shown.length;
  return [
    ...shown.map((check) => {
      const { word, style } = headOf(check);
      const signs = check.verdicts.slice(-SIGNS_SHOWN).map(signOf).join('');
      const newest = check.verdicts.length > SIGNS_SHOWN ? `newest ${SIGNS_SHOWN}` : 'runs';
      return [
        ...renderHeadline(word.toUpperCase(), style, describePair(check), canvas, ''),
        ...renderFacts(
          [...checkFacts(check, view.runs), { label: newest, text: signs, isCommand: true }],
          canvas,
          '  ',
        ),
      ];
    }),
    ...(shown.length === 0 ? [] : [wrap(LEGEND, canvas.width, '  ')]),
    ...(left === 0 ? [] : [[`… and ${formatNumber(left)} more (--verbose shows all)`]]),
  ];
}

function renderTimes(
  { times }: HistoryView,
  { verbose }: RenderOptions,
  { width, paint }: Canvas,
): string[][] {
  if (times.length === 0) return [];
  const shown = verbose ? times : times.slice(0, TIMES_SHOWN);
  const left = times.length - shown.length;
  return [
    [
      paint('name', 'times'),
      ...shown.flatMap((trend) => wrap(`${nameOfTrend(trend)}: ${describeTrend(trend)}`, width, '  ')),
      ...(left === 0 ? [] : [`  … and ${formatNumber(left)} more (--verbose shows all)`]),
    ],
  ];
}

function renderLeftOut({ leftOut }: HistoryView, canvas: Canvas): string[][] {
  if (leftOut.length === 0) return [];
  return [
    leftOut.flatMap(({ file, why }) =>
      renderHeadline('left out', 'inconclusive', `${file} ${why}`, canvas, ''),
    ),
  ];
}
