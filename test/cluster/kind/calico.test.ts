/** Reading and changing Calico's manifest. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { isOlder, readManifest, releaseOf } from '../../../src/cluster/kind/calico.ts';
import { manifestText } from './world.ts';

const ORIGIN = 'calico.yaml';
const HINT = 'Take manifests/calico.yaml of a Calico release, not the one for its operator.';

/** It says how nodes find their addresses. */
const DECIDED = manifestText().replace(
  /( +)- name: IP\n.*\n/,
  (found, indent) => `${found}${indent}- name: IP_AUTODETECTION_METHOD\n${indent}  value: interface=eth0\n`,
);

function settingsIn(text: string): unknown {
  const [, node] = parseAllDocuments(text).map((document) => document.toJS());
  return node.spec.template.spec.containers[0].env;
}

const DETECTED = { name: 'IP_AUTODETECTION_METHOD', value: 'kubernetes-internal-ip' };

test('is told to take the address that Kubernetes knows, unless it says itself how addresses are found', () => {
  const { text, digest } = readManifest(manifestText(), ORIGIN);
  expect(settingsIn(text)).toContainEqual(DETECTED);
  expect(text).not.toContain('IP6_AUTODETECTION_METHOD');
  expect(digest).toBe(createHash('sha256').update(manifestText()).digest('hex'));
  const dual = manifestText().replace(
    /( +)- name: IP\n.*\n/,
    (found) => found + found.replace('IP\n', 'IP6\n'),
  );
  expect(settingsIn(readManifest(dual, ORIGIN).text)).toEqual(
    expect.arrayContaining([DETECTED, { ...DETECTED, name: 'IP6_AUTODETECTION_METHOD' }]),
  );
  const fixed = manifestText().replace('"autodetect"', '"10.0.0.1"');
  expect(readManifest(fixed, ORIGIN).text).toBe(fixed);
});

test('is applied byte for byte where nothing is to be changed, and names each image once', () => {
  expect(readManifest(DECIDED, ORIGIN)).toEqual({
    text: DECIDED,
    images: [
      'registry.example/calico/cni:v0.0.1',
      'registry.example/calico/node:v0.0.1',
      'registry.example/calico/kube-controllers:v0.0.1',
    ],
    nodeImage: 'registry.example/calico/node:v0.0.1',
    definitions: { names: [], text: '' },
    digest: createHash('sha256').update(DECIDED).digest('hex'),
  });
});

test('its custom resource definitions can be applied before the rest', () => {
  const definition = (name: string): string =>
    `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: ${name}.crd.projectcalico.org }\n`;
  const text = [definition('ippools'), manifestText(), definition('bgppeers')].join('---\n');
  const { definitions } = readManifest(text, ORIGIN);
  const names = ['ippools.crd.projectcalico.org', 'bgppeers.crd.projectcalico.org'];
  expect(definitions.names).toEqual(names);
  expect(parseAllDocuments(definitions.text).map((document) => document.toJS())).toEqual(
    names.map((name) => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name },
    })),
  );
});

test.each([
  ['quay.io/calico/node:v3.32.1', 'v3.32.1'],
  ['registry:5000/calico/node:v3.31.7-rc1@sha256:0123', 'v3.31.7-rc1'],
  ['quay.io/calico/node:master', undefined],
  ['quay.io/calico/node@sha256:0123', undefined],
])('the release of %s is %s', (image, release) => {
  expect(releaseOf(image)).toBe(release);
});

test.each([
  ['v3.31.7', 'v3.32.1', true],
  ['v3.32.1', 'v3.31.7', false],
  ['v3.9.10', 'v3.10.2', true],
  ['v3.32.1', 'v3.32.1', false],
  ['v4.0.0', 'v3.32.1', false],
  ['v3.31.7', '/home/me/calico.yaml', false],
  ['/home/me/calico.yaml', 'v3.32.1', false],
])('%s is older than %s: %s', (release, other, isIt) => {
  expect(isOlder(release, other)).toBe(isIt);
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
        DETECTED,
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
    DETECTED,
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
  [
    'a DaemonSet of another program',
    manifestText().replace('        - name: calico-node\n', '        - name: other\n'),
    'its DaemonSet has no container calico-node',
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
