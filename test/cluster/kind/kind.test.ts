/** The provider's life, and what the `cluster` command asks for: status and deletion. */
import { readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Cluster } from '../../../src/cluster/cluster.ts';
import { CommandError, type CommandRunner } from '../../../src/cluster/command-runner.ts';
import { deleteKindCluster } from '../../../src/cluster/kind/delete.ts';
import { type LedgerEntry, openLedger } from '../../../src/cluster/kind/ledger.ts';
import { provideKindCluster } from '../../../src/cluster/kind/provide.ts';
import { kindStatus } from '../../../src/cluster/kind/status.ts';
import { kindCluster } from '../../../src/cluster/kind.ts';
import type { PodreachError } from '../../../src/errors.ts';
import { memoryWorld, type Override, optionsWith, READY_ITEMS, type World } from './world.ts';

/** Runs what the world runs, and `docker wait` until the control plane is said to have stopped. */
function waitingRunner(world: World): {
  readonly runner: CommandRunner;
  readonly stopControlPlane: () => void;
} {
  const controlPlane = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    controlPlane.signal.addEventListener('abort', () => resolve());
  });
  return {
    stopControlPlane: () => controlPlane.abort(),
    runner: {
      async run(command, args, options) {
        if (args[0] !== 'wait') return world.context.runner.run(command, args, options);
        const aborted = new Promise<never>((_, reject) => {
          options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
        });
        await Promise.race([stopped, aborted]);
        return { stdout: '137', stderr: '' };
      },
    },
  };
}

async function startOn(
  world: World,
  more: Parameters<typeof optionsWith>[0],
): Promise<{
  readonly cluster: Cluster;
  readonly stopControlPlane: () => void;
  readonly notes: string[];
}> {
  const notes: string[] = [];
  const { runner, stopControlPlane } = waitingRunner(world);
  const provider = kindCluster(optionsWith(more), (text) => notes.push(text), { ...world.context, runner });
  const { signal, clock } = world.context;
  return { cluster: await provider.start({ signal, clock }), stopControlPlane, notes };
}

async function retain({ lifetime }: Cluster): Promise<void> {
  if (lifetime.kind === 'users') throw new Error("nobody retains what is the user's");
  await lifetime.retain?.();
}

describe('the provider', () => {
  test('deletes what it made when it is stopped, once', async () => {
    using world = memoryWorld();
    const { cluster, notes } = await startOn(world, { keep: false });
    expect(cluster).toMatchObject({
      kind: 'kind',
      trust: { kind: 'to-be-proven', networkPlugin: 'Calico' },
      lifetime: { kind: 'ends-with-run' },
      timing: { timeoutMs: 1000, withinMs: 30_000, settleFloorMs: 2000 },
    });
    expect(cluster.kubeconfig).toContain('current-context: kind-c');
    expect(notes[0]).toBe('kind: checking Docker, kind and this machine');
    await Promise.all([cluster.stop(), cluster.stop()]);
    expect(world.commands.filter((line) => line.startsWith('kind delete'))).toHaveLength(1);
    expect(world.containers()).toEqual([]);
    expect(await world.entryOf('c')).toBeUndefined();
    expect(cluster.lost.aborted).toBe(false);
  });

  test('leaves a cluster that is to be kept', async () => {
    using world = memoryWorld();
    const { cluster } = await startOn(world, { keep: true });
    await cluster.stop();
    expect(cluster.lifetime).toEqual({ kind: 'kept', cleanWith: ['--cluster', 'kind=c'] });
    expect(world.containers()).toHaveLength(2);
  });

  test('leaves a cluster that was there before', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    const { cluster } = await startOn(world, { keep: false });
    await cluster.stop();
    expect(cluster.lifetime).toEqual({ kind: 'kept', cleanWith: ['--cluster', 'kind=c'] });
    expect(world.containers()).toHaveLength(2);
  });

  test('is deleted even when the run was interrupted', async () => {
    using world = memoryWorld();
    const { cluster } = await startOn(world, { keep: false });
    world.abort(new Error('interrupted'));
    await cluster.stop();
    expect(world.containers()).toEqual([]);
  });

  test('says that the cluster is lost when its control plane stops', async () => {
    using world = memoryWorld();
    const { cluster, stopControlPlane } = await startOn(world, { keep: false });
    const lost = new Promise((resolve) => cluster.lost.addEventListener('abort', resolve));
    stopControlPlane();
    await lost;
    expect(cluster.lost.reason).toMatchObject({
      code: 'cluster-lost',
      message: "the kind cluster's control plane c-control-plane has stopped",
      hint: 'See why: docker logs c-control-plane',
    });
    await cluster.stop();
  });

  test('that cannot delete the cluster says how to', async () => {
    using world = memoryWorld([{ match: /^kind delete/, fails: 'ERROR: no' }]);
    const { cluster } = await startOn(world, { keep: false });
    await expect(cluster.stop()).rejects.toMatchObject({
      code: 'cluster-unavailable',
      message: expect.stringMatching(/^deleting the nodes failed: .* ERROR: no$/),
      hint: 'Delete it by hand: kind delete cluster --name c',
    });
  });
});

describe('--retain on a kept cluster', () => {
  const notReady: readonly Override[] = [{ match: / get /, stdout: '{"items":[]}' }];
  const logs = '/state/kind-logs/c-2026-01-01T00-05-00-000Z';
  const advice = (world: World, retain: boolean): Promise<unknown> =>
    provideKindCluster(optionsWith({ retain }), world.context).then(
      () => undefined,
      ({ hint }: PodreachError) => hint,
    );

  test('collects the logs where it is not ready', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    world.overrides.push(...notReady);
    expect(await advice(world, true)).toBe(
      'Look at the logs; when you have seen enough: podreach cluster delete c',
    );
    expect(world.commands.at(-1)).toBe(`kind export logs ${logs} --name c`);
    expect(await world.entryOf('c')).toMatchObject({ phase: 'ready' });
  });

  test('is advised where that would help', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    world.overrides.push(...notReady);
    expect(await advice(world, false)).toBe(
      'Run it again with --retain to collect the logs of its nodes, or delete it: podreach cluster delete c',
    );
    expect(world.commands.at(-1)).toMatch(/^docker exec/);
  });

  test('collects the logs where the run fails', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    const { cluster } = await startOn(world, { keep: false, retain: true });
    await world.context.clock.sleep(300_000);
    await retain(cluster);
    await cluster.stop();
    expect(world.commands.at(-1)).toBe(`kind export logs ${logs} --name c`);
    expect(world.containers()).toHaveLength(2);
    expect(await world.entryOf('c')).toMatchObject({ phase: 'ready' });
  });
});

test('a cluster that is retained is not deleted when it is stopped, even where its logs cannot be had', async () => {
  using world = memoryWorld([{ match: /^kind export logs/, fails: 'ERROR: no' }]);
  const { cluster, notes } = await startOn(world, { keep: false, retain: true });
  await retain(cluster);
  await cluster.stop();
  expect(world.containers()).toHaveLength(2);
  expect(notes.at(-1)).toMatch(
    /^kind: warning: collecting the logs of the nodes failed: .*; the nodes are kept$/,
  );
  expect(await world.entryOf('c')).toMatchObject({
    phase: 'retained',
    nodes: ['c-control-plane#1', 'c-worker#1'],
  });
});

describe('deleting by name', () => {
  test('takes a kept cluster away, and says whether there was one', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    expect(await deleteKindCluster('c', world.context)).toBe(true);
    expect(world.containers()).toEqual([]);
    expect(await deleteKindCluster('c', world.context)).toBe(false);
  });

  test('forgets a cluster whose nodes somebody has deleted already', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    await world.context.runner.run('kind', ['delete', 'cluster', '--name', 'c']);
    expect(await deleteKindCluster('c', world.context)).toBe(false);
    expect(await world.entryOf('c')).toBeUndefined();
  });

  test("refuses somebody else's", async () => {
    using world = memoryWorld();
    world.addNodes('c');
    await expect(deleteKindCluster('c', world.context)).rejects.toThrow('podreach did not make');
    expect(world.containers()).toHaveLength(2);
  });

  test('refuses a kept one while a run uses it', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    const { cluster } = await startOn(world, { keep: false });
    await expect(deleteKindCluster('c', world.context)).rejects.toMatchObject({
      message: expect.stringContaining(
        `is used by a run of podreach that has not ended (process ${process.pid} on`,
      ),
      hint: 'Wait for that run, or choose another name.',
    });
    expect(world.containers()).toHaveLength(2);
    await cluster.stop();
    expect(await deleteKindCluster('c', world.context)).toBe(true);
  });

  test('does not wait for a run that was killed while it used it', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    // Above the largest process id that Linux gives.
    await openLedger(world.context.folders, 'c').addUser({ host: hostname(), pid: 2 ** 22 + 1 });
    expect(await deleteKindCluster('c', world.context)).toBe(true);
  });

  test('refuses one that a run is using', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith({ keep: false }), world.context);
    await expect(deleteKindCluster('c', world.context)).rejects.toThrow('is used by a run of podreach');
    expect(world.containers()).toHaveLength(2);
  });
});

describe('the status', () => {
  test('of a kept cluster says that it is ready, and what it is made of', async () => {
    using world = memoryWorld();
    const { kubeconfigFile } = await provideKindCluster(optionsWith(), world.context);
    expect(await kindStatus('c', world.context)).toMatchObject({
      standing: 'kept',
      isReady: true,
      kubernetes: 'v1.36.1',
      kubeconfigFile,
      nodes: [
        { name: 'c-control-plane', isRunning: true },
        { name: 'c-worker', isRunning: true },
      ],
      requirements: ['calico-node', 'the nodes', 'calico-kube-controllers', 'CoreDNS'].map((name) => ({
        name,
        lacks: [],
      })),
    });
  });

  test('of a cluster with a stopped node is not ready', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    world.stopNode('c-worker');
    expect(await kindStatus('c', world.context)).toMatchObject({ standing: 'kept', isReady: false });
    world.stopNode('c-control-plane');
    expect(await kindStatus('c', world.context)).toMatchObject({ isReady: false, requirements: [] });
  });

  test('names what is missing', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    const items = READY_ITEMS.filter(({ metadata }) => metadata.name !== 'coredns');
    const runner: CommandRunner = {
      run: async (command, args, options) =>
        args.includes('get')
          ? { stdout: JSON.stringify({ items }), stderr: '' }
          : world.context.runner.run(command, args, options),
    };
    const status = await kindStatus('c', { ...world.context, runner });
    expect(status.isReady).toBe(false);
    expect(status.requirements.at(-1)).toEqual({
      name: 'CoreDNS',
      lacks: ['there is no Deployment coredns'],
    });
  });

  test('of nothing, and of what is not ours', async () => {
    using world = memoryWorld();
    expect(await kindStatus('c', world.context)).toMatchObject({
      standing: 'free',
      isReady: false,
      nodes: [],
    });
    world.addNodes('c');
    const status = await kindStatus('c', world.context);
    expect(status).toMatchObject({ standing: 'foreign', isReady: false, requirements: [] });
    expect(status).not.toHaveProperty('entry');
  });

  test('without Docker is an error with advice', async () => {
    using world = memoryWorld();
    const runner: CommandRunner = {
      async run(command) {
        throw new CommandError(command, command, { reason: 'missing' }, { stdout: '', stderr: '' });
      },
    };
    await expect(kindStatus('c', { ...world.context, runner })).rejects.toMatchObject({
      code: 'tool-missing',
      hint: expect.stringContaining('Install docker'),
    });
  });
});

test('of two that claim a name at once, one gets it', async () => {
  using world = memoryWorld();
  const entry: LedgerEntry = {
    schemaVersion: 1,
    phase: 'creating',
    startedAt: world.context.clock.date().toISOString(),
    owner: { host: hostname(), pid: process.pid },
    recipe: { config: '', calico: '' },
  };
  const claims = await Promise.all([1, 2, 3].map(() => openLedger(world.context.folders, 'c').claim(entry)));
  expect(claims.filter((isMine) => isMine)).toHaveLength(1);
  expect(readdirSync(join(world.context.folders.state, 'kind/c'))).toEqual(['cluster.json']);
  expect(await world.entryOf('c')).toEqual(entry);
});

test('an entry that cannot be understood counts as none', async () => {
  using world = memoryWorld();
  const { kubeconfigFile } = await provideKindCluster(optionsWith(), world.context);
  await world.context.runner.run('kind', ['delete', 'cluster', '--name', 'c']);
  writeFileSync(join(dirname(kubeconfigFile), 'cluster.json'), '{ "schemaVersion": 99');
  expect(await world.entryOf('c')).toBeUndefined();
  expect(await provideKindCluster(optionsWith(), world.context)).toMatchObject({ isNew: true });
  expect(await world.entryOf('c')).toMatchObject({ phase: 'ready' });
});
