/** How one scenario ended, on one line. */
import stringWidth from 'string-width';
import type { Canvas } from '../text/paint.ts';
import { count, duration, padEnd, shortenMiddle, widest, wrap } from '../text/text.ts';
import type { ScenarioView } from '../view/view.ts';
import { describeCounts, type ScenarioOutcome, scenarioWord } from './summary.ts';

/** Room for any word, where it is not known which ones come. */
export const WORD_WIDTH = 'INCONCLUSIVE'.length;
const LONGEST_NAME = 40;
const GAP = '  ';
/** With less room than this beside the name, the text goes below it. */
const LEAST_ROOM = 30;

export interface ScenarioResult extends ScenarioOutcome {
  readonly name: string;
  /** How long the slowest check took to settle. */
  readonly settledMs?: number | undefined;
  readonly durationMs?: number | undefined;
  /** How many, where it goes on after its first. */
  readonly steps?: number | undefined;
}

/** How wide the columns of several result lines are. */
export interface ResultColumns {
  readonly word: number;
  readonly name: number;
}

/** Columns in which these results align. */
export function columnsFor(results: readonly ScenarioResult[]): ResultColumns {
  return {
    word: widest(results.map((result) => scenarioWord(result).word)),
    name: nameColumn(results.map(({ name }) => name)),
  };
}

/** How wide a column of these names is. */
export function nameColumn(names: readonly string[]): number {
  return Math.min(LONGEST_NAME, widest(names));
}

/** What a scenario's record says of its result. */
export function resultOf(scenario: ScenarioView): ScenarioResult {
  const settled = scenario.checks.flatMap(({ settledMs }) => settledMs ?? []);
  return {
    name: scenario.name,
    status: scenario.status,
    counts: scenario.counts,
    error: scenario.error,
    settledMs: settled.length === 0 ? undefined : settled.reduce((most, ms) => Math.max(most, ms)),
    durationMs: scenario.durationMs,
    steps: scenario.hasSteps ? scenario.steps.length : undefined,
  };
}

/** `FAILED  three-tier  12 checks: 11 passed, 1 leaked, took 1.2 s`, on more lines where it must be. */
export function renderResultLine(result: ScenarioResult, columns: ResultColumns, canvas: Canvas): string[] {
  const { word, style } = scenarioWord(result);
  const paddedWord = padEnd(word, columns.word);
  const name = padEnd(shortenMiddle(result.name, columns.name), columns.name);
  const head = `${canvas.paint(style, paddedWord)}${GAP}${canvas.paint('name', name)}`;
  const text = describeResult(result);
  const prefix = `${paddedWord}${GAP}${name}${GAP}`;
  if (canvas.width - stringWidth(prefix) < LEAST_ROOM) {
    return [head.trimEnd(), ...wrap(text, canvas.width, ' '.repeat(columns.word) + GAP)];
  }
  const [first = '', ...more] = wrap(text, canvas.width, prefix);
  return [`${head}${GAP}${first.slice(prefix.length)}`, ...more];
}

function describeResult({ counts, settledMs, durationMs, steps }: ScenarioResult): string {
  const total = Object.values(counts).reduce((sum, number) => sum + number, 0);
  const hasPassed = total === counts.pass;
  const isUniform = hasPassed || total === counts.unjudged;
  const checks = `${count(total, 'check')}${steps === undefined ? '' : ` in ${count(steps, 'step')}`}`;
  return [
    isUniform ? checks : `${checks}: ${describeCounts(counts)}`,
    ...(hasPassed && steps === undefined && settledMs !== undefined
      ? [`settled in ${duration(settledMs)}`]
      : []),
    ...(durationMs === undefined ? [] : [`took ${duration(durationMs)}`]),
  ].join(', ');
}
