import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { plainText } from '../../../../src/report/formats/audit/phrase.ts';
import { describePolicy } from '../../../../src/report/formats/audit/policy-sentences.ts';
import { readApplied } from '../../../../src/report/view/applied-policy.ts';

const LABELS = { matchLabels: { app: 'web' } };

/** What is said of a policy in the namespace shop, as its text says. */
function sentencesOf(text: string): string[] {
  return describePolicy(readApplied(text, 'shop')).map(plainText);
}

/** The same of what it specifies. */
function describeSpec(spec: unknown): string[] {
  const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'x' }, spec };
  return sentencesOf(stringify(policy));
}

/** The sentences about who may connect to the pods of a policy. */
function describeIngress(...rules: unknown[]): string[] {
  return describeSpec({ podSelector: {}, policyTypes: ['Ingress'], ingress: rules }).slice(1, -1);
}

describe('whom a policy concerns', () => {
  test.each<[string, unknown, string]>([
    ['all pods of its namespace', {}, 'all pods in shop'],
    ['all of them where nothing is said (D2)', undefined, 'all pods in shop'],
    ['pods by one label', LABELS, 'pods in shop labelled app=web'],
    [
      'pods by several labels',
      { matchLabels: { app: 'web', tier: 'front' } },
      'pods in shop labelled app=web and tier=front',
    ],
    [
      'pods by conditions (D11)',
      {
        ...LABELS,
        matchExpressions: [
          { key: 'env', operator: 'In', values: ['prod', 'stage'] },
          { key: 'team', operator: 'NotIn', values: ['red'] },
          { key: 'pci', operator: 'Exists' },
          { key: 'legacy', operator: 'DoesNotExist' },
        ],
      },
      'pods in shop labelled app=web, whose label env is prod or stage, whose label team is not red, that have a label pci and without a label legacy',
    ],
  ])('%s', (_, podSelector, expected) => {
    expect(describeSpec({ podSelector })[0]).toBe(`It concerns ${expected}.`);
  });
});

describe('which directions it restricts (D1)', () => {
  test.each<[string, unknown, string[]]>([
    [
      'nothing but a selector denies all that comes in',
      { podSelector: {} },
      ['It lets nobody connect to them.', 'It does not restrict whom they may connect to.'],
    ],
    [
      'an empty list of egress rules alone leaves egress open',
      { podSelector: {}, egress: [] },
      ['It lets nobody connect to them.', 'It does not restrict whom they may connect to.'],
    ],
    [
      'egress rules restrict both directions',
      { podSelector: {}, egress: [{ to: [{ podSelector: LABELS }] }] },
      [
        'It lets nobody connect to them.',
        'It lets them connect to pods in shop labelled app=web.',
        'It lets them connect to nobody else.',
      ],
    ],
    [
      'only what policyTypes names',
      { podSelector: {}, policyTypes: ['Egress'], ingress: [{}] },
      ['It does not restrict who may connect to them.', 'It lets them connect to nobody.'],
    ],
  ])('%s', (_, spec, expected) => {
    expect(describeSpec(spec).slice(1)).toEqual(expected);
  });
});

describe('whom a rule admits', () => {
  test('everybody, where it names no peer (D7)', () => {
    expect(describeIngress({})).toEqual(['It lets everybody connect to them.']);
    expect(describeIngress(null)).toEqual(['It lets everybody connect to them.']);
    expect(describeIngress({ ports: [{ port: 443 }] })).toEqual([
      'It lets everybody connect to them on TCP 443.',
      'It lets nobody else connect to them.',
    ]);
  });

  test.each<[string, unknown, string]>([
    ['pods of its own namespace (D9)', { podSelector: {} }, 'all pods in shop'],
    [
      'whole namespaces',
      { namespaceSelector: { matchLabels: { team: 'a' } } },
      'all pods in namespaces labelled team=a',
    ],
    ['any namespace', { namespaceSelector: {} }, 'all pods in any namespace'],
    [
      'a namespace by its name',
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } },
      'all pods in monitoring',
    ],
    [
      'pods of namespaces: both must hold (D8)',
      { namespaceSelector: { matchLabels: { team: 'a' } }, podSelector: LABELS },
      'pods labelled app=web in namespaces labelled team=a',
    ],
    [
      'addresses with exceptions (D12)',
      { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.2.0.0/16'] } },
      'addresses in 10.0.0.0/8 except 10.1.0.0/16 and 10.2.0.0/16',
    ],
  ])('%s', (_, peer, expected) => {
    expect(describeIngress({ from: [peer] })[0]).toBe(`It lets ${expected} connect to them.`);
  });

  test('any of several peers (D8)', () => {
    expect(describeIngress({ from: [{ podSelector: LABELS }, { ipBlock: { cidr: '10.0.0.0/8' } }] })[0]).toBe(
      'It lets pods in shop labelled app=web and addresses in 10.0.0.0/8 connect to them.',
    );
  });

  test('on the ports that the API server reads in its text, which is YAML 1.1 (D3a)', () => {
    const text =
      'kind: NetworkPolicy\nspec: { podSelector: {}, ingress: [{ ports: [{ port: 012470 }, { port: 5_433 }] }] }\n';
    expect(sentencesOf(text)).toContain('It lets everybody connect to them on TCP 5432 and TCP 5433.');
  });

  test('on the ports that it names (D2, D13 to D15)', () => {
    const ports = [
      { port: 80 },
      { port: 53, protocol: 'UDP' },
      { port: 'metrics' },
      { port: 8000, endPort: 8100 },
      {},
      { protocol: 'SCTP' },
    ];
    expect(describeIngress({ from: [{ podSelector: {} }], ports })[0]).toBe(
      'It lets all pods in shop connect to them on TCP 80, UDP 53, the TCP port named metrics, TCP 8000 to 8100, any TCP port and any SCTP port.',
    );
  });
});

test.each([
  ['no YAML', ': {'],
  ['nothing', ''],
  ['another kind', 'kind: Service\nspec: {}\n'],
  ['a selector of another form', 'kind: NetworkPolicy\nspec: { podSelector: [a] }\n'],
  ['peers of another form', 'kind: NetworkPolicy\nspec: { ingress: [{ from: everybody }] }\n'],
])('a text that is %s is not guessed at', (_, text) => {
  expect(sentencesOf(text)).toEqual([
    'Its text could not be read as a NetworkPolicy, so it is not described here.',
  ]);
});

test('the policies of the three tiers', async () => {
  const file = await readFile(
    new URL('../../../../scenarios/policies/three-tier.yaml', import.meta.url),
    'utf8',
  );
  expect(file.split(/^---$/m).map((text) => sentencesOf(text).join(' '))).toEqual([
    'It concerns all pods in shop. It lets nobody connect to them. It does not restrict whom they may connect to.',
    'It concerns pods in shop labelled app=api. It lets pods in shop labelled app=web connect to them on TCP 8080. It lets pods labelled app=prometheus in namespaces labelled team=devops connect to them on the TCP port named metrics. It lets nobody else connect to them. It does not restrict whom they may connect to.',
    'It concerns pods in shop labelled app=db. It lets pods in shop labelled app=api connect to them on TCP 5432. It lets nobody else connect to them. It does not restrict whom they may connect to.',
  ]);
});
