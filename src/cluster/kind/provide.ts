/** A kind cluster for a run: the one of that name that podreach kept, or a new one. */
import { Interruption, PodreachError } from '../../errors.ts';
import { adviseTools } from './advice.ts';
import { readConfig } from './config.ts';
import type { KindContext, KindOptions } from './context.ts';
import { createKindCluster } from './create.ts';
import { deleteNodes } from './delete.ts';
import { digest } from './digest.ts';
import { findNodes, loadAllImages, loadProbeImage, waitForAll } from './equip.ts';
import { type LedgerEntry, type Recipe, recipeDifference } from './ledger.ts';
import { machineWarnings, readMachine } from './machine.ts';
import { clusterInUse, foreignCluster, refuseStopped, retainedCluster } from './refusals.ts';
import { collectLogs } from './retain.ts';
import { startSequence } from './stages.ts';
import { type FoundCluster, lookUp } from './standing.ts';
import { askDocker, askKind } from './tools.ts';
import { calicoKey, type KindCluster, type KindWork } from './work.ts';

/**
 * Takes the cluster of that name that podreach kept, or makes it. One that somebody else made is never touched.
 * @throws PodreachError `cluster-unavailable`, `tool-missing`, `usage`, `interrupted`
 */
export async function provideKindCluster(options: KindOptions, context: KindContext): Promise<KindCluster> {
  const { runner, env, signal, tell, clock } = context;
  const sequence = startSequence(tell, clock);
  const { docker, machine, config } = await sequence.perform({
    name: 'checking Docker, kind and this machine',
    async run() {
      await askKind(runner, signal);
      const found = await askDocker(runner, env, signal);
      return {
        docker: found,
        machine: await readMachine(found),
        config: await readConfig(options.configFile),
      };
    },
    advise: adviseTools,
  });
  for (const text of machineWarnings(machine, config)) tell({ type: 'warning', text });

  const { standing, ledger, nodes } = await sequence.perform({
    name: `looking for a cluster "${options.name}"`,
    run: () => lookUp(options.name, context),
    advise: () => 'Check that Docker answers: docker ps',
  });
  const isReused = standing.type === 'kept';
  const work: KindWork = { options, context, sequence, ledger, isReused, config, docker, machine };
  switch (standing.type) {
    case 'foreign':
      throw foreignCluster(options.name);
    case 'in-use':
      throw clusterInUse(options.name, standing.owner);
    case 'retained':
      throw retainedCluster(options.name, ledger, standing.entry);
    case 'kept':
      return reuse(work, standing.entry, nodes);
    case 'left-over':
      await sequence.perform({
        name: 'deleting what an earlier run left behind',
        run: () => deleteNodes({ runner, ledger, cluster: options.name, ids: standing.entry.nodes ?? [] }),
        advise: () => `Delete it by hand: kind delete cluster --name ${options.name}`,
      });
      return createKindCluster(work);
    case 'free':
      return createKindCluster(work);
  }
}

async function reuse(work: KindWork, entry: LedgerEntry, nodes: FoundCluster['nodes']): Promise<KindCluster> {
  const { options, context, ledger, config } = work;
  const { name } = options;
  const wanted: Partial<Recipe> = {
    ...(options.configFile === undefined ? {} : { config: digest(config.text) }),
    ...(options.calico === undefined ? {} : { calico: calicoKey(options.calico) }),
    ...(options.nodeImage === undefined ? {} : { nodeImage: options.nodeImage }),
    ...(options.encapsulation === undefined ? {} : { encapsulation: options.encapsulation }),
  };
  const difference = recipeDifference(entry.recipe, wanted);
  if (difference !== undefined) {
    throw new PodreachError(
      'cluster-unavailable',
      `the name is taken: the kept kind cluster "${name}" was made with ${difference}`,
      { hint: `Delete it first (podreach cluster delete ${name}), or choose another name.` },
    );
  }
  refuseStopped(name, nodes);
  if (entry.upgrade !== undefined) {
    const text = `an upgrade of Calico to ${entry.upgrade.calico} has begun on the kind cluster "${name}" and has not ended`;
    context.tell({ type: 'warning', text });
  }
  try {
    const { controlPlane, kubeconfig } = await findNodes(work);
    await loadAllImages(work, []);
    await loadProbeImage(work);
    await waitForAll(work, controlPlane);
    return {
      name,
      kubeconfig,
      kubeconfigFile: ledger.kubeconfigFile,
      controlPlane,
      entry,
      isNew: false,
    };
  } catch (thrown) {
    const isInterrupted = thrown instanceof Interruption || context.signal.aborted;
    if (options.retain === true && !isInterrupted) await collectLogs(context.clock.date(), work);
    throw thrown;
  }
}
