/** A run in few words: which it was, and what it came to. */
import { type Counts, countedAsIn, countResults } from '../judge/counts.ts';
import { exitCodeFor } from '../judge/exit-code.ts';
import type { RunRecord } from '../record/schema.ts';

export interface RunFacts
  extends Pick<RunRecord['run'], 'id' | 'startedAt' | 'by' | 'incomplete' | 'interruptedBy'> {
  /** Whether it came to its end, and every scenario with it. */
  readonly isWhole: boolean;
  /** Whether its checks were watched. */
  readonly isWatched: boolean;
  /** What the record stands for. */
  readonly exitCode: number;
  readonly scenarios: number;
  readonly counts: Counts;
}

export function runFacts(record: RunRecord): RunFacts {
  const { id, startedAt, by, incomplete, interruptedBy, error } = record.run;
  const isEach = record.scenarios.every(
    (scenario) => scenario.status === 'finished' && scenario.error === undefined,
  );
  return {
    id,
    startedAt,
    ...(by === undefined ? {} : { by }),
    incomplete,
    ...(interruptedBy === undefined ? {} : { interruptedBy }),
    isWhole: !incomplete && interruptedBy === undefined && error === undefined && isEach,
    isWatched: record.watch !== undefined,
    exitCode: exitCodeFor(record),
    scenarios: record.scenarios.length,
    counts: countResults(record.scenarios.flatMap(countedAsIn)),
  };
}
