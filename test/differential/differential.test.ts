/** The oracle against the sandbox's packets, on random topologies with random policies: two opinions that must be one. */
import { expect, test } from 'vitest';
import { startTestbed } from '../sandbox/testbed.ts';
import { openGround } from './arena.ts';
import { describeFailure, runCampaign } from './campaign.ts';

test('40 sets of policies and 25 sequences of steps, on five topologies of six pods and two hosts, mean what their packets do in both families', {
  // However slow the machine is.
  timeout: 900_000,
}, async () => {
  await using testbed = await startTestbed();
  const ground = openGround(testbed.kube, new AbortController().signal);
  const result = await runCampaign(
    { seed: 7, topologies: 5, setsEach: 8, sequencesEach: 5, shrinkMs: 60_000 },
    ground,
  );
  expect(result.failures.map((failure) => describeFailure('disagreement', failure))).toEqual([]);
  expect(result.passing).toEqual([]);
  expect(result.tried).toBe(65);
  // A sequence has more than two states on average, or its steps did nothing.
  expect(result.states).toBeGreaterThan(115);
  // Most of it must have been compared.
  expect(result.undefined).toBeLessThan(result.flows / 10);
});
