import { describe, expect, test } from 'vitest';
import { plainText } from '../../../../src/report/formats/audit/phrase.ts';
import { claimsOf } from '../../../../src/report/formats/audit/statements.ts';
import {
  attempts,
  buildScenario,
  type CheckParts,
  everyVerdict,
  meshScenario,
  unjudged,
  viewScenario,
} from '../../fixture.ts';

const PODS = { 'shop/web': [], 'shop/api': [8080, 'metrics=9090'], 'shop/db': [5432], 'ops/prometheus': [] };
type Part = CheckParts;

const can = (from: string, port: number, part: Part = {}): Part => ({ from, to: 'shop/api', port, ...part });
const cannot = (from: string, port: number): Part => can(from, port, { expected: 'unreachable' });

function sentences(...checks: Part[]): string[] {
  return claimsOf(viewScenario(buildScenario('x', { pods: PODS, checks }))).statements.map(({ sentence }) =>
    plainText(sentence),
  );
}

describe('a statement', () => {
  test.each<[string, Part[], string]>([
    [
      'that covers everybody says so',
      [can('shop/web', 8080), cannot('shop/db', 8080), cannot('ops/prometheus', 8080)],
      'Pods of web in shop can reach api on TCP 8080; nobody else can.',
    ],
    [
      'that leaves some out names those it means',
      [can('shop/web', 8080), cannot('ops/prometheus', 8080)],
      'Pods of web in shop can reach api on TCP 8080; pods of prometheus in ops cannot.',
    ],
    [
      'about those who can, and nobody else',
      [can('shop/web', 8080), can('ops/prometheus', 8080)],
      'Pods of web in shop and pods of prometheus in ops can reach api in shop on TCP 8080.',
    ],
    [
      'about everybody',
      [can('shop/web', 8080), can('shop/db', 8080), can('ops/prometheus', 8080)],
      'Everybody can reach api in shop on TCP 8080.',
    ],
    [
      'about nobody',
      [cannot('shop/web', 8080), cannot('shop/db', 8080), cannot('ops/prometheus', 8080)],
      'Nobody can reach api in shop on TCP 8080.',
    ],
    [
      'about those who cannot',
      [cannot('shop/web', 8080), cannot('shop/db', 8080)],
      'Pods of web and db in shop cannot reach api on TCP 8080.',
    ],
  ])('%s', (_, checks, expected) => {
    expect(sentences(...checks)).toEqual([expected]);
  });

  test.each<[string, string[], string]>([
    [
      'of a whole namespace',
      ['shop/web', 'shop/api', 'shop/db'],
      'No pod in shop can reach prometheus in ops on TCP 9090.',
    ],
    [
      'of a whole namespace and some of another',
      ['shop/web', 'shop/api', 'shop/db', 'ops/a'],
      'No pod in shop can reach prometheus in ops on TCP 9090, and pods of a in ops cannot either.',
    ],
    [
      'of two whole namespaces',
      ['shop/web', 'shop/api', 'shop/db', 'dev/x', 'dev/y'],
      'No pod in shop or dev can reach prometheus in ops on TCP 9090.',
    ],
  ])('never says that all cannot: %s', (_, sources, expected) => {
    const pods = {
      ...{ 'shop/web': [], 'shop/api': [], 'shop/db': [] },
      ...{ 'ops/prometheus': [9090], 'ops/a': [], 'ops/b': [], 'dev/x': [], 'dev/y': [] },
    };
    const checks = sources.map((from) => ({
      from,
      to: 'ops/prometheus',
      port: 9090,
      expected: 'unreachable' as const,
    }));
    const told = (more: Part[]): string[] =>
      claimsOf(viewScenario(buildScenario('x', { pods, checks: [...checks, ...more] }))).statements.map(
        ({ sentence }) => plainText(sentence),
      );
    expect(told([])).toEqual([expected]);
    const [both] = told([{ from: 'ops/b', to: 'ops/prometheus', port: 9090 }]);
    expect(both).toMatch(
      /^Pods of b in ops can reach prometheus on TCP 9090; no pod in shop (or dev )?can[,.]/,
    );
  });

  test('is one for all ports of a pod of which the same is said', () => {
    const both = [8080, 9090].flatMap((port) => [
      can('shop/web', port, port === 9090 ? { portName: 'metrics' } : {}),
      cannot('shop/db', port),
      cannot('ops/prometheus', port),
    ]);
    expect(sentences(...both)).toEqual([
      'Pods of web in shop can reach api on TCP 8080 and TCP 9090 (metrics); nobody else can.',
    ]);
  });

  test('does not list a hundred names', () => {
    const scenario = meshScenario(100, (from) => ({ expected: from < 50 ? 'reachable' : 'unreachable' }));
    const [first] = claimsOf(viewScenario(scenario)).statements;
    // Who can is what decides: the names are beside it.
    expect(first?.inFull.map(plainText)).toEqual([
      expect.stringMatching(/^Who can, by name: pods of service-0, service-10, service-20, .*\.$/),
    ]);
    for (const from of Array.from({ length: 50 }, (_, index) => index).filter((index) => index !== 1))
      expect(plainText(first?.inFull[0] ?? [])).toMatch(new RegExp(`\\bservice-${from}\\b`));
    expect(first && plainText(first.sentence)).toBe(
      '5 pods in team-0, 5 pods in team-2, 5 pods in team-3, 5 pods in team-4, 5 pods in team-5, 5 pods in team-6, 5 pods in team-7, 5 pods in team-8, 5 pods in team-9 and 4 pods in team-1 can reach service-1 in team-1 on TCP 8080; nobody else can.',
    );
  });

  test('calls all pods of a namespace that', () => {
    expect(
      sentences(
        { from: 'shop/web', to: 'ops/prometheus', port: 9090 },
        { from: 'shop/api', to: 'ops/prometheus', port: 9090 },
        { from: 'shop/db', to: 'ops/prometheus', port: 9090, expected: 'unreachable' },
      )[0],
    ).toBe('Pods of web and api in shop can reach prometheus in ops on TCP 9090; nobody else can.');
    expect(
      sentences(
        ...['shop/web', 'shop/api', 'shop/db'].map((from) => ({
          from,
          to: 'ops/prometheus',
          port: 9090,
          expected: 'unreachable' as const,
        })),
        { from: 'ops/prometheus', to: 'shop/db' },
      ),
    ).toEqual([
      'Nobody can reach prometheus in ops on TCP 9090.',
      'Pods of prometheus in ops can reach db in shop on TCP 5432.',
    ]);
  });
});

describe('whether it is so', () => {
  test('is told by all of its checks, the worst of them first', () => {
    const [, scenario] = everyVerdict().scenarios;
    const statements = scenario === undefined ? [] : claimsOf(viewScenario(scenario)).statements;
    expect(statements.map(({ standing, deviations }) => [standing, ...deviations.map(plainText)])).toEqual([
      [
        'not proven',
        'for prometheus in monitoring and api in shop on TCP 8080: nothing was listening on the destination port',
      ],
      [
        'contradicted',
        'api in shop could not reach db on TCP 5432 although it must',
        'web in shop reached db on TCP 5432 although it must not',
        'for batch in shop and db on TCP 5432: node-3 has not taken up policies for 10 s',
      ],
      [
        'contradicted',
        'for web in shop and db on UDP 5432: it was cut by something else, such as 1 Calico GlobalNetworkPolicy object (baseline): the policies of the scenario allow it',
        'api in shop could not reach db on UDP 5432 although it must',
      ],
      [
        'contradicted',
        'prometheus in monitoring could reach api in shop on TCP 9090 (metrics) at one time and not at another',
      ],
      [
        'not proven',
        ...['api', 'db'].map(
          (pod) =>
            `for ${pod} in shop and prometheus in monitoring on TCP 9090: it could not connect even before any policy (timeout 2 of 2), so there was nothing to block`,
        ),
      ],
      ['confirmed'],
    ]);
  });

  test('is open where the run did not come to it', () => {
    const scenario = unjudged(
      buildScenario('x', { pods: PODS, checks: [can('shop/web', 8080, { attempts: [] })] }),
    );
    const [statement] = claimsOf(viewScenario(scenario)).statements;
    expect(statement?.standing).toBe('not proven');
    expect(statement?.deviations.map(plainText)).toEqual([
      'for web in shop and api on TCP 8080: the run ended before it was decided',
    ]);
    expect(statement && plainText(statement.evidence)).toBe('None: nothing was tried.');
  });
});

describe('the evidence', () => {
  const evidenceOf = (...checks: Part[]) => {
    const [statement] = claimsOf(viewScenario(buildScenario('x', { pods: PODS, checks }))).statements;
    return statement && plainText(statement.evidence);
  };
  const cutLate: Part = {
    attempts: [
      ...attempts('control', ['connected']),
      ...attempts('settle', ['connected', 'connected', 'connected', 'connected', 'timeout', 'timeout']),
      ...attempts('closing', ['connected']),
    ],
  };

  test('tells how many, how often, when, and what was there before', () => {
    const later = [
      ...attempts('control', ['connected']),
      ...attempts('settle', ['connected'], { atMs: 61_000 }),
    ];
    expect(evidenceOf(can('shop/web', 8080, { attempts: later }), can('shop/db', 8080))).toBe(
      '2 pairs, 5 attempts in all between 02:00:00 and 02:01:01 UTC. Each could connect before any policy was applied. Each was tried 1 to 2 times with the policies applied; 3 of 3 attempts showed what is stated.',
    );
  });

  test('of a pass never takes connections for cuts, nor attempts without the policies for any with them', () => {
    expect(evidenceOf({ ...cannot('shop/web', 8080), ...cutLate })).toBe(
      '1 pair, 8 attempts in all between 02:00:00 and 02:00:05 UTC. It could connect before any policy was applied. It was cut off in 2 of 6 attempts with the policies applied; 4 connections before that, while the policies were taking effect. The cut is proven. When it was seen last, the port was open from inside its own pod. The nodes of both pods had just reached them (at 02:00:04 UTC). The way between the nodes was open. It connected again when the policies had been taken away.',
    );
  });

  test('of several pairs counts what showed what is stated, and names those that showed something else too', () => {
    const checks = [
      { ...cannot('shop/web', 8080), ...cutLate },
      cannot('shop/db', 8080),
      can('ops/prometheus', 8080),
    ];
    expect(evidenceOf(...checks)).toBe(
      '3 pairs, 15 attempts in all between 02:00:00 and 02:00:05 UTC. Each could connect before any policy was applied. Each was tried 2 to 6 times with the policies applied; 6 of 10 attempts showed what is stated. The cut of 2 pairs is proven. When it was seen last, the port was open from inside its own pod. The nodes of both pods had just reached them (between 02:00:02 and 02:00:04 UTC). The way between the nodes was open. 2 of 2 connected again when the policies had been taken away.',
    );
    const [statement] = claimsOf(viewScenario(buildScenario('x', { pods: PODS, checks }))).statements;
    expect(statement?.contrary.map(plainText)).toEqual([
      'web in shop to api on TCP 8080: cut off in 2 of 6 attempts with the policies applied; 4 connections before that, while the policies were taking effect',
    ]);
  });

  test('says where the policies were not taken away, and where a pair did not connect without them', () => {
    const kept = buildScenario(
      'x',
      { pods: PODS, checks: [cannot('shop/web', 8080)] },
      { closingControl: 'left-out' },
    );
    const [statement] = claimsOf(viewScenario(kept)).statements;
    expect(statement && plainText(statement.evidence)).toMatch(
      / It was not tried again without the policies, because the run keeps them\.$/,
    );
    expect(
      evidenceOf({
        ...cannot('shop/web', 8080),
        verdict: 'inconclusive',
        attempts: [
          ...attempts('control', ['connected']),
          ...attempts('settle', ['timeout', 'timeout']),
          ...attempts('closing', ['timeout', 'timeout']),
        ],
      }),
    ).toMatch(/ It did not connect when the policies had been taken away either\.$/);
  });

  test('of what others are to cut asks for no connection without the policies', () => {
    const cutByOthers: Part = {
      ...cannot('shop/web', 8080),
      cutBy: 'others',
      because: 'the mesh',
      attempts: [...attempts('control', ['timeout']), ...attempts('settle', ['timeout', 'timeout'])],
    };
    expect(evidenceOf(cutByOthers)).toMatch(
      /UTC\. It need not connect without the policies: something else is to cut it\. It was cut off in 2 of 2 attempts .* The way between the nodes was open\.$/,
    );
    expect(evidenceOf(cutByOthers, cannot('shop/db', 8080))).toContain(
      'UTC. 1 of them need not connect without the policies: something else is to cut them. Each other could connect before any policy was applied. Each was tried 2 times',
    );
  });

  test('takes a lost packet of a pair that connects for no cut', () => {
    expect(
      evidenceOf(
        can('shop/web', 8080, {
          attempts: [
            ...attempts('control', ['connected']),
            ...attempts('settle', ['connected', 'timeout', 'connected', 'connected']),
          ],
        }),
      ),
    ).toMatch(
      /applied\. It connected in 3 of 4 attempts with the policies applied; 1 timeout in between, too few in a row to count\.$/,
    );
  });
});

test('what is as stated, and not because of the policies, is told with its statement', () => {
  const [statement] = claimsOf(
    viewScenario(
      buildScenario('x', {
        pods: PODS,
        checks: [
          can('shop/web', 8080, { predicted: { verdict: 'denied', grounds: 0 }, disagreement: 'outside' }),
          { ...cannot('shop/db', 8080), cutBy: 'others', because: 'the mesh' },
        ],
      }),
    ),
  ).statements;
  expect(statement?.standing).toBe('confirmed');
  expect(statement?.reservation && plainText(statement.reservation)).toBe(
    'That pods of db in shop cannot is not the doing of these policies: the scenario says that something else cuts it (the mesh). What cuts it was not tested. That pods of web in shop can is not because of these policies: they do not let it through. Something else does, such as a policy of the whole cluster.',
  );
});

test('gaps are all pairs of pods that no check looks at, but for a pod and itself', () => {
  const { gaps } = claimsOf(
    viewScenario(buildScenario('x', { pods: PODS, checks: [can('shop/web', 8080)] })),
  );
  expect(gaps).toEqual([
    {
      sources: ['shop/db', 'ops/prometheus'],
      to: 'shop/api',
      ports: [{ port: 8080, protocol: 'TCP' }],
    },
    {
      sources: ['shop/web', 'shop/db', 'ops/prometheus'],
      to: 'shop/api',
      ports: [{ port: 9090, protocol: 'TCP', portName: 'metrics' }],
    },
    {
      sources: ['shop/web', 'shop/api', 'ops/prometheus'],
      to: 'shop/db',
      ports: [{ port: 5432, protocol: 'TCP' }],
    },
  ]);
});
