/** Clocks that nobody has set, and what can be said of times on them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NodeClocks } from '../../src/run/node-clocks.ts';

const podOn = (node: string, name = 'a') => ({ namespace: 'x', name, ip: '10.0.0.1', node });

/** An exec that took its time: how long on the way there, in the pod, and on the way back. */
const exchange = fc.record({
  sentMs: fc.nat(1_000_000),
  thereMs: fc.nat(5_000),
  elapsedMs: fc.nat(5_000),
  backMs: fc.nat(5_000),
});

describe('a time on the clock of a node', () => {
  test('lies within its bounds on the clock of the run, however long execs take', () => {
    fc.assert(
      fc.property(
        fc.array(exchange, { minLength: 1, maxLength: 10 }),
        fc.integer({ min: -1_000_000, max: 1_000_000 }),
        fc.nat(1_000_000),
        (exchanges, offset, clockMs) => {
          const clocks = new NodeClocks();
          const pod = podOn('node-1');
          let width = Number.POSITIVE_INFINITY;
          for (const { sentMs, thereMs, elapsedMs, backMs } of exchanges) {
            const arrivedMs = sentMs + thereMs;
            clocks.note(pod, {
              sentMs,
              receivedMs: arrivedMs + elapsedMs + backMs,
              clockMs: arrivedMs - offset,
              elapsedMs,
            });
            const moment = clocks.at(pod, clockMs);
            if (moment === undefined) return expect.unreachable('it was noted');
            expect(moment.earliest).toBeLessThanOrEqual(clockMs + offset);
            expect(moment.latest).toBeGreaterThanOrEqual(clockMs + offset);
            // Each exec can only close the bounds in.
            expect(moment.latest - moment.earliest).toBeLessThanOrEqual(width);
            width = moment.latest - moment.earliest;
          }
        },
      ),
    );
  });

  test('is not known before the first exec', () => {
    expect(new NodeClocks().at(podOn('node-1'), 5)).toBe(undefined);
  });

  test('is shared by the pods of a node, until two of them turn out to have clocks of their own', () => {
    const clocks = new NodeClocks();
    const [one, other] = [podOn('node-1', 'one'), podOn('node-1', 'other')];
    clocks.note(one, { sentMs: 100, receivedMs: 140, clockMs: 20, elapsedMs: 10 });
    expect(clocks.clockOf(one)).toBe(clocks.clockOf(other));
    expect(clocks.at(other, 20)).toEqual({ earliest: 100, latest: 130 });
    clocks.note(other, { sentMs: 200, receivedMs: 240, clockMs: 9_020, elapsedMs: 10 });
    expect(clocks.clockOf(one)).not.toBe(clocks.clockOf(other));
    expect(clocks.at(other, 9_020)).toEqual({ earliest: 200, latest: 230 });
    // What was known of the node says nothing about this one any more.
    expect(clocks.at(one, 20)).toBe(undefined);
  });
});
