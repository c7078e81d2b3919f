/** What two records say differently: which change it is of a check, what is noise, and what is worse. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHANGES, type CheckChange } from '../../src/compare/checks.ts';
import { compareRecords, exitCodeOfComparison, type RecordComparison } from '../../src/compare/compare.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { VERDICTS } from '../../src/model/verdict.ts';
import { type RunRecord, runRecordSchema } from '../../src/record/schema.ts';
import {
  attempts,
  buildRecord,
  buildScenario,
  type CheckParts,
  everyVerdict,
  meshScenario,
} from '../report/fixture.ts';
import { hostileBySchema } from '../report/hostile.ts';
import { interruptedRun } from '../report/records.ts';
import { fiveSteps } from '../report/steps.ts';
import { afterUpgrade, beforeUpgrade } from './records.ts';

const shop = (checks: readonly CheckParts[]): RunRecord =>
  buildRecord([buildScenario('shop', { pods: { 'shop/web': [], 'shop/db': [5432] }, checks })]);
const one = (parts: CheckParts): RunRecord => shop([parts]);
const none = (): RunRecord => shop([]);
const came = (verdict: Verdict | undefined): RunRecord =>
  one(verdict === undefined ? { verdict: undefined as never } : { verdict });

/** The same record, in which a leak of its one check is a known issue. */
function listing(record: RunRecord, isExpired: boolean): RunRecord {
  const location = { file: 'shop.yaml', line: 1, column: 1 };
  const issue = {
    is: 'leaked' as const,
    reason: 'a bug of the network plugin',
    owner: 'mia',
    expires: '2026-12-31',
    checks: 1,
    location,
    ...(isExpired ? { expired: true as const } : {}),
  };
  return runRecordSchema.parse({
    ...record,
    scenarios: record.scenarios.map((scenario) => ({
      ...scenario,
      knownIssues: [issue],
      steps: scenario.steps.map((step) => ({
        ...step,
        checks: step.checks.map((check) => ({ ...check, knownIssues: [0] })),
      })),
    })),
  });
}

/** What is said of the one check of two records, and the outcome. */
function said(
  before: RunRecord,
  after: RunRecord,
): readonly [CheckChange | undefined, RecordComparison['outcome']] {
  const { checks, outcome } = compareRecords(before, after);
  expect(checks.length).toBeLessThan(2);
  return [checks[0]?.change, outcome];
}

describe('a check', () => {
  test.each<[Verdict, Verdict, CheckChange | undefined, RecordComparison['outcome']]>([
    ['pass', 'leaked', 'leaked', 'worse'],
    ['pass', 'broken', 'broken', 'worse'],
    ['pass', 'flapping', 'flapping', 'worse'],
    ['pass', 'late', 'late', 'worse'],
    ['pass', 'inconclusive', 'inconclusive', 'worse'],
    ['inconclusive', 'leaked', 'leaked', 'worse'],
    ['broken', 'leaked', 'leaked', 'worse'],
    ['leaked', 'broken', 'broken', 'worse'],
    ['leaked', 'inconclusive', 'inconclusive', 'not-worse'],
    ['leaked', 'pass', 'fixed', 'not-worse'],
    ['late', 'pass', 'fixed', 'not-worse'],
    ['inconclusive', 'pass', 'proven', 'not-worse'],
    ['pass', 'pass', undefined, 'same'],
    ['leaked', 'leaked', undefined, 'same'],
    ['inconclusive', 'inconclusive', undefined, 'same'],
  ])('that was %s and is %s', (was, is, change, outcome) => {
    expect(said(came(was), came(is))).toEqual([change, outcome]);
  });

  test('that somebody answers for is no failure, until that expires or it fails in another way', () => {
    const known = (verdict: Verdict, isExpired = false): RunRecord => listing(came(verdict), isExpired);
    expect(said(came('pass'), known('leaked'))).toEqual(['known', 'not-worse']);
    expect(said(came('leaked'), known('leaked'))).toEqual(['known', 'not-worse']);
    expect(said(known('leaked'), known('leaked'))).toEqual([undefined, 'same']);
    expect(said(known('leaked'), known('leaked', true))).toEqual(['leaked', 'worse']);
    expect(said(known('leaked'), known('flapping'))).toEqual(['flapping', 'worse']);
    expect(said(known('leaked'), known('pass'))).toEqual(['fixed', 'not-worse']);
    expect(said(none(), known('leaked'))).toEqual(['new', 'not-worse']);
    expect(compareRecords(came('pass'), known('leaked')).checks[0]?.after).toMatchObject({
      verdict: 'leaked',
      isKnown: true,
    });
  });

  test('that is new is so whatever it came to, but a mismatch is what it is first', () => {
    expect(said(none(), came('pass'))).toEqual(['new', 'not-worse']);
    expect(said(none(), came('inconclusive'))).toEqual(['new', 'not-worse']);
    expect(said(none(), came('leaked'))).toEqual(['leaked', 'worse']);
    expect(compareRecords(none(), came('leaked')).checks[0]).not.toHaveProperty('before');
  });

  test('that is gone is so whatever it was', () => {
    expect(said(came('pass'), none())).toEqual(['gone', 'unrelated']);
    expect(said(came('leaked'), none())).toEqual(['gone', 'unrelated']);
    const [whole, half] = [
      [{ verdict: 'pass' }, { verdict: 'pass', port: 5433 }],
      [{ verdict: 'pass' }],
    ] as const;
    expect(said(shop(whole), shop(half))).toEqual(['gone', 'not-worse']);
  });

  test('whose Service lost its family is not proven any more, and that is worse where it had passed', () => {
    const pods = { 'shop/web': [] };
    const both = { namespace: 'default', name: 'both' };
    const to = { to: 'service/default/both', path: 'clusterIP', port: 80 } as const;
    const [first, other] = [to, { ...to, family: 'IPv6' as const }];
    const dual = (verdict: Verdict) =>
      buildRecord([
        buildScenario('shop', { pods, checks: [first, { ...other, verdict }] }, { existingServices: [both] }),
      ]);
    const untried = { ...both, untried: { family: 'IPv6' as const, checks: 1 } };
    const single = buildRecord([
      buildScenario('shop', { pods, checks: [first] }, { existingServices: [untried] }),
    ]);
    expect(said(dual('pass'), single)).toEqual(['untried', 'worse']);
    expect(said(dual('leaked'), single)).toEqual(['untried', 'not-worse']);
    expect(said(single, dual('pass'))).toEqual(['new', 'not-worse']);
    expect(compareRecords(dual('pass'), single).circumstances).toEqual([
      {
        what: 'Services without a family that is tried',
        of: ['shop'],
        after: 'service/default/both (IPv6: 1 check)',
      },
    ]);
  });

  test('of which something else is expected is told, though it passed both times', () => {
    const { checks, outcome } = compareRecords(one({}), one({ expected: 'unreachable' }));
    expect(checks.map(({ change, before, after }) => [change, before?.expected, after?.expected])).toEqual([
      ['expectation', 'reachable', 'unreachable'],
    ]);
    expect(outcome).toBe('not-worse');
  });

  test('is what it connects, whatever its number', () => {
    const pods = { 'shop/web': [80], 'shop/db': [5432] };
    const [web, db] = [
      { from: 'shop/db', to: 'shop/web', port: 80 },
      { from: 'shop/web', to: 'shop/db' },
    ];
    const before = buildRecord([buildScenario('shop', { pods, checks: [web, db] })]);
    const after = buildRecord([buildScenario('shop', { pods, checks: [{ ...db, verdict: 'broken' }, web] })]);
    expect(compareRecords(before, after).checks.map(({ from, change }) => [from, change])).toEqual([
      ['shop/web', 'broken'],
    ]);
    const udp = buildRecord([buildScenario('shop', { pods, checks: [web, { ...db, protocol: 'UDP' }] })]);
    expect(compareRecords(before, udp).checks.map(({ protocol, change }) => [protocol, change])).toEqual([
      ['UDP', 'new'],
      ['TCP', 'gone'],
    ]);
  });

  test('that passed without a single attempt is no pass: it is not proven any more', () => {
    expect(said(came('pass'), one({ attempts: [] }))).toEqual(['inconclusive', 'worse']);
  });

  test('of a step belongs to the step of the same name, also where one was put before it', () => {
    const record = fiveSteps();
    const [scenario] = record.scenarios;
    if (scenario === undefined) return expect.unreachable();
    const [first, second, ...rest] = scenario.steps;
    if (first === undefined || second === undefined) return expect.unreachable();
    const between = { ...second, name: 'something between' };
    const after = { ...record, scenarios: [{ ...scenario, steps: [first, between, second, ...rest] }] };
    const { checks, circumstances } = compareRecords(record, after);
    expect(new Set(checks.map(({ place }) => place.step?.name))).toEqual(new Set(['something between']));
    expect(circumstances).toEqual([{ what: 'steps', of: [scenario.name], after: 'something between' }]);
  });
});

describe('the outcome', () => {
  test('of a second run that did not come to its end is incomplete, unless it is worse', () => {
    const whole = buildRecord(
      interruptedRun().scenarios.map((scenario) => ({ ...scenario, status: 'finished' })),
    );
    expect(compareRecords(whole, interruptedRun()).outcome).toBe('incomplete');
    expect(compareRecords(interruptedRun(), whole).outcome).not.toBe('incomplete');
    const leaked = came('leaked');
    const cut = { ...leaked, run: { ...leaked.run, incomplete: true } };
    expect(compareRecords(came('pass'), cut).outcome).toBe('worse');
    expect(compareRecords(cut, cut).outcome).toBe('incomplete');
  });

  test('stands for an exit code', () => {
    expect(
      (['worse', 'incomplete', 'unrelated', 'not-worse', 'same'] as const).map(exitCodeOfComparison),
    ).toEqual([1, 3, 3, 0, 0]);
  });
});

describe('a time', () => {
  const cut = (pairs: number, settledMs: number): RunRecord =>
    buildRecord([
      meshScenario(4, (from) =>
        from * 3 < pairs ? { expected: 'unreachable', settledMs } : { expected: 'reachable' },
      ),
    ]);
  const moved = (before: RunRecord, after: RunRecord) =>
    compareRecords(before, after).times.map(({ measure, isSlower }) => [measure, isSlower]);

  test('has moved where its median is more than twice what it was and half a second more', () => {
    expect(moved(cut(6, 400), cut(6, 901))).toEqual([['enforce', true]]);
    expect(moved(cut(6, 901), cut(6, 400))).toEqual([['enforce', false]]);
  });

  test.each([
    ['less than half a second more', 100, 599],
    ['no more than twice as long', 1000, 2000],
  ])('that is %s is noise', (_, was, is) => {
    expect(moved(cut(6, was), cut(6, is))).toEqual([]);
  });

  test('of fewer than three pairs is as good as a single attempt', () => {
    const few = (settledMs: number) => one({ expected: 'unreachable', settledMs });
    expect(moved(few(100), few(5000))).toEqual([]);
  });

  test('that connections take is told before any policy, and under the policies', () => {
    const connecting = (ms: number) =>
      buildRecord([
        meshScenario(3, () => ({
          attempts: [
            ...attempts('control', ['connected'], { durationMs: ms }),
            ...attempts('settle', ['connected', 'connected'], { durationMs: 2 * ms }),
          ],
        })),
      ]);
    expect(moved(connecting(1), connecting(5.9))).toEqual([['connect', true]]);
    expect(moved(connecting(1), connecting(6.1))).toEqual([
      ['control', true],
      ['connect', true],
    ]);
  });

  test('that was taken before any policy is told once, though each step keeps it', () => {
    const inTwoSteps = (ms: number) => {
      const scenario = meshScenario(3, () => ({
        attempts: [
          ...attempts('control', ['connected'], { durationMs: ms }),
          ...attempts('settle', ['connected', 'connected']),
        ],
      }));
      const later = scenario.steps.map((step) => ({ ...step, name: 'later', actions: [] }));
      return buildRecord([{ ...scenario, steps: [...scenario.steps, ...later] }]);
    };
    const { times } = compareRecords(inTwoSteps(1), inTwoSteps(20));
    expect(times.map(({ measure, place }) => [measure, place.step])).toEqual([['control', { number: 1 }]]);
  });

  test('does not make a run worse', () => {
    expect(compareRecords(cut(6, 100), cut(6, 5000)).outcome).toBe('not-worse');
  });
});

describe('policies', () => {
  test('are told where their text is another, is new or is gone', () => {
    const { policies } = compareRecords(beforeUpgrade(), afterUpgrade());
    expect(policies.map(({ place, policy, change }) => [place.scenario, policy, change])).toEqual([
      ['shop', 'shop/deny-all', 'changed'],
    ]);
  });

  test('of a step are told once, where the difference begins', () => {
    const record = fiveSteps();
    const scenarios = record.scenarios.map((scenario) => ({
      ...scenario,
      policies: scenario.policies.map((policy) => ({ ...policy, text: `${policy.text}\n# changed` })),
    }));
    const [scenario] = record.scenarios;
    const told = compareRecords(record, { ...record, scenarios }).policies;
    expect(told.map(({ policy, change }) => [policy, change])).toEqual(
      scenario?.policies.map(({ namespace, name }) => [`${namespace}/${name}`, 'changed']),
    );
    expect(new Set(told.map(({ place }) => place.step?.number))).toEqual(new Set([1]));
  });
});

test('where the runs went is told as far as it is not the same, nodes of which the same is to be said together', () => {
  expect(compareRecords(beforeUpgrade(), afterUpgrade()).circumstances).toEqual([
    { what: 'Kubernetes', before: 'v1.35.2', after: 'v1.36.0' },
    { what: 'network plugin', before: 'Calico v3.31.0', after: 'Calico v3.32.1' },
    {
      what: 'node',
      of: ['node-1', 'node-2'],
      before: 'Debian GNU/Linux 13, 6.12.48, containerd://2.1.4',
      after: 'Debian GNU/Linux 13, 6.12.60, containerd://2.1.4',
    },
    { what: 'node', of: ['node-4'], after: 'Debian GNU/Linux 13, 6.12.48, containerd://2.1.4' },
    { what: 'node', of: ['node-3'], before: 'Debian GNU/Linux 13, 6.12.48, containerd://2.1.4' },
    { what: 'scenario', of: ['only-before'], before: '2 checks' },
  ]);
});

test('options that decide about verdicts are told', () => {
  const record = buildRecord([]);
  const options = { ...record.run.options, confirm: 5, timeoutMs: 900, keep: true };
  const after = { ...record, run: { ...record.run, options } };
  expect(compareRecords(record, after).circumstances).toEqual([
    { what: 'time for an attempt', before: '500 ms', after: '900 ms' },
    { what: 'rounds in a row', before: '2', after: '5' },
    { what: 'keeps its policies', before: 'false', after: 'true' },
  ]);
});

describe('whatever the records', () => {
  test.each([
    ['every verdict', everyVerdict()],
    ['steps', fiveSteps()],
    ['an upgrade', afterUpgrade()],
    ...[0, 1, 2, 3].map((choice): [string, RunRecord] => [`hostile ${choice}`, hostileBySchema(choice)]),
  ])('a record does not differ from itself: %s', (_, record) => {
    const { checks, times, policies, circumstances } = compareRecords(record, record);
    expect({ checks, times, policies, circumstances }).toEqual({
      checks: [],
      times: [],
      policies: [],
      circumstances: [],
    });
  });

  const run = fc
    .uniqueArray(
      fc.record({
        from: fc.constantFrom('shop/a', 'shop/b', 'ops/c'),
        to: fc.constantFrom('shop/a', 'shop/b', 'ops/c'),
        port: fc.constantFrom(80, 443),
        expected: fc.constantFrom('reachable' as const, 'unreachable' as const),
        verdict: fc.constantFrom(...VERDICTS),
      }),
      { selector: ({ from, to, port }) => `${from} ${to} ${port}`, maxLength: 12 },
    )
    .map((checks) =>
      runRecordSchema.parse(
        buildRecord([
          buildScenario('shop', {
            pods: { 'shop/a': [80, 443], 'shop/b': [80, 443], 'ops/c': [80, 443] },
            checks,
          }),
        ]),
      ),
    );

  test('to swap them swaps fixed with what was worse, and new with gone', () => {
    fc.assert(
      fc.property(run, run, (left, right) => {
        const there = changes(compareRecords(left, right));
        const back = changes(compareRecords(right, left));
        const both = [...there].filter(([key]) => back.has(key));
        for (const [key, { change, was, is }] of both) {
          const other = back.get(key)?.change;
          expect(otherWay(change, was)).toContain(other);
          if (is !== 'pass' && change !== 'gone' && change !== 'expectation' && change !== 'new')
            expect(change).toBe(is);
        }
        expect(new Set(there.keys())).toEqual(new Set(back.keys()));
      }),
    );
  });

  test('every check is either the same or different, and the most dangerous come first', () => {
    fc.assert(
      fc.property(run, run, (left, right) => {
        const { checks, same, after } = compareRecords(left, right);
        const sum = (counts: object): number => Object.values(counts).reduce((total, one) => total + one, 0);
        const gone = checks.filter(({ change }) => change === 'gone').length;
        expect(checks.length - gone + sum(same)).toBe(sum(after.counts));
        const order = checks.map(({ change }) => CHANGES.indexOf(change));
        expect(order).toEqual(order.toSorted((one, other) => one - other));
      }),
    );
  });

  /** What a change may be the other way round. */
  function otherWay(
    change: CheckChange,
    was: Verdict | undefined,
  ): readonly (CheckChange | Verdict | undefined)[] {
    switch (change) {
      case 'fixed':
        return [was];
      case 'proven':
        return ['inconclusive'];
      case 'gone':
        return ['new', was];
      case 'new':
        return ['gone'];
      case 'expectation':
        return ['expectation'];
      default:
        return was === 'pass' ? ['fixed', 'proven'] : [was, 'gone'];
    }
  }

  function changes({ checks }: RecordComparison) {
    return new Map(
      checks.map(({ from, to, port, change, before, after }) => [
        `${from} ${to} ${port}`,
        { change, was: before?.verdict, is: after?.verdict },
      ]),
    );
  }
});
