/** Policies of other kinds on a cluster that serves them: a proxy keeps them, and nothing enforces them. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Interruption } from '../../src/errors.ts';
import { failure, throughProxy } from '../support/api-proxy.ts';
import { folderWith, runCli } from '../support/cli.ts';
import { CILIUM_POLICY, type ForeignStore, foreignStore, GLOBAL_POLICY } from '../support/foreign-kinds.ts';
import { asContext } from '../support/real-cluster.ts';
import { oneNode, runWith, SCENARIO, verdicts } from './run-with.ts';

const L7 = `  - apiVersion: cilium.io/v2
    kind: CiliumNetworkPolicy
    metadata: { name: l7, namespace: pair, labels: { team: a } }
    spec: { endpointSelector: {}, ingress: [{ fromEndpoints: [{}] }] }
`;
const GLOBAL = `  - apiVersion: projectcalico.org/v3
    kind: GlobalNetworkPolicy
    metadata: { name: deny-all }
    spec: { order: 1 }
`;
const WITH_BOTH = SCENARIO.replace('policies:\n', `policies:\n${L7}${GLOBAL}`);
const KEYS = {
  l7: '/apis/cilium.io/v2/namespaces/pair/ciliumnetworkpolicies/l7',
  global: '/apis/projectcalico.org/v3/globalnetworkpolicies/deny-all',
};

/** A run, and what it asked the cluster to change. */
async function changesOf(store: ForeignStore) {
  const calls: string[] = [];
  const provider = throughProxy(oneNode(), {
    answer: store.answer,
    see: ({ method, path }) => {
      if (method !== 'GET') calls.push(path);
    },
  });
  return { record: await runWith(provider, undefined, { scenario: WITH_BOTH }), calls };
}

const served = (store: ForeignStore) => throughProxy(oneNode(), { answer: store.answer });

test.concurrent('they are created with the policies, and taken away before the closing control', async () => {
  const store = foreignStore([CILIUM_POLICY, GLOBAL_POLICY]);
  const seen: Record<string, readonly unknown[]> = {};
  const record = await runWith(
    served(store),
    (event) => {
      if (event.type === 'phase-started') seen[event.phase] = [...store.objects.values()];
      if (event.type === 'round-ended' && event.phase === 'closing')
        seen['closing round'] = [...store.objects.values()];
      return undefined;
    },
    { scenario: WITH_BOTH },
  );
  expect(record.run).toMatchObject({ exitCode: 0 });
  expect(verdicts(record)).toEqual({ 'pair/b': 'pass', 'pair/c': 'pass' });
  expect(seen['control']).toEqual([]);
  // Nothing tells when they are in force: what is as before is not believed too soon.
  const settle = record.scenarios[0]?.phases.find(({ name }) => name === 'settle');
  expect(settle?.durationMs).toBeGreaterThan(4_000);
  const labels = { 'podreach.dev/run': record.run.id };
  expect(seen['settle']).toEqual(
    expect.arrayContaining([
      {
        apiVersion: 'cilium.io/v2',
        kind: 'CiliumNetworkPolicy',
        metadata: { name: 'l7', namespace: 'pair', labels: { team: 'a', ...labels } },
        spec: { endpointSelector: {}, ingress: [{ fromEndpoints: [{}] }] },
      },
      {
        apiVersion: 'projectcalico.org/v3',
        kind: 'GlobalNetworkPolicy',
        metadata: { name: 'deny-all', labels },
        spec: { order: 1 },
      },
    ]),
  );
  expect(seen['closing']).toHaveLength(2);
  expect(seen['closing round']).toEqual([]);
  expect(store.writes.filter((write) => write.startsWith('DELETE')).toSorted()).toEqual(
    [KEYS.l7, KEYS.global].map((path) => `DELETE ${path}`).toSorted(),
  );
  expect(record.scenarios[0]?.foreignPolicies).toMatchObject([
    { title: 'CiliumNetworkPolicy pair/l7', namespace: 'pair', location: { file: 'pair.yaml' } },
    { title: 'Calico GlobalNetworkPolicy deny-all', text: expect.stringContaining('order: 1') },
  ]);
  // What they mean is not for podreach to say, and so nothing that is seen contradicts it.
  const checks = record.scenarios[0]?.steps[0]?.checks ?? [];
  expect(checks.map(({ predicted }) => predicted)).toEqual(
    checks.map(() => ({
      verdict: 'undefined',
      grounds: 0,
      reason: 'it is decided by CiliumNetworkPolicy pair/l7 and Calico GlobalNetworkPolicy deny-all',
    })),
  );
});

test.concurrent('a kind that is not served ends the run before anything is created', async () => {
  const { record, calls } = await changesOf(foreignStore([CILIUM_POLICY]));
  expect(record.run.exitCode).toBe(3);
  expect(record.run.error).toMatchObject({
    code: 'kind-not-served',
    message:
      'the sandbox does not serve GlobalNetworkPolicy (projectcalico.org/v3), the kind of deny-all (pair.yaml:15)',
  });
  expect(calls).toEqual([]);
});

test.concurrent('one of the whole cluster that is there already is left as it is, and named', async () => {
  const store = foreignStore([CILIUM_POLICY, GLOBAL_POLICY]);
  const somebodys = { metadata: { name: 'deny-all', labels: {} } };
  store.objects.set(KEYS.global, somebodys);
  const { record, calls } = await changesOf(store);
  expect(record.run.exitCode).toBe(3);
  expect(record.run.error).toMatchObject({
    code: 'policy-exists',
    message: 'Calico GlobalNetworkPolicy deny-all exists already, and this run did not create it',
  });
  expect(calls).toEqual([]);
  expect([...store.objects]).toEqual([[KEYS.global, somebodys]]);
});

test.concurrent('one that comes to be meanwhile is left as it is, too, and what the run has made is taken away', async () => {
  const store = foreignStore([CILIUM_POLICY, GLOBAL_POLICY]);
  const somebodys = { metadata: { name: 'deny-all', labels: {} } };
  const record = await runWith(
    asContext(served(store)),
    (event) => {
      if (event.type === 'phase-started' && event.phase === 'control')
        store.objects.set(KEYS.global, somebodys);
      return undefined;
    },
    {
      scenario: WITH_BOTH.replace(
        L7,
        L7.replace('cilium.io/v2', 'projectcalico.org/v3')
          .replace('CiliumNetworkPolicy', 'GlobalNetworkPolicy')
          .replace('name: l7, namespace: pair', 'name: l7'),
      ),
    },
  );
  expect(record.run.exitCode).toBe(3);
  expect(record.scenarios[0]?.error?.code).toBe('policy-exists');
  expect([...store.objects]).toEqual([[KEYS.global, somebodys]]);
});

test.concurrent('one that the API server refuses is told with its place', async () => {
  const store = foreignStore([CILIUM_POLICY, GLOBAL_POLICY]);
  const provider = throughProxy(oneNode(), {
    answer: (call) =>
      call.method === 'POST' && call.path.includes('ciliumnetworkpolicies')
        ? failure(422, 'Invalid', 'spec.ingress: no such entity')
        : store.answer(call),
  });
  const record = await runWith(provider, undefined, { scenario: WITH_BOTH });
  expect(record.scenarios[0]?.error).toMatchObject({
    code: 'policy-rejected',
    message: expect.stringContaining(
      'the API server refused CiliumNetworkPolicy pair/l7: spec.ingress: no such entity',
    ),
    hint: 'Correct the policy at pair.yaml:11.',
  });
  expect([...store.objects.keys()].filter((key) => key === KEYS.global)).toEqual([]);
});

test.concurrent('nothing else runs beside one of the whole cluster', async () => {
  const store = foreignStore([CILIUM_POLICY, GLOBAL_POLICY]);
  const standing: string[] = [];
  const others = SCENARIO.replaceAll('pair', 'other');
  const record = await runWith(
    served(store),
    (event) => {
      if (event.type === 'phase-started' && store.objects.has(KEYS.global)) standing.push(event.scenario);
      return undefined;
    },
    { scenario: WITH_BOTH, second: others, parallel: 4 },
  );
  expect(record.run.exitCode).toBe(0);
  expect(new Set(standing)).toEqual(new Set(['pair']));
  const kept = await runWith(served(store), undefined, { scenario: WITH_BOTH, second: others, keep: true });
  expect(kept.run.error).toMatchObject({
    code: 'usage',
    message:
      'Calico GlobalNetworkPolicy deny-all of pair holds for the whole cluster, and with --keep it stands while the others run',
  });
});

test.concurrent('a run that is cut off takes them away', async () => {
  const store = foreignStore([CILIUM_POLICY, GLOBAL_POLICY]);
  const user = new AbortController();
  const record = await runWith(
    asContext(served(store)),
    (event) => {
      if (event.type !== 'phase-started' || event.phase !== 'settle') return undefined;
      expect([...store.objects.keys()]).toContain(KEYS.global);
      user.abort(new Interruption('SIGINT'));
      return undefined;
    },
    { scenario: WITH_BOTH, signal: user.signal },
  );
  expect(record.run.interruptedBy).toBe('SIGINT');
  expect([...store.objects.keys()]).not.toContain(KEYS.global);
});

test.concurrent('what a run that was killed has left is found by its label and taken away', async () => {
  const store = foreignStore([CILIUM_POLICY, GLOBAL_POLICY]);
  const cluster = await served(store).start({ clock: systemClock, signal: new AbortController().signal });
  using folder = folderWith({ kubeconfig: cluster.kubeconfig });
  const labels = { 'podreach.dev/run': 'abc' };
  const somebodys = { metadata: { name: 'other', labels: {} } };
  store.objects.set(KEYS.global, { metadata: { name: 'deny-all', labels } });
  store.objects.set(KEYS.global.replace('deny-all', 'other'), somebodys);
  try {
    const at = ['clean', '--kubeconfig', join(folder.path, 'kubeconfig')];
    const shown = await runCli([...at, '--json']);
    expect(JSON.parse(shown.stdout)).toEqual([
      { runId: 'abc', namespaces: [], policies: ['GlobalNetworkPolicy deny-all'], isGoing: false },
    ]);
    const cleaned = await runCli([...at, '--run', 'abc']);
    expect(cleaned.stdout).toBe('run abc  of unknown age: GlobalNetworkPolicy deny-all\n');
    expect(cleaned.exitCode).toBe(0);
    expect([...store.objects.values()]).toEqual([somebodys]);
  } finally {
    await cluster.stop();
  }
});
