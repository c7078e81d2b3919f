/** How a sandbox begins and ends, and what it leaves behind: nothing. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { findTools, searchPath } from '../../src/sandbox/host.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { ROOT } from '../support/cli.ts';
import { podManifest, startTestbed } from './testbed.ts';
import { leftOf, type Traces, tracesBelow } from './traces.ts';

const FIXTURE = fileURLToPath(new URL('./fixtures/use-sandbox.ts', import.meta.url));
const never = new AbortController().signal;

/** The first line that a program prints. */
async function firstLine(child: ChildProcess): Promise<unknown> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return JSON.parse(text);
}

function runFixture(command: readonly string[], path = process.env['PATH']): ChildProcess {
  const [program = '', ...args] = command;
  return spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, PATH: path } });
}

function childrenOf(pid: number | undefined): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

/** What a pod of the fixture sees of itself. */
const seenBy = (user: '0' | '65534'): object => ({
  shell: {
    kind: 'exited',
    exitCode: 0,
    stderr: '',
    stdout: `${user}\nCapEff:\t0000000000000000\nsearch default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\nweb\n`,
  },
  before: ['db'],
});

test('a sandbox starts, serves, and is gone when stop returns', async () => {
  const sandbox = await startSandbox({ nodes: 2, enforcement: 'on', signal: never });
  expect(sandbox.kubeconfig).toMatch(/server: https:\/\/127\.0\.0\.1:\d+$/m);
  expect(sandbox.kubeconfig).toContain('current-context: podreach-sandbox');
  const traces = tracesBelow(process.pid);
  expect(traces.processes.size).toBeGreaterThanOrEqual(3);
  await Promise.all([sandbox.stop(), sandbox.stop()]);
  expect(await sandbox.exited).toEqual({ kind: 'stopped' });
  expect(await leftOf(traces, 0)).toEqual([]);
});

test('nodes are objects, with labels to select them by, and names are served from the start where that is asked for', async () => {
  await using bed = await startTestbed({ nodes: 3, names: 'from the start' });
  const dns = { resource: 'pods', namespace: 'kube-system' } as const;
  await bed.until('the DNS server has a pod', async () => (await bed.kube.list(dns)).length === 1);
  const nodes = await bed.kube.list({ resource: 'nodes' });
  expect(nodes.map(({ metadata }) => [metadata.name, metadata.labels?.['kubernetes.io/hostname']])).toEqual([
    ['node-1', 'node-1'],
    ['node-2', 'node-2'],
    ['node-3', 'node-3'],
  ]);
});

test('without enforcement policies are stored and mean nothing', async () => {
  await using bed = await startTestbed({ nodes: 1, enforcement: 'off' });
  await bed.policy('default', 'deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  await bed.start(podManifest('default', 'web'), podManifest('default', 'db'));
  const target = { host: await bed.address('default', 'db'), port: 80, protocol: 'TCP' } as const;
  expect(await bed.attempts('default', 'web', [target])).toEqual(['db']);
});

test.each([
  ['supervisor', (waiter: number) => childrenOf(waiter)[0] ?? 0],
  ['process that waits for the supervisor', (waiter: number) => waiter],
])('a %s that is killed is told of, and leaves nothing', async (_, victimOf) => {
  await using bed = await startTestbed({ nodes: 1 });
  await bed.start(podManifest('default', 'web'));
  const traces = tracesBelow(process.pid);
  const [waiter = 0] = childrenOf(process.pid).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('supervisor'),
  );
  process.kill(victimOf(waiter), 'SIGKILL');
  expect(await bed.sandbox.exited).toEqual({
    kind: 'lost',
    reason: 'the sandbox has ended: its supervisor was killed by SIGKILL',
  });
  expect(await leftOf(traces)).toEqual([]);
});

test('a harness that is killed leaves nothing', async () => {
  const harness = runFixture([process.execPath, FIXTURE, 'hold']);
  expect(await firstLine(harness)).toEqual(seenBy('0'));
  const traces = tracesBelow(harness.pid ?? 0);
  expect(traces.processes.size).toBeGreaterThanOrEqual(7);
  harness.kill('SIGKILL');
  expect(await leftOf(traces)).toEqual([]);
});

// What waits for the supervisor, the supervisor, and what keeps the network while it is built.
describe.each([1, 2, 3])('a start with %i of its processes there', (count) => {
  /** Catches the moment, however fast or busy the machine is. */
  const tracesOf = (pid: number): Promise<Traces> =>
    vi.waitUntil(
      () => {
        const traces = tracesBelow(pid);
        return traces.processes.size >= count && traces;
      },
      { interval: 1, timeout: 90_000 },
    );

  test('leaves nothing when its harness is killed', async () => {
    const harness = runFixture([process.execPath, FIXTURE, 'hold']);
    const traces = await tracesOf(harness.pid ?? 0);
    harness.kill('SIGKILL');
    expect(await leftOf(traces)).toEqual([]);
  });

  test('leaves nothing when it is given up', async () => {
    const reason = new Error('no longer wanted');
    const giveUp = new AbortController();
    const starting = startSandbox({ nodes: 2, enforcement: 'on', signal: giveUp.signal });
    const outcome = starting.catch((thrown: unknown) => thrown);
    const traces = await tracesOf(process.pid);
    giveUp.abort(reason);
    expect(await outcome).toBe(reason);
    expect(await leftOf(traces, 0)).toEqual([]);
  });
});

test('a start that was given up before is none', async () => {
  const reason = new Error('no longer wanted');
  const signal = AbortSignal.abort(reason);
  await expect(startSandbox({ nodes: 2, enforcement: 'on', signal })).rejects.toBe(reason);
  expect(tracesBelow(process.pid).processes).toEqual(new Set());
});

test('a sandbox has 1 to 10 nodes', async () => {
  for (const nodes of [0, 11, 1.5]) {
    await expect(startSandbox({ nodes, enforcement: 'on', signal: never })).rejects.toThrow(RangeError);
  }
});

test('a tool that does not work ends the start, with what it said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'podreach-tools-'));
  try {
    writeFileSync(join(folder, 'nft'), '#!/bin/sh\necho "nft: not on this kernel" >&2\nexit 1\n', {
      mode: 0o755,
    });
    chmodSync(folder, 0o755);
    const child = runFixture([process.execPath, FIXTURE], `${folder}:${process.env['PATH']}`);
    expect(await firstLine(child)).toMatchObject({
      code: 'start-failed',
      message: expect.stringContaining('nft: not on this kernel'),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe.runIf(process.geteuid?.() === 0)('seen from root', () => {
  /** Runs the fixture where there are no user namespaces left to make. */
  function runWithoutUserNamespaces(...command: readonly string[]): ChildProcess {
    const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
    // Root of the new namespace only from the second program on: at the first the namespace has no users yet.
    const child = runFixture([
      'unshare',
      '--user',
      'sh',
      '-c',
      'read -r _; exec sh -c "$0" sh "$@"',
      forbid,
      ...command,
    ]);
    const own = readlinkSync('/proc/self/ns/user');
    while (readlinkSync(`/proc/${child.pid}/ns/user`) === own);
    for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${map}`, '0 0 65536\n');
    child.stdin?.write('\n');
    return child;
  }
  /** Runs the fixture as nobody, who may be unable to look into the project's folder or into the one that it is in. */
  const fixtureAsNobody = [
    ...['unshare', '--mount', 'sh', '-euc'],
    `mount -t tmpfs -o mode=755 tmpfs /mnt
     mkdir /mnt/all
     : > /mnt/node
     for path in "$1"/*; do
       to=/mnt/all/\${path##*/}
       if [ -d "$path" ]; then mkdir "$to"; else : > "$to"; fi
       mount --rbind "$path" "$to"
     done
     mount --bind "$2" /mnt/node
     exec setpriv --reuid=65534 --regid=65534 --clear-groups /mnt/node "/mnt/all/$3"`,
    ...['sh', ROOT, process.execPath, relative(ROOT, FIXTURE)],
  ];
  /**
   * Runs the fixture in a chroot that has all of the host's folders, its `/run` among them.
   * @param kind whether the chroot's own folder is a mount point
   */
  const fixtureInChroot = (kind: 'mounted' | 'plain'): string[] => [
    ...['unshare', '--mount', 'sh', '-euc'],
    `mount -t tmpfs -o mode=755 tmpfs /mnt
     mkdir /mnt/root
     case $1 in mounted) mount --bind /mnt/root /mnt/root ;; esac
     for path in /*; do
       if [ -L "$path" ]; then cp -P "$path" /mnt/root/
       elif [ -d "$path" ]; then
         mkdir "/mnt/root$path"
         case $path in /mnt) ;; *) mount --rbind "$path" "/mnt/root$path" ;; esac
       fi
     done
     shift
     exec chroot /mnt/root "$@"`,
    ...['sh', kind, process.execPath, FIXTURE],
  ];
  const netns = (): string[] => (existsSync('/run/netns') ? readdirSync('/run/netns') : ['(no folder)']);

  test('an ordinary user has the same sandbox', async () => {
    expect(await firstLine(runFixture(fixtureAsNobody))).toEqual(seenBy('0'));
  });

  test('in a chroot root has the same sandbox, and leaves nothing outside of it', async () => {
    const before = netns();
    expect(await firstLine(runFixture(fixtureInChroot('mounted')))).toEqual(seenBy('65534'));
    expect(netns()).toEqual(before);
  });

  test('in a chroot whose folder is no mount point root hears so', async () => {
    expect(await firstLine(runFixture(fixtureInChroot('plain')))).toEqual({
      code: 'not-supported',
      message:
        'the kernel refuses the namespaces that the sandbox is made of (unshare: cannot change root filesystem propagation: Invalid argument)',
      hint: 'This is a chroot whose folder is no mount point: leave it, make it one with "mount --bind FOLDER FOLDER", and enter it again.',
    });
  });

  test('a host without /var/run is named', async () => {
    const hide = 'mount -t tmpfs tmpfs /var && exec "$@"';
    const child = runFixture(['unshare', '--mount', 'sh', '-c', hide, 'sh', process.execPath, FIXTURE]);
    expect(await firstLine(child)).toEqual({
      code: 'start-failed',
      message: 'the sandbox did not start: there is no /var/run, where "ip netns" keeps its files: make it',
    });
  });

  test('without user namespaces root runs pods as nobody', async () => {
    expect(await firstLine(runWithoutUserNamespaces(process.execPath, FIXTURE))).toEqual(seenBy('65534'));
  });

  test('without user namespaces an ordinary user hears which setting forbids them', async () => {
    expect(await firstLine(runWithoutUserNamespaces(...fixtureAsNobody))).toEqual({
      code: 'not-supported',
      message: expect.stringContaining(
        'the kernel refuses the namespaces that the sandbox is made of (unshare: ',
      ),
      hint: 'user.max_user_namespaces is 0: set it as root with "sysctl -w user.max_user_namespaces=15000", or run podreach as root.',
    });
  });

  test('a missing tool is named before anything starts', async () => {
    const hide = 'mount --bind /dev/null "$0" && exec "$@"';
    const found = findTools(searchPath(process.env['PATH']));
    const nft = found.kind === 'complete' ? found.tools.nft : '';
    const child = runFixture(['unshare', '--mount', 'sh', '-c', hide, nft, process.execPath, FIXTURE]);
    expect(await firstLine(child)).toMatchObject({ code: 'tool-missing', message: 'nft is not installed' });
  });

  test('missing and dangling files under /etc are made up for', async () => {
    const cover = `
      mount -t tmpfs tmpfs /mnt && cp -a /etc /mnt/ && rm -f /mnt/etc/hosts /mnt/etc/resolv.conf &&
      ln -s ../run/nowhere/resolv.conf /mnt/etc/resolv.conf && mount --bind /mnt/etc /etc && exec "$@"`;
    const child = runFixture(['unshare', '--mount', 'sh', '-c', cover, 'sh', process.execPath, FIXTURE]);
    expect(await firstLine(child)).toEqual(seenBy('0'));
  });

  test('a Node.js under /tmp, which pods do not see, is theirs all the same', async () => {
    const folder = mkdtempSync(join('/tmp', 'podreach-node-'));
    try {
      const node = join(folder, 'node');
      copyFileSync(process.execPath, node);
      expect(await firstLine(runFixture([node, FIXTURE]))).toEqual(seenBy('0'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
