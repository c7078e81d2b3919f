import { describe, expect, test } from 'vitest';
import { type WatchedAttempt, WatchLedger } from '../../../../src/probe/agent/watch/ledger.ts';

function attempt(
  dialledMs: number,
  outcome: WatchedAttempt['outcome'] = 'connected',
  tookMs = 2,
): WatchedAttempt {
  return { outcome, dialledMs, tookMs, ...(outcome === 'refused' ? { detail: 'ECONNREFUSED' } : {}) };
}

const stretch = { kind: 'stretch', firstTookMs: 2, lastTookMs: 2, mostTookMs: 2 };

describe('a ledger', () => {
  test('makes one line of attempts in a row that showed the same', () => {
    const ledger = new WatchLedger(100);
    ledger.attempt(7, attempt(0, 'connected', 1));
    ledger.attempt(7, attempt(100, 'connected', 5.128));
    ledger.attempt(8, attempt(120));
    ledger.attempt(7, attempt(350, 'connected', 2));
    ledger.attempt(7, attempt(450, 'refused'));
    ledger.attempt(7, attempt(550, 'connected'));
    expect(ledger.lines()).toEqual([
      {
        kind: 'stretch',
        seq: 1,
        id: 7,
        outcome: 'connected',
        count: 3,
        firstMs: 0,
        firstTookMs: 1,
        lastMs: 350,
        lastTookMs: 2,
        mostTookMs: 5.13,
        totalTookMs: 8.13,
        mostApartMs: 250,
      },
      {
        ...stretch,
        seq: 2,
        id: 8,
        outcome: 'connected',
        count: 1,
        firstMs: 120,
        lastMs: 120,
        totalTookMs: 2,
        mostApartMs: 0,
      },
      {
        ...stretch,
        seq: 3,
        id: 7,
        outcome: 'refused',
        detail: 'ECONNREFUSED',
        count: 1,
        firstMs: 450,
        lastMs: 450,
        totalTookMs: 2,
        mostApartMs: 0,
      },
      {
        ...stretch,
        seq: 4,
        id: 7,
        outcome: 'connected',
        count: 1,
        firstMs: 550,
        lastMs: 550,
        totalTookMs: 2,
        mostApartMs: 0,
      },
    ]);
  });

  test('ends a stretch where an attempt is missing', () => {
    const ledger = new WatchLedger(100);
    ledger.attempt(7, attempt(0));
    ledger.interrupt(7);
    ledger.interrupt(8);
    ledger.attempt(7, attempt(200));
    expect(ledger.lines()).toMatchObject([
      { seq: 1, firstMs: 0, lastMs: 0 },
      { seq: 2, firstMs: 200, lastMs: 200 },
    ]);
  });

  test('begins a new line of visits where the kubelet stayed away', () => {
    const ledger = new WatchLedger(100);
    for (const atMs of [0, 1000, 3500, 6001, 7000]) ledger.visit(atMs);
    expect(ledger.lines()).toEqual([
      { kind: 'visits', seq: 1, count: 3, firstMs: 0, lastMs: 3500 },
      { kind: 'visits', seq: 2, count: 2, firstMs: 6001, lastMs: 7000 },
    ]);
  });
});

describe('what has been received', () => {
  const seqs = (ledger: WatchLedger) => ledger.lines().map(({ seq }) => seq);

  test('is told no more, but for lines that may still grow', () => {
    const ledger = new WatchLedger(100);
    ledger.attempt(7, attempt(0));
    ledger.stall(10, 600);
    ledger.held({ id: 7, event: 'opened', atMs: 5, beats: 1 });
    expect(seqs(ledger)).toEqual([1, 2, 3]);
    ledger.forget(3);
    expect(seqs(ledger)).toEqual([1]);
  });

  test('is told again when it has grown since, even if it has ended', () => {
    const ledger = new WatchLedger(100);
    ledger.attempt(7, attempt(0));
    ledger.lines(); // received, with number 1
    ledger.attempt(7, attempt(100));
    ledger.attempt(7, attempt(200, 'timeout'));
    ledger.forget(1);
    expect(ledger.lines()).toMatchObject([
      { seq: 1, count: 2 },
      { seq: 2, count: 1 },
    ]);
    // That answer was lost on its way; it is told once more, and then received.
    ledger.forget(1);
    expect(seqs(ledger)).toEqual([1, 2]);
    ledger.forget(2);
    expect(seqs(ledger)).toEqual([2]);
  });

  test('is told again when it was interrupted after it was told', () => {
    const ledger = new WatchLedger(100);
    ledger.attempt(7, attempt(0));
    ledger.lines();
    ledger.attempt(7, attempt(100));
    ledger.interrupt(7);
    ledger.forget(1);
    expect(ledger.lines()).toMatchObject([{ seq: 1, count: 2 }]);
  });
});

describe('where there is no more room', () => {
  test('the oldest lines are given up that can grow no more, and the time that they covered is told', () => {
    const ledger = new WatchLedger(3);
    ledger.attempt(1, attempt(0));
    for (const [index, outcome] of (['timeout', 'connected', 'timeout', 'connected'] as const).entries())
      ledger.attempt(2, attempt(100 * (index + 1), outcome, 30));
    expect(ledger.lines()).toEqual([
      expect.objectContaining({ kind: 'stretch', seq: 1, id: 1 }),
      { kind: 'lost', seq: 5, lines: 3, fromMs: 100, toMs: 300 },
      expect.objectContaining({ kind: 'stretch', seq: 6, id: 2, firstMs: 400 }),
    ]);
  });

  test('what was told of what is lost grows no more: what is lost then has a line of its own', () => {
    const ledger = new WatchLedger(2);
    const flap = (from: number) => {
      for (const [index, outcome] of (['timeout', 'connected'] as const).entries())
        ledger.attempt(1, attempt(from + 100 * index, outcome));
    };
    flap(0);
    flap(1000);
    const lost = ledger.lines().filter(({ kind }) => kind === 'lost');
    expect(lost).toMatchObject([{ lines: 3, fromMs: 0, toMs: 1000 }]);
    ledger.forget(ledger.seq);
    flap(2000);
    flap(3000);
    expect(ledger.lines().filter(({ kind }) => kind === 'lost')).toMatchObject([
      { lines: 4, fromMs: 1100, toMs: 3000 },
    ]);
  });

  test('lines that may still grow are kept, however many there are', () => {
    const ledger = new WatchLedger(2);
    for (let id = 0; id < 10; id += 1) ledger.attempt(id, attempt(id));
    expect(ledger.lines()).toHaveLength(10);
  });
});
