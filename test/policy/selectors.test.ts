import { describe, expect, test } from 'vitest';
import { type LabelSelector, selectorMatches } from '../../src/policy/selectors.ts';
import { selectorMatches as sandboxMatches } from '../../src/sandbox/selectors.ts';

describe.each([
  ['as the oracle reads it', selectorMatches],
  ['as the sandbox reads it', sandboxMatches],
])('a label selector (D9, D11), %s', (_whose, matches) => {
  const labels = { app: 'web', tier: 'front', empty: '' };

  test.each<[LabelSelector, boolean]>([
    [{}, true],
    [{ matchLabels: null, matchExpressions: null }, true],
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'web', tier: 'back' } }, false],
    [{ matchLabels: { empty: '' } }, true],
    [{ matchLabels: { absent: '' } }, false],
    [{ matchLabels: { constructor: '' } }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['api', 'web'] }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['api'] }] }, false],
    [{ matchExpressions: [{ key: 'absent', operator: 'In', values: ['web'] }] }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['api'] }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, false],
    [{ matchExpressions: [{ key: 'absent', operator: 'NotIn', values: ['web'] }] }, true],
    [{ matchExpressions: [{ key: 'empty', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'absent', operator: 'Exists' }] }, false],
    [{ matchExpressions: [{ key: 'absent', operator: 'DoesNotExist' }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, false],
    [
      { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['back'] }] },
      false,
    ],
  ])('%j: %j', (selector, expected) => {
    expect(matches(selector, labels)).toBe(expected);
  });
});
