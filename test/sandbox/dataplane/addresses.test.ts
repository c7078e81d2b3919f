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

test('an address that was given back rests until the others were used', () => {
  const pool = new AddressPool('10.244.3.0/24');
  pool.giveBack(pool.take() ?? '');
  expect([pool.take(), pool.take()]).toEqual(['10.244.3.3', '10.244.3.4']);
});
