/** `podreach cluster`: a kind cluster with Calico that stays, for many runs and for looking around. */
import { Command } from 'commander';
import { DEFAULT_CLUSTER_NAME } from '../cluster/kind/choices.ts';
import type { KindStatus } from '../cluster/kind/status.ts';
import { DEFAULT_PROBE_IMAGE } from '../probe/settings.ts';
import { clusterUpgradeCommand } from './cluster-upgrade.ts';
import { checkClusterName, type KindCommandOptions, kindOptions, readKindOptions } from './kind-options.ts';
import { inSession } from './kind-session.ts';
import type { SetExitCode } from './main.ts';
import { probeImageOption } from './probe-options.ts';

const EXAMPLES = `
Examples:
  podreach cluster create                        a cluster named ${DEFAULT_CLUSTER_NAME}, with kind and Calico
  podreach run scenarios --cluster kind          uses it, and leaves it in place
  podreach cluster status                        is it ready, and where is its kubeconfig?
  podreach cluster upgrade --calico-version v3.32.1
  podreach cluster delete
  podreach cluster create old --node-image kindest/node:v1.34.8
  podreach cluster create --calico-manifest calico.yaml --load-images   without a way out for the nodes`;

interface CreateOptions extends KindCommandOptions {
  readonly probeImage?: string;
  readonly quiet?: boolean;
}

export function clusterCommand(program: Command, setExitCode: SetExitCode): void {
  const cluster = program
    .command('cluster')
    .description('make, upgrade, show or delete a kind cluster with Calico that stays between runs')
    .addHelpText('after', EXAMPLES);
  cluster.addCommand(createCommand(setExitCode));
  cluster.addCommand(clusterUpgradeCommand(setExitCode));
  cluster.addCommand(statusCommand(setExitCode));
  cluster.addCommand(deleteCommand(setExitCode));
  // Commands that are added ready-made do not take over how their parent prints and ends.
  for (const command of cluster.commands) command.copyInheritedSettings(cluster);
}

function withName(command: Command): Command {
  return command.argument('[name]', `the cluster's name (default: ${DEFAULT_CLUSTER_NAME})`);
}

function createCommand(setExitCode: SetExitCode): Command {
  const command = withName(new Command('create')).description(
    'make a kind cluster with Calico, or see that the one of that name is ready',
  );
  for (const option of kindOptions()) command.addOption(option);
  return command
    .addOption(probeImageOption())
    .option('-q, --quiet', 'only warnings, and the path of the kubeconfig')
    .action(async (name: string | undefined, options: CreateOptions) => {
      const { probeImage = DEFAULT_PROBE_IMAGE } = options;
      const wanted = readKindOptions(name, options, { probeImage, keep: true });
      const { provideKindCluster } = await import('../cluster/kind/provide.ts');
      const exitCode = await inSession({ isQuiet: options.quiet === true }, async ({ context, say }) => {
        const { isNew, kubeconfigFile } = await provideKindCluster(wanted, context);
        say(`kind cluster "${wanted.name}" ${isNew ? 'is ready' : 'was there already, and is ready'}`);
        say(`  kubectl --kubeconfig ${kubeconfigFile} get pods --all-namespaces`);
        say(`  podreach cluster delete ${wanted.name}`);
        process.stdout.write(`${kubeconfigFile}\n`);
        return 0;
      });
      setExitCode(exitCode);
    });
}

function statusCommand(setExitCode: SetExitCode): Command {
  return withName(new Command('status'))
    .description('say how a cluster is; exit code 0 where it is ready, 3 where it is not')
    .action(async (given: string | undefined) => {
      const name = checkClusterName(given ?? DEFAULT_CLUSTER_NAME);
      const { kindStatus } = await import('../cluster/kind/status.ts');
      const exitCode = await inSession({}, async ({ context }) => {
        const status = await kindStatus(name, context);
        process.stdout.write(`${renderStatus(name, status).join('\n')}\n`);
        return status.isReady ? 0 : 3;
      });
      setExitCode(exitCode);
    });
}

function deleteCommand(setExitCode: SetExitCode): Command {
  return withName(new Command('delete'))
    .description('delete a cluster that podreach made; no other is ever touched')
    .action(async (given: string | undefined) => {
      const name = checkClusterName(given ?? DEFAULT_CLUSTER_NAME);
      const { deleteKindCluster } = await import('../cluster/kind/delete.ts');
      const exitCode = await inSession({}, async ({ context, say }) => {
        const wasThere = await deleteKindCluster(name, context);
        say(wasThere ? `kind cluster "${name}" is deleted` : `there is no kind cluster "${name}"`);
        return 0;
      });
      setExitCode(exitCode);
    });
}

const STANDINGS: Readonly<Record<KindStatus['standing'], string>> = {
  free: 'there is none of this name',
  foreign: 'it exists, and podreach did not make it',
  kept: 'made by podreach, and kept',
  'left-over': 'left behind by a run that was killed; the next one deletes it',
  retained: 'failed; its nodes are kept',
  'in-use': 'belongs to a run that has not ended',
};

function renderStatus(name: string, status: KindStatus): string[] {
  const { standing, isReady, entry, kubeconfigFile, nodes, kubernetes, requirements } = status;
  const fact = (label: string, text: string): string => `  ${label.padEnd(24)} ${text}`;
  return [
    `kind cluster "${name}": ${isReady ? 'ready' : 'not ready'} (${STANDINGS[standing]})`,
    ...(entry === undefined ? [] : [fact('made', entry.startedAt), fact('Calico', describeCalico(entry))]),
    ...(kubernetes === undefined ? [] : [fact('Kubernetes', kubernetes)]),
    ...nodes.map((node) => fact(node.name, node.isRunning ? 'running' : 'stopped')),
    ...requirements.map((required) =>
      fact(required.name, required.lacks.length === 0 ? 'ready' : required.lacks.join('; ')),
    ),
    ...(entry === undefined ? [] : [fact('kubeconfig', kubeconfigFile)]),
  ];
}

function describeCalico({ recipe, upgrade }: NonNullable<KindStatus['entry']>): string {
  if (upgrade === undefined) return recipe.calico;
  return `${recipe.calico}, with an upgrade to ${upgrade.calico} that has not ended`;
}
