/** When what happened: the phases of a scenario, and how the policies came into force. */
import { duration, formatNumber } from '../../text/text.ts';
import type { CheckView, ScenarioView, StepView } from '../../view/view.ts';
import { html, type Markup, only } from './markup.ts';
import { renderHeading, renderTable } from './parts.ts';

const WIDTH = 760;
/** What the axes need, in units of the drawing. */
const [LEFT, RIGHT] = [46, 36];
const PLOT = { top: 12, height: 150 };
const BAR = { top: 4, height: 26 };
/** A name that does not fit into its phase stands in the list only. */
const NAME_WIDTH = 62;
const MOST_TICKS = 6;

/** The two things that policies bring about take different times: ways are opened and shut. */
const CURVES = [
  { expected: 'reachable', name: 'to be reachable', style: 'curve-reachable' },
  { expected: 'unreachable', name: 'to be unreachable', style: 'curve-unreachable' },
] as const;

type Settled = CheckView & { readonly settledMs: number };

/** How the checks of a step came to show what is expected; nothing where none did. */
export function renderSettling(step: StepView, id: string): readonly Markup[] {
  const settled = step.checks
    .filter((check): check is Settled => check.settledMs !== undefined)
    .sort((left, right) => left.settledMs - right.settledMs);
  if (settled.length === 0) return [];
  return [
    html`${renderHeading(step, `${id}-settling`, 'How fast policies took effect')}
${drawCurves(settled, step, id)}
<ul class="legend">${CURVES.map(({ name, style }) => html`<li><span class="key ${style}"></span>${name}</li>`)}</ul>
${renderTimes(settled, step.checks)}
`,
  ];
}

/** Nothing for a scenario that has not begun. */
export function renderPhases({ phases, durationMs }: ScenarioView, id: string): readonly Markup[] {
  const known = phases.flatMap(({ name, step, atMs, durationMs: took }) =>
    took === undefined
      ? []
      : [{ name, whole: step === undefined ? name : `${name} of step ${step}`, atMs, took }],
  );
  const endMs = Math.max(durationMs ?? 0, ...known.map(({ atMs, took }) => atMs + took));
  if (known.length === 0 || endMs === 0) return [];
  const scale = (ms: number): number => round((ms / endMs) * WIDTH);
  const bars = known.map(({ name, whole, atMs, took }, index) => {
    const [x, width] = [scale(atMs), Math.max(1, scale(took))];
    return html`<g class="phase phase-${index % 2}"><title>${whole}: ${duration(took)}</title><rect x="${x}" y="${BAR.top}" width="${width}" height="${BAR.height}"/>${only(width >= NAME_WIDTH, () => html`<text x="${round(x + width / 2)}" y="${BAR.top + 17}" text-anchor="middle">${name}</text>`)}</g>`;
  });
  return [
    html`<h3 id="${id}-phases">Phases</h3>
<svg class="phases" viewBox="0 0 ${WIDTH} 34" width="${WIDTH}" height="34" role="img" aria-labelledby="${id}-phases">${bars}</svg>
<p class="legend">${known.map(({ whole, took }) => `${whole} ${duration(took)}`).join(', ')}</p>
`,
  ];
}

function drawCurves(settled: readonly Settled[], { number, checks }: StepView, id: string): Markup {
  const since = number === 1 ? 'since the policies were applied' : "since the step's last action";
  const endMs = Math.max(settled.at(-1)?.settledMs ?? 0, 1);
  const ticks = ticksUpTo(endMs);
  const axisMs = ticks.at(-1) ?? endMs;
  const x = (ms: number): number => round(LEFT + (ms / axisMs) * (WIDTH - LEFT - RIGHT));
  const y = (share: number): number => round(PLOT.top + (1 - share) * PLOT.height);
  const bottom = y(0);
  return html`<svg class="settling" viewBox="0 0 ${WIDTH} ${bottom + 40}" width="${WIDTH}" height="${bottom + 40}" role="img" aria-labelledby="${id}-settling">
${[0, 0.5, 1].map((share) => html`<path class="axis" d="M${LEFT} ${y(share)}H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${y(share) + 4}" text-anchor="end">${share * 100}%</text>`)}
${ticks.map((ms) => html`<path class="axis" d="M${x(ms)} ${bottom}v5"/><text x="${x(ms)}" y="${bottom + 18}" text-anchor="middle">${ms === 0 ? '0' : duration(ms)}</text>`)}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${bottom + 36}" text-anchor="middle">share of the checks that were as expected, by time ${since}</text>
${CURVES.flatMap(({ expected, style }) => {
  const times = settled.filter((check) => check.expected === expected).map(({ settledMs }) => settledMs);
  const total = checks.filter((check) => check.expected === expected).length;
  const height = (number: number): number => y(number / total);
  return only(
    times.length > 0,
    () => html`<path class="curve ${style}" d="${pathOf(times, axisMs, x, height)}"/>`,
  );
})}
</svg>`;
}

/** A step for each moment at which some more were as expected; moments that fall on the same point are one. */
function pathOf(
  times: readonly number[],
  axisMs: number,
  x: (ms: number) => number,
  y: (settled: number) => number,
): string {
  const points = times.map((ms) => Math.round(x(ms)));
  let path = `M${x(0)} ${y(0)}`;
  for (const [index, point] of points.entries()) {
    if (points[index + 1] !== point) path += `H${point}V${y(index + 1)}`;
  }
  return `${path}H${x(axisMs)}`;
}

/** Round numbers from 0 to the first that is not below `endMs`. */
export function ticksUpTo(endMs: number): number[] {
  const raw = endMs / (MOST_TICKS - 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  return Array.from({ length: Math.ceil(endMs / step) + 1 }, (_, index) => index * step);
}

function renderTimes(settled: readonly Settled[], checks: readonly CheckView[]): Markup {
  const rows = CURVES.flatMap(({ expected, name }) => {
    const all = checks.filter((check) => check.expected === expected);
    const own = settled.filter((check) => check.expected === expected);
    const [median, slowest] = [own[Math.floor((own.length - 1) / 2)], own.at(-1)];
    if (median === undefined || slowest === undefined) return [];
    return [
      html`<tr><th scope="row">${name}</th><td class="number">${formatNumber(own.length)} of ${formatNumber(all.length)}</td><td class="number">${duration(median.settledMs)}</td><td class="number">${duration(slowest.settledMs)}</td><td>${slowest.pair}</td></tr>
`,
    ];
  });
  return renderTable(
    'How fast policies took effect',
    ['checks', 'settled', 'median', 'slowest', 'which was'],
    rows,
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
