/** Which pods are copied while checks are watched. */
import { expect, test } from 'vitest';
import { answeringForServices, planCopies } from '../../../src/monitor/churn/plan.ts';
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
  const pods = names.map((name) => ({ namespace: 'shop', name, labels: {}, ports: [] }));
  return [{ step: { planned: { pods } } }] as unknown as readonly StandingScenario[]; // as much of one as is read
};
const copied = (checks: readonly WatchedCheck[], ...names: readonly string[]): readonly string[] => {
  const copies = planCopies(standing(...names), checks, NODES, { scenarios: [] }, CONTEXT);
  return copies === undefined ? [] : names.map(() => copies.next().copyOf);
};

test('one that stands behind a Service that is watched is not: its copy would answer for it', () => {
  const backends = [{ pod: 'shop/api', port: 8080 }];
  const checks = [
    watched('shop/web', { to: 'service/shop/api', path: 'clusterIP', backends }),
    watched('shop/api', { to: 'shop/db' }),
  ];
  expect([...answeringForServices(checks)]).toEqual(['shop/api']);
  expect(copied(checks, 'web', 'api')).toEqual(['shop/web', 'shop/web']);
});

test('what is dialled by ports of nodes that lead to their own pods is left to those that are there', () => {
  const toLocal = { to: 'service/shop/api', path: 'nodePort', externalTrafficPolicy: 'Local' } as const;
  expect(copied([watched('shop/web', toLocal)], 'web')).toEqual([]);
  expect(copied([watched('shop/web', { to: 'service/shop/api', path: 'nodePort' })], 'web')).toEqual([
    'shop/web',
  ]);
});
