/** Windows of many checks become few groups: which belong together, what they share, and how that reads. */
import { describe, expect, test } from 'vitest';
import type { CheckRecord, RunRecord } from '../../../src/record/schema.ts';
import { describeWindowGroup } from '../../../src/report/parts/windows.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import { groupWindows, type WindowGroup } from '../../../src/report/view/window-groups.ts';
import { buildRecord, buildScenario } from '../fixture.ts';

type WrittenWindow = NonNullable<CheckRecord['watched']>['windows'][number];
type Watch = NonNullable<RunRecord['watch']>;

/** Nine pods on two nodes: shop/a, shop/c, … on node-1, shop/b, shop/d, … on node-2; ops/i on node-1. */
const PODS = [...'abcdefgh'].map((letter) => `shop/${letter}`).concat('ops/i');
const INCIDENTS: Watch['incidents'] = [
  { kind: 'plugin-restarted', atMs: 7_300, node: 'node-2', text: 'calico-node on node-2 restarted' },
  { kind: 'policy-deleted', atMs: 1_000, text: 'networkpolicy/shop/deny was deleted' },
];

/** Every pair of pods, expected reachable but for those into shop/h. */
function groups(
  windowsOf: (pair: { from: string; to: string; index: number }) => readonly WrittenWindow[],
  durationMs: number | 'cut off' = 60_000,
): readonly WindowGroup[] {
  const pairs = PODS.flatMap((from) => PODS.filter((to) => to !== from).map((to) => ({ from, to })));
  const scenario = buildScenario('shop', {
    pods: Object.fromEntries(PODS.map((pod) => [pod, ['80']])),
    checks: pairs.map((pair, index) => ({
      ...pair,
      id: index,
      port: 80,
      expected: pair.to === 'shop/h' ? 'unreachable' : 'reachable',
      watched: {
        attempts: 60,
        unknownMs: 0,
        windows: [...windowsOf({ ...pair, index })],
      },
    })),
  });
  const watch: Watch = {
    startedAt: '2026-11-20T02:14:00.000Z',
    ...(durationMs === 'cut off' ? {} : { durationMs }),
    everyMs: 1_000,
    budgets: { maxLeakMs: 0, maxUnknown: 0.1 },
    attempts: { due: 0, made: 0, collected: 0 },
    longestStallMs: 0,
    incidents: INCIDENTS,
  };
  return groupWindows(viewOf({ ...buildRecord([scenario]), watch }));
}

/** One that is known to half a second. */
function window(
  kind: WrittenWindow['kind'],
  fromMs: number,
  toMs: number,
  parts: Partial<WrittenWindow> = {},
): WrittenWindow {
  return {
    kind,
    began: { earliestMs: fromMs - 500, latestMs: fromMs },
    ended: { earliestMs: toMs, latestMs: toMs + 500 },
    attempts: 3,
    ...parts,
  };
}

const isOnNode2 = (pod: string): boolean => PODS.indexOf(pod) % 2 === 1;
const written = (all: readonly WindowGroup[]): string[] => all.map(describeWindowGroup);

test('windows of one event are one group, which says what its checks have in common, and what happened', () => {
  const found = groups(({ from, to, index }) =>
    isOnNode2(from) && to !== 'shop/h'
      ? [window('gap', 7_120 + 10 * (index % 40), 10_200 - 10 * (index % 30), { incident: 0 })]
      : [],
  );
  expect(written(found)).toEqual([
    'gap of 3 to 3.5 s on 29 checks, all from node-2, while calico-node on node-2 restarted',
  ]);
});

test('a group is as exact as its windows are together, and tells the shortest and the longest', () => {
  const [group] = groups(({ from, to }) => {
    if (from !== 'shop/a') return [];
    if (to === 'shop/b') return [window('gap', 7_000, 9_000)];
    return to === 'shop/c' ? [window('gap', 7_300, 9_300)] : [];
  });
  expect(group).toMatchObject({
    began: { earliestMs: 6_800, latestMs: 7_000 },
    ended: { earliestMs: 9_300, latestMs: 9_500 },
    length: { atLeastMs: 2_300, atMostMs: 2_700 },
    shortest: { atLeastMs: 2_000, atMostMs: 3_000 },
    longest: { atLeastMs: 2_000, atMostMs: 3_000 },
  });
  expect(group?.windows.map(({ check }) => check.to)).toEqual(['shop/b', 'shop/c']);
});

describe('windows are not of one event', () => {
  const two = (one: WrittenWindow, other: WrittenWindow): readonly WindowGroup[] =>
    groups(({ from, to }) => {
      if (from !== 'shop/a') return [];
      if (to === 'shop/b') return [one];
      return to === 'shop/c' ? [other] : [];
    });

  test.each([
    ['that cannot have begun at one moment', window('gap', 7_000, 9_000), window('gap', 7_501, 9_000), 2],
    ['that may just have', window('gap', 7_000, 9_000), window('gap', 7_500, 9_000), 1],
    ['that cannot have ended at one moment', window('gap', 7_000, 9_000), window('gap', 7_000, 9_501), 2],
    ['that may just have ended so', window('gap', 7_000, 9_000), window('gap', 7_000, 9_500), 1],
    ['of two kinds', window('gap', 7_000, 9_000), window('unknown', 7_000, 9_000), 2],
    ['of two incidents', window('gap', 7_000, 9_000, { incident: 0 }), window('gap', 7_000, 9_000), 2],
    [
      'of two reasons',
      window('unknown', 7_000, 9_000, { why: 'one' }),
      window('unknown', 7_000, 9_000, { why: 'two' }),
      2,
    ],
    ['of which one did not end', window('gap', 7_000, 60_000), openAt(7_000), 2],
    ['that both did not end', openAt(7_100), openAt(7_000), 1],
  ] as const)('%s', (_, one, other, number) => {
    expect(two(one, other)).toHaveLength(number);
  });
});

function openAt(fromMs: number): WrittenWindow {
  const { ended: _, ...open } = window('gap', fromMs, 0);
  return open;
}

test('a chain in which each overlaps the next is not one event', () => {
  const found = groups(({ from, to }) =>
    from === 'shop/a' && to !== 'shop/h' ? [window('gap', 7_000 + 300 * PODS.indexOf(to), 40_000)] : [],
  );
  expect(found.map(({ checks }) => checks.length)).toEqual([2, 2, 2, 1]);
});

test('leaks come first, then gaps, then what is unknown, each in the order of time', () => {
  const found = groups(({ from, to }) => {
    if (from !== 'shop/a') return [];
    if (to === 'shop/h') return [window('leak', 30_000, 30_400), window('unknown', 1_000, 2_000)];
    return to === 'shop/b' ? [window('gap', 20_000, 22_000), window('gap', 10_000, 12_000)] : [];
  });
  expect(found.map(({ kind, began }) => [kind, began.latestMs])).toEqual([
    ['leak', 30_000],
    ['gap', 10_000],
    ['gap', 20_000],
    ['unknown', 1_000],
  ]);
});

describe('what is told of a group', () => {
  test('is the pair, where it is of one check', () => {
    const found = groups(({ from, to }) =>
      from === 'shop/a' && to === 'shop/h' ? [window('leak', 7_000, 7_000, { incident: 1 })] : [],
    );
    expect(written(found)).toEqual([
      'leak of up to 1 s on shop/a → shop/h:80/TCP, after networkpolicy/shop/deny was deleted',
    ]);
  });

  test('is why nobody could tell', () => {
    const why = 'the agent of shop/b did not run';
    const found = groups(({ from }) =>
      from === 'shop/b' ? [window('unknown', 7_000, 12_000, { why })] : [],
    );
    expect(written(found)).toEqual([
      'unknown for 5 to 6 s on 8 checks, all from shop/b: the agent of shop/b did not run',
    ]);
  });

  test('is nothing in common, where that may be chance or holds for all', () => {
    const some = groups(({ from, to }) =>
      (from === 'shop/a' && to === 'shop/b') || (from === 'shop/c' && to === 'shop/d')
        ? [window('gap', 7_000, 9_000)]
        : [],
    );
    expect(written(some)).toEqual(['gap of 2 to 3 s on 2 checks']);
    // All that must be unreachable leads to shop/h.
    expect(written(groups(({ to }) => (to === 'shop/h' ? [window('leak', 7_000, 9_000)] : [])))).toEqual([
      'leak of 2 to 3 s on 8 checks',
    ]);
  });

  test('is both what the sources and what the destinations have in common', () => {
    const found = groups(({ from, to }) =>
      isOnNode2(from) && to === 'ops/i' ? [window('gap', 7_000, 9_000)] : [],
    );
    expect(written(found)).toEqual(['gap of 2 to 3 s on 4 checks, all to ops/i:80/TCP and from node-2']);
  });

  test.each([
    [({ to }: { to: string }) => to === 'shop/b', 'to shop/b:80/TCP'],
    [({ from }: { from: string }) => from === 'ops/i', 'from ops/i'],
    [({ from, to }: { from: string; to: string }) => isOnNode2(from) !== isOnNode2(to), 'across nodes'],
    [({ from, to }: { from: string; to: string }) => isOnNode2(from) === isOnNode2(to), 'within one node'],
  ])('is what few others have: %#', (isIn, common) => {
    const [group] = groups((pair) =>
      isIn(pair) && pair.to !== 'shop/h' ? [window('gap', 7_000, 9_000)] : [],
    );
    expect(group?.common[0]).toBe(common);
  });
});

test('of a watch that was cut off, the end is the last that is known', () => {
  const found = groups(
    ({ index }) => (index < 2 ? [window('gap', 1_000, 3_000), openAt(7_000)] : []),
    'cut off',
  );
  expect(found.map(({ length }) => length)).toEqual([
    { atLeastMs: 2_000, atMostMs: 3_000 },
    { atLeastMs: 0, atMostMs: 500 },
  ]);
});

test('a record without a watch has none', () => {
  expect(groupWindows(viewOf(buildRecord([])))).toEqual([]);
});
