/** What a run record comes to: counts, and the words that stand for them. */
import type { Counts } from '../../judge/counts.ts';
import { MISMATCHES } from '../../model/verdict.ts';
import { describeCluster } from '../../record/environment.ts';
import type { Style } from '../text/paint.ts';
import { count, duration, formatNumber } from '../text/text.ts';
import type { RunView, ScenarioView } from '../view/view.ts';
import { stepsOf } from './steps.ts';

type ScenarioStatus = ScenarioView['status'];

/** The word for a result, and how it is painted. Capitals ask for attention, small letters do not. */
export interface ResultWord {
  readonly word: string;
  readonly style: Style;
}

/** As much of a scenario as its word depends on. */
export interface ScenarioOutcome {
  readonly status: ScenarioStatus;
  readonly counts: Counts;
  readonly error?: { readonly code: string } | undefined;
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
  ['known', 'known'],
  ['leaked', 'leaked'],
  ['broken', 'broken'],
  ['flapping', 'flapping'],
  ['late', 'late'],
  ['inconclusive', 'inconclusive'],
  ['unjudged', 'not judged'],
] as const satisfies readonly (readonly [keyof Counts, string])[];

/** `46 passed, 1 leaked, 1 broken`: what there is, and nothing of what there is not. */
export function describeCounts(counts: Counts): string {
  return COUNT_WORDS.filter(([kind]) => counts[kind] > 0)
    .map(([kind, word]) => `${formatNumber(counts[kind])} ${word}`)
    .join(', ');
}

/** As much of a run as its word depends on. */
interface RunEnding {
  readonly run: Pick<RunView['run'], 'incomplete' | 'interruptedBy'>;
  readonly exitCode: number;
}

/**
 * The word for a whole run, in step with its exit code. Only a complete run in which every check passed, or is a known
 * issue, is `PASSED`.
 */
export function runWord({ run, exitCode }: RunEnding): ResultWord {
  if (run.interruptedBy !== undefined) return INCOMPLETE;
  switch (exitCode) {
    case 1:
      return FAILED;
    case 3:
      return ERROR;
    case 0:
      return run.incomplete ? INCOMPLETE : PASSED;
    default:
      return run.incomplete ? INCOMPLETE : INCONCLUSIVE;
  }
}

/** The word for one scenario: `passed` or `not started` where there is nothing to look at. */
export function scenarioWord({ status, counts, error }: ScenarioOutcome): ResultWord {
  if (MISMATCHES.some((verdict) => counts[verdict] > 0)) return FAILED;
  // A scenario may have failed after its last check, when it was cleaned up.
  if (error !== undefined) return ERROR;
  switch (status) {
    case 'finished':
      return counts.inconclusive + counts.unjudged > 0 || counts.pass + counts.known === 0
        ? INCONCLUSIVE
        : SCENARIO_PASSED;
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
export function describeRun(view: RunView): string {
  const { scenarios, checks, counts } = view;
  const unfinished = [
    [scenarios.filter(({ error }) => error !== undefined).length, 'with an error'],
    [countStatuses(view, 'interrupted', 'running'), 'interrupted'],
    [countStatuses(view, 'waiting', 'skipped'), 'not started'],
  ] as const;
  const notes = unfinished.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  const { durationMs } = view.run;
  const cluster = describeCluster(view.environment);
  const { kubernetes } = view.environment;
  const circumstances = [
    ...(durationMs === undefined ? [] : [duration(durationMs)]),
    kubernetes === undefined ? cluster : `${cluster} ${kubernetes}`,
  ];
  const steps = stepsOf(scenarios).length;
  return [
    count(scenarios.length, 'scenario'),
    notes.length === 0 ? '' : ` (${notes.join(', ')})`,
    steps === 0 ? '' : `, ${count(steps, 'step')}`,
    `, ${describeChecks(view)}`,
    checks.length === 0 ? '' : `: ${describeCounts(counts)}`,
    ` (${circumstances.join(', ')})`,
  ].join('');
}

/** `14 checks`; `1 of 14 checks (--check)` where only some of them were chosen: that those passed says nothing about the others. */
function describeChecks({ scenarios, checks }: RunView): string {
  const declared = scenarios.reduce(
    (sum, { declaredChecks, checks: own }) => sum + (declaredChecks ?? own.length),
    0,
  );
  return declared === checks.length
    ? count(checks.length, 'check')
    : `${formatNumber(checks.length)} of ${count(declared, 'check')} (--check)`;
}

/** How far a run came: `1 of 3 scenarios finished`. */
export function describeExtent(view: RunView): string {
  const finished = formatNumber(countStatuses(view, 'finished'));
  return `${finished} of ${count(view.scenarios.length, 'scenario')} finished`;
}

/** How many scenarios ended like this. */
function countStatuses({ scenarios }: RunView, ...statuses: readonly ScenarioStatus[]): number {
  return scenarios.filter(({ status }) => statuses.includes(status)).length;
}
