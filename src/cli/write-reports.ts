/** Where reports end up: files that are replaced in one step, or standard output. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf, PodreachError } from '../errors.ts';
import type { RenderOptions, Report } from '../report/render-options.ts';
import type { ReportRequest } from './report-requests.ts';

export interface ReportTargets {
  readonly options: RenderOptions;
  /** Takes what goes to standard output. */
  readonly print: (text: string) => void;
}

/** A report that did not come about. */
export interface ReportProblem<Format extends string> {
  readonly request: ReportRequest<Format>;
  /** A `PodreachError` where the file was at fault, anything else where the report itself was. */
  readonly error: unknown;
}

/**
 * Renders every report and puts it where it was asked for. One that fails leaves the others alone.
 * @param reports by format
 * @param subject what they tell of
 * @returns what went wrong, in the order of the requests
 */
export function writeReports<Format extends string, Subject>(
  reports: Readonly<Record<Format, Report<Subject>>>,
  subject: Subject,
  requests: readonly ReportRequest<Format>[],
  { options, print }: ReportTargets,
): ReportProblem<Format>[] {
  return requests.flatMap((request) => {
    try {
      const render = reports[request.format];
      if (request.file === undefined) print(render(subject, options));
      else {
        // A file is no terminal, whatever standard output is.
        const { linkTo: _onTerminals, ...rest } = options;
        const text = render(subject, { ...rest, colour: false });
        if (request.append === true) appendReportFile(request.file, text);
        else writeReportFile(request.file, text);
      }
      return [];
    } catch (error) {
      return [{ request, error }];
    }
  });
}

/**
 * Replaces a file in one step, so that a reader or a crash never sees half of it. Folders that are missing are created.
 * What is not a regular file, such as a pipe or `/dev/null`, is written to and stays what it is.
 * @param what it is, as a message calls it
 * @throws PodreachError `usage` that names the file
 */
export function writeReportFile(file: string, text: string, what = 'report'): void {
  try {
    const existing = statSync(file, { throwIfNoEntry: false });
    if (existing === undefined) {
      makeFolder(dirname(file));
      replaceFile(file, text);
    } else if (existing.isFile()) {
      // Through a link, so that the link stays one.
      replaceFile(realpathSync(file), text);
    } else {
      writeFileSync(file, text);
    }
  } catch (thrown) {
    throw unwritable(file, thrown, what);
  }
}

function appendReportFile(file: string, text: string): void {
  try {
    appendFileSync(file, text);
  } catch (thrown) {
    throw unwritable(file, thrown);
  }
}

function unwritable(file: string, thrown: unknown, what = 'report'): PodreachError {
  return new PodreachError('usage', `the ${what} ${file} cannot be written: ${messageOf(thrown)}`, {
    hint: 'Name a file in a folder that this user may write to.',
    cause: thrown,
  });
}

/** One folder at a time: below /proc, Node.js's own `recursive` never comes back. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

function replaceFile(file: string, text: string): void {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, file);
  } catch (thrown) {
    rmSync(temporary, { force: true });
    throw thrown;
  }
}
