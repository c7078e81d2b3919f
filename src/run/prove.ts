/**
 * What is settled about a cluster before a scenario runs there: what it is, that it enforces policies, and the outposts that prove the
 * rest while scenarios run.
 */
import { isIP } from 'node:net';
import type { Cluster } from '../cluster/cluster.ts';
import { messageOf, PodreachError } from '../errors.ts';
import type { KubeObject } from '../kube/kube.ts';
import type { RunRecord } from '../record.ts';
import { proveEnforcement, removeCanaryPolicies } from './canary.ts';
import { cleanUpNamespaces } from './cleanup.ts';
import type { RunContext } from './context.ts';
import { describeNetwork } from './environment/describe.ts';
import {
  applyClosed,
  createOutposts,
  type Outpost,
  outpostsNamespace,
  untilClosed,
  waitForOutposts,
} from './outposts.ts';
import type { RunningPod } from './provision.ts';
import { nodesForProbes, type ProbeNode } from './schedulable.ts';

export interface ProvenCluster {
  /** The same, with the time that enforcing takes here. */
  readonly context: RunContext;
  /** Rejects as {@link proveCluster} does, where it went on before they ran. */
  readonly outposts: Promise<readonly Outpost[]>;
}

/**
 * Makes the outposts. On a cluster that has to be proven, notes what it is and proves with them that it enforces policies; on any
 * other they may still be on their way when this returns.
 * @param markers how many scenarios there are
 * @param keep leaves the outposts of a canary that failed in place, to be looked at
 * @throws PodreachError `provision-failed`, `not-enforcing`; the outposts are gone then, unless they are kept
 */
export async function proveCluster(
  cluster: Cluster,
  nodes: readonly KubeObject[],
  record: RunRecord,
  { keep, markers }: { readonly keep: boolean; readonly markers: number },
  context: RunContext,
): Promise<ProvenCluster> {
  const hosts = nodesForProbes(nodes, context.probe);
  if (hosts.length === 0) {
    throw new PodreachError('provision-failed', 'no node of the cluster takes probe pods', {
      hint: 'All are cordoned, tainted or not selected: choose nodes with --node-selector and --toleration.',
    });
  }
  if (!cluster.needsCanary) return { context, ...(await startOutposts(hosts, markers, context)) };
  const { environment } = record;
  await describeNetwork(environment, cluster.networkPlugin, context);
  for (const text of environment.warnings ?? []) context.progress({ type: 'note', text: `warning: ${text}` });
  try {
    const outposts = await proveOutposts(hosts, markers, record, context);
    const settleFloorMs = floorFor(environment.canary?.enforcedMs ?? 0, context);
    return {
      context: { ...context, timing: { ...context.timing, settleFloorMs } },
      outposts: Promise.resolve(outposts),
    };
  } catch (thrown) {
    // An interrupted run is cleaned up as a whole.
    if (!keep && !context.signal.aborted) {
      await removeOutposts(context).catch((left: unknown) => {
        environment.warnings = [...(environment.warnings ?? []), adviceOf(left)];
      });
    }
    throw thrown;
  }
}

/** @throws as {@link cleanUpNamespaces} */
export async function removeOutposts(context: RunContext): Promise<void> {
  await cleanUpNamespaces(context, [outpostsNamespace(context.runId)]);
}

/**
 * Their guarded pods are closed before they are there, and so from their first instant (D20).
 *
 * Returns when they are created: scenarios start beside them, and need them only when the first has applied its policies. Whatever goes
 * wrong with them is told then; what goes wrong with the scenario's own pods is told first.
 */
async function startOutposts(
  hosts: readonly ProbeNode[],
  markers: number,
  context: RunContext,
): Promise<Pick<ProvenCluster, 'outposts'>> {
  const silently = { ...context, progress: () => {} };
  const created = createOutposts(hosts, markers, () => applyClosed(context), context);
  const outposts = created.then((wanted) => waitForOutposts(wanted, hosts, silently));
  outposts.catch(() => {});
  await created.catch(() => {});
  return { outposts };
}

async function proveOutposts(
  hosts: readonly ProbeNode[],
  markers: number,
  { environment }: RunRecord,
  context: RunContext,
): Promise<readonly Outpost[]> {
  const wanted = await createOutposts(hosts, markers, async () => {}, context);
  const outposts = await waitForOutposts(wanted, hosts, context);
  const untried = untriedFamilies(outposts[0]?.open);
  if (untried !== undefined) {
    environment.warnings = [...(environment.warnings ?? []), untried];
    context.progress({ type: 'note', text: `warning: ${untried}` });
  }
  const plugins =
    environment.networkPlugins?.map(({ name, version }) => [name, version].join(' ').trim()) ?? [];
  const names = plugins.length === 0 ? 'none that podreach knows' : plugins.join(', ');
  const canary = await proveEnforcement(outposts, names, context);
  environment.canary = canary;
  context.progress({ type: 'canary-ended', nodes: canary.nodes.length, enforcedMs: canary.enforcedMs });
  // First the one and then the others: the guarded pods are never open in between.
  await applyClosed(context);
  await removeCanaryPolicies(context);
  await untilClosed(outposts, context);
  return outposts;
}

/** What the addresses of a pod say about the cluster that is not tried; undefined where it has one family. */
function untriedFamilies(pod: RunningPod | undefined): string | undefined {
  const { ip = '', otherIps = [] } = pod ?? {};
  if (otherIps.length === 0) return undefined;
  return `pods have addresses of more than one family here, and only the first, IPv${isIP(ip)}, is tried: nothing is said about ${otherIps.map((other) => `IPv${isIP(other)}`).join(', ')}`;
}

/**
 * A cluster that took its time once may take it again: twice that long passes before a connection proves that a policy lets it
 * through, unless that left no time to settle.
 */
function floorFor(enforcedMs: number, { timing }: RunContext): number {
  return Math.min(Math.max(timing.settleFloorMs, 2 * enforcedMs), timing.withinMs / 2);
}

function adviceOf(thrown: unknown): string {
  const { hint } = thrown instanceof PodreachError ? thrown : {};
  return [messageOf(thrown), ...(hint === undefined ? [] : [hint])].join('. ');
}
