/** Which nodes of a cluster take probe pods. */
import type { KubeObject } from '../kube/kube.ts';
import type { ProbeSettings, Toleration } from '../probe/settings.ts';

interface Taint {
  readonly key?: string;
  readonly value?: string;
  readonly effect?: string;
}

const CORDONED: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export interface ProbeNode {
  readonly name: string;
  /** The value of its label `kubernetes.io/hostname`: mostly its name, and not on every cloud. */
  readonly hostname: string;
}

/** Selected, and without a taint that probe pods do not tolerate: a node that is cordoned or not ready has one, too. */
export function nodesForProbes(nodes: readonly KubeObject[], settings: ProbeSettings): readonly ProbeNode[] {
  const wanted = Object.entries(settings.nodeSelector);
  return nodes.flatMap((node) => {
    // A Node of the API: each field is read as optional.
    const spec = (node['spec'] ?? {}) as {
      readonly unschedulable?: boolean;
      readonly taints?: readonly Taint[];
    };
    const { name, labels = {} } = node.metadata;
    // Cordoned nodes have a taint as well, but only once a controller has seen them.
    const taints = [...(spec.taints ?? []), ...(spec.unschedulable === true ? [CORDONED] : [])];
    const isFit =
      (labels['kubernetes.io/os'] ?? 'linux') === 'linux' &&
      wanted.every(([key, value]) => labels[key] === value) &&
      taints.every((taint) => isHarmless(taint, settings.tolerations));
    return isFit ? [{ name, hostname: labels['kubernetes.io/hostname'] ?? name }] : [];
  });
}

function isHarmless(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return taint.effect === 'PreferNoSchedule' || tolerations.some((one) => tolerates(one, taint));
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/: no key is every key, no effect every effect. */
function tolerates({ key, operator, value = '', effect }: Toleration, taint: Taint): boolean {
  return (
    (key === undefined || key === taint.key) &&
    (effect === undefined || effect === taint.effect) &&
    (operator === 'Exists' || value === (taint.value ?? ''))
  );
}
