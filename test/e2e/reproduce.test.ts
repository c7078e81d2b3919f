/** The lines with which reports say how to see a mismatch again do what they say, as they are printed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { folderWith, runCli, startCli } from '../support/cli.ts';

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: NAME
namespaces: { shop: {} }
pods:
  shop/web: {}
  shop/db: { labels: { app: db }, ports: [5432, 5433] }
services:
  shop/db: { type: NodePort, selector: { app: db }, ports: [{ port: 80, targetPort: 5433 }] }
unreachable: [{ from: shop/web, to: "shop/db:5432" }]
reachable:
  - { from: shop/web, to: "shop/db:5433" }
  - { from: shop/web, to: "service/shop/db:80", via: [clusterIP, nodePort] }
`;
const FILES = {
  "it's two.yaml": `${SCENARIO.replace('NAME', 'first')}---\n${SCENARIO.replace('NAME', 'second').replaceAll('shop', 'other')}`,
};

const KUBECTL = 'kubectl';

/** What a shell makes of a command line. */
function wordsOf(line: string): string[] {
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  return printed.split('\0').slice(0, -1);
}

test('from a run whose pods are gone to one that keeps them, and from there to the connection', async () => {
  using folder = folderWith(FILES);
  const first = await runCli(['run', "it's two.yaml", '--only', 'first', '--nodes', '1'], {
    cwd: folder.path,
  });
  expect(first.exitCode).toBe(1);
  const [, line = ''] = /^ +reproduce {2}(podreach run .*)$/m.exec(first.stdout) ?? [];
  expect(line).toBe(
    `podreach run 'it'\\''s two.yaml' --check 'shop/web → shop/db:5432/TCP' --nodes 1 --keep`,
  );

  // Beside it a way to a Service, of which the other ways are not tried.
  const [, ...args] = [...wordsOf(line), '--check', 'shop/web -> service/shop/db:80 via nodePort'];
  const second = startCli(args, { cwd: folder.path });
  const [, kubeconfig = ''] = await second.until(/kubeconfig: (\S+)/);
  const shown = /^ +reproduce {2}(kubectl .*)$/m;
  const [, command = ''] = await second.until(shown);
  expect(command).toContain(`kubectl --kubeconfig ${kubeconfig} exec -n shop web `);
  if (spawnSync(KUBECTL, ['version', '--client']).status === 0) {
    const connected = execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: 'pipe' });
    expect(connected).toMatch(/^connected: .*:5432\/TCP /);
  }
  second.child.kill('SIGINT');
  const { exitCode, stdout } = await second.ended;
  expect(exitCode).toBe(1);
  expect(stdout.match(/^ +reproduce /gm)).toHaveLength(1);
  expect(stdout).toMatch(/^FAILED {2}1 scenario, 2 of 4 checks \(--check\): 1 passed, 1 leaked /m);
  expect(existsSync(kubeconfig)).toBe(false);
});

const BY_NAME = `apiVersion: podreach/v1
kind: Scenario
name: by-name
families: [IPv4, IPv6]
namespaces: { shop: {} }
pods:
  shop/web: {}
  shop/db: { labels: { app: db }, ports: [5432] }
services:
  shop/db: { selector: { app: db }, ports: [{ port: 5432 }] }
reachable: [{ from: shop/web, to: service/shop/db, via: dns, families: [IPv4] }]
unreachable: [{ from: shop/web, to: service/shop/db, via: dns, families: [IPv6] }]
`;

test.skipIf(spawnSync(KUBECTL, ['version', '--client']).status !== 0)(
  'a name is dialled again in the family of the check',
  async () => {
    using folder = folderWith({ 'by-name.yaml': BY_NAME });
    const chosen = 'shop/web → service/shop/db:5432/TCP via dns over IPv6';
    const options = ['by-name.yaml', '--check', chosen, '--nodes', '1', '--keep'];
    const run = startCli(['run', ...options], { cwd: folder.path });
    const [, command = ''] = await run.until(/^ +reproduce {2}(kubectl .*)$/m);
    expect(command).toMatch(/ db\.shop\.svc\.cluster\.local\. 5432 TCP --family IPv6$/);
    const asked = (line: string): string =>
      execFileSync('sh', ['-c', line], { encoding: 'utf8', stdio: 'pipe' });
    expect(asked(command)).toMatch(/^connected: .*:5432\/TCP .* answered by shop\/db /);
    run.child.kill('SIGINT');
    const { exitCode, stdout } = await run.ended;
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^FAILED {2}1 scenario, 1 of 2 checks \(--check\): 1 leaked /m);
  },
);
