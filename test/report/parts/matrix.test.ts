import { describe, expect, test } from 'vitest';
import { checksOf } from '../../../src/record/schema.ts';
import { buildMatrix, CELLS, excerptUnexpected, type Matrix } from '../../../src/report/parts/matrix.ts';
import { renderMatrix } from '../../../src/report/parts/matrix-text.ts';
import { createPaint } from '../../../src/report/text/paint.ts';
import { buildScenario, meshScenario, viewScenario } from '../fixture.ts';

const canvas = { width: 80, paint: createPaint(false) };

test('every kind of cell has a glyph of its own, one column wide', () => {
  const glyphs = Object.values(CELLS).map(({ glyph }) => glyph);
  expect(new Set(glyphs).size).toBe(glyphs.length);
  expect(glyphs.every((glyph) => glyph.length === 1)).toBe(true);
});

describe('a matrix', () => {
  test('has a row per pod, a column per port and protocol, and tells all kinds of cells apart', () => {
    const scenario = buildScenario('all', {
      pods: { 'a/one': ['http=80', '80/UDP'], 'a/two': [], 'b/three': [443] },
      checks: [
        { from: 'a/two', to: 'a/one', port: 80 },
        { from: 'a/two', to: 'a/one', port: 80, protocol: 'UDP', expected: 'unreachable' },
        { from: 'a/two', to: 'b/three', port: 443, verdict: 'leaked', expected: 'unreachable' },
        { from: 'a/one', to: 'b/three', port: 443, verdict: 'broken' },
        { from: 'b/three', to: 'a/one', port: 80, verdict: 'flapping' },
        { from: 'b/three', to: 'a/one', port: 80, protocol: 'UDP', verdict: 'inconclusive' },
      ],
    });
    const [first = expect.unreachable()] = checksOf(scenario);
    const { verdict, ...cutOff } = first;
    const checks = [...checksOf(scenario), { ...cutOff, from: 'b/three', to: 'b/three', port: 443 }];
    expect(
      renderMatrix(buildMatrix(viewScenario({ ...scenario, steps: [{ checks }] })), canvas).join('\n'),
    ).toBe(
      [
        '       to  a/one:80/TCP (http)',
        '           │ a/one:80/UDP',
        '           │ │ b/three:443/TCP',
        '  from     │ │ │',
        '  a/one    · · B',
        '  a/two    + - L',
        '  b/three  F ? ~',
        '',
        '  · not tested   + reachable, as expected   - unreachable, as expected',
        '  ~ not judged: the run ended before   ? inconclusive: nothing was proven',
        '  F flapping: as expected, then not   B broken: must be reachable, was not',
        '  L leaked: must be unreachable, got through',
      ].join('\n'),
    );
  });

  test('wider than the terminal continues in blocks that repeat the sources', () => {
    const lines = renderMatrix(buildMatrix(viewScenario(meshScenario(30, () => ({})))), {
      ...canvas,
      width: 60,
    });
    expect(lines.filter((line) => line.includes('destinations '))).toEqual([
      '  destinations 1 to 10 of 30',
      '  destinations 11 to 20 of 30',
      '  destinations 21 to 30 of 30',
    ]);
    expect(lines.filter((line) => line.startsWith('  team-9/service-29 '))).toHaveLength(3);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  test('shortens long names in the middle and keeps ports whole', () => {
    const matrix: Matrix = {
      rows: [`production-europe-west/${'checkout-'.repeat(6)}frontend`],
      columns: [
        {
          to: `production-europe-west/${'checkout-'.repeat(6)}database`,
          port: 5432,
          protocol: 'TCP',
          portName: 'postgres',
        },
      ],
      cells: [['reachable']],
    };
    expect(renderMatrix(matrix, canvas).slice(0, 3)).toEqual([
      '                            to  production-eur…kout-database:5432/TCP (postgres)',
      '  from                          │',
      '  production-eur…kout-frontend  +',
    ]);
  });
});

describe('the excerpt of what is unexpected', () => {
  test('keeps the rows and columns that hold it, and counts the others', () => {
    const matrix = buildMatrix(
      viewScenario(
        meshScenario(6, (from, to) =>
          (from === 1 && to === 4) || (from === 3 && to === 4) ? { verdict: 'broken' } : {},
        ),
      ),
    );
    const { matrix: part, left } = excerptUnexpected(matrix, 25);
    expect(part.rows).toEqual(['team-1/service-1', 'team-3/service-3']);
    expect(part.columns.map(({ to }) => to)).toEqual(['team-4/service-4']);
    expect(part.cells).toEqual([['broken'], ['broken']]);
    expect(left).toEqual({ rows: { quiet: 4, unexpected: 0 }, columns: { quiet: 5, unexpected: 0 } });
  });

  test('never leaves a part without anything to see', () => {
    // The first sources fail towards the last destinations only.
    const matrix = buildMatrix(
      viewScenario(meshScenario(20, (from, to) => (from + to === 19 ? { verdict: 'broken' } : {}))),
    );
    const { matrix: part, left } = excerptUnexpected(matrix, 5);
    expect(part.cells.map((row) => row.filter((cell) => cell === 'broken').length)).toEqual([1, 1, 1, 1, 1]);
    expect(left).toEqual({ rows: { quiet: 0, unexpected: 15 }, columns: { quiet: 0, unexpected: 15 } });
  });

  test('prefers the sources with the most of it', () => {
    const matrix = buildMatrix(
      viewScenario(meshScenario(10, (from, to) => (from === 8 || to === 2 ? { verdict: 'broken' } : {}))),
    );
    expect(excerptUnexpected(matrix, 2).matrix.rows).toEqual(['team-0/service-0', 'team-8/service-8']);
  });
});
