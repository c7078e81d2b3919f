/** Sources × destination ports as data: what each cell shows, and which part is worth showing. */
import { isDecidedByHeld } from '../../judge/held.ts';
import { objectKey } from '../../keys.ts';
import { describeTarget } from '../../pair.ts';
import type { CheckRecord, ScenarioRecord } from '../../record/schema.ts';
import type { Style } from '../text/paint.ts';
import type { CheckView } from '../view/view.ts';

/** What a cell can show, mildest first. Glyphs differ without colour, and letters are only for what wants attention. */
export const CELLS = {
  untested: { glyph: '·', meaning: 'not tested', style: 'faint' },
  reachable: { glyph: '+', meaning: 'reachable, as expected', style: 'passed' },
  unreachable: { glyph: '-', meaning: 'unreachable, as expected', style: 'passed' },
  known: { glyph: 'k', meaning: 'known: not as expected, and listed as a known issue', style: 'known' },
  unjudged: { glyph: '~', meaning: 'not judged: the run ended before', style: 'inconclusive' },
  inconclusive: { glyph: '?', meaning: 'inconclusive: nothing was proven', style: 'inconclusive' },
  late: { glyph: 'T', meaning: 'late: as expected, after its time', style: 'late' },
  flapping: { glyph: 'F', meaning: 'flapping: as expected, then not', style: 'flapping' },
  broken: { glyph: 'B', meaning: 'broken: must be reachable, was not', style: 'broken' },
  leaked: { glyph: 'L', meaning: 'leaked: must be unreachable, got through', style: 'leaked' },
} as const satisfies Record<string, { glyph: string; meaning: string; style: Style }>;

export type CellKind = keyof typeof CELLS;
/** What the cells of a matrix mean, where it is not the verdicts of a run that it shows. */
export type Meanings = Readonly<Record<CellKind, string>>;
/** All kinds of cells, mildest first. */
export const CELL_KINDS: readonly CellKind[] = [
  'untested',
  'reachable',
  'unreachable',
  'known',
  'unjudged',
  'inconclusive',
  'late',
  'flapping',
  'broken',
  'leaked',
];

const UNEXPECTED: ReadonlySet<CellKind> = new Set<CellKind>([
  'leaked',
  'broken',
  'flapping',
  'late',
  'inconclusive',
]);

/** One port of one destination. */
export interface MatrixColumn {
  /** `namespace/pod` */
  readonly to: string;
  readonly port: number;
  readonly protocol: CheckRecord['protocol'];
  readonly portName: string | undefined;
  /** How it is addressed; absent: a pod by its address. */
  readonly path?: CheckRecord['path'];
  /** Absent: nobody says which. */
  readonly family?: CheckRecord['family'];
}

export interface Matrix {
  /** Sources, as `namespace/pod`. */
  readonly rows: readonly string[];
  readonly columns: readonly MatrixColumn[];
  /** By row, then by column. */
  readonly cells: readonly (readonly CellKind[])[];
}

/** A part of a matrix, and what was left out of it. */
export interface MatrixExcerpt {
  readonly matrix: Matrix;
  readonly left: { readonly rows: LeftOut; readonly columns: LeftOut };
}

export interface LeftOut {
  /** Those in which nothing unexpected was seen. */
  readonly quiet: number;
  /** Those that hold something unexpected, and still had no room. */
  readonly unexpected: number;
}

/** As much of a scenario as a matrix shows. */
export interface MatrixSource {
  readonly pods: readonly (Pick<ScenarioRecord['pods'][number], 'namespace' | 'name'> & {
    readonly ports: readonly ScenarioRecord['pods'][number]['ports'][number][];
  })[];
  readonly checks: readonly (Pick<
    CheckRecord,
    'from' | 'to' | 'port' | 'protocol' | 'portName' | 'expected' | 'verdict' | 'settledMs' | 'held'
  > &
    Partial<Pick<CheckRecord, 'path' | 'family'>> & { readonly countsAs?: CheckView['countsAs'] })[];
}

/** Every pod as a source, every port of every pod as a destination, in the order of the scenario. */
export function buildMatrix(scenario: MatrixSource): Matrix {
  const rows = new Map<string, CellKind[]>();
  const families = familiesIn(scenario);
  const columns = new Map<string, MatrixColumn>();
  for (const pod of scenario.pods) {
    const to = objectKey(pod);
    rows.set(to, []);
    for (const { port, protocol, name } of pod.ports)
      for (const family of families) addColumn(columns, { to, port, protocol, portName: name, ...family });
  }
  for (const check of scenario.checks) {
    if (!rows.has(check.from)) rows.set(check.from, []);
    addColumn(columns, {
      to: check.to,
      port: check.port,
      protocol: check.protocol,
      portName: check.portName,
      ...(check.path === undefined ? {} : { path: check.path }),
      ...familyOfCheck(check),
    });
  }
  const positions = new Map([...columns.keys()].map((key, position) => [key, position]));
  for (const row of rows.values()) row.push(...Array.from(columns, (): CellKind => 'untested'));
  for (const check of scenario.checks) {
    const row = rows.get(check.from);
    const position = positions.get(columnKey(check));
    if (row === undefined || position === undefined) continue;
    row[position] = worse(row[position] ?? 'untested', cellOf(check));
  }
  return { rows: [...rows.keys()], columns: [...columns.values()], cells: [...rows.values()] };
}

/** Those in which something is tried, as a column has them. */
function familiesIn({ checks }: MatrixSource): readonly Pick<MatrixColumn, 'family'>[] {
  const known = new Map(checks.map((check) => [check.family, familyOfCheck(check)]));
  return known.size === 0 ? [{}] : [...known.values()];
}

function familyOfCheck({ family }: MatrixSource['checks'][number]): Pick<MatrixColumn, 'family'> {
  return family === undefined ? {} : { family };
}

function addColumn(columns: Map<string, MatrixColumn>, column: MatrixColumn): void {
  const key = columnKey(column);
  if (!columns.has(key)) columns.set(key, column);
}

function columnKey(column: Pick<MatrixColumn, 'to' | 'port' | 'protocol' | 'path' | 'family'>): string {
  return describeTarget(column);
}

const HELD_MEANINGS = {
  broken: { alone: 'broken: an open connection was not kept', besides: 'or an open connection was not kept' },
  leaked: { alone: 'leaked: an open connection was not cut', besides: 'or an open connection was not cut' },
} as const;

/** What cells mean where these checks are shown: what became of connections that were open before is a mismatch of another kind. */
export function meaningsIn(checks: readonly Pick<CheckRecord, 'verdict' | 'settledMs' | 'held'>[]): Meanings {
  const meanings: Record<CellKind, string> = { ...VERDICT_MEANINGS };
  for (const kind of ['broken', 'leaked'] as const) {
    const own = checks.filter(({ verdict }) => verdict === kind);
    const held = own.filter(isDecidedByHeld).length;
    const { alone, besides } = HELD_MEANINGS[kind];
    if (held > 0) meanings[kind] = held === own.length ? alone : `${meanings[kind]}, ${besides}`;
  }
  return meanings;
}

// The keys of CELLS are the kinds of cells, and nothing else.
const VERDICT_MEANINGS = Object.fromEntries(
  Object.entries(CELLS).map(([kind, { meaning }]) => [kind, meaning]),
) as Meanings;

/** What a check shows in its cell. */
export function cellOf(
  check: Pick<CheckRecord, 'verdict' | 'expected'> & { readonly countsAs?: CheckView['countsAs'] },
): CellKind {
  if (check.countsAs === 'known') return 'known';
  if (check.verdict === undefined) return 'unjudged';
  return check.verdict === 'pass' ? check.expected : check.verdict;
}

function worse(left: CellKind, right: CellKind): CellKind {
  return CELL_KINDS.indexOf(left) > CELL_KINDS.indexOf(right) ? left : right;
}

/**
 * The part of a matrix that holds something unexpected: at most `side` rows, those with the most of it, and at most
 * `side` of their columns. Order is kept.
 */
export function excerptUnexpected(matrix: Matrix, side: number): MatrixExcerpt {
  const everyRow = matrix.rows.map((_, row) => row);
  const everyColumn = matrix.columns.map((_, column) => column);
  const isUnexpected = (row: number, column: number): boolean =>
    UNEXPECTED.has(matrix.cells[row]?.[column] ?? 'untested');

  const rowsIn = (columns: readonly number[]) =>
    ranked(everyRow, (row) => columns.filter((column) => isUnexpected(row, column)).length);
  const columnsIn = (rows: readonly number[]) =>
    ranked(everyColumn, (column) => rows.filter((row) => isUnexpected(row, column)).length);

  const allRows = rowsIn(everyColumn);
  const allColumns = columnsIn(everyRow);
  // Columns are chosen from the chosen rows only: choosing both on their own could leave a part without anything to see.
  const rows = allRows.slice(0, side);
  const columns = columnsIn(rows).slice(0, side).sort(ascending);
  const shownRows = rows.filter((row) => columns.some((column) => isUnexpected(row, column))).sort(ascending);
  return {
    matrix: pick(matrix, shownRows, columns),
    left: {
      rows: { quiet: everyRow.length - allRows.length, unexpected: allRows.length - shownRows.length },
      columns: {
        quiet: everyColumn.length - allColumns.length,
        unexpected: allColumns.length - columns.length,
      },
    },
  };
}

/** The items that score, the highest score first, in their own order where scores are equal. */
function ranked(items: readonly number[], score: (item: number) => number): number[] {
  const scores = new Map(items.map((item) => [item, score(item)]));
  const of = (item: number): number => scores.get(item) ?? 0;
  return items.filter((item) => of(item) > 0).sort((left, right) => of(right) - of(left));
}

function ascending(left: number, right: number): number {
  return left - right;
}

function pick(matrix: Matrix, rows: readonly number[], columns: readonly number[]): Matrix {
  return {
    rows: rows.flatMap((row) => matrix.rows[row] ?? []),
    columns: columns.flatMap((column) => matrix.columns[column] ?? []),
    cells: rows.map((row) => columns.map((column) => matrix.cells[row]?.[column] ?? 'untested')),
  };
}
