/** The watch of a run in the terminal report: what it came to, its windows, and with `--verbose` all that happened meanwhile. */
import {
  describeCommandFailure,
  describeWindows,
  incidentLines,
  watchFacts,
  windowLines,
} from '../../parts/watch.ts';
import { renderFacts, renderHeadline } from '../../text/block.ts';
import type { Canvas, Style } from '../../text/paint.ts';
import { formatNumber, wrap } from '../../text/text.ts';
import type { RunView } from '../../view/view.ts';
import type { WindowGroup } from '../../view/window-groups.ts';
import type { SectionOptions } from './scenario-section.ts';

const GROUPS_SHOWN = 20;
const STYLES: Readonly<Record<WindowGroup['kind'], Style>> = {
  leak: 'leaked',
  gap: 'broken',
  unknown: 'inconclusive',
};

/** Paragraphs; none where nothing was watched, and where quiet is asked for and there is nothing to see. */
export function renderWatch(view: RunView, { canvas, verbose, quiet }: SectionOptions): string[][] {
  if (view.watch === undefined) return [];
  const lines = windowLines(view);
  const failure = describeCommandFailure(view);
  if (quiet && lines.length === 0 && failure === undefined) return [];
  const shown = verbose ? lines : lines.slice(0, GROUPS_SHOWN);
  const left = lines.length - shown.length;
  return [
    [
      ...renderHeadline('WATCH', 'name', describeWindows(view), canvas, ''),
      ...renderFacts(
        watchFacts(view).filter(({ label }) => label !== 'windows'),
        canvas,
        '  ',
      ),
    ],
    ...(shown.length === 0
      ? []
      : [
          shown.flatMap(({ at, text, group }) =>
            renderHeadline(group.kind.toUpperCase(), STYLES[group.kind], `${at}: ${text}`, canvas),
          ),
        ]),
    ...(left > 0
      ? [wrap(`… and ${formatNumber(left)} more. --verbose shows them all.`, canvas.width, '  ')]
      : []),
    ...(verbose ? renderIncidents(view, canvas) : []),
    ...(failure === undefined ? [] : [renderHeadline('ERROR', 'error', failure, canvas, '')]),
  ];
}

function renderIncidents(view: RunView, canvas: Canvas): string[][] {
  const lines = incidentLines(view);
  return lines.length === 0
    ? []
    : [lines.flatMap((text) => renderHeadline('MEANWHILE', 'name', text, canvas))];
}
