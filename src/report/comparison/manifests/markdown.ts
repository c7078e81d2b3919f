/** The change for pull requests: the outcome first, then what opens and closes, then the rest, as much as GitHub takes. */
import { CONNECTION_CHANGES } from '../../../compare/manifests/schema.ts';
import { renderFacts } from '../../text/block.ts';
import { joinWithin, LONGEST_SENTENCE, MARKDOWN_LIMIT, sentence } from '../../text/markdown-limit.ts';
import { details, fence, paragraph, shortCode, table } from '../../text/markdown-text.ts';
import { count, formatNumber, shortenEnd } from '../../text/text.ts';
import { CANVAS, more, ROWS, renderRows } from '../markdown.ts';
import {
  CONNECTION_WORDS,
  type ConnectionGroup,
  describeManifestOutcome,
  ELSEWHERE_CHANGES,
  ELSEWHERE_WORDS,
  type ElsewhereGroup,
  groupConnections,
  groupElsewhere,
  type ManifestComparisonView,
  manifestOutcomeWord,
  manifestRows,
  manifestWarnings,
  sizeOf,
  stateFacts,
} from './words.ts';

/** Longer tables are opened by whoever wants them. */
const LONG = 10;
const NAMES = 5;

export function renderManifestsMarkdown(view: ManifestComparisonView): string {
  const groups = Map.groupBy(groupConnections(view), ({ change }) => change);
  return joinWithin(MARKDOWN_LIMIT, [
    `## podreach diff: ${manifestOutcomeWord(view).word}`,
    paragraph(shortenEnd(describeManifestOutcome(view), LONGEST_SENTENCE)),
    ...manifestWarnings(view).map((text) => `> Warning: ${sentence(text)}`),
    ...CONNECTION_CHANGES.flatMap((change) => {
      const own = groups.get(change);
      return own === undefined ? [] : [renderGroups(CONNECTION_WORDS[change].word, own)];
    }),
    ...renderElsewhere(groupElsewhere(view)),
    ...renderRows('What else differs', manifestRows(view)).map((part) => foldRest(part, view)),
    details('What is compared', fence(renderFacts(stateFacts(view), CANVAS, ''))),
  ]);
}

function renderGroups(word: string, groups: readonly ConnectionGroup[]): string {
  const rows = groups
    .slice(0, ROWS)
    .map(({ sources, targets, before, after }) => [
      list(sources),
      list(targets),
      sentence(before),
      sentence(after),
    ]);
  const cells = `${table(['from', 'to', 'before', 'after'], rows)}${more(groups.length)}`;
  const size = groups.reduce((sum, group) => sum + sizeOf(group), 0);
  const title = `### ${word.charAt(0).toUpperCase()}${word.slice(1)}: ${count(size, 'connection')}`;
  return `${title}\n\n${groups.length > LONG ? details('Show them', cells) : cells}`;
}

function renderElsewhere(groups: readonly ElsewhereGroup[]): string[] {
  return ELSEWHERE_CHANGES.flatMap((change) => {
    const own = groups.filter((group) => group.change === change);
    if (own.length === 0) return [];
    const rows = own.slice(0, ROWS).map(({ isInto, workloads, others, ports, before, after }) => {
      const ends = [list(workloads), sentence(others)];
      return [...(isInto ? ends.toReversed() : ends), sentence(ports), sentence(before), sentence(after)];
    });
    const cells = `${table(['from', 'to', 'on', 'before', 'after'], rows)}${more(own.length)}`;
    const { word } = ELSEWHERE_WORDS[change];
    const title = `### ${word.charAt(0).toUpperCase()}${word.slice(1)}`;
    return [`${title}\n\n${own.length > LONG ? details('Show them', cells) : cells}`];
  });
}

function foldRest(part: string, view: ManifestComparisonView): string {
  const rows = manifestRows(view).length;
  if (rows <= LONG) return part;
  const [title = '', ...rest] = part.split('\n\n');
  return `${title}\n\n${details('Show it', rest.join('\n\n'))}`;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMES).map(shortCode).join(', ');
  const left = names.length - NAMES;
  return left <= 0 ? shown : `${shown} and ${formatNumber(left)} more`;
}
