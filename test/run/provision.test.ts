/** What clusters do to pods that are to start, on a sandbox whose API is made to say so. */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { PodreachError } from '../../src/errors.ts';
import type { Kube } from '../../src/kube/kube.ts';
import { DEFAULT_PROBE_SETTINGS } from '../../src/probe/settings.ts';
import type { RunRecord } from '../../src/record/schema.ts';
import { createAll } from '../../src/run/provision.ts';
import { type Call, failure, type Intervention, throughProxy } from '../support/api-proxy.ts';
import { oneNode, runWith } from './run-with.ts';

interface Item {
  metadata: { name: string };
  status: object;
}

/** Shows another status of the pod `b` for as long as `isActive`, and these events about it. */
function withStatus(
  status: object,
  { isActive = () => true, events }: { isActive?: () => boolean; events?: readonly object[] } = {},
): Intervention {
  return {
    changeAnswer({ path, body }) {
      if (!/^\/api\/v1\/namespaces\/[^/]+\/pods\?labelSelector=/.test(path) || !isActive()) return body;
      const list = JSON.parse(body) as { items: Item[] };
      for (const item of list.items) if (item.metadata.name === 'b') item.status = status;
      return JSON.stringify(list);
    },
    answer({ path }) {
      if (events === undefined || !path.startsWith('/api/v1/namespaces/pair/events?')) return undefined;
      expect(new URL(path, 'https://x').searchParams.get('fieldSelector')).toMatch(
        /^involvedObject.kind=Pod,involvedObject.name=\w$/,
      );
      const items = path.endsWith('name%3Db')
        ? events.map((event, index) => ({ metadata: { name: `b.${index}` }, ...event }))
        : [];
      return { status: 200, body: { kind: 'EventList', apiVersion: 'v1', items } };
    },
  };
}

const waiting = (reason: string, message: string): object => ({
  phase: 'Pending',
  containerStatuses: [{ state: { waiting: { reason, message } } }],
});

function errorOf(record: RunRecord): object | undefined {
  expect(record.run.exitCode).toBe(3);
  return record.scenarios[0]?.error;
}

describe.concurrent('a pod', () => {
  test('whose image is not there ends the run at once, in the words of the registry and with what to do', async () => {
    const missing = withStatus(waiting('ErrImagePull', 'mirror.example/nod:24: not found'));
    // Longer than the test may take.
    const options = { readyWithinMs: 600_000 };
    expect(errorOf(await runWith(throughProxy(oneNode(), missing), undefined, options))).toEqual({
      code: 'provision-failed',
      message: expect.stringMatching(
        /^pod pair\/b cannot run on node node-\d: ErrImagePull: mirror\.example\/nod:24: not found$/,
      ),
      hint: 'Name an image that the nodes can pull with --probe-image, and a Secret for it with --image-pull-secret.',
    });
  });

  test('whose image comes late is waited for, and said to be', async () => {
    const told = new Set<string>();
    const slow = withStatus(waiting('ImagePullBackOff', 'Back-off pulling image'), {
      isActive: () => ![...told].join().includes('ImagePullBackOff'),
    });
    const record = await runWith(throughProxy(oneNode(), slow), (event) => {
      if (event.type === 'pods-ready') for (const text of event.waitingFor) told.add(text);
      return undefined;
    });
    expect(record.run.exitCode).toBe(0);
    expect([...told].join()).toMatch(/pair\/b: ImagePullBackOff: Back-off pulling image on node node-\d/);
  });

  test('that never starts ends the run at the deadline, with what its events say', async () => {
    const stuck = withStatus(waiting('ContainerCreating', ''), {
      events: [
        {
          type: 'Warning',
          reason: 'FailedCreatePodSandBox',
          message: 'plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file',
          lastTimestamp: '2026-01-01T00:00:00Z',
        },
        // Older, and not a warning.
        { type: 'Warning', reason: 'FailedMount', message: 'x', lastTimestamp: '2025-12-31T23:59:59Z' },
        {
          type: 'Normal',
          reason: 'Scheduled',
          message: 'Successfully assigned',
          lastTimestamp: null,
          eventTime: '2026-01-01T00:00:01.000000Z',
        },
      ],
    });
    expect(
      errorOf(await runWith(throughProxy(oneNode(), stuck), undefined, { readyWithinMs: 10_000 })),
    ).toEqual({
      code: 'provision-failed',
      message: expect.stringMatching(
        /^1 of 3 pods did not run within 10 s: pair\/b: ContainerCreating on node node-\d \(FailedCreatePodSandBox: plugin type="calico" failed \(add\): stat \/var\/lib\/calico\/nodename: no such file\)$/,
      ),
      hint: expect.stringContaining('--ready-within'),
    });
  });

  test('that crashes ends the run at once, in its own words', async () => {
    const crashed = withStatus({
      phase: 'Failed',
      containerStatuses: [
        {
          name: 'probe',
          state: {
            terminated: { exitCode: 1, message: 'cannot listen on 80/TCP: EACCES\nNode.js v24.11.1\n' },
          },
        },
      ],
    });
    expect(errorOf(await runWith(throughProxy(oneNode(), crashed)))).toMatchObject({
      message: expect.stringMatching(
        /^pod pair\/b cannot run on node node-\d: its container ended with exit code 1: cannot listen on 80\/TCP: EACCES$/,
      ),
    });
  });

  test('that somebody deletes before it runs ends the run at once', async () => {
    let lists = 0;
    const gone: Intervention = {
      changeAnswer({ path, body }) {
        if (!path.startsWith('/api/v1/namespaces/pair/pods?labelSelector=')) return body;
        lists += 1;
        const list = JSON.parse(body) as { items: Item[] };
        return JSON.stringify({ ...list, items: list.items.filter(({ metadata }) => metadata.name !== 'b') });
      },
    };
    expect(errorOf(await runWith(throughProxy(oneNode(), gone)))).toMatchObject({
      message: 'pod pair/b cannot run: somebody has deleted it',
    });
    expect(lists).toBe(1);
  });

  test('whose image does not come is told by the event that says why', async () => {
    const stuck = withStatus(waiting('ImagePullBackOff', 'Back-off pulling image'), {
      events: [
        {
          type: 'Warning',
          reason: 'Failed',
          message: 'Failed to pull image "mirror.example/node:24": dial tcp 10.0.0.1:443: i/o timeout',
          lastTimestamp: '2026-01-01T00:00:00Z',
        },
        {
          type: 'Warning',
          reason: 'Failed',
          message: 'Error: ImagePullBackOff',
          lastTimestamp: '2026-01-01T00:00:09Z',
        },
      ],
    });
    expect(
      errorOf(await runWith(throughProxy(oneNode(), stuck), undefined, { readyWithinMs: 10_000 })),
    ).toEqual({
      code: 'provision-failed',
      message: expect.stringMatching(
        /pair\/b: ImagePullBackOff: Back-off pulling image on node node-\d \(Failed: Failed to pull image "mirror\.example\/node:24": dial tcp 10\.0\.0\.1:443: i\/o timeout\)$/,
      ),
      hint: expect.stringContaining('--image-pull-secret'),
    });
  });

  test('whose events nobody may see fails in the words of its status', async () => {
    const { changeAnswer } = withStatus(waiting('ContainerCreating', ''));
    const secretive: Intervention = {
      ...(changeAnswer === undefined ? {} : { changeAnswer }),
      answer: ({ path }) =>
        path.includes('/events?')
          ? failure(403, 'Forbidden', 'events is forbidden: User "ci" cannot list resource "events"')
          : undefined,
    };
    const record = await runWith(throughProxy(oneNode(), secretive), undefined, { readyWithinMs: 10_000 });
    expect(errorOf(record)).toMatchObject({
      code: 'provision-failed',
      message: expect.stringMatching(/: pair\/b: ContainerCreating on node node-\d(;|$)/),
    });
  });

  test('that finds no node ends the run with the way to one', async () => {
    const homeless = withStatus({
      phase: 'Pending',
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: '0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: db}.',
        },
      ],
    });
    expect(
      errorOf(await runWith(throughProxy(oneNode(), homeless), undefined, { readyWithinMs: 10_000 })),
    ).toMatchObject({
      message: expect.stringContaining('untolerated taint {dedicated: db}'),
      hint: expect.stringContaining('--toleration'),
    });
  });

  test.each([
    [
      'pods "b" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4',
      /--parallel/,
    ],
    [
      'admission webhook "validate.kyverno.svc-fail" denied the request: an owner cannot be missing',
      /--namespace-label/,
    ],
    [
      'pods "b" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
      /pod-security\.kubernetes\.io/,
    ],
    ['pods "b" is forbidden: maximum memory usage per Pod is 64Mi, but limit is 256Mi', /LimitRange/],
    [
      'pods "b" is forbidden: failed quota: disk: must specify requests.ephemeral-storage',
      /ResourceQuota asks for more/,
    ],
    [
      'pods "b" is forbidden: unable to validate against any security context constraint: [provider "restricted-v2": .containers[0].runAsUser: Invalid value: 1000]',
      /nonroot-v2/,
    ],
    [
      'Internal error occurred: failed calling webhook "validate.example": connection refused',
      /does not answer/,
    ],
    ['pods "b" is forbidden: for a reason that nobody has heard of', /may stand in the way/],
  ])('that is not accepted (%s) ends the run at once', async (words, hint) => {
    const strict: Intervention = {
      answer: ({ method, path }: Call) =>
        method === 'POST' && path.includes('/pods?') ? failure(403, 'Forbidden', words) : undefined,
    };
    expect(errorOf(await runWith(throughProxy(oneNode(), strict)))).toEqual({
      code: 'provision-failed',
      message: expect.stringMatching(/^pod pair\/\w was not accepted: /),
      hint: expect.stringMatching(hint),
    });
  });
});

describe.concurrent('a namespace', () => {
  test('that is not accepted ends the run at once, and says that it is no lack of rights', async () => {
    const words = 'admission webhook "owners.example" denied the request: a cost centre cannot be missing';
    const strict: Intervention = {
      answer: ({ method, path }) =>
        method === 'POST' && path.startsWith('/api/v1/namespaces?')
          ? failure(403, 'Forbidden', words)
          : undefined,
    };
    expect(errorOf(await runWith(throughProxy(oneNode(), strict)))).toEqual({
      code: 'provision-failed',
      message: `namespace pair was not accepted: ${words} (403 Forbidden)`,
      hint: expect.stringContaining('--namespace-label'),
    });
  });

  test('whose quota has not been counted yet is waited for', async () => {
    let tries = 0;
    const young: Intervention = {
      answer({ method, path }) {
        if (method !== 'POST' || !path.includes('/pods?')) return undefined;
        tries += 1;
        return tries > 4
          ? undefined
          : failure(
              403,
              'Forbidden',
              'pods "b" is forbidden: status unknown for quota: all, resources: pods',
            );
      },
    };
    expect((await runWith(throughProxy(oneNode(), young))).run.exitCode).toBe(0);
  });
});

describe.concurrent('what the cluster wants', () => {
  const probe = {
    ...DEFAULT_PROBE_SETTINGS,
    pullSecrets: [{ name: 'mirror', copyFrom: 'platform' }, { name: 'replicated' }],
    namespaceLabels: { 'istio-injection': 'disabled' },
  };

  test('is in every namespace: labels, and the Secret that is copied', async () => {
    const created: { path: string; object: unknown }[] = [];
    const record = await runWith(
      throughProxy(oneNode(), {
        answer({ path, method }) {
          if (path === '/api/v1/namespaces/platform/secrets/mirror') {
            const data = { '.dockerconfigjson': 'e30=' };
            const metadata = { name: 'mirror', namespace: 'platform', uid: '1', labels: { owner: 'them' } };
            const type = 'kubernetes.io/dockerconfigjson';
            return { status: 200, body: { apiVersion: 'v1', kind: 'Secret', metadata, type, data } };
          }
          return method === 'POST' && path.includes('/secrets?')
            ? { status: 201, body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mirror' } } }
            : undefined;
        },
        see({ method, path, body }) {
          if (method === 'POST') created.push({ path: path.split('?')[0] ?? '', object: JSON.parse(body) });
        },
      }),
      undefined,
      { probe },
    );
    expect(record.run.exitCode).toBe(0);
    const own = ({ object }: { readonly object: unknown }): boolean => /"pair"/.test(JSON.stringify(object));
    expect(created.filter((one) => /namespaces$|secrets$/.test(one.path) && own(one))).toEqual([
      {
        path: '/api/v1/namespaces',
        object: {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: {
            name: 'pair',
            labels: { 'istio-injection': 'disabled', 'podreach.dev/run': record.run.id },
          },
        },
      },
      {
        path: '/api/v1/namespaces/pair/secrets',
        object: {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'mirror', namespace: 'pair', labels: { 'podreach.dev/run': record.run.id } },
          type: 'kubernetes.io/dockerconfigjson',
          data: { '.dockerconfigjson': 'e30=' },
        },
      },
    ]);
    const pods = created.filter(({ path }) => path.endsWith('/pods'));
    // The two outposts of the node are among them.
    expect(pods).toHaveLength(3 + 2);
    for (const { object } of pods) {
      expect(object).toMatchObject({
        spec: { imagePullSecrets: [{ name: 'mirror' }, { name: 'replicated' }] },
      });
    }
  });

  test('is said to be missing where there is no such Secret', async () => {
    const record = await runWith(
      throughProxy(oneNode(), {
        answer: ({ path }) =>
          path.includes('/secrets/') ? failure(404, 'NotFound', 'secrets "mirror" not found') : undefined,
      }),
      undefined,
      { probe },
    );
    expect(errorOf(record)).toMatchObject({
      code: 'provision-failed',
      message: 'there is no Secret platform/mirror, which --image-pull-secret names',
    });
  });

  test('does not make podreach copy any other Secret', async () => {
    const posted: string[] = [];
    const record = await runWith(
      throughProxy(oneNode(), {
        answer({ method, path }) {
          if (method === 'POST') posted.push(path);
          if (!path.includes('/secrets/')) return undefined;
          const metadata = { name: 'mirror', namespace: 'platform' };
          const body = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: { key: 'e30=' } };
          return { status: 200, body };
        },
      }),
      undefined,
      { probe },
    );
    expect(errorOf(record)).toMatchObject({
      code: 'provision-failed',
      message: 'the Secret platform/mirror is of the type Opaque, which is not for pulling images',
    });
    expect(posted.filter((path) => path.includes('/secrets'))).toEqual([]);
  });

  test('may be there already, where the cluster copies Secrets itself', async () => {
    const record = await runWith(
      throughProxy(oneNode(), {
        answer({ method, path }) {
          if (method === 'POST' && path.includes('/secrets?'))
            return failure(409, 'AlreadyExists', 'secrets "mirror" already exists');
          if (!path.includes('/secrets/')) return undefined;
          const metadata = { name: 'mirror', namespace: 'platform' };
          const type = 'kubernetes.io/dockerconfigjson';
          return { status: 200, body: { apiVersion: 'v1', kind: 'Secret', metadata, type, data: {} } };
        },
      }),
      undefined,
      { probe },
    );
    expect(record.run.exitCode).toBe(0);
  });
});

describe('namespaces', () => {
  test('that are still on their way when another is refused are waited for: what cleans up finds them all', async () => {
    const created: string[] = [];
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const kube: Pick<Kube, 'create' | 'get' | 'list'> = {
      async create(object) {
        const { name } = object.metadata;
        if (name === 'refused') throw new PodreachError('permission-denied', 'no');
        await answered;
        created.push(name);
        return object;
      },
      get: async () => undefined,
      list: async () => [],
    };
    const namespaces = ['refused', 'slow'].map((name) => ({ name, labels: {} }));
    const context = {
      kube,
      clock: systemClock,
      runId: 'run',
      signal: new AbortController().signal,
      timing: { readyWithinMs: 1_000 },
      probe: DEFAULT_PROBE_SETTINGS,
      progress: () => undefined,
    };
    const creating = createAll({ name: 'x', namespaces, pods: [] }, context);
    setTimeout(answer, 50);
    await expect(creating).rejects.toMatchObject({ code: 'permission-denied' });
    expect(created).toEqual(['slow']);
  });
});
