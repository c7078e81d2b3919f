/** The whole matrix of a scenario as a table, which the page's script makes a grid to walk through. */
import { describePort, describePortName, describeTarget } from '../../../pair.ts';
import { buildMatrix, CELL_KINDS, CELLS, type CellKind, type MatrixColumn } from '../../parts/matrix.ts';
import { shortenMiddle } from '../../text/text.ts';
import type { ScenarioView } from '../../view/view.ts';
import { html, type Markup } from './markup.ts';

/** Longer ones are shortened in their middle: namespace and pod are at the ends. */
const LONGEST_NAME = 32;

/** There are tens of thousands of cells: their classes are short, and they have no end tags, which HTML does not ask for. */
const CLASSES: Readonly<Record<CellKind, string>> = {
  untested: 'n',
  reachable: 'r',
  unreachable: 'u',
  unjudged: 'j',
  inconclusive: 'i',
  late: 't',
  flapping: 'f',
  broken: 'b',
  leaked: 'l',
};

/** Nothing for a scenario without pods. */
export function renderMatrixTable(
  scenario: ScenarioView,
  index: number,
  id: string,
): Markup | readonly Markup[] {
  const matrix = buildMatrix(scenario);
  if (matrix.rows.length === 0 || matrix.columns.length === 0) return [];
  const rows = matrix.rows.map((from, row) => {
    const cells = matrix.columns.map((_, position) =>
      renderCell(matrix.cells[row]?.[position] ?? 'untested'),
    );
    return html`<tr><th scope="row" title="${from}"><span>${shortenMiddle(from, LONGEST_NAME)}</span></th>${cells}</tr>
`;
  });
  const present = new Set(matrix.cells.flat());
  return html`<h3 id="${id}-matrix">Who reached whom</h3>
<div class="matrix-and-detail">
<div>
<div class="scroll matrix-scroll"><table class="matrix" data-scenario="${index}" aria-labelledby="${id}-matrix">
<thead><tr><td class="corner">from ↓ to →</td>${matrix.columns.map(renderHead)}</tr></thead>
<tbody>
${rows}</tbody></table></div>
<p class="nothing" hidden>No check of this scenario matches the filter.</p>
<ul class="legend">${CELL_KINDS.filter((kind) => present.has(kind)).map((kind) => html`<li><span class="key ${CLASSES[kind]}">${CELLS[kind].glyph}</span>${CELLS[kind].meaning}</li>`)}</ul>
</div>
<div class="detail" role="region" aria-live="polite" aria-label="The chosen check of ${scenario.name}" hidden><p>Point at a cell, or go through the matrix with the arrow keys, to see what is known of a check. Enter or a click keeps it here, Escape lets it go.</p></div>
</div>
`;
}

function renderCell(kind: CellKind): Markup {
  return kind === 'untested'
    ? html`<td>${CELLS[kind].glyph}`
    : html`<td class=${CLASSES[kind]}>${CELLS[kind].glyph}`;
}

function renderHead(column: MatrixColumn): Markup {
  const whole = describeTarget(column) + describePortName(column.portName);
  return html`<th scope="col" title="${whole}"><span><i>${shortenMiddle(column.to, LONGEST_NAME)}</i><b>:${describePort(column)}</b></span></th>`;
}
