/** Warnings about scenarios with steps: each once, with the steps in which it holds. */
import { expect, test } from 'vitest';
import { reviewPlan } from '../../src/policy/review.ts';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { folderWith } from '../support/cli.ts';

const HEAD = `apiVersion: podreach/v1
kind: Scenario
name: steps
namespaces: { shop: , later: { labels: { team: ops }, created: later } }
pods:
  shop/web: { labels: { app: web } }
  shop/api: { labels: { app: api }, ports: [80] }
  later/pod: { labels: { app: pod }, ports: [80], created: later }
`;

function policy(name: string, spec: string): string {
  return `{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: ${name}, namespace: shop }, spec: { ${spec} } }`;
}

const API = 'podSelector: { matchLabels: { app: api } }';
const WEB_ONLY = `${API}, ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }] }]`;
const COME = '{ name: it comes, create: [namespace/later, later/pod] }';

async function review(lines: string, checks: readonly string[] = []) {
  using folder = folderWith({ 'a.yaml': HEAD + lines });
  const [plan] = await loadPlans(['a.yaml'], { cwd: folder.path, checks });
  return plan === undefined ? [] : reviewPlan(plan);
}

async function messagesOf(lines: string): Promise<readonly string[]> {
  return (await review(lines)).map(({ code, location: { line }, message }) => `${line} ${code}: ${message}`);
}

test('a check that cannot be met is told with its steps, and how to see why in the first of them', async () => {
  const lines = `policies: [${policy('api', WEB_ONLY)}]
otherwise: unreachable
reachable: [{ from: shop/web, to: shop/api }]
steps:
  - ${COME}
  - { name: closed, apply: [${policy('deny', API)}], delete: [networkpolicy/shop/api] }
  - { name: still closed, replace: [shop/web] }
  - { name: "it's open", delete: [networkpolicy/shop/deny], reachable: [{ from: later/pod, to: shop/api }] }
`;
  const contradicted = (await review(lines)).filter(({ code }) => code === 'contradicted-check');
  expect(contradicted.map(({ location: { line }, message }) => `${line} ${message}`)).toEqual([
    // Of the first step, which needs no name, nothing: the others have the pod that comes, too.
    expect.stringMatching(
      /^10 in steps "it comes", "closed", "still closed" and "it's open": 2 checks of this rule, such as shop\/web → later\/pod:80\/TCP, are to be unreachable, but the policies allow them$/,
    ),
    expect.stringMatching(
      /^11 in steps "closed" and "still closed": shop\/web → shop\/api:80\/TCP is to be reachable, but the policies deny it/,
    ),
  ]);
  expect(contradicted.map(({ advice }) => advice?.replace(/^.*See why: /, ''))).toEqual([
    "podreach explain --only steps --step 'it comes' a.yaml shop/web later/pod:80/TCP",
    'podreach explain --only steps --step closed a.yaml shop/web shop/api:80/TCP',
  ]);
});

test('what holds from the first step on is told once, without a step', async () => {
  const lines = `reachable: [{ from: shop/web, to: shop/api }]
policies: [${policy('api', `${API}, ingress: []`)}]
steps: [${COME}, { name: another, replace: [shop/api] }]
`;
  const warnings = await review(lines);
  const contradicted = warnings.filter(({ code }) => code === 'contradicted-check');
  expect(contradicted).toHaveLength(1);
  expect(contradicted[0]?.message).toMatch(
    /^shop\/web → shop\/api:80\/TCP is to be reachable, but the policies deny it/,
  );
  expect(contradicted[0]?.advice).not.toContain('--step');
  expect(await review(lines, ['shop/web -> shop/api'])).toEqual(warnings);
});

test.each([
  [
    'a peer that matches nobody until somebody comes is no finding',
    `policies: [${policy('api', `${API}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: ops } } }] }]`)}]
reachable: [{ from: later/pod, to: shop/api }]
unreachable: [{ from: shop/web, to: shop/api }]
steps: [${COME}]
`,
    [],
  ],
  [
    'a peer that never matches anybody is one',
    `policies: [${policy('api', `${API}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: opps } } }] }]`)}]
unreachable: [{ from: [shop/web, later/pod], to: shop/api }]
steps: [${COME}]
`,
    [
      '9 peer-matches-no-pod: policy shop/api: nobody matches this peer, "all pods in namespaces with team=opps"',
    ],
  ],
  [
    'what a lint can only see when somebody has come is told with that step, though no other shows it',
    `policies: [${policy('web', 'podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [{ to: [{ namespaceSelector: { matchLabels: { team: ops } } }], ports: [{ port: 81 }] }, { ports: [{ port: 53 }, { port: 53, protocol: UDP }] }]')}]
unreachable: [{ from: shop/web, to: [shop/api, later/pod] }]
steps: [${COME}]
`,
    ['9 unused-port: in step "it comes": policy shop/web: no pod that this rule leads to listens on TCP 81'],
  ],
  [
    'a policy that is tested in one of its states is tested; one that is updated is another one',
    `policies: [${policy('api', `${API}, ingress: []`)}]
unreachable: [{ from: shop/web, to: shop/api }]
steps:
  - { name: doubly closed, apply: [${policy('second', API)}] }
  - { name: selected otherwise, apply: [${policy('second', 'podSelector: { matchLabels: { app: apii } }')}] }
  - { name: moved, replace: [shop/web], create: [namespace/later, later/pod] }
`,
    [
      '12 untested-policy: in step "doubly closed": policy shop/second: without this policy nothing between the pods and ports of the scenario would change: no check can test it',
      '13 selects-no-pod: in steps "selected otherwise" and "moved": policy shop/second: this policy does nothing: namespace shop has no pod with app=apii',
    ],
  ],
  [
    'a danger counts in any state',
    `policies: [${policy('api', WEB_ONLY)}]
reachable: [{ from: shop/web, to: shop/api }]
steps:
  - ${COME}
  - { name: let in, apply: [${policy('api', `${API}, ingress: [{ from: [{ namespaceSelector: {}, podSelector: {} }] }]`)}] }
`,
    [
      '9 untested-policy: policy shop/api: without this policy every check would be predicted the same: nothing tests it',
      '13 untested-policy: in step "let in": policy shop/api: without this policy nothing between the pods and ports of the scenario would change: no check can test it',
      '13 broad-peer: in step "let in": policy shop/api: "all pods in all namespaces" means later/pod as well, of which no check speaks',
    ],
  ],
  [
    'what others cut is needless only where the policies cut it in every step',
    `policies: [${policy('api', WEB_ONLY)}]
reachable: [{ from: shop/web, to: shop/api }]
unreachable:
  - { from: later/pod, to: shop/api, cutBy: others, because: the firewall }
steps:
  - ${COME}
  - { name: open, delete: [networkpolicy/shop/api] }
`,
    [
      '9 untested-policy: policy shop/api: all that this policy decides between the pods and ports of the scenario is cut by others: no check can test it',
    ],
  ],
  [
    'what the API server refuses is told with the step that applies it',
    `reachable: [{ from: shop/web, to: shop/api }]
steps:
  - ${COME}
  - { name: refused, apply: [${policy('api', 'podSelector: {}, ingress: [{ from: [{}] }]')}] }
  - { name: later, replace: [shop/web] }
`,
    [
      expect.stringMatching(
        /^12 refused-policy: in steps "refused" and "later": policy shop\/api: the API server will refuse it/,
      ),
    ],
  ],
  [
    'a policy that is applied again is the same, and told once',
    `policies: [&api ${policy('api', `${API}, policyTypes: [Ingress, Egress], ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: ops } } }] }]`)}]
reachable: [{ from: later/pod, to: shop/api }]
unreachable: [{ from: shop/web, to: shop/api }]
steps:
  - ${COME}
  - { name: open, otherwise: reachable, delete: [networkpolicy/shop/api], remove: [namespace/later] }
  - { name: closed again, apply: [*api], otherwise: unreachable }
`,
    [expect.stringMatching(/^9 egress-cuts-dns: policy shop\/api: the egress of shop\/api is isolated/)],
  ],
  [
    'what is accepted may be found in any step',
    `policies: [${policy('web', 'podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [{ to: [{ namespaceSelector: { matchLabels: { team: ops } } }], ports: [{ port: 81 }] }, { ports: [{ port: 53 }, { port: 53, protocol: UDP }] }]')}]
unreachable: [{ from: shop/web, to: [shop/api, later/pod] }]
accept:
  - { lint: unused-port, because: it is to come }
  - { lint: peer-matches-no-pod, because: it has come }
steps: [${COME}]
`,
    ['13 stale-acceptance: nothing is found that this accepts: peer-matches-no-pod'],
  ],
])('%s', async (_, lines, expected) => {
  expect(await messagesOf(lines)).toEqual(expected);
});
