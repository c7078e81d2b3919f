/** `podreach plan`: what a run would create and try, without a cluster. */
import type { Command } from 'commander';
import type { SetExitCode } from './main.ts';
import { type SelectionOptions, selectionOptions } from './options.ts';

const EXAMPLES = `
Examples:
  podreach plan scenarios/three-tier.yaml      everything that a run of it would do
  podreach plan --only three-tier              the same, chosen by name
  podreach plan scenarios/time/rollback.yaml   what each step does, and what it expects otherwise than before
  podreach plan --json scenarios               for a script`;

interface PlanOptions extends SelectionOptions {
  readonly json?: boolean;
}

export function planCommand(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('plan')
    .description('show what would be created and every check, step by step, without a cluster')
    .argument('[paths...]', 'files, folders or globs; without any: scenarios/')
    .option('--json', 'print the plans as JSON')
    .addHelpText('after', EXAMPLES);
  for (const option of selectionOptions()) command.addOption(option);
  command.action(async (paths: string[], options: PlanOptions) => {
    const { loadPlans } = await import('../scenario/load-plans.ts');
    const plans = await loadPlans(paths, {
      cwd: process.cwd(),
      only: options.only ?? [],
      tags: options.tag ?? [],
    });
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
