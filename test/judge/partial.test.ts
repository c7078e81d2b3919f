/** A Service of which only a part of the pods can be reached: neither reachable nor unreachable, by their names. */
import { describe, expect, test } from 'vitest';
import { findingOf } from '../../src/judge/finding.ts';
import { isExplained, judge } from '../../src/judge/judge.ts';
import { disagreementOf } from '../../src/judge/opinions.ts';
import { observe } from '../../src/model/observation.ts';
import { attempt, checked, closed, seenAt } from './attempts.ts';

const rules = { confirm: 2, actedMs: 0, closing: 'made' } as const;
const backends = { answered: ['shop/api-1'], silent: ['shop/api-2'] };
const part = (expected: 'reachable' | 'unreachable', times = 2) =>
  closed(
    checked(
      expected,
      Array.from({ length: times }, (_, index) => [
        'settle',
        'partial',
        { backends, seen: seenAt(1_000 + index * 100 + 50) },
      ]),
    ),
    'connected',
  );

describe('a Service of which a part answers', () => {
  test('is broken where it must be reachable', () => {
    expect(judge(part('reachable'), rules)).toEqual({
      verdict: 'broken',
      reason: 'only a part of the Service could be reached: shop/api-1 answered, and shop/api-2 did not',
    });
  });

  test('has leaked where it must not', () => {
    expect(judge(part('unreachable'), rules)).toEqual({
      verdict: 'leaked',
      reason: 'only a part of the Service could be reached: shop/api-1 answered, and shop/api-2 did not',
    });
  });

  test('is not broken where the silent pods are not proven to be cut off', () => {
    const dead = attempt('settle', 'partial', { backends, listenerAlive: false });
    expect(findingOf('reachable', dead)).toMatchObject({ kind: 'proves-nothing' });
    const slow = attempt('settle', 'partial', { backends, late: true });
    expect(findingOf('reachable', slow)).toMatchObject({ kind: 'proves-nothing' });
    expect(findingOf('unreachable', dead)).toEqual({ kind: 'contradicts' });
    expect(judge(part('reachable', 1), rules).verdict).toBe('inconclusive');
  });

  test('proves nothing where all pods answered, but not every connection', () => {
    const whole = attempt('settle', 'partial', { backends: { answered: ['shop/a', 'shop/b'], silent: [] } });
    expect(findingOf('reachable', whole)).toEqual({
      kind: 'proves-nothing',
      reason: 'every pod of the Service answered, but not every connection',
    });
    expect(findingOf('unreachable', whole)).toEqual({ kind: 'contradicts' });
  });

  test('tells no part where nobody says who answered: one that was there already has leaked, and is never broken', () => {
    const unnamed = { backends: { answered: [], silent: [] } };
    const some = attempt('settle', 'partial', { ...unnamed, detail: 'timeout' });
    expect(findingOf('reachable', some)).toEqual({
      kind: 'proves-nothing',
      reason: 'some connections were answered and others were not, and nobody tells by whom: timeout',
    });
    const leaked = checked('unreachable', [
      ['settle', 'partial', unnamed],
      ['settle', 'partial', unnamed],
    ]);
    expect(judge(closed(leaked, 'connected'), rules)).toEqual({
      verdict: 'leaked',
      reason: 'only some of the connections to the Service were answered',
    });
  });

  test('has not passed its control', () => {
    const { control: _, ...rest } = part('reachable');
    const control = observe([], attempt('control', 'partial', { backends }));
    expect(judge({ ...rest, control }, rules).verdict).toBe('inconclusive');
  });

  test('is explained by policies that allow a part, and by no others', () => {
    const predicted = (verdict: 'partial' | 'allowed' | 'denied') => ({ verdict, grounds: 0 });
    const shown = (verdict: 'partial' | 'allowed' | 'denied') =>
      isExplained({ ...part('reachable'), predicted: predicted(verdict) }, rules);
    expect([shown('partial'), shown('denied'), shown('allowed')]).toEqual([true, false, false]);
    for (const expected of ['reachable', 'unreachable'] as const) {
      const verdict = expected === 'reachable' ? 'broken' : 'leaked';
      const of = (one: 'partial' | 'allowed' | 'denied') =>
        disagreementOf({ expected, verdict, predicted: predicted(one) });
      expect(of('partial')).toBe('policy');
      expect(of(expected === 'reachable' ? 'allowed' : 'denied')).toBe('cluster');
    }
  });

  test('which part it was keeps attempts apart', () => {
    const one = observe([], attempt('settle', 'partial', { backends }));
    expect(observe(one, attempt('settle', 'partial', { backends }))).toHaveLength(1);
    const other = { answered: ['shop/api-2'], silent: ['shop/api-1'] };
    expect(observe(one, attempt('settle', 'partial', { backends: other }))).toHaveLength(2);
  });
});
