/** Policies of other kinds: where they may decide, the oracle says so and no more. */
import { expect, test } from 'vitest';
import { type ForeignPolicy, flowBetween } from '../../src/policy/model.ts';
import { compile } from '../../src/policy/oracle.ts';
import { renderTrace } from '../../src/policy/render-trace.ts';

const pod = (namespace: string, name: string) => ({
  namespace,
  name,
  labels: {},
  ports: [{ port: 80, protocol: 'TCP' as const }],
});

const worldWith = (foreignPolicies: readonly ForeignPolicy[]) =>
  compile({
    pods: [pod('shop', 'a'), pod('shop', 'b'), pod('bank', 'a'), pod('bank', 'b')],
    policies: [
      {
        namespace: 'bank',
        name: 'deny',
        object: { spec: { podSelector: {} } },
      },
    ],
    foreignPolicies,
  });

const L7: ForeignPolicy = { title: 'CiliumNetworkPolicy shop/l7', namespace: 'shop' };
const pair = (from: string, to: string) => flowBetween({ from, to, port: 80, protocol: 'TCP' });
const answers = (foreign: readonly ForeignPolicy[]) =>
  [
    pair('shop/a', 'shop/b'),
    pair('shop/a', 'bank/a'),
    pair('bank/a', 'shop/a'),
    pair('bank/a', 'bank/b'),
  ].map((flow) => worldWith(foreign).evaluate(flow).verdict);

test('one of a namespace may decide about what begins or ends there', () => {
  expect(answers([])).toEqual(['allowed', 'denied', 'allowed', 'denied']);
  expect(answers([L7])).toEqual(['undefined', 'undefined', 'undefined', 'denied']);
});

test('one of the whole cluster may decide about everything', () => {
  expect(answers([{ title: 'AdminNetworkPolicy x' }])).toEqual(Array(4).fill('undefined'));
});

test('it is said which may decide, and no NetworkPolicy is held responsible', () => {
  const oracle = worldWith([L7, { title: 'AdminNetworkPolicy x' }]);
  expect(oracle.rule(pair('shop/a', 'bank/a'))).toEqual({
    answer: {
      verdict: 'undefined',
      reason: 'it is decided by CiliumNetworkPolicy shop/l7 and AdminNetworkPolicy x',
    },
    responsible: [],
  });
  expect(
    renderTrace(oracle.explain(pair('bank/a', 'bank/b')))
      .split('\n')
      .at(-1),
  ).toBe('UNDEFINED, because it is decided by AdminNetworkPolicy x');
});

test('what is known of places and without a policy leaves them in; alone, NetworkPolicies mean what they mean', () => {
  const oracle = worldWith([L7]);
  const flow = pair('shop/a', 'bank/a');
  expect(oracle.placed(new Map(), {}).evaluate(flow).verdict).toBe('undefined');
  for (const policy of oracle.policies)
    expect(oracle.without(policy).evaluate(flow).verdict).toBe('undefined');
  expect(oracle.alone.evaluate(flow).verdict).toBe('denied');
});
