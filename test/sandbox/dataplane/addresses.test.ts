import { expect, test } from 'vitest';
import { AddressPool, PODS_PER_NODE, planNodes } from '../../../src/sandbox/dataplane/addresses.ts';

test('nodes and their pod ranges are numbered from 1', () => {
  expect(planNodes(2, ['IPv4', 'IPv6'])).toEqual([
    {
      name: 'node-1',
      networks: [
        { family: 'IPv4', address: '172.18.0.2', podCidr: '10.244.1.0/24' },
        { family: 'IPv6', address: 'fd00:172:18::2', podCidr: 'fd00:10:244:1::/64' },
      ],
    },
    {
      name: 'node-2',
      networks: [
        { family: 'IPv4', address: '172.18.0.3', podCidr: '10.244.2.0/24' },
        { family: 'IPv6', address: 'fd00:172:18::3', podCidr: 'fd00:10:244:2::/64' },
      ],
    },
  ]);
  expect(planNodes(10, ['IPv6']).at(-1)?.networks).toEqual([
    { family: 'IPv6', address: 'fd00:172:18::b', podCidr: 'fd00:10:244:a::/64' },
  ]);
});

test('a pod has an address of each family, with the same number', () => {
  const pool = new AddressPool(['10.244.1.0/24', 'fd00:10:244:1::/64']);
  const taken = Array.from({ length: PODS_PER_NODE }, () => pool.take('shop/web'));
  expect([taken[0], taken.at(-1)]).toEqual([
    ['10.244.1.2', 'fd00:10:244:1::2'],
    ['10.244.1.251', 'fd00:10:244:1::fb'],
  ]);
});

test('a node gives out 250 addresses, and none twice', () => {
  const pool = new AddressPool(['10.244.1.0/24']);
  const taken = Array.from({ length: PODS_PER_NODE }, () => pool.take('shop/web')?.[0]);
  expect([taken[0], taken.at(-1), new Set(taken).size]).toEqual(['10.244.1.2', '10.244.1.251', 250]);
  expect(pool.take('shop/web')).toBeUndefined();
  pool.giveBack(['10.244.1.7'], 'shop/web');
  expect(pool.take('shop/web')).toEqual(['10.244.1.7']);
});

test('an address that was given back is the next that another pod gets, the last one first', () => {
  const pool = new AddressPool(['10.244.3.0/24']);
  const [first = [], second = []] = [pool.take('shop/one'), pool.take('shop/two')];
  pool.giveBack(first, 'shop/one');
  pool.giveBack(second, 'shop/two');
  expect([pool.take('shop/a'), pool.take('shop/b'), pool.take('shop/c')]).toEqual([
    ['10.244.3.3'],
    ['10.244.3.2'],
    ['10.244.3.4'],
  ]);
});

test('pods that are made anew have other addresses: a new one, or that of another', () => {
  const pool = new AddressPool(['10.244.3.0/24']);
  const [web = [], api = []] = [pool.take('shop/web'), pool.take('shop/api')];
  pool.giveBack(web, 'shop/web');
  expect(pool.take('shop/web')).toEqual(['10.244.3.4']);
  pool.giveBack(['10.244.3.4'], 'shop/web');
  pool.giveBack(api, 'shop/api');
  expect([pool.take('shop/web'), pool.take('shop/api')]).toEqual([api, ['10.244.3.4']]);
});
