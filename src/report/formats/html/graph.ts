/** Which namespaces talk to which, drawn: as many arrows as there are kinds of ways between two of them. */
import { namespaceOf } from '../../../keys.ts';
import { FLOW_LEGEND, type FlowStyle, flowsOf, type ShownFlow } from '../../parts/flows.ts';
import { groupBy } from '../../parts/group.ts';
import { count, formatNumber, shortenMiddle } from '../../text/text.ts';
import type { StepView } from '../../view/view.ts';
import { html, type Markup, only } from './markup.ts';
import { renderHeading, renderTable } from './parts.ts';

/** More boxes than this cannot be told apart; those with the most ways are drawn. */
const NAMESPACES_DRAWN = 24;
/** With more arrows than this, numbers on them hide more than they tell; the table has them. */
const NUMBERED = 24;
const LONGEST_NAME = 22;
const BOX_HEIGHT = 32;
/** Three loops find room at its edge beside each other. */
const LEAST_WIDTH = 110;
const LOOP_STEP = 38;
/** Of one character in a box, and what stands on both sides of the name, in units of the drawing. */
const [CHARACTER, PADDING] = [7.6, 24];
const MARGIN = 48;

const WORDS: Readonly<Record<FlowStyle, string>> = {
  open: 'open',
  leaked: 'open and must not be',
  shut: 'not open and must be',
};
/** Drawn in this order: what is dangerous is drawn over what is not. */
const STYLES = ['open', 'shut', 'leaked'] as const satisfies readonly FlowStyle[];

/** All ways of one kind from one namespace to another, or within one. */
interface NamespaceArrow {
  readonly from: string;
  readonly to: string;
  readonly style: FlowStyle;
  readonly flows: readonly ShownFlow[];
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Box extends Point {
  readonly name: string;
  readonly label: string;
  readonly width: number;
}

/** The drawing with its legend, and the same as a table; nothing where no way was found open and none was missed. */
export function renderGraph(step: StepView, id: string): Markup | readonly Markup[] {
  const arrows = groupBy(flowsOf(step), ({ check, style }) =>
    JSON.stringify([namespaceOf(check.from), namespaceOf(check.to), style]),
  ).map(toArrow);
  if (arrows.length === 0) return [];
  const names = namespacesOf(step, arrows);
  const drawn = names.slice(0, NAMESPACES_DRAWN);
  const left = names.length - drawn.length;
  return html`${renderHeading(step, `${id}-flows`, 'Namespaces and open ways')}
${draw(drawn, arrows, id)}
<p class="legend">${FLOW_LEGEND} The numbers count pairs of pods and ports.${left > 0 ? ` Left out: ${count(left, 'namespace')} with the fewest ways.` : ''}</p>
${renderWays(arrows)}
`;
}

function toArrow(flows: readonly ShownFlow[]): NamespaceArrow {
  const [first] = flows;
  return {
    from: namespaceOf(first?.check.from ?? ''),
    to: namespaceOf(first?.check.to ?? ''),
    style: first?.style ?? 'open',
    flows,
  };
}

/** In the order of the scenario; where there are too many, those with the most ways first. */
function namespacesOf({ namespaces }: StepView, arrows: readonly NamespaceArrow[]): string[] {
  const names = [
    ...new Set([...namespaces.map(({ name }) => name), ...arrows.flatMap(({ from, to }) => [from, to])]),
  ];
  if (names.length <= NAMESPACES_DRAWN) return names;
  const ways = (name: string): number =>
    arrows
      .filter(({ from, to }) => from === name || to === name)
      .reduce((sum, { flows }) => sum + flows.length, 0);
  const number = new Map(names.map((name) => [name, ways(name)]));
  return names.sort((left, right) => (number.get(right) ?? 0) - (number.get(left) ?? 0));
}

function draw(names: readonly string[], arrows: readonly NamespaceArrow[], id: string): Markup {
  const { boxes, width, height } = place(names);
  const ordered = STYLES.flatMap((style) => arrows.filter((arrow) => arrow.style === style));
  const shapes = ordered.flatMap((arrow) => {
    const [from, to] = [boxes.get(arrow.from), boxes.get(arrow.to)];
    return from === undefined || to === undefined
      ? []
      : [
          drawArrow(arrow, {
            start: from,
            end: to,
            middle: height / 2,
            isNumbered: arrows.length <= NUMBERED,
            id,
          }),
        ];
  });
  return html`<div class="scroll"><svg class="graph" viewBox="0 0 ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}" role="group" aria-labelledby="${id}-flows">
<defs>${STYLES.map((style) => html`<marker id="${id}-${style}" class="flow-${style}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"/></marker>`)}</defs>
${shapes}
${[...boxes.values()].map(drawBox)}
</svg></div>`;
}

/** On an ellipse, the first one at its left, so that two stand beside each other. */
function place(names: readonly string[]): { boxes: Map<string, Box>; width: number; height: number } {
  const sized = names.map((name) => {
    const label = shortenMiddle(name.trim() === '' ? '(unnamed)' : name, LONGEST_NAME);
    return { name, label, width: Math.max(LEAST_WIDTH, label.length * CHARACTER + PADDING) };
  });
  const widest = Math.max(...sized.map(({ width }) => width));
  const radius = {
    x: names.length === 1 ? 0 : Math.max(150, (names.length * (widest + 90)) / 5),
    y: names.length < 3 ? 0 : Math.max(80, (names.length * (BOX_HEIGHT + 70)) / 5),
  };
  const centre = { x: radius.x + widest / 2 + MARGIN, y: radius.y + BOX_HEIGHT / 2 + MARGIN };
  const boxes = sized.map((box, index): [string, Box] => {
    const angle = Math.PI + (index * 2 * Math.PI) / names.length;
    return [
      box.name,
      {
        ...box,
        x: centre.x + radius.x * Math.cos(angle),
        y: centre.y + radius.y * Math.sin(angle),
      },
    ];
  });
  return { boxes: new Map(boxes), width: centre.x * 2, height: centre.y * 2 };
}

function drawBox({ name, label, x, y, width }: Box): Markup {
  return html`<a href="#namespace=${encodeURIComponent(name)}"><title>${name}: show its checks only</title><rect class="box" x="${round(x - width / 2)}" y="${round(y - BOX_HEIGHT / 2)}" width="${round(width)}" height="${BOX_HEIGHT}" rx="6"/><text x="${round(x)}" y="${round(y + 4.5)}" text-anchor="middle">${label}</text></a>
`;
}

interface ArrowPlace {
  readonly start: Box;
  readonly end: Box;
  /** The height at which the drawing's middle is. */
  readonly middle: number;
  readonly isNumbered: boolean;
  readonly id: string;
}

function drawArrow(
  { from, to, style, flows }: NamespaceArrow,
  { start, end, middle, isNumbered, id }: ArrowPlace,
): Markup {
  const { path, label } =
    start === end ? loop(start, style, middle) : curve(start, end, STYLES.indexOf(style));
  const number = formatNumber(flows.length);
  const title = `${from === to ? `within ${from}` : `${from} → ${to}`}: ${number} ${WORDS[style]}`;
  return html`<g class="flow flow-${style}"><title>${title}</title><path d="${path}" marker-end="url(#${id}-${style})"/>${only(isNumbered, () => html`<text x="${round(label.x)}" y="${round(label.y)}" text-anchor="middle">${number}</text>`)}</g>
`;
}

/** Bent to the right of its direction, further for each kind, so that no arrow lies on another. */
function curve(start: Box, end: Box, rank: number): { path: string; label: Point } {
  const [dx, dy] = [end.x - start.x, end.y - start.y];
  const length = Math.hypot(dx, dy);
  const bend = 22 + rank * 26;
  const control = {
    x: (start.x + end.x) / 2 - (dy / length) * bend,
    y: (start.y + end.y) / 2 + (dx / length) * bend,
  };
  const [first, last] = [edgeOf(start, control, 2), edgeOf(end, control, 4)];
  return {
    path: `M${at(first)}Q${at(control)} ${at(last)}`,
    label: {
      x: (first.x + 2 * control.x + last.x) / 4,
      y: (first.y + 2 * control.y + last.y) / 4 - 3,
    },
  };
}

/** Away from the middle of the drawing. */
function loop(box: Box, style: FlowStyle, middle: number): { path: string; label: Point } {
  const side = box.y > middle ? 1 : -1;
  const x = box.x + (STYLES.indexOf(style) - 1) * LOOP_STEP;
  const edge = box.y + (side * BOX_HEIGHT) / 2;
  const far = edge + side * 34;
  return {
    path: `M${at({ x: x - 10, y: edge + side * 2 })}C${at({ x: x - 18, y: far })} ${at({ x: x + 18, y: far })} ${at({ x: x + 10, y: edge + side * 4 })}`,
    label: { x, y: edge + side * 34 + (side > 0 ? 8 : 0) },
  };
}

/** Where the line from the box's centre towards a point leaves the box, and a little further. */
function edgeOf({ x, y, width }: Box, towards: Point, gap: number): Point {
  const [dx, dy] = [towards.x - x, towards.y - y];
  const scale = Math.min(
    (width / 2 + gap) / Math.max(Math.abs(dx), 0.01),
    (BOX_HEIGHT / 2 + gap) / Math.max(Math.abs(dy), 0.01),
  );
  return { x: x + dx * scale, y: y + dy * scale };
}

function at({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function renderWays(arrows: readonly NamespaceArrow[]): Markup {
  const rows = groupBy(arrows, ({ from, to }) => JSON.stringify([from, to])).map((group) => {
    const [first] = group;
    const number = (style: FlowStyle): string =>
      formatNumber(group.find((arrow) => arrow.style === style)?.flows.length ?? 0);
    return html`<tr><td>${first?.from ?? ''}</td><td>${first?.to ?? ''}</td><td class="number">${number('open')}</td><td class="number">${number('leaked')}</td><td class="number">${number('shut')}</td></tr>
`;
  });
  const head = ['from', 'to', WORDS.open, WORDS.leaked, WORDS.shut];
  return html`<details><summary>The same as a table</summary>${renderTable('Ways between namespaces', head, rows)}</details>`;
}
