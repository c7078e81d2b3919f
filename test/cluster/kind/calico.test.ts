/** Reading and changing Calico's manifest. */
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readManifest } from '../../../src/cluster/kind/calico.ts';
import { manifestText } from './world.ts';

const ORIGIN = 'calico.yaml';
const HINT = 'Take manifests/calico.yaml of a Calico release, not the one for its operator.';

test('is applied byte for byte where nothing is to be changed, and names each image once', () => {
  expect(readManifest(manifestText(), ORIGIN)).toEqual({
    text: manifestText(),
    images: [
      'registry.example/calico/cni:v0.0.1',
      'registry.example/calico/node:v0.0.1',
      'registry.example/calico/kube-controllers:v0.0.1',
    ],
  });
});

test('VXLAN takes the place of IPIP, and BIRD is neither started nor asked for', () => {
  const { text } = readManifest(manifestText(), ORIGIN, 'vxlan');
  const [config, node, controllers] = parseAllDocuments(text).map((document) => document.toJS());
  expect(config.data).toEqual({ typha_service_name: 'none', calico_backend: 'vxlan' });
  const { containers, initContainers, volumes } = node.spec.template.spec;
  expect(containers).toEqual([
    {
      name: 'calico-node',
      image: 'registry.example/calico/node:v0.0.1',
      env: [
        { name: 'IP', value: 'autodetect' },
        { name: 'CALICO_IPV4POOL_IPIP', value: 'Never' },
        { name: 'CALICO_IPV4POOL_VXLAN', value: 'Always' },
      ],
      livenessProbe: { exec: { command: ['/bin/calico-node', '-felix-live'] }, periodSeconds: 10 },
      readinessProbe: { exec: { command: ['/bin/calico-node', '-felix-ready'] } },
    },
  ]);
  expect(initContainers).toHaveLength(2);
  // Octal, as Kubernetes reads it.
  expect(volumes).toEqual([{ name: 'settings', configMap: { name: 'calico-config', defaultMode: 0o444 } }]);
  expect(controllers.metadata.name).toBe('calico-kube-controllers');
});

test.each([
  ['ipip', 'Always', 'Never'],
  ['none', 'Never', 'Never'],
] as const)('%s leaves BIRD alone', (encapsulation, ipip, vxlan) => {
  const { text } = readManifest(manifestText(), ORIGIN, encapsulation);
  const [config, node] = parseAllDocuments(text).map((document) => document.toJS());
  expect(config.data.calico_backend).toBe('bird');
  const [{ env, livenessProbe }] = node.spec.template.spec.containers;
  expect(env).toEqual([
    { name: 'IP', value: 'autodetect' },
    { name: 'CALICO_IPV4POOL_IPIP', value: ipip },
    { name: 'CALICO_IPV4POOL_VXLAN', value: vxlan },
  ]);
  expect(livenessProbe.exec.command).toContain('-bird-live');
});

test.each([
  ['nothing', '', 'it is empty'],
  ['a comment', '# nothing', 'it is empty'],
  ['no YAML', 'kind: [', 'Flow sequence in block collection'],
  ['no object', 'just: text', 'its document 1 is not a Kubernetes object'],
  [
    "the operator's manifest",
    'apiVersion: v1\nkind: Namespace\nmetadata: { name: tigera-operator }',
    'it has no DaemonSet calico-node',
  ],
  [
    'only half of it',
    manifestText().replace('name: calico-kube-controllers\n', 'name: other\n'),
    'it has no Deployment calico-kube-controllers',
  ],
  [
    'a workload without containers',
    manifestText().replace(
      '      containers:\n        - name: calico-node',
      '      others:\n        - name: calico-node',
    ),
    'its DaemonSet calico-node has no containers',
  ],
])('%s is refused with the reason', (_, text, reason) => {
  expect(() => readManifest(text, ORIGIN)).toThrow(
    expect.objectContaining({
      code: 'cluster-unavailable',
      message: expect.stringContaining(`calico.yaml does not install Calico: ${reason}`),
      hint: HINT,
    }),
  );
});
