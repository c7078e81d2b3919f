import { describe, expect, test } from 'vitest';
import { decidedElsewhere, opinionFacts, warningsOf } from '../../../src/report/parts/opinion.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import { buildRecord, buildScenario, type CheckParts, viewScenario } from '../fixture.ts';

const OUTSIDE = { disagreement: 'outside' } as const;
const allowed = { verdict: 'allowed', grounds: 0 } as const;
const denied = { verdict: 'denied', grounds: 0 } as const;
const CUT: CheckParts = {
  ...OUTSIDE,
  from: 'shop/web',
  expected: 'unreachable',
  verdict: 'inconclusive',
  predicted: allowed,
};
const LET_THROUGH: CheckParts = { ...OUTSIDE, from: 'shop/web', predicted: denied };
const NOT_CUT: CheckParts = {
  ...OUTSIDE,
  from: 'shop/web',
  expected: 'unreachable',
  verdict: 'leaked',
  cutBy: 'others',
  because: 'the mesh',
  predicted: allowed,
};

function scenarioOf(...checks: CheckParts[]) {
  return buildScenario('shop', { pods: { 'shop/web': [], 'shop/db': [5432] }, checks });
}

test('what policies of other kinds decide is not the specification’s to define', () => {
  const decided: CheckParts = {
    disagreement: 'open',
    from: 'shop/web',
    verdict: 'broken',
    predicted: { verdict: 'undefined', grounds: 0, reason: 'it is decided by CiliumNetworkPolicy shop/l7' },
  };
  const [check] = viewScenario({ ...scenarioOf(decided), grounds: [[]] }).checks;
  expect(opinionFacts(check ?? expect.fail('no check'))).toEqual([
    { label: 'predicted', text: 'left open (it is decided by CiliumNetworkPolicy shop/l7)' },
    {
      label: 'at fault',
      text: 'undecided: a policy of another kind decides this, and what it means podreach does not say. Ask the network plugin what it makes of it',
    },
  ]);
});

describe('where something else than the policies decides', () => {
  test.each<[string, CheckParts, string]>([
    [
      'a cut is to be named',
      CUT,
      'not these policies: they allow it, and something else cut it. Find out what cuts it; if that is meant, say so in the scenario: "cutBy: others", and under "because" what it is',
    ],
    [
      'a connection that it lets through is not the policies’ doing',
      LET_THROUGH,
      'not these policies: they deny it, and something else lets it through as the scenario asks for',
    ],
    [
      'and did not cut as the scenario says, it is missing',
      NOT_CUT,
      'not these policies: something else is to cut it, and did not. Look whether it is still there',
    ],
    [
      'and did not cut as policies and scenario say, the cluster is wrong too',
      { ...NOT_CUT, predicted: denied },
      'what else is to cut it, and did not; nor did the cluster do what these policies say, which deny it as well',
    ],
  ])('%s', (_, check, fault) => {
    const facts = viewScenario(scenarioOf(check)).checks.flatMap(opinionFacts);
    expect(facts.find(({ label }) => label === 'at fault')?.text).toBe(fault);
  });

  test('the run warns of it, and names what there is', () => {
    const record = (...policies: string[]) =>
      buildRecord(
        [scenarioOf(CUT, CUT, LET_THROUGH, NOT_CUT, { ...NOT_CUT, verdict: 'pass' })],
        {},
        {
          ...(policies.length === 0 ? {} : { clusterPolicies: policies }),
        },
      );
    expect(warningsOf(viewOf(record()))).toEqual([
      {
        about: 'shop',
        text: 'shop: 2 connections are cut off, and not by these policies (shop/web → shop/db:5432/TCP and others), which allow it: so it is not proven. Find out what cuts it; if that is meant, say so in the scenario: "cutBy: others", and under "because" what it is',
        location: { file: 'scenarios/shop.yaml', line: 20, column: 5 },
      },
      {
        about: 'shop',
        text: 'shop: 1 connection is open as expected, and not because of these policies (shop/web → shop/db:5432/TCP), which deny it: something else lets it through, such as a policy of the whole cluster',
        location: { file: 'scenarios/shop.yaml', line: 22, column: 5 },
      },
    ]);
    expect(warningsOf(viewOf(record('1 AdminNetworkPolicy object (open)'))).at(-1)?.text).toMatch(
      / such as 1 AdminNetworkPolicy object \(open\)$/,
    );
  });

  test('what the scenario itself says that others cut is not counted', () => {
    expect(
      decidedElsewhere(viewScenario(scenarioOf(CUT, LET_THROUGH, NOT_CUT)).checks).map(({ id }) => id),
    ).toEqual([0, 1]);
  });
});

test('nodes that have not taken up the policies are a warning', () => {
  const scenario = { ...scenarioOf(), steps: [{ force: [{ node: 'node-2' }], checks: [] }] };
  expect(warningsOf(viewOf(buildRecord([scenario])))).toEqual([
    {
      about: 'shop',
      text: expect.stringMatching(/^shop: node-2 has not taken up the policies/),
      location: scenario.location,
    },
  ]);
});
