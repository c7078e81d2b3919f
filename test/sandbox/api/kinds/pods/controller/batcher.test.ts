import { expect, test } from 'vitest';
import { createBatcher } from '../../../../../../src/sandbox/api/kinds/pods/controller/batcher.ts';

test('what arrives during a batch waits for the next, within its limit', async () => {
  const batches: (readonly number[])[] = [];
  const add = createBatcher<number>(3, async (batch) => {
    batches.push(batch);
    await new Promise(setImmediate);
  });
  await Promise.all([1, 2, 3, 4, 5, 6].map(add));
  await add(7);
  expect(batches).toEqual([[1], [2, 3, 4], [5, 6], [7]]);
});

test('a failing batch fails its own items only', async () => {
  const add = createBatcher<number>(1, async ([item]) => {
    if (item === 2) throw new Error('two');
  });
  const results = await Promise.allSettled([1, 2, 3].map(add));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});
