import { expect, test } from 'vitest';
import { UsedPorts } from '../../../src/probe/agent/used-ports.ts';

test('a port is taken once in three minutes for a destination', () => {
  const ports = new UsedPorts();
  const take = (nowMs: number, ip = '10.0.0.1', port = 53): boolean => ports.take(40_000, ip, port, nowMs);
  expect([take(0), take(1), take(179_999), take(180_000), take(180_001)]).toEqual([
    true,
    false,
    false,
    true,
    false,
  ]);
  expect([take(180_001, '10.0.0.2'), take(180_001, '10.0.0.1', 54)]).toEqual([true, true]);
});

test('of a hundred thousand uses the older half is forgotten', () => {
  const ports = new UsedPorts();
  const take = (use: number): boolean => ports.take(use % 50_000, '10.0.0.1', Math.floor(use / 50_000), 0);
  const isTaken = Array.from({ length: 100_001 }, (_, use) => take(use));
  expect(isTaken).not.toContain(false);
  expect([take(49_999), take(50_000), take(100_000)]).toEqual([true, false, false]);
});
