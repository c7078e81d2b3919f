import { expect, it } from 'vitest';
import type { KubeObject } from '../../src/kube/kube.ts';
import { everyFor } from '../../src/monitor/every.ts';

const node = (cpu?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-1' },
  status: cpu === undefined ? {} : { capacity: { cpu } },
});

it.each([
  ['never more often than each second', 72, [node('8')], 1_000],
  ['each second as long as that is no more than 500 a second for a core', 1_000, [node('2')], 1_000],
  ['as seldom as it takes for more', 9_900, [node('2')], 9_900],
  ['as the smallest node can bear', 9_900, [node('16'), node('4')], 4_950],
  ['by thousandths of cores', 990, [node('500m')], 3_960],
  ['for one core where a node does not say', 1_500, [node()], 3_000],
  ['for one core where what it says makes no sense', 1_500, [node('many')], 3_000],
  ['for one core where no node is known', 1_500, [], 3_000],
] as const)('tries %s', (_, checks, nodes, everyMs) => {
  expect(everyFor(checks, nodes).everyMs).toBe(everyMs);
});

it('says why', () => {
  expect(everyFor(10, [node('2')]).why).toBe(
    'that stays below 500 connections a second for each core of the smallest node',
  );
  expect(everyFor(9_900, [node('2')]).why).toBe(
    'more often would be more than 500 connections a second for each core of the smallest node',
  );
});
