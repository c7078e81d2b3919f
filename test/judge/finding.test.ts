import { describe, expect, test } from 'vitest';
import { findingOf } from '../../src/judge/finding.ts';
import { OUTCOMES } from '../../src/record.ts';

const kinds = (
  expected: 'reachable' | 'unreachable',
  listenerAlive: boolean | undefined,
): Record<string, string> =>
  Object.fromEntries(
    OUTCOMES.map((outcome) => [
      outcome,
      findingOf(expected, { outcome, ...(listenerAlive === undefined ? {} : { listenerAlive }) }).kind,
    ]),
  );

describe('what one attempt says about its check', () => {
  test('reachable, with a listener proven alive', () => {
    expect(kinds('reachable', true)).toEqual({
      connected: 'agrees',
      refused: 'contradicts',
      timeout: 'contradicts',
      prohibited: 'contradicts',
      reset: 'contradicts',
      'wrong-peer': 'proves-nothing',
      'dns-failure': 'proves-nothing',
      error: 'proves-nothing',
    });
  });

  test('unreachable, with a listener proven alive', () => {
    expect(kinds('unreachable', true)).toEqual({
      connected: 'contradicts',
      refused: 'agrees',
      timeout: 'agrees',
      prohibited: 'agrees',
      reset: 'proves-nothing',
      'wrong-peer': 'proves-nothing',
      'dns-failure': 'proves-nothing',
      error: 'proves-nothing',
    });
  });

  test.each([false, undefined])(
    'with a listener that is %s for alive only a connection proves anything',
    (alive) => {
      const nothing = {
        refused: 'proves-nothing',
        timeout: 'proves-nothing',
        prohibited: 'proves-nothing',
        reset: 'proves-nothing',
        'wrong-peer': 'proves-nothing',
        'dns-failure': 'proves-nothing',
        error: 'proves-nothing',
      };
      expect(kinds('reachable', alive)).toEqual({ connected: 'agrees', ...nothing });
      expect(kinds('unreachable', alive)).toEqual({ connected: 'contradicts', ...nothing });
    },
  );

  test('a doubt says whose it is', () => {
    expect(findingOf('unreachable', { outcome: 'timeout', listenerAlive: false })).toEqual({
      kind: 'proves-nothing',
      reason: 'nothing was listening on the destination port',
    });
    expect(findingOf('unreachable', { outcome: 'error', detail: 'pod not found' })).toEqual({
      kind: 'proves-nothing',
      reason: 'the probe could not try: pod not found',
    });
  });
});
