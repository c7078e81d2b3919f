import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../../../src/record/schema.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import { buildRecord, buildScenario } from '../fixture.ts';

const SCENARIO = buildScenario('shop', {
  pods: { 'shop/web': [], 'shop/db': [5432] },
  checks: [{ from: 'shop/web', to: 'shop/db', verdict: 'broken' }],
});

function lineOf(record: RunRecord): string {
  const [check] = viewOf(record).checks;
  if (check === undefined) throw new Error('no check');
  return check.reproduce().text;
}

type Options = Partial<RunRecord['run']['options']>;
const run = (options: Options) =>
  ({ options: { confirm: 2, keep: false, failFast: false, ...options } }) as const;
const CHECK = "'shop/web → shop/db:5432/TCP'";

describe('a run whose pods are gone', () => {
  test('names the command that runs this one check again', () => {
    expect(lineOf(buildRecord([SCENARIO]))).toBe(`podreach run scenarios/shop.yaml --check ${CHECK} --keep`);
  });

  test.each<[string, Options, Partial<RunRecord['environment']>, string]>([
    [
      'with the options that it was made with',
      { again: ['--nodes', '3', '--within', '1m'] },
      {},
      '--nodes 3 --within 1m',
    ],
    [
      'on the same context, whichever is current by then',
      { again: ['--cluster', 'context', '--toleration', '*'] },
      { cluster: 'context', clusterName: 'staging' },
      "--cluster context=staging --toleration '*'",
    ],
    [
      'on the same cluster, from a record that holds no options',
      {},
      { cluster: 'kind', clusterName: 'ci' },
      '--cluster kind=ci',
    ],
  ])('%s', (_, options, environment, expected) => {
    expect(lineOf(buildRecord([SCENARIO], run(options), environment))).toBe(
      `podreach run scenarios/shop.yaml --check ${CHECK} ${expected} --keep`,
    );
  });

  test('is watched again where it was watched, with the same command', () => {
    const watch: RunRecord['watch'] = {
      startedAt: '2026-11-20T02:00:10.000Z',
      everyMs: 250,
      budgets: { maxLeakMs: 0, maxUnknown: 0.1 },
      attempts: { due: 4, made: 4, collected: 4 },
      longestStallMs: 0,
      incidents: [],
      command: { line: ['sh', '-c', 'helm upgrade x'], startedMs: 50 },
    };
    const record = buildRecord([SCENARIO], run({ again: ['--nodes', '3', '--every', '250ms'] }));
    expect(lineOf({ ...record, watch })).toBe(
      `podreach monitor scenarios/shop.yaml --check ${CHECK} --nodes 3 --every 250ms --keep -- sh -c 'helm upgrade x'`,
    );
  });

  test('is given again what came in at standard input', () => {
    const location = { file: '<stdin>', line: 1, column: 1 };
    expect(lineOf(buildRecord([{ ...SCENARIO, location }]))).toBe(`podreach run - --check ${CHECK} --keep`);
  });

  test('names the scenario too where its file holds several', () => {
    const other = { ...SCENARIO, name: 'other' };
    expect(lineOf(buildRecord([SCENARIO, other]))).toBe(
      `podreach run scenarios/shop.yaml --only shop --check ${CHECK} --keep`,
    );
  });

  test('does so after an interruption as well, which takes away what was to be kept', () => {
    const record = buildRecord([SCENARIO], { ...run({ keep: true }), interruptedBy: 'SIGINT' });
    expect(lineOf(record)).toContain('podreach run ');
  });
});

describe('a run that keeps its pods', () => {
  const kept = run({ keep: true });
  test('names the command that connects from the same pod', () => {
    const kubectl = ['--kubeconfig', '/tmp/podreach-x/kubeconfig'];
    expect(lineOf(buildRecord([SCENARIO], kept, { kubectl }))).toBe(
      'kubectl --kubeconfig /tmp/podreach-x/kubeconfig exec -n shop web -c probe -- node /tmp/podreach-agent.mjs connect 10.64.0.11 5432 TCP',
    );
  });

  test('names the container of a host that connects', () => {
    const [first] = SCENARIO.steps;
    const check = {
      ...first?.checks[0],
      from: 'host/bank',
    } as (typeof SCENARIO.steps)[number]['checks'][number];
    const hosts = [{ name: 'bank', ports: [], agent: { container: 'podreach-host-r1-1-bank' } }];
    const scenario = { ...SCENARIO, hosts, steps: [{ ...first, checks: [check] }] } as typeof SCENARIO;
    expect(lineOf(buildRecord([scenario], kept))).toBe(
      'docker exec podreach-host-r1-1-bank node /tmp/podreach-agent.mjs connect 10.64.0.11 5432 TCP',
    );
  });

  test('goes, by ports of nodes, to the node through which somebody was not heard', () => {
    const ports = [{ port: 80, protocol: 'TCP' as const, targetPort: 5432, nodePort: 30080 }];
    const nodes = ['172.18.0.2', '172.18.0.3'].map((address, index) => ({ name: `n${index + 1}`, address }));
    const lineFor = (silent: readonly string[]): string => {
      const [first] = SCENARIO.steps;
      const shown = {
        to: 'service/shop/db',
        port: 80,
        path: 'nodePort' as const,
        nodes,
        observed: [
          {
            outcome: 'partial' as const,
            backends: { answered: [], silent: [...silent] },
            count: 1,
            first: { phase: 'observe' as const, round: 1, atMs: 1 },
          },
        ],
      };
      const steps = [{ ...first, checks: (first?.checks ?? []).map((check) => ({ ...check, ...shown })) }];
      const services = [{ namespace: 'shop', name: 'db', selector: {}, ports, type: 'NodePort' as const }];
      return lineOf(buildRecord([{ ...SCENARIO, steps, services }], kept));
    };
    expect(lineFor(['shop/db via n2'])).toMatch(/ connect 172\.18\.0\.3 30080 TCP$/);
    expect(lineFor([])).toMatch(/ connect 172\.18\.0\.2 30080 TCP$/);
  });

  test('says what is not known', () => {
    const pods = SCENARIO.pods.map(({ ip: _, ...pod }) => pod);
    expect(lineOf(buildRecord([{ ...SCENARIO, pods }], kept))).toBe(
      'not possible: the address of shop/db is not known',
    );
  });
});
