import { describe, expect, it } from 'vitest';
import { Interruption } from '../../src/errors.ts';
import { checksOf } from '../../src/record/schema.ts';
import { Stand, type StandingScenario } from '../../src/run/stand.ts';
import { oneNode, runWith, SCENARIO } from './run-with.ts';

const ELSEWHERE = SCENARIO.replaceAll('pair', 'other');

describe('scenarios that stand', () => {
  const standing = (name: string): StandingScenario =>
    ({ scenario: { name } }) as unknown as StandingScenario;

  it('go on when the work is over that begins when none is awaited any more', async () => {
    const log: string[] = [];
    const stand = new Stand(3, async (all) => {
      log.push(`work on ${all.map(({ scenario }) => scenario.name).join(' and ')}`);
      return undefined;
    });
    const first = stand.arrive(standing('a')).then(() => log.push('a goes on'));
    stand.stayAway();
    await Promise.resolve();
    expect(log).toEqual([]);
    await Promise.all([first, stand.arrive(standing('b'))]);
    expect(log).toEqual(['work on a and b', 'a goes on']);
  });

  it('hear of what the work throws', async () => {
    const stand = new Stand(1, () => Promise.reject(new Error('lost')));
    await expect(stand.arrive(standing('a'))).rejects.toThrow('lost');
  });

  it('have nothing done where none has come', () => {
    const stand = new Stand(1, () => Promise.reject(new Error('nobody stands')));
    expect(() => stand.stayAway()).not.toThrow();
  });
});

it('has something done while all scenarios stand, and looks at them once more after that', async () => {
  const stood: string[] = [];
  const record = await runWith(oneNode(), undefined, {
    second: ELSEWHERE,
    parallel: 1,
    whileStanding: async (standing, { checked }) => {
      stood.push(...standing.map(({ scenario }) => scenario.name));
      const { kube, signal } = checked.tools;
      await kube.delete({ resource: 'networkpolicies', namespace: 'pair', name: 'deny' }, { signal });
      return undefined;
    },
  });
  expect(stood.toSorted()).toEqual(['other', 'pair']);
  const [pair, other] = record.scenarios;
  expect(pair?.phases.map(({ name }) => name)).toEqual([
    'provision',
    'control',
    'apply',
    'settle',
    'observe',
    'watch',
    'observe',
    'closing',
  ]);
  const verdicts = (scenario = pair) => scenario && checksOf(scenario).map(({ verdict }) => verdict);
  expect(verdicts(pair)).toEqual(['flapping', 'pass']);
  expect(verdicts(other)).toEqual(['pass', 'pass']);
});

describe('what is not watched to its end', () => {
  const verdictsOf = async (isCutOff: boolean) => {
    const cut = new AbortController();
    const record = await runWith(oneNode(), undefined, {
      signal: cut.signal,
      whileStanding: () => {
        if (isCutOff) cut.abort(new Interruption('SIGINT'));
        return Promise.reject(isCutOff ? cut.signal.reason : new Error('nobody answers'));
      },
    });
    return record.scenarios.flatMap(checksOf).map(({ expected, verdict }) => [expected, verdict]);
  };

  it('has not passed, whatever it showed before', async () => {
    expect(await verdictsOf(false)).toEqual([
      ['unreachable', 'inconclusive'],
      ['reachable', 'inconclusive'],
    ]);
  });

  it('is not judged where the run is cut off', async () => {
    expect(await verdictsOf(true)).toEqual([
      ['unreachable', undefined],
      ['reachable', undefined],
    ]);
  });
});
