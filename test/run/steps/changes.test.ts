/** What a marker stands for: its step, and what came before and was not taken up everywhere. */
import { expect, test } from 'vitest';
import { startScenario } from '../../../src/run/start-record.ts';
import { type Changes, outstandingAt } from '../../../src/run/steps/changes.ts';
import { createProject } from '../../scenario/project.ts';
import { BY_ACTION } from './scenarios.ts';

const POLICIES: Changes = { policies: true, pods: false, namespaces: false };
const PODS: Changes = { policies: false, pods: true, namespaces: false };

test.each<readonly [string, readonly { readonly node: string; readonly turnedMs?: number }[], Changes]>([
  [
    'every node has taken up',
    [
      { node: 'one', turnedMs: 1 },
      { node: 'two', turnedMs: 1 },
    ],
    PODS,
  ],
  ['a node has not taken up', [{ node: 'one', turnedMs: 1 }, { node: 'two' }], { ...POLICIES, pods: true }],
  ['a node was not asked about', [{ node: 'one', turnedMs: 1 }], { ...POLICIES, pods: true }],
])('a step after one that %s', async (_, force, changes) => {
  await using project = await createProject({ 'x.yaml': BY_ACTION['label-pod'] });
  const [plan] = await project.load(['x.yaml']);
  if (plan === undefined) throw new Error('there is no scenario');
  const scenario = startScenario(plan);
  expect(outstandingAt(0, ['one', 'two'], plan, scenario)).toEqual(POLICIES);
  scenario.steps[0].force = [...force];
  expect(outstandingAt(1, ['one', 'two'], plan, scenario)).toEqual(changes);
});
