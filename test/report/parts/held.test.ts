import { expect, test } from 'vitest';
import { describeHeld, fateOf } from '../../../src/report/parts/held.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import { upgradeWatched, WATCH_MS } from '../watch.ts';

type Events = Parameters<typeof describeHeld>[0]['events'];

/** Texts of a record as reports see them. */
function described(
  events: readonly { event: Events[number]['event']; atMs: number; detail?: string }[],
): [string, string] {
  const record = upgradeWatched();
  const [scenario] = record.scenarios;
  if (scenario === undefined) throw new Error('the record has a scenario');
  const steps = scenario.steps.map((step) => ({
    ...step,
    checks: step.checks.slice(0, 1).map((check) => ({
      ...check,
      watched: { attempts: 1, unknownMs: 0, windows: [], held: { beats: 42, events: [...events] } },
    })),
  }));
  const { checks, watch } = viewOf({ ...record, scenarios: [{ ...scenario, steps }] });
  const held = checks[0]?.watched?.held;
  if (held === undefined || watch === undefined) throw new Error('the check has a connection');
  return [fateOf(held), describeHeld(held, watch, WATCH_MS)];
}

const OPENED = { event: 'opened', atMs: 20 } as const;

test.each<[string, string, string, Parameters<typeof described>[0]]>([
  ['that nothing befell', 'survived', 'survived: 42 heartbeats came back', [OPENED]],
  [
    'that was held to one pod of a Service, and then to another',
    'broken',
    'broke once, at 02:00:11.000 UTC (ECONNRESET); 42 heartbeats came back from shop/api-2, shop/api-1',
    [
      { event: 'opened', atMs: 20, detail: 'shop/api-2' },
      { event: 'broken', atMs: 5_000, detail: 'ECONNRESET' },
      { event: 'opened', atMs: 5_100, detail: 'shop/api-1' },
    ],
  ],
  [
    'that was never there',
    'unopened',
    'it could not be opened (ECONNREFUSED)',
    [
      { event: 'failed', atMs: 20 },
      { event: 'failed', atMs: 1_020, detail: 'ECONNREFUSED' },
    ],
  ],
  [
    'that had to wait twice',
    'stalled',
    'stalled 2 times, for 2.0 s at most; 42 heartbeats came back',
    [
      OPENED,
      { event: 'stalled', atMs: 1_000 },
      { event: 'resumed', atMs: 2_500 },
      { event: 'stalled', atMs: 4_000 },
      { event: 'resumed', atMs: 6_000 },
    ],
  ],
  [
    'that still waits when the watch ends',
    'stalled',
    'stalled once, for 30.0 s; 42 heartbeats came back',
    [OPENED, { event: 'stalled', atMs: WATCH_MS - 30_000 }],
  ],
  [
    'that broke again and again',
    'broken',
    'broke 2 times, first at 02:00:11.000 UTC (EPIPE); 42 heartbeats came back',
    [
      OPENED,
      { event: 'broken', atMs: 5_000, detail: 'EPIPE' },
      { event: 'opened', atMs: 5_100 },
      { event: 'broken', atMs: 9_000 },
    ],
  ],
])('a held connection %s is told as that', (_, fate, text, events) => {
  expect(described(events)).toEqual([fate, text]);
});
