/** What a change of manifests opens and closes to what no manifest has: addresses, and pods of other namespaces. */
import { describe, expect, test } from 'vitest';
import { compareManifests } from '../../../src/compare/manifests/compare.ts';
import { isRefused } from '../../../src/compare/manifests/failing.ts';
import type { DeployedState } from '../../../src/policy/deployed.ts';
import { deployed, state, workload } from './states.ts';

const SHOP = [workload('shop/web', [80])];
const block = (cidr: string, ...except: readonly string[]) => ({ ipBlock: { cidr, except } });
const inNamespaces = (labels: object) => ({ namespaceSelector: { matchLabels: labels } });
const tcp = (port: number | string, endPort?: number) => ({
  port,
  ...(endPort === undefined ? {} : { endPort }),
});

function letting(rules: readonly object[], direction: 'ingress' | 'egress' = 'ingress'): DeployedState {
  const policyTypes = [direction === 'ingress' ? 'Ingress' : 'Egress'];
  return state(SHOP, [deployed('shop/p', { podSelector: {}, policyTypes, [direction]: rules })]);
}
const letIn = (...from: readonly object[]) => letting([{ from }]);
const letOut = (to: readonly object[], ports: readonly object[] = []) => letting([{ to, ports }], 'egress');

function said(before: DeployedState, after: DeployedState): readonly string[] {
  return compareManifests(before, after).elsewhere.map(
    ({ change, direction, others, ports }) => `${change} ${direction}: ${others}, ${ports}`,
  );
}

test.each([
  ['a block that is the same', letIn(block('10.0.0.0/8')), letIn(block('10.0.0.0/8')), []],
  [
    'a block that grows',
    letIn(block('203.0.113.0/24')),
    letIn(block('0.0.0.0/0')),
    ['open ingress: addresses in 0.0.0.0/0, every port'],
  ],
  [
    'an exception that goes',
    letIn(block('10.0.0.0/8', '10.1.0.0/16')),
    letIn(block('10.0.0.0/8')),
    ['open ingress: addresses in 10.0.0.0/8, every port'],
  ],
  [
    'blocks that become one',
    letIn(block('10.1.0.0/16'), block('10.2.0.0/16')),
    letIn(block('10.0.0.0/8')),
    ['open ingress: addresses in 10.0.0.0/8, every port'],
  ],
  [
    'from a block to everybody',
    letIn(block('0.0.0.0/0')),
    letting([{}]),
    ['open ingress: everybody else, every port'],
  ],
  [
    'the last policy goes',
    letOut([block('10.0.0.0/8')]),
    state(SHOP, []),
    ['open egress: everybody else, every port'],
  ],
  [
    'pods of the same namespace',
    letIn({ podSelector: {} }),
    letIn(),
    ['open ingress: everybody else, every port'],
  ],
  [
    'namespaces that no manifest has',
    letIn(inNamespaces({ team: 'a' })),
    letIn(inNamespaces({ team: 'b' })),
    [
      'open ingress: all pods in namespaces with team=b, every port',
      'closed ingress: all pods in namespaces with team=a, every port',
    ],
  ],
  [
    'all namespaces hold each',
    letIn(inNamespaces({ team: 'a' })),
    letIn(inNamespaces({})),
    ['open ingress: all pods in all namespaces, every port'],
  ],
  ['a selector of pods', letIn({ podSelector: { matchLabels: { a: 'b' } } }), letIn({ podSelector: {} }), []],
  [
    'a range of ports that grows',
    letOut([block('0.0.0.0/0')], [tcp(443)]),
    letOut([block('0.0.0.0/0')], [tcp(1, 1024)]),
    ['open egress: addresses in 0.0.0.0/0, TCP 1 to 1024'],
  ],
  [
    'another name of a port',
    letOut([block('0.0.0.0/0')], [tcp('a')]),
    letOut([block('0.0.0.0/0')], [tcp('b'), { protocol: 'TCP' }]),
    ['open egress: addresses in 0.0.0.0/0, every TCP port'],
  ],
] as const)('%s', (_, before, after, expected) => {
  expect(said(before, after).toSorted()).toEqual([...expected].toSorted());
  const turned = expected.map((one) =>
    one.startsWith('open') ? one.replace('open', 'closed') : one.replace('closed', 'open'),
  );
  expect(said(after, before).toSorted()).toEqual(turned.toSorted());
});

describe('what is said', () => {
  test('names the rule, and counts for the outcome and for --fail-on', () => {
    const comparison = compareManifests(letIn(block('10.0.0.0/8')), letIn(block('0.0.0.0/0')));
    expect(comparison.elsewhere).toEqual([
      {
        workload: 'shop/web',
        direction: 'ingress',
        change: 'open',
        others: 'addresses in 0.0.0.0/0',
        ports: 'every port',
        responsible: [
          {
            direction: 'ingress',
            policy: 'shop/p',
            rule: 1,
            location: { file: 'deploy.yaml', line: 1, column: 1 },
          },
        ],
      },
    ]);
    expect(comparison.outcome).toBe('opens');
    expect(isRefused(comparison, 'open')).toBe(true);
    expect(isRefused(comparison, 'closed')).toBe(false);
  });

  test('is of workloads that both states have, that listen, and have an address of their own', () => {
    const open = letIn(block('0.0.0.0/0')).policies;
    const shut = letting([]).policies;
    const of = (workloads: DeployedState['workloads']) =>
      said(state(workloads, shut), state(workloads, open));
    expect(of(SHOP)).toHaveLength(1);
    expect(of([workload('shop/web')])).toEqual([]);
    expect(of([workload('shop/web', [80], { hostNetwork: true })])).toEqual([]);
    expect(said(state([], shut), state(SHOP, open))).toEqual([]);
  });

  test('is not of namespaces that one of the manifests has: their pods are compared one by one', () => {
    const ops = { namespaces: [{ name: 'ops', labels: { team: 'a' } }] };
    const before = { ...letIn(), ...ops };
    expect(said(letIn(), letIn(inNamespaces({ team: 'a' })))).toHaveLength(1);
    expect(said({ ...before, policies: letting([]).policies }, letIn(inNamespaces({ team: 'a' })))).toEqual(
      [],
    );
  });
});
