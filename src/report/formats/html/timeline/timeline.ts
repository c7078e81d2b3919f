/**
 * What was found while checks were watched: a timeline with a lane for each group of windows, over what else happened. Without a script it
 * shows the whole time; with it, any part of it.
 */

import { describeLength } from '../../../../judge/windows/lengths.ts';
import { greatest, least } from '../../../../numbers.ts';
import { momentOf, secondOf } from '../../../parts/clock.ts';
import { countKind, describeWindows, watchFacts } from '../../../parts/watch.ts';
import { describeWindow } from '../../../parts/watched.ts';
import { describeWindowGroup } from '../../../parts/windows.ts';
import { count, formatNumber } from '../../../text/text.ts';
import type { RunView } from '../../../view/view.ts';
import {
  groupWindows,
  type WatchedWindow,
  type WindowGroup,
  type WindowView,
} from '../../../view/window-groups.ts';
import { html, type Markup, only } from '../markup.ts';
import { renderFactList, renderTable } from '../parts.ts';
import { type AxisSpan, extentOf, WIDTH } from '../time-axis.ts';
import { renderIncidentList, renderSky } from './sky.ts';

/** Of more, only how many there are: a page with thousands of lanes shows nothing. */
const LANES = 60;
const CHECKS_OF_LANE = 25;
const LANE_HEIGHT = 16;

type WindowKindView = WindowGroup['kind'];
const KINDS: readonly (readonly [kind: WindowKindView, meaning: string])[] = [
  ['leak', 'leak: it connected, and must not'],
  ['gap', 'gap: it did not connect, and must'],
  ['unknown', 'unknown: nobody could tell'],
];

/** Nothing where nothing was watched. */
export function renderWatch(view: RunView): readonly Markup[] {
  const { watch, watchEndMs } = view;
  if (watch === undefined) return [];
  const groups = groupWindows(view);
  const shown = groups.slice(0, LANES);
  const left = groups.length - shown.length;
  const whole = { fromMs: 0, toMs: Math.max(1, watchEndMs) };
  return [
    html`<section id="watch" aria-labelledby="watch-title">
<h2 id="watch-title">While it was watched</h2>
<p>Windows: ${describeWindows(view)}.</p>
${renderFactList(watchFacts(view).filter(({ label }) => label !== 'windows'))}
<div class="timeline" data-started="${Date.parse(watch.startedAt)}" data-end="${whole.toMs}">
${renderTools(watch, whole)}
<div class="scroll" role="group" aria-label="Timeline of windows and of what else happened, in UTC" tabindex="0"><div class="tracks">
${renderSky(view, whole)}
${only(shown.length > 0, () => html`<ol class="lanes">${shown.map((group) => renderLane(group, view, whole))}</ol>`)}
</div></div>
${only(left > 0, () => html`<p>… and ${count(left, 'more group')} of windows: ${countLeft(groups.slice(LANES))}. The saved record holds every one.</p>`)}
${only(shown.length > 0, renderLegend)}
</div>
${renderIncidentList(view)}
${renderGroupTable(shown, view)}
</section>
`,
  ];
}

/** Hidden until the script is there that makes them work. */
function renderTools(watch: NonNullable<RunView['watch']>, whole: AxisSpan): Markup {
  const buttons = [
    ['in', 'Zoom in', '+'],
    ['out', 'Zoom out', '-'],
    ['earlier', 'Earlier', '←'],
    ['later', 'Later', '→'],
    ['whole', 'Whole time', '0'],
  ] as const;
  return html`<div class="tools" role="group" aria-label="What the timeline shows" hidden>${buttons.map(([name, text, key]) => html`<button type="button" data-do="${name}">${text} <kbd>${key}</kbd></button>`)}<output>${secondOf(watch, whole.fromMs).replace(/ UTC$/, '')} to ${secondOf(watch, whole.toMs)}</output></div>`;
}

/** Opens to its checks. Its words say all that its bar shows. */
function renderLane(group: WindowGroup, view: RunView, whole: AxisSpan): Markup {
  const { watch, watchEndMs } = view;
  if (watch === undefined) return html``;
  const { kind, windows, began, ended } = group;
  const told = windows.slice(0, CHECKS_OF_LANE);
  const left = windows.length - told.length;
  const sure = { fromMs: began.latestMs, toMs: ended?.earliestMs ?? watchEndMs };
  const perhaps = spanOf(
    windows.map(({ window }) => window),
    watchEndMs,
  );
  return html`<li><details class="lane"><summary><span>${secondOf(watch, began.latestMs)}: ${describeWindowGroup(group)}</span>${drawBar(kind, { sure, perhaps }, whole)}</summary>
<ul>${told.map((one) => renderWindow(one, view, whole))}${only(left > 0, () => html`<li>and ${formatNumber(left)} more, which the matrices show</li>`)}</ul></details></li>
`;
}

function renderWindow(
  { check, window }: WatchedWindow,
  { watch, watchEndMs }: RunView,
  whole: AxisSpan,
): Markup {
  if (watch === undefined) return html``;
  const sure = { fromMs: window.began.latestMs, toMs: window.ended?.earliestMs ?? watchEndMs };
  return html`<li><span class="pair">${check.title}</span>: ${describeWindow(window, watch, watchEndMs)}${drawBar(window.kind, { sure, perhaps: spanOf([window], watchEndMs) }, whole)}</li>`;
}

/** From the earliest moment at which one of them may have begun to the latest at which one may have ended. */
function spanOf(windows: readonly WindowView[], endMs: number): AxisSpan {
  return {
    fromMs: least(windows.map(({ began }) => began.earliestMs)),
    toMs: greatest(windows.map(({ ended }) => ended?.latestMs ?? endMs)),
  };
}

/** The whole of a window pale, and what is certain of it in the pattern of its kind. */
function drawBar(
  kind: WindowKindView,
  { sure, perhaps }: { readonly sure: AxisSpan; readonly perhaps: AxisSpan },
  whole: AxisSpan,
): Markup {
  const known = { fromMs: sure.fromMs, toMs: Math.max(sure.fromMs, sure.toMs) };
  return html`<svg class="bar" viewBox="0 0 ${WIDTH} ${LANE_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${drawSpan(perhaps, `perhaps is-${kind}`, whole)}${drawSpan(known, `sure is-${kind}`, whole)}</svg>`;
}

function drawSpan(span: AxisSpan, style: string, whole: AxisSpan): Markup {
  const { x, width } = extentOf(span, whole) ?? { x: 0, width: 0 };
  const [y, height] = style.startsWith('sure') ? [1, LANE_HEIGHT - 2] : [5, LANE_HEIGHT - 10];
  return html`<rect class="${style}" data-from="${span.fromMs}" data-to="${span.toMs}" x="${x}" y="${y}" width="${width}" height="${height}"/>`;
}

function renderLegend(): Markup {
  return html`<ul class="legend">${KINDS.map(([kind, meaning]) => html`<li><svg class="key" viewBox="0 0 28 14" width="28" height="14" aria-hidden="true"><rect class="sure is-${kind}" x="1" y="1" width="26" height="12"/></svg>${meaning}</li>`)}<li>narrow: it may have begun so early, or ended so late</li></ul>`;
}

function renderGroupTable(groups: readonly WindowGroup[], { watch }: RunView): readonly Markup[] {
  if (watch === undefined || groups.length === 0) return [];
  const rows = groups.map((group) => {
    const { kind, began, ended, length, checks } = group;
    return html`<tr><th scope="row">${kind}</th><td>${momentOf(watch, began.latestMs)}</td><td>${ended === undefined ? 'the end of the watch' : momentOf(watch, ended.earliestMs)}</td><td>${describeLength(length)}</td><td class="number">${formatNumber(checks.length)}</td><td>${describeWindowGroup(group)}</td></tr>
`;
  });
  return [
    html`<details><summary>The same as a table</summary>${renderTable('Windows', ['kind', 'seen from', 'until', 'for', 'checks', 'what'], rows)}</details>
`,
  ];
}

function countLeft(groups: readonly WindowGroup[]): string {
  return KINDS.flatMap(([kind]) => {
    const number = groups.filter((group) => group.kind === kind).length;
    return number === 0 ? [] : [countKind(kind, number)];
  }).join(', ');
}
