/** What is settled about a real cluster before a scenario runs there: what it is, and that it enforces policies. */
import type { Cluster } from '../cluster/cluster.ts';
import { messageOf, PodreachError } from '../errors.ts';
import type { KubeObject } from '../kube/kube.ts';
import type { RunRecord } from '../record.ts';
import { canaryNamespace, proveEnforcement } from './canary.ts';
import { cleanUpNamespaces } from './cleanup.ts';
import type { RunContext } from './context.ts';
import { describeNetwork } from './environment/describe.ts';

export interface ProvenCluster {
  /** The same, with the time that enforcing takes here. */
  readonly context: RunContext;
  /** Resolves when nothing of the canary is left; rejects as {@link cleanUpNamespaces} does. */
  readonly cleaned: Promise<void>;
}

/**
 * Notes what the cluster is, and proves that it enforces policies.
 * @param keep leaves a canary that failed in place, to be looked at
 * @throws PodreachError what {@link proveEnforcement} throws; the canary is gone then, unless it is kept
 */
export async function proveCluster(
  cluster: Cluster,
  nodes: readonly KubeObject[],
  { environment }: RunRecord,
  keep: boolean,
  context: RunContext,
): Promise<ProvenCluster> {
  await describeNetwork(environment, cluster.networkPlugin, context);
  for (const text of environment.warnings ?? []) context.progress({ type: 'note', text: `warning: ${text}` });
  const plugins =
    environment.networkPlugins?.map(({ name, version }) => [name, version].join(' ').trim()) ?? [];
  const clean = (): Promise<void> => cleanUpNamespaces(context, [canaryNamespace(context.runId)]);
  try {
    const names = plugins.length === 0 ? 'none that podreach knows' : plugins.join(', ');
    const canary = await proveEnforcement(nodes, names, context);
    environment.canary = canary;
    context.progress({ type: 'canary-ended', nodes: canary.nodes.length, enforcedMs: canary.enforcedMs });
    const settleFloorMs = floorFor(canary.enforcedMs, context);
    return { context: { ...context, timing: { ...context.timing, settleFloorMs } }, cleaned: clean() };
  } catch (thrown) {
    // An interrupted run is cleaned up as a whole.
    if (!keep && !context.signal.aborted) {
      await clean().catch((left: unknown) => {
        environment.warnings = [...(environment.warnings ?? []), adviceOf(left)];
      });
    }
    throw thrown;
  }
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
