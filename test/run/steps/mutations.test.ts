/**
 * The shipped scenarios that let time pass, each with one of its actions turned off, and with a network plugin that misses what becomes
 * of addresses: it must be seen, in the step where it was to happen.
 */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { systemClock } from '../../../src/clock.ts';
import type { ClusterProvider } from '../../../src/cluster/cluster.ts';
import { sandboxCluster } from '../../../src/cluster/sandbox.ts';
import { isMismatch } from '../../../src/judge/mismatch.ts';
import type { CheckRecord, RunRecord } from '../../../src/record/schema.ts';
import { run } from '../../../src/run/run.ts';
import { loadPlans } from '../../../src/scenario/load-plans.ts';
import { type Intervention, throughProxy } from '../../support/api-proxy.ts';
import { ROOT } from '../../support/cli.ts';
import { sandbox } from '../run-with.ts';

/** A request that is answered as if it was done, and nothing is done. */
interface Mutation {
  readonly method: 'PATCH' | 'DELETE' | 'POST';
  readonly path: string;
  /** Of a POST: the name of what is created. */
  readonly creates?: string;
  /** Which of the requests of this kind, counted from 1. */
  readonly nth: number;
  /** All mismatches; where the scenario could not go on, why. */
  readonly seen: readonly string[];
}

const policy = (namespace: string, name: string): string =>
  `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${name}`;
const pods = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'time-policy-updated': {
    method: 'PATCH',
    path: policy('updated', 'db'),
    nth: 2,
    seen: ['batch jobs are shut out: updated/batch → updated/db leaked'],
  },
  'time-open-connections': {
    method: 'PATCH',
    path: policy('connected', 'db'),
    nth: 2,
    seen: ['batch jobs are shut out: connected/batch → connected/db leaked'],
  },
  'time-policy-deleted': {
    method: 'DELETE',
    path: policy('deleted', 'server-shut'),
    nth: 1,
    seen: ['the policy of the server is deleted: deleted/client → deleted/server broken'],
  },
  'time-pod-relabelled': {
    method: 'PATCH',
    path: `${pods('relabelled')}/web`,
    nth: 2,
    seen: ['it is none any more: relabelled/web → relabelled/db leaked'],
  },
  'time-namespace-relabelled': {
    method: 'PATCH',
    path: '/api/v1/namespaces/handover-batch',
    nth: 1,
    seen: ['the batch jobs move to the team that is let in: handover-batch/job → handover-app/api broken'],
  },
  'time-second-policy': {
    method: 'PATCH',
    path: policy('second', 'db-for-reports'),
    nth: 1,
    seen: ['reports are let in by a policy of their own: second/reports → second/db broken'],
  },
  'time-gradual-opening': {
    method: 'PATCH',
    path: policy('gradual', 'db'),
    nth: 1,
    seen: ['the database lets the API in: gradual/api → gradual/db broken'],
  },
  'time-rollback': {
    method: 'PATCH',
    path: policy('rollback', 'api'),
    nth: 3,
    seen: ['the change is taken back: rollback/web → rollback/api broken'],
  },
  'time-pod-replaced': {
    method: 'POST',
    path: pods('replaced'),
    creates: 'api',
    nth: 2,
    seen: ['the API is replaced: pod replaced/api cannot run: somebody has deleted it'],
  },
  'time-address-reused': {
    method: 'POST',
    path: pods('reused'),
    creates: 'stranger',
    nth: 1,
    seen: ['a stranger comes: pod reused/stranger cannot run: somebody has deleted it'],
  },
  'time-first-instant': {
    method: 'POST',
    path: pods('newcomers'),
    creates: 'late-job',
    nth: 2,
    seen: ['others take their places: pod newcomers/late-job cannot run: somebody has deleted it'],
  },
  'time-namespace-created-later': {
    method: 'POST',
    path: '/api/v1/namespaces',
    creates: 'waiting-friends',
    nth: 1,
    seen: [
      'friends and others arrive: pod waiting-friends/client was not accepted: namespaces "waiting-friends" not found (404 Not Found)',
    ],
  },
};

test.concurrent('each scenario under scenarios/time fails where one of its actions is turned off', async () => {
  const plans = await loadPlans(['scenarios/time'], { cwd: ROOT });
  expect(plans.map(({ scenario }) => scenario.name).toSorted()).toEqual(Object.keys(MUTATIONS).toSorted());
  const provider = throughProxy(sandbox(), turningOff(Object.values(MUTATIONS)));
  const record = await runPlans(plans, provider, 4);
  expect(
    Object.fromEntries(record.scenarios.map((scenario) => [scenario.name, whatIsWrong(scenario)])),
  ).toEqual(Object.fromEntries(Object.entries(MUTATIONS).map(([name, { seen }]) => [name, seen])));
});

/** Scenarios with one policy, whose peers come and go. */
const PEERS: Readonly<
  Record<
    string,
    {
      readonly namespace: string;
      /** The pods of that namespace that are let in when it is applied. */
      readonly atFirst: readonly string[];
      readonly seen: readonly string[];
    }
  >
> = {
  'time-address-reused': {
    namespace: 'reused',
    atFirst: ['friend', 'colleague'],
    seen: ['a stranger comes: reused/stranger → reused/db leaked'],
  },
  'time-pod-replaced': {
    namespace: 'replaced',
    atFirst: ['web'],
    // They have come by each other's addresses.
    seen: [
      'its clients are replaced: replaced/web → replaced/api broken',
      'its clients are replaced: replaced/stranger → replaced/api leaked',
    ],
  },
  'time-namespace-created-later': {
    namespace: 'waiting-app',
    atFirst: [],
    seen: ['friends and others arrive: waiting-friends/client → waiting-app/api broken'],
  },
};

test.concurrent('a network plugin that keeps to the addresses which it found when a policy was applied is seen', async () => {
  const files = Object.keys(PEERS).map((name) => `scenarios/${name.replace('-', '/')}.yaml`);
  const plans = await loadPlans(files, { cwd: ROOT });
  // On one node, with nothing beside them, pods get the addresses that others have just given back.
  const oneNode = sandboxCluster({ nodes: 1, enforcement: 'on' });
  const record = await runPlans(plans, throughProxy(oneNode, keepingAddresses()), 1);
  expect(
    Object.fromEntries(record.scenarios.map((scenario) => [scenario.name, whatIsWrong(scenario)])),
  ).toEqual(Object.fromEntries(Object.entries(PEERS).map(([name, { seen }]) => [name, seen])));
  const reused = record.scenarios.find(({ name }) => name === 'time-address-reused');
  const friend = reused?.pods.find(({ name }) => name === 'friend')?.ip;
  const stranger = reused?.steps[2]?.pods?.find(({ name }) => name === 'stranger')?.ip;
  expect([friend, stranger]).toEqual([expect.any(String), friend]);
});

async function runPlans(
  plans: Awaited<ReturnType<typeof loadPlans>>,
  provider: ClusterProvider,
  parallel: number,
): Promise<RunRecord> {
  const { record } = await run(plans, {
    provider,
    version: '0.0.0',
    clock: systemClock,
    signal: new AbortController().signal,
    // A change that is turned off is waited for so long, and one that is not has the time that a busy machine takes.
    withinMs: 10_000,
    confirm: 2,
    parallel,
    keep: false,
    failFast: false,
    progress: () => undefined,
    save: () => undefined,
  });
  expect(record.run.error).toBeUndefined();
  return record;
}

/** Turns off what the mutations are about. */
function turningOff(mutations: readonly Mutation[]): Intervention {
  const counts = new Map<Mutation, number>();
  return {
    answer({ method, path: called, body }) {
      const [path = '', query = ''] = called.split('?');
      const mutation = mutations.find(
        (one) =>
          one.method === method &&
          one.path === path &&
          (one.creates === undefined || nameIn(body) === one.creates),
      );
      if (mutation === undefined || query.includes('dryRun')) return undefined;
      const count = (counts.get(mutation) ?? 0) + 1;
      counts.set(mutation, count);
      if (count !== mutation.nth) return undefined;
      const name = mutation.creates ?? path.split('/').at(-1) ?? '';
      return {
        status: 200,
        body: { apiVersion: 'v1', kind: 'Status', metadata: { name }, status: 'Success' },
      };
    },
  };
}

function nameIn(body: string): string | undefined {
  return JSON.parse(body).metadata?.name;
}

/** The peers of policies are the addresses that their pods have when the policy is applied. */
function keepingAddresses(): Intervention {
  const addresses = new Map<string, string>();
  return {
    changeAnswer({ method, path, body }) {
      if (method === 'GET' && /\/pods(\?|$)/.test(path)) {
        for (const { metadata, status } of JSON.parse(body).items)
          if (status?.podIP !== undefined)
            addresses.set(`${metadata.namespace}/${metadata.name}`, status.podIP);
      }
      return body;
    },
    change({ method, path, body }) {
      const peers = Object.values(PEERS).find(({ namespace }) =>
        path.includes(`/namespaces/${namespace}/networkpolicies/`),
      );
      if (peers === undefined || method !== 'PATCH') return body;
      const { namespace, atFirst } = peers;
      const from = atFirst.map((name) => ({
        ipBlock: { cidr: `${addresses.get(`${namespace}/${name}`)}/32` },
      }));
      const policy = parse(body);
      // A rule without peers would let in everybody.
      policy.spec.ingress = from.length === 0 ? [] : [{ from }];
      return JSON.stringify(policy);
    },
  };
}

/** The mismatches of a scenario; where it could not go on, why. */
function whatIsWrong({ steps, error }: RunRecord['scenarios'][number]): readonly string[] {
  if (error !== undefined) return [error.message];
  const tell = ({ from, to, verdict }: CheckRecord): string => `${from} → ${to} ${verdict}`;
  return [
    ...new Set(
      steps.flatMap(({ name, checks }) =>
        checks.filter(isMismatch).map((check) => `${name}: ${tell(check)}`),
      ),
    ),
  ];
}
