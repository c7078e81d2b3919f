import { expect, test } from 'vitest';
import { nextEarlyVisit, nextVisit, phaseOf } from '../../../src/sandbox/probes/timetable.ts';

const timetable = { periodMs: 1000, phaseMs: 300 };

test("the first visit after a success is at the container's place in the period, within one", () => {
  expect(nextVisit(timetable, 5123.4, 5140)).toBe(5300);
  expect(nextVisit(timetable, 5299.9, 5310)).toBe(5300);
  expect(nextVisit(timetable, 5301, 5310)).toBe(6300);
});

test('visits keep their place, however late and long each of them is', () => {
  let dueAtMs = 5300;
  for (let visits = 1; visits <= 1000; visits += 1) {
    dueAtMs = nextVisit(timetable, dueAtMs, dueAtMs + (visits % 990));
    expect(dueAtMs).toBe(5300 + visits * 1000);
  }
});

test('a timer that comes early does not make a visit of its own', () => {
  expect(nextVisit(timetable, 5300, 5299.5)).toBe(6300);
});

test('a visit that takes longer than the period is followed by one visit at once, and the place is kept', () => {
  expect(nextVisit(timetable, 5300, 6500)).toBe(6300);
  // After a machine was asleep there is no burst.
  expect(nextVisit(timetable, 5300, 95_500)).toBe(95_300);
  expect(nextVisit(timetable, 95_300, 95_510)).toBe(96_300);
});

test('before the first success a container is visited again soon, and less often the longer it takes', () => {
  const waits = [0, 400, 600, 5000, 20_000].map(
    (waitedMs) => nextEarlyVisit(timetable, 7000, waitedMs) - 7000,
  );
  expect(waits).toEqual([50, 50, 60, 500, 1000]);
});

test('containers are spread over a fifth of the period, and a few share a place', () => {
  const places = new Map<number, number>();
  for (let index = 1; index <= 50; index += 1) {
    const phase = phaseOf(index, 1000);
    places.set(phase, (places.get(phase) ?? 0) + 1);
  }
  expect([...places.keys()].toSorted((one, other) => one - other)).toEqual(
    Array.from({ length: 10 }, (_, index) => index * 20),
  );
  expect(Math.max(...places.values())).toBeLessThanOrEqual(7);
});
