import { cpus } from 'node:os';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  createNodes,
  tellEnforcement,
  tellServices,
} from '../../../../../../src/sandbox/api/kinds/nodes/controller/nodes.ts';
import { createStore } from '../../../../../../src/sandbox/api/memory-store.ts';
import { planNodes } from '../../../../../../src/sandbox/dataplane/addresses.ts';

const start = new Date('2026-01-02T03:04:05Z');

function startOn() {
  const store = createStore();
  createNodes(store, planNodes(2, ['IPv4']), 'v1.36.0', start);
  let now = start;
  const tell = tellEnforcement(store, () => now);
  const conditionOf = (node: string) => store.get('nodes', undefined, node)?.status.conditions[1];
  return {
    store,
    tell,
    conditionOf,
    pass(ms: number): void {
      now = new Date(now.getTime() + ms);
      vi.advanceTimersByTime(ms);
    },
  };
}

test('a node tells which policies are in force as a condition beside its own, and since when there are any', () => {
  const { store, tell, conditionOf } = startOn();
  const before = store.get('nodes', undefined, 'node-2');
  tell('node-1', { revision: 57, enforcement: 'on' });
  expect(store.get('nodes', undefined, 'node-1')?.status.conditions).toEqual([
    { type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: '2026-01-02T03:04:05Z' },
    {
      type: 'PoliciesInForce',
      status: 'True',
      reason: 'Committed',
      message: 'resourceVersion 57',
      lastTransitionTime: '2026-01-02T03:04:05Z',
    },
  ]);
  expect(conditionOf('node-2')).toBeUndefined();
  expect(store.get('nodes', undefined, 'node-2')).toBe(before);
});

test('a node tells which Services are in force beside its policies', () => {
  const { store, tell } = startOn();
  const tellOfServices = tellServices(store, () => start);
  tell('node-1', { revision: 57, enforcement: 'on' });
  tellOfServices('node-1', 58);
  tell('node-1', { revision: 57, enforcement: 'open' });
  expect(store.get('nodes', undefined, 'node-1')?.status.conditions).toContainEqual({
    type: 'ServicesInForce',
    status: 'True',
    reason: 'Committed',
    message: 'resourceVersion 58',
    lastTransitionTime: '2026-01-02T03:04:05Z',
  });
});

test('of what comes in quick succession the first is told at once and the last soon after', () => {
  vi.useFakeTimers();
  try {
    const { store, tell, conditionOf, pass } = startOn();
    const messages: (string | undefined)[] = [];
    store.listen(() => messages.push(conditionOf('node-1')?.message));
    for (let revision = 1; revision <= 100; revision += 1) tell('node-1', { revision, enforcement: 'on' });
    expect(messages).toEqual(['resourceVersion 1']);
    pass(1000);
    expect(messages).toEqual(['resourceVersion 1', 'resourceVersion 100']);
    tell('node-1', { revision: 100, enforcement: 'on' });
    pass(1000);
    tell('node-1', { revision: 101, enforcement: 'on' });
    expect(messages).toEqual(['resourceVersion 1', 'resourceVersion 100', 'resourceVersion 101']);
    expect(conditionOf('node-1')?.lastTransitionTime).toBe('2026-01-02T03:04:05Z');
  } finally {
    vi.useRealTimers();
  }
});

test('a node tells how it fails at once, and that it does so no more', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { store, tell, pass } = startOn();
  const conditions = () => store.get('nodes', undefined, 'node-1')?.status.conditions.slice(1);
  const [first, second] = ['2026-01-02T03:04:05Z', '2026-01-02T03:05:05Z'];
  tell('node-1', { revision: 57, enforcement: 'on' });
  tell('node-1', { revision: 58, enforcement: 'open' });
  expect(conditions()).toEqual([
    {
      type: 'PoliciesInForce',
      status: 'False',
      reason: 'EnforcementOpen',
      message: 'resourceVersion 57',
      lastTransitionTime: first,
    },
    {
      type: 'NetworkUnavailable',
      status: 'True',
      reason: 'EnforcementOpen',
      message: 'everything passes to and from the pods of this node',
      lastTransitionTime: first,
    },
  ]);
  tell('node-1', { revision: 58, enforcement: 'closed' });
  expect(conditions()?.[1]).toMatchObject({ status: 'True', reason: 'EnforcementClosed' });
  pass(60_000);
  tell('node-1', { revision: 58, enforcement: 'stopped' });
  expect(conditions()).toMatchObject([
    { status: 'True', reason: 'Committed', message: 'resourceVersion 58', lastTransitionTime: second },
    { status: 'True', reason: 'EnforcementStopped', lastTransitionTime: first },
  ]);
  tell('node-1', { revision: 58, enforcement: 'on' });
  expect(conditions()?.[1]).toEqual({
    type: 'NetworkUnavailable',
    status: 'False',
    reason: 'EnforcementOn',
    message: 'policies are enforced',
    lastTransitionTime: second,
  });
});

test('a node tells between which two moments its rules were written, whatever else stays the same', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { store, tell, pass } = startOn();
  const told = () =>
    store
      .get('nodes', undefined, 'node-1')
      ?.status.conditions.filter(({ type }) => type === 'RulesWritten')
      .map(({ message }) => message);
  const common = { revision: 57, enforcement: 'on' } as const;
  tell('node-1', common);
  expect(told()).toEqual([]);
  for (const second of ['05', '09']) {
    const at = (ms: number) => new Date(`2026-01-02T03:04:${second}.${ms}Z`);
    tell('node-1', { ...common, written: { from: at(123), to: at(145) } });
    pass(1000);
    expect(told()).toEqual([`between 2026-01-02T03:04:${second}.123Z and 2026-01-02T03:04:${second}.145Z`]);
  }
});

test('a node has the processors of the machine', () => {
  const { store } = startOn();
  const node = store.get('nodes', undefined, 'node-1');
  expect(node?.status.capacity).toEqual({ cpu: String(cpus().length) });
  expect(Number(node?.status.allocatable.cpu)).toBeLessThanOrEqual(cpus().length);
  expect(Number(node?.status.allocatable.cpu)).toBeGreaterThan(0);
});
