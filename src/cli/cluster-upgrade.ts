/** `podreach cluster upgrade`: another Calico on a kind cluster that podreach made. */
import { Command, Option } from 'commander';
import { DEFAULT_CLUSTER_NAME } from '../cluster/kind/choices.ts';
import { messageOf, PodreachError } from '../errors.ts';
import { calicoOptions, calicoSource, checkClusterName, type KindCommandOptions } from './kind-options.ts';
import { inSession } from './kind-session.ts';
import type { SetExitCode } from './main.ts';

const EXAMPLES = `
Without a name it is the cluster that KUBECONFIG leads to, else ${DEFAULT_CLUSTER_NAME}. Other settings of the cluster stay as they
are. Whatever ends it before its end, the same command goes on.

Examples:
  podreach cluster upgrade --calico-version v3.32.1
  podreach cluster upgrade ci --calico-manifest calico.yaml --load-images   without a way out for the nodes
  podreach upgrade scenarios --cluster kind -- podreach cluster upgrade --calico-version v3.32.1`;

interface ClusterUpgradeOptions extends KindCommandOptions {
  readonly quiet?: boolean;
}

export function clusterUpgradeCommand(setExitCode: SetExitCode): Command {
  const command = new Command('upgrade')
    .argument('[name]', `the cluster's name (default: that of KUBECONFIG, or ${DEFAULT_CLUSTER_NAME})`)
    .description('bring the Calico of a cluster that podreach made to another release, node by node')
    .addHelpText('after', EXAMPLES);
  for (const option of calicoOptions()) command.addOption(option);
  return command
    .addOption(new Option('--load-images', "put Calico's images into the nodes from the local Docker first"))
    .option('-q, --quiet', 'only warnings')
    .action(async (given: string | undefined, options: ClusterUpgradeOptions) => {
      const calico = calicoSource(options);
      if (calico === undefined) {
        throw new PodreachError('usage', 'no Calico is named to upgrade to', {
          hint: 'Add --calico-version VERSION or --calico-manifest FILE.',
        });
      }
      const { loadImages, quiet: isQuiet = false } = options;
      const { name, isFromWithin } = await findCluster(given);
      const { upgradeCalico } = await import('../cluster/kind/upgrade.ts');
      const session = {
        isQuiet,
        onInterruption: 'the cluster stays as it is',
        onLeaving: 'the same command goes on',
      };
      const exitCode = await inSession(session, async ({ context, say }) => {
        const { from, to, isChanged } = await upgradeCalico(
          { name, calico, loadImages, isFromWithin },
          context,
        );
        say(
          isChanged
            ? `kind cluster "${name}" is upgraded from Calico ${from} to ${to}`
            : `kind cluster "${name}" has Calico ${to} already: there was nothing to do`,
        );
        return 0;
      });
      setExitCode(exitCode);
    });
}

/**
 * Which cluster is meant, and whether it is the one that KUBECONFIG leads to, as it does for the command of a run. Nobody's own
 * kubeconfig is looked for.
 * @throws PodreachError `usage` where none is named and KUBECONFIG leads to another cluster than kind's
 */
async function findCluster(
  given: string | undefined,
): Promise<{ readonly name: string; readonly isFromWithin: boolean }> {
  if ((process.env['KUBECONFIG'] ?? '') === '') {
    return { name: checkClusterName(given ?? DEFAULT_CLUSTER_NAME), isFromWithin: false };
  }
  const { findKubeconfig } = await import('../kube/kubeconfig.ts');
  const hint = `Name the cluster that is meant: podreach cluster upgrade ${DEFAULT_CLUSTER_NAME} …`;
  const context = await findKubeconfig(undefined).then(
    (found) => found.context,
    (thrown: unknown) => {
      // Whoever names the cluster needs none.
      if (given !== undefined) return '';
      throw new PodreachError('usage', `KUBECONFIG leads to no cluster: ${messageOf(thrown)}`, {
        hint,
        cause: thrown,
      });
    },
  );
  const [, current] = /^kind-(.+)$/.exec(context) ?? [];
  if (given !== undefined) return { name: checkClusterName(given), isFromWithin: given === current };
  if (current !== undefined) return { name: checkClusterName(current), isFromWithin: true };
  throw new PodreachError('usage', `KUBECONFIG leads to the context ${context}, which is no kind cluster`, {
    hint,
  });
}
