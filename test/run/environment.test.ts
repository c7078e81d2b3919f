/** Network plugins as their own manifests install them, and which of the nodes take probe pods. */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { sandboxCluster } from '../../src/cluster/sandbox.ts';
import { connectKube } from '../../src/kube/connect.ts';
import { DEFAULT_PROBE_SETTINGS } from '../../src/probe/settings.ts';
import { findClusterPolicies } from '../../src/run/environment/cluster-policies.ts';
import { pluginWarnings } from '../../src/run/environment/describe.ts';
import { findProxyMode } from '../../src/run/environment/kube-proxy.ts';
import { findPlugins } from '../../src/run/environment/network-plugins.ts';
import { nodesForProbes } from '../../src/run/schedulable.ts';
import { failure, throughProxy } from '../support/api-proxy.ts';
import { foreignAnswers } from '../support/real-cluster.ts';

function daemonSet(
  name: string,
  containers: Record<string, string>,
  namespace = 'kube-system',
  args: Record<string, readonly string[]> = {},
) {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace },
    spec: {
      template: {
        spec: {
          containers: Object.entries(containers).map(([container, image]) => ({
            name: container,
            image,
            ...(args[container] === undefined ? {} : { args: args[container] }),
          })),
        },
      },
    },
  };
}

const CASES: readonly [string, ReturnType<typeof daemonSet>, string | undefined, boolean][] = [
  ['Calico', daemonSet('calico-node', { 'calico-node': 'quay.io/calico/node:v3.32.1' }), 'v3.32.1', true],
  [
    'Calico',
    daemonSet('calico-node', { 'calico-node': 'registry:5000/calico/node:v3.31.7' }, 'calico-system'),
    'v3.31.7',
    true,
  ],
  [
    'Canal',
    daemonSet('canal', { 'kube-flannel': 'flannel:v0.24.4', 'calico-node': 'calico/node:v3.29.0' }),
    'v3.29.0',
    true,
  ],
  [
    'Cilium',
    daemonSet('cilium', {
      'cilium-agent':
        'quay.io/cilium/cilium:v1.18.2@sha256:858f807ea4e20e85e3ea3240a762e1f4b29f1cb5bbd0463b8aa77e7b097c0667',
    }),
    'v1.18.2',
    true,
  ],
  [
    'Antrea',
    daemonSet('antrea-agent', { 'antrea-agent': 'antrea/antrea-agent-ubuntu:v2.4.0', 'antrea-ovs': 'x' }),
    'v2.4.0',
    true,
  ],
  [
    'kindnet',
    daemonSet('kindnet', { 'kindnet-cni': 'docker.io/kindest/kindnetd:v20250512-df8de77b' }),
    'v20250512-df8de77b',
    true,
  ],
  [
    'OVN-Kubernetes',
    daemonSet('ovnkube-node', { 'kube-rbac-proxy': 'x:1', 'ovnkube-controller': 'ovn@sha256:00' }),
    undefined,
    true,
  ],
  [
    'kube-router',
    daemonSet('kube-router', { 'kube-router': 'docker.io/cloudnativelabs/kube-router:v2.6.1' }),
    'v2.6.1',
    true,
  ],
  [
    'flannel',
    daemonSet('kube-flannel-ds', { 'kube-flannel': 'ghcr.io/flannel-io/flannel:v0.27.4' }, 'kube-flannel'),
    'v0.27.4',
    false,
  ],
  ['Amazon VPC CNI', daemonSet('aws-node', { 'aws-node': 'amazon-k8s-cni:v1.20.3' }), 'v1.20.3', false],
  // Its agent always runs, and enforces only where it is told to.
  ...(
    [
      [['--enable-ipv6=false', '--enable-network-policy=true'], true],
      [['--enable-network-policy'], true],
      [['--enable-network-policy=false', '--enable-network-policy=true'], true],
      [['--enable-network-policy=true', '--enable-network-policy=false'], false],
      [['--enable-network-policy=false'], false],
      [['--enable-network-policy-logs=true'], false],
      [[], false],
    ] as const
  ).map(([args, enforces]): (typeof CASES)[number] => [
    'Amazon VPC CNI',
    daemonSet(
      'aws-node',
      { 'aws-node': 'amazon-k8s-cni:v1.20.3', 'aws-eks-nodeagent': 'agent:v1' },
      'kube-system',
      { 'aws-eks-nodeagent': args },
    ),
    'v1.20.3',
    enforces,
  ]),
  [
    'Weave Net',
    daemonSet('weave-net', { weave: 'weave-kube:2.8.1', 'weave-npc': 'weave-npc:2.8.1' }),
    '2.8.1',
    true,
  ],
];

test.each(CASES)('%s is told by its DaemonSet (%#)', (name, object, version, enforces) => {
  expect(findPlugins([daemonSet('kube-proxy', { 'kube-proxy': 'kube-proxy:v1.36.0' }), object])).toEqual([
    {
      name,
      ...(version === undefined ? {} : { version }),
      daemonSet: `${object.metadata.namespace}/${object.metadata.name}`,
      enforces,
    },
  ]);
});

describe('a warning', () => {
  const plugin = (name: string, enforces = true) => ({ name, daemonSet: `kube-system/${name}`, enforces });
  test.each([
    [[plugin('Calico')], undefined, []],
    [[plugin('Calico')], 'Calico', []],
    [
      [plugin('kindnet')],
      'Calico',
      ['Calico was asked for, and is not what enforces policies here: kindnet'],
    ],
    [[], 'Calico', ['Calico was asked for, and is not what enforces policies here: no plugin is known']],
    [
      [plugin('Calico'), plugin('kindnet')],
      'Calico',
      ['more than one plugin enforces policies: Calico, kindnet; what holds is what all of them allow'],
    ],
    [
      [plugin('flannel', false)],
      undefined,
      ['flannel does not enforce policies, and no other known plugin is here'],
    ],
    [[], undefined, ['no network plugin that podreach knows is among the DaemonSets']],
  ])('for %j where %s was asked for', (plugins, wanted, warnings) => {
    expect(pluginWarnings(plugins, wanted)).toEqual(warnings);
  });
});

describe("kube-proxy's mode", () => {
  const kubeconfig = { kubeconfig: 'apiVersion: v1' };
  test.each([
    ["in kubeadm's ConfigMap", { 'kube-proxy': { 'config.conf': 'mode: nftables\n' } }, 'nftables'],
    [
      "in that of Amazon EKS, which has one of kubeadm's name as well",
      { 'kube-proxy': kubeconfig, 'kube-proxy-config': { config: 'mode: "ipvs"\n' } },
      'ipvs',
    ],
    ['left to its default', { 'kube-proxy': { 'config.conf': 'mode: ""\n' } }, 'iptables (its default)'],
    ['told nowhere', { 'kube-proxy': kubeconfig }, undefined],
  ])('%s', async (_, configMaps: Readonly<Record<string, object>>, mode) => {
    const read = async (path: string): Promise<unknown> => {
      const data = configMaps[path.replace('/api/v1/namespaces/kube-system/configmaps/', '')];
      return data && { kind: 'ConfigMap', data };
    };
    expect(await findProxyMode({ read }, new AbortController().signal)).toBe(mode);
  });
});

describe('a node', () => {
  const node = (spec: object, labels: Record<string, string> = {}) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n', labels: { 'kubernetes.io/hostname': 'n.example', ...labels } },
    spec,
  });
  const taint = { key: 'dedicated', value: 'db', effect: 'NoSchedule' };
  const settings = DEFAULT_PROBE_SETTINGS;
  test.each([
    ['that is free', node({}), settings, undefined],
    ['that is cordoned', node({ unschedulable: true }), settings, 'is cordoned'],
    [
      'that is cordoned, where every taint is tolerated: the scheduler takes it then',
      node({ unschedulable: true }),
      { ...settings, tolerations: [{ operator: 'Exists' as const }] },
      undefined,
    ],
    ['with a taint', node({ taints: [taint] }), settings, 'has the taint dedicated=db:NoSchedule'],
    [
      'with a taint that only asks',
      node({ taints: [{ ...taint, effect: 'PreferNoSchedule' }] }),
      settings,
      undefined,
    ],
    [
      'with a tolerated taint',
      node({ taints: [taint] }),
      { ...settings, tolerations: [{ key: 'dedicated', operator: 'Exists' as const }] },
      undefined,
    ],
    [
      'with a taint of another value',
      node({ taints: [taint] }),
      { ...settings, tolerations: [{ key: 'dedicated', operator: 'Equal' as const, value: 'web' }] },
      'has the taint dedicated=db:NoSchedule',
    ],
    [
      'where every taint is tolerated',
      node({ taints: [taint, { key: 'x', effect: 'NoExecute' }] }),
      { ...settings, tolerations: [{ operator: 'Exists' as const }] },
      undefined,
    ],
    [
      'that is not selected',
      node({}, { pool: 'a' }),
      { ...settings, nodeSelector: { pool: 'b' } },
      'has no label pool=b',
    ],
    ['of another system', node({}, { 'kubernetes.io/os': 'windows' }), settings, 'runs windows'],
  ])('%s', (_, object, given, obstacle) => {
    const free = { ...object, metadata: { name: 'free' }, spec: {} };
    const alone = () => nodesForProbes([object], given);
    if (obstacle === undefined) expect(alone()).toEqual([{ name: 'n', hostname: 'n.example' }]);
    else expect(alone).toThrow(`no node of the cluster takes probe pods: n ${obstacle}`);
    const beside = nodesForProbes([object, free], { ...settings, tolerations: given.tolerations });
    expect(beside).toContainEqual({ name: 'free', hostname: 'free' });
  });

  test('of many that do not fit is named with a few others', () => {
    const nodes = Array.from({ length: 7 }, () => node({ unschedulable: true }));
    expect(() => nodesForProbes(nodes, settings)).toThrow(/: (n is cordoned, ){5}and 2 more$/);
  });
});

test('a kind of cluster-wide policy that may not be looked at hides no other', async () => {
  const answers = foreignAnswers({
    policies: {
      'globalnetworkpolicies.crd.projectcalico.org': ['default-deny'],
      'baselineadminnetworkpolicies.policy.networking.k8s.io': ['default'],
    },
  });
  const refused = ['projectcalico.org', 'cilium.io', 'policy.networking.k8s.io/v1/adminnetworkpolicies'];
  const provider = throughProxy(sandboxCluster({ nodes: 1, enforcement: 'on' }), {
    answer: (call) =>
      refused.some((place) => call.path.startsWith(`/apis/${place}`))
        ? failure(403, 'Forbidden', 'not for you')
        : answers(call),
  });
  const { signal } = new AbortController();
  const cluster = await provider.start({ clock: systemClock, signal });
  const kube = await connectKube(cluster.kubeconfig);
  expect(await findClusterPolicies(kube, signal)).toEqual({
    // The same ones are in Calico's other group.
    found: [
      '1 Calico GlobalNetworkPolicy object (default-deny)',
      '1 BaselineAdminNetworkPolicy object (default)',
    ],
    refused: [
      'could not look at objects of the kind CiliumClusterwideNetworkPolicy: not for you (403 Forbidden)',
      'could not look at objects of the kind AdminNetworkPolicy: not for you (403 Forbidden)',
    ],
  });
  kube.close();
  await cluster.stop();
});
