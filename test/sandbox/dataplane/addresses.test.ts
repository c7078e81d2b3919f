import { expect, test } from 'vitest';
import { AddressPool, PODS_PER_NODE, planNodes } from '../../../src/sandbox/dataplane/addresses.ts';

test('nodes and their pod ranges are numbered from 1', () => {
  expect(planNodes(2)).toEqual([
    { name: 'node-1', address: '172.18.0.2', podCidr: '10.244.1.0/24' },
    { name: 'node-2', address: '172.18.0.3', podCidr: '10.244.2.0/24' },
  ]);
});

test('a node gives out 250 addresses, and none twice', () => {
  const pool = new AddressPool('10.244.1.0/24');
  const taken = Array.from({ length: PODS_PER_NODE }, () => pool.take());
  expect([taken[0], taken.at(-1), new Set(taken).size]).toEqual(['10.244.1.2', '10.244.1.251', 250]);
  expect(pool.take()).toBeUndefined();
  pool.giveBack('10.244.1.7');
  expect(pool.take()).toBe('10.244.1.7');
});

test('an address that was given back goes to the next pod, but not to one that comes at once', () => {
  let nowMs = 0;
  const pool = new AddressPool('10.244.3.0/24', () => nowMs);
  const [first = '', second = ''] = [pool.take(), pool.take()];
  pool.giveBack(first);
  pool.giveBack(second);
  expect(pool.take()).toBe('10.244.3.4');
  nowMs = 1_000;
  expect([pool.take(), pool.take(), pool.take()]).toEqual([second, first, '10.244.3.5']);
});
