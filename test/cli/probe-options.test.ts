/** What the options for probe pods take, and what they say when they do not. */
import { Command, CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import {
  checkNamespaceLabels,
  type ProbeCommandOptions,
  probeOptions,
  readProbeSettings,
} from '../../src/cli/probe-options.ts';
import { DEFAULT_PROBE_SETTINGS, describeSettings } from '../../src/probe/settings.ts';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { folderWith } from '../support/cli.ts';

function settings(...args: string[]) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  for (const option of probeOptions()) command.addOption(option);
  command.parse(args, { from: 'user' });
  return readProbeSettings(command.opts<ProbeCommandOptions>());
}

function complaint(...args: string[]): string {
  try {
    settings(...args);
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.message;
    throw thrown;
  }
  return 'nothing';
}

test('without any option a stock image runs on any node', () => {
  expect(settings()).toEqual(DEFAULT_PROBE_SETTINGS);
});

test('all of them together', () => {
  const args = [
    ['--probe-image', 'mirror.example:5000/node:24@sha256:0f'],
    ['--node-selector', 'pool=probes'],
    ['--node-selector', 'example.com/zone='],
    ['--node-selector', 'pool=probes'],
    ['--toleration', 'dedicated'],
    ['--toleration', 'dedicated=db:NoSchedule'],
    ['--toleration', 'node.example.com/gpu:NoExecute'],
    ['--toleration', 'empty='],
    ['--toleration', '*'],
    ['--toleration', '*:NoSchedule'],
    ['--image-pull-secret', 'mirror'],
    ['--image-pull-secret', 'platform/registry.example'],
    ['--namespace-label', 'pod-security.kubernetes.io/enforce=privileged'],
  ].flat();
  const found = settings(...args);
  expect(found).toEqual({
    image: 'mirror.example:5000/node:24@sha256:0f',
    nodeSelector: { pool: 'probes', 'example.com/zone': '' },
    tolerations: [
      { key: 'dedicated', operator: 'Exists' },
      { key: 'dedicated', operator: 'Equal', value: 'db', effect: 'NoSchedule' },
      { key: 'node.example.com/gpu', operator: 'Exists', effect: 'NoExecute' },
      { key: 'empty', operator: 'Equal', value: '' },
      { operator: 'Exists' },
      { operator: 'Exists', effect: 'NoSchedule' },
    ],
    pullSecrets: [{ name: 'mirror' }, { name: 'registry.example', copyFrom: 'platform' }],
    namespaceLabels: { 'pod-security.kubernetes.io/enforce': 'privileged' },
  });
  // The record tells them as they were given.
  expect(describeSettings(found)).toEqual({
    image: 'mirror.example:5000/node:24@sha256:0f',
    nodeSelector: { pool: 'probes', 'example.com/zone': '' },
    tolerations: [
      'dedicated',
      'dedicated=db:NoSchedule',
      'node.example.com/gpu:NoExecute',
      'empty=',
      '*',
      '*:NoSchedule',
    ],
    pullSecrets: ['mirror', 'platform/registry.example'],
    namespaceLabels: { 'pod-security.kubernetes.io/enforce': 'privileged' },
  });
});

test.each([
  ['--probe-image', '', 'registry.example/node:24'],
  ['--probe-image', 'node 24', 'registry.example/node:24'],
  ['--node-selector', 'pool', 'key=value'],
  ['--node-selector', '=probes', '"" cannot be the key'],
  ['--node-selector', 'po ol=probes', '"po ol" cannot be the key'],
  ['--node-selector', 'Example.com/pool=probes', '"Example.com/pool" cannot be the key'],
  ['--node-selector', 'a/b/c=probes', '"a/b/c" cannot be the key'],
  ['--node-selector', `${'a'.repeat(64)}=probes`, 'up to 63'],
  ['--node-selector', 'pool=-probes', '"-probes" cannot be the value'],
  ['--node-selector', `pool=${'a'.repeat(64)}`, 'up to 63'],
  ['--node-selector', 'pool=a=b', '"a=b" cannot be the value'],
  ['--toleration', '', 'for every taint'],
  ['--toleration', ':NoSchedule', 'for every taint'],
  ['--toleration', '*=db', 'for every taint'],
  ['--toleration', 'dedicated:noschedule', 'NoSchedule, PreferNoSchedule, NoExecute'],
  ['--toleration', 'dedicated=d b', 'for every taint'],
  ['--image-pull-secret', 'Mirror', 'name of a Secret'],
  ['--image-pull-secret', 'a..b', 'name of a Secret'],
  ['--image-pull-secret', 'plat.form/mirror', 'name of a Secret'],
  ['--image-pull-secret', 'a/b/c', 'name of a Secret'],
  ['--namespace-label', 'podreach.dev/run=mine', 'not to be chosen'],
  ['--namespace-label', 'podreach.dev/other=mine', 'not to be chosen'],
  ['--namespace-label', 'kubernetes.io/metadata.name=shop', 'not to be chosen'],
])('%s %j is refused with what would do', (flag, value, words) => {
  expect(complaint(flag, value)).toContain(words);
});

test.each([
  ['--node-selector', 'pool=a', 'pool=b'],
  ['--namespace-label', 'team=a', 'team=b'],
  ['--image-pull-secret', 'a/mirror', 'b/mirror'],
])('%s %s and %s cannot both hold', (flag, one, other) => {
  expect(complaint(flag, one, flag, other)).toContain('only one can hold');
});

describe('a label for all namespaces', () => {
  const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: tiny
namespaces: { tiny: { labels: { team: shop } } }
pods: { tiny/a: {}, tiny/b: { ports: [80] } }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: mesh, namespace: tiny }
    spec:
      podSelector: { matchLabels: { app: a } }
      ingress:
        - from:
            - namespaceSelector: { matchExpressions: [{ key: zone, operator: DoesNotExist }] }
otherwise: reachable
`;

  async function check(label: string, steps = ''): Promise<void> {
    using folder = folderWith({ 'tiny.yaml': SCENARIO + steps });
    checkNamespaceLabels(
      settings('--namespace-label', label),
      await loadPlans(['tiny.yaml'], { cwd: folder.path, only: [], tags: [] }),
    );
  }

  test('may be one that the scenario gives as well', async () => {
    await check('team=shop');
  });

  test('may be one that policies select pods by', async () => {
    await check('app=a');
  });

  test('must not change one that the scenario gives', async () => {
    await expect(check('team=other')).rejects.toMatchObject({
      code: 'usage',
      message: '--namespace-label team=other: scenario tiny gives the namespace tiny the value "shop"',
    });
  });

  test('must not change one that a step gives', async () => {
    const steps = 'steps: [{ name: moved, label: { namespace/tiny: { stage: live } } }]\n';
    await check('stage=live', steps);
    await expect(check('stage=test', steps)).rejects.toMatchObject({
      message: '--namespace-label stage=test: scenario tiny gives the namespace tiny the value "live"',
    });
  });

  test('must not be one that a policy selects namespaces by', async () => {
    await expect(check('zone=a')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('the policy tiny/mesh selects namespaces by this label'),
      location: expect.objectContaining({ file: 'tiny.yaml' }),
    });
  });
});
