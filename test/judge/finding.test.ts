import { describe, expect, test } from 'vitest';
import { findingOf } from '../../src/judge/finding.ts';
import type { Attempt } from '../../src/model/attempt.ts';
import { OUTCOMES } from '../../src/model/attempt.ts';
import { seenAt } from './attempts.ts';

type Circumstances = Pick<Attempt, 'listenerAlive' | 'unasked' | 'seen'>;

const seen = seenAt(0);
const WHOLE = { listenerAlive: true, seen } as const satisfies Circumstances;

function without(side: 'source' | 'destination' | 'between'): Circumstances {
  const { [side]: _, ...others } = seen;
  return { listenerAlive: true, seen: others };
}

/** Of what a part answered. */
const PART = { answered: ['shop/db-1'], silent: ['shop/db-2'] };

function kinds(expected: 'reachable' | 'unreachable', circumstances: Circumstances): Record<string, string> {
  return Object.fromEntries(
    OUTCOMES.map((outcome) => [
      outcome,
      findingOf(expected, { outcome, backends: PART, ...circumstances }).kind,
    ]),
  );
}

describe('what one attempt says about its check', () => {
  test('reachable, with a whole triangle', () => {
    expect(kinds('reachable', WHOLE)).toEqual({
      connected: 'agrees',
      refused: 'contradicts',
      timeout: 'contradicts',
      prohibited: 'contradicts',
      reset: 'contradicts',
      'one-way': 'contradicts',
      partial: 'contradicts',
      'wrong-peer': 'proves-nothing',
      'dns-failure': 'proves-nothing',
      error: 'proves-nothing',
    });
  });

  test('unreachable, with a whole triangle', () => {
    expect(kinds('unreachable', WHOLE)).toEqual({
      connected: 'contradicts',
      refused: 'agrees',
      timeout: 'agrees',
      prohibited: 'agrees',
      reset: 'contradicts',
      'one-way': 'contradicts',
      partial: 'contradicts',
      'wrong-peer': 'contradicts',
      'dns-failure': 'proves-nothing',
      error: 'proves-nothing',
    });
  });

  test.each<[string, Circumstances]>([
    ['nobody listening', { listenerAlive: false, seen }],
    ['a destination that could not be asked', { seen }],
    ['a source that was not visited', without('source')],
    ['a destination that was not visited', without('destination')],
    ['witnesses that could not connect', without('between')],
    ['nothing known of the triangle', { listenerAlive: true }],
  ])('with %s only what got through proves anything', (_, circumstances) => {
    const nothing = {
      refused: 'proves-nothing',
      timeout: 'proves-nothing',
      prohibited: 'proves-nothing',
      'dns-failure': 'proves-nothing',
      error: 'proves-nothing',
    };
    expect(kinds('reachable', circumstances)).toEqual({
      ...nothing,
      connected: 'agrees',
      reset: 'proves-nothing',
      'one-way': 'proves-nothing',
      partial: 'proves-nothing',
      'wrong-peer': 'proves-nothing',
    });
    expect(kinds('unreachable', circumstances)).toEqual({
      ...nothing,
      connected: 'contradicts',
      reset: 'contradicts',
      'one-way': 'contradicts',
      partial: 'contradicts',
      // Another may have got the address of a pod that is gone.
      'wrong-peer': circumstances.listenerAlive === true ? 'contradicts' : 'proves-nothing',
    });
  });
});

describe('a doubt says whose it is', () => {
  const source = "the source's own network was not proven: its node had not reached it in time";
  test.each<[string, Circumstances]>([
    ['nothing was listening on the destination port', { listenerAlive: false, seen }],
    ['the destination could not be asked whether its port was open', { seen }],
    [
      'the destination could not be asked whether its port was open: the pod was deleted',
      { seen, unasked: 'the pod was deleted' },
    ],
    [source, without('source')],
    [
      "the destination's own network was not proven: its node had not reached it in time",
      without('destination'),
    ],
    ['the way between them was not open: its witnesses could not connect either', without('between')],
    [source, { listenerAlive: true }],
  ])('%s', (reason, circumstances) => {
    const finding = { kind: 'proves-nothing', reason };
    expect(findingOf('unreachable', { outcome: 'timeout', ...circumstances })).toEqual(finding);
    expect(findingOf('reachable', { outcome: 'timeout', ...circumstances })).toEqual(finding);
  });

  test.each([false, undefined])(
    'another that answers in place of a destination that is not there (%s)',
    (listenerAlive) => {
      const attempt = {
        outcome: 'wrong-peer',
        detail: 'shop/new',
        ...(listenerAlive === undefined ? {} : { listenerAlive }),
      } as const;
      expect(findingOf('unreachable', attempt)).toEqual({
        kind: 'proves-nothing',
        reason: 'something else answered, and nobody knows that the destination was there: shop/new',
      });
    },
  );

  test.each([
    ['wrong-peer', 'shop/old', 'something else answered: shop/old'],
    ['dns-failure', 'ENOTFOUND', 'the name did not resolve: ENOTFOUND'],
    ['dns-failure', 'the name led not to 10.244.1.8', 'the name led not to 10.244.1.8'],
    ['error', 'ENETUNREACH', 'the probe could not try: ENETUNREACH'],
    ['error', undefined, 'the probe could not try'],
  ] as const)('%s with detail %s', (outcome, detail, reason) => {
    const attempt = { outcome, ...WHOLE, ...(detail === undefined ? {} : { detail }) };
    expect(findingOf('reachable', attempt)).toEqual({ kind: 'proves-nothing', reason });
  });
});
