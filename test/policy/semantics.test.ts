import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { World, WrittenPolicy } from '../../src/policy/model.ts';
import { compile } from '../../src/policy/oracle.ts';
import type { Assumptions } from '../../src/policy/peers.ts';
import { flow, pod, policy } from './world.ts';

/** A shop, its operators, and a pod on the host's network. The database has labels without a value, `bare` has none. */
const TOPOLOGY: Omit<World, 'policies'> = {
  namespaces: [
    { name: 'shop', labels: { team: 'shop' } },
    { name: 'ops', labels: { team: 'ops' } },
    { name: 'free', labels: {} },
  ],
  nodes: [
    { name: 'n1', address: '192.168.0.1' },
    { name: 'n2', address: '192.168.0.2' },
  ],
  pods: [
    pod('shop/web', { app: 'web' }, ['80=http'], { address: '10.64.0.1', node: 'n1' }),
    pod('shop/api', { app: 'api' }, [8080, '9090=metrics'], { address: '10.64.0.2', node: 'n1' }),
    pod('shop/db', { app: 'db', tier: '' }, [5432, '5432/UDP', '9187=metrics', '53/UDP=dns'], {
      address: '10.64.1.3',
      node: 'n2',
    }),
    pod('shop/bare', {}, ['8080=http'], { address: '10.64.1.4', node: 'n2' }),
    pod('ops/tool', { app: 'tool' }, [22], { address: '10.64.1.5', node: 'n2' }),
    pod('ops/web', { app: 'web' }, [80], { address: '10.64.1.6', node: 'n2' }),
    pod('ops/agent', { app: 'agent' }, [9100], { address: '192.168.0.1', node: 'n1', hostNetwork: true }),
    pod('free/six', { app: 'six' }, [80], { address: 'fd00::6', node: 'n1' }),
    pod('free/unborn', { app: 'unborn' }, [80]),
  ],
};

interface Case {
  readonly title: string;
  readonly policies: readonly WrittenPolicy[];
  /** What becomes of each flow: `undefined` with the rule that leaves it open. */
  readonly expected: Readonly<Record<string, string>>;
  readonly assumptions?: Assumptions;
  readonly world?: Partial<World>;
}

const all = { podSelector: {} };
const db = { podSelector: { matchLabels: { app: 'db' } } };
const api = { podSelector: { matchLabels: { app: 'api' } } };
const web = { podSelector: { matchLabels: { app: 'web' } } };
const ingress = (...rules: unknown[]) => ({ policyTypes: ['Ingress'], ingress: rules });
const egress = (...rules: unknown[]) => ({ policyTypes: ['Egress'], egress: rules });
const from = (...peers: unknown[]) => ingress({ from: peers });
const to = (...peers: unknown[]) => egress({ to: peers });
const ports = (...entries: unknown[]) => ingress({ ports: entries });
const requiring = (key: string, operator: string, ...values: string[]) => ({
  podSelector: { matchExpressions: [{ key, operator, ...(values.length === 0 ? {} : { values }) }] },
});

const CASES: Readonly<Record<string, readonly Case[]>> = {
  D1: [
    {
      title: 'a policy without policyTypes and rules denies ingress and leaves egress open',
      policies: [policy('shop/p', db)],
      expected: { 'shop/web > shop/db:5432': 'denied', 'shop/db > shop/web:80': 'allowed' },
    },
    {
      title: 'a policy without a spec is one that selects all and denies ingress',
      policies: [policy('shop/p')],
      expected: { 'ops/tool > shop/db:5432': 'denied', 'shop/db > ops/tool:22': 'allowed' },
    },
    {
      title: 'an empty egress without policyTypes denies ingress alone',
      policies: [policy('shop/p', { ...db, egress: [] })],
      expected: { 'shop/web > shop/db:5432': 'denied', 'shop/db > shop/web:80': 'allowed' },
    },
    {
      title: 'an egress rule without policyTypes isolates both directions',
      policies: [policy('shop/p', { ...db, egress: [{ to: [web] }] })],
      expected: {
        'shop/web > shop/db:5432': 'denied',
        'shop/db > shop/web:80': 'allowed',
        'shop/db > shop/api:8080': 'denied',
      },
    },
    {
      title: 'empty and null policyTypes are the same as none',
      policies: [
        policy('shop/p', { ...db, policyTypes: [] }),
        policy('shop/q', { ...api, policyTypes: null, egress: null }),
      ],
      expected: {
        'shop/web > shop/db:5432': 'denied',
        'shop/db > shop/web:80': 'allowed',
        'shop/web > shop/api:8080': 'denied',
        'shop/api > shop/web:80': 'allowed',
      },
    },
    {
      title: 'rules of a direction that policyTypes leaves out do nothing',
      policies: [
        policy('shop/p', { ...db, policyTypes: ['Egress'], ingress: [{ from: [web] }], egress: [{}] }),
      ],
      expected: { 'ops/tool > shop/db:5432': 'allowed', 'shop/db > ops/tool:22': 'allowed' },
    },
  ],
  D2: [
    {
      title: 'a port without a protocol is TCP',
      policies: [policy('shop/p', { ...db, ...ports({ port: 5432 }) })],
      expected: { 'shop/web > shop/db:5432': 'allowed', 'shop/web > shop/db:5432/UDP': 'denied' },
    },
    {
      title: 'a missing podSelector selects all pods of the namespace',
      policies: [policy('shop/p', { policyTypes: ['Ingress'] })],
      expected: { 'ops/tool > shop/bare:8080': 'denied', 'shop/web > ops/tool:22': 'allowed' },
    },
    {
      title: 'null is the same as missing, and a null item is an empty one',
      policies: [
        policy('shop/p', { podSelector: null, ingress: [null] }),
        policy('ops/p', { ingress: [{ from: null, ports: [null] }] }),
      ],
      expected: {
        'ops/tool > shop/db:5432/UDP': 'allowed',
        'shop/db > ops/tool:22': 'allowed',
        'shop/db > ops/tool:22/UDP': 'denied',
      },
    },
  ],
  D4: [
    {
      title: 'a pod is isolated in the directions of the policies that select it, and in no other',
      policies: [
        policy('shop/p', { ...db, policyTypes: ['Ingress'] }),
        policy('shop/q', { ...web, policyTypes: ['Egress'] }),
      ],
      expected: {
        'shop/api > shop/db:5432': 'denied',
        'shop/db > shop/api:8080': 'allowed',
        'shop/web > shop/api:8080': 'denied',
        'shop/api > shop/web:80': 'allowed',
      },
    },
    {
      title: 'a policy isolates pods of its own namespace only',
      policies: [policy('shop/p', { ...web, policyTypes: ['Ingress'] })],
      expected: { 'shop/api > shop/web:80': 'denied', 'shop/api > ops/web:80': 'allowed' },
    },
    {
      title: 'without policies everything is open',
      policies: [],
      expected: {
        'shop/web > shop/db:5432': 'allowed',
        'shop/web > 203.0.113.1:443': 'allowed',
        '203.0.113.1 > shop/web:80/SCTP': 'allowed',
      },
    },
  ],
  D5: [
    {
      title: 'the source must let it out and the destination must let it in',
      policies: [policy('shop/in', { ...db, ...from(web, api) }), policy('shop/out', { ...web, ...to(api) })],
      expected: {
        'shop/web > shop/db:5432': 'denied',
        'shop/api > shop/db:5432': 'allowed',
        'shop/web > shop/api:8080': 'allowed',
        'shop/bare > shop/db:5432': 'denied',
      },
    },
    {
      title: 'an end that is no pod asks for nothing',
      policies: [policy('shop/p', { ...all, ...egress({}) })],
      expected: {
        'shop/web > node:n2:22': 'allowed',
        'shop/web > 203.0.113.1:443': 'allowed',
        'node:n1 > 203.0.113.1:443': 'allowed',
      },
    },
  ],
  D6: [
    {
      title: 'what any policy allows is allowed, whichever comes first',
      policies: [
        policy('shop/none', { ...all, ...ingress() }),
        policy('shop/web', { ...db, ...from(web) }),
        policy('shop/api', { ...db, ...from(api) }),
      ],
      expected: {
        'shop/web > shop/db:5432': 'allowed',
        'shop/api > shop/db:5432': 'allowed',
        'shop/bare > shop/db:5432': 'denied',
      },
    },
  ],
  D7: [
    {
      title: 'no rules admit nobody',
      policies: [policy('shop/p', { ...db, ...ingress() })],
      expected: { 'shop/web > shop/db:5432': 'denied', '203.0.113.1 > shop/db:5432': 'denied' },
    },
    {
      title: 'an empty rule admits everybody on every port and protocol',
      policies: [policy('shop/p', { ...db, ...ingress({}) })],
      expected: {
        'shop/web > shop/db:5432/SCTP': 'allowed',
        '203.0.113.1 > shop/db:1': 'allowed',
        'node:n1 > shop/db:1': 'allowed',
      },
    },
    {
      title: 'empty lists of peers and ports restrict nothing',
      policies: [policy('shop/p', { ...db, ...ingress({ from: [], ports: [] }) })],
      expected: { 'ops/tool > shop/db:5432/UDP': 'allowed' },
    },
    {
      title: 'a peer and a port must match in the same rule',
      policies: [
        policy('shop/p', {
          ...db,
          ...ingress({ from: [web], ports: [{ port: 1 }] }, { from: [api], ports: [{ port: 5432 }] }),
        }),
      ],
      expected: {
        'shop/web > shop/db:5432': 'denied',
        'shop/api > shop/db:5432': 'allowed',
        'shop/web > shop/db:1': 'allowed',
      },
    },
  ],
  D8: [
    {
      title: 'selectors of one peer must both match',
      policies: [
        policy('shop/p', { ...db, ...from({ namespaceSelector: { matchLabels: { team: 'ops' } }, ...web }) }),
      ],
      expected: {
        'ops/web > shop/db:5432': 'allowed',
        'ops/tool > shop/db:5432': 'denied',
        'shop/web > shop/db:5432': 'denied',
      },
    },
    {
      title: 'peers of a list are alternatives',
      policies: [
        policy('shop/p', { ...db, ...from({ namespaceSelector: { matchLabels: { team: 'ops' } } }, web) }),
      ],
      expected: {
        'ops/web > shop/db:5432': 'allowed',
        'ops/tool > shop/db:5432': 'allowed',
        'shop/web > shop/db:5432': 'allowed',
        'shop/api > shop/db:5432': 'denied',
      },
    },
  ],
  D9: [
    {
      title: "a podSelector alone means pods of the policy's namespace",
      policies: [policy('shop/p', { ...db, ...from(all) })],
      expected: { 'shop/bare > shop/db:5432': 'allowed', 'ops/web > shop/db:5432': 'denied' },
    },
    {
      title: 'an empty namespaceSelector means all namespaces',
      policies: [policy('shop/p', { ...db, ...from({ namespaceSelector: {} }) })],
      expected: { 'shop/bare > shop/db:5432': 'allowed', 'free/six > shop/db:5432': 'allowed' },
    },
    {
      title: 'every namespace carries its name as a label, whatever it says itself',
      policies: [
        policy('shop/p', {
          ...db,
          ...from({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } } }),
        }),
      ],
      expected: { 'ops/web > shop/db:5432': 'allowed', 'shop/web > shop/db:5432': 'denied' },
      world: {
        namespaces: [{ name: 'shop', labels: { 'kubernetes.io/metadata.name': 'ops' } }],
      },
    },
  ],
  D10: [
    {
      title: 'selectors match neither nodes nor outside addresses, a rule without peers does',
      policies: [
        policy('shop/p', { ...db, ...from({ namespaceSelector: {} }) }),
        policy('shop/q', { ...api, ...ingress({}) }),
      ],
      expected: {
        'node:n1 > shop/db:5432': 'denied',
        '203.0.113.1 > shop/db:5432': 'denied',
        'node:n2 > shop/api:8080': 'allowed',
        '203.0.113.1 > shop/api:8080': 'allowed',
      },
    },
    {
      title: 'an ipBlock matches nodes and outside addresses',
      policies: [
        policy('shop/p', {
          ...db,
          ...from({ ipBlock: { cidr: '192.168.0.0/24' } }, { ipBlock: { cidr: '203.0.113.0/24' } }),
        }),
      ],
      expected: {
        'node:n1 > shop/db:5432': 'allowed',
        '203.0.113.1 > shop/db:5432': 'allowed',
        '198.51.100.1 > shop/db:5432': 'denied',
      },
    },
  ],
  D11: [
    {
      title: 'matchLabels asks for the key: an empty value is not matched by a missing label',
      policies: [policy('shop/p', { ...api, ...from({ podSelector: { matchLabels: { tier: '' } } }) })],
      expected: { 'shop/db > shop/api:8080': 'allowed', 'shop/web > shop/api:8080': 'denied' },
    },
    {
      title: 'In asks for the key, too',
      policies: [policy('shop/p', { ...api, ...from(requiring('app', 'In', 'web', 'db')) })],
      expected: {
        'shop/db > shop/api:8080': 'allowed',
        'shop/web > shop/api:8080': 'allowed',
        'shop/bare > shop/api:8080': 'denied',
      },
    },
    {
      title: 'NotIn matches where the key is missing',
      policies: [policy('shop/p', { ...api, ...from(requiring('app', 'NotIn', 'web')) })],
      expected: {
        'shop/bare > shop/api:8080': 'allowed',
        'shop/db > shop/api:8080': 'allowed',
        'shop/web > shop/api:8080': 'denied',
      },
    },
    {
      title: 'NotIn selects subjects where the key is missing',
      policies: [policy('shop/p', { ...requiring('app', 'NotIn', 'web'), policyTypes: ['Ingress'] })],
      expected: { 'ops/tool > shop/bare:8080': 'denied', 'ops/tool > shop/web:80': 'allowed' },
    },
    {
      title: 'Exists and DoesNotExist look at the key alone',
      policies: [
        policy('shop/p', { ...api, ...from(requiring('tier', 'Exists')) }),
        policy('shop/q', { ...web, ...from(requiring('app', 'DoesNotExist')) }),
      ],
      expected: {
        'shop/db > shop/api:8080': 'allowed',
        'shop/web > shop/api:8080': 'denied',
        'shop/bare > shop/web:80': 'allowed',
        'shop/db > shop/web:80': 'denied',
      },
    },
    {
      title: 'all requirements must be met',
      policies: [
        policy('shop/p', {
          ...api,
          ...from({
            podSelector: {
              matchLabels: { app: 'db' },
              matchExpressions: [{ key: 'tier', operator: 'NotIn', values: [''] }],
            },
          }),
        }),
      ],
      expected: { 'shop/db > shop/api:8080': 'denied' },
    },
  ],
  D12: [
    {
      title: 'an address is in a block when it is in its CIDR and in none of the exceptions',
      policies: [
        policy('shop/p', {
          ...web,
          ...to({ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.0/28', '203.0.113.64/26'] } }),
        }),
      ],
      expected: {
        'shop/web > 203.0.113.16:443': 'allowed',
        'shop/web > 203.0.113.15:443': 'denied',
        'shop/web > 203.0.113.64:443': 'denied',
        'shop/web > 203.0.112.255:443': 'denied',
      },
    },
    {
      title: 'an exception is a hole in that peer, which another peer or policy may fill',
      policies: [
        policy('shop/p', {
          ...web,
          ...to(
            { ipBlock: { cidr: '0.0.0.0/0', except: ['203.0.113.0/24', '198.51.100.0/24'] } },
            { ipBlock: { cidr: '203.0.113.7/32' } },
          ),
        }),
        policy('shop/q', { ...web, ...to({ ipBlock: { cidr: '198.51.100.7/32' } }) }),
      ],
      expected: {
        'shop/web > 203.0.113.7:443': 'allowed',
        'shop/web > 198.51.100.7:443': 'allowed',
        'shop/web > 203.0.113.8:443': 'denied',
      },
    },
    {
      title: 'the address part of a CIDR may have bits behind the prefix',
      policies: [policy('shop/p', { ...web, ...to({ ipBlock: { cidr: '203.0.113.200/25' } }) })],
      expected: { 'shop/web > 203.0.113.129:443': 'allowed', 'shop/web > 203.0.113.127:443': 'denied' },
    },
    {
      title: 'IPv4 and IPv6 never match each other',
      policies: [
        policy('shop/p', { ...web, ...to({ ipBlock: { cidr: '0.0.0.0/0' } }) }),
        policy('shop/q', { ...api, ...to({ ipBlock: { cidr: '::/0', except: ['fd00::/8'] } }) }),
      ],
      expected: {
        'shop/web > 203.0.113.1:443': 'allowed',
        'shop/web > [2001:db8::1]:443': 'denied',
        'shop/api > 203.0.113.1:443': 'denied',
        'shop/api > [2001:db8::1]:443': 'allowed',
        'shop/api > [fd00::1]:443': 'denied',
      },
    },
  ],
  D13: [
    {
      title: "behind a Service the pod's own port counts",
      policies: [policy('shop/p', { ...db, ...ports({ port: 5432 }) })],
      expected: {
        'shop/web > svc(10.96.0.1):shop/db:5432': 'allowed',
        'shop/web > svc:shop/db:80': 'denied',
      },
    },
    {
      title: 'an entry without a port is every port of its protocol',
      policies: [
        policy('shop/p', { ...db, ...ports({}) }),
        policy('shop/q', { ...api, ...ports({ protocol: 'UDP' }) }),
      ],
      expected: {
        'shop/web > shop/db:5432': 'allowed',
        'shop/web > shop/db:5432/UDP': 'denied',
        'shop/web > shop/api:8080': 'denied',
        'shop/web > shop/api:8080/UDP': 'allowed',
      },
    },
  ],
  D14: [
    {
      title: 'for ingress a name stands for what the selected pod calls so',
      policies: [policy('shop/p', { ...all, ...ports({ port: 'metrics' }) })],
      expected: {
        'ops/tool > shop/api:9090': 'allowed',
        'ops/tool > shop/db:9187': 'allowed',
        'ops/tool > shop/api:9187': 'denied',
        'ops/tool > shop/db:9090': 'denied',
        'ops/tool > shop/web:80': 'denied',
      },
    },
    {
      title: 'for egress it stands for what the reached pod calls so, and matches nothing but pods',
      policies: [policy('shop/p', { ...api, ...egress({ ports: [{ port: 'http' }] }) })],
      expected: {
        'shop/api > shop/web:80': 'allowed',
        'shop/api > shop/bare:8080': 'allowed',
        'shop/api > shop/bare:80': 'denied',
        'shop/api > ops/web:80': 'denied',
        'shop/api > 203.0.113.1:80': 'denied',
      },
    },
    {
      title: 'the name must be of the same protocol',
      policies: [
        policy('shop/p', { ...db, ...ports({ port: 'dns' }, { port: 'metrics', protocol: 'UDP' }) }),
      ],
      expected: {
        'shop/web > shop/db:53/UDP': 'denied',
        'shop/web > shop/db:53': 'denied',
        'shop/web > shop/db:9187/UDP': 'denied',
      },
    },
  ],
  D15: [
    {
      title: 'a range includes both its ends',
      policies: [policy('shop/p', { ...db, ...ports({ port: 5430, endPort: 5432 }) })],
      expected: {
        'shop/web > shop/db:5429': 'denied',
        'shop/web > shop/db:5430': 'allowed',
        'shop/web > shop/db:5432': 'allowed',
        'shop/web > shop/db:5433': 'denied',
      },
    },
  ],
  D16: [
    {
      title: 'a rule for SCTP opens SCTP, and isolates TCP and UDP',
      policies: [policy('shop/p', { ...db, ...ports({ port: 5432, protocol: 'SCTP' }) })],
      expected: {
        'shop/web > shop/db:5432/SCTP': 'allowed',
        'shop/web > shop/db:5432': 'denied',
        'shop/web > shop/db:5432/UDP': 'denied',
      },
    },
  ],
  D17: [
    {
      title: 'a pod reaches itself whatever policies say',
      policies: [policy('shop/p', { ...all, policyTypes: ['Ingress', 'Egress'] })],
      expected: { 'shop/db > shop/db:5432': 'allowed', 'shop/db > shop/web:80': 'denied' },
    },
  ],
  D18: [
    {
      title: "a pod's own node reaches it whatever policies say, other nodes do not",
      policies: [policy('shop/p', { ...all, policyTypes: ['Ingress', 'Egress'] })],
      expected: { 'node:n2 > shop/db:5432': 'allowed', 'node:n1 > shop/db:5432': 'denied' },
    },
    {
      title: 'where it is not known which node is its own, only policies can tell',
      policies: [
        policy('free/p', { podSelector: { matchLabels: { app: 'unborn' } }, ...ports({ port: 80 }) }),
      ],
      expected: { 'node:n1 > free/unborn:81': 'undefined', 'node:n1 > free/unborn:80': 'allowed' },
    },
  ],
  D22: [
    {
      title: 'isolating egress cuts DNS, and a rule for UDP alone gives back UDP alone',
      policies: [
        policy('shop/p', { ...web, ...egress({ to: [api] }) }),
        policy('shop/q', { ...api, ...egress({ ports: [{ port: 53, protocol: 'UDP' }] }) }),
      ],
      expected: {
        'shop/web > shop/db:53/UDP': 'denied',
        'shop/api > shop/db:53/UDP': 'allowed',
        'shop/api > shop/db:53': 'denied',
      },
    },
  ],
  D19: [
    {
      title:
        'replies of an allowed connection need no rule: not the egress of who answers, nor the ingress of who asked',
      policies: [policy('shop/p', { ...db, ...egress() }), policy('shop/q', { ...web, ...ingress() })],
      expected: { 'shop/web > shop/db:5432': 'allowed', 'shop/db > shop/web:80': 'denied' },
    },
  ],
  D20: [
    {
      title: 'a pod that has neither address nor node yet is isolated already',
      policies: [policy('free/p', { policyTypes: ['Ingress', 'Egress'] })],
      expected: {
        'shop/web > free/unborn:80': 'denied',
        'free/unborn > shop/db:5432': 'denied',
        'free/unborn > free/six:80': 'denied',
      },
    },
    {
      title: 'and where only the other end is isolated, its labels count from the start',
      policies: [
        policy('shop/p', { ...db, ...from({ podSelector: {}, namespaceSelector: {} }) }),
        policy('shop/q', web),
      ],
      expected: { 'free/unborn > shop/db:5432': 'allowed', 'free/unborn > shop/web:80': 'denied' },
    },
  ],
  I1: [
    {
      title: 'a block that contains the address of a pod leaves it open, one that does not denies',
      policies: [policy('shop/p', { ...db, ...from({ ipBlock: { cidr: '10.64.0.0/24' } }) })],
      expected: { 'shop/web > shop/db:5432': 'I1', 'ops/tool > shop/db:5432': 'denied' },
    },
    {
      title: 'it is defined where something else allows or denies it',
      policies: [
        policy('shop/p', { ...db, ...from({ ipBlock: { cidr: '10.0.0.0/8' } }) }),
        policy('shop/q', { ...db, ...from(web) }),
        policy('shop/r', { ...api, policyTypes: ['Egress'] }),
      ],
      expected: {
        'shop/web > shop/db:5432': 'allowed',
        'shop/api > shop/db:5432': 'denied',
        'shop/bare > shop/db:5432': 'I1',
      },
    },
    {
      title: 'it is defined where the network plugin is known',
      policies: [policy('shop/p', { ...db, ...from({ ipBlock: { cidr: '10.64.0.0/24' } }) })],
      expected: {
        'shop/web > shop/db:5432': 'allowed',
        'ops/tool > shop/db:5432': 'denied',
        'free/unborn > shop/db:5432': 'undefined',
      },
      assumptions: { ipBlocksMatchPods: true },
    },
    {
      title: 'it is defined where the network plugin is known not to look at addresses of pods',
      policies: [policy('shop/p', { ...db, ...from({ ipBlock: { cidr: '0.0.0.0/0' } }) })],
      expected: {
        'shop/web > shop/db:5432': 'denied',
        'free/unborn > shop/db:5432': 'denied',
        '203.0.113.1 > shop/db:5432': 'allowed',
      },
      assumptions: { ipBlocksMatchPods: false },
    },
    {
      title: 'it is open for a pod whose address is not known',
      policies: [policy('shop/p', { ...db, ...from({ ipBlock: { cidr: '203.0.113.0/24' } }) })],
      expected: { 'free/unborn > shop/db:5432': 'I1', 'shop/web > shop/db:5432': 'denied' },
    },
  ],
  I2: [
    {
      title:
        'a block with one of two addresses of a Service and its pod leaves it open, one with neither denies',
      policies: [
        policy('shop/p', { ...web, ...to({ ipBlock: { cidr: '10.96.0.0/16' } }) }),
        policy('shop/q', { ...api, ...to({ ipBlock: { cidr: '10.64.0.0/16' } }) }),
      ],
      expected: {
        'shop/web > svc(10.96.0.1):shop/db:5432': 'I2',
        'shop/api > svc(10.96.0.1):shop/db:5432': 'I2',
        'shop/web > svc(10.97.0.1):shop/db:5432': 'denied',
        'shop/web > svc:shop/db:5432': 'I2',
      },
    },
    {
      title: 'it is defined where both are in the block and the network plugin matches pods',
      policies: [policy('shop/p', { ...web, ...to({ ipBlock: { cidr: '10.0.0.0/8' } }) })],
      expected: { 'shop/web > svc(10.96.0.1):shop/db:5432': 'allowed' },
      assumptions: { ipBlocksMatchPods: true },
    },
  ],
  I3: [
    {
      title: 'a pod through its own Service: open where something isolates it',
      policies: [policy('shop/p', { ...db, ...ingress({}) })],
      expected: {
        'shop/db > svc(10.96.0.1):shop/db:5432': 'I3',
        'shop/api > svc(10.96.0.2):shop/api:8080': 'allowed',
      },
    },
  ],
  I4: [
    {
      title: 'egress to the own node is open where no rule allows it',
      policies: [policy('shop/p', { ...web, ...egress({ ports: [{ port: 443 }] }) })],
      expected: {
        'shop/web > node:n1:22': 'I4',
        'shop/web > node:n1:443': 'allowed',
        'shop/web > node:n2:22': 'denied',
      },
    },
    {
      title: 'and where it is not known which node is its own',
      policies: [policy('free/p', { policyTypes: ['Egress'] })],
      expected: { 'free/unborn > node:n1:22': 'I4', 'free/six > node:n2:22': 'denied' },
    },
  ],
  I5: [
    {
      title: 'a host-network pod counts as a pod or as its node: open where that makes a difference',
      policies: [
        policy('shop/in', { ...db, ...from({ namespaceSelector: { matchLabels: { team: 'ops' } } }) }),
        policy('shop/none', { ...api, ...ingress() }),
        policy('shop/both', {
          ...web,
          ...from(
            { namespaceSelector: { matchLabels: { team: 'ops' } } },
            { ipBlock: { cidr: '192.168.0.0/24' } },
          ),
        }),
      ],
      // The agent's node is that of the API and the web tier, which it reaches as a node (D18).
      expected: {
        'ops/agent > shop/db:5432': 'I5',
        'ops/agent > shop/api:8080': 'I5',
        'ops/agent > shop/web:80': 'allowed',
        'ops/agent > shop/bare:8080': 'allowed',
      },
    },
    {
      title: 'policies that select a host-network pod may not count',
      policies: [
        policy('ops/p', {
          podSelector: { matchLabels: { app: 'agent' } },
          policyTypes: ['Ingress', 'Egress'],
        }),
      ],
      expected: {
        'shop/web > ops/agent:9100': 'I5',
        'ops/agent > shop/web:80': 'I5',
        'ops/agent > ops/agent:9100': 'allowed',
      },
    },
    {
      title: 'it is denied where both readings deny',
      policies: [policy('shop/none', { ...db, ...ingress() })],
      expected: { 'ops/agent > shop/db:5432': 'denied' },
    },
    {
      title:
        'where it counts as its node, selectors do not match it, and its own node is that of its pods (D18)',
      policies: [
        policy('shop/in', { ...db, ...from({ namespaceSelector: { matchLabels: { team: 'ops' } } }) }),
        policy('shop/none', { ...api, ...ingress() }),
        policy('ops/none', { podSelector: {}, policyTypes: ['Ingress'] }),
      ],
      expected: {
        'ops/agent > shop/db:5432': 'denied',
        'ops/agent > shop/api:8080': 'allowed',
        'shop/web > ops/agent:9100': 'allowed',
      },
      assumptions: { hostNetworkPodsAreNodes: true },
    },
  ],
  I8: [
    {
      title: 'an ipBlock may match a host-network pod, by some address of its node',
      policies: [policy('shop/p', { ...db, ...from({ ipBlock: { cidr: '203.0.113.0/24' } }) })],
      expected: { 'ops/agent > shop/db:5432': 'I8' },
      assumptions: { hostNetworkPodsAreNodes: true },
    },
    {
      title: 'its address is that of its node, where it is not given',
      policies: [
        policy('shop/p', {
          ...db,
          ...from(
            { namespaceSelector: { matchLabels: { team: 'ops' } } },
            { ipBlock: { cidr: '192.168.0.1/32' } },
          ),
        }),
      ],
      expected: { 'ops/daemon > shop/db:5432': 'allowed', 'ops/elsewhere > shop/db:5432': 'denied' },
      assumptions: { hostNetworkPodsAreNodes: true, ipBlocksMatchHostNetwork: true },
      world: {
        pods: [
          pod('shop/db', { app: 'db' }, [5432], { address: '10.64.1.3', node: 'n3' }),
          pod('ops/daemon', {}, [], { hostNetwork: true, node: 'n1' }),
          pod('ops/elsewhere', {}, [], { hostNetwork: true, node: 'n2' }),
        ],
      },
    },
  ],
};

/** The test, by its file below test/ and its title, of what no flow of the oracle can show: time, open connections, other protocols. */
const ELSEWHERE: Readonly<Record<string, readonly [file: string, title: string]>> = {
  D3: ['policy/manifest.test.ts', 'what the API server refuses (D3)'],
  D3a: ['scenario/policies.test.ts', 'manifests are read as the API server reads them'],
  D21: [
    'sandbox/dataplane/enforcement.test.ts',
    'D21: a policy comes into force without a word: nothing of its object changes, and it has no status',
  ],
  D23: [
    'sandbox/dataplane/translation.test.ts',
    'a policy for the Service’s port opens nothing, one for the pods’ does (D13, D23)',
  ],
  D25: [
    'policy/node-port.test.ts',
    'where policies look after the destination is translated, and before the source is (D25)',
  ],
  D27: ['policy/through-service.test.ts', 'without an address is as many pods (D27)'],
  I6: [
    'sandbox/dataplane/enforcement.test.ts',
    'I6: a rule for all ports lets ICMP through, and no rule for some ports does',
  ],
  D24: ['policy/existing-services.test.ts', 'D24: no selector means the API server'],
  I7: [
    'sandbox/dataplane/enforcement.test.ts',
    'D19: an established connection outlives a new policy (I7), a datagram is judged each time',
  ],
  I9: ['policy/node-port.test.ts', 'where nothing is known of that, it is open wherever it matters (I9)'],
};

for (const [rule, cases] of Object.entries(CASES)) {
  describe(rule, () => {
    test.for(cases)('$title', ({ policies, expected, assumptions, world }) => {
      const oracle = compile({ ...TOPOLOGY, ...world, policies }, assumptions);
      expect(oracle.problems).toEqual([]);
      const answers = Object.keys(expected).map((text) => {
        const { answer } = oracle.explain(flow(text));
        expect(oracle.evaluate(flow(text)), text).toEqual(answer);
        return [text, answer.verdict === 'undefined' ? (answer.rule ?? 'undefined') : answer.verdict];
      });
      expect(Object.fromEntries(answers)).toEqual(expected);
    });
  });
}

test('every rule of docs/semantics.md has a case, or a test elsewhere', () => {
  const page = readFileSync(new URL('../../docs/semantics.md', import.meta.url), 'utf8');
  const rules = [...page.matchAll(/^- \*\*([DI]\d+[a-z]?)\*\*/gm)].map(([, rule]) => rule);
  expect([...Object.keys(CASES), ...Object.keys(ELSEWHERE)].toSorted()).toEqual(rules.toSorted());
});

test.for(Object.entries(ELSEWHERE))('%s has its test elsewhere', ([, [file, title]]) => {
  expect(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')).toContain(`'${title}'`);
});

describe('ends that the world does not have', () => {
  const oracle = compile({ ...TOPOLOGY, policies: [] });

  test.for([
    ['shop/nobody > shop/db:5432', 'there is no pod shop/nobody'],
    ['shop/web > svc:shop/nobody:5432', 'there is no pod shop/nobody'],
    ['node:n9 > shop/db:5432', 'there is no node n9'],
    ['300.0.0.1 > shop/db:5432', '300.0.0.1 is not an address'],
  ])('%s', ([text = '', message]) => {
    expect(() => oracle.evaluate(flow(text))).toThrow(new RangeError(message));
  });
});
