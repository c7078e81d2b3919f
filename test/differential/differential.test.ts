/** The oracle against the sandbox's packets, on random topologies with random policies: two opinions that must be one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { World } from '../../src/policy/model.ts';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { startTestbed, type Testbed } from '../sandbox/testbed.ts';
import { folderWith, runCli } from '../support/cli.ts';
import { openGround, predictByOracle } from './arena.ts';
import { describeFailure, runCampaign } from './campaign.ts';

let testbed: Testbed;
beforeAll(async () => {
  testbed = await startTestbed();
});
afterAll(async () => {
  await testbed[Symbol.asyncDispose]();
});

test('200 sets of policies on ten topologies of six pods mean what their packets do', {
  // However slow the machine is.
  timeout: 900_000,
}, async () => {
  const ground = openGround(testbed.kube, new AbortController().signal);
  const result = await runCampaign({ seed: 7, topologies: 10, setsEach: 20, shrinkMs: 60_000 }, ground);
  expect(result.failures.map((failure) => describeFailure('disagreement', failure))).toEqual([]);
  expect(result.passing).toEqual([]);
  expect(result.sets).toBe(200);
  // Most of it must have been compared.
  expect(result.undefined).toBeLessThan(result.flows / 10);
});

/** Takes no policy for one that isolates egress (D4). */
const wrong = (world: World) =>
  predictByOracle({
    ...world,
    policies: world.policies.map((policy) => ({
      ...policy,
      object: { spec: { ...(policy.object.spec as object), policyTypes: ['Ingress'] } },
    })),
  });

test('what was found is told as it is when the time to shrink it is over', async () => {
  const ground = openGround(testbed.kube, new AbortController().signal);
  const campaign = { seed: 13, topologies: 1, setsEach: 20, predict: wrong, shrinkMs: 0 };
  const { failures, sets } = await runCampaign(campaign, ground);
  expect(failures).toHaveLength(1);
  expect(sets).toBeLessThanOrEqual(20);
});

test('a wrong oracle is found out, and what shows it is small and can be run by itself', {
  timeout: 300_000,
}, async () => {
  const ground = openGround(testbed.kube, new AbortController().signal);
  const { failures } = await runCampaign({ seed: 11, topologies: 1, setsEach: 20, predict: wrong }, ground);
  const [failure] = failures;
  if (failure === undefined) return expect.unreachable('nothing was found');
  expect(failure.policies).toHaveLength(1);
  const text = describeFailure('found-out', failure);
  using folder = folderWith({});
  writeFileSync(join(folder.path, 'found-out.yaml'), text);
  const [plan] = await loadPlans(['found-out.yaml'], { cwd: folder.path });
  expect(plan?.steps[0].checks).toHaveLength(failure.disagreements.length);
  // It expects what the wrong oracle predicts: packets contradict it.
  expect((await runCli(['run', 'found-out.yaml', '--within', '1s'], { cwd: folder.path })).exitCode).toBe(1);
});
