/** The comparison for people: what is worse at length, what else changed in lines, and the outcome last. */
import { MISMATCHES } from '../../model/verdict.ts';
import type { ResultWord } from '../parts/summary.ts';
import type { RenderOptions } from '../render-options.ts';
import { type Fact, renderFacts, renderHeadline } from '../text/block.ts';
import { type Canvas, createPaint, usableWidth } from '../text/paint.ts';
import { count, disarmCommands, formatNumber, wrap } from '../text/text.ts';
import {
  CHANGE_WORDS,
  type CheckDifferenceView,
  type ComparisonView,
  checkFacts,
  type DifferenceRow,
  describeCheck,
  describeOutcome,
  describePair,
  describePlace,
  outcomeWord,
  runFacts,
  surroundingRows,
  timeRows,
  warningsOf,
  windowRows,
} from './words.ts';

const BLOCKS_SHOWN = 20;
const LINES_SHOWN = 10;

export function renderComparisonTerminal(view: ComparisonView, options: RenderOptions): string {
  const frame = {
    facts: runFacts(view),
    warnings: warningsOf(view),
    outcome: { ...outcomeWord(view), text: describeOutcome(view) },
  };
  return renderFramed(frame, options, (canvas) => renderDifferences(view, options, canvas));
}

/** What stands around differences: what is compared and what is doubtful about that, and the outcome as the last line. */
interface ComparisonFrame {
  readonly facts: readonly Fact[];
  readonly warnings: readonly string[];
  readonly outcome: ResultWord & { readonly text: string };
}

export function renderFramed(
  { facts, warnings, outcome }: ComparisonFrame,
  options: RenderOptions,
  render: (canvas: Canvas) => readonly (readonly string[])[],
): string {
  const canvas = { width: usableWidth(options.width), paint: createPaint(options.colour) };
  const paragraphs = [
    ...(options.quiet ? [] : [renderFacts(facts, canvas, '')]),
    ...warnings.map((text) => renderHeadline('warning', 'inconclusive', text, canvas, '')),
    ...render(canvas),
    renderHeadline(outcome.word, outcome.style, outcome.text, canvas, ''),
  ];
  return disarmCommands(`${paragraphs.map((lines) => lines.join('\n')).join('\n\n')}\n`);
}

/** What is worse at length, and unless quiet is asked for all else in lines. */
export function renderDifferences(view: ComparisonView, options: RenderOptions, canvas: Canvas): string[][] {
  return [
    ...renderBlocks(view.checks.filter(isLong), options, canvas),
    ...renderRows('windows', windowRows(options.quiet ? onlyWorse(view) : view), options, canvas),
    ...(options.quiet
      ? []
      : [
          ...renderLists(
            view.checks.filter((check) => !isLong(check)),
            options,
            canvas,
          ),
          ...renderRows('times', timeRows(view), options, canvas),
          ...renderRows('what else differs', surroundingRows(view), options, canvas),
        ]),
  ];
}

function isLong({ change }: CheckDifferenceView): boolean {
  return (
    change === 'inconclusive' || change === 'untried' || MISMATCHES.some((verdict) => verdict === change)
  );
}

function onlyWorse(view: ComparisonView): ComparisonView {
  return { ...view, windows: view.windows.filter(({ isWorse }) => isWorse) };
}

/** @param second what the second run is called */
export function renderBlocks(
  checks: readonly CheckDifferenceView[],
  options: RenderOptions,
  canvas: Canvas,
  second?: string,
): string[][] {
  return limitBlocks(checks, options, (check) => {
    const { word, style } = CHANGE_WORDS[check.change];
    return [
      ...renderHeadline(word.toUpperCase(), style, describePair(check), canvas, ''),
      ...renderFacts(checkFacts(check, second), canvas, '  '),
    ];
  });
}

/** What is told at length: the first of them, unless all are asked for. */
export function limitBlocks<One>(
  all: readonly One[],
  { verbose }: RenderOptions,
  render: (one: One) => string[],
): string[][] {
  const shown = verbose ? all : all.slice(0, BLOCKS_SHOWN);
  const left = all.length - shown.length;
  return [
    ...shown.map(render),
    ...(left === 0 ? [] : [[`… and ${formatNumber(left)} more (--verbose shows all)`]]),
  ];
}

function renderLists(
  checks: readonly CheckDifferenceView[],
  options: RenderOptions,
  canvas: Canvas,
): string[][] {
  return [...Map.groupBy(checks, ({ change }) => change)].map(([change, group]) => {
    const { word, style } = CHANGE_WORDS[change];
    return [
      ...renderHeadline(word, style, count(group.length, 'check'), canvas, ''),
      ...limited(
        group.map(
          (check) => `${describePair(check)} (${describePlace(check.place)}): ${describeCheck(check)}`,
        ),
        options,
        canvas,
      ),
    ];
  });
}

export function renderRows(
  title: string,
  rows: readonly DifferenceRow[],
  options: RenderOptions,
  canvas: Canvas,
): string[][] {
  if (rows.length === 0) return [];
  const lines = rows.map(
    ({ what, where, before, after }) => `${what}${where === '' ? '' : ` (${where})`}: ${before} → ${after}`,
  );
  return [[canvas.paint('name', title), ...limited(lines, options, canvas)]];
}

function limited(lines: readonly string[], { verbose }: RenderOptions, { width }: Canvas): string[] {
  const shown = verbose ? lines : lines.slice(0, LINES_SHOWN);
  const left = lines.length - shown.length;
  return [
    ...shown.flatMap((line) => wrap(line, width, '  ')),
    ...(left === 0 ? [] : [`  … and ${formatNumber(left)} more (--verbose shows all)`]),
  ];
}
