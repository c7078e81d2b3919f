/** How one of podreach's kind clusters is, as seen from outside. */
import type { KindContext } from './context.ts';
import type { LedgerEntry } from './ledger.ts';
import { controlPlaneOf } from './nodes.ts';
import { kubernetesVersion, REQUIREMENTS } from './readiness.ts';
import { stageError } from './stages.ts';
import { type ClusterStanding, lookUp } from './standing.ts';
import { takeSnapshot } from './wait.ts';

export interface KindStatus {
  /** See {@link ClusterStanding}. */
  readonly standing: ClusterStanding['type'];
  /** Whether everything is ready to be used. */
  readonly isReady: boolean;
  /** Absent where podreach did not make it. */
  readonly entry?: LedgerEntry;
  readonly kubeconfigFile: string;
  readonly nodes: readonly { readonly name: string; readonly isRunning: boolean }[];
  /** Such as `v1.36.1`; absent where the cluster does not answer. */
  readonly kubernetes?: string;
  /** Each thing that a run needs, with what it lacks. Empty where the cluster was not asked. */
  readonly requirements: readonly { readonly name: string; readonly lacks: readonly string[] }[];
}

/** @throws PodreachError `cluster-unavailable`, `tool-missing` where Docker or the cluster's API cannot be asked */
export async function kindStatus(cluster: string, context: KindContext): Promise<KindStatus> {
  const { runner, signal } = context;
  try {
    const { standing, ledger, known, nodes } = await lookUp(cluster, context);
    const seen = {
      standing: standing.type,
      kubeconfigFile: ledger.kubeconfigFile,
      nodes: nodes.map(({ name, isRunning }) => ({ name, isRunning })),
      ...(known === undefined || standing.type === 'foreign' ? {} : { entry: known }),
    };
    const controlPlane = controlPlaneOf(nodes);
    if (standing.type === 'foreign' || controlPlane?.isRunning !== true) {
      return { ...seen, isReady: false, requirements: [] };
    }
    const snapshot = await takeSnapshot({ runner, node: controlPlane.name, signal });
    const requirements = REQUIREMENTS.map(({ name, lacks }) => ({ name, lacks: lacks(snapshot) }));
    const kubernetes = kubernetesVersion(snapshot);
    const isComplete =
      nodes.every(({ isRunning }) => isRunning) && requirements.every(({ lacks }) => lacks.length === 0);
    return {
      ...seen,
      isReady: isComplete && (standing.type === 'kept' || standing.type === 'in-use'),
      requirements,
      ...(kubernetes === undefined ? {} : { kubernetes }),
    };
  } catch (thrown) {
    throw stageError(
      'asking for the cluster',
      thrown,
      'Check that Docker runs (docker info), and look at the nodes: docker ps',
    );
  }
}
