/** Which nodes of a cluster take probe pods. */
import { PodreachError } from '../errors.ts';
import type { KubeObject } from '../kube/kube.ts';
import type { NodePlaces } from '../model/node-port.ts';
import type { ProbeSettings, Toleration } from '../probe/settings.ts';

interface Taint {
  readonly key?: string;
  readonly value?: string;
  readonly effect?: string;
}

const CORDONED: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** So many nodes are named where none will do. */
const TOLD_NODES = 5;

export interface ProbeNode {
  readonly name: string;
  /** The value of its label `kubernetes.io/hostname`: mostly its name, and not on every cloud. */
  readonly hostname: string;
}

/** The nodes that take probe pods. @throws PodreachError `provision-failed` where there is none, with what keeps each of them */
export function nodesForProbes(nodes: readonly KubeObject[], settings: ProbeSettings): readonly ProbeNode[] {
  const obstacles = nodes.map((node) => [node, obstacleAt(node, settings)] as const);
  const fit = obstacles.flatMap(([{ metadata }, obstacle]) => {
    const { name, labels = {} } = metadata;
    return obstacle === undefined ? [{ name, hostname: labels['kubernetes.io/hostname'] ?? name }] : [];
  });
  if (fit.length > 0) return fit;
  const told = obstacles
    .slice(0, TOLD_NODES)
    .map(([{ metadata }, obstacle]) => `${metadata.name} ${obstacle}`)
    .join(', ');
  const more = obstacles.length > TOLD_NODES ? `, and ${obstacles.length - TOLD_NODES} more` : '';
  throw new PodreachError(
    'provision-failed',
    `no node of the cluster takes probe pods${told === '' ? '' : `: ${told}${more}`}`,
    { hint: 'Choose nodes with --node-selector, and let probe pods tolerate taints with --toleration.' },
  );
}

/** The addresses, within the cluster, of the nodes that take probe pods. */
export function nodeAddresses(nodes: readonly KubeObject[], settings: ProbeSettings): NodePlaces {
  const fit = nodes.filter((node) => obstacleAt(node, settings) === undefined);
  return new Map(
    fit.map(({ metadata: { name }, ...node }) => {
      const { addresses = [] } = (node['status'] ?? {}) as {
        readonly addresses?: readonly { readonly type?: string; readonly address?: string }[];
      };
      const internal = addresses.filter(({ type }) => type === 'InternalIP');
      return [name, internal.flatMap(({ address = [] }) => address)];
    }),
  );
}

/** What keeps probe pods from a node; undefined where it is selected, and has no taint that they do not tolerate. */
function obstacleAt({ metadata, ...node }: KubeObject, settings: ProbeSettings): string | undefined {
  // A Node of the API: each field is read as optional.
  const spec = (node['spec'] ?? {}) as {
    readonly unschedulable?: boolean;
    readonly taints?: readonly Taint[];
  };
  const { labels = {} } = metadata;
  const system = labels['kubernetes.io/os'] ?? 'linux';
  if (system !== 'linux') return `runs ${system}`;
  const unmet = Object.entries(settings.nodeSelector).find(([key, value]) => labels[key] !== value);
  if (unmet !== undefined) return `has no label ${unmet.join('=')}`;
  // Cordoned nodes have a taint as well, but only once a controller has seen them. One that is not ready has one, too.
  const taints = [...(spec.unschedulable === true ? [CORDONED] : []), ...(spec.taints ?? [])];
  const taint = taints.find((one) => !isHarmless(one, settings.tolerations));
  if (taint === undefined) return undefined;
  return taint.key === CORDONED.key ? 'is cordoned' : `has the taint ${describeTaint(taint)}`;
}

/** As `kubectl taint` writes it. */
function describeTaint({ key = '', value = '', effect = '' }: Taint): string {
  return `${key}${value === '' ? '' : `=${value}`}:${effect}`;
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
