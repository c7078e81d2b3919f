import { expect, test } from 'vitest';
import { inAddition } from '../../src/run/pod-events.ts';

test.each([
  ['ContainerCreating', undefined, ''],
  ['ContainerCreating', 'FailedMount: timed out', ' (FailedMount: timed out)'],
  ['ErrImagePull: a:1: not found', 'Failed: Failed to pull image "a:1": a:1: not found', ''],
  ['Evicted: The node was low on resource: memory.', 'Evicted: The node was low on resource: memory.', ''],
  [
    'Unschedulable: 0/3 nodes are available: 3 Too many pods.',
    'FailedScheduling: 0/3 nodes are available: 3 Too many pods. preemption: 0/3 nodes are available',
    '',
  ],
  ['its container ended with exit code 1: no', 'BackOff: restarting', ' (BackOff: restarting)'],
])('after "%s" the warning "%s" is told as "%s"', (reason, warning, told) => {
  expect(inAddition(reason, warning)).toBe(told);
});
