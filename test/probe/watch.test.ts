import { describe, expect, test } from 'vitest';
import { isWatchEndMark, parseWatchAnswer, watchInput } from '../../src/probe/watch.ts';
import type { CollectRequest, WatchEndLine, WatchLine } from '../../src/probe/watch-protocol.ts';

const request: CollectRequest = { kind: 'collect', watch: 'w1', received: 0 };
const ids = new Set([1, 2]);

const stretch: WatchLine = {
  kind: 'stretch',
  seq: 1,
  id: 1,
  outcome: 'connected',
  count: 3,
  firstMs: 10,
  firstTookMs: 1,
  lastMs: 2010,
  lastTookMs: 1.2,
  mostTookMs: 1.5,
  totalTookMs: 3.7,
  mostApartMs: 1050,
};
const stall: WatchLine = { kind: 'stall', seq: 2, fromMs: 100, toMs: 5100 };
const lost: WatchLine = { kind: 'lost', seq: 3, lines: 4, fromMs: 0, toMs: 50 };
const visits: WatchLine = { kind: 'visits', seq: 4, count: 2, firstMs: 0, lastMs: 1000 };
const held: WatchLine = {
  kind: 'held',
  seq: 7,
  id: 2,
  event: 'broken',
  atMs: 900,
  beats: 4,
  detail: 'ECONNRESET',
};
const end: WatchEndLine = {
  kind: 'end',
  watch: 'w1',
  agent: 'a1',
  state: { beganMs: 0, processMs: -40, seq: 7, due: 10, begun: 9 },
  lines: 5,
  clockMs: 3000,
  elapsedMs: 0.4,
};

function printed(...lines: readonly object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

test('a request is one line', () => {
  expect(watchInput(request)).toBe('{"kind":"collect","watch":"w1","received":0}\n');
});

test('an answer that is whole counts', () => {
  const lines = [stretch, stall, lost, visits, held];
  expect(parseWatchAnswer(printed(...lines, end), request, ids)).toEqual({ kind: 'complete', lines, end });
});

test('an agent that knows no such watch says so', () => {
  const { state: _, ...none } = end;
  const answer = parseWatchAnswer(printed({ ...none, lines: 0 }), request, ids);
  expect(answer).toEqual({ kind: 'complete', lines: [], end: { ...none, lines: 0 } });
});

describe('an answer proves nothing that', () => {
  test.each([
    ['has no end mark', printed(stretch), 'ended without its end mark'],
    ['is empty', '', 'ended without its end mark'],
    ['lacks lines', printed(stretch, end), 'is incomplete: 1 of 5 lines'],
    [
      'is about another watch',
      printed({ ...end, watch: 'w2' }),
      'is about the watch w2, which was not asked for',
    ],
    ['goes on after its end mark', printed(end, end), 'goes on after its end mark'],
    ['has a line that is none', `nonsense\n${printed(end)}`, 'makes no sense in line 1: nonsense'],
    [
      'has a line with too much in it',
      printed({ ...stall, why: 'x' }, end),
      'makes no sense in line 1: {"kind":"stall","seq":2,"fromMs":100,"toMs":5100,"why":"x"}',
    ],
    [
      'has a number twice',
      printed(stretch, stretch, end),
      'makes no sense: line 2 has a number that was over',
    ],
    [
      'has a number that was not given',
      printed({ ...stall, seq: 8 }, end),
      'makes no sense: line 1 has a number that was not given',
    ],
    [
      'tells of a target that was not asked for',
      printed({ ...stretch, id: 3 }, end),
      'makes no sense: line 1 is about a target that was not asked for',
    ],
  ])('%s', (_, stdout, reason) => {
    expect(parseWatchAnswer(stdout, request, ids)).toEqual({
      kind: 'broken',
      reason: `the output of the probe ${reason}`,
    });
  });
});

test('the end mark is known from other lines, and from that of a batch', () => {
  expect([...printed(stretch, held, end).trim().split('\n'), 'x'].map(isWatchEndMark)).toEqual([
    false,
    false,
    true,
    false,
  ]);
  expect(isWatchEndMark('{"kind":"end","agent":"a1","attempts":0}')).toBe(false);
});
