/**
 * `podreach run --cluster kind` as a program. Docker and kind are programs that write what the real ones do; the API server that they
 * lead to is a sandbox's.
 */
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { generate } from 'selfsigned';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { sandboxCluster } from '../../src/cluster/sandbox.ts';
import { runRecordSchema } from '../../src/record/schema.ts';
import { MANIFEST_FILE, READY_ITEMS } from '../cluster/kind/world.ts';
import { type Intervention, throughProxy } from '../support/api-proxy.ts';
import {
  type CliProcess,
  type CliResult,
  type Folder,
  folderWith,
  runCli,
  startCli,
} from '../support/cli.ts';
import { writePrograms } from '../support/programs.ts';

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
  /** Runs `podreach upgrade --cluster kind` there. @param command the upgrade */
  upgrade(...command: string[]): Promise<CliResult>;
  clean(runId: string): Promise<CliResult>;
  /** Runs `podreach cluster VERB` there. */
  cluster(verb: string, more?: NodeJS.ProcessEnv): Promise<CliResult>;
  /** What kind was asked, one command line each. */
  kindCommands(): string[];
  /** Whether the fake kind's nodes exist. */
  hasNodes(): boolean;
}

/** A machine with Docker, kind and a cluster to make. @param deletion what `kind delete cluster` does, as shell script */
async function kindHost(intervention: Intervention = {}, deletion = 'rm -f "$dir/nodes"'): Promise<KindHost> {
  const folder = folderWith({
    'small.yaml': SCENARIO,
    'info.json': JSON.stringify(INFO),
    'node.json': JSON.stringify(NODE),
    'items.json': JSON.stringify({ items: READY_ITEMS }),
  });
  writePrograms(folder, {
    docker: `case "$*" in
"ps "*podreach.dev/outside-of*--format*) cat "$dir/outside" 2>/dev/null; exit 0;;
"ps "*podreach.dev/outside-of*) if [ -e "$dir/outside" ]; then echo 4567; fi; exit 0;;
*podreach.dev/outside-of*) exit 0;;
"rm "*) echo "$*" >>"$dir/removed"; exit 0;;
esac
case "$1" in
info) cat "$dir/info.json";;
ps) if [ -e "$dir/nodes" ]; then echo 0123; fi;;
inspect) cat "$dir/node.json";;
wait) exec sleep 600;;
exec) cat "$dir/items.json";;
esac`,
    kind: `echo "$*" >>"$dir/kind.log"
case "$1 $2" in
version*) echo "kind v0.32.0 go1.26.0 linux/amd64";;
"create cluster") touch "$dir/nodes";;
"delete cluster") ${deletion};;
"export kubeconfig") cat "$dir/kubeconfig" >"$6";;
esac`,
  });
  const cluster = await throughProxy(sandboxCluster({ nodes: 1, enforcement: 'on' }), intervention).start({
    clock: systemClock,
    signal: new AbortController().signal,
  });
  writeFileSync(join(folder.path, 'kubeconfig'), cluster.kubeconfig);
  const env = {
    PATH: `${folder.path}:${process.env['PATH']}`,
    XDG_STATE_HOME: join(folder.path, 'state'),
    XDG_CACHE_HOME: join(folder.path, 'cache'),
  };
  const common = ['small.yaml', '--cluster', 'kind', '--calico-manifest', MANIFEST_FILE];
  return {
    folder,
    run: (...args) => startCli(['run', ...common, ...args], { cwd: folder.path, env }),
    upgrade: (...command) =>
      runCli(
        ['upgrade', ...common, '--output', 'out', '--every', '250ms', '--after', '3s', '--', ...command],
        {
          cwd: folder.path,
          env,
        },
      ),
    cluster: (verb, more) => runCli(['cluster', verb], { env: { ...env, ...more } }),
    kindCommands: () =>
      readFileSync(join(folder.path, 'kind.log'), 'utf8').trim().replaceAll(folder.path, '').split('\n'),
    clean: (runId) => runCli(['clean', '--run', runId, '--cluster', 'kind'], { env }),
    hasNodes: () => existsSync(join(folder.path, 'nodes')),
    async [Symbol.asyncDispose]() {
      await cluster.stop();
      folder[Symbol.dispose]();
    },
  };
}

interface Internet extends AsyncDisposable {
  /** What a program needs to find it. */
  readonly env: NodeJS.ProcessEnv;
  /** The servers that were asked for, with their ports. */
  readonly asked: readonly string[];
}

/** A proxy behind which every server answers with the same page. */
async function internetOf(page: string, folder: Folder): Promise<Internet> {
  const name = 'raw.githubusercontent.com';
  const own = await generate([{ name: 'commonName', value: name }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
    ],
  });
  const server = createHttpsServer({ key: own.private, cert: own.cert }, (_, answer) => answer.end(page));
  const asked: string[] = [];
  const proxy = createHttpServer().on('connect', (request: IncomingMessage, socket: Duplex) => {
    asked.push(request.url ?? '');
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    server.emit('connection', socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const certificate = join(folder.path, 'internet.pem');
  writeFileSync(certificate, own.cert);
  return {
    asked,
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      NO_PROXY: '',
      no_proxy: '',
      https_proxy: undefined,
      NODE_USE_ENV_PROXY: '1',
      NODE_EXTRA_CA_CERTS: certificate,
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

test.concurrent('a run that keeps its cluster says how to look, and ends', async () => {
  await using host = await kindHost();
  const run = host.run('--keep');
  await run.until(/podreach clean --run \w+ --cluster kind=podreach/);
  const { exitCode, stderr } = await run.ended;
  expect(exitCode).toBe(0);
  expect(stderr).toContain(`kubectl --kubeconfig ${join(host.folder.path, 'state')}`);
  expect(host.hasNodes()).toBe(true);
});

test.concurrent('a run that uses a kept cluster does not say that it stops it, and one of its own does', async () => {
  await using brief = await kindHost();
  const own = await brief.run().ended;
  expect(own).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('stopping the cluster (kind)') });
  expect(brief.hasNodes()).toBe(false);
  await using host = await kindHost();
  const { stderr } = await host.run('--keep').ended;
  const [, id = ''] = /podreach clean --run (\w+) /.exec(stderr) ?? [];
  expect(stderr).toContain('Clean up before you run the same scenarios there again');
  const refused = await host.run('--keep', '--report', 'json', '--quiet').ended;
  expect(refused.exitCode).toBe(3);
  expect(runRecordSchema.parse(JSON.parse(refused.stdout)).run.error).toMatchObject({
    code: 'namespace-foreign',
    hint: `An earlier run of podreach left them, or is still going: podreach clean --run ${id} --cluster kind=podreach removes them.`,
  });
  expect(await host.clean(id)).toMatchObject({ exitCode: 0 });
  const next = await host.run().ended;
  expect(next.exitCode).toBe(0);
  expect(next.stderr).not.toContain('stopping the cluster');
  expect(host.hasNodes()).toBe(true);
});

test.concurrent('what a run has left outside a kept cluster is found, and taken away', async () => {
  await using host = await kindHost();
  const { path } = host.folder;
  expect(await host.run('--keep').ended).toMatchObject({ exitCode: 0 });
  writeFileSync(join(path, 'outside'), '0123456789 podreach-host-0123456789-1-bank\n');
  expect(await host.clean('0123456789')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^run 0123456789 .*: podreach-host-0123456789-1-bank$/m),
    stderr: expect.stringContaining('run 0123456789: gone'),
  });
  expect(readFileSync(join(path, 'removed'), 'utf8')).toBe('rm --force --volumes 4567\n');
  rmSync(join(path, 'removed'));
  expect(await host.cluster('delete')).toMatchObject({ exitCode: 0 });
  expect(readFileSync(join(path, 'removed'), 'utf8')).toBe('rm --force --volumes 4567\n');
  expect(host.hasNodes()).toBe(false);
});

test.concurrent('an upgrade has one cluster for all of its parts, and its command is in it', async () => {
  await using host = await kindHost();
  const kubeconfig = ['-e', 'console.log(require("fs").readFileSync(process.env.KUBECONFIG, "utf8"))'];
  const { exitCode, stdout, stderr } = await host.upgrade(process.execPath, ...kubeconfig);
  expect(stdout).toMatch(/^Go: /);
  expect(exitCode).toBe(0);
  expect(stderr).toContain(readFileSync(join(host.folder.path, 'kubeconfig'), 'utf8').trim().split('\n')[0]);
  const asked = host.kindCommands().map((line) => line.split(' ').slice(0, 2).join(' '));
  expect(asked.filter((line) => line === 'create cluster' || line === 'delete cluster')).toEqual([
    'create cluster',
    'delete cluster',
  ]);
  expect(stderr.match(/^(?:starting|stopping) the cluster.*$/gm)).toEqual([
    'starting the cluster (kind)',
    'stopping the cluster (kind)',
  ]);
  expect(host.hasNodes()).toBe(false);
});

test.concurrent('whoever does not wait for the deletion of a cluster is told how to delete it', async () => {
  await using host = await kindHost({}, 'exec sleep 600');
  const run = host.run();
  await run.until(/small: starting pods/);
  run.child.kill('SIGINT');
  await run.until(/kind: deleting the nodes/);
  run.child.kill('SIGINT');
  const { exitCode, stderr } = await run.ended;
  expect(exitCode).toBe(130);
  expect(stderr).toContain('left at once; take away what is left with: podreach cluster delete podreach\n');
});

test.concurrent('whoever does not wait for the clean-up of a kept cluster is told how to finish it', async () => {
  const deletions = new EventEmitter();
  const deletion = once(deletions, 'asked');
  await using host = await kindHost({
    answer({ method, path }) {
      if (method !== 'DELETE' || !path.includes('/namespaces/small')) return undefined;
      deletions.emit('asked');
      return 'stall';
    },
  });
  const run = host.run('--keep');
  await run.until(/small: connecting every pair/);
  run.child.kill('SIGINT');
  await deletion;
  run.child.kill('SIGINT');
  const { exitCode, stderr } = await run.ended;
  expect(exitCode).toBe(130);
  expect(stderr).toMatch(
    /left at once; take away what is left with: podreach clean --run \w{10} --cluster kind=podreach\n/,
  );
});

/** Only there does Node.js ask the proxy that stands for the internet. */
const KNOWS_PROXIES = { skip: process.version < 'v22.21' };

test.concurrent(
  'a manifest with a wrong checksum ends it before there are nodes',
  KNOWS_PROXIES,
  async () => {
    await using host = await kindHost();
    await using internet = await internetOf('<html>log in first</html>', host.folder);
    const { exitCode, stderr } = await host.cluster('create', internet.env);
    const url = 'https://raw.githubusercontent.com/projectcalico/calico/v3.32.1/manifests/calico.yaml';
    const found = createHash('sha256').update('<html>log in first</html>').digest('hex');
    expect(stderr.split('\n').filter((line) => /^(error|hint): /.test(line))).toEqual([
      `error: ${url} has the wrong checksum: SHA-256 ${found}, expected a1df919d9721cf667accdc3e72848911b0cb25cfab7d2478ad0c996302c95744`,
      "hint: Something on the way changed the file (a proxy's page?). Fetch it yourself, look at it, and give it with --calico-manifest FILE.",
    ]);
    expect(exitCode).toBe(3);
    expect(internet.asked).toEqual(['raw.githubusercontent.com:443']);
    expect(host.kindCommands()).toEqual(['version']);
  },
);

test.concurrent('a cluster that there is not is not cleaned', async () => {
  using folder = folderWith({});
  const { exitCode, stderr } = await runCli(['clean', '--cluster', 'kind=mine'], {
    env: { XDG_STATE_HOME: folder.path },
  });
  expect(exitCode).toBe(3);
  expect(stderr).toBe(
    'error: there is no kind cluster "mine" of podreach\'s\nhint: See how it is: podreach cluster status mine\n',
  );
});

describe.concurrent('--retain', () => {
  /** Pods of the scenario are refused, by what answers for the API server. */
  const NO_PODS: Intervention = {
    answer: ({ method, path }) =>
      method === 'POST' && path.includes('/namespaces/small/pods')
        ? {
            status: 403,
            body: { kind: 'Status', status: 'Failure', reason: 'Forbidden', message: 'no pods' },
          }
        : undefined,
  };

  test('keeps the nodes of a run that fails, with their logs', async () => {
    await using host = await kindHost(NO_PODS);
    const { exitCode, stderr } = await host.run('--retain').ended;
    expect(exitCode).toBe(3);
    expect(stderr).not.toContain('stopping the cluster');
    const [, logs = ''] =
      /warning: the nodes are kept, and their logs are in (\S+); when you have seen enough: podreach cluster delete podreach\n/.exec(
        stderr,
      ) ?? [];
    expect(existsSync(logs)).toBe(true);
    expect(host.kindCommands().at(-1)).toBe(
      `export logs ${logs.replace(host.folder.path, '')} --name podreach`,
    );
    expect(host.hasNodes()).toBe(true);
    expect(await host.cluster('status')).toMatchObject({
      exitCode: 3,
      stdout: expect.stringContaining('(failed; its nodes are kept)'),
    });
    expect(await host.run().ended).toMatchObject({
      exitCode: 3,
      stdout: expect.stringContaining('the kind cluster "podreach" has failed and its nodes are kept'),
    });
    expect(await host.cluster('delete')).toMatchObject({ exitCode: 0 });
    expect(host.hasNodes()).toBe(false);
  });

  test('keeps nothing of a run that does not fail', async () => {
    await using host = await kindHost();
    expect(await host.run('--retain').ended).toMatchObject({ exitCode: 0 });
    expect(host.hasNodes()).toBe(false);
  });

  test('keeps nothing of a run that is interrupted', async () => {
    await using host = await kindHost();
    const run = host.run('--retain');
    await run.until(/small: starting pods/);
    run.child.kill('SIGINT');
    expect(await run.ended).toMatchObject({ exitCode: 130 });
    expect(host.hasNodes()).toBe(false);
  });
});
