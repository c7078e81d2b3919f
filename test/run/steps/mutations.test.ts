/** The shipped scenarios that let time pass, each with one of its actions turned off: it must be seen, in the step where it was to happen. */
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { isMismatch } from '../../../src/judge/mismatch.ts';
import type { CheckRecord, RunRecord } from '../../../src/record/schema.ts';
import { run } from '../../../src/run/run.ts';
import { loadPlans } from '../../../src/scenario/load-plans.ts';
import { type Call, throughProxy } from '../../support/api-proxy.ts';
import { ROOT } from '../../support/cli.ts';
import { sandbox } from '../run-with.ts';

interface Mutation {
  /** What of the cluster's API it is about. */
  readonly method: 'PATCH' | 'DELETE' | 'POST';
  readonly path: string;
  /** Of a POST: the name of what is created. */
  readonly creates?: string;
  /** Which of the requests of this kind, counted from 1. */
  readonly nth: number;
  /** Labels that it sends in place of its own. Absent: the request is answered as if it was done, and nothing is done. */
  readonly labels?: Readonly<Record<string, string>>;
  /** All mismatches. */
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
    labels: {},
    // The next step leaves the API as it is.
    seen: [
      'the API is replaced: replaced/stranger → replaced/api leaked',
      'its clients are replaced: replaced/stranger → replaced/api leaked',
    ],
  },
  'time-address-reused': {
    method: 'POST',
    path: pods('reused'),
    creates: 'stranger',
    nth: 1,
    labels: { app: 'friend' },
    seen: ['a stranger comes: reused/stranger → reused/db leaked'],
  },
  'time-namespace-created-later': {
    method: 'POST',
    path: '/api/v1/namespaces',
    creates: 'waiting-friends',
    nth: 1,
    labels: { team: 'others' },
    seen: ['friends and others arrive: waiting-friends/client → waiting-app/api broken'],
  },
};

test('each scenario under scenarios/time fails where one of its actions is turned off', async () => {
  const plans = await loadPlans(['scenarios/time'], { cwd: ROOT });
  expect(plans.map(({ scenario }) => scenario.name).toSorted()).toEqual(Object.keys(MUTATIONS).toSorted());
  const { record } = await run(plans, {
    provider: throughProxy(sandbox(), mutating(Object.values(MUTATIONS))),
    version: '0.0.0',
    clock: systemClock,
    signal: new AbortController().signal,
    withinMs: 4_000,
    confirm: 2,
    parallel: plans.length,
    keep: false,
    failFast: false,
    progress: () => undefined,
    save: () => undefined,
  });
  expect(record.run.error).toBeUndefined();
  expect(
    Object.fromEntries(
      record.scenarios.map((scenario) => [scenario.name, scenario.error ?? mismatches(scenario)]),
    ),
  ).toEqual(Object.fromEntries(Object.entries(MUTATIONS).map(([name, { seen }]) => [name, seen])));
});

/** Turns off what the mutations are about. */
function mutating(mutations: readonly Mutation[]) {
  const counts = new Map<Mutation, number>();
  const due = ({ method, path }: Call, body: string): Mutation | undefined =>
    mutations.find((one) => {
      const isOfIt =
        one.method === method &&
        path.split('?')[0] === one.path &&
        (one.creates === undefined || nameIn(body) === one.creates);
      if (!isOfIt || path.includes('dryRun')) return false;
      const count = (counts.get(one) ?? 0) + 1;
      counts.set(one, count);
      return count === one.nth;
    });
  return {
    answer(call: Call) {
      if (call.method === 'POST' || due(call, '') === undefined) return undefined;
      const name = call.path.split('?')[0]?.split('/').at(-1) ?? '';
      return {
        status: 200,
        body: { apiVersion: 'v1', kind: 'Status', metadata: { name }, status: 'Success' },
      };
    },
    change({ method, path, body }: Call & { readonly body: string }): string {
      const labels = method === 'POST' ? due({ method, path }, body)?.labels : undefined;
      if (labels === undefined) return body;
      const object = JSON.parse(body);
      const own = Object.entries(object.metadata.labels ?? {}).filter(([key]) => key.includes('podreach'));
      object.metadata.labels = { ...Object.fromEntries(own), ...labels };
      return JSON.stringify(object);
    },
  };
}

function nameIn(body: string): string | undefined {
  return /^\{/.test(body) ? JSON.parse(body).metadata?.name : undefined;
}

function mismatches({ steps }: RunRecord['scenarios'][number]): readonly string[] {
  const tell = ({ from, to, verdict }: CheckRecord): string => `${from} → ${to} ${verdict}`;
  return [
    ...new Set(
      steps.flatMap(({ name, checks }) =>
        checks.filter(isMismatch).map((check) => `${name}: ${tell(check)}`),
      ),
    ),
  ];
}
