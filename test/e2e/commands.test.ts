/** The commands that start nothing, and wrong usage of those that would. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runRecordSchema } from '../../src/record/schema.ts';
import { renderHtml } from '../../src/report/formats/html/html.ts';
import { viewOf } from '../../src/report/view/run.ts';
import { folderWith, ROOT, runCli, startCli } from '../support/cli.ts';

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: tiny
namespaces: { tiny: {} }
pods:
  tiny/a: { labels: { app: a } }
  tiny/b: { ports: [80, { name: dns, port: 53, protocol: UDP }] }
reachable:
  - { from: tiny/a, to: "tiny/b:80" }
`;

describe('--help', () => {
  test.each([
    [[]],
    [['init']],
    [['run']],
    [['monitor']],
    [['upgrade']],
    [['validate']],
    [['plan']],
    [['explain']],
    [['report']],
    [['diff']],
    [['history']],
    [['sandbox']],
  ])('of %j shows examples', async (command) => {
    const { exitCode, stdout, stderr } = await runCli([...command, '--help']);
    expect(stdout).toContain('Examples:\n  podreach ');
    expect(stdout).not.toMatch(/\(default: [^)]*\)\s+\(default: /);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});

describe('validate', () => {
  test('says what is in the files', async () => {
    using folder = folderWith({ 'tiny.yaml': SCENARIO });
    expect(await runCli(['validate', 'tiny.yaml'], { cwd: folder.path })).toEqual({
      exitCode: 0,
      stdout: 'tiny  2 pods, 0 policies, 1 check  (tiny.yaml)\n1 scenario valid.\n',
      stderr: '',
    });
  });

  test('shows every error of a file at once, each with its line and a suggestion', async () => {
    using folder = folderWith({
      'bad.yaml': SCENARIO.replace('to: "tiny/b:80"', 'to: "tiny/bb:80"').replace('reachable:', 'reachble:'),
    });
    const { exitCode, stdout, stderr } = await runCli(['validate', 'bad.yaml'], { cwd: folder.path });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('bad.yaml:8:1');
    expect(stderr).toContain('reachable');
    expect(stderr).toContain('bad.yaml:9:25');
    expect(stderr).toContain('tiny/b');
    expect(stderr).toMatch(/error: 2 problems in bad\.yaml\n$/);
  });

  test('warns where the policies cannot meet the expectations, and --strict insists', async () => {
    const policy = `policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: deny, namespace: tiny }
    spec: { podSelector: {} }
`;
    using folder = folderWith({ 'tiny.yaml': SCENARIO.replace('reachable:', `${policy}reachable:`) });
    const stdout = `tiny  2 pods, 1 policy, 1 check  (tiny.yaml)
tiny.yaml:14:5: warning: tiny/a → tiny/b:80/TCP is to be reachable, but the policies deny it [contradicted-check, D7]
  next: Add a rule that lets it through, to the ingress of policy tiny/deny (tiny.yaml:9), or say that it is unreachable. See why: podreach explain --only tiny tiny.yaml tiny/a tiny/b:80/TCP
1 scenario valid, 1 warning.
`;
    const options = { cwd: folder.path };
    expect(await runCli(['validate', 'tiny.yaml'], options)).toEqual({ exitCode: 0, stdout, stderr: '' });
    expect(await runCli(['validate', '--strict', 'tiny.yaml'], options)).toEqual({
      exitCode: 2,
      stdout: stdout.replace(/\n$/, ' With --strict, warnings are errors.\n'),
      stderr: '',
    });
    const { stdout: json } = await runCli(['validate', '--json', 'tiny.yaml'], options);
    expect(JSON.parse(json).warnings).toHaveLength(1);
    // The shipped scenarios mean what they say.
    expect((await runCli(['validate', '--strict', 'scenarios'])).exitCode).toBe(0);
  });

  test('a warning about a file that scenarios share says whose it is, once for all that it holds for', async () => {
    const scenario = (name: string, to: string) =>
      SCENARIO.replace('name: tiny', `name: ${name}`)
        .replace('reachable:', 'policies: [p.yaml]\nreachable:')
        .replace('ports: [80,', `ports: [${to},`)
        .replaceAll('tiny/b:80', `tiny/b:${to}`);
    using folder = folderWith({
      'one.yaml': scenario('one', '80'),
      'two.yaml': scenario('two', '80'),
      'three.yaml': scenario('three', '81'),
      'p.yaml': `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: p, namespace: tiny }
spec: { podSelector: {}, ingress: [{ from: [], ports: [{ port: 81 }] }, { ports: [{ port: 80 }] }] }
`,
    });
    const { stdout } = await runCli(['validate', '--verbose', 'one.yaml', 'two.yaml', 'three.yaml'], {
      cwd: folder.path,
    });
    expect(stdout.match(/^p\.yaml.*$/gm)).toEqual([
      'p.yaml:1:1: warning: in scenarios one, two, three: policy tiny/p: without this policy every check would be predicted the same: nothing tests it [untested-policy, D6]',
      'p.yaml:4:64: warning: in scenarios one, two: policy tiny/p: no pod that this policy selects listens on TCP 81 [unused-port, D13]',
      'p.yaml:4:44: warning: in scenarios one, two, three: policy tiny/p: "from" is there and names nothing: so the rule lets everybody in, as if "from" were left out [empty-list, D7]',
      'p.yaml:4:91: warning: in scenario three: policy tiny/p: no pod that this policy selects listens on TCP 80 [unused-port, D13]',
    ]);
  });

  test('tells what cannot be met and what is refused first, and never cuts it behind what may be meant', async () => {
    const peers = Array.from(
      { length: 11 },
      (_, index) => `{ podSelector: { matchLabels: { app: x${index} } } }`,
    );
    const policy = (name: string, spec: string): string => `
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: ${name}, namespace: tiny }
    spec: ${spec}`;
    const denying = policy('deny', `{ podSelector: {}, ingress: [{ from: [${peers.join(', ')}] }] }`);
    const refused = policy('refused', '{ podSelector: {}, ingress: [{ from: [{}] }] }');
    const written = (text: string): string => SCENARIO.replace('reachable:', `policies:${text}\nreachable:`);
    const ports = Array.from({ length: 12 }, (_, index) => 8000 + index);
    const many = ports.map((port) => `  - { from: tiny/a, to: "tiny/b:${port}" }\n`).join('');
    using folder = folderWith({
      'a.yaml': written(denying),
      'b.yaml': written(denying + refused).replace('name: tiny', 'name: other'),
      'c.yaml': `${written(denying).replace('[80', `[80, ${ports.join(', ')}`)}${many}`,
    });
    const codesOf = async (...options: string[]): Promise<(string | undefined)[]> => {
      const { stdout } = await runCli(['validate', ...options], { cwd: folder.path });
      return stdout
        .split('\n')
        .filter((line) => /: warning: |^…/.test(line))
        .map((line) => /\[([a-z-]+)/.exec(line)?.[1] ?? line);
    };
    const peer = 'peer-matches-no-pod';
    expect(await codesOf('a.yaml')).toEqual([
      'contradicted-check',
      ...Array.from({ length: 9 }, () => peer),
      '… and 2 more: podreach validate --verbose shows all.',
    ]);
    expect(await codesOf('a.yaml', 'b.yaml')).toEqual([
      'contradicted-check',
      'refused-policy',
      'contradicted-check',
      ...Array.from({ length: 7 }, () => peer),
      '… and 15 more: podreach validate --verbose shows all.',
    ]);
    expect(await codesOf('a.yaml', '--verbose')).toEqual([
      'contradicted-check',
      ...Array.from({ length: 11 }, () => peer),
    ]);
    expect(await codesOf('c.yaml')).toEqual([
      ...Array.from({ length: 13 }, () => 'contradicted-check'),
      '… and 11 more: podreach validate --verbose shows all.',
    ]);
  });

  test('--json tells a script the same', async () => {
    using folder = folderWith({ 'bad.yaml': SCENARIO.replace('reachable:', 'reachble:') });
    const { exitCode, stdout } = await runCli(['validate', '--json', 'bad.yaml'], { cwd: folder.path });
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      problems: [{ location: { file: 'bad.yaml', line: 8, column: 1 } }],
    });
  });
});

describe('plan', () => {
  test('shows everything that a run would create and try', async () => {
    using folder = folderWith({ 'tiny.yaml': SCENARIO });
    expect(await runCli(['plan', 'tiny.yaml'], { cwd: folder.path })).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `tiny  (tiny.yaml:1)
  namespaces (1)
    tiny
  pods (2)
    tiny/a  no ports           app=a
    tiny/b  80/TCP dns:53/UDP
  policies (0)
  checks (1)
    reachable  tiny/a  → tiny/b:80/TCP  tiny.yaml:9
`,
    });
  });

  test('marks what something else is to cut, in both forms', async () => {
    using folder = folderWith({
      'tiny.yaml': SCENARIO.replace(
        'reachable:',
        'unreachable: [{ from: tiny/a, to: "tiny/b:dns", cutBy: others, because: the firewall }]\nreachable:',
      ),
    });
    const { stdout } = await runCli(['plan', 'tiny.yaml'], { cwd: folder.path });
    expect(stdout.slice(stdout.indexOf('  checks'))).toBe(`  checks (2)
    reachable    tiny/a  → tiny/b:80/TCP        tiny.yaml:10
    unreachable  tiny/a  → tiny/b:53/UDP (dns)  tiny.yaml:8   cut by others
`);
    const { stdout: json } = await runCli(['plan', '--json', 'tiny.yaml'], { cwd: folder.path });
    expect(JSON.parse(json)[0].checks[1]).toEqual({
      id: 1,
      from: 'tiny/a',
      to: 'tiny/b',
      port: 53,
      portName: 'dns',
      protocol: 'UDP',
      expected: 'unreachable',
      declared: { file: 'tiny.yaml', line: 8, column: 15 },
      because: 'the firewall',
      cutBy: 'others',
    });
    // That the policies allow it is the point.
    expect((await runCli(['validate', '--strict', 'tiny.yaml'], { cwd: folder.path })).exitCode).toBe(0);
  });

  test('lists every check of 370 pods', async () => {
    const pods = Array.from({ length: 370 }, (_, index) => `  tiny/p${index}: { ports: [80] }\n`).join('');
    const scenario = `${SCENARIO.slice(0, SCENARIO.indexOf('pods:'))}pods:\n${pods}otherwise: reachable\n`;
    using folder = folderWith({ 'large.yaml': scenario });
    const { exitCode, stdout } = await runCli(['plan', 'large.yaml'], { cwd: folder.path });
    expect(exitCode).toBe(0);
    expect(stdout.match(/^ {4}reachable {2}tiny\/p\d+ +→ tiny\/p\d+:80\/TCP /gm)).toHaveLength(370 * 369);
  });

  test('--json gives the whole plan', async () => {
    using folder = folderWith({ 'tiny.yaml': SCENARIO });
    const { stdout } = await runCli(['plan', '--json', 'tiny.yaml'], { cwd: folder.path });
    expect(JSON.parse(stdout)[0].checks).toEqual([
      {
        id: 0,
        from: 'tiny/a',
        to: 'tiny/b',
        port: 80,
        protocol: 'TCP',
        expected: 'reachable',
        declared: { file: 'tiny.yaml', line: 9, column: 5 },
      },
    ]);
  });
});

describe('explain', () => {
  const ASKED = ['explain', 'scenarios/three-tier.yaml', 'shop/web'];

  test('walks through both directions to the verdict and the policies behind it', async () => {
    const { exitCode, stdout, stderr } = await runCli([...ASKED, 'shop/db:5432']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('shop/web → shop/db:5432/TCP');
    expect(stdout).toContain('policy shop/db-from-api (scenarios/policies/three-tier.yaml:35)');
    expect(stdout).toMatch(/^DENIED/m);
  });

  test('knows ports by name, and takes all where none is given', async () => {
    expect((await runCli([...ASKED, 'shop/api:metrics'])).stdout).toContain('shop/web → shop/api:9090/TCP');
    const { stdout } = await runCli([...ASKED, 'shop/api', '--json']);
    expect(
      JSON.parse(stdout).map(({ flow, answer }: { flow: { port: number }; answer: object }) => [
        flow.port,
        answer,
      ]),
    ).toEqual([
      [8080, { verdict: 'allowed' }],
      [9090, { verdict: 'denied' }],
    ]);
  });

  /** `from → to:port/protocol VERDICT` for each connection, then what is told beside them. */
  async function ask(folder: string, from: string, to: string): Promise<string[]> {
    const { exitCode, stdout, stderr } = await runCli(['explain', 'a.yaml', from, to], { cwd: folder });
    expect(exitCode).toBe(0);
    const answers = stdout.matchAll(/^(\S+ → \S+)$.*?^(ALLOWED|DENIED|UNDEFINED)/gms);
    const told = stderr === '' ? [] : [stderr.trimEnd()];
    return [...[...answers].map(([, flow, verdict]) => `${flow} ${verdict}`), ...told];
  }

  test('answers for outside addresses as either end, and for every port and protocol', async () => {
    const policy = `policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: ends, namespace: tiny }
    spec:
      podSelector: {}
      policyTypes: [Ingress, Egress]
      ingress:
        - { from: [{ ipBlock: { cidr: 192.0.2.0/24 } }, { ipBlock: { cidr: "2001:db8::/32" } }], ports: [{ port: dns, protocol: UDP }] }
        - { ports: [{ port: 9000, protocol: SCTP }] }
      egress:
        - { to: [{ ipBlock: { cidr: 203.0.113.0/24 } }, { ipBlock: { cidr: "2001:db8::/32" } }], ports: [{ port: 443 }] }
        - { ports: [{ protocol: SCTP }] }
`;
    using folder = folderWith({ 'a.yaml': SCENARIO.replace('reachable:', `${policy}reachable:`) });
    const answers: string[] = [];
    for (const [from, to] of [
      ['tiny/a', '203.0.113.1:443'],
      ['tiny/a', '203.0.113.1:443/UDP'],
      ['tiny/a', '198.51.100.1:443/TCP'],
      ['tiny/a', '[2001:db8::1]:443'],
      ['192.0.2.1', 'tiny/b'],
      ['2001:db8::1', 'tiny/b:dns'],
      ['[2001:db9::1]', 'tiny/b:dns/UDP'],
      ['tiny/a', 'tiny/b:9000/SCTP'],
    ] as const)
      answers.push(...(await ask(folder.path, from, to)));
    expect(answers).toEqual([
      'tiny/a → 203.0.113.1:443/TCP ALLOWED',
      'tiny/a → 203.0.113.1:443/UDP DENIED',
      'tiny/a → 198.51.100.1:443/TCP DENIED',
      'tiny/a → [2001:db8::1]:443/TCP ALLOWED',
      '192.0.2.1 → tiny/b:80/TCP DENIED',
      '192.0.2.1 → tiny/b:53/UDP ALLOWED',
      '2001:db8::1 → tiny/b:53/UDP ALLOWED',
      '2001:db9::1 → tiny/b:53/UDP DENIED',
      'tiny/a → tiny/b:9000/SCTP ALLOWED',
      'note: tiny/b declares no port 9000/SCTP: nothing listens there in a run, but policies judge it',
    ]);
  });

  test('comes by the ports of nodes from outside, where a Service has them', async () => {
    const answers: unknown[] = [];
    for (const [from, service] of [
      ['host/office', 'portal'],
      ['198.51.100.1', 'portal'],
      ['198.51.100.1', 'status'],
    ] as const) {
      const to = `service/node-port/${service}`;
      const { stdout } = await runCli(['explain', 'scenarios/services/node-port.yaml', from, to, '--json']);
      const [{ to: pod, flow, answer }] = JSON.parse(stdout);
      answers.push([pod, flow.port, flow.through, answer.verdict]);
    }
    expect(answers).toEqual([
      ['node-port/portal', 8080, { keepsSource: true }, 'allowed'],
      ['node-port/portal', 8080, { keepsSource: true }, 'denied'],
      ['node-port/status', 8080, { keepsSource: false }, 'allowed'],
    ]);
    const to = 'service/service-ports/catalogue:80';
    expect(await runCli(['explain', 'scenarios/services/target-port.yaml', '192.0.2.1', to])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(
        'is outside the cluster, where service/service-ports/catalogue has no address',
      ),
    });
  });

  test('goes to a Service in the way that is asked for, with a port or without', async () => {
    const through = async (target: string) => {
      const to = `service/node-port/portal${target}`;
      const args = ['explain', 'scenarios/services/node-port.yaml', 'node-port/status', to, '--json'];
      const { stdout } = await runCli(args);
      return (JSON.parse(stdout) as readonly { flow: { through?: unknown } }[]).map(
        ({ flow }) => flow.through,
      );
    };
    const atNodes = [{ keepsSource: true }];
    expect(await through(':80 via nodePort')).toEqual(atNodes);
    expect(await through(' via nodePort')).toEqual(atNodes);
    expect(await through(' via dns')).toEqual(await through(''));
    expect(await through('')).not.toEqual(atNodes);
  });

  const OR_ADDRESS = 'An address outside the cluster will do, too.';
  const PODS = `The pods are: shop/web, shop/api, shop/db, shop-monitoring/prometheus. ${OR_ADDRESS}`;
  test.each([
    [
      'shop/web',
      'shop/bd:5432',
      'no scenario there has the pod shop/bd',
      `Did you mean "shop/db"? ${OR_ADDRESS}`,
    ],
    ['payments/card', '203.0.113.1:443', 'no scenario there has the pod payments/card', PODS],
    ['web', 'shop/db', 'no scenario there has the pod web', 'Write it with its namespace: shop/web.'],
    [
      'shop/web',
      'shop/api:metrics/UDP',
      'shop/api has no UDP port "metrics"',
      'Write a number from 1 to 65535, or one of: metrics/TCP.',
    ],
    [
      'shop/web',
      'service/default/kubernetes:443',
      'no scenario there has the Service service/default/kubernetes',
      'It is there already: declare it under "services", as "default/kubernetes: existing".',
    ],
    ['shop/web', 'shop/db:65536', 'shop/db has no port "65536"', 'Write a number from 1 to 65535.'],
    ['shop/web', 'shop/db:80/tcp', 'there is no protocol "tcp" here', 'Write one of: TCP, UDP, SCTP.'],
    ['shop/web', '2001:db8::1', '2001:db8::1 declares no port', 'Write one, such as [2001:db8::1]:443.'],
    [
      'shop/web:80',
      'shop/db',
      'shop/web:80 names a port, and the end that connects has none',
      'Write shop/web.',
    ],
    [
      '192.0.2.1',
      '192.0.2.2:80',
      'neither end is a pod',
      'Write one of them as namespace/pod: policies are about pods.',
    ],
  ])('refuses %s → %s in words that help', async (from, to, message, hint) => {
    expect(await runCli(['explain', 'scenarios/three-tier.yaml', from, to])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error: ${message}\nhint: ${hint}\n`,
    });
  });
});

test('explain says of the API server that no selector means it, and what only a cluster knows', async () => {
  const file = 'scenarios/services/api-server.yaml';
  const ask = async (from: string, to = 'service/default/kubernetes:443') =>
    await runCli(['explain', file, from, to]);
  const byName = await ask('operators/hopeful');
  expect(byName.stdout).toContain(
    'does not match, selectors match pods only, and service/default/kubernetes is none (D10)',
  );
  expect(byName.stdout).toContain('\nDENIED\n');
  expect((await ask('operators/controller')).stdout).toContain(
    'UNDEFINED, because which endpoints are behind a Service that is there already is known only on a cluster',
  );
  expect(await ask('operators/controller', 'service/default/kubernetes')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr:
      'error: the ports of service/default/kubernetes are known only on a cluster\nhint: Write one of them, such as service/default/kubernetes:443.\n',
  });
  const all = await runCli(['explain', '--all', file]);
  expect(all.stdout).toContain('operators/hopeful     -');
});

describe('explain --all', () => {
  test('ends with 1 where the scenario says otherwise than its policies, in both forms', async () => {
    const policy = `policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: deny, namespace: tiny }
    spec: { podSelector: {} }
`;
    using folder = folderWith({
      'sound.yaml': SCENARIO,
      'contradicted.yaml': SCENARIO.replace('reachable:', `${policy}reachable:`),
    });
    for (const form of [[], ['--json']]) {
      for (const [file, expected] of [
        ['sound.yaml', 0],
        ['contradicted.yaml', 1],
      ] as const) {
        const { exitCode, stderr } = await runCli(['explain', '--all', file, ...form], { cwd: folder.path });
        expect({ file, exitCode, stderr }).toEqual({ file, exitCode: expected, stderr: '' });
      }
    }
  });
});

describe('help and schema', () => {
  test('help shows the help of a command, also of one below another', async () => {
    expect((await runCli(['help', 'cluster', 'create'])).stdout).toMatch(/^Usage: podreach cluster create /);
    expect((await runCli(['help'])).stdout).toMatch(/^Usage: podreach \[options\] \[command\]\n/);
  });

  test.each([
    [[], 'scenario'],
    [['scenario'], 'scenario'],
    [['record'], 'run-record'],
  ])('schema %j prints the published schema', async (which, name) => {
    expect(await runCli(['schema', ...which])).toEqual({
      exitCode: 0,
      stdout: readFileSync(join(ROOT, `schema/${name}.schema.json`), 'utf8'),
      stderr: '',
    });
  });
});

describe('a file name', () => {
  const EVIL = 'a\n::error::evil\u001b[31m.yaml';
  /** No line of what is printed begins with what a file is called, or holds an escape. */
  const tame = async (args: readonly string[], cwd: string): Promise<void> => {
    const { stdout, stderr } = await runCli(args, { cwd });
    expect(`${stdout}${stderr}`).toContain('a ::error::evil');
    expect(`${stdout}${stderr}`).not.toMatch(/^::|##\[|(?!\n)\p{Cc}/mu);
  };

  test.each([['validate'], ['plan'], ['explain', '--all']])(
    'begins no line of its own: %s',
    async (...command) => {
      const policy = `policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: deny, namespace: tiny }
    spec: { podSelector: {}, ingress: [{ from: [{}] }] }
`;
      using folder = folderWith({ [EVIL]: SCENARIO.replace('reachable:', `${policy}reachable:`) });
      await tame([...command, EVIL], folder.path);
    },
  );

  test('begins none in a first scenario, which still names the file', async () => {
    const app = (name: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: tiny }
spec: { containers: [{ name: a, ports: [{ containerPort: 80 }] }] }
`;
    using folder = folderWith({ [EVIL]: `${app('a')}---\n${app('b')}` });
    const options = { cwd: folder.path };
    const { stdout } = await runCli(['init', EVIL], options);
    expect(stdout).not.toMatch(/^::|(?!\n)\p{Cc}/mu);
    await tame(['init', EVIL, '--output', EVIL], folder.path);
    expect((await runCli(['init', EVIL, '--output', 'a.yaml'], options)).exitCode).toBe(0);
    expect((await runCli(['validate', 'a.yaml'], options)).exitCode).toBe(0);
  });

  test('does so where the file does not fit, is not there or cannot be written either', async () => {
    using folder = folderWith({ [EVIL]: 'kind: Scenario\n', 'fine.yaml': SCENARIO, [`${EVIL}.json`]: '{' });
    await tame(['validate', EVIL], folder.path);
    await tame(['validate', EVIL.replace('.yaml', '.yml')], folder.path);
    await tame(['report', `${EVIL}.json`], folder.path);
    await tame(['run', 'fine.yaml', '--report', `json=fine.yaml/${EVIL}`], folder.path);
    await tame(['validate', `--${EVIL}`], folder.path);
  });
});

describe('report', () => {
  test('html, built, is the page of the sources with its style and its compiled script', async () => {
    const file = 'test/report/golden/every-verdict.json';
    const record = runRecordSchema.parse(JSON.parse(readFileSync(join(ROOT, file), 'utf8')));
    const { exitCode, stdout } = await runCli(['report', file, '--report', 'html']);
    expect(exitCode).toBe(0);
    const script = /<script type="module">.*<\/script>|script-src '[^']+'/gs;
    expect(stdout.replaceAll(script, '')).toBe(renderHtml(viewOf(record)).replaceAll(script, ''));
    expect(stdout.match(script)?.[1]).toContain('new DecompressionStream');
    expect(stdout.match(script)?.[1]).not.toContain('interface ');
  });
});

describe('wrong usage ends with 2 and starts nothing', () => {
  test.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['run', '--frobnicate'], "unknown option '--frobnicate'"],
    [['help', 'NOSUCH'], '(The commands are: '],
    [['help', 'runn'], '(Did you mean run?)'],
    [['validate', '-', '-'], 'error: standard input is named twice, and can be read only once'],
    [['validate', '-'], '<stdin>:1:1: standard input is empty'],
    [
      ['plan', '--quiet'],
      'hint: --quiet is an option of podreach run, podreach monitor, podreach upgrade, podreach report, podreach diff, podreach history, podreach cluster create, podreach cluster upgrade.',
    ],
    [['validate', '-f', 'x.yaml'], 'hint: Files are named without an option: podreach validate FILE.'],
    [['run', '-n', 'shop'], 'hint: A scenario names its namespaces itself, so there is no option for one.'],
    [['plan', '-o', 'json'], 'hint: Write --json.'],
    [['run', '-o', 'json'], 'hint: Write --report json, or --report FORMAT=FILE.'],
    [['run', '--context', 'x'], 'hint: Write --cluster context=NAME.'],
    [['plan', '--context', 'x'], 'hint: Only podreach run and podreach clean go to a cluster'],
    [['run', 'scenarios/three-tier.yaml', '--check', 'shop/web->shop/bd'], 'hint: Did you mean "shop/db"?'],
    [['run', '--timeout', 'soon'], 'Write a duration such as 500ms, 2s or 1m.'],
    [['run', '--timeout', '500'], 'Write it with a unit: 500ms, 2s or 1m.'],
    [['run', '--within', '0s'], 'Write a duration such as 500ms, 2s or 1m.'],
    [['run', '--timeout', '5m'], 'Write 60s or less: a connection that takes longer may end by itself.'],
    [['run', '--confirm', '0'], 'Write a whole number from 1 to 20.'],
    [['run', '--report', 'pdf'], 'unknown report format "pdf"'],
    [['run', '--cluster', 'minikube'], "unknown cluster 'minikube'"],
    [['run', 'missing.yaml'], 'missing.yaml'],
    [['run', 'scenarios', '--only', 'three-teir'], 'three-tier'],
    [['run', 'scenarios', '--tag', 'nothing'], 'nothing'],
    [['run', 'scenarios/three-tier.yaml', '--report', 'json=/dev/null/such.json'], '/dev/null/such.json'],
    [['run', 'scenarios/three-tier.yaml', '--report', 'json=/proc/no/such.json'], '/proc/no/such.json'],
    [['run', 'scenarios/policies/three-tier.yaml'], 'scenarios/policies/three-tier.yaml'],
  ])('%j', async (args, words) => {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('starting the cluster');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});

describe('an output that cannot be written', () => {
  test.each([
    [['validate', 'scenarios']],
    [['report', 'test/report/golden/every-verdict.json', '--report', 'json']],
    [['run', 'scenarios/three-tier.yaml', '--verbose']],
  ])('of %j, because nobody reads any more, changes nothing', async (args) => {
    const { child, ended } = startCli(args);
    child.stdout?.destroy();
    child.stderr?.destroy();
    expect((await ended).exitCode).toBe(0);
  });

  test('is told and changes nothing where nobody asked for it', async () => {
    const { exitCode, stderr } = await runCli(['run', 'scenarios/three-tier.yaml'], {
      env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: '/nowhere/summary.md' },
    });
    expect(stderr).toContain(
      '\nwarning: the markdown report: the report /nowhere/summary.md cannot be written: ',
    );
    expect(exitCode).toBe(0);
  });

  test('for another reason ends with 3 and is told', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(ROOT, 'dist/cli.js'), 'validate', 'scenarios'],
      { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'], encoding: 'utf8' },
    );
    expect(stderr).toMatch(/^error: standard output cannot be written: ENOSPC.*\n$/);
    expect(status).toBe(3);
  });
});

// Where the host's own Node.js is old enough to show it.
const HOST_NODE = ['/usr/bin/node', '/usr/local/bin/node'].find(
  (file) =>
    existsSync(file) && /^v(1\d|2[01])\./.test(execFileSync(file, ['--version'], { encoding: 'utf8' })),
);
test.skipIf(HOST_NODE === undefined)('an old Node.js gets one line', () => {
  const run = (): string =>
    execFileSync(HOST_NODE ?? '', [join(ROOT, 'dist/cli.js'), '--help'], { encoding: 'utf8', stdio: 'pipe' });
  expect(run).toThrow(
    expect.objectContaining({
      status: 3,
      stderr: expect.stringMatching(/^podreach needs Node\.js 22\.19 or newer; this is v[\d.]+ \(.*\)\.\n$/),
    }),
  );
});
