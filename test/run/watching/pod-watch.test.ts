/** The watch in one pod, asked through sessions that a test answers for. */
import { describe, expect, it } from 'vitest';
import type { WatchEndLine, WatchLine } from '../../../src/probe/watch-protocol.ts';
import type { RunningPod } from '../../../src/run/provision.ts';
import { type Collecting, PodWatch } from '../../../src/run/watching/pod-watch.ts';

const POD = { namespace: 'shop', name: 'web', ip: '10.0.0.1', node: 'node-1' } as RunningPod;
const REQUEST = {
  kind: 'watch',
  watch: 'one',
  runId: 'run',
  everyMs: 1_000,
  timeoutMs: 500,
  abandonedMs: 900_000,
  kept: 100,
  targets: [{ id: 1, host: '10.0.0.2', port: 80, protocol: 'TCP', pod: 'shop/db' }],
  held: [],
} as const;

type State = NonNullable<WatchEndLine['state']>;

/** What an agent says each time that it is asked; its clock is that of the watch. */
interface Answer {
  readonly clockMs: number;
  readonly lines?: readonly WatchLine[];
  /** Absent: it knows of no watch. */
  readonly state?: Pick<State, 'beganMs' | 'seq'>;
}

function watchOf(answers: readonly Answer[]) {
  const left = [...answers];
  let nowMs = answers[0]?.clockMs ?? 0;
  const ask = async (): Promise<object> => {
    const { clockMs, lines = [], state } = left.shift() ?? { clockMs: 0 };
    const end: WatchEndLine = {
      kind: 'end',
      watch: 'one',
      agent: 'agent',
      ...(state === undefined ? {} : { state: { processMs: 0, due: 1, begun: 1, ...state } }),
      lines: lines.length,
      clockMs,
      elapsedMs: 0,
    };
    return {
      kind: 'answered',
      stdout: `${[...lines, end].map((line) => JSON.stringify(line)).join('\n')}\n`,
    };
  };
  const context = {
    clock: { now: () => nowMs },
    signal: new AbortController().signal,
    timing: { execGraceMs: 1_000 },
    random: () => 0,
    sessions: {
      take: () => ({ session: { ask, close: () => undefined }, isNew: false }),
      rest: () => undefined,
    },
    execLimit: (work: () => unknown) => work(),
    zeroMs: 0,
  } as unknown as Collecting; // as much of it as a question takes
  return {
    watch: new PodWatch(POD, REQUEST),
    context,
    /** Time passes until the next answer. */
    pass: () => {
      nowMs = left[0]?.clockMs ?? nowMs;
    },
  };
}

const stretch = (outcome: 'connected' | 'timeout', firstMs: number, lastMs: number): WatchLine => ({
  kind: 'stretch',
  seq: 1,
  id: 1,
  outcome,
  count: 2,
  firstMs,
  firstTookMs: 1,
  lastMs,
  lastTookMs: 1,
  mostTookMs: 1,
  totalTookMs: 2,
  mostApartMs: 1_000,
});

describe('an agent that has ended its watch because nobody asked', () => {
  it('begins another, whose lines are not those of the first, though they have the same numbers', async () => {
    const { watch, context, pass } = watchOf([
      { clockMs: 100, state: { beganMs: 100, seq: 0 } },
      { clockMs: 5_000, lines: [stretch('connected', 200, 4_200)], state: { beganMs: 100, seq: 1 } },
      { clockMs: 1_000_000 },
      { clockMs: 1_000_000, state: { beganMs: 1_000_000, seq: 0 } },
      {
        clockMs: 1_005_000,
        lines: [stretch('timeout', 1_000_200, 1_004_200)],
        state: { beganMs: 1_000_000, seq: 1 },
      },
    ]);
    expect(await watch.begin(context)).toBeUndefined();
    for (let time = 0; time < 3; time += 1) {
      pass();
      expect(await watch.collect(false, context)).toBeUndefined();
    }
    expect(
      watch.agents.map((heard) => ({
        agent: heard.agent,
        span: [heard.span.fromMs, heard.span.toMs].map(Math.round),
        shown: heard.stretchesOf(1).map(({ outcome, count }) => [outcome, count]),
      })),
    ).toEqual([
      { agent: 'agent', span: [100, 5_000], shown: [['connected', 2]] },
      { agent: 'agent', span: [1_000_000, 1_005_000], shown: [['timeout', 2]] },
    ]);
  });
});
