/** A cluster of the user's own kubeconfig. It was there before and stays. */
import { findKubeconfig } from '../kube/kubeconfig.ts';
import type { ClusterProvider, ClusterTiming } from './cluster.ts';

/** A network plugin writes its rules within seconds, and a packet may cross machines. */
const TIMING: ClusterTiming = { timeoutMs: 1000, withinMs: 30_000, settleFloorMs: 2000 };

/**
 * @param context its name; absent: the current one
 * @param note is told which context and server it is, before anything is created there
 * @param kubeconfig a file; absent: where kubectl would look
 */
export function contextCluster(
  context: string | undefined,
  note: (text: string) => void,
  kubeconfig?: string,
): ClusterProvider {
  return {
    kind: 'context',
    async start() {
      const found = await findKubeconfig(context, kubeconfig);
      note(`context ${found.context}, server ${found.server}`);
      const file = kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig];
      return {
        kind: 'context',
        name: found.context,
        kubeconfig: found.text,
        timing: TIMING,
        trust: { kind: 'to-be-proven' },
        lifetime: { kind: 'users', cleanWith: ['--cluster', `context=${found.context}`, ...file] },
        kubectlWith: ['--context', found.context, ...file],
        lost: new AbortController().signal,
        stop: async () => {},
      };
    },
  };
}
