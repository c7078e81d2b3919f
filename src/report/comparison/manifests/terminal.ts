/** The change for people: what it opens and closes at length, what else changed in lines, and the outcome last. */
import type { RenderOptions } from '../../render-options.ts';
import { renderFacts, renderHeadline } from '../../text/block.ts';
import type { Canvas } from '../../text/paint.ts';
import { formatNumber } from '../../text/text.ts';
import { limitBlocks, renderFramed, renderRows } from '../terminal.ts';
import {
  CONNECTION_WORDS,
  type ConnectionGroup,
  describeElsewhere,
  describeGroup,
  describeManifestOutcome,
  ELSEWHERE_WORDS,
  type ElsewhereGroup,
  elsewhereFacts,
  groupConnections,
  groupElsewhere,
  groupFacts,
  type ManifestComparisonView,
  manifestOutcomeWord,
  manifestRows,
  manifestWarnings,
  stateFacts,
} from './words.ts';

const NAMES_SHOWN = 10;

export function renderManifestsTerminal(view: ManifestComparisonView, options: RenderOptions): string {
  const frame = {
    facts: stateFacts(view),
    warnings: manifestWarnings(view),
    outcome: { ...manifestOutcomeWord(view), text: describeManifestOutcome(view) },
  };
  return renderFramed(frame, options, (canvas) => [
    ...renderGroups(groupConnections(view), options, canvas),
    ...renderElsewhere(groupElsewhere(view), options, canvas),
    ...(options.quiet ? [] : renderRows('what else differs', manifestRows(view), options, canvas)),
  ]);
}

function renderElsewhere(
  groups: readonly ElsewhereGroup[],
  options: RenderOptions,
  canvas: Canvas,
): string[][] {
  return limitBlocks(groups, options, (group) => {
    const { word, style } = ELSEWHERE_WORDS[group.change];
    return [
      ...renderHeadline(word.toUpperCase(), style, describeElsewhere(group), canvas, ''),
      ...renderFacts(elsewhereFacts(group, listNamesFor(options)), canvas, '  '),
    ];
  });
}

function listNamesFor({ verbose }: RenderOptions): (names: readonly string[]) => string {
  return (names) => {
    const listed = verbose ? names : names.slice(0, NAMES_SHOWN);
    const left = names.length - listed.length;
    return `${listed.join(', ')}${left === 0 ? '' : ` and ${formatNumber(left)} more (--verbose shows all)`}`;
  };
}

function renderGroups(
  groups: readonly ConnectionGroup[],
  options: RenderOptions,
  canvas: Canvas,
): string[][] {
  const list = listNamesFor(options);
  return limitBlocks(groups, options, (group) => {
    const { word, style } = CONNECTION_WORDS[group.change];
    return [
      ...renderHeadline(word.toUpperCase(), style, describeGroup(group), canvas, ''),
      ...renderFacts(groupFacts(group, list), canvas, '  '),
    ];
  });
}
