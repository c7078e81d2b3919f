/** `podreach report`: a saved run record in other forms, without a cluster. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { messageOf, PodreachError } from '../errors.ts';
import type { RunRecord } from '../record/schema.ts';
import { neutralise } from '../report/text/text.ts';
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

const PROBLEMS_SHOWN = 3;

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
      setExitCode(outputs.finish(await recordOf(file)) === 0 ? 0 : 3);
    });
}

/** @throws PodreachError `usage`: the file cannot be read, or is no run record of a version that is known here */
async function recordOf(file: string): Promise<RunRecord> {
  const { readRecord } = await import('../record/read.ts');
  const { RECORD_SCHEMA_VERSION } = await import('../record/schema.ts');
  const reading = readRecord(readJson(file));
  switch (reading.kind) {
    case 'record':
      return reading.record;
    case 'newer':
      throw new PodreachError(
        'usage',
        `${file} was written by a newer podreach: its record is of version ${reading.version}, and this one reads up to version ${RECORD_SCHEMA_VERSION}`,
        { hint: 'Render it with the podreach that wrote it, or a newer one.' },
      );
    case 'no-record': {
      const { problems } = reading;
      const more = problems.length > PROBLEMS_SHOWN ? `; and ${problems.length - PROBLEMS_SHOWN} more` : '';
      throw new PodreachError(
        'usage',
        `${file} is no run record: ${neutralise(problems.slice(0, PROBLEMS_SHOWN).join('; '))}${more}`,
        { hint: 'Give a file that podreach run --report json=FILE has written.' },
      );
    }
  }
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new PodreachError('usage', `${file} cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new PodreachError('usage', `${file} is not JSON: ${neutralise(messageOf(thrown))}`, {
      hint: 'Give a file that podreach run --report json=FILE has written.',
      cause: thrown,
    });
  }
}
