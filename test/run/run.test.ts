/** The pipeline on a real sandbox, while somebody interferes. */
import { describe, expect, test, vi } from 'vitest';
import { sandboxCluster } from '../../src/cluster/sandbox.ts';
import type { Kube } from '../../src/kube/kube.ts';
import { checksOf } from '../../src/record/schema.ts';
import { failure, throughProxy } from '../support/api-proxy.ts';
import { NetworkFaults } from '../support/network-faults.ts';
import { asContext } from '../support/real-cluster.ts';
import { oneNode, runSideBySide, runWith, SCENARIO, sandbox, verdicts, WITH_LATE_PAIR } from './run-with.ts';

test.concurrent('all is well where nobody interferes', async () => {
  const record = await runWith(sandbox());
  expect(verdicts(record)).toEqual({ 'pair/b': 'pass', 'pair/c': 'pass' });
  expect(record.run).toMatchObject({ exitCode: 0, incomplete: false });
  expect(record.scenarios[0]?.phases.map(({ name }) => name)).toEqual([
    'provision',
    'control',
    'apply',
    'settle',
    'observe',
    'closing',
  ]);
  expect(record.environment.nodes).toHaveLength(2);
});

test.concurrent('a network that does not enforce policies is never green', async () => {
  const cluster = sandboxCluster({ nodes: 2, enforcement: 'off' });
  const record = await runWith(cluster, undefined, { withinMs: 2_000 });
  expect(record.scenarios[0]?.error).toMatchObject({
    code: 'not-enforcing',
    message: 'no node has taken up the policies for 2 s (node-1, node-2)',
  });
  expect(verdicts(record)).toEqual({ 'pair/b': 'inconclusive', 'pair/c': 'inconclusive' });
  expect(record.run.exitCode).toBe(3);
});

describe.concurrent('what the environment can do', () => {
  test('a namespace that exists already is refused, not adopted', async () => {
    let isThere = false;
    const taken = throughProxy(oneNode(), {
      before: ({ method, path }) => {
        if (isThere || method !== 'POST' || !path.startsWith('/api/v1/namespaces')) return undefined;
        isThere = true;
        const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'pair' } };
        return { path: '/api/v1/namespaces', body };
      },
    });
    let left: string | undefined;
    const record = await runWith(taken, undefined, {
      atTheEnd: async (kube) => {
        left = (await kube.get({ resource: 'namespaces', name: 'pair' }))?.metadata.name;
      },
    });
    expect(record.scenarios[0]?.error?.code).toBe('namespace-foreign');
    expect(record.run.exitCode).toBe(3);
    expect(left).toBe('pair');
  });

  test('no permission for namespaces says what is missing', async () => {
    const forbidden = throughProxy(oneNode(), {
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
    const young = throughProxy(oneNode(), {
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
    const twice = throughProxy(oneNode(), {
      change: ({ method, path, body }) =>
        method === 'POST' && path.includes('/pods')
          ? body.replaceAll(
              '{\\"port\\":80,\\"protocol\\":\\"TCP\\"}',
              '{\\"port\\":80,\\"protocol\\":\\"TCP\\"},{\\"port\\":80,\\"protocol\\":\\"TCP\\"}',
            )
          : body,
      // A pod runs for a moment before its agent gives up. Here nobody looks in that moment.
      changeAnswer: ({ method, path, body }) =>
        method === 'GET' && path.includes('/pods')
          ? body.replaceAll('"phase":"Running"', '"phase":"Pending"')
          : body,
    });
    const record = await runWith(twice);
    expect(record.scenarios[0]?.error).toMatchObject({
      code: 'provision-failed',
      message: expect.stringContaining('cannot listen on 80/TCP'),
    });
    expect(record.run.exitCode).toBe(3);
  });

  const podAt = (pod: string) => {
    const [namespace = '', name = ''] = pod.split('/');
    return { resource: 'pods', namespace, name } as const;
  };

  async function takeAway(kube: Kube, pod: string): Promise<void> {
    await kube.delete(podAt(pod));
    await vi.waitFor(async () => expect(await kube.get(podAt(pod))).toBeUndefined(), { timeout: 60_000 });
  }

  async function kill(kube: Kube, pod: string): Promise<void> {
    await (await NetworkFaults.of(kube)).kill(pod);
    await vi.waitFor(async () => expect(await phaseOf(kube, pod)).toBe('Failed'), { timeout: 60_000 });
  }

  /** Another pod of the same name: it has another address. */
  async function replace(kube: Kube, pod: string): Promise<void> {
    const old = await kube.get(podAt(pod));
    if (old === undefined) throw new Error(`${pod} is not there`);
    await takeAway(kube, pod);
    const { namespace = '', name, labels = {} } = old.metadata;
    await kube.create({ ...old, metadata: { name, namespace, labels }, status: {} });
    await vi.waitFor(async () => expect(await phaseOf(kube, pod)).toBe('Running'), { timeout: 60_000 });
  }

  async function phaseOf(kube: Kube, pod: string): Promise<unknown> {
    const status = (await kube.get(podAt(pod)))?.['status'];
    return status instanceof Object && 'phase' in status ? status.phase : undefined;
  }

  test('a pod that dies before the policies ends the scenario', async () => {
    const { record } = await runSideBySide({
      pair: { at: 'control', act: (kube) => takeAway(kube, 'pair/b') },
    });
    expect(record.scenarios[0]?.error).toMatchObject({
      code: 'provision-failed',
      message: 'pod pair/b cannot run: somebody has deleted it',
    });
    expect(record.run.exitCode).toBe(3);
  });

  test('what a pod is part of that is struck while policies settle proves nothing', async () => {
    const blow = (pod: 'a' | 'b', strike: (kube: Kube, pod: string) => Promise<void>) =>
      ({ at: 'settle', act: (kube: Kube, name: string) => strike(kube, `${name}/${pod}`) }) as const;
    const { record } = await runSideBySide({
      'source-deleted': blow('a', takeAway),
      'destination-deleted': blow('b', takeAway),
      'source-killed': blow('a', kill),
      'destination-killed': blow('b', kill),
      'source-replaced': blow('a', replace),
      'destination-replaced': blow('b', replace),
    });
    const cut = record.scenarios.flatMap((scenario) =>
      checksOf(scenario).filter(({ to }) => to.endsWith('/b')),
    );
    expect(cut.map(({ to, verdict, reason }) => [to, verdict, reason])).toEqual(
      // An address that is free may be another's by now.
      (
        [
          ['source-deleted', /: the pod was deleted$/],
          ['destination-deleted', /(: the pod was deleted$|^something else answered, and nobody knows )/],
          ['source-killed', /^the probe could not try: /],
          [
            'destination-killed',
            /^(the destination could not be asked whether its port was open|something else answered, and nobody knows that the destination was there): /,
          ],
          ['source-replaced', /: the pod was replaced$/],
          ['destination-replaced', /: the pod was replaced$/],
        ] as const
      ).map(([name, reason]) => [`${name}/b`, 'inconclusive', expect.stringMatching(reason)]),
    );
    expect(record.run.exitCode).toBe(4);
  });
});

test.concurrent('a pair that opens again while others settle is flapping', async () => {
  const record = await runWith(
    oneNode(),
    (event, kube) =>
      event.type === 'round-ended' && event.phase === 'settle' && event.round === 3
        ? kube.delete({ resource: 'networkpolicies', namespace: 'pair', name: 'deny' })
        : undefined,
    { scenario: WITH_LATE_PAIR, withinMs: 10_000, patient: true },
  );
  expect(verdicts(record)).toEqual({ 'pair/b': 'flapping', 'pair/c': 'pass', 'pair/late': 'pass' });
  expect(record.run.exitCode).toBe(1);
});

test.concurrent('policies that are to stay are not taken away to see whether it was they that cut', async () => {
  const record = await runWith(oneNode(), undefined, { keep: true });
  expect(record.scenarios[0]).toMatchObject({ closingControl: 'left-out' });
  const phases = record.scenarios[0]?.steps[0]?.checks.flatMap(
    ({ control = [], observed = [], closing = [] }) =>
      [...control, ...observed, ...closing].map(({ first }) => first.phase),
  );
  expect(phases).not.toContain('closing');
  expect(verdicts(record)).toEqual({ 'pair/b': 'pass', 'pair/c': 'pass' });
});

describe.concurrent('what a scenario leaves', () => {
  const second = SCENARIO.replaceAll('pair', 'other');
  const namesLeft = async (kube: Kube): Promise<string[]> => {
    const left = await kube.list({ resource: 'namespaces', labelSelector: 'podreach.dev/run' });
    return left.map(({ metadata }) => metadata.name);
  };

  test('is cleaned up beside the next, where it would outlive the run', async () => {
    const left: string[] = [];
    const atTheEnd = async (kube: Kube): Promise<void> => void left.push(...(await namesLeft(kube)));
    const record = await runWith(asContext(oneNode()), undefined, { second, atTheEnd });
    const [one, other] = record.scenarios;
    const cleaning = one?.phases.find(({ name }) => name === 'cleanup');
    const cleanedAt = Date.parse(one?.startedAt ?? '') + (cleaning?.atMs ?? 0) + (cleaning?.durationMs ?? 0);
    expect(Date.parse(other?.startedAt ?? '')).toBeLessThan(cleanedAt);
    expect(record.run.exitCode).toBe(0);
    expect(left).toEqual([]);
  });

  test('is left to the end of a cluster that ends with the run, but for what is in the way of others', async () => {
    const left: string[] = [];
    const atTheEnd = async (kube: Kube): Promise<void> => void left.push(...(await namesLeft(kube)));
    const same = SCENARIO.replace('name: pair', 'name: again');
    const record = await runWith(oneNode(), undefined, { second: same, atTheEnd });
    expect(record.run.exitCode).toBe(0);
    expect(record.scenarios.map(({ phases }) => phases.at(-1)?.name)).toEqual(['cleanup', 'closing']);
    expect(left).toContain('pair');
  });
});

test.concurrent('an interrupt cleans up and is told', async () => {
  const controller = new AbortController();
  let left: readonly unknown[] | undefined;
  const record = await runWith(
    asContext(oneNode()),
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

test.concurrent('an interrupt whose clean-up fails says what to do, and does not clean up twice', async () => {
  const controller = new AbortController();
  let deletions = 0;
  const stubborn = throughProxy(oneNode(), {
    answer({ method, path }) {
      if (method !== 'DELETE' || !path.startsWith('/api/v1/namespaces/pair')) return undefined;
      if (!path.includes('/pods/')) deletions += 1;
      return failure(403, 'Forbidden', 'deletions are frozen until Monday');
    },
  });
  const record = await runWith(
    asContext(stubborn),
    (event) => {
      if (event.type === 'phase-started' && event.phase === 'settle') controller.abort();
      return undefined;
    },
    { signal: controller.signal },
  );
  expect(record.run).toMatchObject({
    interruptedBy: 'SIGINT',
    exitCode: 130,
    error: {
      message: expect.stringMatching(
        /^cleaning up failed: cannot delete namespace pair: deletions are frozen/,
      ),
      hint: `Finish with: podreach clean --run ${record.run.id} --cluster context=test`,
    },
  });
  expect(deletions).toBe(1);
});

test.concurrent('an interrupt while a scenario is cleaned up takes over at once', async () => {
  const controller = new AbortController();
  let deletions = 0;
  const slow = throughProxy(oneNode(), {
    answer({ method, path }) {
      if (method !== 'DELETE' || !path.startsWith('/api/v1/namespaces/pair')) return undefined;
      deletions += 1;
      if (deletions > 1) return undefined;
      // Taken, and never carried out.
      controller.abort();
      return { status: 200, body: { kind: 'Status', apiVersion: 'v1', status: 'Success' } };
    },
  });
  let left: readonly unknown[] | undefined;
  const record = await runWith(asContext(slow), undefined, {
    signal: controller.signal,
    atTheEnd: async (kube) => {
      left = await kube.list({ resource: 'namespaces', labelSelector: 'podreach.dev/run' });
    },
  });
  expect(record.run).toMatchObject({ interruptedBy: 'SIGINT', exitCode: 130 });
  expect(record.run.error).toBeUndefined();
  expect(left).toEqual([]);
});
