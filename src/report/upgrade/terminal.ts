/** What an upgrade came to, for people: the answer first, and then what it rests on, part by part. */
import { renderBlocks, renderDifferences } from '../comparison/terminal.ts';
import { describeOutcome } from '../comparison/words.ts';
import { renderWatch } from '../formats/terminal/watch-section.ts';
import { columnsFor } from '../parts/result-line.ts';
import type { RenderOptions } from '../render-options.ts';
import { renderFacts, renderHeadline } from '../text/block.ts';
import { type Canvas, createPaint, usableWidth } from '../text/paint.ts';
import { disarmCommands, wrap } from '../text/text.ts';
import type { UpgradeView } from './view.ts';
import { amissIn, describeLeft, describeUpgrade, PART_TITLES, partFacts, upgradeWord } from './words.ts';

const LINES_SHOWN = 20;

export function renderUpgradeTerminal(view: UpgradeView, options: RenderOptions): string {
  const canvas = { width: usableWidth(options.width), paint: createPaint(options.colour) };
  const paragraphs = [
    renderAnswer(view, canvas),
    ...(options.quiet ? [] : [renderFacts(partFacts(view), canvas, '')]),
    ...renderBefore(view, options, canvas),
    ...renderDuring(view, options, canvas),
    ...renderAfter(view, options, canvas),
  ];
  return disarmCommands(`${paragraphs.map((lines) => lines.join('\n')).join('\n\n')}\n`);
}

/** `No go: during the upgrade 4 checks leaked` */
function renderAnswer(view: UpgradeView, { width, paint }: Canvas): string[] {
  const { word, style } = upgradeWord(view);
  const prefix = `${word}: `;
  return wrap(describeUpgrade(view), width, prefix).map((line, index) =>
    index === 0 ? paint(style, prefix.trimEnd()) + line.slice(prefix.length - 1) : line,
  );
}

function renderBefore(
  { parts: { before } }: UpgradeView,
  options: RenderOptions,
  canvas: Canvas,
): string[][] {
  const lines = amissIn(before);
  if (lines.length === 0) return [];
  const shown = options.verbose ? lines : lines.slice(0, LINES_SHOWN);
  const left = lines.length - shown.length;
  return [
    [
      canvas.paint('name', PART_TITLES.before),
      ...shown.flatMap(({ word, style, text }) => renderHeadline(word, style, text, canvas)),
      ...(left === 0 ? [] : [`  ${describeLeft(left)} (--verbose shows all)`]),
    ],
  ];
}

function renderDuring({ parts, shown }: UpgradeView, options: RenderOptions, canvas: Canvas): string[][] {
  const { during } = parts;
  if (during === undefined || shown === undefined) return [];
  const { verbose, quiet } = options;
  const paragraphs = [
    ...renderWatch(during, { canvas, verbose, quiet, columns: columnsFor([]) }),
    ...renderBlocks(
      shown.checks.filter(({ isWorse }) => isWorse),
      options,
      canvas,
      'during',
    ),
  ];
  return paragraphs.length === 0 ? [] : [[canvas.paint('name', PART_TITLES.during)], ...paragraphs];
}

function renderAfter({ changed }: UpgradeView, options: RenderOptions, canvas: Canvas): string[][] {
  if (changed === undefined) return [];
  const differences = renderDifferences(changed, options, canvas);
  if (options.quiet)
    return differences.length === 0 ? [] : [[canvas.paint('name', PART_TITLES.after)], ...differences];
  return [renderHeadline(PART_TITLES.after, 'name', describeOutcome(changed), canvas, ''), ...differences];
}
