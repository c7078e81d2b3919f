import { describe, expect, test } from 'vitest';
import type { CheckRecord } from '../../../src/record.ts';
import { plainText } from '../../../src/report/audit/phrase.ts';
import { claimsOf } from '../../../src/report/audit/statements.ts';
import { attempts, buildScenario, everyVerdict, meshScenario, unjudged } from '../fixture.ts';

const PODS = { 'shop/web': [], 'shop/api': [8080, 'metrics=9090'], 'shop/db': [5432], 'ops/prometheus': [] };
type Part = Partial<CheckRecord>;

const can = (from: string, port: number, part: Part = {}): Part => ({ from, to: 'shop/api', port, ...part });
const cannot = (from: string, port: number): Part => can(from, port, { expected: 'unreachable' });

function sentences(...checks: Part[]): string[] {
  return claimsOf(buildScenario('x', { pods: PODS, checks })).statements.map(({ sentence }) =>
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
    const [first] = claimsOf(scenario).statements;
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
    const statements = scenario === undefined ? [] : claimsOf(scenario).statements;
    expect(statements.map(({ standing, deviations }) => [standing, ...deviations.map(plainText)])).toEqual([
      [
        'not proven',
        'for prometheus in monitoring and api in shop on TCP 8080: nothing was listening on the destination port',
      ],
      [
        'contradicted',
        'api in shop could not reach db on TCP 5432 although it must',
        'web in shop reached db on TCP 5432 although it must not',
      ],
      ['confirmed'],
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
    ]);
  });

  test('is open where the run did not come to it', () => {
    const scenario = unjudged(
      buildScenario('x', { pods: PODS, checks: [can('shop/web', 8080, { attempts: [] })] }),
    );
    const [statement] = claimsOf(scenario).statements;
    expect(statement?.standing).toBe('not proven');
    expect(statement?.deviations.map(plainText)).toEqual([
      'for web in shop and api on TCP 8080: the run ended before it was decided',
    ]);
    expect(statement && plainText(statement.evidence)).toBe('None: nothing was tried.');
  });
});

test('the evidence tells how many, how often, when, and what was there before', () => {
  const late = [...attempts('control', ['connected']), ...attempts('settle', ['timeout'], { atMs: 61_000 })];
  const scenario = buildScenario('x', {
    pods: PODS,
    checks: [can('shop/web', 8080, { attempts: late }), can('shop/db', 8080)],
  });
  const [statement] = claimsOf(scenario).statements;
  expect(statement && plainText(statement.evidence)).toBe(
    '2 pairs, 5 connections in all between 02:00:00 and 02:01:01 UTC. Each could connect before any policy was applied, and was tried 1 to 2 times with the policies in force.',
  );
});

test('gaps are all pairs of pods that no check looks at, but for a pod and itself', () => {
  const { gaps } = claimsOf(buildScenario('x', { pods: PODS, checks: [can('shop/web', 8080)] }));
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
