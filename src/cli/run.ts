/** `podreach run`: scenario → probe pods → attempts → diff. */
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import type { ClusterProvider } from '../cluster/cluster.ts';
import { PodreachError } from '../errors.ts';
import { ownVersion } from '../version.ts';
import type { SetExitCode } from './main.ts';
import {
  nodesOption,
  parseDuration,
  parseWhole,
  repeatable,
  type SelectionOptions,
  selectionOptions,
} from './options.ts';
import { holdCluster } from './sandbox.ts';
import { listenToSignals } from './signals.ts';

const EXAMPLES = `
Examples:
  podreach run                                  the scenarios below scenarios/, on the sandbox
  podreach run checks --tag smoke               only those tagged smoke
  podreach run web.yaml --only three-tier       only the one of this name
  podreach run --report json=run.json           the terminal's report, and the whole record in a file
  podreach run --report json --quiet | jq .run  the record on standard output, and nothing else
  podreach run web.yaml --keep                  leave the sandbox up afterwards, to look around with kubectl
  podreach run slow.yaml --within 30s --timeout 2s`;

interface RunCommandOptions extends SelectionOptions {
  readonly cluster: string;
  readonly nodes: number;
  readonly report?: string[];
  readonly timeout?: number;
  readonly within?: number;
  readonly confirm: number;
  readonly parallel: number;
  readonly keep?: boolean;
  readonly failFast?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export function runCommand(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('run')
    .description('run scenarios on a cluster and compare what is seen with what is expected')
    .argument('[paths...]', 'files, folders or globs; without any: scenarios/');
  for (const option of selectionOptions()) command.addOption(option);
  command
    .option('--cluster <name>', 'where to run: sandbox', 'sandbox')
    .addOption(nodesOption())
    .addOption(
      repeatable('--report <format[=file]>', 'terminal or json, to standard output or a file (repeatable)'),
    )
    .option(
      '--timeout <duration>',
      'how long one attempt may take (default: 500ms on the sandbox)',
      parseDuration,
    )
    .option(
      '--within <duration>',
      'how long policies may take to settle (default: 10s on the sandbox)',
      parseDuration,
    )
    .option('--confirm <rounds>', 'rounds in a row that must agree', parseWhole(1, 20), 2)
    .option('--parallel <scenarios>', 'scenarios that may run side by side', parseWhole(1, 64), 4)
    .option('--keep', 'leave everything in place at the end and say how to look')
    .option('--fail-fast', 'start no further scenario after one that went wrong')
    .option('-q, --quiet', 'only what is not as expected, and the last line')
    .option('-v, --verbose', 'show every matrix and every mismatch')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: RunCommandOptions) => {
      setExitCode(await runScenarios(paths, options));
    });
}

async function runScenarios(paths: readonly string[], options: RunCommandOptions): Promise<number> {
  const { openOutputs } = await import('./outputs.ts');
  const outputs = openOutputs(options);
  const { loadPlans } = await import('../scenario/load-plans.ts');
  const plans = await loadPlans(paths, {
    cwd: process.cwd(),
    only: options.only ?? [],
    tags: options.tag ?? [],
  });
  const provider = await providerFor(options);
  const { run } = await import('../run/run.ts');

  using signals = listenToSignals(
    () => outputs.note('interrupted: cleaning up; press Ctrl-C again to leave at once'),
    () => outputs.note('left at once; the sandbox and all that ran on it ends with this process'),
  );
  const { record, kept } = await run(plans, {
    provider,
    version: ownVersion(),
    clock: systemClock,
    signal: signals.signal,
    timeoutMs: options.timeout,
    withinMs: options.within,
    confirm: options.confirm,
    parallel: options.parallel,
    keep: options.keep === true,
    failFast: options.failFast === true,
    progress: outputs.progress,
    save: outputs.save,
  });
  const failures = outputs.finish(record);
  if (kept !== undefined) {
    try {
      await holdCluster(kept, signals.signal);
    } finally {
      await kept.stop();
    }
  }
  const exitCode = record.run.exitCode ?? 3;
  return exitCode === 0 && failures > 0 ? 3 : exitCode;
}

async function providerFor({ cluster, nodes }: RunCommandOptions): Promise<ClusterProvider> {
  if (cluster !== 'sandbox') {
    throw new PodreachError('usage', `unknown cluster '${cluster}'`, { hint: 'Choose: sandbox.' });
  }
  const { sandboxCluster } = await import('../cluster/sandbox.ts');
  return sandboxCluster({ nodes, enforcement: 'on' });
}
