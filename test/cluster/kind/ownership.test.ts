/** Whose a cluster is: what podreach did not make is never deleted, and a name that nobody uses any more is free again. */
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { CommandError, type CommandOptions } from '../../../src/cluster/command-runner.ts';
import type { KindContext } from '../../../src/cluster/kind/context.ts';
import { deleteKindCluster } from '../../../src/cluster/kind/delete.ts';
import { type LedgerEntry, openLedger } from '../../../src/cluster/kind/ledger.ts';
import { noteProcess } from '../../../src/cluster/kind/process.ts';
import { provideKindCluster } from '../../../src/cluster/kind/provide.ts';
import { kindStatus } from '../../../src/cluster/kind/status.ts';
import { kindCluster } from '../../../src/cluster/kind.ts';
import { memoryWorld, optionsWith, type World } from './world.ts';

const FOREIGN = 'the name is taken: a kind cluster "c" exists that podreach did not make';
const MINUTE = 60_000;

/** The world, with something that happens before a command of it is run. */
function withEvent(
  world: World,
  match: RegExp,
  happens: (options: CommandOptions) => void | Promise<void>,
): KindContext {
  return {
    ...world.context,
    runner: {
      async run(command, args, options = {}) {
        if (match.test([command, ...args].join(' '))) await happens(options);
        return world.context.runner.run(command, args, options);
      },
    },
  };
}

function failsWith(stderr: string): never {
  throw new CommandError(
    'kind',
    'kind create cluster',
    { reason: 'exited', exitCode: 1 },
    { stdout: '', stderr },
  );
}

/** Deletes a cluster, and makes another of its name. */
async function replace(world: World): Promise<void> {
  await world.context.runner.run('kind', ['delete', 'cluster', '--name', 'c']);
  world.commands.length = 0;
  world.addNodes('c');
}

const deletions = (world: World): string[] => world.commands.filter((line) => line.startsWith('kind delete'));

describe.each([false, true])('a cluster that somebody else makes meanwhile (--retain: %s)', (retain) => {
  const options = optionsWith({ retain });

  test('before kind is asked, is left alone', async () => {
    using world = memoryWorld();
    let looks = 0;
    const context = withEvent(world, /^docker ps/, () => {
      looks += 1;
      if (looks === 2) world.addNodes('c');
    });
    await expect(provideKindCluster(options, context)).rejects.toThrow(FOREIGN);
    expect(world.commands.filter((line) => /^kind (?!version)/.test(line))).toEqual([]);
    expect(world.containers()).toHaveLength(2);
    expect(await world.entryOf('c')).toBeUndefined();
  });

  test('so that kind finds it, is left alone', async () => {
    using world = memoryWorld();
    const context = withEvent(world, /^kind create/, () => {
      world.addNodes('c');
      failsWith('ERROR: failed to create cluster: node(s) already exist for a cluster with the name "c"');
    });
    await expect(provideKindCluster(options, context)).rejects.toThrow(FOREIGN);
    expect(world.commands.filter((line) => /^kind (?!version)/.test(line))).toEqual([]);
    expect(world.containers()).toHaveLength(2);
    expect(await world.entryOf('c')).toBeUndefined();
  });

  test('while kind still fetches the image of the nodes, is left alone', async () => {
    using world = memoryWorld();
    const context = withEvent(world, /^kind create/, ({ onErrorLine }) => {
      onErrorLine?.('Creating cluster "c" ...');
      onErrorLine?.(' • Ensuring node image (kindest/node:v1.36.1) 🖼  ...');
      world.addNodes('c');
      failsWith('ERROR: failed to create cluster: failed to pull image "kindest/node:v1.36.1"');
    });
    await expect(provideKindCluster(options, context)).rejects.toThrow('creating the nodes failed');
    expect(world.commands.filter((line) => /^kind (?!version)/.test(line))).toEqual([]);
    expect(world.containers()).toHaveLength(2);
    expect(await world.entryOf('c')).toBeUndefined();
  });
});

test("a cluster that takes the place of podreach's own while that is made is left alone", async () => {
  using world = memoryWorld([{ match: / apply /, fails: 'error: it does not work' }]);
  const context = withEvent(world, / apply /, () => replace(world));
  await expect(provideKindCluster(optionsWith(), context)).rejects.toThrow('installing Calico failed');
  expect(deletions(world)).toEqual([]);
  expect(world.told.at(-1)).toBe(`warning: deleting the nodes again failed: ${FOREIGN}`);
});

test("a cluster that takes the place of podreach's own during a run is left alone", async () => {
  using world = memoryWorld();
  const { signal, clock } = world.context;
  const provider = kindCluster(optionsWith({ keep: false }), () => undefined, world.context);
  const cluster = await provider.start({ signal, clock });
  await replace(world);
  await expect(cluster.stop()).rejects.toThrow(FOREIGN);
  expect(deletions(world)).toEqual([]);
});

test('nodes are known as soon as kind has made them', async () => {
  using world = memoryWorld();
  const seen: unknown[] = [];
  const context: KindContext = {
    ...world.context,
    runner: {
      async run(command, args, options = {}) {
        const result = await world.context.runner.run(command, args, options);
        if (args[0] === 'create') {
          options.onErrorLine?.(' • Preparing nodes 📦 📦 📦   ...');
          options.onErrorLine?.(' ✓ Preparing nodes 📦 📦 📦 ');
          while (((await world.entryOf('c')) as LedgerEntry).nodes === undefined)
            await new Promise(setImmediate);
          seen.push(await world.entryOf('c'));
        }
        return result;
      },
    },
  };
  await provideKindCluster(optionsWith(), context);
  expect(seen).toMatchObject([{ phase: 'creating', nodes: ['c-control-plane#1', 'c-worker#1'] }]);
});

describe('a note of a creation', () => {
  const entryBy = (
    owner: LedgerEntry['owner'],
    world: World,
    more: Partial<LedgerEntry> = {},
  ): LedgerEntry => ({
    schemaVersion: 1,
    phase: 'creating',
    startedAt: world.context.clock.date().toISOString(),
    owner,
    recipe: { config: '', calico: '' },
    ...more,
  });
  // Above the largest process id that Linux gives.
  const GONE = { host: hostname(), pid: 2 ** 22 + 1 };
  const ELSEWHERE = { host: 'elsewhere', pid: 1 };

  async function note(world: World, entry: LedgerEntry): Promise<void> {
    await openLedger(world.context.folders, 'c').claim(entry);
  }

  test("without nodes makes no claim on those of somebody else's", async () => {
    using world = memoryWorld();
    await note(world, entryBy(GONE, world));
    world.addNodes('c');
    await expect(provideKindCluster(optionsWith(), world.context)).rejects.toThrow(FOREIGN);
    await expect(deleteKindCluster('c', world.context)).rejects.toThrow(FOREIGN);
    expect(world.containers()).toHaveLength(2);
  });

  test.each([
    ['a process that is gone', GONE],
    ['a process whose id another one has now', { ...noteProcess(process.pid), since: '1' }],
  ])("by %s is in nobody's way", async (_, owner) => {
    using world = memoryWorld();
    await note(world, entryBy(owner, world));
    expect(await provideKindCluster(optionsWith(), world.context)).toMatchObject({ isNew: true });
  });

  test.each([
    ['a process that runs', noteProcess(process.pid)],
    ['another machine', ELSEWHERE],
  ])('by %s holds the name for half an hour, and no longer', async (_, owner) => {
    using world = memoryWorld();
    await note(world, entryBy(owner, world));
    await world.context.clock.sleep(29 * MINUTE);
    await expect(provideKindCluster(optionsWith(), world.context)).rejects.toThrow('has not ended');
    expect(await kindStatus('c', world.context)).toMatchObject({ standing: 'in-use' });
    await world.context.clock.sleep(MINUTE);
    expect(await provideKindCluster(optionsWith(), world.context)).toMatchObject({ isNew: true });
  });

  test('by another machine is taken away by hand at any time, while there are no nodes', async () => {
    using world = memoryWorld();
    await note(
      world,
      entryBy(ELSEWHERE, world, { phase: 'ready', nodes: ['c-control-plane#1', 'c-worker#1'] }),
    );
    world.addNodes('c');
    await expect(deleteKindCluster('c', world.context)).rejects.toMatchObject({
      message:
        'the name is taken: the kind cluster "c" is used by a run of podreach that has not ended (process 1 on elsewhere)',
      hint: 'Wait for that run, or choose another name. If it has ended: kind delete cluster --name c && podreach cluster delete c',
    });
    await world.context.runner.run('kind', ['delete', 'cluster', '--name', 'c']);
    expect(await deleteKindCluster('c', world.context)).toBe(false);
    expect(await world.entryOf('c')).toBeUndefined();
  });

  test('is not taken away from a process that runs here and makes its nodes', async () => {
    using world = memoryWorld();
    await note(world, entryBy(noteProcess(process.pid), world));
    await expect(deleteKindCluster('c', world.context)).rejects.toMatchObject({
      hint: 'Wait for that run, or choose another name.',
    });
  });
});
