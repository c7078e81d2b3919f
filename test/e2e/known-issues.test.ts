/** Known issues through the built command line, on real packets: a policy that leaks, and what is said of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Folder, folderWith, runCli } from '../support/cli.ts';

/** The policy lets through what the scenario forbids: shop/job. */
const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: shop
namespaces:
  shop: {}
pods:
  shop/web: { labels: { app: web } }
  shop/job: { labels: { app: job } }
  shop/db: { labels: { app: db }, ports: [5432] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: only-web, namespace: shop }
    spec:
      podSelector: { matchLabels: { app: db } }
      ingress:
        - from: [{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [web, job] }] } }]
reachable:
  - { from: shop/web, to: shop/db }
unreachable:
  - { from: shop/job, to: shop/db }
`;
const MENDED = SCENARIO.replace('values: [web, job]', 'values: [web]');

function entry(is: string, expires: string): string {
  return `knownIssues:
  - { from: shop/job, to: shop/db, is: ${is}, reason: the policy is too wide, owner: shop-team, expires: ${expires} }
`;
}

const LATER = '2999-12-31';

const scenarioIn = (text: string): Folder =>
  folderWith({
    'shop.yaml': text,
    'known.yaml': `apiVersion: podreach/v1\nkind: KnownIssues\nscenarios: [shop]\n${entry('leaked', LATER)}`,
  });

async function run(folder: Folder, ...options: readonly string[]) {
  const args = ['run', 'shop.yaml', '--nodes', '1', '--report', 'terminal', '--report', 'json=run.json'];
  const result = await runCli([...args, ...options], { cwd: folder.path });
  return { ...result, record: JSON.parse(readFileSync(join(folder.path, 'run.json'), 'utf8')) };
}

test.each<[string, string, string[]]>([
  ['the scenario', SCENARIO + entry('leaked', LATER), []],
  ['a file of its own', SCENARIO, ['--known-issues', 'known.yaml']],
])('a leak that is known by %s ends with 0, and is shown', async (_, text, options) => {
  using folder = scenarioIn(text);
  const { exitCode, stdout, record } = await run(folder, ...options);
  expect(stdout).toContain(`known until ${LATER}, leaked: the policy is too wide`);
  expect(stdout).toContain('owner: shop-team');
  expect(stdout).toMatch(/^PASSED {2}1 scenario, 2 checks: 1 passed, 1 known/m);
  expect(record.run.exitCode).toBe(0);
  expect(record.scenarios[0].steps[0].checks).toMatchObject([
    { verdict: 'pass' },
    { verdict: 'leaked', knownIssues: [0] },
  ]);
  expect(exitCode).toBe(0);
  expect(await runCli(['report', 'run.json'], { cwd: folder.path })).toMatchObject({ exitCode: 0, stdout });
});

test('--fail-fast goes on after a mismatch that is known', async () => {
  using folder = folderWith({
    'a.yaml': SCENARIO + entry('leaked', LATER),
    'b.yaml': MENDED.replaceAll('shop', 'other'),
  });
  const { exitCode, stdout, stderr } = await runCli(
    ['run', 'a.yaml', 'b.yaml', '--nodes', '1', '--parallel', '1', '--fail-fast'],
    { cwd: folder.path },
  );
  expect(stderr).toMatch(/^passed +shop +2 checks: 1 passed, 1 known, /m);
  expect(stdout).toMatch(/^PASSED {2}2 scenarios, 4 checks: 3 passed, 1 known /m);
  expect(exitCode).toBe(0);
});

test('one that has expired ends with 1, and says until when it was known', async () => {
  using folder = scenarioIn(SCENARIO + entry('leaked', '2026-01-31'));
  const { exitCode, stdout, stderr } = await run(folder);
  expect(stderr).toContain('this known issue expired on 2026-01-31');
  expect(stdout).toContain('until 2026-01-31, which is over: the policy is too wide');
  expect(stdout).toMatch(/^FAILED {2}1 scenario, 2 checks: 1 passed, 1 leaked/m);
  expect(exitCode).toBe(1);
});

test('one of another direction ends with 1', async () => {
  using folder = scenarioIn(SCENARIO + entry('flapping', LATER));
  const { exitCode, stdout } = await run(folder);
  expect(stdout).toMatch(/^FAILED {2}1 scenario, 2 checks: 1 passed, 1 leaked/m);
  expect(exitCode).toBe(1);
});

test('one that no longer happens ends with 0 and a warning', async () => {
  using folder = scenarioIn(MENDED + entry('leaked', LATER));
  const { exitCode, stdout } = await run(folder, '--strict');
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
    'shop: the known issue at shop.yaml:23 is gone: its check passed, and none is leaked any more.',
  );
  expect(stdout).toContain('[known-issue-gone]');
  expect(exitCode).toBe(0);
});

test('what has expired is a warning of validate, which --strict takes for an error', async () => {
  using folder = folderWith({ 'shop.yaml': MENDED + entry('leaked', '2026-01-31') });
  const validate = (...options: readonly string[]) =>
    runCli(['validate', 'shop.yaml', ...options], { cwd: folder.path });
  const { exitCode, stdout } = await validate();
  expect(stdout).toContain(
    'shop.yaml:23:5: warning: this known issue expired on 2026-01-31: a check that is leaked fails the run again (owner: shop-team) [expired-known-issue]',
  );
  expect(exitCode).toBe(0);
  expect((await validate('--strict')).exitCode).toBe(2);
});

test('plan shows which checks have one', async () => {
  using folder = folderWith({
    'shop.yaml': SCENARIO,
    'known.yaml': `apiVersion: podreach/v1\nkind: KnownIssues\n${entry('leaked', LATER)}`,
  });
  const plan = (...options: readonly string[]) =>
    runCli(['plan', 'shop.yaml', '--known-issues', 'known.yaml', ...options], { cwd: folder.path });
  const { stdout } = await plan();
  expect(stdout).toContain(
    `  known issues (1)\n    leaked  until ${LATER}  shop-team  known.yaml:4  the policy is too wide\n`,
  );
  expect(stdout).toMatch(
    new RegExp(`^ +unreachable +shop/job +→ shop/db:5432/TCP .* known to be leaked until ${LATER}$`, 'm'),
  );
  const [data] = JSON.parse((await plan('--json')).stdout);
  expect(data.knownIssues).toMatchObject([{ is: 'leaked', owner: 'shop-team', checks: 1 }]);
  expect(data.checks).toMatchObject([{}, { knownIssues: [0] }]);
});

test('schema prints that of a list of known issues', async () => {
  const { stdout } = await runCli(['schema', 'known-issues']);
  expect(JSON.parse(stdout).required).toEqual(['apiVersion', 'kind', 'knownIssues']);
});
