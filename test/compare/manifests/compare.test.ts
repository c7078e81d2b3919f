/** What a change of manifests opens and closes: every connection once, symmetrically, and honestly where policies leave it open. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareManifests } from '../../../src/compare/manifests/compare.ts';
import { FAILING_CHANGES, isRefused } from '../../../src/compare/manifests/failing.ts';
import {
  type ConnectionChange,
  type ConnectionDifference,
  manifestComparisonSchema,
} from '../../../src/compare/manifests/schema.ts';
import { describeConnection } from '../../../src/pair.ts';
import type { DeployedState } from '../../../src/policy/deployed.ts';
import { flowBetween } from '../../../src/policy/model.ts';
import { compile } from '../../../src/policy/oracle.ts';
import { worlds } from '../../policy/arbitraries.ts';
import { admitting, deployed, state, workload } from './states.ts';

const SHOP = [workload('shop/web'), workload('shop/api'), workload('shop/db', ['5432=postgres'])];
const BLOCK = {
  podSelector: { matchLabels: { app: 'db' } },
  policyTypes: ['Ingress'],
  ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
};

/** Only these may reach the database. */
const guarded = (...from: readonly string[]): DeployedState =>
  state(SHOP, [deployed('shop/db', admitting('db', ...from), 3)]);
const blocked = state(SHOP, [deployed('shop/db', BLOCK)]);

function outline({ change, ...pair }: ConnectionDifference): string {
  return `${change}: ${describeConnection(pair)}`;
}

function changes(before: DeployedState, after: DeployedState): readonly string[] {
  return compareManifests(before, after).connections.map(outline);
}

describe('a connection', () => {
  test('that a policy comes to allow is newly open, and both policies are named', () => {
    const { connections, outcome, same } = compareManifests(guarded('api'), guarded('api', 'web'));
    expect(connections).toEqual([
      {
        from: 'shop/web',
        to: 'shop/db',
        port: 5432,
        portName: 'postgres',
        protocol: 'TCP',
        change: 'open',
        before: {
          verdict: 'denied',
          responsible: [
            {
              direction: 'ingress',
              policy: 'shop/db',
              location: { file: 'deploy.yaml', line: 3, column: 1 },
            },
          ],
        },
        after: {
          verdict: 'allowed',
          responsible: [
            {
              direction: 'ingress',
              policy: 'shop/db',
              rule: 2,
              location: { file: 'deploy.yaml', line: 3, column: 1 },
            },
          ],
        },
      },
    ]);
    expect({ outcome, same }).toEqual({ outcome: 'opens', same: { allowed: 1, denied: 0, undefined: 0 } });
  });

  test('that the change of a label opens is told as one that a policy does', () => {
    const renamed = state(
      SHOP.map((one) => (one.name === 'web' ? { ...one, labels: { app: 'api' } } : one)),
      guarded('api').policies,
    );
    expect(changes(guarded('api'), renamed)).toEqual(['open: shop/web → shop/db:5432/TCP']);
    expect(compareManifests(guarded('api'), renamed).workloads).toMatchObject([
      {
        workload: 'shop/web',
        change: 'changed',
        before: { labels: { app: 'web' } },
        after: { labels: { app: 'api' } },
      },
    ]);
  });

  test.each([
    ['denied, then left open', guarded(), blocked, 'perhaps-open'],
    ['left open, then allowed', blocked, state(SHOP, []), 'perhaps-open'],
    ['allowed, then left open', state(SHOP, []), blocked, 'perhaps-closed'],
    ['left open, then denied', blocked, guarded(), 'perhaps-closed'],
  ])('%s, is told as what may be', (_, before, after, change) => {
    const { connections } = compareManifests(before, after);
    expect(connections.map(outline)).toEqual([
      `${change}: shop/web → shop/db:5432/TCP`,
      `${change}: shop/api → shop/db:5432/TCP`,
    ]);
    expect(connections[0]?.before ?? connections[0]?.after).toBeDefined();
    expect(JSON.stringify(connections[0])).toContain('"rule":"I1"');
  });

  test('of a workload that is new or gone is told apart, and only where it is not denied', () => {
    const more = state(
      [...SHOP, workload('shop/report'), workload('shop/cache', [6379])],
      [...guarded('api').policies, deployed('shop/cache', admitting('cache', 'api'))],
    );
    expect(changes(guarded('api'), more)).toEqual(['new: shop/api → shop/cache:6379/TCP']);
    expect(changes(more, guarded('api'))).toEqual(['gone: shop/api → shop/cache:6379/TCP']);
  });

  test('to a port that is new is told as new', () => {
    const before = state([workload('shop/web'), workload('shop/db', [5432])], []);
    const after = state([workload('shop/web'), workload('shop/db', [5432, '5432/UDP'])], []);
    expect(changes(before, after)).toEqual(['new: shop/web → shop/db:5432/UDP']);
  });

  test('of a workload that goes to the network of its node is perhaps open: policies are no longer certain to count', () => {
    const onHost = state(
      SHOP.map((one) => ({ ...one, hostNetwork: one.name === 'db' })),
      guarded('api').policies,
    );
    expect(changes(guarded('api'), onHost)).toContain('perhaps-open: shop/web → shop/db:5432/TCP');
  });

  test('whose verdict stays the same is no difference, whoever decides', () => {
    const other = state(SHOP, [deployed('shop/other', admitting('db', 'api'))]);
    const { connections, outcome, policies } = compareManifests(guarded('api'), other);
    expect({ connections, outcome }).toEqual({ connections: [], outcome: 'same' });
    expect(policies.map(({ policy, change }) => `${policy} ${change}`)).toEqual([
      'shop/other new',
      'shop/db gone',
    ]);
  });
});

test('the labels of namespaces count', () => {
  const spec = {
    podSelector: {},
    ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'ops' } } }] }],
  };
  const workloads = [workload('ops/prometheus'), workload('shop/web', [80])];
  const with_ = (labels: Record<string, string>): DeployedState =>
    state(workloads, [deployed('shop/web', spec)], { namespaces: [{ name: 'ops', labels }] });
  const { connections, namespaces } = compareManifests(with_({}), with_({ team: 'ops' }));
  expect(connections.map(outline)).toEqual(['open: ops/prometheus → shop/web:80/TCP']);
  expect(namespaces).toEqual([
    {
      namespace: 'ops',
      change: 'changed',
      before: { labels: {} },
      after: { labels: { team: 'ops' } },
    },
  ]);
});

describe('a warning tells', () => {
  test('that a policy is refused, and so does nothing', () => {
    const broken = state(SHOP, [deployed('shop/db', { podSelector: 7 })]);
    const { warnings, connections } = compareManifests(guarded('api'), broken);
    expect(warnings).toMatchObject([
      {
        side: 'after',
        message: expect.stringMatching(/^policy shop\/db is left out, since the API server will refuse it: /),
      },
    ]);
    expect(connections.map(outline)).toEqual(['open: shop/web → shop/db:5432/TCP']);
  });

  test('that a policy, applied over the one that is there, keeps its types', () => {
    const ingress = { podSelector: {}, ingress: [{}] };
    const both = { ...ingress, egress: [{}] };
    const { warnings } = compareManifests(
      state(SHOP, [deployed('shop/all', ingress)]),
      state(SHOP, [deployed('shop/all', both)]),
    );
    expect(warnings.map(({ side, message }) => `${side}: ${message}`)).toEqual([
      'after: policy shop/all names no policyTypes: applied over what is there it keeps Ingress, and is not what is compared here',
    ]);
  });
});

describe('laws', () => {
  const states: fc.Arbitrary<DeployedState> = fc
    .tuple(worlds(), fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }))
    .map(([world, isThere]) =>
      state(
        world.pods
          .filter((_, index) => isThere[index])
          .map(({ namespace, name, labels, ports }) =>
            workload(`${namespace}/${name}`, [], { labels, ports }),
          ),
        world.policies.map(({ namespace, name, object }) => deployed(`${namespace}/${name}`, object.spec)),
        { namespaces: world.namespaces ?? [] },
      ),
    );
  const MIRRORED: Readonly<Record<ConnectionChange, ConnectionChange>> = {
    open: 'closed',
    'perhaps-open': 'perhaps-closed',
    new: 'gone',
    closed: 'open',
    'perhaps-closed': 'perhaps-open',
    gone: 'new',
  };

  /** What each state says of every connection that it has, asked one by one. */
  function verdicts({ workloads, policies, namespaces }: DeployedState): ReadonlyMap<string, string> {
    const oracle = compile({ pods: workloads, policies, namespaces });
    const key = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
      `${namespace}/${name}`;
    return new Map(
      workloads.flatMap((source) =>
        workloads
          .filter((one) => one !== source)
          .flatMap((target) =>
            target.ports.map(({ port, protocol }) => {
              const pair = { from: key(source), to: key(target), port, protocol };
              return [describeConnection(pair), oracle.evaluate(flowBetween(pair)).verdict] as const;
            }),
          ),
      ),
    );
  }

  test('whatever differs is told, and once', () => {
    fc.assert(
      fc.property(states, states, (before, after) => {
        const [was, is] = [verdicts(before), verdicts(after)];
        const expected = [...new Set([...was.keys(), ...is.keys()])].filter((pair) => {
          const [one = 'denied', other = 'denied'] = [was.get(pair), is.get(pair)];
          return one !== other;
        });
        const { connections, same } = compareManifests(before, after);
        const told = connections.map(describeConnection);
        expect(told.toSorted()).toEqual(expected.toSorted());
        for (const connection of connections) {
          const pair = describeConnection(connection);
          expect(connection.before?.verdict).toBe(was.get(pair));
          expect(connection.after?.verdict).toBe(is.get(pair));
        }
        const shared = [...was].filter(([pair, verdict]) => is.get(pair) === verdict);
        expect(same.allowed + same.denied + same.undefined).toBe(shared.length);
      }),
    );
  });

  test('the other way round, what opens closes', () => {
    fc.assert(
      fc.property(states, states, (before, after) => {
        const there = compareManifests(before, after);
        const back = compareManifests(after, before);
        const mirrored = there.connections.map(
          ({ before: was, after: is, portName: _, change, ...pair }) => ({
            ...pair,
            change: MIRRORED[change],
            ...(is === undefined ? {} : { before: is }),
            ...(was === undefined ? {} : { after: was }),
          }),
        );
        const byPair = (
          a: Parameters<typeof describeConnection>[0],
          b: Parameters<typeof describeConnection>[0],
        ): number => describeConnection(a).localeCompare(describeConnection(b));
        expect(back.connections.map(({ portName: _, ...rest }) => rest).toSorted(byPair)).toEqual(
          mirrored.toSorted(byPair),
        );
        expect(back.same).toEqual(there.same);
        expect(isRefused(back, 'open')).toBe(isRefused(there, 'closed'));
      }),
    );
  });

  test('of a state and itself nothing is told', () => {
    fc.assert(
      fc.property(states, (one) => {
        const { connections, workloads, namespaces, policies, outcome } = compareManifests(one, one);
        expect([connections, workloads, namespaces, policies]).toEqual([[], [], [], []]);
        expect(outcome).toBe('same');
      }),
    );
  });

  test('what comes out is what its schema says', () => {
    fc.assert(
      fc.property(states, states, (before, after) => {
        const comparison = compareManifests(before, after);
        expect(manifestComparisonSchema.parse(comparison)).toEqual(comparison);
      }),
    );
  });
});

test.each([
  ['opens', ['open', 'any']],
  ['closes', ['closed', 'any']],
  ['opens-and-closes', ['open', 'closed', 'any']],
  ['same', []],
] as const)('a change that %s is refused for %j', (outcome, refused) => {
  expect(FAILING_CHANGES.filter((failOn) => isRefused({ outcome }, failOn))).toEqual(refused);
  expect(isRefused({ outcome }, undefined)).toBe(false);
});
