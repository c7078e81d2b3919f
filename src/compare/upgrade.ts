/** What the runs of an upgrade come to together: a pure function of their records. */
import { INTERRUPTED } from '../errors.ts';
import { withoutUnprovenPasses } from '../judge/proven.ts';
import { UPGRADE_PARTS } from '../model/upgrade.ts';
import type { RunRecord } from '../record/schema.ts';
import { compareRecords, type RecordComparison } from './compare.ts';
import { type RunFacts, runFacts } from './run-facts.ts';

/** A part that an upgrade did not come to is absent. */
export interface UpgradeRecords {
  readonly before: RunRecord;
  readonly during?: RunRecord;
  readonly after?: RunRecord;
}

/**
 * `go`: every check passed before, in every moment of the watch that counts, and after. `no-go`: there was a mismatch in one of them.
 * `not-proven`: there was none, and yet not all of that is shown.
 */
export type UpgradeOutcome = 'go' | 'no-go' | 'not-proven';

export interface UpgradeComparison {
  readonly outcome: UpgradeOutcome;
  readonly exitCode: number;
  /** What was run; absent: it was not. */
  readonly command?: NonNullable<NonNullable<RunRecord['watch']>['command']>;
  readonly before: RunFacts;
  /** What the watch showed that the run before it did not. */
  readonly during?: RecordComparison;
  /** What is otherwise than it was before. */
  readonly after?: RecordComparison;
}

export function compareUpgrade(records: UpgradeRecords): UpgradeComparison {
  const { before, during, after } = records;
  const command = during?.watch?.command;
  const changes = {
    ...(during === undefined ? {} : { during: compareRecords(before, during) }),
    ...(after === undefined ? {} : { after: compareRecords(before, after) }),
  };
  const exitCode = exitCodeOfUpgrade(records, Object.values(changes));
  return {
    outcome: outcomeOf(exitCode),
    exitCode,
    ...(command === undefined ? {} : { command }),
    before: runFacts(withoutUnprovenPasses(before)),
    ...changes,
  };
}

/** Whether the command may be run after this first run. What podreach could not even begin with it cannot watch either. */
export function mayBegin(before: RunRecord, isAnyway: boolean): boolean {
  const { exitCode, isWhole } = runFacts(withoutUnprovenPasses(before));
  if (exitCode === 0 && isWhole) return true;
  const { error, interruptedBy, incomplete } = before.run;
  return isAnyway && error === undefined && interruptedBy === undefined && !incomplete;
}

/** Whether there is anything to look at after it: the command was run, and nobody wants it to end. */
export function mayFollow({ run, watch }: RunRecord): boolean {
  return run.interruptedBy === undefined && watch?.command !== undefined;
}

/** What goes before what, where the runs do not come to the same: as ever a mismatch goes before a failure, and that before a doubt. */
const ORDER = [INTERRUPTED.SIGINT, INTERRUPTED.SIGTERM, 1, 3, 4];

/** @param changes what the later parts show that the first did not */
function exitCodeOfUpgrade(records: UpgradeRecords, changes: readonly RecordComparison[]): number {
  const codes = UPGRADE_PARTS.flatMap((part) => {
    const record = records[part];
    if (record === undefined) return [];
    const { exitCode, isWhole } = runFacts(withoutUnprovenPasses(record));
    return exitCode === 0 && !isWhole ? [3] : [exitCode];
  });
  // What was tried before and is left out since is shown by nobody.
  if (changes.some(({ checks }) => checks.some(({ change }) => change === 'untried'))) codes.push(4);
  const first = ORDER.find((code) => codes.includes(code));
  // A part that is not there shows nothing, whatever kept it away.
  return first ?? (codes.length === UPGRADE_PARTS.length ? 0 : 3);
}

function outcomeOf(exitCode: number): UpgradeOutcome {
  if (exitCode === 0) return 'go';
  return exitCode === 1 ? 'no-go' : 'not-proven';
}
