/** What the commands that start nothing show of a scenario with steps. */
import { describe, expect, test } from 'vitest';
import { folderWith, runCli } from '../support/cli.ts';

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: shop
namespaces: { shop: , ops: { created: later } }
pods:
  shop/web: { labels: { app: web, tier: front } }
  shop/api: { labels: { app: api }, ports: [{ name: http, port: 80 }] }
  ops/tool: { created: later }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: api, namespace: shop }
    spec:
      podSelector: { matchLabels: { app: api } }
      ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }] }]
reachable: [{ from: shop/web, to: shop/api }]
unreachable: [{ from: ops/tool, to: shop/api, cutBy: others, because: the firewall }]
steps:
  - name: the tool comes
    create: [ops/tool, namespace/ops]
    within: 2s
  - name: the web moves
    label: { shop/web: { app: moved, tier: null } }
    unreachable: [{ from: [shop/web, ops/tool], to: shop/api }]
  - name: the web goes
    remove: [shop/web]
`;
async function run(...args: readonly string[]) {
  using folder = folderWith({ 'shop.yaml': SCENARIO });
  return await runCli(args, { cwd: folder.path });
}

describe('plan', () => {
  test('has a section for each step: what it does, what is tried in it, and what is other than before', async () => {
    const { stdout } = await run('plan', 'shop.yaml');
    expect(stdout).toBe(`shop  (shop.yaml:1)
  namespaces (2)
    shop
    ops     created later
  pods (3)
    shop/web  no ports     app=web,tier=front
    shop/api  http:80/TCP  app=api
    ops/tool  no ports                         created later
  policies (1)
    shop/api  shop.yaml:10
  checks (1)
    reachable  shop/web  → shop/api:80/TCP (http)  shop.yaml:16

  step 2: the tool comes  (shop.yaml:19)  within 2.0 s
    actions (2)
      create  namespace/ops
      create  ops/tool
    checks (2)
      reachable    shop/web  → shop/api:80/TCP (http)  shop.yaml:16
      unreachable  ops/tool  → shop/api:80/TCP (http)  shop.yaml:17  cut by others, new

  step 3: the web moves  (shop.yaml:22)
    actions (1)
      label  shop/web  app=moved, without tier
    checks (2)
      unreachable  shop/web  → shop/api:80/TCP (http)  shop.yaml:24  was reachable
      unreachable  ops/tool  → shop/api:80/TCP (http)  shop.yaml:24  was cut by others

  step 4: the web goes  (shop.yaml:25)
    actions (1)
      remove  shop/web
    checks (1)
      unreachable  ops/tool  → shop/api:80/TCP (http)  shop.yaml:24
    no longer tried (1)
      shop/web → shop/api:80/TCP
`);
  });

  test('says what is tried from the first instant of its source', async () => {
    const rule = '{ from: ops/tool, to: shop/api, cutBy: others, because: the firewall, firstInstant: true }';
    using folder = folderWith({
      'shop.yaml': SCENARIO.replace('within: 2s', `within: 2s\n    unreachable: [${rule}]`),
    });
    const { stdout } = await runCli(['plan', 'shop.yaml'], { cwd: folder.path });
    expect(stdout).toContain(
      'unreachable  ops/tool  → shop/api:80/TCP (http)  shop.yaml:22  cut by others, new, from the first instant\n',
    );
    const { stdout: json } = await runCli(['plan', '--json', 'shop.yaml'], { cwd: folder.path });
    const [{ steps }] = JSON.parse(json);
    const early = steps.map(({ checks }: { checks: { firstInstant?: true }[] }) =>
      checks.map(({ firstInstant }) => firstInstant),
    );
    expect(early).toEqual([[undefined, true], [undefined, undefined], [undefined]]);
  });

  test('--json has the first step at the top, as a scenario without steps, and the others under "steps"', async () => {
    const [plan] = JSON.parse((await run('plan', '--json', 'shop.yaml')).stdout);
    expect(Object.keys(plan)).toEqual([
      'scenario',
      'namespaces',
      'pods',
      'policies',
      'checks',
      'idleExceptions',
      'accepted',
      'steps',
    ]);
    expect(plan.namespaces).toEqual([
      { name: 'shop', labels: {} },
      { name: 'ops', labels: {}, created: 'later' },
    ]);
    expect(plan.pods[2]).toEqual({ namespace: 'ops', name: 'tool', labels: {}, ports: [], created: 'later' });
    expect(plan.checks).toEqual([expect.objectContaining({ from: 'shop/web', expected: 'reachable' })]);
    expect(plan.steps.map(({ name }: { name: string }) => name)).toEqual([
      'the tool comes',
      'the web moves',
      'the web goes',
    ]);
    expect(Object.keys(plan.steps[0])).toEqual([
      'name',
      'location',
      'actions',
      'withinMs',
      'namespaces',
      'pods',
      'policies',
      'checks',
    ]);
  });
});

describe('explain --step', () => {
  test.each([['the web moves'], ['3']])('explains a connection in that step: %s', async (step) => {
    const { stdout, stderr } = await run('explain', '--step', step, 'shop.yaml', 'shop/web', 'shop/api');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^DENIED/m);
    expect(stdout).toContain('it requires app=web, but shop/web has app=moved');
    expect(stdout).toMatch(/^shop, step "the web moves"\n\nshop\/web → /);
  });

  test('without it explains the first, and says so where there are others', async () => {
    const { stdout, stderr } = await run('explain', 'shop.yaml', 'shop/web', 'shop/api');
    expect(stdout).toMatch(/^ALLOWED/m);
    expect(stderr).toBe('note: this is step 1 of 4 of scenario shop; --step shows another\n');
  });

  test('knows the first by the name that reports give it', async () => {
    const { stdout } = await run('explain', '--step', 'first step', 'shop.yaml', 'shop/web', 'shop/api');
    expect(stdout).toMatch(/^ALLOWED/m);
  });

  test('--all predicts every pair that is there in that step', async () => {
    const { stdout, exitCode } = await run('explain', '--all', '--step', 'the tool comes', 'shop.yaml');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^shop, step "the tool comes"\n/);
    expect(stdout).toContain('ops/tool');
    const json = JSON.parse((await run('explain', '--all', '--step', '4', '--json', 'shop.yaml')).stdout);
    expect(json).toEqual([
      {
        scenario: 'shop',
        step: 'the web goes',
        predictions: [
          expect.objectContaining({ from: 'shop/api', to: 'shop/api', verdict: 'allowed' }),
          expect.objectContaining({
            from: 'ops/tool',
            to: 'shop/api',
            verdict: 'denied',
            declared: 'unreachable',
          }),
        ],
      },
    ]);
  });

  test.each([
    [
      ['--step', 'the web move', 'shop.yaml', 'shop/web', 'shop/api'],
      'no step is named "the web move"',
      'Did you mean "the web moves"? The steps are: 1 (first step), 2 (the tool comes), 3 (the web moves), 4 (the web goes).',
    ],
    [
      ['--step', 'TOOL', 'shop.yaml', 'shop/web', 'shop/api'],
      'no step is named "TOOL"',
      'Did you mean "the tool comes"? The steps are: 1 (first step), 2 (the tool comes), 3 (the web moves), 4 (the web goes).',
    ],
    [
      ['--step', 'rollback', 'shop.yaml', 'shop/web', 'shop/api'],
      'no step is named "rollback"',
      'The steps are: 1 (first step), 2 (the tool comes), 3 (the web moves), 4 (the web goes).',
    ],
    [
      ['--step', '5', 'shop.yaml', 'shop/web', 'shop/api'],
      'there is no step 5',
      'The steps are: 1 (first step), 2 (the tool comes), 3 (the web moves), 4 (the web goes).',
    ],
    [
      ['--step', '0', '--all', 'shop.yaml'],
      'there is no step 0',
      'The steps are: 1 (first step), 2 (the tool comes), 3 (the web moves), 4 (the web goes).',
    ],
    [
      ['shop.yaml', 'ops/tool', 'shop/api'],
      'there is no ops/tool in step 1',
      'Choose a step that has it: --step 2, --step 3, --step 4.',
    ],
    [
      ['--step', 'the web goes', 'shop.yaml', 'shop/web', 'shop/api'],
      'there is no shop/web in step 4',
      'Choose a step that has it: --step 1, --step 2, --step 3.',
    ],
  ])('is a mistake where the step, or a pod in it, is not there: %j', async (args, message, hint) => {
    const { stderr, exitCode } = await run('explain', ...args);
    expect(stderr).toBe(`error: ${message}\nhint: ${hint}\n`);
    expect(exitCode).toBe(2);
  });
});

test('explain says of open connections that policies say nothing of them, where a step asks', async () => {
  using folder = folderWith({
    'held.yaml': `apiVersion: podreach/v1
kind: Scenario
name: held
namespaces: { held: }
pods: { held/a: , held/b: { ports: [80, 81] } }
policies:
  - { apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: deny }, spec: { podSelector: {} } }
unreachable: [{ from: held/a, to: "held/b:80", held: cut }, { from: held/a, to: "held/b:81" }]
`,
  });
  const explain = async (to: string) =>
    (await runCli(['explain', 'held.yaml', 'held/a', to], { cwd: folder.path })).stderr;
  expect(await explain('held/b:80')).toBe(
    'note: what becomes of a connection that is open already, policies do not say (I7): "held" is answered by a run alone\n',
  );
  expect(await explain('held/b:81')).toBe('');
});

test('explain --step of several scenarios lists the steps of each', async () => {
  using folder = folderWith({
    'shop.yaml': SCENARIO,
    'other.yaml': SCENARIO.replace('name: shop', 'name: other'),
  });
  const { stderr } = await runCli(['explain', '--all', '--step', '9', '.'], { cwd: folder.path });
  expect(stderr).toMatch(
    /^error: there is no step 9\nhint: The steps of other are: 1 \(first step\), .*\. The steps of shop are: 1 /,
  );
});

test.each(['plan', 'validate'])('%s --help has an example with steps', async (command) => {
  const { stdout } = await runCli([command, '--help']);
  expect(stdout).toMatch(new RegExp(`^  podreach ${command} .*scenarios/time.*step`, 'm'));
});

test('run --help says that the budget of a step may be longer than --within', async () => {
  const { stdout } = await runCli(['run', '--help']);
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('a step may give itself longer with its own "within"');
});

test('validate counts what there is at any time, and names the steps of what it finds', async () => {
  const { stdout } = await run('validate', 'shop.yaml');
  expect(stdout).toBe(`shop  3 pods, 1 policy, 4 steps, 6 checks  (shop.yaml)
shop.yaml:17:15: warning: in step "the tool comes": ops/tool → shop/api:80/TCP is to be cut by others, but the scenario's own policies cut it already [cut-by-policies, D7]
  next: Leave "cutBy" out, so that the run shows that these policies do it; keep it only where they are not alone. See why: podreach explain --only shop --step 'the tool comes' shop.yaml ops/tool shop/api:80/TCP
1 scenario valid, 1 warning.
`);
  const { scenarios } = JSON.parse((await run('validate', '--json', 'shop.yaml')).stdout);
  expect(scenarios).toEqual([{ name: 'shop', file: 'shop.yaml', pods: 3, policies: 1, steps: 4, checks: 6 }]);
});
