/**
 * `podreach run --cluster kind` as a program. Docker and kind are programs that write what the real ones do; the API server that they
 * lead to is the sandbox's of another process.
 */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MANIFEST_FILE, READY_ITEMS } from '../cluster/kind/world.ts';
import { type CliProcess, type Folder, folderWith, startCli } from '../support/cli.ts';

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: small
namespaces: { small: {} }
pods: { small/a: {}, small/b: { ports: [80] } }
reachable: [{ from: small/a, to: small/b }]
`;
const INFO = { ServerVersion: '28.0.0', OperatingSystem: 'Docker Desktop', CgroupVersion: '2' };
const NODE = [
  {
    Id: '0123',
    Name: '/podreach-control-plane',
    Created: new Date().toISOString(),
    State: { Running: true },
    Config: { Labels: { 'io.x-k8s.kind.role': 'control-plane' } },
  },
];

interface KindHost extends AsyncDisposable {
  readonly folder: Folder;
  /** Starts `podreach run --cluster kind` there. */
  run(...args: string[]): CliProcess;
  /** Whether the fake kind's nodes exist. */
  hasNodes(): boolean;
}

/** A machine with Docker, kind and a cluster to make. @param deletion what `kind delete cluster` runs, as shell script */
async function kindHost(deletion = 'rm -f "$dir/nodes"'): Promise<KindHost> {
  const folder = folderWith({
    'small.yaml': SCENARIO,
    'info.json': JSON.stringify(INFO),
    'node.json': JSON.stringify(NODE),
    'items.json': JSON.stringify({ items: READY_ITEMS }),
  });
  const kubeconfig = join(folder.path, 'kubeconfig');
  const programs = {
    docker: `case "$1" in
info) cat "$dir/info.json";;
ps) if [ -e "$dir/nodes" ]; then echo 0123; fi;;
inspect) cat "$dir/node.json";;
wait) exec sleep 600;;
exec) cat "$dir/items.json";;
esac`,
    kind: `case "$1 $2" in
version*) echo "kind v0.32.0 go1.26.0 linux/amd64";;
"create cluster") touch "$dir/nodes";;
"delete cluster") ${deletion};;
"export kubeconfig") cat "$dir/kubeconfig" >"$6";;
esac`,
  };
  for (const [name, body] of Object.entries(programs)) {
    const file = join(folder.path, name);
    writeFileSync(file, `#!/bin/sh\ndir="${folder.path}"\n${body}\n`);
    chmodSync(file, 0o755);
  }
  const sandbox = startCli(['sandbox', '--kubeconfig', kubeconfig]);
  await sandbox.until(/The sandbox is running/);
  const env = {
    PATH: `${folder.path}:${process.env['PATH']}`,
    XDG_STATE_HOME: join(folder.path, 'state'),
    XDG_CACHE_HOME: join(folder.path, 'cache'),
  };
  const common = ['run', 'small.yaml', '--cluster', 'kind', '--calico-manifest', MANIFEST_FILE];
  return {
    folder,
    run: (...args) => startCli([...common, ...args], { cwd: folder.path, env }),
    hasNodes: () => existsSync(join(folder.path, 'nodes')),
    async [Symbol.asyncDispose]() {
      sandbox.child.kill('SIGINT');
      await sandbox.ended;
      folder[Symbol.dispose]();
    },
  };
}

test('a run that keeps its cluster says how to look, and ends', { timeout: 60_000 }, async () => {
  await using host = await kindHost();
  const run = host.run('--keep');
  await run.until(/podreach clean --run \w+ --cluster kind=podreach/);
  const { exitCode, stdout } = await run.ended;
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`kubectl --kubeconfig ${join(host.folder.path, 'state')}`);
  expect(host.hasNodes()).toBe(true);
});
