/** Which reports a run makes beside those that were asked for. */
import type { ReportRequest } from './report-requests.ts';

/**
 * What was asked for, and what is on by itself: the terminal's report, unless another one wants standard output; and on
 * GitHub Actions annotations, and the Markdown report in the summary of the step.
 *
 * @param asked the requests of all `--report` options
 * @param env the environment variables of the process
 * @returns all requests, in the order in which they are to be written
 */
export function defaultReports(
  asked: readonly ReportRequest[],
  env: Readonly<Record<string, string | undefined>>,
): ReportRequest[] {
  const isAsked = (format: ReportRequest['format']): boolean =>
    asked.some((request) => request.format === format);
  const printed = asked.filter(({ file }) => file === undefined);
  const isGithub = env['GITHUB_ACTIONS'] === 'true';
  // Commands go unseen among other output, but would spoil one that a program reads.
  const isAnnotated = isGithub && !isAsked('github') && printed.every(({ format }) => format === 'terminal');
  return [
    // First, so that the result of the run stays the last line.
    ...(isAnnotated ? [{ format: 'github' } as const] : []),
    ...withSummary(withTerminal(asked), env),
  ];
}

/** What was asked for, and on GitHub Actions the Markdown report in the summary of the step. */
export function withSummary<Format extends string>(
  asked: readonly ReportRequest<Format | 'markdown'>[],
  env: Readonly<Record<string, string | undefined>>,
): readonly ReportRequest<Format | 'markdown'>[] {
  const summary = env['GITHUB_STEP_SUMMARY'] ?? '';
  const isSummarised =
    env['GITHUB_ACTIONS'] === 'true' && summary !== '' && !asked.some(({ format }) => format === 'markdown');
  // Other steps of the job may have said something there already.
  return isSummarised
    ? [...asked, { format: 'markdown', file: summary, append: true, unasked: true }]
    : asked;
}

/** What was asked for, and the terminal's report, unless another one wants standard output. */
export function withTerminal<Format extends string>(
  asked: readonly ReportRequest<Format | 'terminal'>[],
): readonly ReportRequest<Format | 'terminal'>[] {
  const isTold = asked.some(({ format, file }) => file === undefined || format === 'terminal');
  return isTold ? asked : [{ format: 'terminal' }, ...asked];
}
