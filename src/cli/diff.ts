/** `podreach diff`: what two saved run records say differently, without a cluster. */
import { type Command, Option } from 'commander';
import { COMPARISON_FORMATS } from '../report/formats.ts';
import type { SetExitCode } from './main.ts';
import { reportOption } from './options.ts';

const EXAMPLES = `
Examples:
  podreach diff before.json after.json                             what changed, and whether it is worse
  podreach diff before.json after.json --report markdown=diff.md   for a pull request or a job summary
  podreach diff before.json after.json --report html=diff.html     for a browser
  podreach diff before.json after.json --report json | jq .outcome

Exit codes:
  0  the second run is not worse
  1  it is: a check leaks, is broken, flaps or is late that did not, or is inconclusive that passed
  2  wrong usage
  3  a file is no run record, the second run did not come to its end, or a report could not be written`;

interface DiffOptions {
  readonly report?: string[];
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export function diffCommand(program: Command, setExitCode: SetExitCode): void {
  program
    .command('diff')
    .description('compare the records of two runs: what is worse, what is fixed, and what else differs')
    .argument('<before>', 'a file that podreach run --report json=FILE has written')
    .argument('<after>', 'another, of a later run')
    .addOption(reportOption(COMPARISON_FORMATS))
    .addOption(new Option('-q, --quiet', 'only what is worse, and the last line'))
    .addOption(new Option('-v, --verbose', 'show every difference, however many there are'))
    .addHelpText('after', EXAMPLES)
    .action(async (before: string, after: string, options: DiffOptions) => {
      const { parseReportOptions } = await import('./report-requests.ts');
      const { withTerminal } = await import('./default-reports.ts');
      const { recordOf } = await import('./record-file.ts');
      const { compareRecords, exitCodeOfComparison } = await import('../compare/compare.ts');
      const { COMPARISON_REPORTS } = await import('../report/comparison/comparison.ts');
      const { printReports } = await import('./print-reports.ts');
      const requests = withTerminal(parseReportOptions(options.report ?? [], COMPARISON_FORMATS));
      const comparison = compareRecords(
        recordOf(before, 'record-unreadable'),
        recordOf(after, 'record-unreadable'),
      );
      const { quiet = false, verbose = false } = options;
      const failures = printReports(COMPARISON_REPORTS, comparison, requests, { quiet, verbose });
      const exitCode = exitCodeOfComparison(comparison.outcome);
      setExitCode(exitCode === 0 && failures > 0 ? 3 : exitCode);
    });
}
