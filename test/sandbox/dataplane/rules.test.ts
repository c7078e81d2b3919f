/** The text of the rules; what they do to packets is in enforcement.test.ts. */
import { describe, expect, test } from 'vitest';
import type { NetworkPolicy } from '../../../src/sandbox/api/kinds/networkpolicies/object.ts';
import {
  type EnforcedPod,
  enforcedAddress,
  type PolicyState,
} from '../../../src/sandbox/dataplane/allowances.ts';
import { rulesFor } from '../../../src/sandbox/dataplane/rules.ts';
import { type NodeTable, replaceTable } from '../../../src/sandbox/dataplane/table.ts';
import { IP_FAMILIES, type IPFamily } from '../../../src/sandbox/ip-family.ts';

function pod(name: string, node: string, address: string, ports: EnforcedPod['ports'] = []): EnforcedPod {
  const addresses = address.split(' ').map(enforcedAddress);
  return { namespace: 'shop', labels: { app: name }, node, addresses, ports };
}

function policy(name: string, spec: NetworkPolicy['spec']): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'shop' },
    spec: { policyTypes: ['Ingress'], ...spec },
  };
}

function stateWith(pods: readonly EnforcedPod[], policies: readonly NetworkPolicy[]): PolicyState {
  return { pods, namespaces: new Map([['shop', {}]]), policies };
}

function tableOn(node: string, state: PolicyState, family: IPFamily = 'IPv4'): NodeTable {
  const [table] = rulesFor([node], [family], state).get(node) ?? [];
  if (table === undefined) throw new Error('each node has a table');
  return table;
}

function rulesOn(node: string, state: PolicyState, family?: IPFamily): string {
  return tableOn(node, state, family).text;
}

/** With the names that tell contents numbered in the order of their first place, so that a person can read them. */
function legible(rules: string): string {
  const counts: Record<string, number> = {};
  const names = new Map<string, string>();
  return rules.replace(/\b(peers|pods)_[0-9a-f]{16}\b/g, (name, prefix: string) => {
    const count = counts[prefix] ?? 0;
    if (!names.has(name)) counts[prefix] = count + 1;
    const known = names.get(name) ?? `${prefix}${count}`;
    names.set(name, known);
    return known;
  });
}

const app = (name: string) => ({ matchLabels: { app: name } });

test('a node gets one table with its own pods', () => {
  const state = stateWith(
    [
      pod('web', 'node-1', '10.244.1.2'),
      pod('api', 'node-2', '10.244.2.2', [{ name: 'http', containerPort: 8080 }]),
      pod('db', 'node-1', '10.244.1.3'),
    ],
    [
      policy('db', {
        podSelector: app('db'),
        ingress: [
          { from: [{ podSelector: app('api') }], ports: [{ port: 5432 }, { port: 5433, endPort: 5440 }] },
          { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.244.0.0/16'] } }] },
        ],
      }),
      policy('web', {
        podSelector: app('web'),
        policyTypes: ['Ingress', 'Egress'],
        egress: [
          { to: [{ podSelector: {} }], ports: [{ port: 'http' }] },
          { ports: [{ port: 53, protocol: 'UDP' }] },
        ],
      }),
    ],
  );
  expect(legible(rulesOn('node-1', state))).toBe(`table ip podreach {
	set peers0 {
		type ipv4_addr
		flags interval
		elements = { 10.244.2.2 }
	}
	set peers1 {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0-10.243.255.255, 10.245.0.0-10.255.255.255 }
	}
	chain pods0 {
		ip daddr @peers0 tcp dport { 8080 } return
		udp dport { 53 } return
		drop
	}
	chain pods1 {
		ip saddr @peers0 tcp dport { 5432-5440 } return
		ip saddr @peers1 return
		drop
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		ct state established,related ct direction reply accept
		ct state related accept
		ct state established tcp flags & (syn | ack) != syn accept
		ip saddr 10.244.1.2 jump pods0
		ip daddr 10.244.1.2 drop
		ip daddr 10.244.1.3 jump pods1
	}
}
`);
  expect(rulesOn('node-2', state)).not.toMatch(/peers|pods|drop|elements/);
});

test('each family has a table of its own, with its own addresses and blocks (D12)', () => {
  const state = stateWith(
    [
      pod('web', 'node-1', '10.244.1.2 fd00:10:244:1::2'),
      pod('api', 'node-2', '10.244.2.2 fd00:10:244:2::2', [{ name: 'http', containerPort: 8080 }]),
      pod('old', 'node-1', '10.244.1.3'),
    ],
    [
      policy('web', {
        podSelector: app('web'),
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [{ ipBlock: { cidr: '2001:db8::/32', except: ['2001:db8:1::/48'] } }] }],
        egress: [
          { to: [{ podSelector: {} }], ports: [{ port: 'http' }] },
          { to: [{ ipBlock: { cidr: '::/0' } }] },
        ],
      }),
      policy('old', { podSelector: app('old'), ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] }),
    ],
  );
  expect(legible(rulesOn('node-1', state, 'IPv6'))).toBe(`table ip6 podreach {
	set peers0 {
		type ipv6_addr
		flags interval
		elements = { 2001:db8::-2001:db8:0:ffff:ffff:ffff:ffff:ffff, 2001:db8:2::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff }
	}
	chain pods0 {
		ip6 saddr @peers0 return
		drop
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		ct state established,related ct direction reply accept
		ct state related accept
		ct state established tcp flags & (syn | ack) != syn accept
		ip6 daddr fd00:10:244:1::2 jump pods0
	}
}
`);
  expect(legible(rulesOn('node-1', state, 'IPv4'))).toContain(`	chain pods0 {
		ip daddr @peers0 tcp dport { 8080 } return
		drop
	}
`);
  expect(
    rulesFor(['node-1'], IP_FAMILIES, state)
      .get('node-1')
      ?.map(({ name }) => name),
  ).toEqual(['ip podreach', 'ip6 podreach']);
});

describe('rules take the place of others', () => {
  const pods = [pod('db', 'node-1', '10.244.1.3'), pod('web', 'node-1', '10.244.1.2')];
  const allow = (name: string, port: number) =>
    policy(name, { podSelector: app(name), ingress: [{ from: [{ podSelector: {} }], ports: [{ port }] }] });
  const rulesWith = (...policies: NetworkPolicy[]) => tableOn('node-1', stateWith(pods, policies));
  const [db, both] = [rulesWith(allow('db', 80)), rulesWith(allow('db', 80), allow('web', 81))];

  test('what the chain that stays leads to is made first, and what it no longer leads to goes with the change', () => {
    const [made = '', changed = ''] = replaceTable(db, rulesWith(allow('web', 81)));
    expect(legible(made)).toBe(`table ip podreach {
	chain pods0 {
		ip saddr @peers0 tcp dport { 81 } return
		drop
	}
}
`);
    expect(legible(changed)).toBe(`table ip podreach {
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
}
flush chain ip podreach forward
table ip podreach {
	chain forward {
		type filter hook forward priority filter; policy accept;
		ct state established,related ct direction reply accept
		ct state related accept
		ct state established tcp flags & (syn | ack) != syn accept
		ip daddr 10.244.1.2 jump pods0
	}
}
delete chain ip podreach pods1
`);
  });

  test('what stays the same is neither made nor taken away', () => {
    const [made = '', changed = ''] = replaceTable(db, both);
    expect(made.match(/chain pods_|set peers_/g)).toHaveLength(1);
    expect(changed).not.toContain('delete');
    expect(replaceTable(both, db)).toHaveLength(1);
    expect(replaceTable(both, db)[0].match(/^delete .*$/gm)).toHaveLength(1);
  });

  test('rules that take their own place are written anew, in one transaction', () => {
    const rules = both.hooked.get('forward')?.rules ?? [];
    expect(rules.length).toBeGreaterThan(3);
    expect(replaceTable(both, both)).toEqual([
      expect.stringContaining(rules.map((rule) => `\t\t${rule}\n`).join('')),
    ]);
  });
});

describe('what is alike is written once', () => {
  const pods = Array.from({ length: 100 }, (_, index) => pod(`p${index}`, 'node-1', `10.244.1.${index + 2}`));
  const allow = (name: string, port: number) =>
    policy(name, { ingress: [{ from: [{ podSelector: {} }], ports: [{ port }] }] });

  test('chains of pods that the same policies select, and neighbouring addresses', () => {
    const rules = rulesOn('node-1', stateWith(pods, [allow('a', 80), allow('b', 81), allow('c', 443)]));
    expect(rules.match(/chain pods/g)).toHaveLength(1);
    expect(rules).toContain('elements = { 10.244.1.2-10.244.1.101 }');
    expect(legible(rules)).toContain('ip saddr @peers0 tcp dport { 80-81, 443 } return');
  });

  test('but not chains whose named ports differ', () => {
    const state = stateWith(
      [
        pod('a', 'node-1', '10.244.1.2', [{ name: 'http', containerPort: 80 }]),
        pod('b', 'node-1', '10.244.1.3', [{ name: 'http', containerPort: 8080 }]),
      ],
      [policy('http', { ingress: [{ ports: [{ port: 'http' }] }] })],
    );
    expect(rulesOn('node-1', state).match(/dport .* return/g)).toEqual([
      'dport { 80 } return',
      'dport { 8080 } return',
    ]);
  });
});

test.each([
  ['a rule for everybody and everything', { ingress: [{}] }],
  ['an ipBlock of all addresses', { ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] }],
])('%s makes isolation meaningless', (_, spec) => {
  const rules = rulesOn('node-1', stateWith([pod('a', 'node-1', '10.244.1.2')], [policy('open', spec)]));
  expect(rules).not.toMatch(/drop|elements/);
});

test('hundreds of policies on hundreds of pods are no more rules than they must be', () => {
  const pods = Array.from({ length: 400 }, (_, index) =>
    pod(`p${index % 40}`, `node-${(index % 2) + 1}`, `10.244.${(index % 2) + 1}.${(index >> 1) + 2}`),
  );
  const policies = Array.from({ length: 300 }, (_, index) =>
    policy(`policy-${index}`, {
      podSelector: app(`p${index % 40}`),
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: [{ podSelector: app(`p${(index * 7) % 40}`) }], ports: [{ port: 8000 + (index % 50) }] },
      ],
      egress: [
        { to: [{ podSelector: app(`p${(index * 11) % 40}`) }], ports: [{ port: 8000 + (index % 50) }] },
      ],
    }),
  );
  const rules = rulesFor(['node-1', 'node-2'], ['IPv4'], stateWith(pods, policies));
  expect(rules.get('node-1')?.[0]?.text.length).toBeLessThan(200_000);
});
