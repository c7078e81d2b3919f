/** The networks of hosts outside a kind cluster: which they are, and who is where in them. */
import { expect, test } from 'vitest';
import { rangesFor } from '../../../src/cluster/kind/host-ranges.ts';

test('hosts of one range share a network, in which gateway and nodes have the last addresses', () => {
  expect(rangesFor(['203.0.113.20', '198.51.100.9', '203.0.113.200', '2001:db8:5::7'], 2)).toEqual([
    {
      subnet: '203.0.113.0/24',
      family: 'IPv4',
      addresses: ['203.0.113.20', '203.0.113.200'],
      gateway: '203.0.113.254',
      ofNodes: ['203.0.113.253', '203.0.113.252'],
    },
    {
      subnet: '198.51.100.0/24',
      family: 'IPv4',
      addresses: ['198.51.100.9'],
      gateway: '198.51.100.254',
      ofNodes: ['198.51.100.253', '198.51.100.252'],
    },
    {
      subnet: '2001:db8:5::/64',
      family: 'IPv6',
      addresses: ['2001:db8:5::7'],
      gateway: '2001:db8:5:0:ffff:ffff:ffff:fffe',
      ofNodes: ['2001:db8:5:0:ffff:ffff:ffff:fffd', '2001:db8:5:0:ffff:ffff:ffff:fffc'],
    },
  ]);
});

test('neither gateway nor node is at the address of a host', () => {
  const [range] = rangesFor(['203.0.113.254', '203.0.113.252', '203.0.113.254'], 2);
  expect(range).toMatchObject({
    subnet: '203.0.113.0/24',
    gateway: '203.0.113.253',
    ofNodes: ['203.0.113.251', '203.0.113.250'],
  });
});

test('a range is wider where a host is at an end of it, and takes in those that it meets', () => {
  expect(
    rangesFor(['203.0.112.9', '203.0.113.0'], 1).map(({ subnet, addresses }) => [subnet, addresses]),
  ).toEqual([['203.0.112.0/23', ['203.0.112.9', '203.0.113.0']]]);
  expect(rangesFor(['203.0.113.255'], 1).map(({ subnet }) => subnet)).toEqual(['203.0.112.0/22']);
});

test('a range is wider where it is full', () => {
  const full = Array.from({ length: 253 }, (_, index) => `203.0.113.${index + 1}`);
  expect(rangesFor(full, 1)[0]?.subnet).toBe('203.0.112.0/23');
  expect(rangesFor(full.slice(1), 1)[0]?.subnet).toBe('203.0.113.0/24');
});
