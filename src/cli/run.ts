/** `podreach run`: scenarios on a cluster, from their files to the reports. */
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { PodreachError } from '../errors.ts';
import { RUN_LABEL } from '../probe/manifest.ts';
import type { ProgressListener } from '../progress.ts';
import type { RunRecord } from '../record/schema.ts';
import { cleanCommand } from '../run/clean-command.ts';
import type { RunResult } from '../run/run.ts';
import { shellCommand } from '../shell.ts';
import { loadCommandPlans } from './load.ts';
import type { SetExitCode } from './main.ts';
import { parseWhole, SCENARIO_PATHS } from './options.ts';
import type { Outputs } from './outputs.ts';
import { readProbeSettings } from './probe-options.ts';
import { addRunOptions, type RunCommandOptions } from './run-options.ts';
import { openRunSession, providerFor, type RunSession } from './run-session.ts';
import { holdUntilSignal } from './sandbox.ts';
import { listenToSignals } from './signals.ts';

const EXAMPLES = `
Examples:
  podreach run                                  the scenarios below scenarios/, on the sandbox
  podreach run checks --tag smoke               only those tagged smoke
  podreach run web.yaml --only three-tier       only the one of this name
  podreach run web.yaml --check 'shop/web -> shop/db:5432' --keep   one check again, to look at with kubectl
  podreach run --report json=run.json           the terminal's report, and the whole record in a file
  podreach run --report json --quiet | jq .run  the record on standard output, and nothing else
  podreach run web.yaml --keep                  leave the sandbox up afterwards, to look around with kubectl
  podreach run slow.yaml --within 30s --timeout 2s
  helm template shop charts/shop -n shop | podreach run --manifests shop=- checks.yaml   what a chart deploys
  podreach run --cluster kind                   on a kind cluster with Calico, made and deleted by the run
  podreach run --cluster context=staging        on a cluster of your kubeconfig
  podreach run --cluster context=staging --print-role | kubectl apply --context staging-admin -f -`;

export function runCommand(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('run')
    .description('run scenarios on a cluster and compare what is seen with what is expected')
    .argument('[paths...]', SCENARIO_PATHS);
  const again = addRunOptions(command);
  command
    .option('--parallel <scenarios>', 'scenarios that may run side by side', parseWhole(1, 64), 4)
    .option('--fail-fast', 'start no further scenario after one that went wrong');
  command.addHelpText('after', EXAMPLES).action(async (paths: string[], options: RunCommandOptions) => {
    setExitCode(
      options.printRole === true
        ? await printRole(paths, options)
        : await runScenarios(paths, options, again),
    );
  });
}

/** @returns the exit code */
async function runScenarios(
  paths: readonly string[],
  options: RunCommandOptions,
  again: readonly string[],
): Promise<number> {
  const { openOutputs } = await import('./outputs.ts');
  const outputs = openOutputs(options, process.env);
  using session = await openRunSession(paths, options, again, outputs);
  const { run } = await import('../run/run.ts');
  const result = await run(session.plans, { ...session.options, save: saving(session, outputs) });
  return await finishRun(result, session, outputs);
}

export function saving(session: RunSession, outputs: Outputs): (record: RunRecord) => void {
  return (unfinished) => {
    session.noteRun(unfinished.run.id);
    outputs.save(unfinished);
  };
}

/**
 * Writes the reports; where the cluster is kept, says how to look at it, and holds what ends with this process until the user wants it to.
 * @returns the exit code
 */
export async function finishRun(
  { record, kept }: RunResult,
  { options: { signal }, kubeconfigFile }: RunSession,
  outputs: Outputs,
): Promise<number> {
  const failures = outputs.finish(record);
  if (kept !== undefined) {
    // On standard error: standard output may be a report.
    const { lifetime, kubectlWith } = kept;
    if (lifetime.kind !== 'ends-with-run') {
      process.stderr.write(howToLook(kubectlWith, lifetime.cleanWith, record.run.id));
      await kept.stop();
    } else {
      await holdUntilSignal(kept, signal, process.stderr, () => kubeconfigFile(kept.kubeconfig));
    }
  }
  const exitCode = record.run.exitCode ?? 3;
  return exitCode === 0 && failures > 0 ? 3 : exitCode;
}

/**
 * Prints the role that would grant the user of a cluster what is missing, so that it can be piped to `kubectl apply`.
 * @returns the exit code
 * @throws PodreachError `usage` on the sandbox, whose user may do everything; what the API server says
 */
export async function printRole(paths: readonly string[], options: RunCommandOptions): Promise<number> {
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  const probe = readProbeSettings(options);
  const provider = await providerFor(options, probe.image, note);
  if (provider.kind !== 'context') {
    throw new PodreachError('usage', `--print-role has no use on --cluster ${provider.kind}`, {
      hint: 'There podreach may do everything. Choose the cluster with --cluster context.',
    });
  }
  // Without a scenario, what any may need.
  const plans = paths.length === 0 ? [] : await loadCommandPlans(paths, options);
  const { connectKube } = await import('../kube/connect.ts');
  const { missingRole } = await import('../run/preflight.ts');
  using signals = listenToSignals(
    () => note('interrupted'),
    () => undefined,
  );
  const { signal } = signals;
  const cluster = await provider.start({ signal, clock: systemClock });
  try {
    const kube = await connectKube(cluster.kubeconfig, { clock: systemClock });
    const progress: ProgressListener = (event) => {
      if (event.type === 'note') note(event.text);
    };
    const role = await missingRole({ kube, signal, progress, probe }, plans);
    if (role === undefined) note('nothing is missing that podreach could name');
    else process.stdout.write(role);
    kube.close();
  } finally {
    await cluster.stop();
  }
  return 0;
}

function howToLook(kubectlWith: readonly string[] = [], cleanWith: readonly string[], runId: string): string {
  const pods = ['get', 'pods', '--all-namespaces', '-l', `${RUN_LABEL}=${runId}`];
  return `
Everything was left in place, as --keep asks. To look around, and to clean up:

  ${shellCommand(['kubectl', ...kubectlWith, ...pods])}
  ${cleanCommand(runId, cleanWith)}

Clean up before you run the same scenarios there again: a run does not touch what another one has left.
`;
}
