import { describe, expect, test } from 'vitest';
import { readSpec } from '../../src/policy/manifest.ts';
import { readPolicies } from '../../src/policy/policy.ts';
import { policy } from './world.ts';

/** The problems of a spec as `path: message`. */
function problemsOf(spec: unknown): readonly string[] {
  const read = readSpec(spec);
  return 'spec' in read ? [] : read.problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const peer = (written: unknown) => ({ ingress: [{ from: [written] }] });
const port = (written: unknown) => ({ egress: [{ ports: [written] }] });
const block = (cidr: unknown, ...except: unknown[]) => peer({ ipBlock: { cidr, except } });
const expression = (written: unknown) => ({ podSelector: { matchExpressions: [written] } });

describe('what the API server refuses (D3)', () => {
  test.for<readonly [string, unknown, readonly string[]]>([
    [
      'a peer that says nothing',
      peer({}),
      ['spec.ingress.0.from.0: a peer needs a podSelector, a namespaceSelector or an ipBlock'],
    ],
    [
      'a peer whose only selector is null',
      peer({ podSelector: null }),
      ['spec.ingress.0.from.0: a peer needs a podSelector, a namespaceSelector or an ipBlock'],
    ],
    [
      'a peer that is null',
      peer(null),
      ['spec.ingress.0.from.0: a peer needs a podSelector, a namespaceSelector or an ipBlock'],
    ],
    [
      'an ipBlock beside a selector',
      peer({ ipBlock: { cidr: '10.0.0.0/8' }, namespaceSelector: {} }),
      ['spec.ingress.0.from.0: a peer may not have both an ipBlock and a selector'],
    ],
    [
      'endPort without port',
      port({ endPort: 80 }),
      ['spec.egress.0.ports.0.endPort: endPort needs a port that is a number'],
    ],
    [
      'endPort with a named port',
      port({ port: 'http', endPort: 80 }),
      ['spec.egress.0.ports.0.endPort: endPort needs a port that is a number'],
    ],
    [
      'endPort below port',
      port({ port: 81, endPort: 80 }),
      ['spec.egress.0.ports.0.endPort: endPort 80 is below port 81'],
    ],
    [
      'another protocol',
      port({ protocol: 'ICMP' }),
      ['spec.egress.0.ports.0.protocol: "ICMP" is none of TCP, UDP, SCTP'],
    ],
    [
      'a port out of range',
      port({ port: 65536 }),
      ['spec.egress.0.ports.0.port: 65536 is neither a port from 1 to 65535 nor the name of one'],
    ],
    [
      'a port that is a number in quotes',
      port({ port: '80' }),
      ['spec.egress.0.ports.0.port: "80" is neither a port from 1 to 65535 nor the name of one'],
    ],
    [
      'an exception outside its cidr',
      block('10.0.0.0/8', '11.0.0.0/16'),
      ['spec.ingress.0.from.0.ipBlock.except.0: 11.0.0.0/16 is not a strict subset of 10.0.0.0/8'],
    ],
    [
      'an exception that is the whole cidr',
      block('10.0.0.0/8', '10.1.0.0/16', '10.0.0.0/8'),
      ['spec.ingress.0.from.0.ipBlock.except.1: 10.0.0.0/8 is not a strict subset of 10.0.0.0/8'],
    ],
    [
      'an exception of the other family',
      block('::/0', '10.0.0.0/8'),
      ['spec.ingress.0.from.0.ipBlock.except.0: 10.0.0.0/8 is not a strict subset of ::/0'],
    ],
    [
      'a cidr without a prefix length',
      block('10.0.0.1'),
      ['spec.ingress.0.from.0.ipBlock.cidr: "10.0.0.1" is not a CIDR such as 10.9.8.0/24 or 2001:db8::/64'],
    ],
    [
      'a prefix that is too long',
      block('10.0.0.0/33'),
      [
        'spec.ingress.0.from.0.ipBlock.cidr: "10.0.0.0/33" is not a CIDR such as 10.9.8.0/24 or 2001:db8::/64',
      ],
    ],
    [
      'more than two policyTypes',
      { policyTypes: ['Ingress', 'Egress', 'Ingress'] },
      ['spec.policyTypes: there may be no more than two policyTypes'],
    ],
    [
      'an unknown policyType',
      { policyTypes: ['ingress'] },
      ['spec.policyTypes.0: "ingress" is none of Ingress, Egress'],
    ],
    [
      'an invalid label key',
      { podSelector: { matchLabels: { 'a b': 'c' } } },
      ['spec.podSelector.matchLabels.a b: "a b" is not a label key'],
    ],
    [
      'an invalid label value',
      { podSelector: { matchLabels: { app: '-' } } },
      ['spec.podSelector.matchLabels.app: "-" is not a label value'],
    ],
    [
      'an unknown operator',
      expression({ key: 'app', operator: 'Is' }),
      ['spec.podSelector.matchExpressions.0.operator: "Is" is none of In, NotIn, Exists, DoesNotExist'],
    ],
    [
      'In without values',
      expression({ key: 'app', operator: 'In' }),
      ['spec.podSelector.matchExpressions.0.values: In needs values'],
    ],
    [
      'NotIn with an empty list',
      expression({ key: 'app', operator: 'NotIn', values: [] }),
      ['spec.podSelector.matchExpressions.0.values: NotIn needs values'],
    ],
    [
      'Exists with values',
      expression({ key: 'app', operator: 'Exists', values: ['web'] }),
      ['spec.podSelector.matchExpressions.0.values: Exists must not have values'],
    ],
    ['a field that does not exist', { ingres: [] }, ['spec.ingres: there is no field "ingres" here']],
    [
      'peers of the other direction',
      { ingress: [{ to: [] }] },
      ['spec.ingress.0.to: there is no field "to" here'],
    ],
    ['a spec that is no mapping', 'all', ['spec: "all" is not a mapping']],
    [
      'everything at once',
      { policyTypes: ['Both'], ingress: [{ from: [{}], ports: [{ endPort: 1 }] }] },
      [
        'spec.policyTypes.0: "Both" is none of Ingress, Egress',
        'spec.ingress.0.from.0: a peer needs a podSelector, a namespaceSelector or an ipBlock',
        'spec.ingress.0.ports.0.endPort: endPort needs a port that is a number',
      ],
    ],
  ])('%s', ([, spec, problems]) => {
    expect(problemsOf(spec)).toEqual(problems);
  });
});

describe('what it accepts', () => {
  test.for<readonly [string, unknown]>([
    ['nothing at all', undefined],
    ['null everywhere', { podSelector: null, policyTypes: null, ingress: null, egress: null }],
    ['null items', { ingress: [null, { from: null, ports: [null] }] }],
    ['null parts of selectors', { podSelector: { matchLabels: null, matchExpressions: null } }],
    ['one policyType twice', { policyTypes: ['Egress', 'Egress'] }],
    ['Exists with an empty list', expression({ key: 'app', operator: 'Exists', values: [] })],
    [
      'label keys with a prefix and empty values',
      { podSelector: { matchLabels: { 'example.com/app': '' } } },
    ],
    ['a range of one port', port({ port: 80, endPort: 80, protocol: 'SCTP' })],
    ['the whole of IPv6 but for a part', block('::/0', 'fc00::/7')],
    ['an empty list of exceptions', block('10.0.0.0/8')],
  ])('%s', ([, spec]) => {
    expect(problemsOf(spec)).toEqual([]);
  });

  test('fills in what is absent (D2)', () => {
    expect(
      readSpec({
        ingress: [null, { ports: [{ port: 80 }, null] }],
        podSelector: { matchLabels: { app: null } },
      }),
    ).toEqual({
      spec: {
        podSelector: { matchLabels: { app: '' }, matchExpressions: [] },
        policyTypes: [],
        ingress: [
          { peers: [], ports: [] },
          {
            peers: [],
            ports: [
              { kind: 'numbers', protocol: 'TCP', first: 80, last: 80 },
              { kind: 'every', protocol: 'TCP' },
            ],
          },
        ],
        egress: [],
      },
    });
  });
});

describe('a policy with problems', () => {
  test('is left out, and its problems say where they are', () => {
    const whole = { file: 'policies.yaml', line: 1, column: 1 };
    const part = { file: 'policies.yaml', line: 9, column: 5 };
    const { policies, problems } = readPolicies([
      policy('shop/good', {}),
      { ...policy('shop/bad', { ingres: [] }), location: whole },
      {
        ...policy('shop/worse', peer({})),
        location: whole,
        locate: (path) => (path.join('.') === 'spec.ingress.0.from.0' ? part : undefined),
      },
    ]);
    expect(policies.map(({ name }) => name)).toEqual(['good']);
    expect(problems).toEqual([
      {
        policy: 'shop/bad',
        path: ['spec', 'ingres'],
        message: 'there is no field "ingres" here',
        location: whole,
      },
      {
        policy: 'shop/worse',
        path: ['spec', 'ingress', 0, 'from', 0],
        message: 'a peer needs a podSelector, a namespaceSelector or an ipBlock',
        location: part,
      },
    ]);
  });
});
