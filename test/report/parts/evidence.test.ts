import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../../src/model/attempt.ts';
import type { ScenarioRecord } from '../../../src/record/schema.ts';
import { describeEvidence } from '../../../src/report/parts/evidence.ts';
import {
  attempts,
  buildScenario,
  type CheckParts,
  calmScenario,
  type ScenarioParts,
  unjudged,
  viewScenario,
} from '../fixture.ts';

const CUT = attempts('settle', ['timeout', 'timeout']);
const AGAIN = attempts('closing', ['timeout', 'connected']);
const OPEN =
  'The port was open: shop/db reached it itself. Both pods were on the network: the kubelets of their nodes visited shop/web at 02:00:01 UTC and shop/db at 02:00:01 UTC. The way between their nodes was open at 02:00:01 UTC.';

function evidenceOf(
  check: CheckParts,
  made: readonly Attempt[],
  overrides: ScenarioParts = {},
  nodes: Readonly<Record<string, string>> = {},
): string | undefined {
  const scenario = buildScenario(
    'x',
    {
      pods: { 'shop/web': [], 'shop/db': [5432] },
      nodes,
      checks: [
        {
          from: 'shop/web',
          expected: 'unreachable',
          attempts: [...attempts('control', ['connected']), ...made],
          ...check,
        },
      ],
    },
    overrides,
  );
  return evidenceIn(scenario)[0];
}

function evidenceIn(scenario: ScenarioRecord): (string | undefined)[] {
  return viewScenario(scenario).checks.map(describeEvidence);
}

describe('what a cut rests on is told in short sentences', () => {
  test.each<[string, CheckParts]>([
    ['that passed', {}],
    ['that was not expected', { expected: 'reachable', verdict: 'broken' }],
    ['that did not last', { verdict: 'flapping' }],
    ['of which is not known who made it', { verdict: 'inconclusive', disagreement: 'outside' }],
  ])('of one %s', (_, check) => {
    expect(evidenceOf(check, [...CUT, ...AGAIN])).toBe(
      `${OPEN} When the policies had been taken away, it connected again.`,
    );
  });

  test.each<[string, CheckParts, Attempt[], ScenarioParts, string]>([
    [
      'and that the run keeps its policies',
      {},
      CUT,
      { closingControl: 'left-out' },
      'Whether it connects again without the policies was not tried: the run keeps them.',
    ],
    [
      'and that it did not connect without the policies',
      { verdict: 'inconclusive' },
      [...CUT, ...attempts('closing', ['timeout'])],
      {},
      'When the policies had been taken away, it did not connect either.',
    ],
    [
      'and that nobody came to take them away',
      { verdict: 'flapping' },
      CUT,
      {},
      'Whether it connects again without the policies was not tried.',
    ],
    [
      'and that others are to cut it',
      { cutBy: 'others', because: 'the mesh' },
      CUT,
      {},
      'It need not connect without the policies: the scenario says that something else cuts it.',
    ],
    [
      'and that it took more of it where packets get lost',
      { confirm: 6 },
      [...CUT, ...AGAIN],
      {},
      'Packets get lost on this way, so it took 6 attempts in a row. When the policies had been taken away, it connected again.',
    ],
  ])('%s', (_, check, made, scenario, last) => {
    expect(evidenceOf(check, made, scenario)).toBe(`${OPEN} ${last}`);
  });

  test('and of one node', () => {
    expect(evidenceOf({}, [...CUT, ...AGAIN], {}, { 'shop/db': 'node-1' })).toContain(
      'The way inside node-1 was open at 02:00:01 UTC.',
    );
  });

  test('by the last attempt that was cut off with its whole triangle', () => {
    const later = attempts('settle', ['timeout'], { atMs: 61_000, seen: { source: 61_001 } });
    expect(evidenceOf({ verdict: 'flapping' }, [...CUT, ...later, ...AGAIN])).toContain(OPEN);
  });

  test('by the seconds, where it is not known when the scenario began', () => {
    const { startedAt, ...scenario } = buildScenario('x', {
      pods: { 'shop/web': [], 'shop/db': [5432] },
      checks: [{ from: 'shop/web', expected: 'unreachable' }],
    });
    expect(evidenceIn(scenario)[0]).toContain('visited shop/web at 2.1 s and shop/db at');
  });
});

describe('nothing is told of a cut', () => {
  test.each<[string, CheckParts, Attempt[]]>([
    [
      'where a packet of a pair was lost that connects',
      { expected: 'reachable' },
      attempts('settle', ['connected', 'timeout', 'connected']),
    ],
    ['of a leak', { verdict: 'leaked' }, attempts('settle', ['connected'])],
    [
      'of one attempt that decided nothing',
      { expected: 'reachable', verdict: 'inconclusive' },
      attempts('settle', ['timeout']),
    ],
    [
      'without the proof that there was something to reach',
      { verdict: 'inconclusive' },
      attempts('settle', ['timeout', 'timeout'], { listenerAlive: false }),
    ],
  ])('%s', (_, check, made) => {
    expect(evidenceOf(check, made)).toBeUndefined();
  });

  test('of a check that was not judged', () => {
    const scenario = unjudged(calmScenario('cut'));
    expect(evidenceIn(scenario)).toEqual([undefined, undefined]);
  });
});
