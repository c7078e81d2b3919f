import { describe, expect, test } from 'vitest';
import { dialOf } from '../../src/run/dial.ts';

const pods = new Map([
  ['shop/web', { ip: '10.244.1.2' }],
  ['shop/db', { ip: '10.244.2.3' }],
]);
const check = { to: 'shop/db', port: 5432, protocol: 'UDP', family: 'IPv4' } as const;

describe('the dial of a check', () => {
  test('goes to the address of the pod, which must answer, and whose own agent proves that it listens', () => {
    expect(dialOf(check, pods)).toEqual({
      family: 'IPv4',
      address: '10.244.2.3',
      port: 5432,
      protocol: 'UDP',
      answerer: 'shop/db',
      listener: { pod: 'shop/db', address: '10.244.2.3', port: 5432, protocol: 'UDP' },
    });
  });

  test('is none where the pod was not placed', () => {
    expect(dialOf({ ...check, to: 'shop/api' }, pods)).toBeUndefined();
  });

  test.each(['service/shop/db', 'host/bank', 'workload/shop/db'])(
    'is none for %s: only pods are placed',
    (to) => {
      expect(dialOf({ ...check, to }, new Map([...pods, [to, { ip: '10.96.0.1' }]]))).toBeUndefined();
    },
  );
});
