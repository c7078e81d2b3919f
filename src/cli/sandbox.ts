/** `podreach sandbox`: the embedded cluster for kubectl, until Ctrl-C. */
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { neutralise } from '../report/text/text.ts';
import { shellCommand } from '../shell.ts';
import type { KubeconfigFile } from './kubeconfig-file.ts';
import type { SetExitCode } from './main.ts';
import { DEFAULT_NODES, nodesOption } from './options.ts';
import { sandboxFaultCommands } from './sandbox-faults.ts';
import { listenToSignals, untilAborted } from './signals.ts';

const EXAMPLES = `
Examples:
  podreach sandbox                         print the kubeconfig's path and stay until Ctrl-C
  podreach sandbox --kubeconfig sb.yaml    write it there
  podreach sandbox --single-stack          IPv4 alone, as on a cluster without IPv6
  podreach sandbox --no-enforcement        policies are stored and never enforced, as with a CNI without a policy engine

Of a sandbox that runs, with its kubeconfig in $KUBECONFIG or --kubeconfig:
  podreach sandbox enforcement node-1 open --for 700ms     everything passes on this node, and then no more
  podreach sandbox delay node-1 3s                         changes are taken up later there
  podreach sandbox established node-1 cut                  a policy that closes also cuts what is open
  podreach sandbox restart node-1                          its rules are written anew
  podreach sandbox stall shop/web --for 5s                 the pod does nothing meanwhile`;

interface SandboxCommandOptions {
  readonly nodes?: number;
  readonly kubeconfig?: string;
  readonly enforcement: boolean;
  readonly singleStack?: boolean;
}

export function sandboxCommand(program: Command, setExitCode: SetExitCode): void {
  const sandbox = program
    .command('sandbox')
    .description('start the embedded cluster, print its kubeconfig and stay until Ctrl-C')
    .addOption(nodesOption())
    .option('--kubeconfig <file>', 'where to write the kubeconfig; it is deleted at the end')
    .option('--no-enforcement', 'do not enforce policies')
    .option('--single-stack', 'IPv4 alone')
    .addHelpText('after', EXAMPLES)
    .action(async (options: SandboxCommandOptions) => {
      const { sandboxCluster, sandboxNotes } = await import('../cluster/sandbox.ts');
      const { writeKubeconfig } = await import('./kubeconfig-file.ts');
      using signals = listenToSignals(
        () => process.stderr.write('\nstopping the sandbox\n'),
        () => undefined,
      );
      const { nodes = DEFAULT_NODES, enforcement, singleStack: isSingleStack = false } = options;
      const provider = sandboxCluster({ nodes, enforcement: enforcement ? 'on' : 'off', isSingleStack });
      if (!isSingleStack) for (const note of sandboxNotes()) process.stderr.write(`note: ${note}\n`);
      const cluster = await provider.start({ signal: signals.signal, clock: systemClock });
      await holdUntilSignal(cluster, signals.signal, process.stdout, () =>
        writeKubeconfig(cluster.kubeconfig, options.kubeconfig),
      );
      setExitCode(0);
    });
  for (const command of sandboxFaultCommands(setExitCode))
    sandbox.addCommand(command.copyInheritedSettings(sandbox));
}

/**
 * Prints how to use a sandbox, stays until the signal is aborted, and stops it.
 * @param output where to say it
 * @param write hands over the file with its kubeconfig, which is deleted at the end
 * @throws PodreachError `cluster-lost` when the sandbox ends by itself
 */
export async function holdUntilSignal(
  sandbox: Cluster,
  signal: AbortSignal,
  output: { write(text: string): unknown },
  write: () => Promise<KubeconfigFile>,
): Promise<void> {
  try {
    using kubeconfig = await write();
    const look = ['kubectl', '--kubeconfig', kubeconfig.path, 'get', 'pods', '--all-namespaces'];
    output.write(`The sandbox is running. Its kubeconfig: ${neutralise(kubeconfig.path)}

  ${neutralise(shellCommand(look))}

Ctrl-C ends it and takes everything in it away.\n`);
    await untilAborted(AbortSignal.any([signal, sandbox.lost]));
    if (!signal.aborted) sandbox.lost.throwIfAborted();
  } finally {
    await sandbox.stop();
  }
}
