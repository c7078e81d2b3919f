/** Where a run speaks: reports to standard output and files, progress to standard error. */
import { systemClock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { ProgressListener } from '../progress.ts';
import type { RunRecord } from '../record/schema.ts';
import { GrowingText } from '../record/text.ts';
import { FORMAT_NAMES } from '../report/formats.ts';
import { createProgress } from '../report/progress/progress.ts';
import { REPORTS } from '../report/report.ts';
import { defaultReports } from './default-reports.ts';
import { hasColours, printReports } from './print-reports.ts';
import { parseReportOptions } from './report-requests.ts';
import { writeReportFile } from './write-reports.ts';

/** A large record takes some time to write; this often is often enough for a run that is cut off. */
const SAVE_EVERY_MS = 500;

export interface OutputOptions {
  readonly report?: readonly string[];
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export interface Outputs {
  readonly progress: ProgressListener;
  /** Says something at once. */
  readonly note: (text: string) => void;
  /** Writes the record, as it stands, to every file that was asked for as JSON. */
  readonly save: (record: RunRecord) => void;
  /** Writes all reports. @returns how many that were asked for could not be written */
  readonly finish: (record: RunRecord) => number;
}

export interface SpokenProgress {
  readonly listen: ProgressListener;
  /** Says something at once. */
  readonly note: (text: string) => void;
  /** Takes the live line away. */
  readonly close: () => void;
}

/** Progress on standard error. */
export function openProgress({ quiet = false, verbose = false }: OutputOptions): SpokenProgress {
  const { listen, close } = createProgress(
    {
      isTerminal: process.stderr.isTTY === true,
      get columns() {
        return process.stderr.columns ?? 80;
      },
      write: (text) => void process.stderr.write(text),
    },
    { quiet, verbose, colour: hasColours(process.stderr) },
    systemClock,
  );
  return { listen, close, note: (text) => listen({ type: 'note', text }) };
}

/**
 * @param env environment variables that switch further reports on; none for a record that was saved
 * @throws PodreachError `usage` for a report that does not exist
 */
export function openOutputs(options: OutputOptions, env: NodeJS.ProcessEnv = {}): Outputs {
  const { quiet = false, verbose = false } = options;
  const requests = defaultReports(parseReportOptions(options.report ?? [], FORMAT_NAMES), env);
  const { listen, note, close } = openProgress(options);
  const files = requests.flatMap(({ format, file }) =>
    format === 'json' && file !== undefined ? [file] : [],
  );
  const saver = recordSaver(files, note);
  return {
    progress: listen,
    note,
    save: saver.save,
    finish(record) {
      saver.stop();
      close();
      return printReports(REPORTS, record, requests, { quiet, verbose });
    },
  };
}

export interface RecordSaver {
  /** At once, or as soon as it may be written again: nothing that was to be saved is left out. */
  readonly save: (record: RunRecord) => void;
  /** What is still to be written is not. */
  readonly stop: () => void;
}

/**
 * Writes the record, as it stands, to files: again and again, but not more often than it pays.
 * @param isBeginning nothing has been started before it, so that a file that cannot be written ends everything
 */
export function recordSaver(
  files: readonly string[],
  note: (text: string) => void,
  isBeginning = true,
): RecordSaver {
  const growing = new GrowingText();
  let savedMs: number | undefined;
  let later: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearTimeout(later);
    later = undefined;
  };
  const save = (record: RunRecord): void => {
    if (files.length === 0) return;
    stop();
    const restMs = savedMs === undefined ? 0 : savedMs + SAVE_EVERY_MS - systemClock.now();
    if (restMs > 0) {
      later = setTimeout(() => save(record), restMs).unref();
      return;
    }
    const isFirst = savedMs === undefined;
    savedMs = systemClock.now();
    const text = growing.next(record);
    if (text === undefined) return;
    for (const file of files) {
      try {
        writeReportFile(file, text);
      } catch (thrown) {
        // Before anything has started a file that cannot be written is a wrong option; later it must not end the run.
        if (isFirst && isBeginning) throw thrown;
        note(messageOf(thrown));
      }
    }
  };
  return { save, stop };
}
