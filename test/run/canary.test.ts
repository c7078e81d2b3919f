/** Proving that a cluster enforces policies, on a sandbox that looks like somebody's cluster. */
import { describe, expect, test } from 'vitest';
import type { ClusterProvider } from '../../src/cluster/cluster.ts';
import { sandboxCluster } from '../../src/cluster/sandbox.ts';
import type { Outcome } from '../../src/model/attempt.ts';
import type { DialRequest } from '../../src/probe/protocol.ts';
import { checksOf } from '../../src/record/schema.ts';
import { proveEnforcement } from '../../src/run/canary.ts';
import { outpostsNamespace } from '../../src/run/outposts.ts';
import { sleepingClock } from '../cluster/kind/world.ts';
import { failure, throughProxy } from '../support/api-proxy.ts';
import { asContext, foreignAnswers } from '../support/real-cluster.ts';
import { type Answers, agentsThat, contextOn, sessionsThat } from './fake-agents.ts';
import { oneNode, runWith, sandbox, verdicts } from './run-with.ts';

const CALICO = { 'calico-node': { container: 'calico-node', image: 'quay.io/calico/node:v3.32.1' } };

/** Of two families the second would be a warning. */
const oneFamily = (nodes: number, enforcement: 'on' | 'off' = 'on'): ClusterProvider =>
  sandboxCluster({ nodes, enforcement, isSingleStack: true });

describe.concurrent('a cluster that enforces policies', () => {
  test('is described, proven on each node, and left without a trace of the outposts', async () => {
    const left: string[] = [];
    const record = await runWith(
      asContext(
        throughProxy(oneFamily(2), { answer: foreignAnswers({ daemonSets: CALICO, proxyMode: 'ipvs' }) }),
        'Calico',
      ),
      undefined,
      {
        atTheEnd: async (kube) => {
          const namespaces = await kube.list({ resource: 'namespaces', labelSelector: 'podreach.dev/run' });
          left.push(...namespaces.map(({ metadata }) => metadata.name));
        },
      },
    );
    expect(record.run.exitCode).toBe(0);
    expect(record.environment).toMatchObject({
      cluster: 'context',
      networkPlugins: [
        { name: 'Calico', version: 'v3.32.1', daemonSet: 'kube-system/calico-node', enforces: true },
      ],
      kubeProxy: 'ipvs',
      warnings: [],
    });
    const { canary } = record.environment;
    expect(canary?.nodes.map(({ name }) => name)).toEqual(['node-1', 'node-2']);
    expect(canary?.enforcedMs).toBe(Math.max(...(canary?.nodes.map(({ enforcedMs }) => enforcedMs) ?? [])));
    expect(left).toEqual([]);
  });

  test('is proven while the first scenario starts, and before that applies its policies', async () => {
    const events: string[] = [];
    await runWith(asContext(sandboxCluster({ nodes: 1, enforcement: 'on' })), (event) => {
      events.push(event.type === 'phase-started' ? event.phase : event.type);
      return undefined;
    });
    const order = ['canary-started', 'canary-ended', 'apply'].map((one) => events.indexOf(one));
    expect(order).toEqual(order.toSorted((one, other) => one - other));
    expect(events.indexOf('provision')).toBeLessThan(events.indexOf('canary-ended'));
  });

  test('of one node is proven on that', async () => {
    const record = await runWith(asContext(sandboxCluster({ nodes: 1, enforcement: 'on' })));
    expect(record.run.exitCode).toBe(0);
    expect(record.environment.canary?.nodes).toHaveLength(1);
  });

  test('is warned about where something else may decide', async () => {
    const notes: string[] = [];
    const answer = foreignAnswers({
      daemonSets: { cilium: { container: 'cilium-agent', image: 'quay.io/cilium/cilium:v1.19.0@sha256:0' } },
      policies: { 'ciliumclusterwidenetworkpolicies.cilium.io': ['baseline'] },
    });
    const record = await runWith(asContext(throughProxy(oneFamily(1), { answer }), 'Calico'), (event) => {
      if (event.type === 'note') notes.push(event.text);
      return undefined;
    });
    expect(record.environment.warnings).toEqual([
      'Calico was asked for, and is not what enforces policies here: Cilium',
      '1 CiliumClusterwideNetworkPolicy object (baseline) may decide over the policies of the scenarios',
    ]);
    expect(notes).toEqual(record.environment.warnings?.map((text) => `warning: ${text}`));
  });

  test('of two families is tried by the first, and says so', async () => {
    const notes: string[] = [];
    const answer = foreignAnswers({ daemonSets: CALICO });
    const record = await runWith(asContext(throughProxy(oneNode(), { answer })), (event) => {
      if (event.type === 'note') notes.push(event.text);
      return undefined;
    });
    expect(record.run.exitCode).toBe(0);
    expect(record.environment.warnings).toEqual([
      'pods have addresses of more than one family here, and only the first, IPv4, is tried: nothing is said about IPv6',
    ]);
    expect(notes).toEqual(record.environment.warnings?.map((text) => `warning: ${text}`));
  });
});

describe.concurrent('outposts that cannot be taken away', () => {
  const holding = (provider: ClusterProvider): ClusterProvider =>
    throughProxy(provider, {
      answer: ({ method, path }) =>
        method === 'DELETE' && path.startsWith('/api/v1/namespaces/podreach-outposts')
          ? failure(403, 'Forbidden', 'namespaces cannot be deleted here')
          : undefined,
    });

  test('fails a run that went well', async () => {
    const record = await runWith(asContext(holding(oneNode())));
    expect(Object.values(verdicts(record))).toEqual(['pass', 'pass']);
    expect(record.run).toMatchObject({
      exitCode: 3,
      error: {
        code: 'api-error',
        message: expect.stringContaining('cleaning up failed: '),
        hint: `Finish with: podreach clean --run ${record.run.id} --cluster context=test`,
      },
    });
  });

  test('is told beside what failed before', async () => {
    const record = await runWith(asContext(holding(oneFamily(1, 'off'))), undefined, { withinMs: 1_000 });
    expect(record.run.error?.code).toBe('not-enforcing');
    expect(record.environment.warnings).toEqual([
      'no network plugin that podreach knows is among the DaemonSets',
      expect.stringContaining(`Finish with: podreach clean --run ${record.run.id} --cluster context=test`),
    ]);
  });
});

describe.concurrent('a cluster that does not', () => {
  test('ends the run before any scenario, with the nodes and the plugin that is to blame', async () => {
    const provider = throughProxy(sandboxCluster({ nodes: 2, enforcement: 'off' }), {
      answer: foreignAnswers({
        daemonSets: {
          'kube-flannel-ds': { container: 'kube-flannel', image: 'ghcr.io/flannel-io/flannel:v0.27.4' },
        },
      }),
    });
    const left: string[] = [];
    const record = await runWith(asContext(provider), undefined, {
      withinMs: 1_000,
      atTheEnd: async (kube) => {
        const namespaces = await kube.list({ resource: 'namespaces', labelSelector: 'podreach.dev/run' });
        left.push(...namespaces.map(({ metadata }) => metadata.name));
      },
    });
    expect(record.run).toMatchObject({
      exitCode: 3,
      error: {
        code: 'not-enforcing',
        message:
          'policies are not enforced: connections went on under a deny-all on 2 of 2 nodes (node-1, node-2; ingress and egress)',
        hint: expect.stringContaining('flannel v0.27.4'),
      },
    });
    expect(record.scenarios.map(({ status }) => status)).toEqual(['skipped']);
    const [{ phases, steps } = { phases: [], steps: [] }] = record.scenarios;
    expect(phases.map(({ name }) => name)).not.toContain('apply');
    expect(checksOf({ steps }).map(({ verdict }) => verdict)).toEqual([undefined, undefined]);
    expect(left).toEqual([]);
  });

  test('is left as it is where that was asked for, and is not said to be stopped', async () => {
    const left: string[] = [];
    const events: string[] = [];
    const record = await runWith(
      asContext(sandboxCluster({ nodes: 1, enforcement: 'off' })),
      ({ type }) => {
        events.push(type);
        return undefined;
      },
      {
        keep: true,
        withinMs: 1_000,
        atTheEnd: async (kube) => {
          // Stopped by whoever it was handed to, and not by the run.
          events.push('stopped');
          const namespaces = await kube.list({ resource: 'namespaces', labelSelector: 'podreach.dev/run' });
          left.push(...namespaces.map(({ metadata }) => metadata.name));
        },
      },
    );
    expect(record.run.error?.code).toBe('not-enforcing');
    expect(left.toSorted()).toEqual(['pair', outpostsNamespace(record.run.id)]);
    expect(events.filter((type) => /stop/.test(type))).toEqual(['stopped']);
  });

  test('in one direction is told by that', async () => {
    // The server takes the policy, and forgets what it says of one direction.
    const forgetful = throughProxy(oneNode(), {
      change: ({ path, body }) =>
        path.includes('/networkpolicies/deny-all')
          ? body.replace('["Ingress","Egress"]', '["Ingress"]')
          : body,
    });
    const { error } = (await runWith(asContext(forgetful))).run;
    expect(error).toMatchObject({ code: 'not-enforcing', message: expect.stringContaining('; egress)') });
  });

  test('on one node is told by its name', async () => {
    const partial = throughProxy(sandbox(), {
      change: ({ path, body }) =>
        path.includes('/networkpolicies/deny-all')
          ? body.replace('"podreach.dev/outpost":"guarded"', '"podreach.dev/outpost":"guarded","first":"yes"')
          : path.includes('/pods?') && body.includes('guarded-0')
            ? body.replace(
                '"podreach.dev/outpost":"guarded"',
                '"podreach.dev/outpost":"guarded","first":"yes"',
              )
            : body,
    });
    const { error } = (await runWith(asContext(partial))).run;
    expect(error?.message).toContain('on 1 of 2 nodes (node-2; ingress and egress)');
  });

  test('after an allow is told apart from one that never does', async () => {
    const stubborn = throughProxy(sandbox(), {
      change: ({ path, body }) =>
        path.includes('/networkpolicies/allow-all')
          ? body.replace('"ingress":[{}],"egress":[{}]', '"ingress":[]')
          : body,
    });
    const { error } = (await runWith(asContext(stubborn))).run;
    expect(error?.message).toBe(
      'a policy that allows all did not bring connections back on nodes node-1, node-2',
    );
  });

  test('because a policy of the cluster denies all by default is said before blaming the plugin', async () => {
    const denied = new Set<string>();
    const guarded = throughProxy(oneNode(), {
      before: ({ method, path }) => {
        const namespace = /^\/api\/v1\/namespaces\/([^/]+)\/pods\b/.exec(path)?.[1];
        if (method !== 'POST' || namespace === undefined || denied.has(namespace)) return undefined;
        denied.add(namespace);
        return {
          path: `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`,
          body: {
            apiVersion: 'networking.k8s.io/v1',
            kind: 'NetworkPolicy',
            metadata: { name: 'baseline', namespace },
            spec: { podSelector: {}, policyTypes: ['Ingress'] },
          },
        };
      },
    });
    const record = await runWith(asContext(guarded), undefined, { withinMs: 1_000 });
    expect(record.run.error).toMatchObject({
      code: 'provision-failed',
      message: expect.stringMatching(/^probe pods cannot connect even without any policy, on nodes? node-/),
    });
    expect(verdicts(record)).toEqual({ 'pair/b': undefined, 'pair/c': undefined });
  });
});

/** Outposts on three nodes, of which some connections go on under the deny-all. */
async function proveWith(goesOn: (from: string, to: string) => boolean): Promise<unknown> {
  const clock = sleepingClock();
  let isDenied = false;
  const outcomeOf = ({ pod: to = '' }: DialRequest, from: string): Outcome =>
    !isDenied || goesOn(`x/${from}`, to) ? 'connected' : 'timeout';
  const answers: Answers = {
    exec: sessionsThat(agentsThat({ outcomeOf }, clock)),
    async apply(_, body) {
      isDenied = !body.includes('ingress');
      return JSON.parse(body);
    },
  };
  const timing = {
    timeoutMs: 30,
    denialMs: 30,
    withinMs: 4_000,
    controlMs: 4_000,
    settleFloorMs: 0,
    execGraceMs: 0,
    confirm: 2,
    isPatient: false,
  };
  const pod = (name: string, node: string) => ({ namespace: 'x', name, ip: name, node });
  const outposts = ['1', '2', '3'].map((node) => ({
    node: `node-${node}`,
    open: pod(`open-${node}`, `node-${node}`),
    guarded: pod(`guarded-${node}`, `node-${node}`),
  }));
  return await proveEnforcement(outposts, ['IPv4'], 'Calico', contextOn(answers, clock, timing));
}

describe('the canary', () => {
  test('is content where all is cut and restored', async () => {
    expect(await proveWith(() => false)).toMatchObject({
      nodes: [{ name: 'node-1' }, { name: 'node-2' }, { name: 'node-3' }],
    });
  });

  test('blames the node whose own pods go on connecting, and no other that only connects to it', async () => {
    const pairs = ['x/open-1 x/guarded-1', 'x/guarded-1 x/open-1', 'x/guarded-3 x/open-1'];
    await expect(proveWith((from, to) => pairs.includes(`${from} ${to}`))).rejects.toThrow(
      'connections went on under a deny-all on 1 of 3 nodes (node-1; ingress and egress)',
    );
  });

  test('blames a node whose pods go on connecting to others alone', async () => {
    await expect(proveWith((from, to) => `${from} ${to}` === 'x/guarded-3 x/open-1')).rejects.toThrow(
      'connections went on under a deny-all on 1 of 3 nodes (node-3; egress)',
    );
  });
});
