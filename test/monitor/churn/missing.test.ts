/** New pods that a cluster does not let come, in a sandbox whose API is made to say so. */
import { describe, expect, test } from 'vitest';
import { conductWatch } from '../../../src/monitor/conduct.ts';
import { checksOf, type RunRecord } from '../../../src/record/schema.ts';
import { runWith, SCENARIO, sandbox } from '../../run/run-with.ts';
import { failure, type Intervention, throughProxy } from '../../support/api-proxy.ts';

/** Each pod that checks start at is behind a Service that is watched. */
const IN_A_CIRCLE = `apiVersion: podreach/v1
kind: Scenario
name: pair
namespaces:
  pair: {}
pods:
  pair/a: { ports: [80], labels: { app: a } }
  pair/b: { ports: [80], labels: { app: b } }
services:
  pair/svc-a: { selector: { app: a }, ports: [{ port: 80 }] }
  pair/svc-b: { selector: { app: b }, ports: [{ port: 80 }] }
reachable:
  - { from: pair/a, to: service/pair/svc-b }
  - { from: pair/b, to: service/pair/svc-a }
`;

async function watchWith(
  intervention: Intervention,
  { forMs = 3_000, churnPerMinute = 60, scenario = SCENARIO } = {},
): Promise<{
  readonly record: RunRecord;
  readonly notes: readonly string[];
  readonly left: readonly string[];
}> {
  const notes: string[] = [];
  const left: string[] = [];
  const record = await runWith(
    throughProxy(sandbox(), intervention),
    (event) => {
      if (event.type === 'note') notes.push(event.text);
      return undefined;
    },
    {
      scenario,
      keep: true,
      atTheEnd: async (kube) => {
        const pods = await kube.list({ resource: 'pods', namespace: 'pair' });
        left.push(...pods.map(({ metadata }) => metadata.name).filter((name) => name.includes('-new-')));
      },
      whileStanding: (standing, run) =>
        conductWatch(standing, run, {
          everyMs: 500,
          forMs,
          afterMs: 0,
          churnPerMinute,
          budgets: { maxLeakMs: 0, maxUnknown: 0.9 },
          enough: new AbortController().signal,
        }),
    },
  );
  return { record, notes, left };
}

describe.concurrent('new pods', () => {
  test('that are refused are told once for each reason, and end neither the watch nor in a pass', async () => {
    let refused = 0;
    const { record, notes } = await watchWith({
      answer: ({ method, path, body }) => {
        if (method !== 'POST' || !path.includes('/pods?') || !body.includes('-new-')) return undefined;
        const { name } = (JSON.parse(body) as { metadata: { name: string } }).metadata;
        refused += 1;
        return failure(
          403,
          'Forbidden',
          `pods "${name}" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=${refused}, limited: pods=4`,
        );
      },
    });
    expect(refused).toBeGreaterThan(1);
    expect(notes.filter((text) => text.startsWith('a new pod is missing'))).toEqual([
      'a new pod is missing: pod pair/a-new-N was not accepted: pods "a-new-N" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=1, limited: pods=4 (403 Forbidden). A ResourceQuota bounds this namespace: raise it, or run fewer scenarios side by side with --parallel.',
    ]);
    const { due } = record.watch?.churn ?? {};
    expect(due).toBeGreaterThan(1);
    expect(record.watch?.churn).toMatchObject({
      made: 0,
      failures: [{ reason: expect.stringMatching(/^pod pair\/a-new-N was not accepted/), pods: due }],
      pods: [],
    });
    expect(record.watch?.endedBy).toBe('time');
    expect(record.scenarios.flatMap(checksOf).map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
    expect(record.run.exitCode).toBe(3);
  });

  test('that can be copies of nothing are missing, and the record says what they leave out', async () => {
    const { record, notes } = await watchWith({}, { forMs: 1_000, churnPerMinute: 1, scenario: IN_A_CIRCLE });
    expect(record.watch?.churn).toEqual({
      perMinute: 1,
      due: 1,
      made: 0,
      failures: [{ reason: 'no check starts at a pod that could be copied', pods: 1 }],
      pods: [],
      leftOut: ['pair/a', 'pair/b'].map((pod) => ({ pod, checks: 1, why: 'behind-service' })),
    });
    expect(notes).toContain(
      'new pods leave out 2 checks of pair/a, pair/b, because a copy would answer for a Service that is watched',
    );
    expect(record.scenarios.flatMap(checksOf).map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
    expect(record.run.exitCode).toBe(3);
  });

  test('that cannot be deleted are named, and what they told counts', async () => {
    const stubborn: Intervention = {
      answer: ({ method, path }) =>
        method === 'DELETE' && path.includes('-new-')
          ? failure(403, 'Forbidden', 'pods "x" is forbidden: by an admission webhook')
          : undefined,
    };
    const { record, notes } = await watchWith(stubborn, { forMs: 10_000, churnPerMinute: 10 });
    expect(record.watch?.churn?.pods.length).toBeGreaterThan(0);
    expect(record.watch?.churn?.failures).toEqual([]);
    expect(notes).toContainEqual(
      expect.stringMatching(/^the new pod pair\/a-new-1 was not deleted: .*admission webhook/),
    );
  });

  test('that cannot run, and those that have not begun when the watch ends, are taken away', async () => {
    const { record, left } = await watchWith({
      changeAnswer({ path, body }) {
        if (!/^\/api\/v1\/namespaces\/pair\/pods\?labelSelector=/.test(path)) return body;
        const list = JSON.parse(body) as { items: { metadata: { name: string }; status: object }[] };
        for (const item of list.items)
          if (item.metadata.name === 'a-new-1')
            item.status = {
              phase: 'Pending',
              containerStatuses: [
                { state: { waiting: { reason: 'ErrImagePull', message: 'node:24: not found' } } },
              ],
            };
          else if (item.metadata.name.includes('-new-')) item.status = { phase: 'Pending' };
        return JSON.stringify(list);
      },
    });
    const { churn } = record.watch ?? {};
    expect(churn).toMatchObject({
      due: 1,
      made: 1,
      pods: [],
      failures: [{ reason: expect.stringContaining('ErrImagePull: node:24: not found'), pods: 1 }],
    });
    expect(left).toEqual([]);
  });
});
