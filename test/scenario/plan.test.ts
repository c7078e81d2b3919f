import { describe, expect, test } from 'vitest';
import { flowBetween } from '../../src/policy/model.ts';
import { createProject, describeChecks, scenarioWith } from './project.ts';

async function checksOf(lines: string): Promise<readonly string[]> {
  await using project = await createProject({ 'a.yaml': scenarioWith(lines) });
  return describeChecks((await project.load())[0]?.steps[0].checks ?? []);
}

async function failureOf(lines: string): Promise<string> {
  await using project = await createProject({ 'a.yaml': scenarioWith(lines) });
  return await project.failure();
}

test('a step has one oracle, however often it is asked for', async () => {
  await using project = await createProject({
    'a.yaml': scenarioWith('reachable: [{ from: shop/api, to: shop/db }]\n'),
  });
  const [plan] = await project.load(undefined, { checks: ['shop/api -> shop/db'] });
  expect(plan?.steps[0].oracle().parties.pods.map(({ name }) => name)).toContain('shop/db');
  expect(plan?.steps[0].oracle()).toBe(plan?.steps[0].oracle());
});

describe('checks', () => {
  test('carry where they were declared and why, in the order of sources, destinations and ports', async () => {
    await using project = await createProject({
      'a.yaml': scenarioWith(`
unreachable:
  - from: "*"
    to: shop/db
    except: [shop/api]
    because: card numbers
reachable:
  - { from: ops/prometheus, to: "shop/api:metrics" }
  - { from: shop/api, to: "shop/db:5432/TCP" }
`),
    });
    const [plan] = await project.load();
    expect(plan?.steps[0].checks).toEqual([
      {
        id: 0,
        from: 'shop/web',
        to: 'shop/db',
        port: 5432,
        protocol: 'TCP',
        expected: 'unreachable',
        declared: { file: 'a.yaml', line: 13, column: 5 },
        because: 'card numbers',
      },
      {
        id: 1,
        from: 'shop/web',
        to: 'shop/db',
        port: 5432,
        protocol: 'UDP',
        expected: 'unreachable',
        declared: { file: 'a.yaml', line: 13, column: 5 },
        because: 'card numbers',
      },
      {
        id: 2,
        from: 'shop/api',
        to: 'shop/db',
        port: 5432,
        protocol: 'TCP',
        expected: 'reachable',
        declared: { file: 'a.yaml', line: 19, column: 5 },
      },
      {
        id: 3,
        from: 'ops/prometheus',
        to: 'shop/api',
        port: 9090,
        portName: 'metrics',
        protocol: 'TCP',
        expected: 'reachable',
        declared: { file: 'a.yaml', line: 18, column: 5 },
      },
      {
        id: 4,
        from: 'ops/prometheus',
        to: 'shop/db',
        port: 5432,
        protocol: 'TCP',
        expected: 'unreachable',
        declared: { file: 'a.yaml', line: 13, column: 5 },
        because: 'card numbers',
      },
      {
        id: 5,
        from: 'ops/prometheus',
        to: 'shop/db',
        port: 5432,
        protocol: 'UDP',
        expected: 'unreachable',
        declared: { file: 'a.yaml', line: 13, column: 5 },
        because: 'card numbers',
      },
    ]);
  });

  test('the topology is carried as declared', async () => {
    await using project = await createProject({ 'a.yaml': scenarioWith('otherwise: reachable\n') });
    const [plan] = await project.load();
    expect(plan?.namespaces).toEqual([
      { name: 'shop', labels: { team: 'shop' } },
      { name: 'ops', labels: { team: 'ops' } },
    ]);
    expect(plan?.pods).toEqual([
      { namespace: 'shop', name: 'web', labels: { app: 'web' }, ports: [{ port: 80, protocol: 'TCP' }] },
      {
        namespace: 'shop',
        name: 'api',
        labels: { app: 'api' },
        ports: [
          { port: 8080, protocol: 'TCP' },
          { name: 'metrics', port: 9090, protocol: 'TCP' },
        ],
      },
      {
        namespace: 'shop',
        name: 'db',
        labels: { app: 'db' },
        ports: [
          { port: 5432, protocol: 'TCP' },
          { port: 5432, protocol: 'UDP' },
        ],
      },
      { namespace: 'ops', name: 'prometheus', labels: { app: 'prometheus' }, ports: [] },
    ]);
  });

  test('"otherwise" speaks of every pair of different pods on every port that no rule speaks of', async () => {
    await using project = await createProject({
      'a.yaml': scenarioWith(`
reachable: [{ from: shop/web, to: "shop/api:8080" }]
otherwise: unreachable
`),
    });
    const checks = (await project.load())[0]?.steps[0].checks ?? [];
    expect(describeChecks(checks)).toEqual([
      'reachable shop/web > shop/api:8080/TCP',
      'unreachable shop/web > shop/api:9090/TCP',
      'unreachable shop/web > shop/db:5432/TCP',
      'unreachable shop/web > shop/db:5432/UDP',
      'unreachable shop/api > shop/web:80/TCP',
      'unreachable shop/api > shop/db:5432/TCP',
      'unreachable shop/api > shop/db:5432/UDP',
      'unreachable shop/db > shop/web:80/TCP',
      'unreachable shop/db > shop/api:8080/TCP',
      'unreachable shop/db > shop/api:9090/TCP',
      'unreachable ops/prometheus > shop/web:80/TCP',
      'unreachable ops/prometheus > shop/api:8080/TCP',
      'unreachable ops/prometheus > shop/api:9090/TCP',
      'unreachable ops/prometheus > shop/db:5432/TCP',
      'unreachable ops/prometheus > shop/db:5432/UDP',
    ]);
    expect(new Set(checks.map(({ declared }) => `${declared.line}:${declared.column}`))).toEqual(
      new Set(['12:13', '13:1']),
    );
  });

  test('a check that is declared twice is there once, as the first declaration has it', async () => {
    await using project = await createProject({
      'a.yaml': scenarioWith(`
reachable:
  - { from: shop/web, to: "shop/api:8080", because: first }
  - { from: [shop/web, shop/web], to: ["shop/api:8080", shop/api], because: second }
`),
    });
    expect((await project.load())[0]?.steps[0].checks.map(({ port, because }) => [port, because])).toEqual([
      [8080, 'first'],
      [9090, 'second'],
    ]);
  });
});

describe('what something else cuts', () => {
  test('is in the check with its reason, and wins over "otherwise"', async () => {
    await using project = await createProject({
      'a.yaml': scenarioWith(`
unreachable:
  - { from: shop/web, to: "shop/db:5432", cutBy: others, because: the firewall }
  - { from: [shop/web, shop/api], to: "shop/db:5432", cutBy: others, because: the mesh }
otherwise: unreachable
`),
    });
    const [plan] = await project.load();
    const toDatabase = plan?.steps[0].checks.filter(
      ({ port, protocol }) => port === 5432 && protocol === 'TCP',
    );
    expect(toDatabase).toEqual([
      {
        id: 2,
        from: 'shop/web',
        to: 'shop/db',
        port: 5432,
        protocol: 'TCP',
        expected: 'unreachable',
        declared: { file: 'a.yaml', line: 13, column: 5 },
        because: 'the firewall',
        cutBy: 'others',
      },
      {
        id: 5,
        from: 'shop/api',
        to: 'shop/db',
        port: 5432,
        protocol: 'TCP',
        expected: 'unreachable',
        declared: { file: 'a.yaml', line: 14, column: 5 },
        because: 'the mesh',
        cutBy: 'others',
      },
      {
        id: 13,
        from: 'ops/prometheus',
        to: 'shop/db',
        port: 5432,
        protocol: 'TCP',
        expected: 'unreachable',
        declared: { file: 'a.yaml', line: 15, column: 1 },
      },
    ]);
  });
});

describe('what a rule speaks of', () => {
  test.each([
    ['from: shop/web, to: shop/db', ['shop/web > shop/db:5432/TCP', 'shop/web > shop/db:5432/UDP']],
    ['from: shop/web, to: "shop/db:5432"', ['shop/web > shop/db:5432/TCP']],
    ['from: shop/web, to: "shop/db:5432/UDP"', ['shop/web > shop/db:5432/UDP']],
    ['from: shop/web, to: "shop/api:metrics"', ['shop/web > shop/api:9090/TCP']],
    ['from: shop/web, to: "shop/*:5432/UDP"', ['shop/web > shop/db:5432/UDP']],
    ['from: ops/*, to: "*:metrics"', ['ops/prometheus > shop/api:9090/TCP']],
    [
      'from: "*", to: "shop/db:5432"',
      ['shop/web > shop/db:5432/TCP', 'shop/api > shop/db:5432/TCP', 'ops/prometheus > shop/db:5432/TCP'],
    ],
    ['from: [shop/web, ops/*], to: ["*:80"]', ['ops/prometheus > shop/web:80/TCP']],
    [
      'from: { namespaceSelector: { matchLabels: { team: ops } } }, to: "shop/web"',
      ['ops/prometheus > shop/web:80/TCP'],
    ],
    [
      'from: { namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ops } } }, to: "shop/web"',
      ['ops/prometheus > shop/web:80/TCP'],
    ],
    [
      'from: { podSelector: { matchExpressions: [{ key: app, operator: NotIn, values: [web, db] }] } }, to: shop/web',
      ['shop/api > shop/web:80/TCP', 'ops/prometheus > shop/web:80/TCP'],
    ],
    [
      'from: { namespaceSelector: { matchLabels: { team: shop } }, podSelector: { matchLabels: { app: api } } }, to: shop/web',
      ['shop/api > shop/web:80/TCP'],
    ],
    [
      'from: ops/prometheus, to: { podSelector: {}, ports: [metrics, 5432/UDP, 80] }',
      [
        'ops/prometheus > shop/web:80/TCP',
        'ops/prometheus > shop/api:9090/TCP',
        'ops/prometheus > shop/db:5432/UDP',
      ],
    ],
  ])('%s', async (rule, checks) => {
    expect(await checksOf(`reachable: [{ ${rule} }]\n`)).toEqual(checks.map((check) => `reachable ${check}`));
  });

  test.each([
    ['from: shop/web, to: shop/web', ['shop/web > shop/web:80/TCP']],
    ['from: [shop/web], to: ["shop/web:80"]', ['shop/web > shop/web:80/TCP']],
    [
      'from: "*", to: shop/web',
      ['shop/api', 'shop/db', 'ops/prometheus'].map((pod) => `${pod} > shop/web:80/TCP`),
    ],
    ['from: [shop/web, shop/db], to: [shop/web]', ['shop/db > shop/web:80/TCP']],
  ])('a pod is paired with itself only where the rule is about just that: %s', async (rule, checks) => {
    expect(await checksOf(`reachable: [{ ${rule} }]\n`)).toEqual(checks.map((check) => `reachable ${check}`));
  });

  test.each([
    ['shop/api', ['shop/web', 'ops/prometheus']],
    ['[shop/api, ops/*]', ['shop/web']],
    ['{ podSelector: { matchLabels: { app: web } } }', ['shop/api', 'ops/prometheus']],
    ['{ from: shop/api }', ['shop/web', 'ops/prometheus']],
    ['[{ from: shop/api, to: "shop/db:5432/UDP" }, shop/web]', ['shop/api', 'ops/prometheus']],
    ['{ to: shop/web }', ['shop/web', 'shop/api', 'ops/prometheus']],
  ])('"except" takes out sources, or pairs: %s', async (except, sources) => {
    expect(await checksOf(`unreachable: [{ from: "*", to: "shop/db:5432", except: ${except} }]\n`)).toEqual(
      sources.map((source) => `unreachable ${source} > shop/db:5432/TCP`),
    );
  });

  test('an exception that matches no pair of its rule is remembered with its place', async () => {
    await using project = await createProject({
      'a.yaml': scenarioWith(`
unreachable:
  - { from: [shop/web, shop/api], to: shop/db, except: [ops/prometheus, { from: "*", to: shop/api }, shop/api] }
  - { from: "*", to: "shop/db:5432", except: { from: shop/db } }
`),
    });
    expect((await project.load())[0]?.idleExceptions).toEqual([
      { file: 'a.yaml', line: 13, column: 57 },
      { file: 'a.yaml', line: 13, column: 73 },
      { file: 'a.yaml', line: 14, column: 46 },
    ]);
  });

  test('"except" with ports takes out those ports only', async () => {
    expect(
      await checksOf(
        'unreachable: [{ from: shop/web, to: "*", except: { to: ["*:metrics", "shop/db:5432/UDP"] } }]\n',
      ),
    ).toEqual(['unreachable shop/web > shop/api:8080/TCP', 'unreachable shop/web > shop/db:5432/TCP']);
  });

  test.each([
    ['from: shop/wep, to: shop/db', 19, 'unknown pod "shop/wep"', 'Did you mean "shop/web"?'],
    [
      'from: shop/web, to: legacy/mainframe',
      33,
      'unknown pod "legacy/mainframe"',
      'The pods are: shop/web, shop/api, shop/db, ops/prometheus.',
    ],
    ['from: shpo/*, to: shop/db', 19, 'unknown namespace "shpo"', 'Did you mean "shop"?'],
    [
      'from: shop/web, to: "shop/db:6432"',
      33,
      'shop/db does not listen on port 6432/TCP: a connection there would prove nothing',
      'Did you mean "5432/TCP"?',
    ],
    [
      'from: shop/web, to: "shop/api:443"',
      33,
      'shop/api does not listen on port 443/TCP: a connection there would prove nothing',
      'The ports are: 8080/TCP, 9090/TCP (metrics).',
    ],
    [
      'from: shop/web, to: "shop/api:8080/UDP"',
      33,
      'shop/api does not listen on port 8080/UDP: a connection there would prove nothing',
      'Did you mean "8080/TCP"?',
    ],
    [
      'from: shop/web, to: "shop/api:metric"',
      33,
      'shop/api does not listen on port "metric": a connection there would prove nothing',
      'Did you mean "metrics"?',
    ],
    [
      'from: shop/web, to: ops/prometheus',
      33,
      'ops/prometheus does not listen on any port: a connection there would prove nothing',
      'Declare the ports that it listens on under "pods".',
    ],
    [
      'from: shop/web, to: ops/*',
      33,
      'ops/prometheus does not listen on any port: a connection there would prove nothing',
      'Declare the ports that it listens on under "pods".',
    ],
    [
      'from: shop/web, to: "shop/*:443"',
      33,
      'none of these pods listens on port 443/TCP: a connection there would prove nothing',
      'The ports are: 80/TCP, 8080/TCP, 9090/TCP (metrics), 5432/TCP, 5432/UDP.',
    ],
    [
      'from: shop/web, to: { podSelector: {}, ports: [80, 81] }',
      33,
      'none of these pods listens on port 81/TCP: a connection there would prove nothing',
      'Did you mean "80/TCP"?',
    ],
    [
      'from: { podSelector: { matchLabels: { app: cache } } }, to: shop/db',
      19,
      'no pod of the scenario matches these selectors',
      undefined,
    ],
    [
      'from: { namespaceSelector: { matchLabels: { team: qa } } }, to: shop/db',
      19,
      'no namespace of the scenario matches this namespaceSelector',
      undefined,
    ],
    ['from: "*", to: shop/db, except: shop/apo', 45, 'unknown pod "shop/apo"', 'Did you mean "shop/api"?'],
    [
      'from: shop/web, to: shop/db, except: shop/web',
      13,
      'nothing is left of this rule after its exceptions',
      undefined,
    ],
    ['from: shop/web, to: [shop/web, shop/web]', 13, 'this rule pairs no pod with another', undefined],
  ])('an empty selection is a mistake: %s', async (rule, column, message, hint) => {
    const line = `reachable: [{ ${rule} }]`;
    expect(await failureOf(`${line}\n`)).toBe(
      [
        `a.yaml:12:${column === 13 ? 13 : column + 2}: ${message}`,
        `  12 | ${line}`,
        `     | ${' '.repeat((column === 13 ? 13 : column + 2) - 1)}^`,
        ...(hint === undefined ? [] : [`  hint: ${hint}`]),
        '',
        'scenario-invalid: 1 problem in a.yaml',
      ].join('\n'),
    );
  });
});

describe('contradictions', () => {
  test('show both lines, the later one first, once for every two rules', async () => {
    expect(
      await failureOf(`
unreachable:
  - { from: "*", to: shop/db }
reachable:
  - { from: shop/api, to: [shop/db, shop/db] }
  - { from: shop/web, to: "shop/db:5432" }
  - { from: shop/web, to: "shop/api" }
`),
    ).toBe(`a.yaml:15:5: shop/api to shop/db:5432/TCP is declared both reachable and unreachable (and 1 more of this rule)
  15 |   - { from: shop/api, to: [shop/db, shop/db] }
     |     ^
  a.yaml:13:5: declared unreachable here
  13 |   - { from: "*", to: shop/db }
     |     ^
  hint: Take it out of one of the two rules, or out of the wider one with "except".

a.yaml:16:5: shop/web to shop/db:5432/TCP is declared both reachable and unreachable
  16 |   - { from: shop/web, to: "shop/db:5432" }
     |     ^
  a.yaml:13:5: declared unreachable here
  13 |   - { from: "*", to: shop/db }
     |     ^
  hint: Take it out of one of the two rules, or out of the wider one with "except".

scenario-invalid: 2 problems in a.yaml`);
  });

  test('a pair is cut by others or is not, whichever rule comes first', async () => {
    expect(
      await failureOf(`
unreachable:
  - { from: "*", to: "shop/db:5432" }
  - { from: [shop/web, shop/api], to: shop/db, cutBy: others, because: the firewall }
  - { from: shop/web, to: "shop/db:5432/UDP" }
`),
    ).toBe(`a.yaml:14:5: shop/web to shop/db:5432/TCP is declared unreachable both with "cutBy" and without it (and 1 more of this rule)
  14 |   - { from: [shop/web, shop/api], to: shop/db, cutBy: others, because: the firewall }
     |     ^
  a.yaml:13:5: declared without it here
  13 |   - { from: "*", to: "shop/db:5432" }
     |     ^
  hint: Take it out of one of the two rules, or out of the wider one with "except".

a.yaml:15:5: shop/web to shop/db:5432/UDP is declared unreachable both with "cutBy" and without it
  15 |   - { from: shop/web, to: "shop/db:5432/UDP" }
     |     ^
  a.yaml:14:5: declared with it here
  14 |   - { from: [shop/web, shop/api], to: shop/db, cutBy: others, because: the firewall }
     |     ^
  hint: Take it out of one of the two rules, or out of the wider one with "except".

scenario-invalid: 2 problems in a.yaml`);
  });

  test('what is cut by others is not reachable', async () => {
    expect(
      await failureOf(`
unreachable: [{ from: shop/web, to: "shop/db:5432", cutBy: others, because: the firewall }]
reachable: [{ from: shop/web, to: "shop/db:5432" }]
`),
    ).toBe(`a.yaml:13:13: shop/web to shop/db:5432/TCP is declared both reachable and unreachable
  13 | reachable: [{ from: shop/web, to: "shop/db:5432" }]
     |             ^
  a.yaml:12:15: declared unreachable here
  12 | unreachable: [{ from: shop/web, to: "shop/db:5432", cutBy: others, because: the firewall }]
     |               ^
  hint: Take it out of one of the two rules, or out of the wider one with "except".

scenario-invalid: 1 problem in a.yaml`);
  });
});

describe('the topology', () => {
  async function failureOfFile(text: string): Promise<string> {
    await using project = await createProject({ 'a.yaml': text });
    return await project.failure();
  }

  test('a pod needs a declared namespace', async () => {
    expect(
      await failureOfFile(scenarioWith('otherwise: reachable\n').replace('  ops: {', '  opps: {')),
    ).toBe(`a.yaml:11:3: the namespace "ops" is not declared
  11 |   ops/prometheus: { labels: { app: prometheus } }
     |   ^
  hint: Did you mean "opps"?

scenario-invalid: 1 problem in a.yaml`);
  });

  test('a port or a port name that is there twice shows both places', async () => {
    const text = `apiVersion: podreach/v1
kind: Scenario
name: twice
namespaces: { a: {} }
pods:
  a/x:
    ports:
      - 80
      - { name: http, port: 8080 }
      - 80/TCP
      - 80/UDP
      - { name: http, port: 8081 }
  a/y: { ports: [80] }
otherwise: reachable
`;
    expect(await failureOfFile(text)).toBe(`a.yaml:10:9: the port 80/TCP of a/x is there twice
  10 |       - 80/TCP
     |         ^
  a.yaml:8:9: first here
  8 |       - 80
    |         ^

a.yaml:12:9: the port name "http" of a/x is there twice
  12 |       - { name: http, port: 8081 }
     |         ^
  a.yaml:9:9: first here
  9 |       - { name: http, port: 8080 }
    |         ^

scenario-invalid: 2 problems in a.yaml`);
  });

  test("namespaces that are Kubernetes' own", async () => {
    const text = `apiVersion: podreach/v1
kind: Scenario
name: own
namespaces:
  default:
  kube-system:
  kube-of-mine:
  default-2:
pods:
  default/x: { ports: [80] }
  default-2/y: {}
otherwise: reachable
`;
    const problem = (line: number, name: string) =>
      `a.yaml:${line}:3: "${name}" is a namespace of Kubernetes itself: a run makes the namespaces of a scenario, and deletes them when it ends
  ${line} |   ${name}:
    |   ^
  hint: Choose another name, which does not begin with "kube-". Where policies only let it in, write ${name}: existing.

`;
    expect(await failureOfFile(text)).toBe(
      `${problem(5, 'default')}${problem(6, 'kube-system')}${problem(7, 'kube-of-mine')}scenario-invalid: 3 problems in a.yaml`,
    );
  });

  test('namespaces whose pods could not be told from other endpoints', async () => {
    const text = `apiVersion: podreach/v1
kind: Scenario
name: prefixes
namespaces:
  service:
  host:
  workload:
  services:
pods:
  host/x: { ports: [80] }
  services/y: {}
otherwise: reachable
`;
    const problem = (line: number, name: string, example: string) =>
      `a.yaml:${line}:3: a namespace may not be called "${name}": names such as "${example}" are kept for what is not a pod
  ${line} |   ${name}:
    |   ^
  hint: Choose another name, such as "${name}s".

`;
    expect(await failureOfFile(text)).toBe(
      `${problem(5, 'service', 'service/shop/api')}${problem(6, 'host', 'host/bank')}${problem(7, 'workload', 'workload/shop/api')}scenario-invalid: 3 problems in a.yaml`,
    );
  });

  test('labels that are not for the scenario to give', async () => {
    const text = `apiVersion: podreach/v1
kind: Scenario
name: labels
namespaces:
  a: { labels: { kubernetes.io/metadata.name: b } }
  b: { labels: { kubernetes.io/metadata.name: b } }
pods:
  a/x: { ports: [80], labels: { podreach.dev/run: mine } }
  b/y: {}
otherwise: reachable
`;
    expect(
      await failureOfFile(text),
    ).toBe(`a.yaml:5:3: Kubernetes sets the label kubernetes.io/metadata.name of this namespace to "a"
  5 |   a: { labels: { kubernetes.io/metadata.name: b } }
    |   ^
  hint: Leave the label out.

a.yaml:8:3: the label podreach.dev/run is for podreach's own use
  8 |   a/x: { ports: [80], labels: { podreach.dev/run: mine } }
    |   ^
  hint: Choose another label.

scenario-invalid: 2 problems in a.yaml`);
  });
});

test.each(['', 'reachable: []\n'])('a scenario without checks is a mistake: %j', async (lines) => {
  expect(await failureOf(lines)).toBe(`a.yaml:1:1: the scenario "example" tests nothing
  1 | apiVersion: podreach/v1
    | ^
  hint: List connections under "reachable" or "unreachable", or say what holds "otherwise".

scenario-invalid: 1 problem in a.yaml`);
});

test('100 pods make 9,900 checks, numbered in their order', async () => {
  const pods = Array.from({ length: 100 }, (_, index) => `  a/p${index}: { ports: [80] }\n`).join('');
  await using project = await createProject({
    'a.yaml': `apiVersion: podreach/v1
kind: Scenario
name: large
namespaces: { a: {} }
pods:
${pods}unreachable: [{ from: a/p0, to: "*" }]
otherwise: reachable
`,
  });
  const [plan] = await project.load();
  expect(plan?.steps[0].checks).toHaveLength(9900);
  expect(plan?.steps[0].checks.map(({ id }) => id)).toEqual(
    Array.from({ length: 9900 }, (_, index) => index),
  );
});

describe('pods on the network of their nodes', () => {
  const HOSTS = `apiVersion: podreach/v1
kind: Scenario
name: hosts
namespaces:
  edge: { labels: { pod-security.kubernetes.io/enforce: baseline } }
pods:
  edge/a: { hostNetwork: true, ports: [443, 53/UDP], node: 1 }
  edge/b: { hostNetwork: true, ports: [80, 443], node: 1 }
  edge/c: { hostNetwork: true, ports: [53, 443], node: 2 }
  edge/d: { ports: [443], node: 1 }
otherwise: reachable
`;

  test('cannot share a port of one node, nor be where no such pod may be', async () => {
    await using project = await createProject({ 'a.yaml': HOSTS });
    expect(
      await project.failure(),
    ).toBe(`a.yaml:5:3: Kubernetes lets no pod on the network of its node into this namespace: its label pod-security.kubernetes.io/enforce is "baseline"
  5 |   edge: { labels: { pod-security.kubernetes.io/enforce: baseline } }
    |   ^
  a.yaml:7:3: edge/a is such a pod
  7 |   edge/a: { hostNetwork: true, ports: [443, 53/UDP], node: 1 }
    |   ^
  hint: Set it to "privileged", as the run does where the label is not there.

a.yaml:8:44: edge/a and edge/b are both on the network of node 1, and only one of them can listen on port 443/TCP there
  8 |   edge/b: { hostNetwork: true, ports: [80, 443], node: 1 }
    |                                            ^
  a.yaml:7:3: the other one is here
  7 |   edge/a: { hostNetwork: true, ports: [443, 53/UDP], node: 1 }
    |   ^
  hint: Put one of them on another node ("node"), or give it another port.

scenario-invalid: 2 problems in a.yaml`);
  });

  test('have their namespace say the label that the run gives it, where a policy goes by it', async () => {
    const scenario = `${HOSTS.replace(' { labels: { pod-security.kubernetes.io/enforce: baseline } }', '').replace(/\n {2}edge\/[bc].*/g, '')}policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: from-nodes, namespace: edge }
    spec:
      podSelector: {}
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { pod-security.kubernetes.io/enforce: privileged } } }] }]
`;
    const said = scenario.replace(
      '  edge:\n',
      '  edge: { labels: { pod-security.kubernetes.io/enforce: privileged } }\n',
    );
    await using project = await createProject({ 'a.yaml': scenario, 'said.yaml': said });
    expect(
      await project.failure(['a.yaml']),
    ).toBe(`a.yaml:5:3: the run gives this namespace the label pod-security.kubernetes.io/enforce, by which the policy "edge/from-nodes" selects namespaces
  5 |   edge:
    |   ^
  a.yaml:7:3: no other level lets edge/a in
  7 |   edge/a: { hostNetwork: true, ports: [443, 53/UDP], node: 1 }
    |   ^
  a.yaml:11:5: the policy is this one
  11 |   - apiVersion: networking.k8s.io/v1
     |     ^
  hint: Say it here, where it is meant: labels: { pod-security.kubernetes.io/enforce: privileged }.

scenario-invalid: 1 problem in a.yaml`);
    expect(await project.load(['said.yaml'])).toHaveLength(1);
  });

  test('reach the pods of their own node whatever policies say (D18), and others nobody knows (I5)', async () => {
    await using project = await createProject({
      'a.yaml': `apiVersion: podreach/v1
kind: Scenario
name: hosts
namespaces: { edge: {} }
pods:
  edge/host: { hostNetwork: true, node: 1 }
  edge/beside: { ports: [80], node: 1 }
  edge/away: { ports: [80], node: 2 }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: own }
    spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }
otherwise: reachable
`,
    });
    const [plan] = await project.load();
    const oracle = plan?.steps[0].oracle() ?? expect.fail('no plan');
    const answer = (to: string) =>
      oracle.evaluate(flowBetween({ from: 'edge/host', to, port: 80, protocol: 'TCP' }));
    expect(answer('edge/beside')).toEqual({ verdict: 'allowed' });
    expect(answer('edge/away')).toMatchObject({ verdict: 'undefined', rule: 'I5' });
  });
});
