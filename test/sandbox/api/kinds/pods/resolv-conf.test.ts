/** What a pod asks whom for names. */
import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../../../src/sandbox/api/kinds/pods/object.ts';
import { resolvConfOf } from '../../../../../src/sandbox/api/kinds/pods/resolv-conf.ts';
import { create, createLocalApi, statusOf } from '../../local-api.ts';

const CLUSTER = `search shop.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5
`;

test.each<[string, Partial<Pod['spec']>, string]>([
  ['no policy', {}, CLUSTER],
  ['ClusterFirst', { dnsPolicy: 'ClusterFirst' }, CLUSTER],
  ['ClusterFirst on the host network', { dnsPolicy: 'ClusterFirst', hostNetwork: true }, ''],
  ['ClusterFirstWithHostNet', { dnsPolicy: 'ClusterFirstWithHostNet', hostNetwork: true }, CLUSTER],
  ['Default', { dnsPolicy: 'Default' }, ''],
  [
    'None',
    {
      dnsPolicy: 'None',
      dnsConfig: {
        nameservers: ['192.0.2.53'],
        searches: ['example.com'],
        options: [{ name: 'ndots', value: '2' }, { name: 'use-vc' }],
      },
    },
    'search example.com\nnameserver 192.0.2.53\noptions ndots:2 use-vc\n',
  ],
  [
    'a configuration beside the policy',
    {
      dnsConfig: {
        nameservers: ['192.0.2.53', '10.96.0.10'],
        searches: ['example.com', 'cluster.local'],
        options: [{ name: 'ndots', value: '2' }],
      },
    },
    `search shop.svc.cluster.local svc.cluster.local cluster.local example.com
nameserver 10.96.0.10
nameserver 192.0.2.53
options ndots:2
`,
  ],
])('%s', (_what, spec, expected) => {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { containers: [], ...spec },
  };
  expect(resolvConfOf(pod, { server: '10.96.0.10', domain: 'cluster.local' })).toBe(expected);
});

describe('what users get wrong', () => {
  test.each<[string, object, string]>([
    [
      'a policy that is none',
      { dnsPolicy: 'Cluster' },
      'spec.dnsPolicy: Unsupported value: "Cluster": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    ],
    [
      'None without a configuration',
      { dnsPolicy: 'None' },
      'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None',
    ],
    [
      'None without a name server',
      { dnsPolicy: 'None', dnsConfig: { searches: ['a'] } },
      'spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None',
    ],
    [
      'too many name servers',
      { dnsConfig: { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'] } },
      'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]: must not have more than 3 nameservers',
    ],
    [
      'a name server that is a name',
      { dnsConfig: { nameservers: ['dns.example.com'] } },
      'spec.dnsConfig.nameservers[0]: Invalid value: "dns.example.com": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      'an option without a name',
      { dnsConfig: { options: [{ value: '2' }] } },
      'spec.dnsConfig.options[0]: Required value: must not be empty',
    ],
  ])('%s', (_what, spec, message) => {
    const pod = {
      metadata: { name: 'web' },
      spec: { containers: [{ name: 'main', image: 'x' }], ...spec },
    };
    expect(statusOf(() => create(createLocalApi(), 'pods', pod)).message).toBe(
      `Pod "web" is invalid: ${message}`,
    );
  });
});
