/** What an upgrade came to, for pull requests and job summaries: the answer first. */

import { UPGRADE_PARTS } from '../../model/upgrade.ts';
import { renderChecks, renderDifferences } from '../comparison/markdown.ts';
import { describeOutcome } from '../comparison/words.ts';
import { renderWatch } from '../formats/markdown.ts';
import { describeRun, runWord } from '../parts/summary.ts';
import {
  joinWithin,
  LONGEST_SENTENCE,
  limitLines,
  MARKDOWN_LIMIT,
  sentence,
} from '../text/markdown-limit.ts';
import { paragraph, prose, shortCode, table } from '../text/markdown-text.ts';
import { shortenEnd } from '../text/text.ts';
import type { UpgradeView } from './view.ts';
import { amissIn, describeUpgrade, PART_TITLES, upgradeWord } from './words.ts';

const ROWS = 50;
/** The answer is never cut off where a reader would still read it. */
const LONGEST_ANSWER = 2 * LONGEST_SENTENCE;

export function renderUpgradeMarkdown(view: UpgradeView): string {
  const { parts, shown, changed } = view;
  const answer = prose(shortenEnd(describeUpgrade(view), LONGEST_ANSWER));
  return joinWithin(MARKDOWN_LIMIT, [
    `## ${upgradeWord(view).word}: ${answer}`,
    renderParts(view),
    ...renderBefore(view),
    ...(parts.during === undefined ? [] : [`## Part 2: ${PART_TITLES.during}`, ...renderWatch(parts.during)]),
    ...renderChecks('Not as expected', shown?.checks.filter(({ isWorse }) => isWorse) ?? []),
    ...(changed === undefined
      ? []
      : [
          `## Part 3: ${PART_TITLES.after}`,
          paragraph(shortenEnd(describeOutcome(changed), LONGEST_SENTENCE)),
          ...renderDifferences(changed),
        ]),
  ]);
}

function renderParts({ parts }: UpgradeView): string {
  const rows = UPGRADE_PARTS.map((part) => {
    const run = parts[part];
    return run === undefined
      ? [part, 'not made', '', '']
      : [part, `**${runWord(run).word}**`, sentence(describeRun(run)), shortCode(run.run.id)];
  });
  return table(['part', 'result', 'what', 'run'], rows);
}

function renderBefore({ parts: { before } }: UpgradeView): string[] {
  const lines = amissIn(before).map(({ word, text }) => `- **${word}** ${sentence(text)}`);
  return lines.length === 0 ? [] : [`## Part 1: ${PART_TITLES.before}`, limitLines(lines, ROWS)];
}
