/** `podreach validate`: are these scenarios sound? Starts nothing. */
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { disarmCommands, neutralise } from '../report/text/text.ts';
import { type LoadCommandOptions, loadCommandPlans } from './load.ts';
import type { SetExitCode } from './main.ts';
import { knownIssuesOption, manifestsOption, SCENARIO_PATHS, selectionOptions } from './options.ts';
import { describeWarnings, warningsFor } from './warnings.ts';

const EXAMPLES = `
Examples:
  podreach validate                      the scenarios below scenarios/
  podreach validate 'checks/**/*.yaml'   all files that match
  podreach validate scenarios/time       scenarios with steps; what is found names the steps in which it holds
  podreach validate --strict             warnings count as errors
  podreach validate --json web.yaml      for a script
  generate-scenario | podreach validate -   one from standard input`;

interface ValidateOptions extends LoadCommandOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly verbose?: boolean;
}

export function validateCommand(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('validate')
    .description('check scenario files and their policies without starting anything')
    .argument('[paths...]', SCENARIO_PATHS)
    .option('--json', 'print the result as JSON')
    .option('--strict', 'end with 2 where there is a warning, too')
    .option('-v, --verbose', 'show every warning, however many there are')
    .addOption(manifestsOption())
    .addOption(knownIssuesOption())
    .addHelpText('after', EXAMPLES);
  for (const option of selectionOptions()) command.addOption(option);
  command.action(async (paths: string[], options: ValidateOptions) => {
    setExitCode(await validate(paths, options));
  });
}

async function validate(paths: readonly string[], options: ValidateOptions): Promise<number> {
  const { policiesOf } = await import('../scenario/scenario.ts');
  const { PodreachError } = await import('../errors.ts');
  try {
    const plans = await loadCommandPlans(paths, options);
    const warnings = await warningsFor(plans, systemClock.date());
    const scenarios = plans.map((plan) => ({
      name: plan.scenario.name,
      file: plan.scenario.location.file,
      pods: plan.pods.length,
      policies: policiesOf(plan).length,
      ...(plan.steps.length === 1 ? {} : { steps: plan.steps.length }),
      checks: plan.steps.reduce((sum, { checks }) => sum + checks.length, 0),
    }));
    if (options.json === true)
      print(JSON.stringify({ valid: true, scenarios, problems: [], warnings }, undefined, 2));
    else {
      for (const { name, file, pods, policies, steps, checks } of scenarios) {
        const counts = [
          count(pods, 'pod'),
          count(policies, 'policy', 'policies'),
          ...(steps === undefined ? [] : [count(steps, 'step')]),
          count(checks, 'check'),
        ];
        print(`${name}  ${counts.join(', ')}  (${neutralise(file)})`);
      }
      const shown = options.verbose === true ? warnings.length : undefined;
      for (const line of describeWarnings(warnings, plans, shown)) print(line);
      print(`${count(scenarios.length, 'scenario')} valid${describeFound(warnings.length, options)}`);
    }
    return options.strict === true && warnings.length > 0 ? 2 : 0;
  } catch (thrown) {
    if (options.json !== true || !(thrown instanceof PodreachError) || thrown.problems.length === 0)
      throw thrown;
    print(JSON.stringify({ valid: false, scenarios: [], problems: thrown.problems }, undefined, 2));
    return 2;
  }
}

function describeFound(warnings: number, { strict }: ValidateOptions): string {
  if (warnings === 0) return '.';
  return `, ${count(warnings, 'warning')}.${strict === true ? ' With --strict, warnings are errors.' : ''}`;
}

function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}

function print(line: string): void {
  process.stdout.write(disarmCommands(`${line}\n`));
}
