/**
 * `podreach cluster upgrade` as a program. Docker and kind are programs that write what the real ones do; what kubectl is told to get
 * is in a file that each apply replaces.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifestText, READY_ITEMS } from '../cluster/kind/world.ts';
import { type CliProcess, type CliResult, type Folder, folderWith, startCli } from '../support/cli.ts';
import { writePrograms } from '../support/programs.ts';

const INFO = { ServerVersion: '28.0.0', OperatingSystem: 'Docker Desktop', CgroupVersion: '2' };

interface KindHost extends Disposable {
  readonly folder: Folder;
  readonly manifest: (release: string) => string;
  start(args: readonly string[], env?: NodeJS.ProcessEnv): CliProcess;
  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<CliResult>;
  /** What was told to kubectl on the node, one command line each, without its questions. */
  applied(): string[];
}

/** What kubectl shows of a cluster with that release; where it is on its way, its only node has not been updated yet. */
function itemsWith(release: string, isOnItsWay = false): string {
  const image = `registry.example/calico/node:${release}`;
  const number = isOnItsWay ? 2 : 1;
  const items = [
    ...READY_ITEMS.filter(({ kind }) => kind !== 'DaemonSet'),
    {
      ...READY_ITEMS.find(({ kind }) => kind === 'DaemonSet'),
      spec: { template: { spec: { containers: [{ name: 'calico-node', image }] } } },
    },
    {
      kind: 'ControllerRevision',
      metadata: {
        name: `calico-node-${number}`,
        labels: { 'controller-revision-hash': `${number}` },
        ownerReferences: [{ kind: 'DaemonSet', name: 'calico-node' }],
      },
      revision: number,
    },
    {
      kind: 'Pod',
      metadata: { name: 'calico-node-x', labels: { 'controller-revision-hash': '1' } },
      spec: { nodeName: 'ci-control-plane' },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    },
  ];
  return JSON.stringify({ items });
}

/** @param afterApply what kubectl shows once something has been applied */
function kindHost(afterApply: string): KindHost {
  const node = {
    Id: '0123',
    Name: '/ci-control-plane',
    Created: new Date().toISOString(),
    State: { Running: true },
    Config: { Labels: { 'io.x-k8s.kind.role': 'control-plane' } },
  };
  const context = (name: string): string =>
    JSON.stringify({
      clusters: [{ name, cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name, user: {} }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    });
  const folder = folderWith({
    'info.json': JSON.stringify(INFO),
    'node.json': JSON.stringify([node]),
    'items.json': itemsWith('v0.0.1'),
    'after.json': afterApply,
    'old.yaml': manifestText(),
    'new.yaml': manifestText().replaceAll('v0.0.1', 'v0.1.0'),
    'kind-ci.kubeconfig': context('kind-ci'),
    'staging.kubeconfig': context('staging'),
  });
  writePrograms(folder, {
    docker: `case "$1" in
info) cat "$dir/info.json";;
ps) case "$*" in *cluster=ci) if [ -e "$dir/nodes" ]; then echo 0123; fi;; esac;;
inspect) cat "$dir/node.json";;
exec) case "$*" in
  *" apply "*) echo "$*" >>"$dir/applied.log"; cat >"$dir/applied.yaml"; if [ -e "$dir/kept" ]; then cp "$dir/after.json" "$dir/items.json"; fi;;
  *) cat "$dir/items.json";;
  esac;;
image|load) exit 0;;
esac`,
    kind: `case "$1 $2" in
version*) echo "kind v0.32.0 go1.26.0 linux/amd64";;
"create cluster") touch "$dir/nodes";;
"export kubeconfig") cat "$dir/kind-ci.kubeconfig" >"$6";;
esac`,
  });
  const start: KindHost['start'] = (args, env = {}) =>
    startCli(['cluster', ...args], {
      env: {
        PATH: `${folder.path}:${process.env['PATH']}`,
        XDG_STATE_HOME: join(folder.path, 'state'),
        XDG_CACHE_HOME: join(folder.path, 'cache'),
        KUBECONFIG: undefined,
        ...env,
      },
    });
  const log = join(folder.path, 'applied.log');
  return {
    folder,
    manifest: (name) => join(folder.path, name),
    start,
    run: (args, env) => start(args, env).ended,
    applied: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** The same with a cluster `ci` that was kept. */
async function keptHost(afterApply = itemsWith('v0.1.0')): Promise<KindHost> {
  const host = kindHost(afterApply);
  const made = await host.run(['create', 'ci', '--calico-manifest', host.manifest('old.yaml')]);
  expect(made).toMatchObject({ exitCode: 0 });
  writeFileSync(join(host.folder.path, 'kept'), '');
  writeFileSync(join(host.folder.path, 'applied.log'), '');
  return host;
}

function linesOf({ stderr }: CliResult): string[] {
  return stderr.split('\n').filter((line) => line !== '');
}

test.concurrent('a cluster is found by its name, upgraded, and known by its new Calico', async () => {
  using host = await keptHost();
  const to = ['--calico-manifest', host.manifest('new.yaml')];
  const upgraded = await host.run(['upgrade', 'ci', ...to]);
  expect(linesOf(upgraded)).toEqual([
    'checking Docker and kind',
    'looking for the cluster "ci"',
    `fetching the manifest of ${host.manifest('new.yaml')}`,
    'asking which Calico runs',
    'applying the manifest of Calico v0.1.0',
    'waiting for the rollout of daemonset/kube-system/calico-node',
    'waiting for the rollout of deployment/kube-system/calico-kube-controllers',
    'waiting for the nodes',
    'kind cluster "ci" is upgraded from Calico v0.0.1 to v0.1.0',
  ]);
  expect(upgraded).toMatchObject({ exitCode: 0, stdout: '' });
  expect(host.applied()).toEqual([
    'exec --interactive ci-control-plane kubectl --kubeconfig=/etc/kubernetes/admin.conf apply --server-side --force-conflicts --filename=-',
  ]);
  expect(readFileSync(join(host.folder.path, 'applied.yaml'), 'utf8')).toContain('calico/node:v0.1.0');
  expect((await host.run(['status', 'ci'])).stdout).toContain(host.manifest('new.yaml'));

  const again = await host.run(['upgrade', 'ci', ...to]);
  expect(again.exitCode).toBe(0);
  expect(linesOf(again).at(-1)).toBe('kind cluster "ci" has Calico v0.1.0 already: there was nothing to do');
  expect(host.applied()).toHaveLength(1);
});

test.concurrent('without a name it is the cluster that KUBECONFIG leads to', async () => {
  using host = await keptHost();
  const env = { KUBECONFIG: host.manifest('kind-ci.kubeconfig') };
  const { exitCode, stderr } = await host.run(
    ['upgrade', '--quiet', '--calico-manifest', host.manifest('new.yaml')],
    env,
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(host.applied()).toHaveLength(1);
});

describe.concurrent('a cluster that is not named', () => {
  const version = ['--calico-version', 'v3.32.1'];
  const hint = 'hint: Name the cluster that is meant: podreach cluster upgrade podreach …';

  test('and to which KUBECONFIG does not lead, is not guessed', async () => {
    using host = kindHost('{}');
    const staging = await host.run(['upgrade', ...version], {
      KUBECONFIG: host.manifest('staging.kubeconfig'),
    });
    expect(staging.exitCode).toBe(2);
    expect(linesOf(staging)).toEqual([
      'error: KUBECONFIG leads to the context staging, which is no kind cluster',
      hint,
    ]);
    const nowhere = await host.run(['upgrade', ...version], { KUBECONFIG: '/nowhere' });
    expect(nowhere.exitCode).toBe(2);
    expect(linesOf(nowhere)).toEqual([
      'error: KUBECONFIG leads to no cluster: there is no kubeconfig with a context',
      hint,
    ]);
  });

  test('is the one that podreach makes by default where there is no KUBECONFIG', async () => {
    using host = kindHost('{}');
    const ended = await host.run(['upgrade', ...version]);
    expect(ended.exitCode).toBe(3);
    expect(linesOf(ended).slice(-2)).toEqual([
      'error: there is no kind cluster "podreach" of podreach\'s',
      'hint: Make one first: podreach cluster create podreach',
    ]);
  });
});

test.concurrent('Ctrl-C leaves the cluster as it is, says in which state, and how to go on', async () => {
  using host = await keptHost(itemsWith('v0.1.0', true));
  const args = ['upgrade', 'ci', '--calico-manifest', host.manifest('new.yaml')];
  const upgrade = host.start(args);
  await upgrade.until(/calico-node on ci-control-plane: still the old one/);
  upgrade.child.kill('SIGINT');
  const ended = await upgrade.ended;
  expect(ended.exitCode).toBe(130);
  expect(linesOf(ended).slice(-2)).toEqual([
    'interrupted: the cluster stays as it is; press Ctrl-C again to leave at once',
    `warning: the upgrade of the kind cluster "ci" has not ended: the manifest is applied, and Kubernetes goes on with the rollout; the same command waits for it: podreach cluster upgrade ci --calico-manifest ${host.manifest('new.yaml')}`,
  ]);
  const status = await host.run(['status', 'ci']);
  expect(status.stdout).toContain(
    `${host.manifest('old.yaml')}, with an upgrade to ${host.manifest('new.yaml')} that has not ended`,
  );

  writeFileSync(join(host.folder.path, 'after.json'), itemsWith('v0.1.0'));
  expect(await host.run(args)).toMatchObject({ exitCode: 0 });
  expect((await host.run(['status', 'ci'])).stdout).not.toContain('has not ended');
});

test.concurrent.each([
  [[], 'error: no Calico is named to upgrade to'],
  [['--calico-version', 'v1.0.0'], 'Choose v3.32.1 or v3.31.7'],
  [['--calico-version', 'v3.32.1', '--calico-manifest', 'x'], 'cannot be used with'],
  [['My_Cluster', '--calico-version', 'v3.32.1'], 'is no name for a kind cluster'],
])('upgrade %j is wrong usage', async (args, said) => {
  using host = kindHost('{}');
  const { exitCode, stderr } = await host.run(['upgrade', ...args]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(said);
});
