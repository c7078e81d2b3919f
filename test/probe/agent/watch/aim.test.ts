/** Where the connections of a watched target go, one after the other. */
import { expect, test } from 'vitest';
import { aimOf, anyOf } from '../../../../src/probe/agent/watch/aim.ts';

const TARGET = { id: 1, host: '10.0.0.1', port: 80, protocol: 'TCP' } as const;

test('a pod answers for itself, and for what names nobody whoever does', () => {
  expect(aimOf({ ...TARGET, pod: 'shop/db' }, 'r1', 7)).toEqual({
    host: '10.0.0.1',
    expected: { runId: 'r1', pods: ['shop/db'] },
  });
  expect(aimOf(TARGET, 'r1', 7)).toEqual({ host: '10.0.0.1', expected: 'anybody' });
});

test('any of its pods answers for a Service', () => {
  const pods = ['shop/api-1', 'shop/api-2'];
  expect(aimOf({ ...TARGET, pods }, 'r1', 3)).toEqual({ host: '10.0.0.1', expected: { runId: 'r1', pods } });
});

test('ports of nodes have their turns, each twice in a row, with the pods that answer there', () => {
  const nodes = ['1', '2', '3'].map((last) => ({ address: `172.18.0.${last}`, pods: [`shop/api-${last}`] }));
  const target = { ...TARGET, pods: nodes.flatMap(({ pods }) => pods), nodes };
  const aims = Array.from({ length: 7 }, (_, turn) => aimOf(target, 'r1', turn));
  expect(aims.map(({ host }) => host.at(-1)).join('')).toBe('1122331');
  expect(aims[4]?.expected).toEqual({ runId: 'r1', pods: ['shop/api-3'] });
});

test('of several addresses each is dialled now and then', () => {
  const seen = new Set(Array.from({ length: 200 }, () => anyOf(['10.0.0.1', '10.0.0.2', '10.0.0.3'])));
  expect(seen.size).toBe(3);
});
