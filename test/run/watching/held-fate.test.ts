import { describe, expect, it } from 'vitest';
import type { Dark, Track } from '../../../src/judge/windows/track.ts';
import { NO_HEARTBEAT } from '../../../src/probe/watch-protocol.ts';
import type { HeardEvent } from '../../../src/run/watching/heard.ts';
import { fateOfHeld } from '../../../src/run/watching/held-fate.ts';

const LIGHT: Track['dark'] = { source: [], destination: [], way: [] };

/** `opened@0 stalled@1200 ended@4800`, with a heartbeat for each 200 ms. */
function events(text: string, detail?: string): HeardEvent[] {
  const all = text.split(' ').map((word): HeardEvent => {
    const [event, at] = word.split('@');
    return { event: event as HeardEvent['event'], atMs: Number(at), beats: Number(at) / 200 };
  });
  const last = all.pop();
  return last === undefined ? [] : [...all, { ...last, ...(detail === undefined ? {} : { detail }) }];
}

describe('a connection that was open when the step began to act', () => {
  it('survived where it was open to the end', () => {
    expect(fateOfHeld(events('opened@0 ended@4800'), 1, LIGHT)).toEqual({
      fate: 'survived',
      beats: 24,
      heldMs: 4800,
    });
  });

  it('survived a stall that ended', () => {
    const seen = events('opened@0 stalled@1000 resumed@2600 stalled@3000 resumed@4100 ended@4800');
    expect(fateOfHeld(seen, 1, LIGHT)).toEqual({
      fate: 'survived',
      beats: 24,
      heldMs: 4800,
      longestStallMs: 1600,
    });
  });

  it('stalled where nothing came back to the end', () => {
    expect(fateOfHeld(events('opened@0 stalled@1200 ended@4800'), 1, LIGHT)).toEqual({
      fate: 'stalled',
      beats: 24,
      endedMs: 1200,
      heldMs: 4800,
    });
  });

  it('stalled where its agent gave it up for silence, whatever it opens in its place', () => {
    const seen = [
      ...events('opened@0 stalled@1200 broken@16200', NO_HEARTBEAT),
      ...events('failed@18000', 'timeout'),
    ];
    expect(fateOfHeld(seen, 1, LIGHT)).toMatchObject({ fate: 'stalled', endedMs: 1200, heldMs: 16_200 });
  });

  it('broke where it was closed or reset, and no other counts that came after it', () => {
    const seen = [...events('opened@0 broken@1300', 'ECONNRESET'), ...events('opened@1500 ended@4800')];
    expect(fateOfHeld(seen, 1, LIGHT)).toEqual({
      fate: 'broken',
      beats: 6.5,
      endedMs: 1300,
      heldMs: 1300,
      detail: 'ECONNRESET',
    });
  });

  it('is the one that was opened again, where the first had broken before', () => {
    expect(fateOfHeld(events('opened@0 broken@300 opened@500 ended@4800'), 3, LIGHT)).toMatchObject({
      fate: 'survived',
    });
  });
});

describe('nobody can tell', () => {
  it.each([
    ['', 'it was not opened before the step acted'],
    ['failed@900', 'it could not be opened before the step acted (ECONNREFUSED)'],
    ['opened@0 broken@900', 'it had broken before the step acted (ECONNREFUSED)'],
    ['opened@0 stalled@900', 'it had stalled before the step acted'],
  ])('where it was not open when the step began to act: %s', (before, unseen) => {
    const known = before === '' ? [] : events(before, 'ECONNREFUSED');
    expect(fateOfHeld([...known, ...events('opened@1500 ended@4800')], known.length, LIGHT)).toEqual({
      unseen,
    });
  });

  it('where its agent was not heard of any more', () => {
    expect(fateOfHeld(events('opened@0'), 1, LIGHT)).toEqual({
      unseen: 'it was not heard of until it was held no more',
    });
    const source = [{ fromMs: 100, toMs: 4800, why: 'shop/web was not heard' }];
    expect(fateOfHeld(events('opened@0 stalled@1200'), 1, { ...LIGHT, source })).toEqual({
      unseen: 'shop/web was not heard',
    });
  });

  it('where it broke while its destination was away', () => {
    const destination = [{ fromMs: 1000, toMs: 4800, why: 'shop/db was not heard' }];
    const seen = events('opened@0 broken@1300', 'ECONNRESET');
    expect(fateOfHeld(seen, 1, { ...LIGHT, destination })).toEqual({
      unseen: 'it broke while shop/db was not heard',
    });
    // A reset is a reset, whatever the way is like.
    expect(fateOfHeld(seen, 1, { ...LIGHT, way: destination })).toMatchObject({ fate: 'broken' });
  });

  const dark = (fromMs: number, toMs: number): Dark => ({ fromMs, toMs, why: 'something was away' });
  it.each([
    ['in the dark all the time', [dark(0, 5000)], false],
    ['with too little light before the dark', [dark(2000, 5000)], false],
    ['with light enough before the dark', [dark(2300, 5000)], true],
    ['with less light after a dark time than that took', [dark(1000, 3000)], false],
    ['with more', [dark(1000, 2400)], true],
    ['with a short dark time in between', [dark(1500, 1900)], true],
    ['with dark times that together leave no light', [dark(1300, 2500), dark(2400, 4300)], false],
    ['with darkness that was over before', [dark(0, 1100)], true],
  ])('what stalled %s', (_, spans, isTold) => {
    const seen = events('opened@0 stalled@1200 ended@4800');
    const told = isTold
      ? { fate: 'stalled', beats: 24, endedMs: 1200, heldMs: 4800 }
      : { unseen: 'it stalled while something was away' };
    for (const part of ['source', 'destination', 'way'] as const)
      expect(fateOfHeld(seen, 1, { ...LIGHT, [part]: spans })).toEqual(told);
  });

  it('what stalled just before the end', () => {
    expect(fateOfHeld(events('opened@0 stalled@4200 ended@4800'), 1, LIGHT)).toEqual({
      unseen: 'it stalled too shortly before it was held no more',
    });
  });
});
