import { describe, expect, it } from 'vitest';
import { type CheckedSource, Copies } from '../../../src/monitor/churn/copies.ts';
import type { CheckDraft } from '../../../src/record/draft.ts';
import type { WatchedCheck } from '../../../src/run/watching/plan-watches.ts';

const CONTEXT = { runId: 'r1', timing: { timeoutMs: 500 }, taken: [] };
const nodes = (number: number) =>
  Array.from({ length: number }, (_, index) => ({
    name: `node-${index + 1}`,
    hostname: `host-${index + 1}`,
  }));
const watched = (port: number): WatchedCheck => ({
  check: { port } as CheckDraft,
  from: { namespace: 'shop', name: 'web', ip: '10.0.0.1', node: 'node-1' },
  target: 40 + port,
  listeners: [{ to: { namespace: 'shop', name: 'db', ip: '10.0.0.2', node: 'node-2' }, listener: 80 + port }],
  dial: { host: '10.0.0.2', port, protocol: 'TCP', pod: 'shop/db' },
});
const source = (namespace: string, name: string, checks = 1): CheckedSource => ({
  pod: { namespace, name, labels: { app: name }, ports: [{ port: 80, protocol: 'TCP' }] },
  checks: Array.from({ length: checks }, (_, index) => watched(index + 1)),
});
function take(copies: Copies | undefined, number: number) {
  if (copies === undefined) throw new Error('there is nothing to copy');
  return Array.from({ length: number }, () => copies.next());
}

describe('new pods', () => {
  it('are copies with a name of their own, and try the checks of the one they copy', () => {
    const [first] = take(Copies.of([[source('shop', 'web', 2)]], nodes(1), CONTEXT), 1);
    expect(first).toMatchObject({
      copyOf: 'shop/web',
      node: 'node-1',
      pod: {
        namespace: 'shop',
        name: 'web-new-1',
        labels: { app: 'web' },
        ports: [{ port: 80, protocol: 'TCP' }],
        hostname: 'host-1',
      },
      request: {
        runId: 'r1',
        watch: 'r1-shop/web-new-1-first',
        targets: [
          { id: 1, host: '10.0.0.2', port: 1, protocol: 'TCP', pod: 'shop/db' },
          { id: 2, host: '10.0.0.2', port: 2, protocol: 'TCP', pod: 'shop/db' },
        ],
      },
    });
    expect(first?.pod.firstInstant).toBe(first?.request);
    expect(first?.checks.map(({ target, watched: { check } }) => [target, check.port])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('are made of all scenarios in turn', () => {
    const copies = Copies.of(
      [[source('a', 'one'), source('a', 'two')], [source('b', 'one')]],
      nodes(2),
      CONTEXT,
    );
    expect(take(copies, 5).map(({ copyOf }) => copyOf)).toEqual([
      'a/one',
      'b/one',
      'a/two',
      'a/one',
      'b/one',
    ]);
  });

  it.each([
    [1, 3],
    [2, 2],
    [3, 2],
    [2, 4],
  ])('come to every node, of each source: %i sources, %i nodes', (sources, number) => {
    const all = Array.from({ length: sources }, (_, index) => source('shop', `pod-${index}`));
    const made = take(Copies.of([all], nodes(number), CONTEXT), sources * number);
    expect(new Set(made.map(({ copyOf, node }) => `${copyOf} ${node}`)).size).toBe(sources * number);
  });

  it('have names that nothing else has, however long that of their source is', () => {
    const long = `${'a'.repeat(39)}-b`;
    const copies = Copies.of([[source('shop', 'web'), source('shop', long)]], nodes(1), {
      ...CONTEXT,
      taken: ['shop/web-new-1', 'shop/web', 'other/web-new-3'],
    });
    const names = take(copies, 6).map(({ pod }) => pod.name);
    expect(names).not.toContain('web-new-1');
    expect(new Set(names).size).toBe(6);
    for (const name of names) {
      expect(name.length).toBeLessThanOrEqual(63);
      expect(name).toMatch(/^[a-z]([a-z0-9-]*[a-z0-9])?$/);
      expect(name).not.toContain('--');
    }
  });

  it('try a part of the checks each where there are more than fit', () => {
    const made = take(Copies.of([[source('shop', 'web', 1_200)]], nodes(1), CONTEXT), 3);
    const ports = made.map(({ checks }) => checks.map(({ watched: { check } }) => check.port));
    for (const one of ports) expect(one.length).toBe(500);
    expect(new Set(ports.flat()).size).toBe(1_200);
  });

  it('try fewer where targets are long, each in its turn, and fit into an environment variable', () => {
    // Ports of nodes: each node is named with all pods.
    const pods = Array.from({ length: 20 }, (_, index) => `shop/a-pod-with-a-name-of-some-length-${index}`);
    const nodePorts = (length: number) =>
      Array.from({ length }, (_, index) => ({ address: `192.0.2.${index}`, pods }));
    const long = source('shop', 'web', 130);
    const checks = long.checks.map((one, index) => ({
      ...one,
      dial: { ...one.dial, pod: undefined, pods, nodes: nodePorts(index % 3) },
    }));
    const made = take(Copies.of([[{ ...long, checks }]], nodes(1), CONTEXT), 4);
    const ports = made.flatMap((one) => one.checks.map(({ watched: { check } }) => check.port));
    expect(ports).toEqual(ports.map((_, index) => (index % 130) + 1));
    expect(new Set(ports).size).toBe(130);
    // Linux takes 128 KiB, and what else is in it must have room.
    const lengths = made.map(({ request }) => JSON.stringify(request).length);
    for (const length of lengths) expect(length).toBeLessThan(100_000);
    expect(Math.min(...lengths)).toBeGreaterThan(90_000);
  });

  it('are not made where there is nothing to copy, or no node', () => {
    expect(Copies.of([[]], nodes(1), CONTEXT)).toBeUndefined();
    expect(Copies.of([[source('shop', 'web')]], [], CONTEXT)).toBeUndefined();
  });
});
