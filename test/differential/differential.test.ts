/** The oracle against the sandbox's packets, on random topologies with random policies: two opinions that must be one. */
import { beforeAll, describe, expect, test } from 'vitest';
import { startTestbed } from '../sandbox/testbed.ts';
import { openGround } from './arena.ts';
import { type CampaignResult, describeFailure, runCampaign } from './campaign.ts';
import { RIGHT_ORACLES, WRONG_ORACLES } from './wrong-oracles.ts';

describe('25 sets of policies and 10 sequences of steps, on five topologies of six pods and two hosts with Services, in both families', () => {
  let result: CampaignResult;
  beforeAll(async () => {
    await using testbed = await startTestbed();
    const ground = openGround(testbed.kube, new AbortController().signal);
    result = await runCampaign(
      {
        seed: 7,
        topologies: 5,
        setsEach: 5,
        sequencesEach: 2,
        shrinkMs: 60_000,
        suspects: new Map([...WRONG_ORACLES, ...RIGHT_ORACLES]),
      },
      ground,
    );
    // However slow the machine is.
  }, 900_000);

  test('mean what their packets do', () => {
    expect(result.failures.map((failure) => describeFailure('disagreement', failure))).toEqual([]);
    expect(result.passing).toEqual([]);
    expect(result.tried).toBe(35);
    // A sequence has more than two states on average, or its steps did nothing.
    expect(result.states).toBeGreaterThan(50);
    // Most of it must have been compared.
    expect(result.undefined).toBeLessThan(result.flows / 10);
  });

  test.each([...WRONG_ORACLES.keys()])('and not what an oracle says to which %s', (suspect) => {
    expect([...result.contradictions.keys()]).toContain(suspect);
  });

  test.each([...RIGHT_ORACLES.keys()])('and what one says that %s', (control) => {
    expect([...result.contradictions.keys()]).not.toContain(control);
  });
});
