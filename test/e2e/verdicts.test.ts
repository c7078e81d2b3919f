/** The main job through the built command line, on real packets. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checksOf, type RunRecord, runRecordSchema } from '../../src/record/schema.ts';
import { type Folder, folderWith, runCli } from '../support/cli.ts';

function recordIn(folder: Folder, name = 'run.json'): RunRecord {
  return runRecordSchema.parse(JSON.parse(readFileSync(join(folder.path, name), 'utf8')));
}

const POLICY = `
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: only-web, namespace: shop }
    spec:
      podSelector: { matchLabels: { app: db } }
      ingress:
        - from: [{ podSelector: { matchLabels: { app: web } } }]`;

const TOPOLOGY = `apiVersion: podreach/v1
kind: Scenario
name: shop
namespaces:
  shop: {}
pods:
  shop/web: { labels: { app: web } }
  shop/job: { labels: { app: job } }
  shop/db: { labels: { app: db }, ports: [5432, 5353/UDP] }
`;

test.concurrent('every shipped scenario passes', async () => {
  using folder = folderWith({});
  const { exitCode, stdout, stderr } = await runCli([
    'run',
    'scenarios',
    '--report',
    `json=${folder.path}/run.json`,
  ]);
  expect(stderr).not.toContain('error');
  const record = recordIn(folder);
  const checks = record.scenarios.flatMap(checksOf);
  // Of a new pod's first instant nobody can tell where its machine was too busy to run it: that is said, and no mismatch.
  const isUnseen = ({ verdict, firstInstant }: (typeof checks)[number]): boolean =>
    verdict === 'inconclusive' && firstInstant !== undefined;
  const unseen = checks.filter(isUnseen).length;
  expect(checks.filter((check) => check.verdict !== 'pass' && !isUnseen(check))).toEqual([]);
  expect(stdout.trim().split('\n').at(-1)).toMatch(
    /^(PASSED|INCONCLUSIVE)\b.*\b\d+ scenarios, \d+ steps, \d+ checks: \d+ passed/,
  );
  expect(exitCode).toBe(unseen === 0 ? 0 : 4);
  expect(record.run).toMatchObject({ incomplete: false, exitCode });
  expect(record.scenarios.length).toBeGreaterThanOrEqual(10);
});

test.concurrent('a wrong expectation of each kind ends with 1 and shows both', async () => {
  using folder = folderWith({
    'wrong.yaml': `${TOPOLOGY}policies:${POLICY}
reachable:
  - { from: shop/web, to: shop/db }
  - { from: shop/job, to: "shop/db:5432" }
unreachable:
  - { from: shop/web, to: "shop/db:5353/UDP", because: nobody needs it }
`.replace('  - { from: shop/web, to: shop/db }\n', '  - { from: shop/web, to: "shop/db:5432" }\n'),
  });
  const { exitCode, stdout } = await runCli(
    [
      'run',
      'wrong.yaml',
      '--nodes',
      '1',
      '--within',
      '30s',
      '--report',
      'terminal',
      '--report',
      'json=run.json',
    ],
    {
      cwd: folder.path,
    },
  );
  expect(exitCode).toBe(1);
  expect(stdout).toContain('wrong.yaml:20');
  expect(stdout).toContain('wrong.yaml:22');
  expect(stdout).toContain(
    "podreach run wrong.yaml --check 'shop/job → shop/db:5432/TCP' --nodes 1 --within 30s --keep",
  );
  const verdicts = recordIn(folder).scenarios[0]?.steps[0]?.checks.map(
    ({ from, to, port, protocol, verdict, isolatedBy }) => ({
      pair: `${from} ${to}:${port}/${protocol}`,
      verdict,
      isolatedBy,
    }),
  );
  expect(verdicts).toEqual([
    { pair: 'shop/web shop/db:5432/TCP', verdict: 'pass', isolatedBy: undefined },
    {
      pair: 'shop/web shop/db:5353/UDP',
      verdict: 'leaked',
      isolatedBy: { egress: [], ingress: ['shop/only-web'] },
    },
    {
      pair: 'shop/job shop/db:5432/TCP',
      verdict: 'broken',
      isolatedBy: { egress: [], ingress: ['shop/only-web'] },
    },
  ]);
});

describe.concurrent('what goes wrong before or while policies are applied', () => {
  test("an invalid policy is told in the API server's own words, with its place", async () => {
    using folder = folderWith({
      'bad.yaml': `${TOPOLOGY}policies:${POLICY.replace('[{ podSelector: { matchLabels: { app: web } } }]', '[{}]')}
reachable:
  - { from: shop/web, to: shop/db }
`,
    });
    const { exitCode, stdout } = await runCli(
      ['run', 'bad.yaml', '--nodes', '1', '--report', 'terminal', '--report', 'json=run.json'],
      { cwd: folder.path },
    );
    expect(exitCode).toBe(3);
    expect(stdout).toContain('spec.ingress[0].from[0]: Required value: must specify a peer');
    expect(stdout).toContain('bad.yaml:11');
    expect(recordIn(folder).scenarios[0]?.error?.code).toBe('policy-rejected');
  });

  test('a failing scenario does not take the others down, and --fail-fast does', async () => {
    const broken = `${TOPOLOGY}policies:${POLICY.replace('[{ podSelector: { matchLabels: { app: web } } }]', '[{}]')}\nreachable:\n  - { from: shop/web, to: shop/db }\n`;
    using folder = folderWith({
      'a.yaml': broken,
      'b.yaml': `${TOPOLOGY.replace('name: shop', 'name: fine')}reachable:\n  - { from: shop/web, to: shop/db }\n`,
    });
    const all = await runCli(['run', '.', '--nodes', '1', '--report', 'json=run.json'], { cwd: folder.path });
    expect(all.exitCode).toBe(3);
    expect(recordIn(folder).scenarios.map(({ name, status }) => [name, status])).toEqual([
      ['shop', 'failed'],
      ['fine', 'finished'],
    ]);
    await runCli(['run', '.', '--nodes', '1', '--fail-fast', '--report', 'json=run.json'], {
      cwd: folder.path,
    });
    expect(recordIn(folder).scenarios.map(({ name, status }) => [name, status])).toEqual([
      ['shop', 'failed'],
      ['fine', 'skipped'],
    ]);
  });
});

test.concurrent('--report json alone leaves standard output to the record', async () => {
  using folder = folderWith({
    'fine.yaml': `${TOPOLOGY}reachable:\n  - { from: shop/web, to: shop/db }\n`,
  });
  const { exitCode, stdout } = await runCli(
    ['run', 'fine.yaml', '--nodes', '1', '--report', 'json', '--quiet'],
    {
      cwd: folder.path,
    },
  );
  expect(exitCode).toBe(0);
  expect(runRecordSchema.parse(JSON.parse(stdout)).run.exitCode).toBe(0);
});

test.concurrent('--quiet says one line while all is well', async () => {
  using folder = folderWith({
    'fine.yaml': `${TOPOLOGY}reachable:\n  - { from: shop/web, to: shop/db }\n`,
  });
  const { exitCode, stdout, stderr } = await runCli(['run', 'fine.yaml', '--nodes', '1', '--quiet'], {
    cwd: folder.path,
  });
  expect(stdout).toMatch(/^PASSED +1 scenario, 2 checks: 2 passed \(.*\)\n$/);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
});
