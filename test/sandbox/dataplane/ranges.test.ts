import fc from 'fast-check';
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

const ranges = fc.array(
  fc.tuple(fc.nat(40), fc.nat(12)).map(([from, length]): Range => ({ from, to: from + length })),
  { maxLength: 8 },
);
const values = Array.from({ length: 60 }, (_, value) => value);

test('normalised ranges hold the same numbers, in order and apart', () => {
  fc.assert(
    fc.property(ranges, (given) => {
      const normal = normalise(given);
      expect(values.filter((value) => contains(normal, value))).toEqual(
        values.filter((value) => contains(given, value)),
      );
      for (const [index, range] of normal.entries()) {
        expect(range.from).toBeGreaterThan((normal[index - 1]?.to ?? -2) + 1);
      }
    }),
  );
});

test('subtracting leaves exactly what is in no hole', () => {
  fc.assert(
    fc.property(ranges, (holes) => {
      const rest = subtract({ from: 5, to: 45 }, holes);
      expect(values.filter((value) => contains(rest, value))).toEqual(
        values.filter((value) => value >= 5 && value <= 45 && !contains(holes, value)),
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
  ])('%s goes from %s to %s', (cidr, from, to) => {
    const range = rangeOfCidr(cidr);
    expect(range && [addressOfNumber(range.from), addressOfNumber(range.to)]).toEqual([from, to]);
  });

  test('of IPv6 hold no IPv4 address (D12)', () => {
    expect(rangeOfCidr('::/0')).toBeUndefined();
  });
});

test('addresses survive being numbers', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(addressOfNumber(numberOfAddress(address))).toBe(address);
    }),
  );
});
