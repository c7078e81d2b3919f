import { describe, expect, test } from 'vitest';
import { type Due, Schedule } from '../../../../src/probe/agent/watch/schedule.ts';
import { seededRandom } from '../../../judge/loss/packets.ts';

interface Dial extends Due {
  readonly atMs: number;
}

/** What becomes due until `endMs`, on a process that runs whenever something is. */
function dialsOf(schedule: Schedule, endMs: number): readonly Dial[] {
  const dials: Dial[] = [];
  for (let { nextMs } = schedule; nextMs !== undefined && nextMs < endMs; { nextMs } = schedule) {
    const due = schedule.take(nextMs);
    if (due !== undefined) dials.push({ ...due, atMs: nextMs });
  }
  return dials;
}

function apart(times: readonly number[]): readonly number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? 0));
}

const plain = { beganMs: 0, everyMs: 1000, isHasty: false };

describe('a schedule', () => {
  test('has each target dialled once in each period, never much sooner or later', () => {
    const dials = dialsOf(new Schedule(20, plain, seededRandom(1)), 60_000);
    expect(new Set(dials.map(({ isNow, missed, isExtra }) => `${isNow} ${missed} ${isExtra}`))).toEqual(
      new Set(['true 0 false']),
    );
    for (let index = 0; index < 20; index += 1) {
      const times = dials.filter((dial) => dial.index === index).map(({ atMs }) => atMs);
      expect(times[0]).toBeLessThan(1100);
      expect(times.length).toBeGreaterThanOrEqual(59);
      expect(times.length).toBeLessThanOrEqual(61);
      expect(Math.min(...apart(times))).toBeGreaterThanOrEqual(800);
      expect(Math.max(...apart(times))).toBeLessThanOrEqual(1200);
    }
  });

  test('spreads targets evenly, and those of two agents differently', () => {
    const first = dialsOf(new Schedule(20, plain, seededRandom(1)), 60_000);
    const second = dialsOf(new Schedule(20, plain, seededRandom(2)), 60_000);
    for (const dials of [first, second]) {
      const perTenth = Array.from({ length: 600 }, () => 0);
      for (const { atMs } of dials)
        perTenth[Math.floor(atMs / 100)] = (perTenth[Math.floor(atMs / 100)] ?? 0) + 1;
      expect(Math.max(...perTenth)).toBeLessThanOrEqual(8); // 2 on average
    }
    const phaseOf = (dials: readonly Dial[]) => dials.find(({ index }) => index === 0)?.atMs;
    expect(phaseOf(first)).not.toBeCloseTo(phaseOf(second) ?? 0, 0);
  });

  test('finds an opening of 300 ms in 99 of 100 tries where each target is dialled each 250 ms', () => {
    const random = seededRandom(3);
    let found = 0;
    for (let attempt = 0; attempt < 300; attempt += 1) {
      const times = dialsOf(new Schedule(20, { ...plain, everyMs: 250 }, random), 4_000)
        .filter(({ index }) => index === 7)
        .map(({ atMs }) => atMs);
      const openMs = 500 + 3_000 * random();
      if (times.some((time) => time >= openMs && time < openMs + 300)) found += 1;
    }
    expect(found / 300).toBeGreaterThanOrEqual(0.99);
  });

  test('tells what was not begun in time, and goes on at the next moment of the target', () => {
    const schedule = new Schedule(3, plain, seededRandom(4));
    dialsOf(schedule, 10_000);
    // The process was stopped for five seconds.
    const late: Due[] = [];
    for (let due = schedule.take(15_000); due !== undefined; due = schedule.take(15_000)) late.push(due);
    const missed = late.reduce((sum, due) => sum + due.missed, 0);
    const made = late.filter(({ isNow }) => isNow).length;
    expect(missed + made).toBeGreaterThanOrEqual(14);
    expect(missed + made).toBeLessThanOrEqual(16);
    expect(made).toBeLessThanOrEqual(2);
    for (const { missed: ofOne } of dialsOf(schedule, 20_000)) expect(ofOne).toBe(0);
  });
});

describe('in the first instant', () => {
  test('all are dialled at once, and again each 50 ms for two seconds', () => {
    const dials = dialsOf(new Schedule(3, { ...plain, beganMs: 500, isHasty: true }, seededRandom(5)), 8_500);
    expect(dials.slice(0, 3).map(({ atMs }) => atMs)).toEqual([500, 500, 500]);
    for (let index = 0; index < 3; index += 1) {
      const ofOne = dials.filter((dial) => dial.index === index);
      const hasty = ofOne.filter(({ isExtra }) => isExtra).map(({ atMs }) => atMs);
      expect(hasty.length).toBeGreaterThanOrEqual(38);
      expect(Math.max(...apart(hasty))).toBeLessThanOrEqual(56);
      const later = ofOne.filter(({ isExtra }) => !isExtra).map(({ atMs }) => atMs);
      expect(Math.min(...later)).toBeGreaterThanOrEqual(2_500);
      expect(later.length).toBeGreaterThanOrEqual(5);
      expect(later.length).toBeLessThanOrEqual(7);
    }
  });

  test('many targets are dialled less often each, 400 times a second in all', () => {
    const dials = dialsOf(
      new Schedule(200, { ...plain, everyMs: 10_000, isHasty: true }, seededRandom(6)),
      2_000,
    );
    expect(dials.length).toBeGreaterThan(700);
    expect(dials.length).toBeLessThan(1100);
  });
});
