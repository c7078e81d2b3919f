/** The matrix of a step, or as much of a big one as shows what is unexpected. */
import type { Canvas } from '../text/paint.ts';
import { count, formatNumber, wrap } from '../text/text.ts';
import { buildMatrix, excerptUnexpected, type LeftOut, type MatrixSource, meaningsIn } from './matrix.ts';
import { renderMatrix } from './matrix-text.ts';

/** A matrix with more cells than the square of this is cut down, unless all of it is asked for. */
const SIDE = 25;

/** The matrix as one paragraph; none where nothing was judged, or where a big one holds nothing unexpected. */
export function renderMatrixSection(step: MatrixSource, isWhole: boolean, canvas: Canvas): string[][] {
  if (step.checks.every(({ verdict }) => verdict === undefined)) return [];
  const matrix = buildMatrix(step);
  const meanings = meaningsIn(step.checks);
  if (isWhole || matrix.rows.length * matrix.columns.length <= SIDE ** 2)
    return [renderMatrix(matrix, canvas, meanings)];
  const { matrix: excerpt, left } = excerptUnexpected(matrix, SIDE);
  if (excerpt.rows.length === 0) return [];
  const sources = describeShown(matrix.rows.length, 'source', left.rows);
  const destinations = describeShown(matrix.columns.length, 'destination port', left.columns);
  const note = `Shown: ${sources} and ${destinations}. --verbose shows all of them.`;
  return [[...wrap(note, canvas.width, '  '), '', ...renderMatrix(excerpt, canvas, meanings)]];
}

function describeShown(total: number, noun: string, { quiet, unexpected }: LeftOut): string {
  const reasons = [
    ...(quiet === 0 ? [] : [`${formatNumber(quiet)} without anything unexpected`]),
    ...(unexpected === 0 ? [] : [`${formatNumber(unexpected)} more with something unexpected`]),
  ];
  const left = reasons.length === 0 ? '' : ` (left out: ${reasons.join(', ')})`;
  return `${formatNumber(total - quiet - unexpected)} of ${count(total, noun)}${left}`;
}
