/** What a run record comes to: counts, and the words that stand for them. */
import { exitCodeFor } from '../../judge/exit-code.ts';
import { MISMATCHES } from '../../judge/mismatch.ts';
import type { CheckRecord, RunRecord, ScenarioRecord, Verdict } from '../../record.ts';
import type { Style } from '../text/paint.ts';
import { count, duration, formatNumber } from '../text/text.ts';
import { describeCluster } from './circumstances.ts';

/** Checks by verdict; `unjudged` are those that the run did not come to. */
export type Counts = Readonly<Record<Verdict | 'unjudged', number>>;
type ScenarioStatus = ScenarioRecord['status'];

export interface Summary {
  readonly scenarios: number;
  /** Scenarios by how they ended. */
  readonly statuses: Readonly<Record<ScenarioStatus, number>>;
  /** Scenarios that hold an error. */
  readonly errors: number;
  readonly checks: number;
  readonly counts: Counts;
}

/** The word for a result, and how it is painted. Capitals ask for attention, small letters do not. */
export interface ResultWord {
  readonly word: string;
  readonly style: Style;
}

/** As much of a scenario as its word depends on. */
export interface ScenarioOutcome {
  readonly status: ScenarioStatus;
  readonly counts: Counts;
  readonly error?: ScenarioRecord['error'];
}

const PASSED: ResultWord = { word: 'PASSED', style: 'passed' };
const FAILED: ResultWord = { word: 'FAILED', style: 'broken' };
const INCONCLUSIVE: ResultWord = { word: 'INCONCLUSIVE', style: 'inconclusive' };
const INCOMPLETE: ResultWord = { word: 'INCOMPLETE', style: 'inconclusive' };
const ERROR: ResultWord = { word: 'ERROR', style: 'error' };

const SCENARIO_PASSED: ResultWord = { word: 'passed', style: 'passed' };
const NOT_STARTED: ResultWord = { word: 'not started', style: 'faint' };

const COUNT_WORDS = [
  ['pass', 'passed'],
  ['leaked', 'leaked'],
  ['broken', 'broken'],
  ['flapping', 'flapping'],
  ['inconclusive', 'inconclusive'],
  ['unjudged', 'not judged'],
] as const satisfies readonly (readonly [keyof Counts, string])[];

/** Counts everything in a record, once for all reports. */
export function summarise(record: RunRecord): Summary {
  const statuses = { waiting: 0, running: 0, finished: 0, failed: 0, interrupted: 0, skipped: 0 };
  for (const { status } of record.scenarios) statuses[status] += 1;
  const checks = record.scenarios.flatMap((scenario) => scenario.checks);
  return {
    scenarios: record.scenarios.length,
    statuses,
    errors: record.scenarios.filter(({ error }) => error !== undefined).length,
    checks: checks.length,
    counts: countVerdicts(checks),
  };
}

/** Checks by verdict. */
export function countVerdicts(checks: readonly Pick<CheckRecord, 'verdict'>[]): Counts {
  const counts = { pass: 0, leaked: 0, broken: 0, flapping: 0, inconclusive: 0, unjudged: 0 };
  for (const { verdict } of checks) counts[verdict ?? 'unjudged'] += 1;
  return counts;
}

/** `46 passed, 1 leaked, 1 broken`: what there is, and nothing of what there is not. */
export function describeCounts(counts: Counts): string {
  return COUNT_WORDS.filter(([kind]) => counts[kind] > 0)
    .map(([kind, word]) => `${formatNumber(counts[kind])} ${word}`)
    .join(', ');
}

/** The word for a whole run, in step with its exit code. Only a complete run in which every check passed is `PASSED`. */
export function runWord(record: RunRecord): ResultWord {
  if (record.run.interruptedBy !== undefined) return INCOMPLETE;
  switch (exitCodeFor(record)) {
    case 1:
      return FAILED;
    case 3:
      return ERROR;
    case 0:
      return record.run.incomplete ? INCOMPLETE : PASSED;
    default:
      return record.run.incomplete ? INCOMPLETE : INCONCLUSIVE;
  }
}

/** The word for one scenario: `passed` or `not started` where there is nothing to look at. */
export function scenarioWord({ status, counts, error }: ScenarioOutcome): ResultWord {
  if (MISMATCHES.some((verdict) => counts[verdict] > 0)) return FAILED;
  // A scenario may have failed after its last check, when it was cleaned up.
  if (error !== undefined) return ERROR;
  switch (status) {
    case 'finished':
      return counts.inconclusive + counts.unjudged > 0 || counts.pass === 0 ? INCONCLUSIVE : SCENARIO_PASSED;
    case 'failed':
      return ERROR;
    case 'interrupted':
    case 'running':
      return INCOMPLETE;
    case 'waiting':
    case 'skipped':
      return NOT_STARTED;
  }
}

/** Whether a word says that there is nothing to look at. */
export function isCalm({ word }: ResultWord): boolean {
  return word === SCENARIO_PASSED.word || word === NOT_STARTED.word;
}

/** The last line of every run: `3 scenarios, 48 checks: 46 passed, 2 leaked (4.1 s, sandbox v1.36.0)`. */
export function describeRun(record: RunRecord): string {
  const { scenarios, statuses, errors, checks, counts } = summarise(record);
  const unfinished = [
    [errors, 'with an error'],
    [statuses.interrupted + statuses.running, 'interrupted'],
    [statuses.waiting + statuses.skipped, 'not started'],
  ] as const;
  const notes = unfinished.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  const { durationMs } = record.run;
  const cluster = describeCluster(record.environment);
  const { kubernetes } = record.environment;
  const circumstances = [
    ...(durationMs === undefined ? [] : [duration(durationMs)]),
    kubernetes === undefined ? cluster : `${cluster} ${kubernetes}`,
  ];
  return [
    count(scenarios, 'scenario'),
    notes.length === 0 ? '' : ` (${notes.join(', ')})`,
    `, ${describeChecks(record, checks)}`,
    checks === 0 ? '' : `: ${describeCounts(counts)}`,
    ` (${circumstances.join(', ')})`,
  ].join('');
}

/** `14 checks`; `1 of 14 checks (--check)` where only some of them were chosen: that those passed says nothing about the others. */
function describeChecks({ scenarios }: RunRecord, checks: number): string {
  const declared = scenarios.reduce(
    (sum, { declaredChecks, checks: own }) => sum + (declaredChecks ?? own.length),
    0,
  );
  return declared === checks
    ? count(checks, 'check')
    : `${formatNumber(checks)} of ${count(declared, 'check')} (--check)`;
}

/** How far a run came: `1 of 3 scenarios finished`. */
export function describeExtent(record: RunRecord): string {
  const { scenarios, statuses } = summarise(record);
  return `${formatNumber(statuses.finished)} of ${count(scenarios, 'scenario')} finished`;
}
