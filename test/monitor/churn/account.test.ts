import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/model/attempt.ts';
import type { Expectation } from '../../../src/model/check.ts';
import { accountOf } from '../../../src/monitor/churn/account.ts';
import type { NewPodTarget } from '../../../src/monitor/churn/copies.ts';
import type { SeenNewPod } from '../../../src/monitor/churn/new-pod.ts';
import { NewPods } from '../../../src/monitor/churn/new-pods.ts';
import type { CheckDraft } from '../../../src/record/draft.ts';
import type { RunningPod } from '../../../src/run/provision.ts';
import type { Heard } from '../../../src/run/watching/heard.ts';
import type { WatchedCheck } from '../../../src/run/watching/plan-watches.ts';
import { trackOf } from '../../judge/windows/tracks.ts';

const BEGAN_MS = 20_000;
const RULES = { withinMs: 3_000, endMs: 60_000 };
const CLEAR = () => ({ destination: [], way: [] });
const DB: RunningPod = { namespace: 'shop', name: 'db', ip: '10.0.0.2', node: 'node-2' };

const target = (expected: Expectation, number: number): NewPodTarget => ({
  target: number,
  watched: {
    check: { expected, from: 'shop/web', to: 'shop/db' } as CheckDraft,
    listeners: [{ to: DB, listener: 1 }],
  } as unknown as WatchedCheck, // as much of one as is read
});

/** @param shown by target: what it showed, and from which age on */
function seenPod(
  checks: readonly NewPodTarget[],
  shown: readonly (readonly (readonly [outcome: Outcome, ageMs: number])[])[],
  key = 'shop/web-new-1',
): SeenNewPod {
  const endMs = 5_000;
  const stretches = shown.map((changes) => {
    const attempts = changes.flatMap(([outcome, fromMs], index) => {
      const toMs = changes[index + 1]?.[1] ?? endMs;
      return Array.from({ length: Math.ceil((toMs - fromMs) / 50) }, (_, number) => ({
        outcome,
        atMs: BEGAN_MS + fromMs + 50 * number,
        tookMs: 2,
      }));
    });
    return trackOf(attempts, { apartMs: 300 }).stretches;
  });
  const heard: Heard = {
    agent: 'agent-1',
    clockMs: 30,
    span: { fromMs: BEGAN_MS + 50, toMs: BEGAN_MS + endMs },
    processMs: BEGAN_MS,
    due: 100,
    begun: 100,
    attempts: 100,
    stretchesOf: (id) => stretches[id - 1] ?? [],
    heldOf: () => [],
    stalls: [],
    lost: [],
    visits: [{ fromMs: BEGAN_MS + 200, toMs: BEGAN_MS + endMs }],
  };
  return { key, copyOf: 'shop/web', node: 'node-1', everyMs: 100, heard, checks };
}

describe('the account of a new pod', () => {
  it('says when all that it must reach was reachable, and what it could reach that it must not', () => {
    const checks = [target('reachable', 1), target('reachable', 2), target('unreachable', 3)];
    const pod = seenPod(checks, [
      [['connected', 60]],
      [
        ['refused', 60],
        ['connected', 860],
      ],
      [
        ['connected', 60],
        ['refused', 460],
      ],
    ]);
    const { account, found } = accountOf(pod, CLEAR, RULES);
    expect(account).toEqual({
      pod: 'shop/web-new-1',
      copyOf: 'shop/web',
      node: 'node-1',
      beganMs: BEGAN_MS,
      clockMs: 30,
      triedMs: 60,
      endMs: 5_000,
      checks: 3,
      leaks: 1,
      gaps: 0,
      unknown: 0,
      unknownMs: 0,
      allowedMs: 862,
    });
    expect(found).toEqual([
      {
        check: checks[2]?.watched.check,
        windows: [
          {
            kind: 'leak',
            attempts: 8,
            outcome: 'connected',
            // As well as clocks could be compared.
            began: { earliestMs: BEGAN_MS - 30, latestMs: BEGAN_MS + 62 + 30 },
            ended: { earliestMs: BEGAN_MS + 410 - 30, latestMs: BEGAN_MS + 462 + 30 },
            newPod: {
              pod: 'shop/web-new-1',
              node: 'node-1',
              began: { earliestMs: 0, latestMs: 62 },
              ended: { earliestMs: 410, latestMs: 462 },
            },
          },
        ],
      },
    ]);
  });

  it('says that it was open to the last, and of a gap no time to allow', () => {
    const checks = [target('unreachable', 1), target('reachable', 2)];
    const { account, found } = accountOf(
      seenPod(checks, [[['connected', 60]], [['refused', 60]]]),
      CLEAR,
      RULES,
    );
    expect(account).toMatchObject({ leaks: 1, gaps: 1 });
    expect(account.allowedMs).toBeUndefined();
    expect(found.map(({ windows }) => windows[0]?.newPod)).toEqual([
      expect.objectContaining({ isOpen: true, ended: { earliestMs: 5_000, latestMs: 5_000 } }),
      expect.objectContaining({ isOpen: true }),
    ]);
  });

  it('counts what nobody could see, and finds nothing there', () => {
    const checks = [target('unreachable', 1)];
    const dark = [{ fromMs: BEGAN_MS, toMs: BEGAN_MS + 1_000, why: 'shop/db was not seen to listen' }];
    const { account, found } = accountOf(
      seenPod(checks, [[['refused', 60]]]),
      () => ({ destination: dark, way: [] }),
      RULES,
    );
    expect(account).toMatchObject({ unknown: 1, leaks: 0 });
    expect(account.unknownMs).toBeGreaterThanOrEqual(1_000);
    expect(found).toEqual([]);
  });
});

describe('new pods that have told what they saw', () => {
  const checks = [target('unreachable', 1)];
  const known = { around: CLEAR, endMs: 60_000 };

  it('wait until all is known of where their checks lead, unless nothing more will be', () => {
    const all = new NewPods(RULES.withinMs);
    all.add(seenPod(checks, [[['connected', 60]]]));
    expect(all.settle({ ...known, heardMs: () => BEGAN_MS + 4_000, isLast: false })).toEqual([]);
    expect([all.accounts, all.waiting]).toEqual([[], 1]);
    expect(all.settle({ ...known, heardMs: () => BEGAN_MS + 5_000, isLast: false })).toHaveLength(1);
    expect(all.accounts).toHaveLength(1);
    expect(all.waiting).toBe(0);
    all.add(seenPod(checks, [[['connected', 60]]], 'shop/web-new-2'));
    expect(all.settle({ ...known, heardMs: () => 0, isLast: true })).toHaveLength(1);
    const [check] = checks;
    expect(check && all.windowsOf(check.watched.check).map(({ newPod }) => newPod?.pod)).toEqual([
      'shop/web-new-1',
      'shop/web-new-2',
    ]);
  });

  it('are told once', () => {
    const all = new NewPods(RULES.withinMs);
    all.add(seenPod(checks, [[['connected', 60]]]));
    const last = { ...known, heardMs: () => 0, isLast: true };
    expect(all.settle(last)).toHaveLength(1);
    expect(all.settle(last)).toEqual([]);
  });
});
