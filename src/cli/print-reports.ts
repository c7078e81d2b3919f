/** Reports of a terminal that is there, and of files: what is asked for is rendered, and what went wrong is said. */
import { hostname } from 'node:os';
import { pathToFileURL } from 'node:url';
import { createSupportsHyperlinks } from 'supports-hyperlinks';
import { messageOf } from '../errors.ts';
import type { RenderOptions, Report } from '../report/render-options.ts';
import { neutralise } from '../report/text/text.ts';
import type { ReportRequest } from './report-requests.ts';
import { writeReports } from './write-reports.ts';

/** @returns how many that were asked for could not be written */
export function printReports<Format extends string, Subject>(
  reports: Readonly<Record<Format, Report<Subject>>>,
  subject: Subject,
  requests: readonly ReportRequest<Format>[],
  { quiet, verbose }: Pick<RenderOptions, 'quiet' | 'verbose'>,
): number {
  const problems = writeReports(reports, subject, requests, {
    options: {
      width: process.stdout.columns ?? 100,
      colour: hasColours(process.stdout),
      verbose,
      quiet,
      ...(createSupportsHyperlinks(process.stdout) ? { linkTo: linkToFile } : {}),
    },
    print: (text) => void process.stdout.write(text),
  });
  for (const { request, error } of problems) {
    const weight = request.unasked === true ? 'warning' : 'error';
    process.stderr.write(`${weight}: the ${request.format} report: ${neutralise(messageOf(error))}\n`);
  }
  return problems.filter(({ request }) => request.unasked !== true).length;
}

/** With the host, so that a terminal on another machine does not open a file of its own. */
function linkToFile(file: string): string {
  const url = pathToFileURL(file);
  url.host = hostname();
  return url.href;
}

export function hasColours(stream: NodeJS.WriteStream): boolean {
  const forced = process.env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return stream.isTTY === true && stream.hasColors();
}
