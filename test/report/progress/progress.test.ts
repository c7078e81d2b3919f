import { describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../../src/clock.ts';
import type { Action } from '../../../src/model/step.ts';
import type { ProgressEvent } from '../../../src/progress.ts';
import { createProgress, type ProgressOptions } from '../../../src/report/progress/progress.ts';

const CALM = { leaked: 0, broken: 0, late: 0, flapping: 0, inconclusive: 0 };
const EVENTS: ProgressEvent[] = [
  { type: 'cluster-starting', cluster: 'sandbox' },
  { type: 'cluster-ready', cluster: 'sandbox', server: 'https://127.0.0.1:41234', durationMs: 612 },
  { type: 'scenario-started', scenario: 'three-tier', index: 1, total: 2, pods: 4, checks: 9 },
  { type: 'phase-started', scenario: 'three-tier', phase: 'provision' },
  {
    type: 'pods-ready',
    scenario: 'three-tier',
    ready: 3,
    total: 4,
    waitingFor: ['shop/db: Pending (ContainerCreating)'],
  },
  { type: 'scenario-started', scenario: 'port-range', index: 2, total: 2, pods: 2, checks: 1 },
  { type: 'phase-started', scenario: 'three-tier', phase: 'settle' },
  { type: 'round-ended', scenario: 'three-tier', phase: 'settle', round: 4, settled: 7, total: 9 },
  { type: 'note', text: 'interrupted: cleaning up' },
  {
    type: 'scenario-ended',
    scenario: 'three-tier',
    status: 'finished',
    verdicts: { ...CALM, pass: 8, leaked: 1 },
    durationMs: 1830,
  },
  {
    type: 'scenario-ended',
    scenario: 'port-range',
    status: 'failed',
    verdicts: { ...CALM, pass: 0 },
    durationMs: 340,
    error: { code: 'provision-failed', message: 'pod shop/web cannot run: ErrImagePull' },
  },
  { type: 'cluster-stopping', cluster: 'sandbox' },
];
const PLAIN: ProgressOptions = { quiet: false, verbose: false };

describe('without a terminal', () => {
  test('writes lines, one per phase', () => {
    expect(record(EVENTS, PLAIN)).toEqual([
      'starting the cluster (sandbox)',
      'the cluster (sandbox) is ready, after 612 ms',
      'three-tier (1 of 2): 4 pods, 9 checks',
      'three-tier: starting pods',
      'port-range (2 of 2): 2 pods, 1 check',
      'three-tier: waiting for the policies to take effect',
      'interrupted: cleaning up',
      'FAILED        three-tier  9 checks: 8 passed, 1 leaked, took 1.8 s',
      'ERROR         port-range  1 check, took 340 ms',
      '              pod shop/web cannot run: ErrImagePull',
      'stopping the cluster (sandbox)',
    ]);
  });

  test('tells of pods and rounds as well when asked to', () => {
    const more = record(EVENTS, { ...PLAIN, verbose: true }).filter(
      (line) => !record(EVENTS, PLAIN).includes(line),
    );
    expect(more).toEqual([
      'three-tier: 3 of 4 pods ready, waiting for shop/db: Pending (ContainerCreating)',
      'three-tier: 7 of 9 checks settled (round 4)',
    ]);
  });

  test('writes nothing but notes when asked to be quiet', () => {
    expect(record(EVENTS, { ...PLAIN, quiet: true, verbose: true })).toEqual(['interrupted: cleaning up']);
  });

  test('leaves the result of an only scenario to the report that follows', () => {
    const only = EVENTS.map((event) => (event.type === 'scenario-started' ? { ...event, total: 1 } : event));
    expect(record(only, PLAIN).filter((line) => line.startsWith('FAILED'))).toEqual([]);
  });

  test('tells every few seconds how far the canary is, which may take its time before it fails', () => {
    const rounds = [1, 2, 3, 4].map(
      (round): ProgressEvent => ({
        type: 'round-ended',
        scenario: 'canary',
        phase: 'settle',
        round,
        settled: 3,
        total: 12,
      }),
    );
    let nowMs = 0;
    const clock = { ...systemClock, now: () => nowMs };
    const listened = record([{ type: 'canary-started', nodes: 3 }, ...rounds], PLAIN, clock, () => {
      nowMs += 2_600;
    });
    expect(listened).toEqual([
      'proving that policies are enforced, on 3 nodes',
      'canary: 3 of 12 checks settled (round 2)',
      'canary: 3 of 12 checks settled (round 4)',
    ]);
  });

  test('says of which step it tells, where that has a name', () => {
    const step = { scenario: 'rollout', step: 'monitoring is let in', phase: 'settle' } as const;
    const label = { kind: 'label', object: 'namespace/monitoring', labels: { team: 'devops' } } as const;
    const told = record(
      [
        { type: 'phase-started', ...step, actions: [label], phase: 'apply' },
        { type: 'phase-started', ...step, actions: [label] },
        { type: 'round-ended', ...step, round: 2, settled: 5, total: 7 },
      ],
      { ...PLAIN, verbose: true },
    );
    expect(told).toEqual([
      'rollout: monitoring is let in: labelling namespace/monitoring',
      'rollout: monitoring is let in: waiting for the changes to take effect',
      'rollout: monitoring is let in: 5 of 7 checks settled (round 2)',
    ]);
  });

  test.each<[readonly Action[], string, string]>([
    [
      [
        { kind: 'apply', object: 'networkpolicy/shop/deny' },
        { kind: 'delete', object: 'networkpolicy/shop/allow' },
      ],
      'applying networkpolicy/shop/deny, deleting networkpolicy/shop/allow',
      'waiting for the policies to take effect',
    ],
    [
      ['a', 'b', 'c', 'd', 'e'].map((name) => ({ kind: 'replace', object: `shop/${name}` })),
      'replacing shop/a, shop/b, shop/c and 2 more',
      'waiting for the changes to take effect',
    ],
    [[], 'nothing to do: only what is expected changes', 'waiting for the policies to take effect'],
  ])('says what a step does: %j', (actions, acting, waiting) => {
    const step = { type: 'phase-started', scenario: 'a', step: 'x', actions } as const;
    expect(
      record(
        [
          { ...step, phase: 'apply' },
          { ...step, phase: 'settle' },
        ],
        { ...PLAIN, verbose: true },
      ),
    ).toEqual([`a: x: ${acting}`, `a: x: ${waiting}`]);
  });

  test('shows names for what they are', () => {
    expect(record([{ type: 'phase-started', scenario: 'a\u001b[2J\nb', phase: 'apply' }], PLAIN)).toEqual([
      'a\\x1b[2J b: applying policies',
    ]);
  });

  function record(
    events: readonly ProgressEvent[],
    options: ProgressOptions,
    clock = systemClock,
    afterEach = () => {},
  ): string[] {
    const written: string[] = [];
    const screen = { isTerminal: false, columns: 40, write: (text: string) => void written.push(text) };
    const progress = createProgress(screen, options, clock);
    for (const event of events) {
      progress.listen(event);
      afterEach();
    }
    progress.close();
    return written.join('').split('\n').slice(0, -1);
  }
});

describe('on a terminal', () => {
  test('rewrites one line, and says how long it has been going on', async () => {
    const { terminal, clock, progress } = open();
    progress.listen({ type: 'cluster-starting', cluster: 'sandbox' });
    expect(terminal.lines()).toEqual(['0 s  starting the cluster (sandbox)']);
    await clock.advance(3000);
    expect(terminal.lines()).toEqual(['3 s  starting the cluster (sandbox)']);
    for (const event of EVENTS.slice(1, 8)) progress.listen(event);
    await clock.advance(100);
    expect(terminal.lines()).toEqual([
      '3 s  0 of 2 done, three-tier: 7 of 9 checks settled (round 4); port-range: 2 p…',
    ]);
    progress.close();
    expect(terminal.lines()).toEqual([]);
  });

  test('keeps notes and results above the line', async () => {
    const { terminal, clock, progress } = open();
    for (const event of EVENTS.slice(0, 10)) progress.listen(event);
    await clock.advance(100);
    expect(terminal.lines()).toEqual([
      'interrupted: cleaning up',
      'FAILED        three-tier  9 checks: 8 passed, 1 leaked, took 1.8 s',
      '0 s  1 of 2 done, port-range: 2 pods, 1 check',
    ]);
    progress.close();
    progress.listen({ type: 'note', text: 'left at once' });
    expect(terminal.lines()).toEqual([
      'interrupted: cleaning up',
      'FAILED        three-tier  9 checks: 8 passed, 1 leaked, took 1.8 s',
      'left at once',
    ]);
  });

  test('between two scenarios says how many are done', async () => {
    const { terminal, clock, progress } = open();
    const others = EVENTS.filter((event) => !('scenario' in event) || event.scenario === 'three-tier');
    for (const event of others.slice(0, -1)) progress.listen(event);
    await clock.advance(100);
    expect(terminal.lines().at(-1)).toBe('0 s  1 of 2 done');
    progress.close();
  });

  test('writes only when something has changed, however many events come', async () => {
    const { terminal, clock, progress } = open();
    for (let round = 1; round <= 500; round += 1) {
      progress.listen({
        type: 'round-ended',
        scenario: 'mesh',
        phase: 'settle',
        round,
        settled: round,
        total: 500,
      });
    }
    await clock.advance(900);
    expect(terminal.writes()).toBe(2);
    expect(terminal.lines()).toEqual(['0 s  mesh: 500 of 500 checks settled (round 500)']);
    progress.close();
  });

  test('leaves nothing running when it is closed', async () => {
    const { terminal, clock, progress } = open();
    progress.listen({ type: 'cluster-starting', cluster: 'sandbox' });
    progress.close();
    const writes = terminal.writes();
    await clock.advance(5000);
    progress.listen({ type: 'cluster-stopping', cluster: 'sandbox' });
    await clock.advance(5000);
    expect(terminal.writes()).toBe(writes);
    expect(clock.sleeping()).toBe(0);
  });

  test('paints results where colours are wanted', () => {
    const { terminal, progress } = open({ ...PLAIN, colour: true });
    for (const event of EVENTS.slice(0, 10)) progress.listen(event);
    expect(terminal.text()).toContain('\u001b[31mFAILED');
    progress.close();
  });

  test('shows no line when asked to be quiet', async () => {
    const { terminal, clock, progress } = open({ ...PLAIN, quiet: true });
    for (const event of EVENTS) progress.listen(event);
    await clock.advance(1000);
    progress.close();
    expect(terminal.text()).toBe('interrupted: cleaning up\n');
  });

  function open(options: ProgressOptions = PLAIN) {
    const terminal = createTerminal(80);
    const clock = createManualClock();
    return { terminal, clock, progress: createProgress(terminal.screen, options, clock) };
  }
});

/** As much of a terminal as one line needs: line feed, carriage return, clear to the end of the line. */
function createTerminal(columns: number) {
  const writes: string[] = [];
  return {
    screen: { isTerminal: true, columns, write: (text: string) => void writes.push(text) },
    text: () => writes.join(''),
    writes: () => writes.length,
    lines(): string[] {
      const lines = writes
        .join('')
        .split('\n')
        .map((line) => line.split('\r').reduce((shown, part) => overwrite(shown, part), ''));
      return lines.filter((line) => line !== '');
    },
  };

  function overwrite(shown: string, part: string): string {
    const clear = '\u001b[K';
    const written = part.replaceAll(clear, '');
    if (written.length >= columns) throw new Error(`the terminal would wrap: ${written}`);
    return part.includes(clear) ? written : written + shown.slice(written.length);
  }
}

/** A clock that goes on only when it is told to. */
function createManualClock(): Clock & { advance(ms: number): Promise<void>; sleeping(): number } {
  let nowMs = 0;
  const sleepers = new Set<{ readonly untilMs: number; readonly wake: () => void }>();
  return {
    now: () => nowMs,
    date: () => new Date(nowMs),
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        const sleeper = { untilMs: nowMs + ms, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        });
      });
    },
    sleeping: () => sleepers.size,
    async advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const [next] = [...sleepers].sort((left, right) => left.untilMs - right.untilMs);
        if (next === undefined || next.untilMs > untilMs) break;
        nowMs = next.untilMs;
        sleepers.delete(next);
        next.wake();
        // Lets what was woken go on until it sleeps again.
        await new Promise(setImmediate);
      }
      nowMs = untilMs;
    },
  };
}
