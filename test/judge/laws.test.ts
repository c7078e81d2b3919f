/**
 * What the verdict is for every sequence of findings up to six long, under every rule: 1,093 sequences in 192 worlds. A sequence is
 * written as a text: `A` for an attempt that agrees, `C` for one that contradicts, `N` for one that proves nothing.
 */
import { describe, expect, test } from 'vitest';
import { hasFlapped, isConfirmed, type JudgeRules, judge } from '../../src/judge/judge.ts';
import type { Moment } from '../../src/model/attempt.ts';
import type { Observations } from '../../src/model/observation.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import type { CheckRecord } from '../../src/record/schema.ts';
import { closed, seenAt, sequence } from './attempts.ts';

const LONGEST = 6;

interface World {
  readonly expected: CheckRecord['expected'];
  readonly confirm: number;
  readonly closing: 'absent' | 'left-out' | 'reconnected' | 'still cut';
  readonly predicted: NonNullable<CheckRecord['predicted']>['verdict'] | undefined;
  readonly cutBy: 'others' | undefined;
}

const WORLDS: readonly World[] = (['reachable', 'unreachable'] as const).flatMap((expected) =>
  [1, 2, 3].flatMap((confirm) =>
    (['absent', 'left-out', 'reconnected', 'still cut'] as const).flatMap((closing) =>
      ([undefined, 'allowed', 'denied', 'undefined'] as const).flatMap((predicted) =>
        ([undefined, 'others'] as const).map((cutBy) => ({ expected, confirm, closing, predicted, cutBy })),
      ),
    ),
  ),
);
/** Where nothing beside the sequence decides. */
const WELL = { closing: 'reconnected', predicted: undefined, cutBy: undefined } as const;
const PLAIN = (['reachable', 'unreachable'] as const).flatMap((expected) =>
  [1, 2, 3].map((confirm): World => ({ ...WELL, expected, confirm })),
);

function sequencesOf(length: number): string[] {
  return length === 0
    ? ['']
    : sequencesOf(length - 1).flatMap((shorter) => [...'ACN'].map((one) => shorter + one));
}
const SEQUENCES = Array.from({ length: LONGEST + 1 }, (_, length) => sequencesOf(length)).flat();

function checkOf(findings: string, { expected, closing, predicted, cutBy }: World) {
  const isCut = (finding: string): boolean => (finding === 'A') === (expected === 'unreachable');
  const words = [...findings].map((finding) =>
    finding === 'N' ? 'nothing' : isCut(finding) ? 'cut' : 'connected',
  );
  const check = {
    ...apart(sequence(expected, words.join(' '))),
    ...(predicted === undefined ? {} : { predicted: { verdict: predicted, grounds: 0 } }),
    ...(cutBy === undefined ? {} : { cutBy }),
  };
  if (closing === 'reconnected') return closed(check, 'connected');
  return closing === 'still cut' ? closed(check, 'timeout') : check;
}

/** The attempts a second apart: as long as it takes to believe whatever they show. */
function apart<Check extends Observations>(check: Check): Check {
  const later = ({ atMs, seen, ...moment }: Moment): Moment => ({
    ...moment,
    atMs: 10 * atMs,
    ...(seen === undefined ? {} : { seen: seenAt(10 * atMs) }),
  });
  const observed = check.observed?.map(({ first, last, ...stretch }) => ({
    ...stretch,
    first: later(first),
    ...(last === undefined ? {} : { last: later(last) }),
  }));
  return { ...check, ...(observed === undefined ? {} : { observed }) };
}

function rulesOf({ confirm, closing }: World): JudgeRules {
  const rules = { confirm, actedMs: 0 };
  if (closing === 'absent') return rules;
  return { ...rules, closing: closing === 'left-out' ? 'left-out' : 'made' };
}

const known = new Map<string, ReadonlyMap<string, Verdict>>();

function verdictsIn(world: World): ReadonlyMap<string, Verdict> {
  const key = Object.values(world).join();
  const rules = rulesOf(world);
  const verdicts =
    known.get(key) ??
    new Map(SEQUENCES.map((findings) => [findings, judge(checkOf(findings, world), rules).verdict]));
  known.set(key, verdicts);
  return verdicts;
}

function verdictOf(findings: string, world: World): Verdict {
  return verdictsIn(world).get(findings) ?? judge(checkOf(findings, world), rulesOf(world)).verdict;
}

const isMismatch = (verdict: Verdict): boolean => verdict !== 'pass' && verdict !== 'inconclusive';
const isWithoutDoubt = ({ closing, predicted, cutBy }: World): boolean =>
  cutBy !== undefined || ((closing === 'left-out' || closing === 'reconnected') && predicted !== 'allowed');

/** It is to connect although the policies deny it. */
const isLetThrough = ({ expected, predicted, cutBy }: World): boolean =>
  expected === 'reachable' && predicted === 'denied' && cutBy === undefined;

/** How many findings in a row it takes in a world: to believe what is expected, and to believe the opposite. */
function needed(world: World): { confirms: string; refutes: string } {
  const { expected, confirm } = world;
  const cuts = Math.max(2, confirm);
  return expected === 'unreachable'
    ? { confirms: 'A'.repeat(cuts), refutes: 'C' }
    : { confirms: 'A'.repeat(isLetThrough(world) ? cuts : confirm), refutes: 'C'.repeat(cuts) };
}

type Law = (findings: string, verdict: Verdict, world: World) => boolean;

/** Where a law is broken: nowhere, it is hoped. */
function breaches(law: Law, worlds: readonly World[] = WORLDS): unknown[] {
  return worlds.flatMap((world) =>
    [...verdictsIn(world)].flatMap(([findings, verdict]) =>
      law(findings, verdict, world) ? [] : [{ findings, verdict, ...world }],
    ),
  );
}

describe('the table', () => {
  test('is the four rules, each a pattern', () => {
    const byPattern: Law = (findings, verdict, world) => {
      const { confirms, refutes } = needed(world);
      const mismatch = world.expected === 'unreachable' ? 'leaked' : 'broken';
      if (new RegExp(`A.*${refutes}`).test(findings)) return verdict === 'flapping';
      if (new RegExp(`^[^A]*${refutes}[^A]*$`).test(findings)) return verdict === mismatch;
      // For unreachable, a second contradiction has flapped by now.
      if (/A.*C[^C]+C/.test(findings)) return verdict === 'inconclusive';
      if (new RegExp(`${confirms}(.*A)?$`).test(findings)) return verdict === 'pass';
      return verdict === 'inconclusive';
    };
    expect(breaches(byPattern, WORLDS.filter(isWithoutDoubt))).toEqual([]);
  });

  test('can be read', async () => {
    const reachable: World = { ...WELL, expected: 'reachable', confirm: 2 };
    const unreachable: World = { ...reachable, expected: 'unreachable' };
    const words: Record<string, string> = { A: 'connected', C: 'cut', N: 'nothing' };
    const opposite: Record<string, string> = { A: 'C', C: 'A', N: 'N' };
    const lines = SEQUENCES.filter(({ length }) => length <= 3).map((findings) => {
      const shown = [...findings].map((finding) => words[finding]).join(', ');
      const inverse = [...findings].map((finding) => opposite[finding]).join('');
      const verdict = verdictOf(inverse, unreachable).padEnd(15);
      return `${(shown || '(not tried)').padEnd(33)}${verdict}${verdictOf(findings, reachable)}`;
    });
    const head = [
      'Every sequence of up to three attempts, with --confirm 2. What was cut connected again without the policies.',
      '',
      `${'attempts under the policies'.padEnd(33)}${'unreachable'.padEnd(15)}reachable`,
      '',
    ];
    await expect(`${[...head, ...lines].join('\n')}\n`).toMatchFileSnapshot('golden/verdicts.txt');
  });
});

describe('never a false green', () => {
  test('nothing that was refuted after it had agreed passes', () => {
    expect(
      breaches((findings, verdict, world) => {
        const [, later = ''] = /A(.*)/.exec(findings) ?? [];
        return verdict !== 'pass' || !later.includes(needed(world).refutes);
      }),
    ).toEqual([]);
  });

  test('for unreachable, a single connection after any cut is flapping, whatever else is known', () => {
    expect(
      breaches(
        (findings, verdict, { expected }) =>
          expected === 'reachable' || !/A.*C/.test(findings) || verdict === 'flapping',
      ),
    ).toEqual([]);
  });

  test('connections before the first cut are the old state', () => {
    expect(
      breaches(
        (findings, verdict, world) => {
          const later = findings.replace(/^[CN]+/, '');
          return later === '' || verdict === verdictOf(later, world);
        },
        WORLDS.filter(({ expected }) => expected === 'unreachable'),
      ),
    ).toEqual([]);
  });

  test('a pass takes a complete row, and agrees at last', () => {
    expect(
      breaches(
        (findings, verdict, world) =>
          verdict !== 'pass' || (findings.includes(needed(world).confirms) && findings.endsWith('A')),
      ),
    ).toEqual([]);
  });

  test('an attempt at the end that proves nothing ends a pass, and changes nothing else', () => {
    expect(
      breaches(
        (findings, verdict, world) =>
          verdictOf(`${findings}N`, world) === (verdict === 'pass' ? 'inconclusive' : verdict),
      ),
    ).toEqual([]);
  });
});

describe('never a false red', () => {
  test('an attempt at the end that agrees makes no mismatch', () => {
    expect(
      breaches(
        (findings, verdict, world) => isMismatch(verdict) || !isMismatch(verdictOf(`${findings}A`, world)),
      ),
    ).toEqual([]);
  });

  test('attempts that prove nothing make no mismatch: what is one is the same without them', () => {
    expect(
      breaches(
        (findings, verdict, world) =>
          !isMismatch(verdict) || verdictOf(findings.replaceAll('N', ''), world) === verdict,
      ),
    ).toEqual([]);
  });

  test('attempts that prove nothing make no pass either: without them more is known, not less', () => {
    expect(
      breaches(
        (findings, verdict, world) =>
          verdict === 'inconclusive' || verdictOf(findings.replaceAll('N', ''), world) !== 'inconclusive',
        WORLDS.filter(isWithoutDoubt),
      ),
    ).toEqual([]);
  });

  test('leaked and broken have never agreed', () => {
    expect(
      breaches(
        (findings, verdict) => (verdict !== 'leaked' && verdict !== 'broken') || !findings.includes('A'),
      ),
    ).toEqual([]);
  });

  test('a single failed attempt is never broken, and makes nothing flap', () => {
    expect(
      breaches(
        (findings, verdict, { expected }) =>
          expected === 'unreachable' || !isMismatch(verdict) || findings.includes('CC'),
      ),
    ).toEqual([]);
  });
});

describe('while a run goes on', () => {
  test('what has been confirmed stays so, and so does what has flapped: nothing more needs to be tried', () => {
    const asked = { isConfirmed, hasFlapped };
    const lost = PLAIN.flatMap((world) =>
      SEQUENCES.filter(({ length }) => length < LONGEST).flatMap((findings) =>
        [...'ACN'].flatMap((next) =>
          Object.entries(asked)
            .filter(
              ([, ask]) =>
                ask(checkOf(findings, world), world) && !ask(checkOf(findings + next, world), world),
            )
            .map(([name]) => ({ name, findings, next, ...world })),
        ),
      ),
    );
    expect(lost).toEqual([]);
  });

  test('what has flapped is judged so, and a pass has been confirmed', () => {
    expect(
      breaches((findings, verdict, world) => {
        const check = checkOf(findings, world);
        return (
          hasFlapped(check, world) === (verdict === 'flapping') &&
          (verdict !== 'pass' || isConfirmed(check, world))
        );
      }, PLAIN),
    ).toEqual([]);
  });
});

describe('what is known besides', () => {
  const restsOnCut = ({ expected }: World, verdict: Verdict): boolean =>
    expected === 'unreachable' ? verdict === 'pass' : isMismatch(verdict);
  const doubted = WORLDS.filter(({ cutBy }) => cutBy === undefined);

  test('the closing control decides about what rests on a cut, and about nothing else', () => {
    expect(
      breaches((findings, verdict, world) => {
        const leftOut = verdictOf(findings, { ...world, closing: 'left-out' });
        const isInDoubt = world.closing === 'absent' || world.closing === 'still cut';
        return verdict === (isInDoubt && restsOnCut(world, leftOut) ? 'inconclusive' : leftOut);
      }, doubted),
    ).toEqual([]);
  });

  test('what the policies mean decides only about a pass of unreachable that they allow, and how long it takes where they deny', () => {
    expect(
      breaches((findings, verdict, world) => {
        const confirm = isLetThrough(world) ? Math.max(2, world.confirm) : world.confirm;
        const unknown = verdictOf(findings, { ...world, confirm, predicted: undefined });
        const isInDoubt = world.predicted === 'allowed' && world.expected === 'unreachable';
        return verdict === (isInDoubt && unknown === 'pass' ? 'inconclusive' : unknown);
      }, doubted),
    ).toEqual([]);
  });

  test('where others are to cut, neither of them is asked', () => {
    expect(
      breaches(
        (findings, verdict, { expected, confirm }) =>
          verdict === verdictOf(findings, { ...WELL, expected, confirm }),
        WORLDS.filter(({ cutBy }) => cutBy !== undefined),
      ),
    ).toEqual([]);
  });
});
