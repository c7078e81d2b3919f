import { describe, expect, it } from 'vitest';
import { create, createLocalApi, statusOf } from './local-api.ts';

const api = createLocalApi();

const LABEL_KEY =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** Type, field and message of each cause that a whole `Status` has. */
type Causes = readonly (readonly [type: string, field: string, message: string])[];

function invalid(kind: string, group: string, name: string, causes: Causes): unknown {
  const lines = causes.map(([, field, message]) => `${field}: ${message}`);
  const qualified = group === '' ? kind : `${kind}.${group}`;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `${qualified} "${name}" is invalid: ${lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`}`,
    reason: 'Invalid',
    details: {
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { group }),
      kind,
      causes: causes.map(([type, field, message]) => ({ reason: `FieldValue${type}`, message, field })),
    },
    code: 422,
  };
}

describe('NetworkPolicies (D3)', () => {
  const from = (peer: unknown): unknown => ({ ingress: [{ from: [peer] }] });
  const ports = (port: unknown): unknown => ({ egress: [{ ports: [port] }] });
  const selects = (...matchExpressions: unknown[]): unknown => ({ podSelector: { matchExpressions } });

  it.each<[string, unknown, Causes]>([
    [
      'a peer without any field',
      from({}),
      [['Required', 'spec.ingress[0].from[0]', 'Required value: must specify a peer']],
    ],
    [
      'a null peer',
      from(null),
      [['Required', 'spec.ingress[0].from[0]', 'Required value: must specify a peer']],
    ],
    [
      'ipBlock beside a selector',
      { egress: [{}, { to: [{ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }] }] },
      [['Forbidden', 'spec.egress[1].to[0]', 'Forbidden: may not specify both ipBlock and another peer']],
    ],
    [
      'endPort without port',
      ports({ endPort: 90 }),
      [
        [
          'Invalid',
          'spec.egress[0].ports[0].endPort',
          'Invalid value: 90: may not be specified when `port` is not specified',
        ],
      ],
    ],
    [
      'endPort with a named port',
      ports({ port: 'http', endPort: 90 }),
      [
        [
          'Invalid',
          'spec.egress[0].ports[0].endPort',
          'Invalid value: 90: may not be specified when `port` is non-numeric',
        ],
      ],
    ],
    [
      'endPort below port',
      ports({ port: 90, endPort: 80 }),
      [
        [
          'Invalid',
          'spec.egress[0].ports[0].endPort',
          'Invalid value: 90: must be greater than or equal to `port`',
        ],
      ],
    ],
    [
      'another protocol',
      ports({ protocol: 'ICMP' }),
      [
        [
          'NotSupported',
          'spec.egress[0].ports[0].protocol',
          'Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"',
        ],
      ],
    ],
    [
      'ports out of range',
      ports({ port: 0, endPort: 65536 }),
      [
        [
          'Invalid',
          'spec.egress[0].ports[0].port',
          'Invalid value: 0: must be between 1 and 65535, inclusive',
        ],
        [
          'Invalid',
          'spec.egress[0].ports[0].endPort',
          'Invalid value: 65536: must be between 1 and 65535, inclusive',
        ],
      ],
    ],
    [
      'a long port name',
      ports({ port: 'a-name-of-a-port' }),
      [
        [
          'Invalid',
          'spec.egress[0].ports[0].port',
          'Invalid value: "a-name-of-a-port": must be no more than 15 characters',
        ],
      ],
    ],
    [
      'a port name that is a number',
      ports({ port: '80' }),
      [
        [
          'Invalid',
          'spec.egress[0].ports[0].port',
          'Invalid value: "80": must contain at least one letter (a-z)',
        ],
      ],
    ],
    [
      'except that is not inside its cidr',
      from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '11.0.0.0/16'] } }),
      [
        [
          'Invalid',
          'spec.ingress[0].from[0].ipBlock.except[1]',
          'Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
        ],
      ],
    ],
    [
      'except that is all of its cidr',
      from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } }),
      [
        [
          'Invalid',
          'spec.ingress[0].from[0].ipBlock.except[0]',
          'Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
        ],
      ],
    ],
    [
      'except of the other family',
      from({ ipBlock: { cidr: '0.0.0.0/0', except: ['2001:db8::/64'] } }),
      [
        [
          'Invalid',
          'spec.ingress[0].from[0].ipBlock.except[0]',
          'Invalid value: "2001:db8::/64": must be a strict subset of `cidr`',
        ],
      ],
    ],
    [
      'no cidr',
      from({ ipBlock: {} }),
      [['Required', 'spec.ingress[0].from[0].ipBlock.cidr', 'Required value']],
    ],
    [
      'a cidr that is none',
      from({ ipBlock: { cidr: '10.0.0.0', except: ['x'] } }),
      [['Invalid', 'spec.ingress[0].from[0].ipBlock.cidr', `Invalid value: "10.0.0.0": ${CIDR}`]],
    ],
    [
      'an except that is no cidr',
      from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/33'] } }),
      [['Invalid', 'spec.ingress[0].from[0].ipBlock.except[0]', `Invalid value: "10.0.0.0/33": ${CIDR}`]],
    ],
    ...(
      [
        ['10.0.0.1/8', 'must not have bits set beyond the prefix length'],
        ['2001:db8::1/64', 'must not have bits set beyond the prefix length'],
        ['10.0.0.0/08', 'must not have leading 0s in IP or prefix length'],
        ['010.0.0.0/8', 'must not have leading 0s in IP or prefix length'],
        ['::ffff:010.0.0.0/104', 'must not have leading 0s in IP or prefix length'],
        ['::ffff:10.0.0.0/96', 'must not have an IPv4-mapped IPv6 address'],
        ['fe80::1%eth0/64', CIDR],
        ['10.0.0.0/33', CIDR],
        ['10.0.0.0/8/8', CIDR],
        ['10.0.0/8', CIDR],
      ] as const
    ).map(([cidr, complaint]): [string, unknown, Causes] => [
      `the cidr ${cidr}`,
      from({ ipBlock: { cidr } }),
      [['Invalid', 'spec.ingress[0].from[0].ipBlock.cidr', `Invalid value: "${cidr}": ${complaint}`]],
    ]),
    [
      'an except with host bits, and one that is outside as well',
      from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.1/16', '011.0.0.0/16'] } }),
      [
        [
          'Invalid',
          'spec.ingress[0].from[0].ipBlock.except[0]',
          'Invalid value: "10.1.0.1/16": must not have bits set beyond the prefix length',
        ],
        [
          'Invalid',
          'spec.ingress[0].from[0].ipBlock.except[1]',
          'Invalid value: "011.0.0.0/16": must not have leading 0s in IP or prefix length',
        ],
        [
          'Invalid',
          'spec.ingress[0].from[0].ipBlock.except[1]',
          'Invalid value: "011.0.0.0/16": must be a strict subset of `cidr`',
        ],
      ],
    ],
    [
      'more than two policyTypes',
      { policyTypes: ['Ingress', 'Egress', 'Ingress'] },
      [
        [
          'Invalid',
          'spec.policyTypes',
          'Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes',
        ],
      ],
    ],
    [
      'an unknown policyType',
      { policyTypes: ['ingress'] },
      [
        [
          'NotSupported',
          'spec.policyTypes[0]',
          'Unsupported value: "ingress": supported values: "Ingress", "Egress"',
        ],
      ],
    ],
    [
      'a label key that is none',
      { podSelector: { matchLabels: { '-a': 'b' } } },
      [['Invalid', 'spec.podSelector.matchLabels', `Invalid value: "-a": ${LABEL_KEY}`]],
    ],
    [
      'a label value that is none',
      from({ namespaceSelector: { matchLabels: { a: 'b c' } } }),
      [
        [
          'Invalid',
          'spec.ingress[0].from[0].namespaceSelector.matchLabels',
          `Invalid value: "b c": ${LABEL_VALUE}`,
        ],
      ],
    ],
    [
      'an unknown operator',
      selects({ key: 'a', operator: 'Has' }),
      [
        [
          'Invalid',
          'spec.podSelector.matchExpressions[0].operator',
          'Invalid value: "Has": not a valid selector operator',
        ],
      ],
    ],
    [
      'In and NotIn without values',
      selects({ key: 'a', operator: 'In' }, { key: 'a', operator: 'NotIn', values: [] }),
      [0, 1].map((index) => [
        'Required',
        `spec.podSelector.matchExpressions[${index}].values`,
        "Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ]),
    ],
    [
      'Exists and DoesNotExist with values',
      selects(
        { key: 'a', operator: 'Exists', values: ['x'] },
        { key: 'a', operator: 'DoesNotExist', values: ['x'] },
      ),
      [0, 1].map((index) => [
        'Forbidden',
        `spec.podSelector.matchExpressions[${index}].values`,
        "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      ]),
    ],
    [
      'a value in an expression that is none',
      selects({ key: 'a', operator: 'In', values: ['ok', '-'] }),
      [['Invalid', 'spec.podSelector.matchExpressions[0].values[1]', `Invalid value: "-": ${LABEL_VALUE}`]],
    ],
  ])('refuses %s', (_what, spec, causes) => {
    const attempt = (): unknown => create(api, 'networkpolicies', { metadata: { name: 'x' }, spec });
    expect(statusOf(attempt)).toEqual(invalid('NetworkPolicy', 'networking.k8s.io', 'x', causes));
  });

  it.each([
    ['nothing but a podSelector', { podSelector: {} }, { podSelector: {}, policyTypes: ['Ingress'] }],
    ['no spec', null, { podSelector: {}, policyTypes: ['Ingress'] }],
    ['empty egress', { egress: [] }, { podSelector: {}, policyTypes: ['Ingress'] }],
    [
      'an egress rule',
      { egress: [{}] },
      { podSelector: {}, egress: [{}], policyTypes: ['Ingress', 'Egress'] },
    ],
    [
      'egress rules and only Ingress',
      { egress: [{}], policyTypes: ['Ingress'] },
      { podSelector: {}, egress: [{}], policyTypes: ['Ingress'] },
    ],
    [
      'ports without protocol',
      { ingress: [{ ports: [{}, { port: 'http' }, { port: 1, protocol: 'UDP' }] }] },
      {
        podSelector: {},
        ingress: [
          { ports: [{ protocol: 'TCP' }, { protocol: 'TCP', port: 'http' }, { port: 1, protocol: 'UDP' }] },
        ],
        policyTypes: ['Ingress'],
      },
    ],
    ['a null rule', { ingress: [null] }, { podSelector: {}, ingress: [{}], policyTypes: ['Ingress'] }],
  ])('fills in what is left out (D1, D2): %s', (_what, spec, stored) => {
    const policy = create(createLocalApi(), 'networkpolicies', { metadata: { name: 'x' }, spec });
    expect(policy?.spec).toEqual(stored);
  });
});

describe('metadata', () => {
  it.each<[string, unknown, Causes]>([
    ['no name', {}, [['Required', 'metadata.name', 'Required value: name or generateName is required']]],
    ['a name in capitals', { name: 'X' }, [['Invalid', 'metadata.name', `Invalid value: "X": ${SUBDOMAIN}`]]],
    [
      'a long name',
      { name: 'x'.repeat(254) },
      [
        [
          'Invalid',
          'metadata.name',
          `Invalid value: "${'x'.repeat(254)}": must be no more than 253 characters`,
        ],
      ],
    ],
    [
      'a long label key',
      { name: 'x', labels: { [`${'p'.repeat(254)}/${'k'.repeat(64)}`]: '' } },
      [
        [
          'Invalid',
          'metadata.labels',
          `Invalid value: "${'p'.repeat(254)}/${'k'.repeat(64)}": prefix part must be no more than 253 bytes`,
        ],
        [
          'Invalid',
          'metadata.labels',
          `Invalid value: "${'p'.repeat(254)}/${'k'.repeat(64)}": name part must be no more than 63 bytes`,
        ],
      ],
    ],
    [
      'a label key with two slashes',
      { name: 'x', labels: { 'a/b/c': '' } },
      [
        [
          'Invalid',
          'metadata.labels',
          `Invalid value: "a/b/c": a valid label key ${LABEL_KEY.slice('name part '.length)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
        ],
      ],
    ],
    [
      'a label key without prefix',
      { name: 'x', labels: { '/a': '' } },
      [['Invalid', 'metadata.labels', 'Invalid value: "/a": prefix part must be non-empty']],
    ],
    [
      'a long label value',
      { name: 'x', labels: { a: 'b'.repeat(64) } },
      [['Invalid', 'metadata.labels', `Invalid value: "${'b'.repeat(64)}": must be no more than 63 bytes`]],
    ],
    [
      'an annotation key',
      { name: 'x', annotations: { 'a b': '' } },
      [['Invalid', 'metadata.annotations', `Invalid value: "a b": ${LABEL_KEY}`]],
    ],
    [
      'large annotations',
      { name: 'x', annotations: { a: 'x'.repeat(262_144) } },
      [['TooLong', 'metadata.annotations', 'Too long: may not be more than 262144 bytes']],
    ],
  ])('refuses %s', (_what, metadata, causes) => {
    const name = Object(metadata).name ?? '';
    const attempt = (): unknown => create(api, 'networkpolicies', { metadata });
    expect(statusOf(attempt)).toEqual(invalid('NetworkPolicy', 'networking.k8s.io', name, causes));
  });

  it('wants labels for the names of namespaces', () => {
    const refused = (name: string): unknown =>
      statusOf(() => create(api, 'namespaces', { metadata: { name } }));
    expect(refused('a.b')).toEqual(
      invalid('Namespace', '', 'a.b', [
        ['Invalid', 'metadata.name', 'Invalid value: "a.b": must not contain dots'],
      ]),
    );
    expect(refused('A')).toEqual(
      invalid('Namespace', '', 'A', [['Invalid', 'metadata.name', `Invalid value: "A": ${LABEL}`]]),
    );
  });

  it('generates names', () => {
    const policy = create(createLocalApi(), 'networkpolicies', { metadata: { generateName: 'deny-' } });
    expect(policy?.metadata).toMatchObject({
      name: 'deny-abcde',
      generateName: 'deny-',
      namespace: 'default',
    });
  });

  it('gives every namespace its name as a label (D9)', () => {
    const namespace = create(createLocalApi(), 'namespaces', {
      metadata: { name: 'shop', labels: { team: 'a' } },
    });
    expect(namespace?.metadata.labels).toEqual({ team: 'a', 'kubernetes.io/metadata.name': 'shop' });
    expect(namespace?.status).toEqual({ phase: 'Active' });
  });
});

describe('pods', () => {
  const container = { name: 'c', image: 'node:24' };

  it.each<[string, unknown, Causes]>([
    ['no spec', null, [['Required', 'spec.containers', 'Required value']]],
    [
      'a container without anything',
      { containers: [{}] },
      [
        ['Required', 'spec.containers[0].name', 'Required value'],
        ['Required', 'spec.containers[0].image', 'Required value'],
      ],
    ],
    [
      'a container name',
      { containers: [{ ...container, name: 'C' }] },
      [['Invalid', 'spec.containers[0].name', `Invalid value: "C": ${LABEL}`]],
    ],
    [
      'two containers of one name',
      { containers: [container, container] },
      [['Duplicate', 'spec.containers[1].name', 'Duplicate value: "c"']],
    ],
    [
      'ports',
      {
        containers: [
          {
            ...container,
            ports: [
              {},
              { containerPort: 70000, name: 'a--b' },
              { containerPort: 1, name: 'x', protocol: 'tcp' },
              { containerPort: 2, name: 'x' },
            ],
          },
        ],
      },
      [
        ['Required', 'spec.containers[0].ports[0].containerPort', 'Required value'],
        [
          'Invalid',
          'spec.containers[0].ports[1].name',
          'Invalid value: "a--b": must not contain consecutive hyphens',
        ],
        [
          'Invalid',
          'spec.containers[0].ports[1].containerPort',
          'Invalid value: 70000: must be between 1 and 65535, inclusive',
        ],
        [
          'NotSupported',
          'spec.containers[0].ports[2].protocol',
          'Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"',
        ],
        ['Duplicate', 'spec.containers[0].ports[3].name', 'Duplicate value: "x"'],
      ],
    ],
    [
      'environment variables',
      { containers: [{ ...container, env: [{ value: 'x' }, { name: 'A=B' }] }] },
      [
        ['Required', 'spec.containers[0].env[0].name', 'Required value'],
        [
          'Invalid',
          'spec.containers[0].env[1].name',
          `Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than '='`,
        ],
      ],
    ],
    [
      'a mount of no volume',
      { containers: [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/v' }] }] },
      [['NotFound', 'spec.containers[0].volumeMounts[0].name', 'Not found: "v"']],
    ],
    [
      'a restart policy',
      { containers: [container], restartPolicy: 'Sometimes' },
      [
        [
          'NotSupported',
          'spec.restartPolicy',
          'Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        ],
      ],
    ],
    [
      'a negative grace period',
      { containers: [container], terminationGracePeriodSeconds: -1 },
      [
        [
          'Invalid',
          'spec.terminationGracePeriodSeconds',
          'Invalid value: -1: must be greater than or equal to 0',
        ],
      ],
    ],
  ])('are refused for %s', (_what, spec, causes) => {
    const attempt = (): unknown => create(api, 'pods', { metadata: { name: 'x' }, spec });
    expect(statusOf(attempt)).toEqual(invalid('Pod', '', 'x', causes));
  });

  it('are stored with defaults, pending, without the status that was sent', () => {
    const pod = create(createLocalApi(), 'pods', {
      metadata: { name: 'x' },
      spec: {
        containers: [{ ...container, ports: [{ containerPort: 80 }] }],
        affinity: { kept: { as: ['it', 'is'] } },
      },
      status: { phase: 'Running' },
    });
    expect(pod?.status).toEqual({ phase: 'Pending' });
    expect(pod?.spec).toEqual({
      containers: [
        {
          ...container,
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          imagePullPolicy: 'IfNotPresent',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      affinity: { kept: { as: ['it', 'is'] } },
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
    });
  });
});
