/** What every command needs that runs scenarios: all that is read and refused before anything starts, and what is said when it is interrupted. */
import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../clock.ts';
import type { Cluster, ClusterProvider } from '../cluster/cluster.ts';
import { DEFAULT_CLUSTER_NAME } from '../cluster/kind/choices.ts';
import { type Interruption, PodreachError } from '../errors.ts';
import type { ProgressListener } from '../progress.ts';
import { cleanCommand } from '../run/clean-command.ts';
import type { RunOptions } from '../run/job.ts';
import type { Plan } from '../scenario/scenario.ts';
import { ownVersion } from '../version.ts';
import { givenKindFlags, readKindOptions } from './kind-options.ts';
import type { KubeconfigFile } from './kubeconfig-file.ts';
import { loadCommandPlans } from './load.ts';
import { DEFAULT_NODES, parseCluster, refuseMisplaced } from './options.ts';
import { checkNamespaceLabels, givenProbeFlags, readProbeSettings } from './probe-options.ts';
import type { RunCommandOptions } from './run-options.ts';
import { listenToSignals } from './signals.ts';
import { describeWarnings, warningsFor } from './warnings.ts';

/** Where a command speaks, and what it does with signals. */
export interface SessionOptions {
  readonly progress: ProgressListener;
  readonly note: (text: string) => void;
  /** Is shown the first signal of the user. @returns what happens now, where that only ends a part; undefined: the run is interrupted */
  readonly onSignal?: (interruption: Interruption) => string | undefined;
}

/** Disposed, the file with the kubeconfig is gone, and signals are no longer listened to. */
export interface RunSession extends Disposable {
  readonly plans: readonly Plan[];
  readonly options: Omit<RunOptions, 'save' | 'whileStanding'>;
  /** A file with the kubeconfig of the cluster; always the same. */
  readonly kubeconfigFile: (kubeconfig: string) => Promise<KubeconfigFile>;
  /** Says which run it is that goes on, for whoever has to clean up after it. */
  readonly noteRun: (id: string) => void;
}

/**
 * @param again the options with which a part of the run can be run again
 * @throws PodreachError whatever is wrong with files and options
 */
export async function openRunSession(
  paths: readonly string[],
  options: RunCommandOptions,
  again: readonly string[],
  { progress, note, onSignal }: SessionOptions,
): Promise<RunSession> {
  // Letting V8's young generation grow doubles the memory of a large run, and saves no time that matters beside the network's.
  setFlagsFromString('--semi-space-growth-factor=1');
  // Nor does it save any to let what has become garbage double the old one.
  setFlagsFromString('--heap-growing-percent=20');
  const { findOrigin } = await import('./origin.ts');
  // While the files are read: git takes its time in a large repository.
  const origin = findOrigin(process.cwd(), process.env);
  const plans = await loadCommandPlans(paths, options);
  await tellWarnings(plans, options.strict === true, note);
  const probe = readProbeSettings(options);
  checkNamespaceLabels(probe, plans);
  const provider = await providerFor(options, probe.image, note);

  let cluster: Cluster | undefined;
  let kubeconfig: KubeconfigFile | undefined;
  let runId = '';
  const kubeconfigFile = async (text: string): Promise<KubeconfigFile> => {
    const { writeKubeconfig } = await import('./kubeconfig-file.ts');
    kubeconfig ??= await writeKubeconfig(text);
    return kubeconfig;
  };
  const signals = listenToSignals(
    () => note('interrupted: cleaning up; press Ctrl-C again to leave at once'),
    () => {
      kubeconfig?.[Symbol.dispose]();
      note(leftBehind(options, cluster, runId));
    },
    (interruption) => {
      const words = onSignal?.(interruption);
      if (words !== undefined) note(`${words}; press Ctrl-C again to leave at once`);
      return words !== undefined;
    },
  );
  return {
    plans,
    options: {
      provider: {
        kind: provider.kind,
        async start(startOptions) {
          cluster = await provider.start(startOptions);
          // Before anything is reported of it: the lines that lead there name its kubeconfig.
          if (options.keep === true && cluster.kubectlWith === undefined) {
            const { path } = await kubeconfigFile(cluster.kubeconfig);
            cluster = { ...cluster, kubectlWith: ['--kubeconfig', path] };
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
      progress,
    },
    kubeconfigFile,
    noteRun: (id) => {
      runId = id;
    },
    [Symbol.dispose]() {
      signals[Symbol.dispose]();
      kubeconfig?.[Symbol.dispose]();
    },
  };
}

/** @throws PodreachError `usage` for a cluster that does not exist, or options that it has no use for */
export async function providerFor(
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
