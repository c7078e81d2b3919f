/** What stands over the lanes of a timeline: the time of day, the command, and marks for what else happened. */
import { shellCommand } from '../../../../shell.ts';
import { secondOf } from '../../../parts/clock.ts';
import { formatNumber, shortenEnd } from '../../../text/text.ts';
import type { RunView, WatchView } from '../../../view/view.ts';
import { html, type Markup, only } from '../markup.ts';
import { type AxisSpan, extentOf, placeOf, ticksOf, WIDTH } from '../time-axis.ts';

/** Of more incidents, the list tells what the marks say with a number only. */
const LABELLED = 12;
const MARKS = 200;
const LONGEST_LABEL = 44;
const LONGEST_COMMAND = 60;
/** About what a letter takes, in units of the drawing. */
const LETTER = 7.4;
const ROW = 20;
const AXIS = { height: 34, text: 14 } as const;

export function renderSky({ watch, watchEndMs }: RunView, whole: AxisSpan): Markup {
  if (watch === undefined) return html``;
  const marks = placeMarks(watch, whole);
  const commandRows = watch.command === undefined ? 0 : 1;
  const rows = commandRows + marks.reduce((most, { row }) => Math.max(most, row + 1), 0);
  const height = AXIS.height + rows * ROW;
  const ticks = ticksOf(whole, Date.parse(watch.startedAt));
  return html`<svg class="sky" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${`Time axis from ${secondOf(watch, 0)} to ${secondOf(watch, watchEndMs)}; what happened stands in the list below`}">
<defs>
<pattern id="is-leak" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="7" height="7"/><path d="M1.5 0V7"/></pattern>
<pattern id="is-gap" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6"/><path d="M0 3H6"/></pattern>
<pattern id="is-unknown" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6"/><circle cx="3" cy="3" r="1.4"/></pattern>
</defs>
<g class="ticks" data-height="${height}">${ticks.map(({ ms, label }) => html`<g transform="translate(${placeOf(ms, whole)} 0)"><path class="axis" d="M0 ${AXIS.text + 6}V${height}"/><text y="${AXIS.text}" text-anchor="middle">${label}</text></g>`)}</g>
${drawCommand(watch, watchEndMs, whole)}
${marks.map(({ index, ms, row, label, isAtEnd }) => html`<g class="incident" data-at="${ms}" data-y="${AXIS.height + (commandRows + row) * ROW}" transform="translate(${placeOf(ms, whole)} ${AXIS.height + (commandRows + row) * ROW})"><title>${index + 1}: ${watch.incidents[index]?.text ?? ''}</title><path d="M0 0l5 7-5 7-5-7z"/>${only(label !== '', () => html`<text x="${isAtEnd ? -9 : 9}" y="12" text-anchor="${isAtEnd ? 'end' : 'start'}">${label}</text>`)}</g>`)}
</svg>`;
}

function drawCommand({ command }: WatchView, endMs: number, whole: AxisSpan): Markup | readonly Markup[] {
  if (command === undefined) return [];
  const line = shellCommand(command.line);
  const span = { fromMs: command.startedMs, toMs: command.endedMs ?? endMs };
  const { x, width } = extentOf(span, whole) ?? { x: 0, width: 0 };
  return html`<g class="command"><title>${line}</title><rect data-from="${span.fromMs}" data-to="${span.toMs}" x="${x}" y="${AXIS.height}" width="${width}" height="${ROW - 4}"/><text data-beside="${span.fromMs}" data-y="${AXIS.height + 12}" transform="translate(${x} ${AXIS.height + 12})" x="6">${shortenEnd(line, LONGEST_COMMAND)}</text></g>`;
}

interface SkyMark {
  readonly index: number;
  readonly ms: number;
  readonly row: number;
  readonly label: string;
  /** The label stands before the mark: after it there is no room. */
  readonly isAtEnd: boolean;
}

/** Labels that would lie over each other stand below each other. */
function placeMarks({ incidents }: WatchView, whole: AxisSpan): SkyMark[] {
  const isLabelled = incidents.length <= LABELLED;
  const rows: number[] = [];
  return incidents.slice(0, MARKS).map(({ atMs: ms, text }, index) => {
    if (!isLabelled) return { index, ms, row: 0, label: '', isAtEnd: false };
    const label = `${index + 1} ${shortenEnd(text, LONGEST_LABEL)}`;
    const width = 14 + label.length * LETTER;
    const x = placeOf(ms, whole);
    const isAtEnd = x + width > WIDTH;
    const [from, to] = isAtEnd ? [x - width, x + 6] : [x - 6, x + width];
    const free = rows.findIndex((end) => end < from);
    const row = free === -1 ? rows.length : free;
    rows[row] = to;
    return { index, ms, row, label, isAtEnd };
  });
}

/** All of it in words, numbered as the marks are. */
export function renderIncidentList({ watch }: RunView): readonly Markup[] {
  if (watch === undefined || watch.incidents.length === 0) return [];
  const told = watch.incidents.slice(0, MARKS);
  const left = watch.incidents.length - told.length;
  return [
    html`<h3 id="watch-incidents">What else happened</h3>
<ol>${told.map(({ atMs, text, withinMs }) => html`<li>${secondOf(watch, atMs)}${withinMs === undefined ? '' : `, or up to ${formatNumber(Math.round(withinMs / 100) / 10)} s before`}: ${text}</li>`)}</ol>
${only(left > 0, () => html`<p>… and ${formatNumber(left)} more.</p>`)}
`,
  ];
}
