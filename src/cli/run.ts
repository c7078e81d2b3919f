/** `podreach run`: scenarios on a cluster, from their files to the reports. */
import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import type { Cluster, ClusterProvider } from '../cluster/cluster.ts';
import { DEFAULT_CLUSTER_NAME } from '../cluster/kind/choices.ts';
import { type Interruption, PodreachError } from '../errors.ts';
import { RUN_LABEL } from '../probe/manifest.ts';
import type { ProgressListener } from '../progress.ts';
import { cleanCommand } from '../run/cleanup.ts';
import type { WhileStanding } from '../run/job.ts';
import type { Plan } from '../scenario/scenario.ts';
import { shellCommand } from '../shell.ts';
import { ownVersion } from '../version.ts';
import { givenKindFlags, type KindCommandOptions, kindOptions, readKindOptions } from './kind-options.ts';
import { type KubeconfigFile, writeKubeconfig } from './kubeconfig-file.ts';
import { type LoadCommandOptions, loadCommandPlans } from './load.ts';
import type { SetExitCode } from './main.ts';
import {
  checkOption,
  DEFAULT_NODES,
  knownIssuesOption,
  manifestsOption,
  nodesOption,
  noteGiven,
  outputOptions,
  parseAttemptTimeout,
  parseCluster,
  parseDuration,
  parseWhole,
  refuseMisplaced,
  SCENARIO_PATHS,
  selectionOptions,
} from './options.ts';
import {
  checkNamespaceLabels,
  givenProbeFlags,
  type ProbeCommandOptions,
  probeOptions,
  readProbeSettings,
} from './probe-options.ts';
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

export interface RunCommandOptions extends LoadCommandOptions, KindCommandOptions, ProbeCommandOptions {
  readonly cluster: string;
  readonly kubeconfig?: string;
  readonly readyWithin?: number;
  readonly nodes?: number;
  readonly report?: string[];
  readonly timeout?: number;
  readonly within?: number;
  readonly confirm: number;
  readonly parallel?: number;
  readonly patient?: boolean;
  readonly printRole?: boolean;
  readonly keep?: boolean;
  readonly failFast?: boolean;
  readonly strict?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

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
      options.printRole === true ? await printRole(options) : await runScenarios(paths, options, again),
    );
  });
}

/**
 * The options of whatever runs scenarios.
 * @returns those of them that are given with which a part of the run can be run again: filled when the command is parsed
 */
export function addRunOptions(command: Command): readonly string[] {
  const { report, quiet, verbose } = outputOptions();
  for (const option of selectionOptions()) command.addOption(option);
  command
    .addOption(checkOption())
    .addOption(manifestsOption())
    .addOption(knownIssuesOption())
    .option('--cluster <name>', 'where to run: sandbox, kind[=NAME] or context[=NAME]', 'sandbox')
    .addOption(nodesOption())
    .option('--kubeconfig <file>', 'the kubeconfig of --cluster context, in place of $KUBECONFIG')
    .addOption(report)
    .option(
      '--timeout <duration>',
      'how long one attempt may take, at most 60s (default: 500ms on the sandbox, 1s elsewhere)',
      parseAttemptTimeout,
    )
    .option(
      '--within <duration>',
      'how long policies, or what a step changes, may take to settle; a step may give itself longer with its own "within" (default: 10s on the sandbox, 30s elsewhere)',
      parseDuration,
    )
    .option('--ready-within <duration>', 'how long probe pods may take to run (default: 2m)', parseDuration)
    .option('--confirm <rounds>', 'rounds in a row that must agree', parseWhole(1, 20), 2)
    .option(
      '--patient',
      'give mismatches all of --within to mend themselves, also those that the policies predict',
    )
    .option(
      '--keep',
      'leave everything in place at the end and say how to look; the policies stay, so there is no closing control',
    )
    .option('--strict', 'start nothing where validate has a warning')
    .option('--print-role', 'print the role that would grant what is missing on the cluster, and run nothing')
    .addOption(quiet)
    .addOption(verbose);
  for (const option of probeOptions())
    command.addOption(option.helpGroup('Probe pods, on --cluster kind and context:'));
  for (const option of kindOptions())
    command.addOption(option.helpGroup('A kind cluster, on --cluster kind:'));
  return noteGiven(command, NOT_AGAIN);
}

/** What is chosen, said and kept is for each run to decide; everything else makes it the same run. */
const NOT_AGAIN = new Set([
  'only',
  'tag',
  'check',
  'report',
  'keep',
  'fail-fast',
  'strict',
  'parallel',
  'retain',
  'quiet',
  'verbose',
]);

/** What is done while all scenarios of a run stand, as the command has it that asks for it. */
export interface Meanwhile {
  readonly work: (beside: {
    readonly progress: ProgressListener;
    /** A file with the kubeconfig of the cluster, gone with the run. */
    readonly kubeconfig: () => Promise<string>;
  }) => WhileStanding;
  /** Is shown the first signal of the user. @returns what happens now, where that only ends the work; undefined: the run is interrupted */
  readonly onSignal: (interruption: Interruption) => string | undefined;
  /** @throws PodreachError `usage` where scenarios cannot stand side by side */
  readonly check: (plans: readonly Plan[]) => void;
}

/** @returns the exit code */
export async function runScenarios(
  paths: readonly string[],
  options: RunCommandOptions,
  again: readonly string[],
  meanwhile?: Meanwhile,
): Promise<number> {
  // Letting V8's young generation grow doubles the memory of a large run, and saves no time that matters beside the network's.
  setFlagsFromString('--semi-space-growth-factor=1');
  // Nor does it save any to let what has become garbage double the old one.
  setFlagsFromString('--heap-growing-percent=50');
  const { openOutputs } = await import('./outputs.ts');
  const outputs = openOutputs(options, process.env);
  const { findOrigin } = await import('./origin.ts');
  // While the files are read: git takes its time in a large repository.
  const origin = findOrigin(process.cwd(), process.env);
  const plans = await loadCommandPlans(paths, options);
  meanwhile?.check(plans);
  await tellWarnings(plans, options.strict === true, outputs.note);
  const probe = readProbeSettings(options);
  checkNamespaceLabels(probe, plans);
  const provider = await providerFor(options, probe.image, outputs.note);
  const { run } = await import('../run/run.ts');

  let cluster: Cluster | undefined;
  let kubeconfig: KubeconfigFile | undefined;
  let runId = '';
  using signals = listenToSignals(
    () => outputs.note('interrupted: cleaning up; press Ctrl-C again to leave at once'),
    () => {
      kubeconfig?.[Symbol.dispose]();
      outputs.note(leftBehind(options, cluster, runId));
    },
    (interruption) => {
      const words = meanwhile?.onSignal(interruption);
      if (words !== undefined) outputs.note(`${words}; press Ctrl-C again to leave at once`);
      return words !== undefined;
    },
  );
  const writtenFor = async ({ kubeconfig: text }: Cluster): Promise<string> => {
    kubeconfig ??= await writeKubeconfig(text);
    return kubeconfig.path;
  };
  const { record, kept } = await run(plans, {
    provider: {
      kind: provider.kind,
      async start(startOptions) {
        cluster = await provider.start(startOptions);
        // Before anything is reported of it: the lines that lead there name its kubeconfig.
        if (options.keep === true && cluster.kubectlWith === undefined) {
          cluster = { ...cluster, kubectlWith: ['--kubeconfig', await writtenFor(cluster)] };
        }
        return cluster;
      },
    },
    origin: await origin,
    again,
    probe,
    version: ownVersion(),
    clock: systemClock,
    signal: signals.signal,
    timeoutMs: options.timeout,
    withinMs: options.within,
    readyWithinMs: options.readyWithin,
    confirm: options.confirm,
    parallel: options.parallel ?? 1,
    patient: options.patient === true,
    keep: options.keep === true,
    failFast: options.failFast === true,
    progress: outputs.progress,
    whileStanding: meanwhile?.work({
      progress: outputs.progress,
      kubeconfig: async () => (cluster === undefined ? '' : await writtenFor(cluster)),
    }),
    save: (unfinished) => {
      runId = unfinished.run.id;
      outputs.save(unfinished);
    },
  });
  const failures = outputs.finish(record);
  if (kept !== undefined) {
    // On standard error: standard output may be a report.
    const { lifetime, kubectlWith } = kept;
    if (lifetime.kind !== 'ends-with-run') {
      process.stderr.write(howToLook(kubectlWith, lifetime.cleanWith, record.run.id));
      await kept.stop();
    } else {
      await holdUntilSignal(
        kept,
        signals.signal,
        process.stderr,
        async () => kubeconfig ?? (await writeKubeconfig(kept.kubeconfig)),
      );
    }
  }
  kubeconfig?.[Symbol.dispose]();
  const exitCode = record.run.exitCode ?? 3;
  return exitCode === 0 && failures > 0 ? 3 : exitCode;
}

/**
 * Prints the role that would grant the user of a cluster what is missing, so that it can be piped to `kubectl apply`.
 * @returns the exit code
 * @throws PodreachError `usage` on the sandbox, whose user may do everything; what the API server says
 */
export async function printRole(options: RunCommandOptions): Promise<number> {
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  const probe = readProbeSettings(options);
  const provider = await providerFor(options, probe.image, note);
  if (provider.kind !== 'context') {
    throw new PodreachError('usage', `--print-role has no use on --cluster ${provider.kind}`, {
      hint: 'There podreach may do everything. Choose the cluster with --cluster context.',
    });
  }
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
    const role = await missingRole({ kube, signal, progress, probe });
    if (role === undefined) note('nothing is missing that podreach could name');
    else process.stdout.write(role);
    kube.close();
  } finally {
    await cluster.stop();
  }
  return 0;
}

/** @throws PodreachError `usage` for a cluster that does not exist, or options that it has no use for */
async function providerFor(
  options: RunCommandOptions,
  probeImage: string,
  note: (text: string) => void,
): Promise<ClusterProvider> {
  const { kind, name } = parseCluster(options.cluster);
  refuseMisplaced(kind === 'kind' ? [] : givenKindFlags(options), '--cluster kind');
  refuseMisplaced(kind === 'sandbox' || options.nodes === undefined ? [] : ['--nodes'], '--cluster sandbox');
  refuseMisplaced(kind === 'sandbox' ? givenProbeFlags(options) : [], '--cluster context or kind');
  refuseMisplaced(
    kind === 'context' || options.kubeconfig === undefined ? [] : ['--kubeconfig'],
    '--cluster context',
  );
  switch (kind) {
    case 'sandbox': {
      const { sandboxCluster } = await import('../cluster/sandbox.ts');
      return sandboxCluster({ nodes: options.nodes ?? DEFAULT_NODES, enforcement: 'on' });
    }
    case 'kind': {
      const { kindCluster } = await import('../cluster/kind.ts');
      return kindCluster(readKindOptions(name, options, { probeImage, keep: options.keep === true }), note);
    }
    case 'context': {
      const { contextCluster } = await import('../cluster/context.ts');
      return contextCluster(name, note, options.kubeconfig);
    }
    default:
      throw new PodreachError('usage', `unknown cluster '${kind}'`, {
        hint: 'Choose: sandbox, kind, kind=NAME, context or context=NAME.',
      });
  }
}

/** @throws PodreachError `scenario-invalid` where warnings count as errors */
async function tellWarnings(
  plans: readonly Plan[],
  isStrict: boolean,
  note: (text: string) => void,
): Promise<void> {
  const { describeWarnings, warningsFor } = await import('./warnings.ts');
  const warnings = await warningsFor(plans, systemClock.date());
  for (const line of describeWarnings(warnings, plans)) note(line);
  if (!isStrict || warnings.length === 0) return;
  throw new PodreachError(
    'scenario-invalid',
    `${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}, and --strict was asked for: nothing was started`,
    {
      hint: 'Fix the scenario or its policies; where a finding is intended, list it under "accept" in the scenario.',
    },
  );
}

/** What the user must know who does not wait for the clean-up. @param cluster absent: it has not been handed over yet */
function leftBehind(options: RunCommandOptions, cluster: Cluster | undefined, runId: string): string {
  const { kind, name = DEFAULT_CLUSTER_NAME } = parseCluster(options.cluster);
  if (kind === 'sandbox') return 'left at once; the sandbox and all that ran on it ends with this process';
  if (cluster === undefined) {
    return kind === 'kind'
      ? `left at once; podreach cluster status ${name} says what there is of the cluster, and podreach cluster delete ${name} takes it away`
      : 'left at once; nothing was created';
  }
  const { lifetime } = cluster;
  const command =
    lifetime.kind === 'ends-with-run'
      ? `podreach cluster delete ${name}`
      : cleanCommand(runId, lifetime.cleanWith);
  return `left at once; take away what is left with: ${command}`;
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
