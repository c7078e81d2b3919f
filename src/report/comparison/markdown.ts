/** The comparison for pull requests and job summaries: the outcome first, then what is worse, then the rest, as much as GitHub takes. */

import { renderFacts } from '../text/block.ts';
import { joinWithin, LONGEST_SENTENCE, MARKDOWN_LIMIT, sentence } from '../text/markdown-limit.ts';
import { details, fence, paragraph, shortCode, table } from '../text/markdown-text.ts';
import { createPaint } from '../text/paint.ts';
import { formatNumber, shortenEnd } from '../text/text.ts';
import {
  CHANGE_WORDS,
  type CheckDifferenceView,
  type ComparisonView,
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

/** Longer tables are cut off. */
export const ROWS = 50;
export const CANVAS = { width: 100, paint: createPaint(false) };

export function renderComparisonMarkdown(view: ComparisonView): string {
  return joinWithin(MARKDOWN_LIMIT, [
    `## podreach diff: ${outcomeWord(view).word}`,
    paragraph(shortenEnd(describeOutcome(view), LONGEST_SENTENCE)),
    ...warningsOf(view).map((text) => `> Warning: ${sentence(text)}`),
    ...renderDifferences(view),
    details('The two runs', fence(renderFacts(runFacts(view), CANVAS, ''))),
  ]);
}

/** What is worse first. */
export function renderDifferences(view: ComparisonView): string[] {
  const [worse = [], others = []] = [true, false].map((isWorse) =>
    view.checks.filter((check) => check.isWorse === isWorse),
  );
  return [
    ...renderChecks('Worse', worse),
    ...renderRows('Windows', windowRows(view)),
    ...renderRows('Times', timeRows(view)),
    ...renderRows('What else differs', surroundingRows(view)),
    ...renderChecks('Other checks', others),
  ];
}

export function renderChecks(title: string, checks: readonly CheckDifferenceView[]): string[] {
  if (checks.length === 0) return [];
  const rows = checks
    .slice(0, ROWS)
    .map((check) => [
      `**${CHANGE_WORDS[check.change].word}**`,
      shortCode(describePair(check)),
      shortCode(describePlace(check.place)),
      sentence(describeCheck(check)),
      sentence(check.after?.reason ?? ''),
    ]);
  return [`### ${title}\n\n${table(['', 'check', 'where', 'what', 'reason'], rows)}${more(checks.length)}`];
}

export function renderRows(title: string, rows: readonly DifferenceRow[]): string[] {
  if (rows.length === 0) return [];
  const cells = rows
    .slice(0, ROWS)
    .map(({ what, where, before, after }) => [
      sentence(what),
      where === '' ? '' : shortCode(where),
      sentence(before),
      sentence(after),
    ]);
  return [`### ${title}\n\n${table(['', 'where', 'before', 'after'], cells)}${more(rows.length)}`];
}

/** What is said below a table of which not all rows are shown. */
export function more(all: number): string {
  return all <= ROWS ? '' : `\n\n… and ${formatNumber(all - ROWS)} more.`;
}
