/** The whole matrix of a step as a table, which the page's script makes a grid to walk through. */
import { describeConnection, describePortName, describeTarget } from '../../../pair.ts';
import {
  buildMatrix,
  CELL_KINDS,
  CELLS,
  type CellKind,
  type MatrixColumn,
  meaningsIn,
} from '../../parts/matrix.ts';
import { shortenMiddle } from '../../text/text.ts';
import type { CheckView, StepView } from '../../view/view.ts';
import { html, type Markup } from './markup.ts';
import { renderHeading } from './parts.ts';

/** Longer ones are shortened in their middle: namespace and pod are at the ends. */
const LONGEST_NAME = 32;

/** There are tens of thousands of cells: their classes are short, and they have no end tags, which HTML does not ask for. */
const CLASSES: Readonly<Record<CellKind, string>> = {
  untested: 'n',
  reachable: 'r',
  unreachable: 'u',
  known: 'k',
  unjudged: 'j',
  inconclusive: 'i',
  late: 't',
  flapping: 'f',
  broken: 'b',
  leaked: 'l',
};

/** What is expected from this step on, and was not before. The style sheet puts the mark into the cell. */
const CHANGES: Readonly<
  Record<NonNullable<CheckView['change']>, { readonly mark: string; readonly meaning: string }>
> = {
  opens: { mark: '▴', meaning: 'must be reachable from this step on' },
  closes: { mark: '▾', meaning: 'must be unreachable from this step on' },
  new: { mark: '*', meaning: 'was not there before this step' },
};

/**
 * Nothing for a step without pods.
 * @param index of the scenario in the page
 * @param first the number of the step's first check among all of the scenario
 */
export function renderMatrixTable(
  step: StepView,
  { index, first, id }: { readonly index: number; readonly first: number; readonly id: string },
): Markup | readonly Markup[] {
  const { scenario, checks } = step;
  const matrix = buildMatrix(step);
  if (matrix.rows.length === 0 || matrix.columns.length === 0) return [];
  const changes = new Map(
    checks.flatMap((check) =>
      check.change === undefined ? [] : [[describeConnection(check), check.change] as const],
    ),
  );
  const rows = matrix.rows.map((from, row) => {
    const cells = matrix.columns.map((column, position) =>
      renderCell(
        matrix.cells[row]?.[position] ?? 'untested',
        changes.get(describeConnection({ ...column, from })),
      ),
    );
    return html`<tr><th scope="row" title="${from}"><span>${shortenMiddle(from, LONGEST_NAME)}</span></th>${cells}</tr>
`;
  });
  const present = new Set(matrix.cells.flat());
  const meanings = meaningsIn(checks);
  const changed = [...new Set(changes.values())].map((change) => CHANGES[change]);
  const range = scenario.hasSteps ? html` data-first="${first}" data-end="${first + checks.length}"` : '';
  return html`${renderHeading(step, `${id}-matrix`, 'Who reached whom')}
<div class="matrix-and-detail">
<div>
<div class="scroll matrix-scroll"><table class="matrix" data-scenario="${index}"${range} aria-labelledby="${id}-matrix">
<thead><tr><td class="corner">from ↓ to →</td>${matrix.columns.map(renderHead)}</tr></thead>
<tbody>
${rows}</tbody></table></div>
<p class="nothing" hidden>No check of this ${scenario.hasSteps ? 'step' : 'scenario'} matches the filter.</p>
<ul class="legend">${CELL_KINDS.filter((kind) => present.has(kind)).map((kind) => html`<li><span class="key ${CLASSES[kind]}">${CELLS[kind].glyph}</span>${meanings[kind]}</li>`)}${changed.map(({ mark, meaning }) => html`<li><span class="key framed">${mark}</span>${meaning}</li>`)}</ul>
</div>
<div class="detail" role="region" aria-live="polite" aria-label="The chosen check of ${scenario.name}${scenario.hasSteps ? `, ${step.title}` : ''}" hidden><p>Point at a cell, or go through the matrix with the arrow keys, to see what is known of a check. Enter or a click keeps it here, Escape lets it go.</p></div>
</div>
`;
}

function renderCell(kind: CellKind, change: CheckView['change']): Markup {
  if (kind === 'untested') return html`<td>${CELLS[kind].glyph}`;
  if (change === undefined) return html`<td class=${CLASSES[kind]}>${CELLS[kind].glyph}`;
  return html`<td class="${CLASSES[kind]} ${change}" title="${CHANGES[change].meaning}">${CELLS[kind].glyph}`;
}

function renderHead(column: MatrixColumn): Markup {
  const whole = describeTarget(column) + describePortName(column.portName);
  return html`<th scope="col" title="${whole}"><span><i>${shortenMiddle(column.to, LONGEST_NAME)}</i><b>${describeTarget({ ...column, to: '' })}</b></span></th>`;
}
