import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';
import {
  addressOfNumber,
  contains,
  normalise,
  numberOfAddress,
  type Range,
  rangeOfCidr,
  subtract,
} from '../../../src/sandbox/dataplane/ranges.ts';
import { familyOf } from '../../../src/sandbox/ip-family.ts';

const ranges = fc.array(
  fc
    .tuple(fc.nat(40), fc.nat(12))
    .map(([from, length]): Range => ({ from: BigInt(from), to: BigInt(from + length) })),
  { maxLength: 8 },
);
const values = Array.from({ length: 60 }, (_, value) => BigInt(value));

test('normalised ranges hold the same numbers, in order and apart', () => {
  fc.assert(
    fc.property(ranges, (given) => {
      const normal = normalise(given);
      expect(values.filter((value) => contains(normal, value))).toEqual(
        values.filter((value) => contains(given, value)),
      );
      for (const [index, range] of normal.entries()) {
        expect(range.from).toBeGreaterThan((normal[index - 1]?.to ?? -2n) + 1n);
      }
    }),
  );
});

test('subtracting leaves exactly what is in no hole', () => {
  fc.assert(
    fc.property(ranges, (holes) => {
      const rest = subtract({ from: 5n, to: 45n }, holes);
      expect(values.filter((value) => contains(rest, value))).toEqual(
        values.filter((value) => value >= 5n && value <= 45n && !contains(holes, value)),
      );
    }),
  );
});

describe('CIDRs', () => {
  test.each([
    ['10.0.0.0/8', '10.0.0.0', '10.255.255.255'],
    ['10.1.2.3/24', '10.1.2.0', '10.1.2.255'],
    ['192.0.2.9/32', '192.0.2.9', '192.0.2.9'],
    ['0.0.0.0/0', '0.0.0.0', '255.255.255.255'],
    ['2001:db8::/32', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['fd00:10:244:1::2/128', 'fd00:10:244:1::2', 'fd00:10:244:1::2'],
    ['::/0', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%s goes from %s to %s', (cidr, from, to) => {
    const range = rangeOfCidr(cidr);
    const family = familyOf(cidr);
    expect([addressOfNumber(range.from, family), addressOfNumber(range.to, family)]).toEqual([from, to]);
  });
});

test('addresses survive being numbers', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const back = addressOfNumber(numberOfAddress(address), familyOf(address));
      expect(ipaddr.parse(back).toByteArray()).toEqual(ipaddr.parse(address).toByteArray());
    }),
  );
});
