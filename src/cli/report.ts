/** `podreach report`: a saved run record in other forms, without a cluster. */
import type { Command } from 'commander';
import type { SetExitCode } from './main.ts';
import { outputOptions } from './options.ts';

const EXAMPLES = `
Examples:
  podreach report run.json                              the terminal's report of a saved run
  podreach report run.json --report junit=junit.xml     for a CI server
  podreach report run.json --report audit=audit.md      for those who answer for security
  podreach report run.json --report openmetrics         metrics, to standard output

Exit codes:
  0  every report was written, whatever the run itself came to
  2  the file is no run record
  3  a report could not be written`;

interface ReportCommandOptions {
  readonly report?: string[];
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export function reportCommand(program: Command, setExitCode: SetExitCode): void {
  const { report, quiet, verbose } = outputOptions();
  program
    .command('report')
    .description('render the record of a run again, in any format')
    .argument('<record>', 'a file that podreach run --report json=FILE has written')
    .addOption(report)
    .addOption(quiet)
    .addOption(verbose)
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: ReportCommandOptions) => {
      const { openOutputs } = await import('./outputs.ts');
      const outputs = openOutputs(options);
      const { recordOf } = await import('./record-file.ts');
      setExitCode(outputs.finish(recordOf(file, 'usage')) === 0 ? 0 : 3);
    });
}
