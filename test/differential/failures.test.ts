/** Where oracle and packets differ, what shows it is small, and a scenario that can be run by itself. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { startTestbed, type Testbed } from '../sandbox/testbed.ts';
import { folderWith, runCli } from '../support/cli.ts';
import { openGround } from './arena.ts';
import { type Campaign, describeFailure, type Failure, keyOf, runCampaign } from './campaign.ts';
import { forgetful, isolatingBoth } from './wrong-oracles.ts';

let testbed: Testbed;
beforeAll(async () => {
  testbed = await startTestbed();
});
afterAll(async () => {
  await testbed[Symbol.asyncDispose]();
});

// These expect too little to be reachable: what packets show is seen at once. The seeds are those of few tries.
describe.concurrent('what a wrong oracle is found out by', { timeout: 600_000 }, () => {
  test('is one policy, and what it means at pods and Services in both families', async () => {
    const failure = await findOut({ name: 'both', seed: 135, setsEach: 20, opinion: isolatingBoth });
    const { stages, disagreements } = failure;
    expect(stages).toHaveLength(1);
    expect([...stages[0].state.policies]).toHaveLength(1);
    expect(disagreements.map(({ way }) => way?.path)).toContain('clusterIP');
    expect(new Set(disagreements.map(({ family }) => family))).toEqual(new Set(['IPv4', 'IPv6']));
    await seeThatNodePortsAreNamed(failure);
  });

  test('is a step', async () => {
    const campaign = { name: 'delete', seed: 1, sequencesEach: 20, opinion: forgetful };
    // To the end it would take longer than all that comes before.
    const { stages } = await findOut({ ...campaign, shrinkMs: 5_000 });
    expect(stages.flatMap(({ actions }) => actions.map((action) => action.kind))).toContain('delete');
  });
});

/** Looks on one topology, for what shows itself again whatever addresses pods have. */
async function findOut(campaign: Omit<Campaign, 'topologies'>): Promise<Failure> {
  const ground = openGround(testbed.kube, new AbortController().signal);
  const { failures } = await runCampaign({ ...campaign, topologies: 1, blocks: 'hosts' }, ground);
  const [failure = expect.unreachable('nothing was found')] = failures;
  using folder = folderWith({});
  const { path: cwd } = folder;
  writeFileSync(join(cwd, 'found-out.yaml'), describeFailure('found-out', failure));
  const { exitCode, stderr } = await runCli(['run', 'found-out.yaml', '--report', 'json=run.json'], { cwd });
  expect(exitCode, stderr).toBe(1);
  const [plan] = await loadPlans(['found-out.yaml'], { cwd });
  // It expects what the wrong oracle predicts: packets contradict each of its rules.
  const record = JSON.parse(readFileSync(join(cwd, 'run.json'), 'utf8')) as RunVerdicts;
  const verdicts = record.scenarios.flatMap(({ steps }) =>
    (steps.at(-1)?.checks ?? []).map(({ verdict }) => verdict),
  );
  expect(verdicts).toHaveLength(plan?.steps.at(-1)?.checks.length ?? 0);
  expect(verdicts).not.toContain('pass');
  return failure;
}

/** As if it had differed there. */
async function seeThatNodePortsAreNamed(failure: Failure): Promise<void> {
  const services = failure.services.map((one) => ({ ...one, type: 'NodePort' as const }));
  const [found = expect.unreachable()] = failure.disagreements.filter(({ way }) => way?.path === 'clusterIP');
  const { way = expect.unreachable() } = found;
  const differing = { ...found, way: { ...way, path: 'nodePort' as const } };
  using folder = folderWith({
    'nodes.yaml': describeFailure('nodes', { ...failure, services, disagreements: [differing] }),
  });
  const [plan] = await loadPlans(['nodes.yaml'], { cwd: folder.path });
  expect(plan?.steps.at(-1)?.checks).toMatchObject([
    { from: keyOf(found.flow.from), to: way.to, port: way.port, path: 'nodePort' },
  ]);
}

/** As much of a run record as is read. */
interface RunVerdicts {
  readonly scenarios: readonly {
    readonly steps: readonly { readonly checks: readonly { readonly verdict: string }[] }[];
  }[];
}
