/** `podreach validate`: are these scenarios sound? Starts nothing. */
import type { Command } from 'commander';
import type { Location } from '../errors.ts';
import type { Plan } from '../scenario/scenario.ts';
import type { SetExitCode } from './main.ts';
import { type SelectionOptions, selectionOptions } from './options.ts';

const EXAMPLES = `
Examples:
  podreach validate                      the scenarios below scenarios/
  podreach validate 'checks/**/*.yaml'   all files that match
  podreach validate --json web.yaml      for a script`;

interface ValidateOptions extends SelectionOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
}

interface Warning {
  readonly message: string;
  readonly location: Location;
  readonly hint: string;
}

/** A scenario whose policies miss the point altogether is told by its first few checks. */
const SHOWN_WARNINGS = 10;

export function validateCommand(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('validate')
    .description('check scenario files and their policies without starting anything')
    .argument('[paths...]', 'files, folders or globs; without any: scenarios/')
    .option('--json', 'print the result as JSON')
    .option('--strict', 'end with 2 where the policies cannot meet the expectations, too')
    .addHelpText('after', EXAMPLES);
  for (const option of selectionOptions()) command.addOption(option);
  command.action(async (paths: string[], options: ValidateOptions) => {
    setExitCode(await validate(paths, options));
  });
}

async function validate(paths: readonly string[], options: ValidateOptions): Promise<number> {
  const { loadPlans } = await import('../scenario/load-plans.ts');
  const { PodreachError } = await import('../errors.ts');
  try {
    const plans = await loadPlans(paths, {
      cwd: process.cwd(),
      only: options.only ?? [],
      tags: options.tag ?? [],
    });
    const warnings = await warningsFor(plans);
    const scenarios = plans.map(({ scenario, checks, pods, policies }) => ({
      name: scenario.name,
      file: scenario.location.file,
      pods: pods.length,
      policies: policies.length,
      checks: checks.length,
    }));
    if (options.json === true)
      print(JSON.stringify({ valid: true, scenarios, problems: [], warnings }, undefined, 2));
    else {
      for (const { name, file, pods, policies, checks } of scenarios) {
        print(
          `${name}  ${count(pods, 'pod')}, ${count(policies, 'policy', 'policies')}, ${count(checks, 'check')}  (${file})`,
        );
      }
      printWarnings(warnings);
      print(
        `${count(scenarios.length, 'scenario')} valid${warnings.length === 0 ? '' : `, ${count(warnings.length, 'warning')}`}.`,
      );
    }
    return options.strict === true && warnings.length > 0 ? 2 : 0;
  } catch (thrown) {
    if (options.json !== true || !(thrown instanceof PodreachError) || thrown.problems.length === 0)
      throw thrown;
    print(JSON.stringify({ valid: false, scenarios: [], problems: thrown.problems }, undefined, 2));
    return 2;
  }
}

/** What the policies, as they are written, cannot meet. */
async function warningsFor(plans: readonly Plan[]): Promise<readonly Warning[]> {
  const { contradictedChecks } = await import('../policy/predict.ts');
  return plans.flatMap((plan) =>
    contradictedChecks(plan, plan.checks).map(({ from, to, port, protocol, expected, declared }) => ({
      message: `${from} → ${to}:${port}/${protocol} is to be ${expected}, but the policies ${expected === 'reachable' ? 'deny' : 'allow'} it`,
      location: declared,
      hint: `podreach explain ${declared.file} ${from} ${to}:${port}/${protocol}`,
    })),
  );
}

function printWarnings(warnings: readonly Warning[]): void {
  for (const { message, location, hint } of warnings.slice(0, SHOWN_WARNINGS)) {
    print(`${location.file}:${location.line}:${location.column}: warning: ${message}\n  why: ${hint}`);
  }
  if (warnings.length > SHOWN_WARNINGS)
    print(`… and ${warnings.length - SHOWN_WARNINGS} more; --json shows all.`);
}

function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
