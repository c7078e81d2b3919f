/** What a reader must know before using a command of a report. */
import type { RunRecord } from '../../record.ts';

/** The commands need what clean-up has taken away; an interrupted run cleans up whatever was asked for. */
export function keepNote({ run }: RunRecord): string | undefined {
  if (run.options.keep && run.interruptedBy === undefined) return undefined;
  return 'The pods of this run are gone. To use a reproduce line, run again with --keep: that run prints lines for its own pods.';
}
