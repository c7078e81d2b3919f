import { describe, expect, test } from 'vitest';
import { dialOf, requestOf } from '../../src/run/dial.ts';

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

  test('goes to a simulated host as to a pod: its agent answers by its name', () => {
    const placed = new Map([...pods, ['host/bank', { ip: '203.0.113.10' }]]);
    expect(dialOf({ ...check, to: 'host/bank' }, placed)).toMatchObject({
      address: '203.0.113.10',
      answerer: 'host/bank',
      listener: { pod: 'host/bank' },
    });
  });

  test('goes to a real host by its address or name: nobody need name himself there', () => {
    const real = new Map([['host/registry', 'registry.example.com']]);
    const dial = dialOf({ ...check, to: 'host/registry', protocol: 'TCP' }, pods, real);
    expect(dial).toEqual({ family: 'IPv4', address: 'registry.example.com', port: 5432, protocol: 'TCP' });
    expect(dial && requestOf(dial)).toEqual({ host: 'registry.example.com', port: 5432, protocol: 'TCP' });
  });
});
