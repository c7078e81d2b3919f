import { describe, expect, it } from 'vitest';
import type { StretchLine } from '../../../src/probe/watch-protocol.ts';
import { Hearing } from '../../../src/run/watching/heard.ts';

/** The agent's clock is 1,000 ms ahead of the watch's, give or take 5. */
const OFFSET = { earliest: -1_005, latest: -995 };
const state = (toMs: number) => ({ beganMs: 1_100, processMs: 1_040, toMs, due: 10, begun: 9 });
const stretch = (seq: number, parts: Partial<StretchLine> = {}): StretchLine => ({
  kind: 'stretch',
  seq,
  id: 1,
  outcome: 'connected',
  count: 1,
  firstMs: 1_200,
  firstTookMs: 1,
  lastMs: 1_200,
  lastTookMs: 1,
  mostTookMs: 1,
  totalTookMs: 1,
  mostApartMs: 0,
  ...parts,
});

describe('what an agent was heard to see', () => {
  it('is told on the clock of the watch, as exactly as clocks could be compared', () => {
    const hearing = new Hearing('one');
    hearing.hear([], { earliest: -1_500, latest: -500 }, state(1_100));
    expect(hearing).toMatchObject({ clockMs: 0, span: { fromMs: 100, toMs: 100 }, processMs: 40 });
    hearing.hear([stretch(1), { kind: 'stall', seq: 2, fromMs: 1_300, toMs: 1_500 }], OFFSET, state(2_000));
    expect(hearing).toMatchObject({
      clockMs: 5,
      span: { fromMs: 100, toMs: 1_000 },
      processMs: 40,
      due: 10,
      begun: 9,
    });
    expect(hearing.stretchesOf(1)).toMatchObject([{ firstMs: 200, lastMs: 200, count: 1 }]);
    expect(hearing.stalls).toEqual([{ fromMs: 300, toMs: 500 }]);
  });

  it('replaces what was told before under the same number, and has begun when that was told', () => {
    const hearing = new Hearing('one');
    hearing.hear([stretch(1)], OFFSET, state(1_300));
    const grown = stretch(1, { count: 4, lastMs: 1_800, mostApartMs: 200 });
    hearing.hear(
      [grown, stretch(2, { outcome: 'timeout', firstMs: 1_900, lastMs: 1_900 })],
      OFFSET,
      state(2_000),
    );
    expect(hearing.attempts).toBe(5);
    expect(hearing.stretchesOf(1).map(({ outcome, count, firstMs }) => [outcome, count, firstMs])).toEqual([
      ['connected', 4, 200],
      ['timeout', 1, 900],
    ]);
    expect(hearing.stretchesOf(2)).toEqual([]);
  });

  it('is forgotten in its middle where it changes without an end', () => {
    const hearing = new Hearing('one');
    const lines = Array.from({ length: 1_500 }, (_, index) =>
      stretch(index + 1, {
        outcome: index % 2 === 0 ? 'connected' : 'timeout',
        firstMs: 2_000 + index,
        lastMs: 2_000 + index,
      }),
    );
    hearing.hear(lines, OFFSET, state(4_000));
    const kept = hearing.stretchesOf(1);
    expect(kept.length).toBeLessThanOrEqual(1_000);
    expect(kept[0]?.firstMs).toBe(1_000);
    expect(kept.at(-1)?.firstMs).toBe(2_499);
    expect(hearing.attempts).toBe(1_500);
  });
});
