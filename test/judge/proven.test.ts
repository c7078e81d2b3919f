/** Passes that a record claims, and what in it shows them. */
import { describe, expect, test } from 'vitest';
import { withoutUnprovenPasses } from '../../src/judge/proven.ts';
import { type CheckRecord, checksOf, type ScenarioRecord, type StepRecord } from '../../src/record/schema.ts';
import { attempts, buildCheck, buildRecord, buildScenario } from '../report/fixture.ts';

const CUT = buildCheck({ expected: 'unreachable', attempts: attempts('settle', ['timeout', 'timeout']) });
const CONNECTED = buildCheck({ attempts: attempts('settle', ['connected', 'connected']) });

/** A scenario that was killed, with a check in each of its steps. */
function killed(first: CheckRecord, ...later: readonly CheckRecord[]): ScenarioRecord {
  const stepWith = (check: CheckRecord): StepRecord => ({ checks: [check] });
  const { closingControl: _, ...scenario } = buildScenario('shop', {
    pods: { 'shop/web': [], 'shop/db': [5432] },
    checks: [],
  });
  return { ...scenario, status: 'running', steps: [stepWith(first), ...later.map(stepWith)] };
}

function checksAfter(scenario: ScenarioRecord): readonly CheckRecord[] {
  return withoutUnprovenPasses(buildRecord([scenario], { incomplete: true })).scenarios.flatMap(checksOf);
}

const verdictsAfter = (scenario: ScenarioRecord) => checksAfter(scenario).map(({ verdict }) => verdict);

test('a pass without any attempt under the policies is inconclusive', () => {
  const [check] = checksAfter(killed(buildCheck({ attempts: attempts('control', ['connected']) })));
  expect(check).toMatchObject({
    verdict: 'inconclusive',
    reason: expect.stringMatching(/^the record holds no/),
  });
});

describe('of a scenario with steps that has made no closing control', () => {
  const { verdict: _, settledMs: __, ...unjudged } = CUT;

  test('what passed on a cut is inconclusive, and what passed on a connection is not', () => {
    const checks = checksAfter(killed(CUT, CUT, unjudged));
    expect(checks.map(({ verdict }) => verdict)).toEqual(['inconclusive', 'inconclusive', undefined]);
    expect(checks[0]).not.toHaveProperty('settledMs');
    expect(checks[0]?.reason).toBe(
      'it was cut off, but the policies were not taken away to see whether it was they that cut it',
    );
    expect(verdictsAfter(killed(CONNECTED, CONNECTED))).toEqual(['pass', 'pass']);
  });

  test('a cut stands where the pair connected in a later step', () => {
    expect(verdictsAfter(killed(CUT, CONNECTED, CUT))).toEqual(['pass', 'pass', 'inconclusive']);
  });

  test('a cut by others stands: no closing control asks for it', () => {
    expect(verdictsAfter(killed({ ...CUT, cutBy: 'others' }, CONNECTED))).toEqual(['pass', 'pass']);
  });
});

test('a record in which all is shown is left as it is', () => {
  const left = { ...killed(CUT, CUT), closingControl: 'left-out' } as const;
  const single = killed(CUT);
  const after = withoutUnprovenPasses(buildRecord([left, single])).scenarios;
  expect(after[0]).toBe(left);
  expect(after[1]).toBe(single);
});
