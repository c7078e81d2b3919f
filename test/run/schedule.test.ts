import { expect, test } from 'vitest';
import { runDisjoint } from '../../src/run/schedule.ts';

interface Item {
  readonly name: string;
  readonly keys: readonly string[];
}

interface Options {
  readonly parallel?: number;
  readonly stop?: () => boolean;
  readonly cleaned?: (name: string) => Promise<void>;
}

/** Runs items whose work ends only when the test says so, and keeps a log of starts and ends. */
function stage(items: readonly Item[], options: Options = {}) {
  const { cleaned = async () => {} } = options;
  const log: string[] = [];
  const finishers = new Map<string, () => void>();
  const done = runDisjoint(
    items,
    { parallel: options.parallel ?? 9, keysOf: ({ keys }) => keys, stop: options.stop ?? (() => false) },
    ({ name }) => {
      log.push(`+${name}`);
      return new Promise((resolve) => {
        finishers.set(name, () => {
          log.push(`-${name}`);
          resolve({ cleaned: cleaned(name) });
        });
      });
    },
  );
  const finish = async (name: string): Promise<void> => {
    finishers.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { log, done, finish };
}

test('items without a key in common run side by side', async () => {
  const { log, done, finish } = stage([
    { name: 'a', keys: ['x'] },
    { name: 'b', keys: ['y'] },
  ]);
  expect(log).toEqual(['+a', '+b']);
  await finish('b');
  await finish('a');
  await done;
});

test('an item waits for the one that holds its key, and lets others pass', async () => {
  const { log, done, finish } = stage([
    { name: 'a', keys: ['x'] },
    { name: 'b', keys: ['x', 'y'] },
    { name: 'c', keys: ['z'] },
  ]);
  expect(log).toEqual(['+a', '+c']);
  await finish('a');
  expect(log).toEqual(['+a', '+c', '-a', '+b']);
  await finish('b');
  await finish('c');
  await done;
});

test('no more than the bound run at once', async () => {
  const { log, done, finish } = stage(
    ['a', 'b', 'c'].map((name) => ({ name, keys: [name] })),
    { parallel: 2 },
  );
  expect(log).toEqual(['+a', '+b']);
  await finish('b');
  expect(log).toEqual(['+a', '+b', '-b', '+c']);
  await finish('a');
  await finish('c');
  await done;
});

test('stop leaves the rest undone and waits for what runs', async () => {
  let stopped = false;
  const { log, done, finish } = stage(
    ['a', 'b'].map((name) => ({ name, keys: ['x'] })),
    { stop: () => stopped },
  );
  stopped = true;
  await finish('a');
  await done;
  expect(log).toEqual(['+a', '-a']);
});

test('work that fails is heard of', async () => {
  const failing = runDisjoint(['a'], { parallel: 1, keysOf: () => [], stop: () => false }, () =>
    Promise.reject(new Error('no')),
  );
  await expect(failing).rejects.toThrow('no');
});

test('cleaning up after an item takes no place, and holds its keys', async () => {
  const cleaning = Promise.withResolvers<void>();
  const { log, done, finish } = stage(
    [
      { name: 'a', keys: ['x'] },
      { name: 'b', keys: ['x'] },
      { name: 'c', keys: ['y'] },
    ],
    { parallel: 1, cleaned: (name) => (name === 'a' ? cleaning.promise : Promise.resolve()) },
  );
  await finish('a');
  expect(log).toEqual(['+a', '-a', '+c']);
  await finish('c');
  expect(log).toEqual(['+a', '-a', '+c', '-c']);
  cleaning.resolve();
  await finish('none');
  expect(log).toEqual(['+a', '-a', '+c', '-c', '+b']);
  await finish('b');
  await done;
});

test('is over when everything is cleaned up', async () => {
  const cleaning = Promise.withResolvers<void>();
  let isOver = false;
  const { done, finish } = stage([{ name: 'a', keys: ['x'] }], { cleaned: () => cleaning.promise });
  void done.then(() => {
    isOver = true;
  });
  await finish('a');
  expect(isOver).toBe(false);
  cleaning.resolve();
  await done;
});
