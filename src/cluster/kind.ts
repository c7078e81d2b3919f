/** An ephemeral kind cluster with Calico as a provider: made and deleted by the run, or kept and used again. */
import { PodreachError } from '../errors.ts';
import type { ClusterProvider, ClusterTiming } from './cluster.ts';
import { type KindContext, type KindOptions, type KindWorld, systemWorld } from './kind/context.ts';
import { deleteNodes } from './kind/delete.ts';
import { hostContainers } from './kind/hosts.ts';
import { openLedger } from './kind/ledger.ts';
import { noteProcess } from './kind/process.ts';
import { provideKindCluster } from './kind/provide.ts';
import { collectLogs, retainCluster } from './kind/retain.ts';
import { describeStageEvent, startSequence } from './kind/stages.ts';
import type { KindCluster } from './kind/work.ts';

/** Calico writes its rules within seconds, and every packet crosses some virtual devices. */
const TIMING: ClusterTiming = { timeoutMs: 1000, withinMs: 30_000, settleFloorMs: 2000 };

/**
 * @param options what to make; `keep` leaves the cluster in place when it is stopped
 * @param note is told, one line at a time, what goes on
 * @param world absent: the real one
 */
export function kindCluster(
  options: KindOptions,
  note: (text: string) => void,
  world: KindWorld = systemWorld(),
): ClusterProvider {
  return {
    kind: 'kind',
    async start({ signal, clock }) {
      const context: KindContext = {
        ...world,
        signal,
        clock,
        tell(event) {
          const text = describeStageEvent(event);
          if (text !== undefined) note(`kind: ${text}`);
        },
      };
      const cluster = await provideKindCluster(options, context);
      const stays = options.keep || !cluster.isNew;
      const retain = (): Promise<void> => {
        watch.end();
        stopping ??= stays ? leave() : Promise.resolve();
        return retainAfterRun(options, cluster, context);
      };
      const leave = stays ? await noteUse(cluster, context) : () => remove(cluster, context);
      const watch = watchControlPlane(cluster, world);
      let stopping: Promise<void> | undefined;
      const retainable = options.retain === true ? { retain } : {};
      return {
        kind: 'kind',
        name: cluster.name,
        kubeconfig: cluster.kubeconfig,
        kubectlWith: ['--kubeconfig', cluster.kubeconfigFile],
        trust: { kind: 'to-be-proven', networkPlugin: 'Calico' },
        lifetime: stays
          ? { kind: 'kept', cleanWith: ['--cluster', `kind=${cluster.name}`], ...retainable }
          : { kind: 'ends-with-run', ...retainable },
        timing: TIMING,
        outside: { kind: 'containers', ...hostContainers(cluster.name, context) },
        lost: watch.lost,
        stop() {
          watch.end();
          stopping ??= leave();
          return stopping;
        },
      };
    },
  };
}

async function remove(
  { name, entry }: KindCluster,
  { runner, folders, tell, clock }: KindContext,
): Promise<void> {
  await startSequence(tell, clock).perform({
    name: 'deleting the nodes',
    run: () =>
      deleteNodes({ runner, ledger: openLedger(folders, name), cluster: name, ids: entry.nodes ?? [] }),
    advise: () => `Delete it by hand: kind delete cluster --name ${name}`,
  });
}

/** So that nobody deletes it meanwhile. @returns what ends that */
async function noteUse({ name }: KindCluster, { folders, pid }: KindContext): Promise<() => Promise<void>> {
  const ledger = openLedger(folders, name);
  const user = noteProcess(pid);
  await ledger.addUser(user);
  return () => ledger.removeUser(user);
}

async function retainAfterRun(
  options: KindOptions,
  { name, isNew, entry }: KindCluster,
  context: KindContext,
): Promise<void> {
  const { folders, tell, clock } = context;
  const sequence = startSequence(tell, clock);
  const ledger = openLedger(folders, name);
  const failed = { options, context, sequence, ledger };
  // Its Calico may have been upgraded during the run.
  if (isNew && !options.keep) await retainCluster((await ledger.read()) ?? entry, failed);
  else await collectLogs(clock.date(), failed);
}

/** `docker wait` ends with the container; when it fails, nothing is known, and the run finds out for itself. */
function watchControlPlane(
  { controlPlane }: KindCluster,
  { runner }: KindWorld,
): { readonly lost: AbortSignal; readonly end: () => void } {
  const lost = new AbortController();
  const watching = new AbortController();
  const tellLoss = (): void =>
    lost.abort(
      new PodreachError('cluster-lost', `the kind cluster's control plane ${controlPlane} has stopped`, {
        hint: `See why: docker logs ${controlPlane}`,
      }),
    );
  void runner
    .run('docker', ['wait', controlPlane], { signal: watching.signal })
    .then(tellLoss, () => undefined);
  return { lost: lost.signal, end: () => watching.abort() };
}
