/** The pipeline on a real sandbox, while somebody interferes. */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { ClusterProvider } from '../../src/cluster/cluster.ts';
import { sandboxCluster } from '../../src/cluster/sandbox.ts';
import { connectKube } from '../../src/kube/connect.ts';
import type { Kube } from '../../src/kube/kube.ts';
import type { ProgressEvent } from '../../src/progress.ts';
import type { RunRecord } from '../../src/record.ts';
import { type RunOptions, run } from '../../src/run/run.ts';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { throughProxy } from '../support/api-proxy.ts';
import { folderWith } from '../support/cli.ts';

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: pair
namespaces:
  pair: {}
pods:
  pair/a: {}
  pair/b: { ports: [80] }
  pair/c: { ports: [80], labels: { open: "yes" } }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: deny, namespace: pair }
    spec: { podSelector: { matchExpressions: [{ key: open, operator: DoesNotExist }] } }
reachable:
  - { from: pair/a, to: pair/c }
unreachable:
  - { from: pair/a, to: pair/b }
`;

const sandbox = (): ClusterProvider => sandboxCluster({ nodes: 2, enforcement: 'on' });

/** Lets a test act on the cluster while the run goes: the provider tells where it is, events tell when. */
async function runWith(
  provider: ClusterProvider,
  interfere?: (event: ProgressEvent, kube: Kube) => Promise<unknown> | undefined,
  options: Partial<RunOptions> & {
    readonly scenario?: string;
    readonly atTheEnd?: (kube: Kube) => Promise<void>;
  } = {},
): Promise<RunRecord> {
  using folder = folderWith({ 'pair.yaml': options.scenario ?? SCENARIO });
  const plans = await loadPlans(['pair.yaml'], { cwd: folder.path, only: [], tags: [] });
  let kube: Kube | undefined;
  const interference: Promise<unknown>[] = [];
  const { record } = await run(plans, {
    provider: {
      kind: provider.kind,
      async start(startOptions) {
        const cluster = await provider.start(startOptions);
        const own = await connectKube(cluster.kubeconfig);
        kube = own;
        return {
          ...cluster,
          async stop() {
            await options.atTheEnd?.(own);
            await cluster.stop();
          },
        };
      },
    },
    version: '0.0.0',
    clock: systemClock,
    signal: new AbortController().signal,
    withinMs: 2_000,
    confirm: 2,
    parallel: 1,
    keep: false,
    failFast: false,
    progress: (event) => {
      const action = kube === undefined ? undefined : interfere?.(event, kube);
      if (action !== undefined) interference.push(action);
    },
    save: () => undefined,
    ...options,
  });
  await Promise.all(interference);
  kube?.close();
  return record;
}

function verdicts(record: RunRecord): Record<string, string | undefined> {
  return Object.fromEntries(record.scenarios[0]?.checks.map(({ to, verdict }) => [to, verdict]) ?? []);
}

test('all is well where nobody interferes', async () => {
  const record = await runWith(sandbox());
  expect(verdicts(record)).toEqual({ 'pair/b': 'pass', 'pair/c': 'pass' });
  expect(record.run).toMatchObject({ exitCode: 0, incomplete: false });
  expect(record.scenarios[0]?.phases.map(({ name }) => name)).toEqual([
    'provision',
    'control',
    'apply',
    'settle',
    'observe',
    'cleanup',
  ]);
  expect(record.environment.nodes).toHaveLength(2);
});

test('a network that does not enforce policies leaks, and is never green', async () => {
  const record = await runWith(sandboxCluster({ nodes: 2, enforcement: 'off' }));
  expect(verdicts(record)).toEqual({ 'pair/b': 'leaked', 'pair/c': 'pass' });
  expect(record.run.exitCode).toBe(1);
});

describe('what the environment can do', () => {
  test('a namespace that exists already is refused, not adopted', async () => {
    const foreign = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'pair' } };
    let left: string | undefined;
    const record = await runWith(
      sandbox(),
      (event, kube) => (event.type === 'cluster-ready' ? kube.create(foreign) : undefined),
      {
        atTheEnd: async (kube) => {
          left = (await kube.get({ resource: 'namespaces', name: 'pair' }))?.metadata.name;
        },
      },
    );
    expect(record.scenarios[0]?.error?.code).toBe('namespace-foreign');
    expect(record.run.exitCode).toBe(3);
    expect(left).toBe('pair');
  });

  test('no permission for namespaces says what is missing', async () => {
    const forbidden = throughProxy(sandbox(), {
      answer: ({ method, path }) =>
        method === 'POST' && new URL(path, 'https://x').pathname === '/api/v1/namespaces'
          ? {
              status: 403,
              body: {
                kind: 'Status',
                apiVersion: 'v1',
                status: 'Failure',
                reason: 'Forbidden',
                code: 403,
                message:
                  'namespaces is forbidden: User "ci" cannot create resource "namespaces" in API group "" at the cluster scope',
              },
            }
          : undefined,
    });
    const record = await runWith(forbidden);
    expect(record.scenarios[0]?.error).toMatchObject({
      code: 'permission-denied',
      message: expect.stringContaining('cannot create resource "namespaces"'),
    });
    expect(record.run.exitCode).toBe(3);
  });

  test('a namespace that has no service account yet is waited for', async () => {
    let refusals = 0;
    const young = throughProxy(sandbox(), {
      answer({ method, path }) {
        if (method !== 'POST' || !path.includes('/pods?') || refusals === 4) return undefined;
        refusals += 1;
        return {
          status: 403,
          body: {
            kind: 'Status',
            apiVersion: 'v1',
            status: 'Failure',
            reason: 'Forbidden',
            code: 403,
            message:
              'pods "a" is forbidden: error looking up service account pair/default: serviceaccount "default" not found',
          },
        };
      },
    });
    expect((await runWith(young)).run.exitCode).toBe(0);
    expect(refusals).toBe(4);
  });

  test('a port in use inside a pod ends in the words of the agent', async () => {
    const twice = throughProxy(sandbox(), {
      change: ({ method, path, body }) =>
        method === 'POST' && path.includes('/pods')
          ? body.replaceAll(
              '{\\"port\\":80,\\"protocol\\":\\"TCP\\"}',
              '{\\"port\\":80,\\"protocol\\":\\"TCP\\"},{\\"port\\":80,\\"protocol\\":\\"TCP\\"}',
            )
          : body,
    });
    const record = await runWith(twice);
    expect(record.scenarios[0]?.error).toMatchObject({
      code: 'provision-failed',
      message: expect.stringContaining('cannot listen on 80/TCP'),
    });
    expect(record.run.exitCode).toBe(3);
  });

  test('a pod that dies before the policies ends the scenario', async () => {
    const record = await runWith(sandbox(), (event, kube) =>
      event.type === 'phase-started' && event.phase === 'control'
        ? kube.delete({ resource: 'pods', namespace: 'pair', name: 'b' }, { gracePeriodSeconds: 0 })
        : undefined,
    );
    expect(record.run.exitCode).not.toBe(0);
    expect(verdicts(record)['pair/b']).not.toBe('pass');
  });

  test.each(['pair/b', 'pair/a'])(
    'when %s dies while policies settle, what it is part of proves nothing',
    async (pod) => {
      const [namespace = '', name = ''] = pod.split('/');
      const record = await runWith(sandbox(), (event, kube) =>
        event.type === 'phase-started' && event.phase === 'settle'
          ? kube.delete({ resource: 'pods', namespace, name }, { gracePeriodSeconds: 0 })
          : undefined,
      );
      expect(verdicts(record)['pair/b']).toBe('inconclusive');
      expect(record.run.exitCode).toBe(4);
    },
  );
});

test('a pair that opens again while others settle is flapping', async () => {
  // What never settles by itself keeps the others waiting for their last look.
  const scenario = SCENARIO.replace(
    'unreachable:',
    '  - { from: pair/a, to: pair/late }\nunreachable:',
  ).replace('  pair/c:', '  pair/late: { ports: [80] }\n  pair/c:');
  const record = await runWith(
    sandbox(),
    (event, kube) =>
      event.type === 'round-ended' && event.phase === 'settle' && event.round === 3
        ? kube.delete({ resource: 'networkpolicies', namespace: 'pair', name: 'deny' })
        : undefined,
    { scenario, withinMs: 10_000 },
  );
  expect(verdicts(record)).toEqual({ 'pair/b': 'flapping', 'pair/c': 'pass', 'pair/late': 'pass' });
  expect(record.run.exitCode).toBe(1);
});

test('an interrupt cleans up and is told', async () => {
  const controller = new AbortController();
  let left: readonly unknown[] | undefined;
  const record = await runWith(
    sandbox(),
    (event) => {
      if (event.type === 'phase-started' && event.phase === 'settle') controller.abort();
      return undefined;
    },
    {
      signal: controller.signal,
      atTheEnd: async (kube) => {
        left = await kube.list({ resource: 'namespaces', labelSelector: 'podreach.dev/run' });
      },
    },
  );
  expect(record.run).toMatchObject({ incomplete: true, interruptedBy: 'SIGINT', exitCode: 130 });
  expect(record.scenarios[0]?.status).toBe('interrupted');
  expect(left).toEqual([]);
});
