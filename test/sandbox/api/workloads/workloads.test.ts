/** Objects that make pods, with pods that run as soon as they are made. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pod } from '../../../../src/sandbox/api/kinds/pods/object.ts';
import { startCluster, type TestCluster } from '../cluster.ts';

const template = (labels: object, image = 'one', spec: object = {}): object => ({
  metadata: { labels },
  spec: { containers: [{ name: 'main', image, command: ['sleep', '1'] }], ...spec },
});

describe('workloads', () => {
  let cluster: TestCluster;
  let namespace = '';
  let namespaces = 0;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  async function useNamespace(): Promise<void> {
    namespaces += 1;
    namespace = `ns-${namespaces}`;
    await cluster.call('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  }

  const pathOf = (resource: string, name = ''): string =>
    `/apis/${resource === 'jobs' ? 'batch' : 'apps'}/v1/namespaces/${namespace}/${resource}/${name}`;

  /** The answer's object; its message where it failed. */
  async function ask(method: string, path: string, body?: unknown, type = 'application/json') {
    const answer = await cluster.call(method, path, body, { 'content-type': type });
    return answer.code < 300 ? answer.body : answer.body.message;
  }
  const merge = (path: string, body: unknown) => ask('PATCH', path, body, 'application/merge-patch+json');

  const pods = (): Pod[] => cluster.store.list('pods', namespace);
  const names = (): string[] => pods().map(({ metadata }) => metadata.name);
  const images = (): (string | undefined)[] => pods().map(({ spec }) => spec.containers[0]?.image);

  const spec = { selector: { matchLabels: { app: 'web' } }, template: template({ app: 'web' }) };

  it('a ReplicaSet keeps as many pods as it wants, and takes the youngest away', async () => {
    await useNamespace();
    await ask('POST', pathOf('replicasets'), { metadata: { name: 'web' }, spec: { ...spec, replicas: 2 } });
    expect(names()).toEqual([expect.stringMatching(/^web-[a-z0-9]{5}$/), expect.stringMatching(/^web-/)]);
    const [first = ''] = names();
    await ask('DELETE', `/api/v1/namespaces/${namespace}/pods/${first}`);
    expect(names()).toHaveLength(2);
    expect(names()).not.toContain(first);
    await merge(pathOf('replicasets', 'web'), { spec: { replicas: 1 } });
    expect(names()).toHaveLength(1);
    const { status } = await ask('GET', pathOf('replicasets', 'web'));
    expect(status).toMatchObject({
      replicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      observedGeneration: 2,
    });
  });

  it('a pod whose labels the selector has left is let go, and another takes its place', async () => {
    await useNamespace();
    await ask('POST', pathOf('replicasets'), { metadata: { name: 'web' }, spec });
    const [first = ''] = names();
    await merge(`/api/v1/namespaces/${namespace}/pods/${first}`, { metadata: { labels: { app: 'other' } } });
    expect(names()).toHaveLength(2);
    expect(cluster.store.get('pods', namespace, first)?.metadata.ownerReferences).toBeUndefined();
  });

  it('a Deployment makes a ReplicaSet, and for another template another one', async () => {
    await useNamespace();
    await ask('POST', pathOf('deployments'), { metadata: { name: 'web' }, spec: { ...spec, replicas: 3 } });
    const [set] = cluster.store.list('replicasets', namespace);
    const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
    expect(set).toMatchObject({
      metadata: {
        name: `web-${hash}`,
        annotations: { 'deployment.kubernetes.io/revision': '1' },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true }],
      },
      spec: { replicas: 3, selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } } },
    });
    expect(pods().map(({ metadata }) => metadata.labels)).toEqual(
      Array.from({ length: 3 }, () => ({ app: 'web', 'pod-template-hash': hash })),
    );

    await merge(pathOf('deployments', 'web'), { spec: { template: template({ app: 'web' }, 'two') } });
    expect(images()).toEqual(['two', 'two', 'two']);
    const sets = cluster.store.list('replicasets', namespace);
    expect(
      sets.map(({ metadata, spec: { replicas } }) => [
        metadata.annotations?.['deployment.kubernetes.io/revision'],
        replicas,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['1', 0],
        ['2', 3],
      ]),
    );
    const { status } = await ask('GET', pathOf('deployments', 'web'));
    expect(status).toMatchObject({
      observedGeneration: 2,
      replicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
      unavailableReplicas: 0,
      conditions: [
        { type: 'Available', status: 'True' },
        { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
      ],
    });

    // Back to the first template: its set again, as the newest revision.
    await merge(pathOf('deployments', 'web'), { spec: { template: template({ app: 'web' }) } });
    expect(images()).toEqual(['one', 'one', 'one']);
    expect(cluster.store.get('replicasets', namespace, `web-${hash}`)?.metadata.annotations).toEqual({
      'deployment.kubernetes.io/revision': '3',
    });
  });

  it('what a Deployment owns goes with it, or stays where that is asked for', async () => {
    await useNamespace();
    for (const name of ['one', 'two', 'three'])
      await ask('POST', pathOf('deployments'), { metadata: { name }, spec });
    await ask('DELETE', pathOf('deployments', 'one'));
    await ask('DELETE', pathOf('deployments', 'two'), { propagationPolicy: 'Foreground' });
    await ask('DELETE', `${pathOf('deployments', 'three')}?propagationPolicy=Orphan`);
    expect(names()).toEqual([expect.stringMatching(/^three-/)]);
    expect(cluster.store.list('deployments', namespace)).toEqual([]);
    const [set, ...others] = cluster.store.list('replicasets', namespace);
    expect([others, set?.metadata.ownerReferences]).toEqual([[], undefined]);
    expect(await ask('DELETE', pathOf('replicasets', 'x'), { propagationPolicy: 'Never' })).toBe(
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Never": supported values: "Background", "Foreground", "Orphan"',
    );
  });

  it('a namespace that ends takes workloads and their pods with it', async () => {
    await useNamespace();
    await ask('POST', pathOf('deployments'), { metadata: { name: 'web' }, spec: { ...spec, replicas: 3 } });
    await ask('DELETE', `/api/v1/namespaces/${namespace}`);
    expect(cluster.store.get('namespaces', undefined, namespace)).toBeUndefined();
    expect(pods()).toEqual([]);
  });

  it('a StatefulSet names its pods by numbers, and replaces them from the last to the first', async () => {
    await useNamespace();
    await ask('POST', pathOf('statefulsets'), {
      metadata: { name: 'db' },
      spec: { ...spec, replicas: 3, serviceName: 'dbs' },
    });
    expect(names()).toEqual(['db-0', 'db-1', 'db-2']);
    expect(pods()[2]).toMatchObject({
      metadata: {
        labels: { 'statefulset.kubernetes.io/pod-name': 'db-2', 'apps.kubernetes.io/pod-index': '2' },
      },
      spec: { hostname: 'db-2', subdomain: 'dbs' },
    });
    const gone: string[] = [];
    const end = cluster.store.listen(({ type, object }) => {
      if (type === 'DELETED' && object.kind === 'Pod') gone.push(object.metadata.name);
    });
    await merge(pathOf('statefulsets', 'db'), { spec: { template: template({ app: 'web' }, 'two') } });
    expect(images()).toEqual(['two', 'two', 'two']);
    await merge(pathOf('statefulsets', 'db'), { spec: { replicas: 1 } });
    end();
    expect(gone).toEqual(['db-2', 'db-1', 'db-0', 'db-2', 'db-1']);
    const { status } = await ask('GET', pathOf('statefulsets', 'db'));
    expect(status).toMatchObject({ replicas: 1, readyReplicas: 1, updatedReplicas: 1 });
    expect(status.currentRevision).toBe(status.updateRevision);
  });

  it('a DaemonSet has a pod on every node that it is for', async () => {
    await useNamespace();
    await ask('POST', pathOf('daemonsets'), { metadata: { name: 'agent' }, spec });
    expect(pods().map(({ spec }) => spec.nodeName)).toEqual(['node-a']);
    await merge(pathOf('daemonsets', 'agent'), { spec: { template: template({ app: 'web' }, 'two') } });
    expect(images()).toEqual(['two']);
    const elsewhere = template({ app: 'web' }, 'two', { nodeSelector: { disk: 'fast' } });
    await merge(pathOf('daemonsets', 'agent'), { spec: { template: elsewhere } });
    expect(pods()).toEqual([]);
    await merge('/api/v1/nodes/node-a', { metadata: { labels: { disk: 'fast' } } });
    expect(pods().map(({ spec }) => spec.nodeName)).toEqual(['node-a']);
    const { status } = await ask('GET', pathOf('daemonsets', 'agent'));
    expect(status).toMatchObject({ desiredNumberScheduled: 1, numberReady: 1, updatedNumberScheduled: 1 });
  });

  describe('a Job', () => {
    const job = (spec: object = {}): object => ({
      metadata: { name: 'once' },
      spec: { template: template({}, 'one', { restartPolicy: 'Never' }), ...spec },
    });

    function finish(phase: 'Succeeded' | 'Failed'): void {
      const pod = pods().find(({ status }) => status?.phase === 'Running');
      if (pod === undefined) throw new Error('no pod runs');
      cluster.store.update('pods', namespace, pod.metadata.name, (live) => ({ ...live, status: { phase } }));
    }
    const status = async () => (await ask('GET', pathOf('jobs', 'once'))).status;

    it('ends when as many pods have succeeded as it wants', async () => {
      await useNamespace();
      await ask('POST', pathOf('jobs'), job({ completions: 3, parallelism: 2 }));
      expect(names()).toHaveLength(2);
      const { uid } = (await ask('GET', pathOf('jobs', 'once'))).metadata;
      expect(pods()[0]?.metadata.labels).toEqual({
        'batch.kubernetes.io/controller-uid': uid,
        'batch.kubernetes.io/job-name': 'once',
        'controller-uid': uid,
        'job-name': 'once',
      });
      finish('Succeeded');
      finish('Succeeded');
      expect(await status()).toMatchObject({ active: 1, succeeded: 2 });
      finish('Succeeded');
      expect(names()).toHaveLength(3);
      expect(await status()).toMatchObject({
        active: 0,
        succeeded: 3,
        completionTime: expect.any(String),
        conditions: [{ type: 'Complete', status: 'True', reason: 'CompletionsReached' }],
      });
    });

    it('tries again after a failure, and fails after too many', async () => {
      await useNamespace();
      await ask('POST', pathOf('jobs'), job({ backoffLimit: 1 }));
      finish('Failed');
      await expect.poll(() => names().length, { timeout: 10_000 }).toBe(2);
      finish('Failed');
      expect(await status()).toMatchObject({
        failed: 2,
        conditions: [
          {
            type: 'Failed',
            reason: 'BackoffLimitExceeded',
            message: 'Job has reached the specified backoff limit',
          },
        ],
      });
    });

    it('ends at its deadline, and goes when its time is over', async () => {
      await useNamespace();
      await ask('POST', pathOf('jobs'), job({ activeDeadlineSeconds: 1, ttlSecondsAfterFinished: 1 }));
      expect(names()).toHaveLength(1);
      await expect
        .poll(status, { timeout: 10_000 })
        .toMatchObject({ conditions: [{ reason: 'DeadlineExceeded' }] });
      expect(names()).toEqual([]);
      await expect.poll(() => cluster.store.list('jobs', namespace), { timeout: 10_000 }).toEqual([]);
    });
  });

  describe('the subresource scale', () => {
    it('shows how many pods there are, and says how many there shall be', async () => {
      await useNamespace();
      await ask('POST', pathOf('deployments'), { metadata: { name: 'web' }, spec });
      const path = pathOf('deployments', 'web/scale');
      const scale = await ask('GET', path);
      expect(scale).toMatchObject({
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        spec: { replicas: 1 },
        status: { replicas: 1, selector: 'app=web' },
      });
      expect(await merge(path, { spec: { replicas: 3 } })).toMatchObject({ spec: { replicas: 3 } });
      expect(names()).toHaveLength(3);
      expect(await ask('PUT', path, { ...scale, spec: { replicas: 0 } })).toContain(
        'the object has been modified',
      );
      const current = await ask('GET', path);
      await ask('PUT', path, { ...current, spec: { replicas: 0 } });
      expect(names()).toEqual([]);
      expect(await merge(path, { spec: { replicas: -1 } })).toBe(
        'Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      );
      expect(await ask('GET', pathOf('deployments', 'db/scale'))).toBe('deployments.apps "db" not found');
    });
  });

  describe('what users get wrong', () => {
    const pod = template({ app: 'web' });
    it.each<[string, string, object, string]>([
      [
        'labels that the selector does not match',
        'deployments',
        { selector: { matchLabels: { app: 'db' } }, template: pod },
        'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
      ],
      [
        'no selector',
        'replicasets',
        { template: pod },
        'ReplicaSet.apps "web" is invalid: spec.selector: Required value',
      ],
      [
        'an empty selector',
        'deployments',
        { selector: {}, template: pod },
        'Deployment.apps "web" is invalid: spec.selector: Invalid value: {}: empty selector is invalid for deployment',
      ],
      [
        'no containers',
        'statefulsets',
        { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } } } },
        'StatefulSet.apps "web" is invalid: spec.template.spec.containers: Required value',
      ],
      [
        'pods of a Deployment that end',
        'deployments',
        { ...spec, template: template({ app: 'web' }, 'one', { restartPolicy: 'Never' }) },
        'Deployment.apps "web" is invalid: spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      ],
      [
        'pods of a Job that never end',
        'jobs',
        { template: pod },
        'Job.batch "web" is invalid: spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never"',
      ],
      [
        'a strategy without its limits',
        'deployments',
        { ...spec, strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } },
        'Deployment.apps "web" is invalid: spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is \'Recreate\'',
      ],
      [
        'a label that is none',
        'daemonsets',
        { selector: { matchLabels: { app: 'a b' } }, template: template({ app: 'a b' }) },
        expect.stringContaining('spec.template.labels: Invalid value: "a b"'),
      ],
    ])('%s', async (_what, resource, spec, message) => {
      await useNamespace();
      expect(await ask('POST', pathOf(resource), { metadata: { name: 'web' }, spec })).toEqual(message);
    });

    it.each<[string, object, object, string]>([
      [
        'deployments',
        spec,
        { selector: { matchLabels: { app: 'db' } }, template: template({ app: 'db' }) },
        'Deployment.apps "web" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"db"}}: field is immutable',
      ],
      [
        'statefulsets',
        spec,
        { serviceName: 'other' },
        "StatefulSet.apps \"web\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ],
      [
        'jobs',
        { template: template({}, 'one', { restartPolicy: 'Never' }) },
        { completions: 2 },
        'Job.batch "web" is invalid: spec.completions: Invalid value: 2: field is immutable',
      ],
    ])('a change of %s that may not be', async (resource, spec, change, message) => {
      await useNamespace();
      await ask('POST', pathOf(resource), { metadata: { name: 'web' }, spec });
      expect(await merge(pathOf(resource, 'web'), { spec: change })).toBe(message);
    });
  });
});
