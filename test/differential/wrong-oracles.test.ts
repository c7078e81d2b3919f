/** Oracles that are wrong in one thing: the comparison with packets must find each of them out, or it proves nothing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { startTestbed, type Testbed } from '../sandbox/testbed.ts';
import { folderWith, runCli } from '../support/cli.ts';
import { OPINION, type Opinion, openGround } from './arena.ts';
import {
  type Campaign,
  type CampaignResult,
  describeFailure,
  type Failure,
  keyOf,
  runCampaign,
} from './campaign.ts';

let testbed: Testbed;
beforeAll(async () => {
  testbed = await startTestbed();
});
afterAll(async () => {
  await testbed[Symbol.asyncDispose]();
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

/** Takes every pod to keep the labels that it had. */
const unmoved: Opinion = {
  ...OPINION,
  act: (action, state, declared) =>
    action.kind === 'label' && state.pods.has(action.object) ? state : OPINION.act(action, state, declared),
};

/** Takes no block to have a hole, where it is about what is outside (D12). */
const withoutHoles: Opinion = {
  ...OPINION,
  predict: (world) => {
    const oracle = OPINION.predict(world);
    const holeless = OPINION.predict({
      ...world,
      policies: JSON.parse(JSON.stringify(world.policies).replaceAll(/,"except":\[[^\]]*\]/g, '')),
    });
    return {
      evaluate: (flow) =>
        (flow.from.kind === 'host' || flow.to.kind === 'host' ? holeless : oracle).evaluate(flow),
    };
  },
};

// The seeds are those of few tries: of any, it would be found out.
describe.concurrent('a wrong oracle is found out, and what shows it is small and can be run by itself', {
  timeout: 300_000,
}, () => {
  test('one that sees no isolation of egress', async () => {
    const { stages } = await findOut({ name: 'egress', seed: 135, setsEach: 20, opinion: neverEgress });
    expect(stages).toHaveLength(1);
    expect([...stages[0].state.policies]).toHaveLength(1);
  });

  test('one that forgets what is deleted', async () => {
    const { stages } = await findOut({ name: 'delete', seed: 1, sequencesEach: 20, opinion: forgetful });
    expect(stages.flatMap(({ actions }) => actions.map((action) => action.kind))).toEqual(['delete']);
    expect([...stages[0].state.policies]).toHaveLength(1);
  });

  test('one that keeps the old labels of a pod', async () => {
    const campaign = { name: 'label', seed: 51, sequencesEach: 20, opinion: unmoved };
    // To the end it would take as long as all others together.
    const { stages } = await findOut({ ...campaign, shrinkMs: 5_000 });
    expect(stages.flatMap(({ actions }) => actions.map((action) => action.kind))).toContain('label');
  });

  test('one that sees no hole in a block around a host', async () => {
    const campaign = { name: 'hole', seed: 10, setsEach: 20, opinion: withoutHoles };
    const { disagreements } = await findOut({ ...campaign, shrinkMs: 2_000 });
    const ends = disagreements.flatMap(({ flow: { from, to } }) => [from.kind, to.kind]);
    expect(ends).toContain('host');
  });

  test('what was found is told as it is when the time to shrink it is over', async () => {
    const { failures, tried } = await seek({
      name: 'told',
      seed: 135,
      setsEach: 20,
      opinion: neverEgress,
      shrinkMs: 0,
    });
    expect(failures).toHaveLength(1);
    expect(tried).toBeLessThanOrEqual(20);
  });
});

/** Looks on one topology, for what shows itself again whatever addresses pods have. */
async function seek(campaign: Omit<Campaign, 'topologies'>): Promise<CampaignResult> {
  const ground = openGround(testbed.kube, new AbortController().signal);
  return await runCampaign({ ...campaign, topologies: 1, blocks: 'hosts' }, ground);
}

async function findOut(campaign: Omit<Campaign, 'topologies'>): Promise<Failure> {
  const [failure] = (await seek(campaign)).failures;
  if (failure === undefined) return expect.unreachable('nothing was found');
  const text = describeFailure('found-out', failure);
  using folder = folderWith({});
  writeFileSync(join(folder.path, 'found-out.yaml'), text);
  const [plan] = await loadPlans(['found-out.yaml'], { cwd: folder.path });
  // A pod's own port decides, on whatever way: what differs through a Service too is told once.
  const pairs = failure.disagreements.map(({ family, flow: { from, to, port, protocol } }) =>
    JSON.stringify([keyOf(from), keyOf(to), port, protocol, family]),
  );
  expect(plan?.steps.at(-1)?.checks).toHaveLength(new Set(pairs).size);
  // It expects what the wrong oracle predicts: packets contradict it.
  expect((await runCli(['run', 'found-out.yaml'], { cwd: folder.path })).exitCode).toBe(1);
  return failure;
}
