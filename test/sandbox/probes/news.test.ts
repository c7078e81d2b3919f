import { expect, test } from 'vitest';
import { createNews } from '../../../src/sandbox/probes/news.ts';
import type { Readiness } from '../../../src/sandbox/probes/readiness.ts';

const ready: Readiness = { kind: 'ready' };
const because = (reason: string): Readiness => ({ kind: 'unready', reason });

test('a container that is ready within a second is told once', () => {
  const news = createNews(0);
  expect(news(false, { kind: 'failure', reason: 'refused' }, 1)).toBeUndefined();
  expect(news(false, { kind: 'failure', reason: 'refused' }, 999)).toBeUndefined();
  expect(news(true, { kind: 'success' }, 999)).toEqual(ready);
  expect(news(true, { kind: 'success' }, 2000)).toBeUndefined();
});

test('failures below the threshold are no news, the one that counts is', () => {
  const news = createNews(0);
  news(true, { kind: 'success' }, 10);
  expect(news(true, { kind: 'failure', reason: 'late' }, 5000)).toBeUndefined();
  expect(news(false, { kind: 'failure', reason: 'late' }, 6000)).toEqual(because('late'));
  expect(news(false, { kind: 'failure', reason: 'late' }, 9000)).toBeUndefined();
  expect(news(false, { kind: 'success' }, 10_000)).toBeUndefined();
});

test('another reason is told, and the more rarely the longer there is one', () => {
  const news = createNews(0);
  const told: number[] = [];
  for (let second = 0; second <= 100; second += 1) {
    const reason = second % 2 === 0 ? 'status 500' : 'status 503';
    if (news(false, { kind: 'failure', reason }, second * 1000) !== undefined) told.push(second);
  }
  expect(told).toEqual([1, 2, 5, 10, 21, 42, 85]);
});
