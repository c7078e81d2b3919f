import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Direction,
  effectivePolicyTypes,
  keptPolicyTypes,
  type PolicyType,
} from '../../src/policy/isolation.ts';
import type { WrittenPolicy } from '../../src/policy/model.ts';
import { compile } from '../../src/policy/oracle.ts';
import { pod } from './world.ts';

describe('policy types that are kept when a text is applied over another (D1)', () => {
  const earlier = (spec: unknown, keptTypes?: readonly PolicyType[]) => ({ spec, keptTypes });

  test.each([
    ['what was filled in for rules that are gone', earlier({ egress: [{}] }), {}, ['Ingress', 'Egress']],
    ['what was filled in before there were such rules', earlier({}), { egress: [{}] }, ['Ingress']],
    ['what was kept already', earlier({}, ['Ingress', 'Egress']), { podSelector: {} }, ['Ingress', 'Egress']],
    ['nothing else than the new text has', earlier({ podSelector: {} }), { ingress: [{}] }, undefined],
    ['nothing that was named', earlier({ policyTypes: ['Egress'] }), {}, undefined],
    ['nothing that was named as empty', earlier({ policyTypes: [], egress: [{}] }), {}, undefined],
    [
      'nothing where the new text names them',
      earlier({ egress: [{}] }),
      { policyTypes: ['Ingress'] },
      undefined,
    ],
    [
      'nothing where the new text names none at all',
      earlier({ egress: [{}] }),
      { policyTypes: [] },
      undefined,
    ],
  ])('%s', (_, text, spec, kept) => {
    expect(keptPolicyTypes(text, spec)).toEqual(kept);
  });
});

describe('effective policy types (D1)', () => {
  test.each([
    [{ podSelector: {} }, ['Ingress']],
    [{}, ['Ingress']],
    [undefined, ['Ingress']],
    [null, ['Ingress']],
    [{ policyTypes: [] }, ['Ingress']],
    [{ policyTypes: null }, ['Ingress']],
    [{ egress: [] }, ['Ingress']],
    [{ egress: null }, ['Ingress']],
    [{ egress: [{}] }, ['Ingress', 'Egress']],
    [{ policyTypes: [], egress: [{}] }, ['Ingress', 'Egress']],
    [{ policyTypes: ['Ingress'], egress: [{}] }, ['Ingress']],
    [{ policyTypes: ['Egress'] }, ['Egress']],
    [{ policyTypes: ['Egress'], ingress: [{}] }, ['Egress']],
    [{ policyTypes: ['Egress', 'Ingress'] }, ['Ingress', 'Egress']],
    [{ policyTypes: ['ingress'] }, []],
    [{ policyTypes: 'Ingress' }, []],
    ['nonsense', []],
    [[1, 2], []],
  ])('of %j are %j', (spec, types) => {
    expect(effectivePolicyTypes(spec)).toEqual(types);
  });
});

describe('the policies that isolate a pod (D4)', () => {
  const pods = [pod('shop/web', { app: 'web', empty: '' })];

  function isolating(policies: readonly WrittenPolicy[], direction: Direction): string[] {
    const oracle = compile({ pods, policies });
    return oracle.policiesIsolating('shop/web', direction).map(({ name }) => name);
  }

  function selecting(spec: unknown, direction: Direction = 'ingress', namespace = 'shop'): boolean {
    return isolating([{ namespace, name: 'it', object: { spec } }], direction).length === 1;
  }

  test.each([
    ['an empty selector', { podSelector: {} }, true],
    ['no selector (D2)', {}, true],
    ['no spec', undefined, true],
    ['a null selector', { podSelector: null }, true],
    ['its labels', { podSelector: { matchLabels: { app: 'web' } } }, true],
    ['an empty value that it has', { podSelector: { matchLabels: { empty: '' } } }, true],
    ['an empty value of a label that it lacks', { podSelector: { matchLabels: { absent: '' } } }, false],
    ['other labels', { podSelector: { matchLabels: { app: 'api' } } }, false],
    ['NotIn of a label that it lacks (D11)', requirement('absent', 'NotIn', ['x']), true],
    ['In', requirement('app', 'In', ['api', 'web']), true],
    ['Exists', requirement('app', 'Exists'), true],
    ['Exists with an empty list', requirement('app', 'Exists', []), true],
    ['DoesNotExist', requirement('app', 'DoesNotExist'), false],
    ['null parts', { podSelector: { matchLabels: null, matchExpressions: null } }, true],
    ['a selector that is text', { podSelector: 'app=web' }, false],
    ['a selector that is a list', { podSelector: [] }, false],
    ['labels that are a list', { podSelector: { matchLabels: [] } }, false],
    ['a label that is a number', { podSelector: { matchLabels: { app: 3 } } }, false],
    ['expressions that are no list', { podSelector: { matchExpressions: {} } }, false],
    ['an expression that is null', { podSelector: { matchExpressions: [null] } }, false],
    ['an unknown operator', requirement('app', 'Is', ['web']), false],
    ['NotIn without values', requirement('absent', 'NotIn'), false],
    ['NotIn with a value that is a number', requirement('absent', 'NotIn', [3]), false],
    ['Exists with values', requirement('app', 'Exists', ['web']), false],
    ['a spec that is text', 'nonsense', false],
  ])('%s', (_, spec, expected) => {
    expect(selecting(spec)).toBe(expected);
  });

  test('are those of its own namespace only', () => {
    expect(selecting({}, 'ingress', 'ops')).toBe(false);
  });

  test('are those of the direction only', () => {
    expect(selecting({ policyTypes: ['Egress'] }, 'ingress')).toBe(false);
    expect(selecting({ policyTypes: ['Egress'] }, 'egress')).toBe(true);
    expect(selecting({ egress: [] }, 'egress')).toBe(false);
    expect(selecting({ egress: [{}] }, 'egress')).toBe(true);
  });

  test('keep their order', () => {
    const policies = ['a', 'b', 'c'].map((name) => ({
      name,
      namespace: name === 'b' ? 'ops' : 'shop',
      object: {},
    }));
    expect(isolating(policies, 'ingress')).toEqual(['a', 'c']);
  });

  test('are found without a word, whatever a spec may be', () => {
    const property = fc.property(
      fc.anything(),
      fc.anything(),
      fc.anything(),
      (podSelector, policyTypes, spec) => {
        for (const each of [
          spec,
          { podSelector, policyTypes },
          { podSelector: { matchLabels: spec, matchExpressions: [spec] } },
        ]) {
          for (const direction of ['ingress', 'egress'] as const) {
            expect(() => selecting(each, direction)).not.toThrow();
          }
        }
      },
    );
    return fc.assert(property);
  });
});

function requirement(key: string, operator: string, values?: unknown): object {
  return {
    podSelector: { matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }] },
  };
}
