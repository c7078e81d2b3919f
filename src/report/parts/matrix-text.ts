/**
 * A matrix as text. Every column is one character wide, and its header stands on a line of its own from which a rule
 * leads down to it: names can be read without turning the head or looking numbers up in a key.
 *
 *             to  shop/web:80/TCP
 *                 │ shop/db:5432/TCP
 *     from        │ │
 *     shop/web    · +
 */
import stringWidth from 'string-width';
import { describePortName, describeTarget } from '../../pair.ts';
import type { Canvas } from '../text/paint.ts';
import { groupByWidth, padEnd, shortenMiddle, widest } from '../text/text.ts';
import {
  CELL_KINDS,
  CELLS,
  type CellKind,
  type Matrix,
  type MatrixColumn,
  type Meanings,
  meaningsIn,
} from './matrix.ts';

const INDENT = '  ';
const RULE = '│ ';
/** From one column to the next: a glyph and a blank. */
const STEP = 2;
const GAP = 2;

/** The matrix, in blocks of columns that fit `width`, and the legend of what occurs in it. */
export function renderMatrix(matrix: Matrix, canvas: Canvas, meanings: Meanings = meaningsIn([])): string[] {
  const rowWidth = Math.max(4, Math.min(widest(matrix.rows), Math.floor(canvas.width * 0.35)));
  const start = INDENT.length + rowWidth + GAP;
  const headerRoom = Math.min(widest(matrix.columns.map(columnLabel)), Math.floor(canvas.width * 0.35));
  const fitting = Math.max(1, Math.floor((canvas.width - start - headerRoom) / STEP) + 1);
  const blocks = splitEvenly(matrix.columns.length, fitting);
  const lines = blocks.flatMap(([from, to]) => [
    ...(blocks.length === 1
      ? []
      : [`${INDENT}destinations ${from + 1} to ${to} of ${matrix.columns.length}`]),
    ...renderHeader(matrix.columns.slice(from, to), rowWidth, canvas),
    ...matrix.rows.map((row, index) =>
      renderRow(row, matrix.cells[index]?.slice(from, to) ?? [], rowWidth, canvas),
    ),
    '',
  ]);
  return [...lines, ...renderLegend(matrix, canvas, meanings)];
}

function renderHeader(columns: readonly MatrixColumn[], rowWidth: number, canvas: Canvas): string[] {
  const start = INDENT.length + rowWidth + GAP;
  const headers = columns.map((column, index) => {
    const corner = (index === 0 ? 'to' : '').padStart(rowWidth);
    const rules = `${INDENT}${corner}${' '.repeat(GAP)}${RULE.repeat(index)}`;
    return canvas.paint('faint', rules) + shortenLabel(column, canvas.width - start - index * STEP);
  });
  const allRules = `${INDENT}${'from'.padEnd(rowWidth + GAP)}${RULE.repeat(columns.length).trimEnd()}`;
  return [...headers, canvas.paint('faint', allRules)];
}

function renderRow(row: string, cells: readonly CellKind[], rowWidth: number, canvas: Canvas): string {
  const glyphs = cells.map((cell) => canvas.paint(CELLS[cell].style, CELLS[cell].glyph)).join(' ');
  return `${INDENT}${padEnd(shortenMiddle(row, rowWidth), rowWidth)}${' '.repeat(GAP)}${glyphs}`;
}

/** What the glyphs mean, for those that occur. */
function renderLegend(matrix: Matrix, canvas: Canvas, meanings: Meanings): string[] {
  const occurring = new Set(matrix.cells.flat());
  const lines = groupByWidth(
    CELL_KINDS.filter((kind) => occurring.has(kind)),
    { room: canvas.width - INDENT.length, gap: 3, widthOf: (kind) => meanings[kind].length + 2 },
  );
  return lines.map((kinds) => {
    const entries = kinds.map(
      (kind) => `${canvas.paint(CELLS[kind].style, CELLS[kind].glyph)} ${meanings[kind]}`,
    );
    return INDENT + entries.join('   ');
  });
}

/** `shop/api:9090/TCP (metrics)` */
function columnLabel(column: MatrixColumn): string {
  return describeTarget(column) + describePortName(column.portName);
}

function portLabel(column: MatrixColumn): string {
  const { to, ...port } = column;
  return describeTarget({ ...port, to: '' }) + describePortName(column.portName);
}

/** Shortens the pod before the port: half a port number says nothing. */
function shortenLabel(column: MatrixColumn, room: number): string {
  const port = portLabel(column);
  const roomForPod = room - stringWidth(port);
  if (roomForPod < 8) return shortenMiddle(columnLabel(column), room);
  return shortenMiddle(column.to, roomForPod) + port;
}

/** Ranges of at most `most` out of `total`, as equal as can be. */
function splitEvenly(total: number, most: number): (readonly [from: number, to: number])[] {
  const blocks = Math.max(1, Math.ceil(total / most));
  const size = Math.ceil(total / blocks);
  return Array.from(
    { length: blocks },
    (_, block) => [block * size, Math.min(total, (block + 1) * size)] as const,
  );
}
