import { expect, test } from 'vitest';
import { canonicalCidr, parseCidr, singleAddress } from '../../src/policy/addresses.ts';

test.for<readonly [string, string | undefined, string]>([
  ['10.0.0.0/8', undefined, '10.0.0.0/8'],
  ['0.0.0.0/0', undefined, '0.0.0.0/0'],
  ['10.1.2.3/32', undefined, '10.1.2.3/32'],
  ['2001:DB8::/64', undefined, '2001:db8::/64'],
  ['2001:0db8:0:0::/64', undefined, '2001:db8::/64'],
  ['10.0.0.1/8', 'host-bits', '10.0.0.0/8'],
  ['10.0.0.1/0', 'host-bits', '0.0.0.0/0'],
  ['2001:db8::1/64', 'host-bits', '2001:db8::/64'],
  ['10.0.0.0/08', 'leading-zeros', '10.0.0.0/8'],
  ['10.0.0.0/0008', 'leading-zeros', '10.0.0.0/8'],
  ['010.0.0.0/8', 'leading-zeros', '10.0.0.0/8'],
  ['192.168.001.009/24', 'leading-zeros', '192.168.1.0/24'],
  ['::ffff:010.0.0.0/104', 'leading-zeros', '10.0.0.0/8'],
  ['::ffff:10.0.0.0/104', 'mapped', '10.0.0.0/8'],
  ['::ffff:10.0.0.0/96', 'mapped', '0.0.0.0/0'],
])('%s is a CIDR, with %s, and means %s', ([text, laxity, canonical]) => {
  const cidr = parseCidr(text);
  expect(cidr?.laxity).toBe(laxity);
  expect(cidr && canonicalCidr(cidr)).toBe(canonical);
});

test.each([
  '',
  '10.0.0.0',
  '10.0.0/8',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/+8',
  '10.0.0.0/8/8',
  '::/129',
])('%j is no CIDR', (text) => {
  expect(parseCidr(text)).toBeUndefined();
});

test.each(['fe80::1%eth0/64', '0x0a.0.0.0/8', '10.0.0.0/a', ' 10.0.0.0/8', '1234.0.0.0/8'])(
  '%j is no CIDR to any API server',
  (text) => {
    expect(parseCidr(text)).toBeUndefined();
  },
);

test('the address that stands in a CIDR, by itself', () => {
  const single = (text: string) => {
    const cidr = parseCidr(text);
    return cidr && singleAddress(cidr);
  };
  expect(single('10.0.0.1/8')).toBe('10.0.0.1/32');
  expect(single('2001:db8::1/64')).toBe('2001:db8::1/128');
});
