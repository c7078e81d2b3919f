import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { LintCheck, LintFinding } from '../../../src/policy/lint/finding.ts';
import { lintPolicies } from '../../../src/policy/lint/lint.ts';
import type { World, WrittenPolicy } from '../../../src/policy/model.ts';
import { compile } from '../../../src/policy/oracle.ts';
import { flow, pod, policy } from '../world.ts';

const TOPOLOGY: Omit<World, 'policies'> = {
  namespaces: [
    { name: 'shop', labels: { team: 'shop' } },
    { name: 'ops', labels: { team: 'ops' } },
    { name: 'empty', labels: { team: 'none' } },
  ],
  pods: [
    pod('shop/web', { app: 'web', part: 'shop' }, ['80=http']),
    pod('shop/api', { app: 'api', part: 'shop' }, [8080, '9090/UDP=metrics']),
    pod('shop/db', { app: 'db', part: 'shop' }, [5432]),
    pod('ops/monitor', { app: 'monitor' }),
    pod('ops/intern', { app: 'intern' }, [22]),
  ],
};

/** The findings of policies, by default without checks: then nothing says whom the author had in mind. */
function lint(
  policies: readonly WrittenPolicy[],
  {
    checks = [],
    world = {},
    existingNamespaces = [],
  }: {
    readonly checks?: readonly LintCheck[];
    readonly world?: Partial<World>;
    readonly existingNamespaces?: readonly string[];
  } = {},
): readonly LintFinding[] {
  const oracle = compile({ ...TOPOLOGY, ...world, policies });
  expect(oracle.problems).toEqual([]);
  return lintPolicies(oracle, checks, { existingNamespaces });
}

/** A check that a flow between two pods is reachable, or, after `!`, unreachable. */
function check(text: string): LintCheck {
  const { from, to, port, protocol } = flow(text.replace(/^!/, ''));
  if (from.kind !== 'pod' || to.kind !== 'pod') throw new Error(`not between pods: ${text}`);
  return {
    from: from.pod,
    to: to.pod,
    port,
    protocol,
    expected: text.startsWith('!') ? 'unreachable' : 'reachable',
  };
}

const web = { podSelector: { matchLabels: { app: 'web' } } };
const api = { podSelector: { matchLabels: { app: 'api' } } };
const db = { podSelector: { matchLabels: { app: 'db' } } };
const ops = { namespaceSelector: { matchLabels: { team: 'ops' } } };
const onDns = [{ port: 53 }, { port: 53, protocol: 'UDP' }];
const systemPods = (matchLabels: Readonly<Record<string, string>>) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
  podSelector: { matchLabels },
});
const from = (...peers: unknown[]) => ({ policyTypes: ['Ingress'], ingress: [{ from: peers }] });
/** Egress rules that leave DNS alone. */
const to = (...peers: unknown[]) => ({
  policyTypes: ['Egress'],
  egress: [{ to: peers }, { ports: [{ port: 53 }, { port: 53, protocol: 'UDP' }] }],
});

test('policies that mean what they say give no findings', () => {
  const policies = [
    policy('shop/default-deny', { policyTypes: ['Ingress'] }),
    policy('shop/db', { ...db, ingress: [{ from: [api], ports: [{ port: 5432 }] }] }),
    policy('shop/web', {
      ...web,
      ingress: [{ from: [{ ...ops, podSelector: {} }], ports: [{ port: 'http' }] }],
    }),
    policy('shop/out', {
      ...api,
      ...to(db, { ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.0/28'] } }),
    }),
  ];
  const checks = [
    'shop/api > shop/db:5432',
    '!shop/web > shop/db:5432',
    '!shop/web > shop/api:8080',
    'ops/monitor > shop/web:80',
    '!ops/intern > shop/web:80',
    '!shop/api > shop/web:80',
    '!shop/api > ops/intern:22',
  ].map(check);
  expect(lint(policies, { checks })).toEqual([]);
});

describe('selectors that match nothing', () => {
  test('a policy that selects no pod', () => {
    expect(lint([policy('shop/p', { podSelector: { matchLabels: { app: 'dbb' } } })])).toEqual([
      {
        code: 'selects-no-pod',
        rule: 'D4',
        policy: 'shop/p',
        path: ['spec', 'podSelector'],
        message: 'this policy does nothing: namespace shop has no pod with app=dbb',
        advice:
          'Select by labels that the pods carry: those of shop carry app=api, app=db, app=web and part=shop.',
      },
    ]);
  });

  test('a policy of a namespace without pods', () => {
    expect(lint([policy('empty/p', {})])).toEqual([
      {
        code: 'selects-no-pod',
        rule: 'D4',
        policy: 'empty/p',
        path: ['spec', 'podSelector'],
        message: 'this policy does nothing: namespace empty has no pod',
        advice: 'Put the policy into the namespace of the pods that it is for: empty has none here.',
      },
    ]);
  });

  test('a peer that no pod matches, for each reason that there is', () => {
    const peers = [
      { podSelector: { matchLabels: { app: 'ui' } } },
      { podSelector: { matchLabels: { app: 'monitor' } } },
      { ...ops, podSelector: { matchLabels: { app: 'monitoring' } } },
      { namespaceSelector: { matchLabels: { team: 'opps' } } },
      { namespaceSelector: { matchLabels: { team: 'none' } } },
    ];
    const finding = (index: number, message: string, advice: string): LintFinding => ({
      code: 'peer-matches-no-pod',
      rule: 'D9',
      policy: 'shop/p',
      path: ['spec', 'ingress', 0, 'from', index],
      message,
      advice,
    });
    // Each in a rule of its own would change nothing but the paths.
    const findings = lint([policy('shop/p', { ...db, ...from(...peers) })]);
    expect(findings.filter(({ code }) => code === 'peer-matches-no-pod')).toEqual([
      finding(
        0,
        'nobody matches this peer, "pods with app=ui in namespace shop"',
        'Select pods by labels that they carry: those of shop carry app=api, app=db, app=web and part=shop.',
      ),
      finding(
        1,
        'nobody matches this peer, "pods with app=monitor in namespace shop"',
        'Add a namespaceSelector to the same entry: a podSelector alone means pods of shop, and ops/monitor is elsewhere.',
      ),
      finding(
        2,
        'nobody matches this peer, "pods with app=monitoring in namespaces with team=ops"',
        'Select pods by labels that they carry: those of ops carry app=intern and app=monitor.',
      ),
      finding(
        3,
        'nobody matches this peer, "all pods in namespaces with team=opps"',
        'Select namespaces by labels that they carry: here they carry kubernetes.io/metadata.name=empty, kubernetes.io/metadata.name=ops, kubernetes.io/metadata.name=shop, team=none, team=ops and team=shop.',
      ),
      finding(
        4,
        'nobody matches this peer, "all pods in namespaces with team=none"',
        'Add a pod to empty, so that the rule is tested, or take the peer out.',
      ),
    ]);
  });

  test('a peer for the name server may be somewhere else', () => {
    const dns = {
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
      ports: [{ port: 53, protocol: 'UDP' }, { port: 53 }],
    };
    expect(lint([policy('shop/p', { ...web, policyTypes: ['Egress'], egress: [dns] })])).toEqual([]);
  });
});

describe('policies that nothing tests', () => {
  const policies = [
    policy('shop/default-deny', { policyTypes: ['Ingress'] }),
    policy('shop/db', { ...db, ...from(api) }),
  ];
  const untested = (name: string, advice: string): LintFinding => ({
    code: 'untested-policy',
    rule: 'D6',
    policy: `shop/${name}`,
    path: [],
    message: 'without this policy every check would be predicted the same: nothing tests it',
    advice,
  });

  test('a policy that another one makes superfluous for every check', () => {
    expect(
      lint(policies, { checks: ['shop/api > shop/db:5432', '!shop/web > shop/db:5432'].map(check) }),
    ).toEqual([
      untested(
        'default-deny',
        'Add a check of something that it decides, such as shop/api → shop/web:80/TCP.',
      ),
    ]);
  });

  test('a policy whose pods no check is about', () => {
    const egress = policy('shop/out', { ...web, ...to(api) });
    expect(lint([egress], { checks: [check('shop/api > shop/db:5432')] })).toEqual([
      untested(
        'out',
        'Add a check of something that it decides, such as shop/web → shop/db:5432/TCP, or take the policy out.',
      ),
    ]);
  });

  test('a policy that no check can test, since others say the same or its pods listen nowhere', () => {
    const monitor = policy('ops/monitor', { podSelector: { matchLabels: { app: 'monitor' } } });
    const twice = ['deny-a', 'deny-b'].map((name) => policy(`shop/${name}`, { ...db }));
    const checks = ['!shop/web > shop/db:5432', '!shop/api > ops/intern:22'].map(check);
    expect(lint([monitor, ...twice], { checks }).map(({ policy: name, message }) => [name, message])).toEqual(
      ['ops/monitor', 'shop/deny-a', 'shop/deny-b'].map((name) => [
        name,
        'without this policy nothing between the pods and ports of the scenario would change: no check can test it',
      ]),
    );
  });

  test('a policy is not tested by what others cut, and no such pair is proposed', () => {
    const cut: LintCheck = { ...check('!shop/api > shop/db:5432'), cutBy: 'others' };
    expect(lint(policies, { checks: [cut, check('!shop/web > shop/api:8080')] })).toEqual([
      {
        ...untested(
          'db',
          'Add other pods or ports that it is about. If there are none, accept this finding, with a reason.',
        ),
        message:
          'all that this policy decides between the pods and ports of the scenario is cut by others: no check can test it',
      },
    ]);
    const monitored = policy('shop/db', { ...db, ...from(api), ...from(ops) });
    expect(lint([monitored], { checks: [cut] })).toEqual([
      untested(
        'db',
        'Add a check of something that it decides, such as shop/web → shop/db:5432/TCP, or take the policy out.',
      ),
    ]);
  });

  test('a policy that lets in those of a namespace that is there already is about nobody whom a check could try', () => {
    const monitoring = {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } },
    };
    const all = [
      policy('shop/default-deny', { policyTypes: ['Ingress'] }),
      policy('shop/metrics', { ...db, ...from(monitoring) }),
      policy('shop/any', { ...api, ...from({ namespaceSelector: {} }) }),
      policy('shop/again', { ...api, ...from({ namespaceSelector: {} }) }),
    ];
    const checks = ['!shop/web > shop/db:5432', '!shop/db > shop/web:80', 'shop/web > shop/api:8080'].map(
      check,
    );
    const said = (existingNamespaces: readonly string[]) =>
      lint(all, { checks, existingNamespaces })
        .filter(({ code }) => code.startsWith('untested'))
        .map(({ policy: name }) => name);
    expect(said([])).toEqual(['shop/metrics', 'shop/any', 'shop/again']);
    expect(said(['monitoring'])).toEqual([]);
  });

  test('every policy is tested when each decides some check', () => {
    const checks = ['shop/api > shop/db:5432', '!shop/web > shop/api:8080'].map(check);
    expect(lint(policies, { checks })).toEqual([]);
  });
});

describe('egress isolation that cuts DNS', () => {
  const cut = (name: string, details: Pick<LintFinding, 'path' | 'message' | 'advice'>): LintFinding => ({
    code: 'egress-cuts-dns',
    rule: 'D22',
    policy: `shop/${name}`,
    ...details,
  });

  test('no rule for port 53', () => {
    expect(lint([policy('shop/p', { ...web, policyTypes: ['Egress'], egress: [{ to: [api] }] })])).toEqual([
      cut('p', {
        path: ['spec', 'egress'],
        message:
          'the egress of shop/web is isolated, and no policy lets it ask a name server on UDP 53 or TCP 53: names will not resolve',
        advice:
          'Add an egress rule for DNS: ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }].',
      }),
    ]);
  });

  test('a rule for UDP alone', () => {
    const egress = [{ to: [api] }, { ports: [{ port: 53, protocol: 'UDP' }] }];
    expect(lint([policy('shop/p', { ...web, policyTypes: ['Egress'], egress })])).toEqual([
      cut('p', {
        path: ['spec', 'egress'],
        message:
          'the egress of shop/web is isolated, and no policy lets it ask a name server on TCP 53, only on UDP 53: names resolve, but not where the answer is too long for UDP',
        advice: 'Add an egress rule for DNS: ports: [{ port: 53, protocol: TCP }].',
      }),
    ]);
  });

  test('one finding for pods that several policies cut off, and none for those that another gives DNS back', () => {
    const policies = [
      policy('shop/deny', { policyTypes: ['Egress'] }),
      policy('shop/web', { ...web, ...to(api) }),
      policy('shop/api', { ...api, policyTypes: ['Egress'], egress: [{ to: [db] }] }),
    ];
    expect(lint(policies)).toEqual([
      cut('deny', {
        path: ['spec', 'policyTypes'],
        message:
          'the egress of shop/api and shop/db is isolated, and no policy lets them ask a name server on UDP 53 or TCP 53: names will not resolve',
        advice:
          'Add an egress rule for DNS: ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }].',
      }),
    ]);
  });

  test.for<readonly [string, readonly unknown[]]>([
    ['a rule for everything', [{}]],
    ['rules that name all namespaces or the one of the name server', [{ to: [{ namespaceSelector: {} }] }]],
    ['a block, in which it may be', [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }]],
    [
      'a block for DNS alone, wherever it is',
      [{ to: [{ ipBlock: { cidr: '9.9.9.9/32' } }], ports: [{ port: 53 }, { port: 53, protocol: 'UDP' }] }],
    ],
    [
      'pods of other namespaces for DNS alone',
      [
        {
          to: [{ namespaceSelector: { matchLabels: { team: 'dns' } } }],
          ports: [{ port: 53 }, { port: 53, protocol: 'UDP' }],
        },
      ],
    ],
    ['what caches names on the nodes', [{ to: [systemPods({ 'k8s-app': 'node-local-dns' })], ports: onDns }]],
    ['labels that it may have beside its own', [{ to: [systemPods({ app: 'coredns' })], ports: onDns }]],
    ['one of several peers', [{ to: [systemPods({ 'k8s-app': 'x' }), systemPods({})], ports: onDns }]],
    ['a range of ports', [{ ports: [{ port: 1, endPort: 1024 }, { protocol: 'UDP' }] }]],
    ['ports named for DNS', [{ ports: [{ port: 'dns', protocol: 'UDP' }, { port: 'dns-tcp' }] }]],
  ])('nothing is cut by %s', ([, egress]) => {
    const codes = lint([policy('shop/p', { ...web, policyTypes: ['Egress'], egress })]).map(
      ({ code }) => code,
    );
    expect(codes).not.toContain('egress-cuts-dns');
  });
});

test.for<readonly [string, object, string]>([
  [
    'another value of its label',
    systemPods({ 'k8s-app': 'coredns' }),
    'pods with k8s-app=coredns in namespaces with kubernetes.io/metadata.name=kube-system, and name servers there usually have k8s-app=kube-dns',
  ],
  [
    'pods of the own namespace',
    { podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } },
    'pods with k8s-app=kube-dns in namespace shop, and name servers are in another namespace',
  ],
])('a rule for DNS that means no name server is shown: %s', ([, peer, said]) => {
  const [finding] = lint([
    policy('shop/p', { ...web, policyTypes: ['Egress'], egress: [{ to: [peer], ports: onDns }] }),
  ]).filter(({ code }) => code === 'egress-cuts-dns');
  expect(finding?.message).toBe(
    `the egress of shop/web is isolated, and no policy lets it ask a name server on UDP 53 or TCP 53: names will not resolve; a rule for DNS names ${said}`,
  );
  expect(finding?.advice).toBe(
    'Write the name server of the cluster in its place, which is usually { namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { k8s-app: kube-dns } } }.',
  );
});

describe('a selector that is meant for the API server', () => {
  const inNamespace = (name: string) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
  });
  const serverPods = {
    ...inNamespace('kube-system'),
    podSelector: { matchLabels: { component: 'kube-apiserver' } },
  };
  const codesOf = (peer: object, ports?: readonly object[], direction: 'to' | 'from' = 'to') => {
    const rule = { [direction]: [peer], ...(ports === undefined ? {} : { ports }) };
    const spec =
      direction === 'to'
        ? { policyTypes: ['Egress'], egress: [rule, { ports: onDns }] }
        : { ingress: [rule] };
    return lint([policy('shop/p', { ...web, ...spec })]).map(({ code }) => code);
  };

  test('is told, with what to write, and is no peer that just matches nobody', () => {
    expect(lint([policy('shop/p', { ...web, ...to(serverPods) })])).toEqual([
      {
        code: 'api-server-peer',
        rule: 'D24',
        policy: 'shop/p',
        path: ['spec', 'egress', 0, 'to', 0],
        message:
          'this peer, "pods with component=kube-apiserver in namespaces with kubernetes.io/metadata.name=kube-system", seems to be meant for the API server, and no selector matches it: its Service has no pods',
        advice:
          'Name the addresses of its endpoints in an ipBlock, and their port: "kubectl get endpointslices -n default kubernetes" shows both.',
      },
    ]);
  });

  test.for<readonly [string, object, readonly object[] | undefined, 'to' | 'from']>([
    ['its pods, as a source', serverPods, undefined, 'from'],
    [
      'its pods, by any label',
      {
        ...inNamespace('kube-system'),
        podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['kube-apiserver'] }] },
      },
      undefined,
      'to',
    ],
    ['the namespace of its Service, and that port', inNamespace('default'), [{ port: 443 }], 'to'],
    ['both of its ports', inNamespace('default'), [{ port: 443 }, { port: 6443 }], 'to'],
    ['the namespace of its pods, and their port', inNamespace('kube-system'), [{ port: 6443 }], 'to'],
  ])('%s', ([, peer, ports, direction]) => {
    expect(codesOf(peer, ports, direction)).toEqual(['api-server-peer']);
  });

  test.for<readonly [string, object, readonly object[] | undefined, 'to' | 'from']>([
    ['others listen on 443 in kube-system', inNamespace('kube-system'), [{ port: 443 }], 'to'],
    ['a webhook is called from elsewhere', inNamespace('default'), [{ port: 443 }], 'from'],
    ['all ports of a namespace are no one in it', inNamespace('default'), undefined, 'to'],
    ['another port is another server', inNamespace('default'), [{ port: 443 }, { port: 8080 }], 'to'],
    ['all namespaces are not its own', { namespaceSelector: {} }, [{ port: 6443 }], 'to'],
  ])('is not seen where %s', ([, peer, ports, direction]) => {
    expect(codesOf(peer, ports, direction)).not.toContain('api-server-peer');
  });

  test('is not seen where it matches a pod of the scenario', () => {
    const pods = [...TOPOLOGY.pods, pod('shop/fake', { component: 'kube-apiserver' }, [6443])];
    const peer = { podSelector: { matchLabels: { component: 'kube-apiserver' } } };
    expect(lint([policy('shop/p', { ...web, ...to(peer) })], { world: { pods } })).toEqual([]);
  });
});

test.for<readonly [string, readonly unknown[]]>([
  ['public addresses', [{ to: [{ ipBlock: { cidr: '203.0.113.7/32' } }] }]],
  [
    'blocks without what is private',
    [
      {
        to: [
          {
            ipBlock: {
              cidr: '0.0.0.0/0',
              except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'],
            },
          },
        ],
      },
    ],
  ],
  [
    'port 53 of pods that do not listen there',
    [{ to: [api], ports: [{ port: 53 }, { port: 53, protocol: 'UDP' }] }],
  ],
])('names do not resolve with nothing but %s', ([, egress]) => {
  const codes = lint([policy('shop/p', { ...web, policyTypes: ['Egress'], egress })]).map(({ code }) => code);
  expect(codes).toContain('egress-cuts-dns');
});

describe('policyTypes that do not fit the rules', () => {
  test('rules that they leave out, of which nothing else is said', () => {
    const ignored = {
      to: [{ podSelector: { matchLabels: { app: 'nobody' } } }],
      ports: [{ port: 'nothing' }],
    };
    const spec = { ...db, policyTypes: ['Ingress'], ingress: [{ from: [api] }], egress: [ignored] };
    expect(lint([policy('shop/p', spec)])).toEqual([
      {
        code: 'ignored-rules',
        rule: 'D1',
        policy: 'shop/p',
        path: ['spec', 'egress'],
        message: 'these egress rules do nothing: policyTypes leaves Egress out',
        advice: 'Write policyTypes: [Ingress, Egress] to put them in force, or take them out.',
      },
    ]);
  });

  test.for<readonly [string, unknown]>([
    ['an empty egress', { ...db, egress: [] }],
    ['an egress with nothing behind it', { ...db, egress: null, policyTypes: [] }],
  ])('%s without policyTypes', ([, spec]) => {
    expect(lint([policy('shop/p', spec)])).toEqual([
      {
        code: 'empty-egress',
        rule: 'D1',
        policy: 'shop/p',
        path: ['spec', 'egress'],
        message:
          'an empty egress without policyTypes leaves egress open, and the policy isolates ingress alone',
        advice: 'Write policyTypes: [Egress] to deny egress alone, or [Ingress, Egress] to isolate both.',
      },
    ]);
  });

  test('an empty egress beside policyTypes says what it means', () => {
    expect(lint([policy('shop/p', { ...db, policyTypes: ['Ingress'], egress: [] })])).toEqual([]);
  });
});

describe('peers that are alternatives', () => {
  const finding = (first: string, second: string): LintFinding => ({
    code: 'or-instead-of-and',
    rule: 'D8',
    policy: 'shop/p',
    path: ['spec', 'ingress', 0, 'from', 1],
    message: `these two entries are alternatives: "${first}" or "${second}"`,
    advice:
      'To mean "pods with app=web in namespaces with team=ops", write both selectors in one entry, without the second dash. To mean either of them, write two rules.',
  });
  const namespaces = 'all pods in namespaces with team=ops';
  const pods = 'pods with app=web in namespace shop';

  test('a namespaceSelector and a podSelector one after the other, in any order', () => {
    expect(lint([policy('shop/p', { ...db, ...from(ops, web) })])).toEqual([finding(namespaces, pods)]);
    expect(lint([policy('shop/p', { ...db, ...from(web, ops) })])).toEqual([finding(pods, namespaces)]);
  });

  test.for<readonly [string, unknown]>([
    ['an empty podSelector means the own namespace', from(ops, { podSelector: {} })],
    ['two podSelectors', from(web, api)],
    ['both selectors in one entry', from({ ...ops, podSelector: { matchLabels: { app: 'monitor' } } })],
    ['two rules', { ingress: [{ from: [ops] }, { from: [web] }] }],
  ])('no finding for %s', ([, rules]) => {
    expect(lint([policy('shop/p', { ...db, ...(rules as object) })])).toEqual([]);
  });
});

describe('selectors that catch pods beyond those that checks speak of', () => {
  test('a policy that isolates pods of which no check speaks', () => {
    const broad = policy('shop/p', { podSelector: { matchLabels: { part: 'shop' } }, ...from(api) });
    expect(
      lint([broad], { checks: ['shop/api > shop/db:5432', '!ops/intern > shop/db:5432'].map(check) }),
    ).toEqual([
      {
        code: 'broad-selector',
        rule: 'D4',
        policy: 'shop/p',
        path: ['spec', 'podSelector'],
        message:
          'part=shop selects shop/web and shop/api as well, of which no check speaks: this policy isolates them too',
        advice:
          'Write podSelector: { matchLabels: { app: db } } in its place, or add a check that says what holds for shop/web and shop/api.',
      },
    ]);
  });

  test('what to write is a label that only the pods meant carry, and where there is none that is said', () => {
    const pods = [
      pod('shop/a', { role: 'x', tier: '1' }, [80]),
      pod('shop/b', { role: 'x', tier: '2' }, [80]),
      pod('shop/c', { role: 'y', tier: '1' }, [80]),
      pod('shop/twin', { role: 'y', tier: '1' }, [80]),
      pod('shop/all', { role: 'z', tier: '3' }, [80]),
    ];
    const advice = (podSelector: object, ...spoken: string[]) =>
      lint([policy('shop/p', { podSelector, ...from({ podSelector: {} }) })], {
        checks: spoken.map((text) => check(`${text}:80`)),
        world: { pods },
      })
        .filter(({ code }) => code === 'broad-selector')
        .map((one) => one.advice?.replace(/, or add a check.*/, ''));
    const all = { matchExpressions: [{ key: 'role', operator: 'Exists' }] };
    expect(advice(all, 'shop/b > shop/a')).toEqual([
      'Write podSelector: { matchLabels: { role: x, tier: "1" } } in its place',
    ]);
    expect(advice(all, 'shop/b > shop/a', 'shop/a > shop/b')).toEqual([
      'Write podSelector: { matchLabels: { role: x } } in its place',
    ]);
    expect(advice(all, 'shop/b > shop/c')).toEqual(['No label sets shop/c apart: add one and select by it']);
  });

  test('an empty podSelector means every pod', () => {
    const broad = policy('shop/p', { podSelector: {}, ...from(api) });
    expect(
      lint([broad], { checks: ['shop/api > shop/db:5432', '!ops/intern > shop/db:5432'].map(check) }),
    ).toEqual([]);
  });

  const checks = ['ops/monitor > shop/db:5432', '!shop/web > shop/db:5432'].map(check);
  const stranger = (meaning: string): LintFinding => ({
    code: 'broad-peer',
    rule: 'D9',
    policy: 'shop/p',
    path: ['spec', 'ingress', 0, 'from', 0],
    message: `"${meaning}" means ops/intern as well, of which no check speaks`,
    advice:
      'Write { namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ops } }, podSelector: { matchLabels: { app: monitor } } } in its place, or add a check that says what holds for ops/intern.',
  });

  test.for<readonly [string, unknown, string]>([
    ['all pods of a namespace', ops, 'all pods in namespaces with team=ops'],
    [
      'all pods but some',
      { ...ops, podSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] } },
      'pods with app not in (web) in namespaces with team=ops',
    ],
    [
      'pods without a label',
      { ...ops, podSelector: { matchExpressions: [{ key: 'part', operator: 'DoesNotExist' }] } },
      'pods with no label part in namespaces with team=ops',
    ],
  ])('a peer that takes %s', ([, peer, meaning]) => {
    expect(lint([policy('shop/p', { ...db, ...from(peer) })], { checks })).toEqual([stranger(meaning)]);
  });

  test('a peer whose label other pods carry too', () => {
    const peer = { podSelector: { matchLabels: { part: 'shop' } } };
    const spoken = ['shop/web > shop/db:5432', '!ops/monitor > shop/db:5432'].map(check);
    expect(lint([policy('shop/p', { ...db, ...from(peer) })], { checks: spoken })).toEqual([
      {
        ...stranger('pods with part=shop in namespace shop'),
        message: '"pods with part=shop in namespace shop" means shop/api as well, of which no check speaks',
        advice:
          'Write { podSelector: { matchLabels: { app: web } } } in its place, or add a check that says what holds for shop/api.',
      },
    ]);
  });

  test('a peer with a label that nobody else carries, or whose pods all have a check, is as narrow as meant', () => {
    const narrow = { ...ops, podSelector: { matchLabels: { app: 'monitor' } } };
    expect(lint([policy('shop/p', { ...db, ...from(narrow) })], { checks })).toEqual([]);
    const spoken = [...checks, check('ops/intern > shop/db:5432')];
    expect(lint([policy('shop/p', { ...db, ...from(ops) })], { checks: spoken })).toEqual([]);
  });

  test('for egress, pods that listen on nothing are not missed', () => {
    const egress = policy('shop/p', { ...web, ...to(ops) });
    const spoken = ['shop/web > ops/intern:22', '!shop/web > shop/db:5432'].map(check);
    expect(lint([egress], { checks: spoken })).toEqual([]);
  });
});

describe('blocks', () => {
  const block = (cidr: string, ...except: string[]) =>
    policy('shop/p', { ...db, ...from({ ipBlock: { cidr, except } }) });
  const path = ['spec', 'ingress', 0, 'from', 0, 'ipBlock'];

  test('of pods', () => {
    expect(lint([block('10.42.3.0/24')])).toEqual([
      {
        code: 'block-of-pods',
        rule: 'I1',
        policy: 'shop/p',
        path: [...path, 'cidr'],
        message:
          "10.42.3.0/24 holds what are commonly pods' addresses (10.42.0.0/16 in K3s and RKE2), and not every network plugin matches pods by address",
        advice:
          'Name the pods by podSelector and namespaceSelector: their addresses change with every restart.',
      },
    ]);
  });

  test('of Services', () => {
    expect(lint([block('10.96.0.1/32')])).toEqual([
      {
        code: 'block-of-services',
        rule: 'I2',
        policy: 'shop/p',
        path: [...path, 'cidr'],
        message:
          "10.96.0.1/32 holds what are commonly Services' addresses (10.96.0.0/12 in kubeadm, kind and minikube), which most network plugins do not look at",
        advice:
          'If it is the API server, name the addresses of its endpoints, and their port: "kubectl get endpointslices -n default kubernetes" shows both (D24).',
      },
    ]);
    expect(lint([block('10.96.0.2/32')]).map(({ advice }) => advice)).toEqual([
      'Name the pods behind the Service by podSelector and namespaceSelector.',
    ]);
  });

  const codes = (...cidrs: string[]) =>
    lint([policy('shop/p', { ...db, ...from(...cidrs.map((cidr) => ({ ipBlock: { cidr } }))) })]).map(
      ({ code }) => code,
    );

  test.for([
    '10.244.0.0/16',
    '10.244.3.0/24',
    'fd00:10:244:1::/64',
    '10.42.0.0/16',
    '10.131.0.0/23',
    '192.168.0.0/16',
  ])('%s are usually pods', (cidr) => {
    expect(codes(cidr)).toEqual(['block-of-pods']);
  });

  test.for(['10.96.0.0/12', '10.96.0.10/32', 'fd00:10:96::a/128', '10.43.0.0/16', '172.30.0.1/32'])(
    '%s are usually Services',
    (cidr) => {
      expect(codes(cidr)).toEqual(['block-of-services']);
    },
  );

  test.for([
    ['more than pods or Services', '10.0.0.0/8'],
    ['others', '10.64.3.0/24'],
    ['an office', '192.168.17.0/24'],
    ['all private addresses', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
  ])('%s are neither', ([, ...cidrs]) => {
    expect(codes(...cidrs)).toEqual([]);
  });

  test('the pod range of the shipped kind cluster is known', () => {
    const config: { networking: { podSubnet: string } } = parse(readFileSync('kind-config.yaml', 'utf8'));
    expect(codes(config.networking.podSubnet)).toEqual(['block-of-pods']);
  });

  test.for<readonly [string, string, readonly string[], string]>([
    [
      'a pod of the own namespace',
      '10.244.0.0/16',
      ['shop/web > shop/db:5432', '!shop/api > shop/db:5432'],
      'Write { podSelector: { matchLabels: { app: web } } } in its place, for shop/web.',
    ],
    [
      'pods of two namespaces',
      '10.244.0.0/16',
      ['shop/web > shop/db:5432', 'shop/api > shop/db:5432', 'ops/intern > shop/db:5432'],
      'Write { podSelector: { matchExpressions: [ { key: app, operator: In, values: [ web, api ] } ] } } and { namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ops } }, podSelector: { matchLabels: { app: intern } } } in its place, for shop/web, shop/api and ops/intern.',
    ],
    [
      'a pod behind a Service',
      '10.96.0.0/16',
      ['shop/web > shop/db:5432'],
      'Write { podSelector: { matchLabels: { app: web } } } in its place, for shop/web.',
    ],
    [
      'nobody that checks expect to connect',
      '10.244.0.0/16',
      ['!shop/web > shop/db:5432', 'shop/db > shop/api:8080'],
      'Name the pods by podSelector and namespaceSelector: their addresses change with every restart.',
    ],
  ])('for %s, with what to write', ([, cidr, checks, advice]) => {
    const findings = lint([block(cidr)], { checks: checks.map(check) });
    expect(findings.filter(({ code }) => code.startsWith('block')).map((one) => one.advice)).toEqual([
      advice,
    ]);
  });

  test('a pod that a selector lets through is not meant by a block beside it', () => {
    const written = policy('shop/p', { ...db, ...from(web, { ipBlock: { cidr: '10.244.0.0/16' } }) });
    const spoken = ['shop/web > shop/db:5432', 'ops/intern > shop/db:5432'].map(check);
    expect(lint([written], { checks: spoken }).map(({ advice }) => advice)).toEqual([
      'Write { namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ops } }, podSelector: { matchLabels: { app: intern } } } in its place, for ops/intern.',
    ]);
  });

  test('with exceptions that something else lets through all the same', () => {
    const guarded = block('198.51.0.0/16', '198.51.100.0/24');
    const also = (spec: object) => policy('shop/also', { ...db, policyTypes: ['Ingress'], ...spec });
    const opened = (other: WrittenPolicy) => lint([guarded, other]).map(({ message }) => message);
    const through = (opener: string) => [
      `what the exception 198.51.100.0/24 takes out, ${opener} lets through all the same: an exception denies nothing`,
    ];
    const part = { from: [{ ipBlock: { cidr: '198.51.100.7/32' } }] };
    expect(opened(also({ ingress: [part] }))).toEqual(
      through('198.51.100.7/32 in rule 1 of policy shop/also'),
    );
    expect(opened(also({ ingress: [{}] }))).toEqual(
      through('rule 1 of policy shop/also, which names no peers,'),
    );
    // Other pods, other ports, another hole, the other direction: nothing is opened again.
    expect(opened(also({ ...api, ingress: [part] }))).toEqual([]);
    expect(opened(also({ ingress: [{ ...part, ports: [{ port: 5432 }] }] }))).toEqual([]);
    expect(opened(block('198.51.100.0/22', '198.51.100.0/24'))).toEqual([]);
  });

  test('with exceptions that are part of others', () => {
    const overlap = (index: number, hole: string, around: string): LintFinding => ({
      code: 'overlapping-except',
      rule: 'D12',
      policy: 'shop/p',
      path: [...path, 'except', index],
      message: `the exception ${hole} takes nothing out that ${around} does not take out already`,
      advice: `Take ${hole} out of the list.`,
    });
    const findings = lint([
      block('0.0.0.0/0', '10.1.0.0/16', '10.0.0.0/8', '192.168.0.0/16', '192.168.0.0/16'),
    ]);
    expect(findings).toEqual([
      overlap(0, '10.1.0.0/16', '10.0.0.0/8'),
      overlap(3, '192.168.0.0/16', '192.168.0.0/16'),
    ]);
  });
});

describe('named ports', () => {
  const finding = (path: LintFinding['path'], message: string, advice: string): LintFinding => ({
    code: 'unknown-port-name',
    rule: 'D14',
    policy: 'shop/p',
    path,
    message,
    advice,
  });
  const ingress = (spec: object, ...ports: unknown[]) => policy('shop/p', { ...spec, ingress: [{ ports }] });

  test('that no selected pod has', () => {
    expect(lint([ingress(web, { port: 80 }, { port: 'htp' })])).toEqual([
      finding(
        ['spec', 'ingress', 0, 'ports', 1, 'port'],
        'no pod that this policy selects has a TCP port named "htp"',
        'Write a number, or a name that the pods give to a port: here http (TCP 80).',
      ),
    ]);
    expect(lint([ingress(db, { port: 'sql' })])).toEqual([
      finding(
        ['spec', 'ingress', 0, 'ports', 0, 'port'],
        'no pod that this policy selects has a TCP port named "sql"',
        'Write a number, or a name that the pods give to a port: here they name none.',
      ),
    ]);
  });

  test('that selected pods have with another protocol', () => {
    expect(lint([ingress(api, { port: 'metrics' })])).toEqual([
      finding(
        ['spec', 'ingress', 0, 'ports', 0, 'port'],
        'no pod that this policy selects has a TCP port named "metrics", only a UDP port',
        'Write protocol: UDP beside the name.',
      ),
    ]);
  });

  test('are those of the reached pods for egress, but for those of a name server', () => {
    const egress = [
      { to: [api], ports: [{ port: 'http' }] },
      { ports: [{ port: 'http' }, { port: 'sql' }, { port: 'dns-tcp' }, { port: 'dns', protocol: 'UDP' }] },
    ];
    const findings = lint([policy('shop/p', { ...db, policyTypes: ['Egress'], egress })]);
    expect(findings.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
      'spec.egress.0.ports.0.port: no pod that this rule leads to has a TCP port named "http"',
      'spec.egress.1.ports.1.port: no pod that this rule leads to has a TCP port named "sql"',
    ]);
  });

  test('that some of the selected pods have', () => {
    expect(lint([ingress({}, { port: 'http' }, { port: 'metrics', protocol: 'UDP' })])).toEqual([]);
  });
});

describe('numbered ports', () => {
  const unused = (path: LintFinding['path'], message: string, known: string): LintFinding => ({
    code: 'unused-port',
    rule: 'D13',
    policy: 'shop/p',
    path,
    message,
    advice: `Write a port of the pods themselves, since that of a Service does not count: here ${known}.`,
  });

  test('on which no selected pod listens', () => {
    const ports = [
      { port: 80 },
      { port: 5432 },
      { port: 5432, protocol: 'UDP' },
      { port: 6000, endPort: 7000 },
    ];
    expect(lint([policy('shop/p', { ...db, ingress: [{ ports }] })])).toEqual([
      unused(
        ['spec', 'ingress', 0, 'ports', 0, 'port'],
        'no pod that this policy selects listens on TCP 80',
        'they listen on TCP 5432',
      ),
      unused(
        ['spec', 'ingress', 0, 'ports', 2, 'port'],
        'no pod that this policy selects listens on UDP 5432',
        'they listen on TCP 5432',
      ),
      unused(
        ['spec', 'ingress', 0, 'ports', 3, 'port'],
        'no pod that this policy selects listens on TCP 6000 to 7000',
        'they listen on TCP 5432',
      ),
    ]);
    const monitor = { podSelector: { matchLabels: { app: 'monitor' } } };
    expect(lint([policy('ops/p', { ...monitor, ingress: [{ ports: [{ port: 80 }] }] })])).toEqual([
      {
        ...unused(
          ['spec', 'ingress', 0, 'ports', 0, 'port'],
          'no pod that this policy selects listens on TCP 80',
          'they listen on none',
        ),
        policy: 'ops/p',
      },
    ]);
  });

  test('of egress are those of the reached pods, unless the rule leads out of the scenario', () => {
    const ports = [{ port: 9999 }, { port: 53, protocol: 'UDP' }, { port: 53 }];
    const egress = (...peers: unknown[]) =>
      lint([policy('shop/p', { ...web, policyTypes: ['Egress'], egress: [{ to: peers, ports }] })]).filter(
        ({ code }) => code === 'unused-port',
      );
    expect(egress(api)).toEqual([
      unused(
        ['spec', 'egress', 0, 'ports', 0, 'port'],
        'no pod that this rule leads to listens on TCP 9999',
        'they listen on TCP 8080 and UDP 9090',
      ),
    ]);
    expect(egress()).toEqual([]);
    expect(egress(api, { ipBlock: { cidr: '203.0.113.0/24' } })).toEqual([]);
  });

  test('that some selected pod listens on, or that are in a range with one', () => {
    const ports = [
      { port: 80 },
      { port: 8000, endPort: 9000 },
      { port: 9000, protocol: 'SCTP' },
      { protocol: 'UDP' },
    ];
    expect(lint([policy('shop/p', { ingress: [{ ports }] })])).toEqual([]);
  });
});

describe('lists that are there and empty', () => {
  test('of peers and of ports, in each way to write them', () => {
    const rules = [
      { from: [], ports: [{ port: 5432 }] },
      { from: null },
      { from: [api], ports: [] },
      { from: [web], ports: null },
      {},
    ];
    expect(lint([policy('shop/p', { ...db, ingress: rules })])).toEqual(
      [
        [0, 'from', 'lets everybody in', 'nobody', 'everybody'] as const,
        [1, 'from', 'lets everybody in', 'nobody', 'everybody'] as const,
        [2, 'ports', 'allows every port', 'no port', 'every port'] as const,
        [3, 'ports', 'allows every port', 'no port', 'every port'] as const,
      ].map(([index, field, effect, nothing, all]) => ({
        code: 'empty-list',
        rule: 'D7',
        policy: 'shop/p',
        path: ['spec', 'ingress', index, field],
        message: `"${field}" is there and names nothing: so the rule ${effect}, as if "${field}" were left out`,
        advice: `To allow ${nothing}, take the whole rule out; to allow ${all}, leave "${field}" out.`,
      })),
    );
    const [found] = lint([policy('shop/p', { ...db, policyTypes: ['Egress'], egress: [{ to: [] }] })]);
    expect(found?.message).toBe(
      '"to" is there and names nothing: so the rule leads everywhere, as if "to" were left out',
    );
  });
});

describe('blocks that some servers refuse, and that nobody is in', () => {
  const path = ['spec', 'ingress', 0, 'from', 0, 'ipBlock'];
  const lintBlock = (cidr: string, ...except: string[]) =>
    lint([policy('shop/p', { ...db, ...from({ ipBlock: { cidr, except } }) })]);
  const lax = (place: LintFinding['path'], message: string, advice: string): LintFinding => ({
    code: 'lax-cidr',
    rule: 'D3a',
    policy: 'shop/p',
    path: [...path, ...place],
    message,
    advice,
  });

  test('that API servers refuse since Kubernetes 1.36', () => {
    expect(lintBlock('203.0.113.1/24')).toEqual([
      lax(
        ['cidr'],
        '203.0.113.1/24 is no block, since it begins with an address within one: API servers refuse it since Kubernetes 1.36; older ones take it for 203.0.113.0/24',
        'Write 203.0.113.0/24, or 203.0.113.1/32 if one address is meant.',
      ),
    ]);
    expect(lintBlock('203.000.113.0/24', '203.0.113.0/025')).toEqual([
      lax(
        ['cidr'],
        '203.000.113.0/24 has numbers with leading zeros: API servers refuse it since Kubernetes 1.36; older ones take it for 203.0.113.0/24, and other programs may read octal numbers',
        'Write 203.0.113.0/24.',
      ),
      lax(
        ['except', 0],
        '203.0.113.0/025 has numbers with leading zeros: API servers refuse it since Kubernetes 1.36; older ones take it for 203.0.113.0/25, and other programs may read octal numbers',
        'Write 203.0.113.0/25.',
      ),
    ]);
    expect(lintBlock('::ffff:203.0.113.0/120')).toEqual([
      lax(
        ['cidr'],
        '::ffff:203.0.113.0/120 is IPv4 written as IPv6: API servers refuse it since Kubernetes 1.36; older ones take it, and network plugins differ in what it matches',
        'Write it as IPv4: 203.0.113.0/24.',
      ),
    ]);
    // Whoever writes that means something else, and is not told to let everybody in.
    expect(lintBlock('::ffff:10.0.0.0/96').map(({ advice }) => advice)).toEqual([
      'Write the IPv4 block that is meant: as it stands it is 0.0.0.0/0, which is everybody.',
    ]);
  });

  describe('of one family alone', () => {
    const hosts = [{ key: 'host/partner', address: '203.0.113.30' }];
    const tried = (family: 'IPv4' | 'IPv6', other = 'host/partner'): LintCheck => ({
      ...{ from: other, to: 'shop/db', port: 5432, protocol: 'TCP', expected: 'reachable', family },
    });
    const both = [tried('IPv4'), tried('IPv6')];
    const found = (spec: object, checks: readonly LintCheck[] = both) =>
      lint([policy('shop/p', { ...db, ...spec })], { checks, world: { hosts } })
        .filter(({ code }) => code === 'one-family')
        .map(({ message, advice }) => ({ message, advice }));
    const partner = { ipBlock: { cidr: '203.0.113.0/24' } };
    const sixth = { ipBlock: { cidr: '2001:db8:30::/48' } };

    test('are told of where hosts are tried in the other', () => {
      expect(found(from(partner))).toEqual([
        {
          message:
            '203.0.113.0/24 holds no IPv6 address, and hosts are tried over IPv6 as well: no rule for ingress means them there',
          advice: 'Add their IPv6 addresses.',
        },
      ]);
      expect(found(from(web, sixth, { ipBlock: { cidr: '::/0' } }))).toEqual([
        {
          message:
            '2001:db8:30::/48 and ::/0 hold no IPv4 address, and hosts are tried over IPv4 as well: no rule for ingress means them there',
          advice: 'Add 0.0.0.0/0 if everybody is meant, with the exceptions that it needs.',
        },
      ]);
    });

    test.each([
      ['both are named', from(partner, sixth), both],
      ['another rule means everybody', { ingress: [{ from: [partner] }, {}] }, both],
      ['nobody tries the other', from(partner), [tried('IPv4')]],
      ['only pods are tried in the other', from(partner), [tried('IPv4'), tried('IPv6', 'shop/web')]],
      ['there are no blocks', from(web), both],
      ['it is about the other direction', to(partner), both],
    ] as const)('are not told of where %s', (_, spec, checks) => {
      expect(found(spec, checks)).toEqual([]);
    });
  });

  test('are told of rules that do nothing, too: they are refused with the others', () => {
    const egress = [{ to: [{ ipBlock: { cidr: '203.0.113.1/24' } }] }];
    expect(
      lint([policy('shop/p', { ...db, policyTypes: ['Ingress'], egress })]).map(({ code }) => code),
    ).toEqual(['ignored-rules', 'lax-cidr']);
  });

  test.for([
    ['0.0.0.0/24', '0.0.0.0/0'],
    ['0.0.0.0/8', '0.0.0.0/0'],
    ['::/64', '::/0'],
  ] as const)('that mean nobody: %s', ([cidr, all]) => {
    expect(lintBlock(cidr)).toEqual([
      {
        code: 'block-of-nobody',
        rule: 'D12',
        policy: 'shop/p',
        path: [...path, 'cidr'],
        message: `${cidr} does not mean everybody: nobody has an address in it`,
        advice: `Write ${all} to mean everybody, or take it out.`,
      },
    ]);
  });

  test.each(['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '::/0', '64:ff9b::/96'])(
    'that mean somebody: %s',
    (cidr) => {
      expect(lintBlock(cidr)).toEqual([]);
    },
  );
});

describe('rules, peers and ports that nothing tests', () => {
  const untested = (path: LintFinding['path'], name: string, advice: string): LintFinding => ({
    code: 'untested-rule',
    rule: 'D6',
    policy: 'shop/p',
    path: ['spec', ...path],
    message: `without this ${name} every check would be predicted the same: nothing tests it`,
    advice,
  });
  const add = (pair: string) => `Add a check of something that it decides, such as ${pair}.`;
  const denied = '!ops/intern > shop/db:5432';

  test('a rule', () => {
    const spec = { ...db, ingress: [{ from: [web] }, { from: [api], ports: [{ port: 5432 }] }] };
    const checks = [denied, 'shop/web > shop/db:5432'].map(check);
    expect(lint([policy('shop/p', spec)], { checks })).toEqual([
      untested(['ingress', 1], 'rule', add('shop/api → shop/db:5432/TCP')),
    ]);
    expect(lint([policy('shop/p', spec)], { checks: [...checks, check('shop/api > shop/db:5432')] })).toEqual(
      [],
    );
  });

  test('a peer of a rule that another peer tests', () => {
    const spec = { ...db, ingress: [{ from: [web, api] }] };
    const checks = [denied, 'shop/web > shop/db:5432'].map(check);
    expect(lint([policy('shop/p', spec)], { checks })).toEqual([
      untested(
        ['ingress', 0, 'from', 1],
        'peer, "pods with app=api in namespace shop",',
        add('shop/api → shop/db:5432/TCP'),
      ),
    ]);
  });

  test('a port of a rule that another port tests', () => {
    const world = { pods: [...TOPOLOGY.pods, pod('shop/two', { app: 'two' }, [1, 2])] };
    const two = { podSelector: { matchLabels: { app: 'two' } } };
    const spec = { ...two, ingress: [{ from: [api], ports: [{ port: 1 }, { port: 2 }] }] };
    const checks = ['!ops/intern > shop/two:1', 'shop/api > shop/two:1'].map(check);
    expect(lint([policy('shop/p', spec)], { checks, world })).toEqual([
      untested(['ingress', 0, 'ports', 1], 'port, TCP 2,', add('shop/api → shop/two:2/TCP')),
    ]);
  });

  test('is told of egress as well', () => {
    const spec = {
      ...web,
      policyTypes: ['Egress'],
      egress: [{ to: [api] }, { to: [db] }, { ports: [{ port: 53 }, { port: 53, protocol: 'UDP' }] }],
    };
    const checks = ['!shop/web > ops/intern:22', 'shop/web > shop/api:8080'].map(check);
    expect(lint([policy('shop/p', spec)], { checks })).toEqual([
      untested(['egress', 1], 'rule', add('shop/web → shop/db:5432/TCP')),
    ]);
  });

  test('a rule that another one makes superfluous, which no check can test', () => {
    const checks = [denied, 'shop/api > shop/db:5432'].map(check);
    const twice = ['p', 'q'].map((name) => policy(`shop/${name}`, { ...db, ...from(api) }));
    const deny = policy('shop/deny', db);
    expect(lint([...twice, deny], { checks }).map(({ code, policy: name }) => `${code} ${name}`)).toEqual([
      'untested-policy shop/p',
      'untested-policy shop/q',
      'untested-policy shop/deny',
    ]);
    const spec = { ...db, ingress: [{ from: [api] }, { from: [api], ports: [{ port: 5432 }] }] };
    const idle =
      'No check can: what it lets through, another rule lets through too, or the other end does not. Accept this finding, with a reason, or add the pods that it is about.';
    expect(lint([policy('shop/p', spec)], { checks })).toEqual([
      untested(['ingress', 0], 'rule', idle),
      untested(['ingress', 1], 'rule', idle),
    ]);
  });

  test('is not said of what is outside of the scenario, or cut by others', () => {
    const spec = { ...db, ingress: [{ from: [web] }, { from: [{ ipBlock: { cidr: '203.0.113.0/24' } }] }] };
    const checks = [denied, 'shop/web > shop/db:5432'].map(check);
    expect(lint([policy('shop/p', spec)], { checks })).toEqual([]);
    const cut: LintCheck = { ...check('!shop/api > shop/db:5432'), cutBy: 'others' };
    const both = policy('shop/p', { ...db, ingress: [{ from: [web] }, { from: [api] }] });
    expect(lint([both], { checks: [...checks, cut] })).toEqual([]);
  });
});

describe('a default deny', () => {
  const deny = policy('shop/deny', { policyTypes: ['Ingress'] });
  const all = ['web', 'api', 'db'].map((app) =>
    policy(`shop/${app}`, { podSelector: { matchLabels: { app } }, policyTypes: ['Ingress'] }),
  );

  test('that others make redundant today guards what is yet to come', () => {
    const checks = ['!shop/web > shop/api:8080', '!shop/web > shop/db:5432', '!shop/api > shop/web:80'].map(
      check,
    );
    const [found] = lint([deny, ...all], { checks });
    expect(found).toEqual({
      code: 'untested-policy',
      rule: 'D6',
      policy: 'shop/deny',
      path: [],
      message:
        'nothing tests this default deny, since other policies deny the same today: it guards the pods that are yet to come',
    });
  });

  test('that decides only what others cut is not called redundant', () => {
    const cut = ['shop/web > shop/api:8080', 'shop/api > shop/db:5432'].map(
      (text): LintCheck => ({ ...check(`!${text}`), cutBy: 'others' }),
    );
    const world = {
      pods: TOPOLOGY.pods
        .filter(({ name }) => name === 'api' || name === 'web')
        .map((one) => ({
          ...one,
          ports: one.name === 'api' ? [{ port: 8080, protocol: 'TCP' as const }] : [],
        })),
    };
    expect(lint([deny], { checks: cut.slice(0, 1), world })).toEqual([
      expect.objectContaining({
        code: 'untested-policy',
        message: expect.stringContaining('is cut by others: no check can test it'),
      }),
    ]);
  });
});

test('values that are something else to the API server are told, unless they are refused', () => {
  const location = { file: 'p.yaml', line: 7, column: 9 };
  const told = (written: string, read: boolean | number, isKey = false) => {
    const retyped = [{ written, read, isKey, location }];
    const [found] = lint([{ ...policy('shop/p', { ...db, ingress: [{}] }), retyped }]);
    return found;
  };
  expect(told('012470', 5432)).toEqual({
    code: 'retyped-value',
    rule: 'D3a',
    policy: 'shop/p',
    path: [],
    location,
    message: 'the API server reads YAML 1.1, where 012470 is the octal number 5432',
    advice: 'Write 5432. If it is meant as text: "012470".',
  });
  expect(told('on', true, true)).toEqual(
    expect.objectContaining({
      message: 'the API server reads YAML 1.1, where on is true: the key is "true"',
      advice: 'Put it in quotes: "on".',
    }),
  );
});

test('findings say where they are, as exactly as is known', () => {
  const whole = { file: 'p.yaml', line: 1, column: 1 };
  const part = { file: 'p.yaml', line: 7, column: 9 };
  const written = policy('shop/p', {
    ...db,
    egress: [],
    ...from({ podSelector: { matchLabels: { app: 'ui' } } }),
  });
  const locate: WrittenPolicy['locate'] = (path) => (path.length === 5 ? part : undefined);
  expect(lint([{ ...written, location: whole, locate }]).map(({ location }) => location)).toEqual([part]);
  expect(lint([{ ...written, location: whole }]).map(({ location }) => location)).toEqual([whole]);
});

test('selectors that mean pods on the network of their nodes are told, as subjects and as peers', () => {
  const host = pod('ops/host', { app: 'host' }, [], { hostNetwork: true });
  const world = { pods: [...TOPOLOGY.pods, host] };
  const found = lint(
    [
      policy('shop/p', { ...db, ...from(ops, { ipBlock: { cidr: '192.0.2.0/24' } }, { podSelector: {} }) }),
      policy('ops/q', { podSelector: { matchLabels: { app: 'host' } }, ingress: [] }),
    ],
    { world },
  ).filter(({ code }) => code === 'host-network-pod');
  expect(found.map(({ policy: name, path, message }) => [name, path.join('.'), message])).toEqual([
    [
      'shop/p',
      'spec.ingress.0.from.0',
      'ops/host is on the network of its node: with most network plugins the selectors of this peer, "all pods in namespaces with team=ops", do not match it',
    ],
    [
      'ops/q',
      'spec.podSelector',
      'ops/host is on the network of its node: most network plugins isolate no such pod',
    ],
  ]);
  expect(lint([policy('shop/p', { ...db, ...from(ops) })]).map(({ code }) => code)).not.toContain(
    'host-network-pod',
  );
});
