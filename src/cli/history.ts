/** `podreach history`: what the records of many runs show one after the other, without a cluster. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { messageOf, PodreachError } from '../errors.ts';
import { HISTORY_FORMATS } from '../report/formats.ts';
import type { ReadHistory } from '../report/history/history.ts';
import type { SetExitCode } from './main.ts';
import { reportOption } from './options.ts';

const EXAMPLES = `
Examples:
  podreach history records                              runs, checks that failed, flaky checks, times
  podreach history records --report html=history.html   the same, drawn
  podreach history records --report json | jq .checks   for a script

Exit codes:
  0  it was told, whatever the runs came to
  2  wrong usage, or the folder cannot be read
  3  the folder holds no run record, or a report could not be written`;

interface HistoryOptions {
  readonly report?: string[];
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export function historyCommand(program: Command, setExitCode: SetExitCode): void {
  program
    .command('history')
    .description('show how verdicts and times went over many saved runs, and which checks are flaky')
    .argument('<folder>', 'its *.json files, and those of the folders in it, are read')
    .addOption(reportOption(HISTORY_FORMATS))
    .addOption(new Option('-q, --quiet', 'only the checks that failed or are flaky, and the last line'))
    .addOption(new Option('-v, --verbose', 'show every run, check and time'))
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string, options: HistoryOptions) => {
      const { parseReportOptions } = await import('./report-requests.ts');
      const { withTerminal } = await import('./default-reports.ts');
      const { HISTORY_REPORTS } = await import('../report/history/history.ts');
      const { printReports } = await import('./print-reports.ts');
      const requests = withTerminal(parseReportOptions(options.report ?? [], HISTORY_FORMATS));
      const { quiet = false, verbose = false } = options;
      const failures = printReports(HISTORY_REPORTS, await readHistory(folder), requests, { quiet, verbose });
      setExitCode(failures === 0 ? 0 : 3);
    });
}

/** @throws PodreachError `usage`: the folder cannot be read; `record-unreadable`: there is no record in it */
async function readHistory(folder: string): Promise<ReadHistory> {
  const { HistoryBuilder } = await import('../compare/history.ts');
  const { readRecordFile } = await import('./record-file.ts');
  const builder = new HistoryBuilder();
  const leftOut: { file: string; why: string }[] = [];
  for (const file of jsonFilesIn(folder)) {
    if (isSpecial(file)) {
      leftOut.push({ file, why: 'cannot be read: it is no file' });
      continue;
    }
    const reading = readRecordFile(file);
    if (reading.kind !== 'record') {
      leftOut.push({ file, why: reading.why });
      continue;
    }
    const known = builder.add(reading.record, file);
    if (known !== undefined) leftOut.push({ file, why: `is the run of ${known} once more` });
  }
  const history = builder.finish();
  if (history.runs.length > 0) return { ...history, leftOut };
  const [first] = leftOut;
  throw new PodreachError('record-unreadable', `${folder} holds no run record`, {
    hint:
      first === undefined
        ? 'Save one there: podreach run --report json=FILE.json'
        : `${first.file} ${first.why}`,
  });
}

/** Whether it is there, and no file: whoever reads from a pipe may wait for ever. */
function isSpecial(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && !found.isFile();
}

/** In an order that is the same everywhere. */
function jsonFilesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && entry.name.endsWith('.json'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch (thrown) {
    throw new PodreachError('usage', `${folder} cannot be read: ${messageOf(thrown)}`, {
      hint: 'Name a folder that holds files of podreach run --report json=FILE.',
      cause: thrown,
    });
  }
}
