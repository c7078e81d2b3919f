/** `podreach plan`: what a run would create and try, without a cluster. */
import type { Command } from 'commander';
import { type LoadCommandOptions, loadCommandPlans } from './load.ts';
import type { SetExitCode } from './main.ts';
import { knownIssuesOption, manifestsOption, SCENARIO_PATHS, selectionOptions } from './options.ts';

const EXAMPLES = `
Examples:
  podreach plan scenarios/three-tier.yaml      everything that a run of it would do
  podreach plan --only three-tier              the same, chosen by name
  podreach plan scenarios/time/rollback.yaml   what each step does, and what it expects otherwise than before
  podreach plan --json scenarios               for a script`;

interface PlanOptions extends LoadCommandOptions {
  readonly json?: boolean;
}

export function planCommand(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('plan')
    .description('show what would be created and every check, step by step, without a cluster')
    .argument('[paths...]', SCENARIO_PATHS)
    .option('--json', 'print the plans as JSON')
    .addOption(manifestsOption())
    .addOption(knownIssuesOption())
    .addHelpText('after', EXAMPLES);
  for (const option of selectionOptions()) command.addOption(option);
  command.action(async (paths: string[], options: PlanOptions) => {
    const plans = await loadCommandPlans(paths, options);
    const { disarmCommands, neutraliseAll } = await import('../report/text/text.ts');
    const { describePlan, planAsData } = await import('./describe-plan.ts');
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(plans.map(planAsData), undefined, 2)}\n`
        : disarmCommands(plans.map((plan) => describePlan(neutraliseAll(plan))).join('\n')),
    );
    setExitCode(0);
  });
}
