import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BatchPace } from '../../../src/probe/agent/batch-pace.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const TIMEOUT_MS = 1_000;
const LATE_MS = 201;

/** For how many sockets there is room, where none waits. */
function roomOf(pace: BatchPace): number {
  let room = 1;
  const end = pace.begin(1);
  while (pace.hasRoomFor(room)) room += 1;
  end();
  return room;
}

describe('the pace of a batch', () => {
  test('lets so many sockets begin at once, and more when one is answered', () => {
    const pace = new BatchPace(TIMEOUT_MS, () => {});
    const ends = Array.from({ length: 32 }, () => {
      expect(pace.hasRoomFor(1)).toBe(true);
      return pace.begin(1);
    });
    expect(pace.hasRoomFor(1)).toBe(false);
    ends[0]?.(1);
    // Its own place, and one that there was not before.
    expect(pace.hasRoomFor(2)).toBe(true);
    expect(pace.hasRoomFor(3)).toBe(false);
  });

  test('lets more begin as answers come soon, and fewer as they come late, within bounds', () => {
    const pace = new BatchPace(TIMEOUT_MS, () => {});
    expect(roomOf(pace)).toBe(32);
    pace.begin(1)(LATE_MS);
    expect(roomOf(pace)).toBe(24);
    for (let answer = 0; answer < 20; answer += 1) pace.begin(1)(LATE_MS);
    expect(roomOf(pace)).toBe(4);
    pace.begin(1)(LATE_MS - 1);
    expect(roomOf(pace)).toBe(5);
    for (let answer = 0; answer < 80; answer += 1) pace.begin(1)(1);
    expect(roomOf(pace)).toBe(64);
  });

  test('lets a wide one begin alone', () => {
    const pace = new BatchPace(TIMEOUT_MS, () => {});
    expect(pace.hasRoomFor(100)).toBe(true);
    const end = pace.begin(100);
    expect(pace.hasRoomFor(1)).toBe(false);
    end(1);
    expect(pace.hasRoomFor(1)).toBe(true);
  });

  test('waits for what nobody answers three times as long as answers take', () => {
    let told = 0;
    const pace = new BatchPace(TIMEOUT_MS, () => {
      told += 1;
    });
    pace.begin(32);
    vi.advanceTimersByTime(9);
    expect(told).toBe(0);
    vi.advanceTimersByTime(2);
    expect([told, pace.hasRoomFor(32)]).toEqual([1, true]);
    pace.begin(1)(50);
    pace.begin(33);
    vi.advanceTimersByTime(149);
    expect(pace.hasRoomFor(1)).toBe(false);
    vi.advanceTimersByTime(2);
    expect(pace.hasRoomFor(1)).toBe(true);
  });

  test('and no longer than a quarter of the time that an attempt has', () => {
    const pace = new BatchPace(TIMEOUT_MS, () => {});
    pace.begin(1)(900);
    pace.begin(24);
    vi.advanceTimersByTime(249);
    expect(pace.hasRoomFor(1)).toBe(false);
    vi.advanceTimersByTime(2);
    expect(pace.hasRoomFor(1)).toBe(true);
  });

  test('counts each once, whichever comes first', () => {
    const pace = new BatchPace(TIMEOUT_MS, () => {});
    const end = pace.begin(10);
    vi.advanceTimersByTime(11);
    pace.begin(32);
    end();
    expect(pace.hasRoomFor(1)).toBe(false);
  });
});
