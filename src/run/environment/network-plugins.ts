/**
 * Which network plugins run on a cluster, told by their DaemonSets: names and containers as the manifests, charts and operators of
 * each project make them.
 */
import type { KubeObject } from '../../kube/kube.ts';

export interface NetworkPlugin {
  readonly name: string;
  /** From its image's tag; absent where that is none. */
  readonly version?: string;
  /** `namespace/name` of the DaemonSet. */
  readonly daemonSet: string;
  /** Whether it enforces NetworkPolicies. */
  readonly enforces: boolean;
}

interface KnownPlugin {
  readonly name: string;
  readonly daemonSet: RegExp;
  /** The container whose image carries the version; absent: the first. */
  readonly container?: string;
  readonly enforces: boolean | EnforcingCondition;
}

/** What makes a plugin enforce that does not always. */
interface EnforcingCondition {
  /** There is a container of this name. */
  readonly withContainer: string;
  /** And it has this argument, the last one of its name. */
  readonly enabledBy?: string;
}

const PLUGINS: readonly KnownPlugin[] = [
  // In kube-system by its manifest, in calico-system by its operator.
  { name: 'Calico', daemonSet: /^calico-node$/, container: 'calico-node', enforces: true },
  { name: 'Canal', daemonSet: /^canal$/, container: 'calico-node', enforces: true },
  { name: 'Cilium', daemonSet: /^cilium$/, container: 'cilium-agent', enforces: true },
  { name: 'Cilium (GKE Dataplane V2)', daemonSet: /^anetd$/, container: 'cilium-agent', enforces: true },
  { name: 'Antrea', daemonSet: /^antrea-agent$/, container: 'antrea-agent', enforces: true },
  // It has enforced policies since kind 0.24.
  { name: 'kindnet', daemonSet: /^kindnet$/, container: 'kindnet-cni', enforces: true },
  {
    name: 'OVN-Kubernetes',
    daemonSet: /^ovnkube-node(-.*)?$/,
    container: 'ovnkube-controller',
    enforces: true,
  },
  { name: 'kube-router', daemonSet: /^kube-router$/, container: 'kube-router', enforces: true },
  { name: 'flannel', daemonSet: /^kube-flannel(-ds.*)?$/, container: 'kube-flannel', enforces: false },
  {
    name: 'Amazon VPC CNI',
    daemonSet: /^aws-node$/,
    container: 'aws-node',
    // The agent is always there; whether it enforces is an option of the add-on, off by default.
    enforces: { withContainer: 'aws-eks-nodeagent', enabledBy: '--enable-network-policy' },
  },
  { name: 'Azure NPM', daemonSet: /^azure-npm$/, enforces: true },
  {
    name: 'Weave Net',
    daemonSet: /^weave-net$/,
    container: 'weave',
    enforces: { withContainer: 'weave-npc' },
  },
  { name: 'kube-network-policies', daemonSet: /^kube-network-policies$/, enforces: true },
];

/** The known plugins among all DaemonSets of a cluster, by name. */
export function findPlugins(daemonSets: readonly KubeObject[]): readonly NetworkPlugin[] {
  return daemonSets
    .flatMap((daemonSet) => {
      const known = PLUGINS.find((plugin) => plugin.daemonSet.test(daemonSet.metadata.name));
      return known === undefined ? [] : [describePlugin(known, daemonSet)];
    })
    .toSorted((left, right) => left.name.localeCompare(right.name));
}

/** As much of a DaemonSet as podreach reads. */
interface DaemonSetFields {
  readonly spec?: {
    readonly template?: {
      readonly spec?: {
        readonly containers?: readonly PluginContainer[];
      };
    };
  };
}

interface PluginContainer {
  readonly name?: string;
  readonly image?: string;
  readonly args?: readonly string[];
}

function describePlugin(known: KnownPlugin, daemonSet: KubeObject): NetworkPlugin {
  // An object of the API: each field is read as optional.
  const { spec } = daemonSet as KubeObject & DaemonSetFields;
  const containers = spec?.template?.spec?.containers ?? [];
  const main = containers.find(({ name }) => name === known.container) ?? containers[0];
  const version = versionOf(main?.image);
  const { enforces } = known;
  return {
    name: known.name,
    ...(version === undefined ? {} : { version }),
    daemonSet: `${daemonSet.metadata.namespace ?? ''}/${daemonSet.metadata.name}`,
    enforces: typeof enforces === 'boolean' ? enforces : isMet(enforces, containers),
  };
}

function isMet(
  { withContainer, enabledBy }: EnforcingCondition,
  containers: readonly PluginContainer[],
): boolean {
  const container = containers.find(({ name }) => name === withContainer);
  if (container === undefined || enabledBy === undefined) return container !== undefined;
  const given = container.args?.findLast((arg) => arg === enabledBy || arg.startsWith(`${enabledBy}=`));
  return given === enabledBy || given === `${enabledBy}=true`;
}

/** The tag of an image, without a digest: `v3.32.1` of `quay.io/calico/node:v3.32.1@sha256:…`. */
function versionOf(image: string | undefined): string | undefined {
  const [named = ''] = (image ?? '').split('@');
  return /:([\w][\w.-]*)$/.exec(named.split('/').at(-1) ?? '')?.[1];
}
