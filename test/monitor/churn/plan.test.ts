/** Which pods are copied while checks are watched. */
import { expect, test } from 'vitest';
import { type CopyPlan, planCopies } from '../../../src/monitor/churn/plan.ts';
import type { CheckDraft } from '../../../src/record/draft.ts';
import type { StandingScenario } from '../../../src/run/stand.ts';
import type { WatchedCheck } from '../../../src/run/watching/plan-watches.ts';

const CONTEXT = { runId: 'r1', timing: { timeoutMs: 500 } };
const NODES = [{ name: 'node-1', hostname: 'host-1' }];
const watched = (from: string, parts: Partial<CheckDraft>): WatchedCheck =>
  ({
    check: { from, ...parts } as CheckDraft,
    from: { namespace: 'shop', name: from.split('/')[1], ip: '10.0.0.1', node: 'node-1' },
    target: 1,
    listeners: [],
    dial: { host: '10.0.0.9', port: 80, protocol: 'TCP' },
  }) as WatchedCheck;
const standing = (...names: readonly string[]) => {
  const pods = names.map((name) => ({
    namespace: 'shop',
    name,
    labels: {},
    ports: [],
    ...(name === 'proxy' ? { hostNetwork: true } : {}),
  }));
  return [{ step: { planned: { pods } } }] as unknown as readonly StandingScenario[]; // as much of one as is read
};
const planned = (checks: readonly WatchedCheck[], ...names: readonly string[]): CopyPlan =>
  planCopies(standing(...names), checks, NODES, { scenarios: [] }, CONTEXT);
const copied = ({ copies }: CopyPlan, number: number): readonly string[] =>
  copies === undefined ? [] : Array.from({ length: number }, () => copies.next().copyOf);

const BACKENDS = [{ pod: 'shop/api', port: 8080 }];
const VIA_SERVICE = { to: 'service/shop/api', path: 'clusterIP', backends: BACKENDS } as const;

test('one that stands behind a Service that is watched is not: its copy would answer for it', () => {
  const checks = [watched('shop/web', VIA_SERVICE), watched('shop/api', { to: 'shop/db' })];
  const plan = planned(checks, 'web', 'api');
  expect(copied(plan, 2)).toEqual(['shop/web', 'shop/web']);
  expect(plan.leftOut).toEqual([{ pod: 'shop/api', checks: 1, why: 'behind-service' }]);
});

test('what is dialled by ports of nodes that lead to their own pods is left to those that are there', () => {
  const toAny = { to: 'service/shop/api', path: 'nodePort' } as const;
  const toLocal = { ...toAny, externalTrafficPolicy: 'Local' } as const;
  const leftOut = [{ pod: 'shop/web', checks: 2, why: 'local-node-ports' }];
  const some = planned(
    [toLocal, toAny, toLocal].map((to) => watched('shop/web', to)),
    'web',
  );
  expect(some.copies?.next().checks.length).toBe(1);
  expect(some.leftOut).toEqual(leftOut);
  const all = planned(
    [toLocal, toLocal].map((to) => watched('shop/web', to)),
    'web',
  );
  expect(all).toMatchObject({ copies: undefined, leftOut });
});

test('one in the network of its node is not, and without any other it is said why there are none', () => {
  const checks = [watched('shop/proxy', VIA_SERVICE), watched('shop/api', { to: 'shop/db' })];
  expect(planned(checks, 'proxy', 'api')).toEqual({
    copies: undefined,
    none: 'no check starts at a pod that could be copied',
    leftOut: [
      { pod: 'shop/proxy', checks: 1, why: 'host-network' },
      { pod: 'shop/api', checks: 1, why: 'behind-service' },
    ],
  });
});

test('what names more than a new pod can be told of is left out', () => {
  const pods = Array.from({ length: 5_000 }, (_, index) => `shop/api-of-some-length-${index}`);
  const toMany = {
    ...watched('shop/web', VIA_SERVICE),
    dial: { host: '10.0.0.9', port: 80, protocol: 'TCP', pods },
  };
  const plan = planned([watched('shop/web', { to: 'shop/db' }), toMany as WatchedCheck], 'web');
  expect(plan.copies?.next().checks.length).toBe(1);
  expect(plan.leftOut).toEqual([{ pod: 'shop/web', checks: 1, why: 'too-long' }]);
});

test('what nobody watches is not left out either', () => {
  const plan = planned([watched('shop/web', { to: 'shop/db' })], 'web', 'proxy');
  expect(copied(plan, 1)).toEqual(['shop/web']);
  expect(plan.leftOut).toEqual([]);
});
