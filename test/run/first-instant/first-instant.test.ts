import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Expectation } from '../../../src/model/check.ts';
import { firstInstantOf, type NewPodCheck } from '../../../src/run/first-instant/first-instant.ts';
import { firstInstantRequest } from '../../../src/run/first-instant/request.ts';
import type { Heard } from '../../../src/run/watching/heard.ts';
import { seededRandom } from '../../judge/loss/packets.ts';
import { type Tried, trackOf } from '../../judge/windows/tracks.ts';

/** When the pod's process began, on the clock of whoever asks. */
const PROCESS_MS = 70_000;
const LIFE_MS = 6_000;
const TIMEOUT_MS = 1_000;
const RULES = { everyMs: 100, withinMs: 3_000 };
const CONNECTED_MS = 2;

/** Attempts at these ages. */
const at = (outcome: Tried['outcome'], ...ages: readonly number[]): Tried[] =>
  ages.map((age) => ({
    outcome,
    atMs: PROCESS_MS + age,
    tookMs: outcome === 'connected' ? CONNECTED_MS : TIMEOUT_MS,
  }));
/** Every 50 ms from the one age to before the other. */
const ages = (fromMs: number, toMs: number): number[] =>
  Array.from({ length: Math.ceil((toMs - fromMs) / 50) }, (_, index) => fromMs + 50 * index);

function checkOf(
  expected: Expectation,
  attempts: readonly Tried[],
  parts: Partial<NewPodCheck> = {},
  heard: Partial<Heard> = {},
): NewPodCheck {
  const { stretches } = trackOf(attempts, { apartMs: 400 });
  return {
    key: 'shop/web-new-1',
    target: 1,
    expected,
    destination: [],
    way: [],
    heard: {
      agent: 'agent-1',
      clockMs: 40,
      span: { fromMs: PROCESS_MS + 60, toMs: PROCESS_MS + LIFE_MS },
      processMs: PROCESS_MS,
      due: attempts.length,
      begun: attempts.length,
      attempts: attempts.length,
      stretchesOf: (target) => (target === 1 ? stretches : []),
      heldOf: () => [],
      stalls: [],
      lost: [],
      visits: [{ fromMs: PROCESS_MS + 300, toMs: PROCESS_MS + LIFE_MS }],
      ...heard,
    },
    ...parts,
  };
}

describe('what must be unreachable for a new pod', () => {
  it('is a leak with its age where it was open at first, as exactly as attempts can tell', () => {
    const attempts = [...at('connected', ...ages(70, 420)), ...at('timeout', ...ages(420, LIFE_MS))];
    expect(firstInstantOf(checkOf('unreachable', attempts), RULES)).toEqual({
      attempts: attempts.length,
      triedMs: 70,
      endMs: LIFE_MS,
      windows: [
        {
          kind: 'leak',
          began: { earliestMs: 0, latestMs: 72 },
          ended: { earliestMs: 370, latestMs: 422 },
          attempts: 7,
          outcome: 'connected',
        },
      ],
    });
  });

  it('is a leak for one connection, and without an end where it was open for all the pod told', () => {
    const one = [...at('timeout', 70, 120), ...at('connected', 170), ...at('timeout', ...ages(220, LIFE_MS))];
    expect(firstInstantOf(checkOf('unreachable', one), RULES).windows).toMatchObject([
      { kind: 'leak', began: { earliestMs: 120, latestMs: 172 }, ended: { earliestMs: 170, latestMs: 222 } },
    ]);
    const all = firstInstantOf(checkOf('unreachable', at('connected', ...ages(70, LIFE_MS))), RULES);
    expect(all.windows).toMatchObject([{ kind: 'leak', began: { earliestMs: 0, latestMs: 72 } }]);
    expect(all.windows[0]?.ended).toBeUndefined();
  });

  it('has no window where nothing connected, and says from when on that was seen', () => {
    const attempts = at('timeout', ...ages(70, LIFE_MS));
    expect(firstInstantOf(checkOf('unreachable', attempts), RULES)).toMatchObject({
      triedMs: 70,
      windows: [],
    });
  });

  it.each([
    ['the destination was not known to listen', { destination: true }],
    ['the way was not known to work', { way: true }],
  ] as const)('is unknown while %s', (why, { destination, way }: { destination?: true; way?: true }) => {
    const dark = [{ fromMs: PROCESS_MS - 500, toMs: PROCESS_MS + 1_000, why }];
    const attempts = at('timeout', ...ages(70, LIFE_MS));
    const parts = { ...(destination ? { destination: dark } : {}), ...(way ? { way: dark } : {}) };
    const { windows } = firstInstantOf(checkOf('unreachable', attempts, parts), RULES);
    expect(windows).toMatchObject([{ kind: 'unknown', why, began: { earliestMs: 0, latestMs: 0 } }]);
    // Clocks of two pods may differ by so much.
    expect(windows[0]?.ended?.earliestMs).toBe(1_040);
  });

  it.each([
    ['did not run', 'stalls'],
    ['had more to remember than it can', 'lost'],
  ] as const)('is unknown while its agent %s', (what, key) => {
    const attempts = at('timeout', ...ages(70, 1_000), ...ages(2_500, LIFE_MS));
    const heard = { [key]: [{ fromMs: PROCESS_MS + 1_000, toMs: PROCESS_MS + 2_450 }] };
    const { windows } = firstInstantOf(checkOf('unreachable', attempts, {}, heard), RULES);
    expect(windows.map(({ kind }) => kind)).not.toContain('leak');
    expect(windows.at(-1)).toMatchObject({
      kind: 'unknown',
      why: `the agent of shop/web-new-1 ${what}`,
      ended: { earliestMs: 2_450 },
    });
  });

  it('is unknown as long as no kubelet has reached the pod', () => {
    const attempts = at('timeout', ...ages(70, LIFE_MS));
    const { windows } = firstInstantOf(checkOf('unreachable', attempts, {}, { visits: [] }), RULES);
    expect(windows).toMatchObject([{ kind: 'unknown', why: 'its kubelet did not reach shop/web-new-1' }]);
  });

  it('is not unknown because the agent took its time to start, unless that was long', () => {
    const from = (age: number) =>
      firstInstantOf(checkOf('unreachable', at('timeout', ...ages(age, LIFE_MS))), RULES);
    expect(from(900)).toMatchObject({ triedMs: 900, windows: [] });
    expect(from(1_500)).toMatchObject({
      triedMs: 1_500,
      windows: [{ kind: 'unknown', began: { earliestMs: 0 }, ended: { earliestMs: 1_500 } }],
    });
  });

  it('is unknown where nothing was heard of it', () => {
    const found = firstInstantOf(checkOf('unreachable', []), RULES);
    expect(found).toMatchObject({ attempts: 0, windows: [{ kind: 'unknown' }] });
    expect(found.triedMs).toBeUndefined();
  });
});

describe('what must be reachable for a new pod', () => {
  it('is allowed from its first connection on, and no gap before that', () => {
    const attempts = [...at('timeout', ...ages(70, 870)), ...at('connected', ...ages(870, LIFE_MS))];
    expect(firstInstantOf(checkOf('reachable', attempts), RULES)).toMatchObject({
      allowed: { earliestMs: 820, latestMs: 872 },
      windows: [],
    });
    expect(
      firstInstantOf(checkOf('reachable', at('connected', ...ages(70, LIFE_MS))), RULES).allowed,
    ).toEqual({
      earliestMs: 0,
      latestMs: 72,
    });
  });

  it('is allowed once it stays so', () => {
    const attempts = [
      ...at('connected', ...ages(70, 200)),
      ...at('timeout', ...ages(220, 1_000)),
      ...at('connected', ...ages(1_020, LIFE_MS)),
    ];
    expect(firstInstantOf(checkOf('reachable', attempts), RULES)).toMatchObject({
      allowed: { earliestMs: 970, latestMs: 1_022 },
      windows: [],
    });
  });

  it('is a gap where it took too long, or never came', () => {
    const late = [...at('timeout', ...ages(70, 4_000)), ...at('connected', ...ages(4_000, LIFE_MS))];
    expect(firstInstantOf(checkOf('reachable', late), RULES)).toMatchObject({
      allowed: { latestMs: 4_000 + CONNECTED_MS },
      windows: [{ kind: 'gap', began: { earliestMs: 0 }, ended: { earliestMs: 3_970 } }],
    });
    const never = firstInstantOf(checkOf('reachable', at('timeout', ...ages(70, LIFE_MS))), RULES);
    expect(never).toMatchObject({ windows: [{ kind: 'gap' }] });
    expect(never.allowed).toBeUndefined();
  });

  it('is a gap where it is cut off after its time', () => {
    const attempts = [
      ...at('connected', ...ages(70, 4_000)),
      ...at('refused', ...ages(4_000, 4_500)),
      ...at('connected', ...ages(4_500, LIFE_MS)),
    ];
    expect(firstInstantOf(checkOf('reachable', attempts), RULES)).toMatchObject({
      allowed: { earliestMs: 0, latestMs: 72 },
      windows: [{ kind: 'gap', began: { earliestMs: 3_970 }, outcome: 'refused' }],
    });
  });

  it('is unknown where the pod was not there for as long as it may take', () => {
    const { windows, allowed } = firstInstantOf(checkOf('reachable', at('timeout', ...ages(70, LIFE_MS))), {
      ...RULES,
      withinMs: 10_000,
    });
    expect(allowed).toBeUndefined();
    expect(windows).toMatchObject([
      { kind: 'unknown', why: 'the pod was not there for as long as it may take' },
    ]);
  });

  it('has no time where the destination was not known to listen until then', () => {
    const dark = [{ fromMs: PROCESS_MS, toMs: PROCESS_MS + 2_000, why: 'shop/db was not seen to listen' }];
    const attempts = [...at('refused', ...ages(70, 2_000)), ...at('connected', ...ages(2_000, LIFE_MS))];
    const { windows, allowed } = firstInstantOf(checkOf('reachable', attempts, { destination: dark }), RULES);
    expect(allowed).toBeUndefined();
    expect(windows).toMatchObject([{ kind: 'unknown', why: 'shop/db was not seen to listen' }]);
  });
});

describe('a Service with several pods that must be reachable for a new pod', () => {
  /** Attempts every 50 ms from 70 ms on, each of which goes to one of two pods in turn; the second lets them through only from an age on. */
  const inTurn = (openMs: number): Tried[] =>
    ages(70, LIFE_MS).flatMap((age, index) =>
      at(index % 2 === 1 && age < openMs ? 'timeout' : 'connected', age),
    );
  const seen = (attempts: readonly Tried[], connections?: number) =>
    firstInstantOf(checkOf('reachable', attempts, connections === undefined ? {} : { connections }), RULES);

  it('is allowed when so many in a row connected that none of them was missed', () => {
    // No two in a row fail: what goes by that takes the first connection for all.
    expect(seen(inTurn(1_000)).allowed).toEqual({ earliestMs: 0, latestMs: 72 });
    const { allowed, windows } = seen(inTurn(1_000), 21);
    expect(windows).toEqual([]);
    // The last one failed at 920 ms, and 21 connected from 970 ms on.
    expect(allowed).toEqual({ earliestMs: 0, latestMs: 970 + 20 * 50 + CONNECTED_MS });
  });

  it('is not allowed before a gap has ended, however many had connected', () => {
    const attempts = [
      ...at('connected', ...ages(70, 1_500)),
      ...at('timeout', ...ages(1_520, 2_000)),
      ...at('connected', ...ages(2_020, LIFE_MS)),
    ];
    expect(seen(attempts, 21).allowed).toEqual({ earliestMs: 1_970, latestMs: 2_020 + 1_000 + CONNECTED_MS });
  });

  it('is unknown where too few connected in a row', () => {
    const { allowed, windows } = seen(inTurn(LIFE_MS), 21);
    expect(allowed).toBeUndefined();
    expect(windows).toMatchObject([
      { kind: 'unknown', why: 'the pod was not there for as long as it may take' },
    ]);
  });
});

describe('a name that does not resolve for a new pod', () => {
  const attempts = [...at('dns-failure', ...ages(70, 870)), ...at('connected', ...ages(870, LIFE_MS))];

  it('keeps it from what it must reach, and is not let through yet', () => {
    expect(firstInstantOf(checkOf('reachable', attempts), RULES)).toMatchObject({
      allowed: { earliestMs: 820, latestMs: 872 },
      windows: [],
    });
  });

  it('proves nothing about what it must not reach', () => {
    const { windows } = firstInstantOf(
      checkOf('unreachable', [
        ...at('dns-failure', ...ages(70, 870)),
        ...at('timeout', ...ages(870, LIFE_MS)),
      ]),
      RULES,
    );
    expect(windows).toMatchObject([
      { kind: 'unknown', began: { earliestMs: 0 }, why: expect.stringContaining('did not resolve') },
    ]);
  });
});

describe('with the truth known', () => {
  /** A pod whose checks change once: at `turnMs`, as seen from its process. Attempts every 50 ms at first, then every 100 ms. */
  const lives = fc
    .record({
      turnMs: fc.integer({ min: 0, max: 2_900 }),
      bootMs: fc.integer({ min: 20, max: 300 }),
      exchangeMs: fc.constantFrom(1, 5, 20),
      opensFirst: fc.boolean(),
      seed: fc.nat(),
    })
    .map(({ turnMs, bootMs, exchangeMs, opensFirst, seed }) => {
      const chance = seededRandom(seed);
      const attempts: Tried[] = [];
      for (let age = bootMs; age < LIFE_MS; age += (age < 2_000 ? 50 : 100) * (0.9 + 0.2 * chance())) {
        const isBefore = age + exchangeMs * chance() < turnMs;
        const isOpen = isBefore === opensFirst;
        attempts.push({
          outcome: isOpen ? 'connected' : 'timeout',
          atMs: PROCESS_MS + age,
          tookMs: isOpen ? exchangeMs : TIMEOUT_MS,
        });
      }
      return { turnMs, bootMs, exchangeMs, opensFirst, attempts };
    });

  test('the end of a leak, and the time to allow, hold it, and are no more uncertain than two attempts', () => {
    fc.assert(
      fc.property(lives, ({ turnMs, bootMs, exchangeMs, opensFirst, attempts }) => {
        const expected = opensFirst ? 'unreachable' : 'reachable';
        const { windows, allowed } = firstInstantOf(checkOf(expected, attempts), RULES);
        const edge = opensFirst ? windows[0]?.ended : allowed;
        if (edge === undefined) {
          // Nobody can have seen it.
          expect(opensFirst).toBe(true);
          expect(turnMs).toBeLessThanOrEqual(bootMs + exchangeMs);
          return;
        }
        expect(edge.earliestMs).toBeLessThanOrEqual(turnMs);
        expect(edge.latestMs).toBeGreaterThanOrEqual(Math.min(turnMs, edge.latestMs));
        expect(edge.latestMs + exchangeMs).toBeGreaterThanOrEqual(turnMs);
        if (turnMs > bootMs + exchangeMs)
          expect(edge.latestMs - edge.earliestMs).toBeLessThanOrEqual(110 + 2 * exchangeMs);
        expect(windows).toHaveLength(opensFirst ? 1 : 0);
      }),
      { numRuns: 300 },
    );
  });

  test('no leak is found where nothing was open, and nothing is allowed that was not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 400 }), (bootMs) => {
        const attempts = at('timeout', ...ages(bootMs, LIFE_MS));
        expect(firstInstantOf(checkOf('unreachable', attempts), RULES).windows).toEqual([]);
        expect(firstInstantOf(checkOf('reachable', attempts), RULES).allowed).toBeUndefined();
      }),
    );
  });
});

describe('the request of a new pod', () => {
  const targets = (number: number) =>
    Array.from({ length: number }, (_, id) => ({
      id,
      host: '10.0.0.1',
      port: 80,
      protocol: 'TCP' as const,
      pod: 'shop/db',
    }));
  const context = { runId: 'r1', timing: { timeoutMs: TIMEOUT_MS } };

  it('asks for no more than 100 connections a second after its first two seconds', () => {
    for (const number of [1, 10, 50, 400]) {
      const { everyMs } = firstInstantRequest('shop/web', targets(number), context);
      expect(everyMs).toBeGreaterThanOrEqual(100);
      expect((number * 1_000) / everyMs).toBeLessThanOrEqual(100);
    }
  });
});
