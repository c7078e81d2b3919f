/** `podreach diff`: what two saved run records say differently, or what a change of manifests opens and closes. Needs no cluster. */
import { type Command, Option } from 'commander';
import { FAILING_CHANGES, type FailingChange, isRefused } from '../compare/manifests/failing.ts';
import { PodreachError } from '../errors.ts';
import { COMPARISON_FORMATS, MANIFEST_FORMATS } from '../report/formats.ts';
import type { SetExitCode } from './main.ts';
import { refuseMisplaced, reportOption } from './options.ts';

const EXAMPLES = `
Examples:
  podreach diff before.json after.json                             what changed, and whether it is worse
  podreach diff before.json after.json --report markdown=diff.md   for a pull request or a job summary
  podreach diff before.json after.json --report html=diff.html     for a browser
  podreach diff before.json after.json --report json | jq .outcome
  podreach diff --manifests old new                                what a change of manifests opens and closes
  podreach diff --manifests main...HEAD -- deploy                  the same, of this branch since it left main
  podreach diff --manifests main -- deploy                         with what is not committed yet
  podreach diff --manifests main..HEAD --fail-on open -- shop=deploy/policies overlays/production

Exit codes:
  0  the second run is not worse; with --manifests: they were compared
  1  it is: a check leaks, is broken, flaps or is late that did not, or is inconclusive that passed;
     with --fail-on: the change opens or closes something
  2  wrong usage, or manifests that cannot be read
  3  a file is no run record, the second run did not come to its end or has none of the checks of the first,
     a program to render or read with is missing, or a report could not be written`;

interface DiffOptions {
  readonly manifests?: boolean;
  readonly failOn?: FailingChange;
  readonly report?: string[];
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** @param beside what follows `--` */
export function diffCommand(beside: readonly string[] | undefined) {
  return (program: Command, setExitCode: SetExitCode): void => {
    const command = program
      .command('diff')
      .description(
        'compare the records of two runs, or with --manifests what two states of manifests allow and deny',
      )
      .usage(
        '[options] <before> <after>\n       podreach diff --manifests [options] <old>..<new> -- <paths...>',
      )
      .argument('[before]', 'a file that podreach run --report json=FILE has written, or manifests')
      .argument('[after]', 'another, of a later run, or later manifests')
      .option(
        '--manifests',
        'compare manifests: files, folders, globs, kustomizations, - for standard input, or paths in git revisions; namespace=path gives a namespace to what names none',
      )
      .addOption(
        new Option(
          '--fail-on <change>',
          'with --manifests, end with 1 if the change opens a connection, or may; closes one, or may; or either',
        ).choices(FAILING_CHANGES),
      )
      .addOption(reportOption(COMPARISON_FORMATS))
      .addOption(new Option('-q, --quiet', 'only what is worse, or opens or closes, and the last line'))
      .addOption(new Option('-v, --verbose', 'show every difference, however many there are'))
      .addHelpText('after', EXAMPLES);
    command.action(async (before: string | undefined, after: string | undefined, options: DiffOptions) => {
      const words = [before, after].filter((word) => word !== undefined);
      if (options.manifests === true) {
        setExitCode(await diffManifests(words, options, beside));
        return;
      }
      if (options.failOn !== undefined) refuseMisplaced(['--fail-on'], 'podreach diff --manifests');
      const [first, second, ...others] = [...words, ...(beside ?? [])];
      if (first === undefined || second === undefined) {
        command.error(`error: missing required argument '${first === undefined ? 'before' : 'after'}'`);
        return;
      }
      if (others.length > 0)
        throw new PodreachError('usage', `two records are compared, and ${others.length + 2} are named`, {
          hint: 'Write podreach diff BEFORE AFTER.',
        });
      setExitCode(await diffRecords(first, second, options));
    });
  };
}

async function diffRecords(before: string, after: string, options: DiffOptions): Promise<number> {
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
  const failures = printReports(COMPARISON_REPORTS, comparison, requests, amountOf(options));
  const exitCode = exitCodeOfComparison(comparison.outcome);
  return exitCode === 0 && failures > 0 ? 3 : exitCode;
}

async function diffManifests(
  words: readonly string[],
  options: DiffOptions,
  beside: readonly string[] | undefined,
): Promise<number> {
  const { parseReportOptions } = await import('./report-requests.ts');
  const { withTerminal } = await import('./default-reports.ts');
  const { compareNamedManifests } = await import('./diff-manifests.ts');
  const { MANIFEST_REPORTS } = await import('../report/comparison/manifests/manifests.ts');
  const { printReports } = await import('./print-reports.ts');
  const requests = withTerminal(parseReportOptions(options.report ?? [], MANIFEST_FORMATS));
  const comparison = await compareNamedManifests(words, beside);
  const failures = printReports(MANIFEST_REPORTS, comparison, requests, amountOf(options));
  if (isRefused(comparison, options.failOn)) return 1;
  return failures > 0 ? 3 : 0;
}

function amountOf({ quiet = false, verbose = false }: DiffOptions): {
  readonly quiet: boolean;
  readonly verbose: boolean;
} {
  return { quiet, verbose };
}
