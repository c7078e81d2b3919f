/** The oracle against the sandbox's packets, on random topologies with random policies: two opinions that must be one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { startTestbed, type Testbed } from '../sandbox/testbed.ts';
import { folderWith, runCli } from '../support/cli.ts';
import { OPINION, type Opinion, openGround } from './arena.ts';
import { type Campaign, describeFailure, type Failure, runCampaign } from './campaign.ts';

let testbed: Testbed;
beforeAll(async () => {
  testbed = await startTestbed();
});
afterAll(async () => {
  await testbed[Symbol.asyncDispose]();
});

test('100 sets of policies and 60 sequences of steps, on ten topologies of six pods, mean what their packets do', {
  // However slow the machine is.
  timeout: 900_000,
}, async () => {
  const ground = openGround(testbed.kube, new AbortController().signal);
  const result = await runCampaign(
    { seed: 7, topologies: 10, setsEach: 10, sequencesEach: 6, shrinkMs: 60_000 },
    ground,
  );
  expect(result.failures.map((failure) => describeFailure('disagreement', failure))).toEqual([]);
  expect(result.passing).toEqual([]);
  expect(result.tried).toBe(160);
  // A sequence has more than two states on average, or its steps did nothing.
  expect(result.states).toBeGreaterThan(280);
  // Most of it must have been compared.
  expect(result.undefined).toBeLessThan(result.flows / 10);
});

/** Takes no policy for one that isolates egress (D4). */
const neverEgress: Opinion = {
  ...OPINION,
  predict: (world) =>
    OPINION.predict({
      ...world,
      policies: world.policies.map((policy) => ({
        ...policy,
        object: { spec: { ...(policy.object.spec as object), policyTypes: ['Ingress'] } },
      })),
    }),
};

/** Takes no policy for deleted. */
const forgetful: Opinion = {
  ...OPINION,
  act: (action, state, declared) => (action.kind === 'delete' ? state : OPINION.act(action, state, declared)),
};

test('what was found is told as it is when the time to shrink it is over', async () => {
  const ground = openGround(testbed.kube, new AbortController().signal);
  const campaign = { seed: 13, topologies: 1, setsEach: 20, opinion: neverEgress, shrinkMs: 0 };
  const { failures, tried } = await runCampaign(campaign, ground);
  expect(failures).toHaveLength(1);
  expect(tried).toBeLessThanOrEqual(20);
});

describe('a wrong oracle is found out, and what shows it is small and can be run by itself', () => {
  test('one that sees no isolation of egress', { timeout: 300_000 }, async () => {
    const { stages } = await findOut({ seed: 11, topologies: 1, setsEach: 20, opinion: neverEgress });
    expect(stages).toHaveLength(1);
    expect([...stages[0].state.policies]).toHaveLength(1);
  });

  test('one that forgets what is deleted', { timeout: 300_000 }, async () => {
    const { stages } = await findOut({ seed: 17, topologies: 1, sequencesEach: 20, opinion: forgetful });
    expect(stages.flatMap(({ actions }) => actions.map((action) => action.kind))).toEqual(['delete']);
    expect([...stages[0].state.policies]).toHaveLength(1);
  });
});

async function findOut(campaign: Campaign): Promise<Failure> {
  const ground = openGround(testbed.kube, new AbortController().signal);
  const { failures } = await runCampaign(campaign, ground);
  const [failure] = failures;
  if (failure === undefined) return expect.unreachable('nothing was found');
  const text = describeFailure('found-out', failure);
  using folder = folderWith({});
  writeFileSync(join(folder.path, 'found-out.yaml'), text);
  const [plan] = await loadPlans(['found-out.yaml'], { cwd: folder.path });
  expect(plan?.steps.at(-1)?.checks).toHaveLength(failure.disagreements.length);
  // It expects what the wrong oracle predicts: packets contradict it.
  expect((await runCli(['run', 'found-out.yaml', '--within', '1s'], { cwd: folder.path })).exitCode).toBe(1);
  return failure;
}
