import { once } from 'node:events';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster, TOKEN } from './cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

/** A namespace of its own for every test. */
let namespace: string;
let pods: string;
let policies: string;
let count = 0;
beforeEach(async () => {
  count += 1;
  namespace = `test-${count}`;
  pods = `/api/v1/namespaces/${namespace}/pods`;
  policies = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
  await cluster.call('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
});

const APPLY = { 'content-type': 'application/apply-patch+yaml' };

function pod(name: string, labels: Record<string, string> = {}): unknown {
  return { metadata: { name, labels }, spec: { containers: [{ name: 'c', image: 'node:24' }] } };
}

function policyYaml(name: string, rest = ''): string {
  return `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: ${name}\nspec:\n  podSelector: {}\n${rest}`;
}

describe('who may come in', () => {
  it.each([
    ['no token', ''],
    ['another token', 'Bearer other'],
    ['a part of the token', `Bearer ${TOKEN.slice(0, -1)}`],
    ['the token as another scheme', `Basic ${TOKEN}`],
  ])('nobody with %s', async (_what, authorization) => {
    const answer = await cluster.call('GET', '/version', undefined, { authorization });
    expect(answer).toMatchObject({
      code: 401,
      body: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Unauthorized',
        reason: 'Unauthorized',
        code: 401,
      },
    });
  });
});

describe('what there is', () => {
  it('says its version and that it is well', async () => {
    expect((await cluster.call('GET', '/version')).body).toMatchObject({
      major: '1',
      minor: '36',
      gitVersion: 'v1.36.0-podreach',
    });
    for (const path of ['/healthz', '/livez', '/readyz']) {
      expect(await cluster.call('GET', path)).toMatchObject({ code: 200, body: 'ok' });
    }
  });

  it('lists groups and resources', async () => {
    expect((await cluster.call('GET', '/api')).body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    const groups = (await cluster.call('GET', '/apis')).body.groups.map(({ name }: { name: string }) => name);
    expect(groups).toEqual([
      'apps',
      'authorization.k8s.io',
      'batch',
      'discovery.k8s.io',
      'networking.k8s.io',
    ]);
    expect((await cluster.call('GET', '/apis/networking.k8s.io')).body).toMatchObject({
      kind: 'APIGroup',
      name: 'networking.k8s.io',
    });
    const { resources } = (await cluster.call('GET', '/api/v1')).body;
    expect(resources.map(({ name }: { name: string }) => name)).toEqual([
      'namespaces',
      'nodes',
      'pods',
      'pods/exec',
      'pods/log',
      'pods/status',
      'services',
      'services/status',
    ]);
    expect((await cluster.call('GET', '/apis/networking.k8s.io/v1')).body.resources).toEqual([
      expect.objectContaining({
        name: 'networkpolicies',
        kind: 'NetworkPolicy',
        namespaced: true,
        shortNames: ['netpol'],
      }),
    ]);
  });

  it.each([
    '/api/v1/configmaps',
    '/apis/batch/v1/cronjobs',
    '/api/v2',
    '/nonsense',
    '/api/v1/namespaces/default/nodes',
    '/api/v1/pods/x',
    '/api/v1/namespaces/default/pods/x/y/z',
    '/api/v1/namespaces/%zz',
  ])('answers 404 for %s', async (path) => {
    expect(await cluster.call('GET', path)).toMatchObject({
      code: 404,
      body: { reason: 'NotFound', message: 'the server could not find the requested resource' },
    });
  });

  it.each([
    ['POST', '/apis/batch/v1/namespaces/default/cronjobs'],
    ['PATCH', '/api/v1/namespaces/default/configmaps/web'],
    ['DELETE', '/nonsense'],
  ])('answers 404 for %s %s', async (method, path) => {
    expect(await cluster.call(method, path, {})).toMatchObject({ code: 404, body: { reason: 'NotFound' } });
  });

  it.each([
    ['POST', '/api/v1/pods'],
    ['POST', '/api/v1/nodes'],
    ['DELETE', '/api/v1/nodes/node-a'],
    ['DELETE', '/api/v1/namespaces'],
    ['PUT', '/api/v1/namespaces'],
    ['POST', '/version'],
  ])('answers 405 for %s %s', async (method, path) => {
    expect(await cluster.call(method, path, {})).toMatchObject({
      code: 405,
      body: { reason: 'MethodNotAllowed' },
    });
  });

  it('allows everything to whoever asks what is allowed', async () => {
    const spec = { resourceAttributes: { verb: 'create', resource: 'pods' } };
    const answer = await cluster.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      spec,
    });
    expect(answer).toMatchObject({
      code: 201,
      body: { kind: 'SelfSubjectAccessReview', spec, status: { allowed: true } },
    });
  });
});

describe('create, get, list', () => {
  it('stores an object and answers 201 with it', async () => {
    const created = await cluster.call('POST', pods, pod('web', { app: 'web' }));
    expect(created).toMatchObject({
      code: 201,
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'web', namespace, generation: 1, labels: { app: 'web' } },
      },
    });
    const got = await cluster.call('GET', `${pods}/web`);
    expect(got.body).toMatchObject({
      metadata: { uid: created.body.metadata.uid },
      status: { phase: 'Running' },
    });
  });

  it('refuses a name that is taken, an unknown namespace and another namespace than the address', async () => {
    await cluster.call('POST', pods, pod('web'));
    expect(await cluster.call('POST', pods, pod('web'))).toMatchObject({
      code: 409,
      body: {
        reason: 'AlreadyExists',
        message: 'pods "web" already exists',
        details: { name: 'web', kind: 'pods' },
      },
    });
    expect(await cluster.call('POST', '/api/v1/namespaces/nowhere/pods', pod('web'))).toMatchObject({
      code: 404,
      body: { reason: 'NotFound', message: 'namespaces "nowhere" not found' },
    });
    expect(await cluster.call('POST', pods, { metadata: { name: 'x', namespace: 'default' } })).toMatchObject(
      {
        code: 400,
        body: {
          message: 'the namespace of the provided object does not match the namespace sent on the request',
        },
      },
    );
    expect(await cluster.call('GET', `${pods}/nope`)).toMatchObject({
      code: 404,
      body: { message: 'pods "nope" not found' },
    });
    expect(await cluster.call('GET', `${policies}/nope`)).toMatchObject({
      code: 404,
      body: {
        message: 'networkpolicies.networking.k8s.io "nope" not found',
        details: { name: 'nope', group: 'networking.k8s.io', kind: 'networkpolicies' },
      },
    });
  });

  it('refuses another kind and another version', async () => {
    expect(await cluster.call('POST', pods, { apiVersion: 'apps/v1', kind: 'Pod' })).toMatchObject({
      code: 400,
      body: { message: 'the API version in the data (apps/v1) does not match the expected API version (v1)' },
    });
    expect(await cluster.call('POST', pods, { apiVersion: 'v1', kind: 'Secret' })).toMatchObject({
      code: 400,
    });
    expect(await cluster.call('POST', pods, [])).toMatchObject({ code: 400 });
    expect(await cluster.call('POST', pods, '{')).toMatchObject({
      code: 400,
      body: { reason: 'BadRequest' },
    });
    expect(await cluster.call('POST', pods, 'x', { 'content-type': 'text/plain' })).toMatchObject({
      code: 415,
      body: { reason: 'UnsupportedMediaType' },
    });
  });

  it('reads YAML, and takes no more than three mebibytes', async () => {
    const yaml = policyYaml('deny');
    expect(await cluster.call('POST', policies, yaml, { 'content-type': 'application/yaml' })).toMatchObject({
      code: 201,
    });
    expect(await cluster.call('POST', policies, ' '.repeat(3 * 1024 * 1024 + 1))).toMatchObject({
      code: 413,
      body: { message: 'Request entity too large: limit is 3145728' },
    });
  });

  it('is strict, warns, or passes over unknown fields', async () => {
    const sent = { metadata: { name: 'x' }, spec: { ingres: [] } };
    expect(await cluster.call('POST', `${policies}?fieldValidation=Strict`, sent)).toMatchObject({
      code: 400,
      body: {
        message:
          'NetworkPolicy in version "v1" cannot be handled as a NetworkPolicy: strict decoding error: unknown field "spec.ingres"',
      },
    });
    const warned = await cluster.call('POST', `${policies}?dryRun=All`, sent);
    expect(warned).toMatchObject({
      code: 201,
      headers: { warning: '299 - "unknown field \\"spec.ingres\\""' },
    });
    const ignored = await cluster.call('POST', `${policies}?fieldValidation=Ignore`, sent);
    expect(ignored).toMatchObject({ code: 201 });
    expect(ignored.headers['warning']).toBeUndefined();
    expect(await cluster.call('POST', `${policies}?fieldValidation=Sometimes`, sent)).toMatchObject({
      code: 422,
      body: {
        message:
          'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Sometimes": supported values: "", "Ignore", "Strict", "Warn"',
      },
    });
  });

  it('lists by selectors, in one namespace and in all', async () => {
    await cluster.call('POST', pods, pod('b', { app: 'web', tier: 'x' }));
    await cluster.call('POST', pods, pod('a', { app: 'web' }));
    await cluster.call('POST', pods, pod('c', { app: 'db' }));
    const names = async (path: string): Promise<string[]> =>
      (await cluster.call('GET', path)).body.items.map(
        ({ metadata }: { metadata: { name: string } }) => metadata.name,
      );
    expect(await names(pods)).toEqual(['a', 'b', 'c']);
    expect(await names(`${pods}?labelSelector=app%3Dweb&limit=1`)).toEqual(['a', 'b']);
    expect(await names(`${pods}?labelSelector=${encodeURIComponent('app in (web,db),!tier')}`)).toEqual([
      'a',
      'c',
    ]);
    expect(await names(`${pods}?fieldSelector=metadata.name%3Db%2Cstatus.phase%3DRunning`)).toEqual(['b']);
    expect(await names(`/api/v1/pods?fieldSelector=metadata.namespace%3D${namespace}`)).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(await names('/api/v1/namespaces/nowhere/pods')).toEqual([]);
    const list = (await cluster.call('GET', pods)).body;
    expect(list).toMatchObject({
      kind: 'PodList',
      apiVersion: 'v1',
      metadata: { resourceVersion: String(cluster.store.revision) },
    });
  });

  it('does not know the future', async () => {
    expect(await cluster.call('GET', `${pods}?resourceVersion=${cluster.store.revision + 10}`)).toMatchObject(
      {
        code: 504,
        body: { reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
      },
    );
  });

  it('answers with tables', async () => {
    await cluster.call('POST', pods, pod('web'));
    const accept = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
    const { body } = await cluster.call('GET', pods, undefined, accept);
    expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect(body.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
      'Name',
      'Ready',
      'Status',
      'Restarts',
      'Age',
      'IP',
      'Node',
      'Nominated Node',
      'Readiness Gates',
    ]);
    expect(body.rows).toEqual([
      {
        cells: [
          'web',
          '1/1',
          'Running',
          '0',
          expect.stringMatching(/^\ds$/),
          expect.stringMatching(/^10\.244/),
          'node-a',
          '<none>',
          '<none>',
        ],
        object: {
          kind: 'PartialObjectMetadata',
          apiVersion: 'meta.k8s.io/v1',
          metadata: expect.objectContaining({ name: 'web' }),
        },
      },
    ]);
    const whole = await cluster.call('GET', `${pods}/web?includeObject=Object`, undefined, accept);
    expect(whole.body.rows[0].object.spec.nodeName).toBe('node-a');
  });

  it('checks everything on a dry run and stores nothing', async () => {
    expect(await cluster.call('POST', `${pods}?dryRun=All`, pod('web'))).toMatchObject({
      code: 201,
      body: { status: { phase: 'Pending' } },
    });
    expect(await cluster.call('GET', `${pods}/web`)).toMatchObject({ code: 404 });
    expect(await cluster.call('POST', `${pods}?dryRun=All`, pod('WEB'))).toMatchObject({ code: 422 });
    await cluster.call('POST', pods, pod('web'));
    expect(await cluster.call('POST', `${pods}?dryRun=All`, pod('web'))).toMatchObject({ code: 409 });
    expect(await cluster.call('DELETE', `${pods}/web?dryRun=All`)).toMatchObject({ code: 200 });
    expect(await cluster.call('GET', `${pods}/web`)).toMatchObject({ code: 200 });
    expect(await cluster.call('POST', `${pods}?dryRun=Some`, pod('y'))).toMatchObject({ code: 422 });
  });
});

describe('replace and patch', () => {
  it('replaces an object unless it was changed in between', async () => {
    const { body: created } = await cluster.call('POST', policies, {
      metadata: { name: 'deny' },
      spec: { podSelector: {} },
    });
    const changed = { ...created, spec: { ...created.spec, egress: [{}] } };
    const replaced = await cluster.call('PUT', `${policies}/deny`, changed);
    expect(replaced).toMatchObject({
      code: 200,
      body: { metadata: { generation: 2, uid: created.metadata.uid } },
    });
    // Stored policyTypes stay: adding egress rules later does not isolate egress.
    expect(replaced.body.spec.policyTypes).toEqual(['Ingress']);
    expect(await cluster.call('PUT', `${policies}/deny`, changed)).toMatchObject({
      code: 409,
      body: {
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on networkpolicies.networking.k8s.io "deny": the object has been modified; please apply your changes to the latest version and try again',
      },
    });
    expect(await cluster.call('PUT', `${policies}/deny`, { metadata: { name: 'allow' } })).toMatchObject({
      code: 400,
      body: { message: 'the name of the object (allow) does not match the name on the URL (deny)' },
    });
    expect(await cluster.call('PUT', `${policies}/allow`, { metadata: { name: 'allow' } })).toMatchObject({
      code: 404,
    });
    expect(
      await cluster.call('PUT', `${policies}/deny`, { metadata: { name: 'deny', uid: 'x' } }),
    ).toMatchObject({ code: 409 });
  });

  it('writes nothing where nothing changes', async () => {
    const { body: created } = await cluster.call('POST', policies, { metadata: { name: 'deny' } });
    const { body: replaced } = await cluster.call('PUT', `${policies}/deny`, created);
    expect(replaced).toEqual(created);
  });

  it('understands all three patches', async () => {
    await cluster.call('POST', pods, pod('web', { a: '1' }));
    const patch = (type: string, body: unknown): Promise<unknown> =>
      cluster.call('PATCH', `${pods}/web`, body, { 'content-type': `application/${type}+json` });
    expect(await patch('merge-patch', { metadata: { labels: { a: null, b: '2' } } })).toMatchObject({
      code: 200,
      body: { metadata: { labels: { b: '2' } } },
    });
    expect(await patch('json-patch', [{ op: 'add', path: '/metadata/labels/c', value: '3' }])).toMatchObject({
      body: { metadata: { labels: { b: '2', c: '3' } } },
    });
    expect(
      await patch('strategic-merge-patch', { spec: { containers: [{ name: 'c', image: 'node:25' }] } }),
    ).toMatchObject({
      code: 200,
      body: {
        metadata: { generation: 2 },
        spec: { containers: [{ name: 'c', image: 'node:25', resources: {} }] },
      },
    });
    expect(await patch('merge-patch', { metadata: { resourceVersion: '1' } })).toMatchObject({ code: 409 });
    expect(await patch('json-patch', [{ op: 'test', path: '/metadata/name', value: 'x' }])).toMatchObject({
      code: 422,
      body: { details: { causes: [{ message: 'testing value /metadata/name failed: test failed' }] } },
    });
    expect(await patch('yaml', {})).toMatchObject({ code: 415 });
  });

  it('reports what a patch does to the types, and unknown fields where it is strict', async () => {
    await cluster.call('POST', policies, { metadata: { name: 'deny' } });
    const patch = (query: string, body: unknown): ReturnType<TestCluster['call']> =>
      cluster.call('PATCH', `${policies}/deny${query}`, body, {
        'content-type': 'application/merge-patch+json',
      });
    const refused = await patch('?fieldValidation=Strict', { spec: { ingres: [] } });
    expect(refused).toMatchObject({ code: 422, body: { reason: 'Invalid' } });
    expect(refused.body.details.causes[0].message).toMatch(
      /strict decoding error: unknown field "spec.ingres"$/,
    );
    const mistyped = await patch('', { spec: { ingress: 'all' } });
    expect(mistyped.body.details.causes[0].message).toMatch(
      /json: cannot unmarshal string into Go struct field/,
    );
    expect(await patch('', { spec: { ingres: [] } })).toMatchObject({
      code: 200,
      headers: { warning: expect.stringContaining('spec.ingres') },
    });
  });

  it('keeps what a running pod is made of', async () => {
    await cluster.call('POST', pods, pod('web'));
    const { body } = await cluster.call(
      'PATCH',
      `${pods}/web`,
      { spec: { nodeName: 'b' } },
      { 'content-type': 'application/merge-patch+json' },
    );
    expect(body.message).toMatch(
      /^Pod "web" is invalid: spec: Forbidden: pod updates may not change fields other than `spec\.containers/,
    );
    const more = [{ op: 'add', path: '/spec/containers/-', value: { name: 'd', image: 'x' } }];
    const added = await cluster.call('PATCH', `${pods}/web`, more, {
      'content-type': 'application/json-patch+json',
    });
    expect(added.body.message).toBe(
      'Pod "web" is invalid: spec.containers: Forbidden: pod updates may not add or remove containers',
    );
  });

  it('changes the status at its own address only', async () => {
    await cluster.call('POST', pods, pod('web'));
    const merge = { 'content-type': 'application/merge-patch+json' };
    const change = { metadata: { labels: { a: 'b' } }, status: { message: 'hello' } };
    expect(await cluster.call('PATCH', `${pods}/web`, change, merge)).toMatchObject({ code: 200 });
    expect((await cluster.call('GET', `${pods}/web`)).body.status.message).toBeUndefined();
    const { body } = await cluster.call(
      'PATCH',
      `${pods}/web/status`,
      { ...change, metadata: { labels: { a: 'c' } } },
      merge,
    );
    expect(body).toMatchObject({
      metadata: { labels: { a: 'b' } },
      status: { message: 'hello', phase: 'Running' },
    });
    expect(body.metadata.managedFields.at(-1)).toMatchObject({
      manager: 'tester',
      subresource: 'status',
      fieldsV1: { 'f:status': { 'f:message': {} } },
    });
  });

  it('lets nodes be labelled and nothing more', async () => {
    const merge = { 'content-type': 'application/merge-patch+json' };
    expect(
      await cluster.call('PATCH', '/api/v1/nodes/node-a', { metadata: { labels: { zone: 'a' } } }, merge),
    ).toMatchObject({
      code: 200,
      body: { metadata: { labels: { zone: 'a', 'kubernetes.io/hostname': 'node-a' } } },
    });
    expect(
      await cluster.call('PATCH', '/api/v1/nodes/node-a', { spec: { unschedulable: true } }, merge),
    ).toMatchObject({ code: 422 });
  });
});

describe('server-side apply', () => {
  it('creates (201), changes nothing when repeated (200), and removes what is no longer applied', async () => {
    const path = `${policies}/deny?fieldManager=podreach`;
    const rules =
      '  ingress:\n  - from:\n    - namespaceSelector: {}\n    ports:\n    - port: 80\n      endPort: 90\n';
    const created = await cluster.call('PATCH', path, policyYaml('deny', rules), APPLY);
    expect(created).toMatchObject({
      code: 201,
      body: {
        metadata: { name: 'deny', namespace, generation: 1 },
        spec: {
          podSelector: {},
          ingress: [
            { from: [{ namespaceSelector: {} }], ports: [{ port: 80, endPort: 90, protocol: 'TCP' }] },
          ],
          policyTypes: ['Ingress'],
        },
      },
    });
    expect(created.body.metadata.managedFields).toMatchObject([
      {
        manager: 'podreach',
        operation: 'Apply',
        apiVersion: 'networking.k8s.io/v1',
        fieldsV1: { 'f:spec': { 'f:ingress': {}, 'f:podSelector': {} } },
      },
    ]);
    const repeated = await cluster.call('PATCH', path, policyYaml('deny', rules), APPLY);
    expect(repeated).toMatchObject({ code: 200, body: { metadata: { generation: 1 } } });
    const without = await cluster.call('PATCH', path, policyYaml('deny'), APPLY);
    expect(without.body.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress'] });
  });

  it('refuses what other managers own, unless forced', async () => {
    await cluster.call('POST', `${policies}?fieldManager=hand`, {
      metadata: { name: 'deny' },
      spec: { ingress: [{}] },
    });
    const yaml = policyYaml('deny', '  ingress: []\n');
    expect(await cluster.call('PATCH', `${policies}/deny?fieldManager=podreach`, yaml, APPLY)).toMatchObject({
      code: 409,
      body: {
        reason: 'Conflict',
        message:
          'Apply failed with 1 conflict: conflict with "hand" using networking.k8s.io/v1: .spec.ingress',
        details: { causes: [{ reason: 'FieldManagerConflict', field: '.spec.ingress' }] },
      },
    });
    const forced = await cluster.call(
      'PATCH',
      `${policies}/deny?fieldManager=podreach&force=true`,
      yaml,
      APPLY,
    );
    expect(forced).toMatchObject({ code: 200 });
    expect(forced.body.spec.ingress).toBeUndefined();
  });

  it.each([
    [
      'no manager',
      '',
      policyYaml('deny'),
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ],
    [
      'another name',
      '?fieldManager=a',
      policyYaml('allow'),
      400,
      'the name of the object (allow) does not match the name on the URL (deny)',
    ],
    [
      'another version',
      '?fieldManager=a',
      policyYaml('deny').replace('/v1', '/v2'),
      400,
      'Incorrect version specified in apply patch. Specified patch version: networking.k8s.io/v2, expected: networking.k8s.io/v1',
    ],
    ['no object', '?fieldManager=a', '- a', 400, 'error decoding YAML: the configuration is not an object'],
    [
      'duplicate keys',
      '?fieldManager=a&fieldValidation=Strict',
      policyYaml('deny', '  podSelector: {}\n'),
      400,
      'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 7: key "podSelector" already set in map',
    ],
    [
      'managedFields',
      '?fieldManager=a',
      policyYaml('deny').replace('  name', '  managedFields: []\n  name'),
      400,
      'metadata.managedFields must be nil',
    ],
  ])('refuses %s', async (_what, query, yaml, code, message) => {
    expect(await cluster.call('PATCH', `${policies}/deny${query}`, yaml, APPLY)).toMatchObject({
      code,
      body: { message },
    });
  });

  it('answers 500 without a reason for what does not fit the schema, as a real server does', async () => {
    const yaml = policyYaml('deny', '  ingress: all\n  egress: all\n');
    expect(await cluster.call('PATCH', `${policies}/deny?fieldManager=a`, yaml, APPLY)).toMatchObject({
      code: 500,
      body: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `failed to create typed patch object (${namespace}/deny; networking.k8s.io/v1, Kind=NetworkPolicy): errors:\n  .spec.ingress: expected list, got &{all}\n  .spec.egress: expected list, got &{all}`,
        code: 500,
      },
    });
  });

  it('validates, and needs a namespace', async () => {
    const yaml = policyYaml('deny', '  ingress: [{ from: [{}] }]\n');
    expect(await cluster.call('PATCH', `${policies}/deny?fieldManager=a`, yaml, APPLY)).toMatchObject({
      code: 422,
      body: {
        message:
          'NetworkPolicy.networking.k8s.io "deny" is invalid: spec.ingress[0].from[0]: Required value: must specify a peer',
      },
    });
    const elsewhere = policies.replace(namespace, 'nowhere');
    expect(
      await cluster.call('PATCH', `${elsewhere}/deny?fieldManager=a`, policyYaml('deny'), APPLY),
    ).toMatchObject({
      code: 404,
      body: { message: 'namespaces "nowhere" not found' },
    });
  });

  it('applies a dry run to nothing', async () => {
    expect(
      await cluster.call('PATCH', `${policies}/deny?fieldManager=a&dryRun=All`, policyYaml('deny'), APPLY),
    ).toMatchObject({ code: 201 });
    expect(await cluster.call('GET', `${policies}/deny`)).toMatchObject({ code: 404 });
  });

  it('applies the status of a pod', async () => {
    await cluster.call('POST', pods, pod('web'));
    const yaml =
      'apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {a: b}}\nstatus: {message: hello}\n';
    const { code, body } = await cluster.call('PATCH', `${pods}/web/status?fieldManager=a`, yaml, APPLY);
    expect({ code, ...body }).toMatchObject({
      code: 200,
      spec: { nodeName: 'node-a' },
      status: { message: 'hello', phase: 'Running' },
    });
    expect(body.metadata.labels).toBeUndefined();
  });
});

describe('delete', () => {
  it('answers with a Status for a policy and with the object for a pod', async () => {
    const { body: policy } = await cluster.call('POST', policies, { metadata: { name: 'deny' } });
    expect((await cluster.call('DELETE', `${policies}/deny`)).body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: {
        name: 'deny',
        group: 'networking.k8s.io',
        kind: 'networkpolicies',
        uid: policy.metadata.uid,
      },
    });
    await cluster.call('POST', pods, pod('web'));
    expect(await cluster.call('DELETE', `${pods}/web`)).toMatchObject({
      code: 200,
      body: {
        kind: 'Pod',
        metadata: { deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 30 },
      },
    });
    expect(await cluster.call('DELETE', `${pods}/web`)).toMatchObject({ code: 404 });
  });

  it('honours preconditions', async () => {
    await cluster.call('POST', policies, { metadata: { name: 'deny' } });
    expect(await cluster.call('DELETE', `${policies}/deny`, { preconditions: { uid: 'x' } })).toMatchObject({
      code: 409,
      body: { reason: 'Conflict' },
    });
    expect(
      await cluster.call('DELETE', `${policies}/deny`, { preconditions: { resourceVersion: '1' } }),
    ).toMatchObject({ code: 409 });
    expect(
      await cluster.call('DELETE', `${policies}/deny`, { propagationPolicy: 'Foreground' }),
    ).toMatchObject({ code: 200 });
  });

  it('waits for the finalizers of a policy', async () => {
    await cluster.call('POST', policies, { metadata: { name: 'deny', finalizers: ['example.com/wait'] } });
    expect(await cluster.call('DELETE', `${policies}/deny`)).toMatchObject({
      code: 200,
      body: { metadata: { deletionTimestamp: expect.any(String) } },
    });
    expect(await cluster.call('GET', `${policies}/deny`)).toMatchObject({ code: 200 });
    const release = { metadata: { finalizers: null } };
    await cluster.call('PATCH', `${policies}/deny`, release, {
      'content-type': 'application/merge-patch+json',
    });
    expect(await cluster.call('GET', `${policies}/deny`)).toMatchObject({ code: 404 });
  });

  it('deletes by selector', async () => {
    for (const name of ['a', 'b']) await cluster.call('POST', pods, pod(name, { app: name }));
    expect((await cluster.call('DELETE', `${pods}?labelSelector=app%3Da`)).body).toMatchObject({
      kind: 'PodList',
      items: [{ metadata: { name: 'a' } }],
    });
    expect((await cluster.call('GET', pods)).body.items).toMatchObject([{ metadata: { name: 'b' } }]);
  });
});

describe('watch', () => {
  interface Event {
    readonly type: string;
    readonly object: {
      readonly kind: string;
      readonly metadata: Record<string, unknown>;
      readonly [field: string]: unknown;
    };
  }

  /** Opens a watch. The iterator ends when the server ends it. */
  async function watch(path: string, accept = 'application/json') {
    const outgoing = request(cluster.server + path, {
      ca: cluster.ca,
      headers: { authorization: `Bearer ${TOKEN}`, accept },
    });
    outgoing.end();
    const [response] = await once(outgoing, 'response');
    const lines = createInterface({ input: response })[Symbol.asyncIterator]();
    return {
      async next(): Promise<Event | 'end'> {
        const { done, value } = await lines.next();
        return done === true ? 'end' : JSON.parse(value);
      },
      [Symbol.dispose]: () => void outgoing.destroy(),
    };
  }

  const named = (type: string, name: string): object => ({ type, object: { metadata: { name } } });

  it('begins with what is there and goes on with what happens', async () => {
    await cluster.call('POST', policies, { metadata: { name: 'a' } });
    using events = await watch(`${policies}?watch=true`);
    expect(await events.next()).toMatchObject(named('ADDED', 'a'));
    await cluster.call('POST', policies, { metadata: { name: 'b' } });
    expect(await events.next()).toMatchObject(named('ADDED', 'b'));
    await cluster.call('PUT', `${policies}/a`, { metadata: { name: 'a', labels: { x: 'y' } } });
    expect(await events.next()).toMatchObject({
      type: 'MODIFIED',
      object: { metadata: { name: 'a', labels: { x: 'y' } } },
    });
    await cluster.call('DELETE', `${policies}/b`);
    const deleted = await events.next();
    expect(deleted).toMatchObject({
      type: 'DELETED',
      object: { metadata: { name: 'b', resourceVersion: String(cluster.store.revision) } },
    });
  });

  it('goes on from a resourceVersion', async () => {
    const { body } = await cluster.call('POST', policies, { metadata: { name: 'a' } });
    await cluster.call('POST', policies, { metadata: { name: 'b' } });
    using events = await watch(`${policies}?watch=1&resourceVersion=${body.metadata.resourceVersion}`);
    expect(await events.next()).toMatchObject(named('ADDED', 'b'));
  });

  it('counts an object that begins or ceases to match as added or deleted', async () => {
    await cluster.call('POST', policies, { metadata: { name: 'a' } });
    using events = await watch(`${policies}?watch=true&labelSelector=app%3Dweb`);
    const label = (app: string): Promise<unknown> =>
      cluster.call(
        'PATCH',
        `${policies}/a`,
        { metadata: { labels: { app } } },
        { 'content-type': 'application/merge-patch+json' },
      );
    await label('web');
    expect(await events.next()).toMatchObject(named('ADDED', 'a'));
    await label('db');
    expect(await events.next()).toMatchObject({
      type: 'DELETED',
      object: { metadata: { labels: { app: 'web' }, resourceVersion: String(cluster.store.revision) } },
    });
    await label('cache');
    await label('web');
    expect(await events.next()).toMatchObject(named('ADDED', 'a'));
  });

  it('ends in time, with a bookmark for those who want it', async () => {
    using events = await watch(
      `${policies}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=${cluster.store.revision}`,
    );
    expect(await events.next()).toMatchObject({
      type: 'BOOKMARK',
      object: {
        kind: 'NetworkPolicy',
        apiVersion: 'networking.k8s.io/v1',
        metadata: { resourceVersion: String(cluster.store.revision) },
      },
    });
    expect(await events.next()).toBe('end');
  });

  it('marks the end of the initial state', async () => {
    await cluster.call('POST', policies, { metadata: { name: 'a' } });
    using events = await watch(
      `${policies}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
    );
    expect(await events.next()).toMatchObject(named('ADDED', 'a'));
    expect(await events.next()).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
  });

  it('sends tables of one row, the heading once', async () => {
    using events = await watch(`${policies}?watch=true`, 'application/json;as=Table;v=v1;g=meta.k8s.io');
    for (const name of ['a', 'b']) await cluster.call('POST', policies, { metadata: { name } });
    expect(await events.next()).toMatchObject({
      type: 'ADDED',
      object: {
        kind: 'Table',
        columnDefinitions: [{ name: 'Name' }, {}, {}],
        rows: [{ cells: ['a', '<none>', '0s'] }],
      },
    });
    expect(await events.next()).toMatchObject({
      type: 'ADDED',
      object: { columnDefinitions: [], rows: [{ cells: ['b', '<none>', '0s'] }] },
    });
  });

  it('says 410 Expired where the history does not go back that far', async () => {
    await using small = await startCluster(true, 2);
    for (const name of ['a', 'b', 'c'])
      await small.call('POST', '/api/v1/namespaces', { metadata: { name } });
    const { code, body } = await small.call('GET', '/api/v1/namespaces?watch=true&resourceVersion=1');
    expect({ code, body }).toMatchObject({
      code: 200,
      body: {
        type: 'ERROR',
        object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (8)' },
      },
    });
  });

  it('ends with the server', async () => {
    const own = await startCluster();
    const outgoing = request(`${own.server}/api/v1/pods?watch=true`, {
      ca: own.ca,
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    outgoing.end();
    const [response] = await once(outgoing, 'response');
    const closed = new Promise((resolve) => response.on('error', resolve));
    response.resume();
    await own[Symbol.asyncDispose]();
    expect(await closed).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('namespaces', () => {
  it('end once everything in them has', async () => {
    await using slow = await startCluster(false);
    const bound = {
      ...Object(pod('web')),
      spec: { nodeName: 'node-a', containers: [{ name: 'c', image: 'x' }] },
    };
    await slow.call('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
    await slow.call('POST', '/api/v1/namespaces/shop/pods', bound);
    await slow.call('POST', '/api/v1/namespaces/shop/pods', pod('unbound'));
    await slow.call('POST', '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies', {
      metadata: { name: 'deny' },
    });
    expect(await slow.call('DELETE', '/api/v1/namespaces/shop')).toMatchObject({
      code: 200,
      body: { status: { phase: 'Terminating' } },
    });
    expect(slow.store.list('networkpolicies', 'shop')).toEqual([]);
    expect(slow.store.list('pods', 'shop')).toMatchObject([
      { metadata: { name: 'web', deletionGracePeriodSeconds: 30 } },
    ]);
    expect(await slow.call('POST', '/api/v1/namespaces/shop/pods', pod('late'))).toMatchObject({
      code: 403,
      body: {
        reason: 'Forbidden',
        message:
          'pods "late" is forbidden: unable to create new content in namespace shop because it is being terminated',
        details: {
          causes: [
            {
              reason: 'NamespaceTerminating',
              message: 'namespace shop is being terminated',
              field: 'metadata.namespace',
            },
          ],
        },
      },
    });
    slow.store.remove('pods', 'shop', 'web');
    expect(await slow.call('GET', '/api/v1/namespaces/shop')).toMatchObject({ code: 404 });
  });

  it('are kept by their finalizers', async () => {
    const merge = { 'content-type': 'application/merge-patch+json' };
    await cluster.call(
      'PATCH',
      `/api/v1/namespaces/${namespace}`,
      { metadata: { finalizers: ['example.com/wait'] } },
      merge,
    );
    await cluster.call('DELETE', `/api/v1/namespaces/${namespace}`);
    expect(await cluster.call('GET', `/api/v1/namespaces/${namespace}`)).toMatchObject({
      body: { status: { phase: 'Terminating' } },
    });
    await cluster.call('PATCH', `/api/v1/namespaces/${namespace}`, { metadata: { finalizers: null } }, merge);
    expect(await cluster.call('GET', `/api/v1/namespaces/${namespace}`)).toMatchObject({ code: 404 });
  });

  it.each(['default', 'kube-system', 'kube-public', 'kube-node-lease'])('%s stays', async (name) => {
    expect(await cluster.call('DELETE', `/api/v1/namespaces/${name}`)).toMatchObject({
      code: 403,
      body: { message: `namespaces "${name}" is forbidden: this namespace may not be deleted` },
    });
  });

  it('keep the label with their name', async () => {
    const labels = { 'kubernetes.io/metadata.name': 'other', team: 'a' };
    const { body } = await cluster.call('PUT', `/api/v1/namespaces/${namespace}`, {
      metadata: { name: namespace, labels },
    });
    expect(body.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': namespace, team: 'a' });
  });
});

describe('pods that are being deleted', () => {
  it('can be given less time, not more', async () => {
    await using slow = await startCluster(false);
    const bound = {
      metadata: { name: 'web' },
      spec: { nodeName: 'node-a', containers: [{ name: 'c', image: 'x' }] },
    };
    const path = '/api/v1/namespaces/default/pods';
    await slow.call('POST', path, bound);
    const grace = async (seconds: number): Promise<unknown> =>
      (await slow.call('DELETE', `${path}/web?gracePeriodSeconds=${seconds}`)).body.metadata
        .deletionGracePeriodSeconds;
    expect(await grace(10)).toBe(10);
    expect(await grace(20)).toBe(10);
    expect(await grace(0)).toBe(0);
    expect(await slow.call('GET', `${path}/web`)).toMatchObject({ code: 200 });
  });
});

it('answers many requests on few connections', async () => {
  const names = Array.from({ length: 100 }, (_, index) => `pod-${index}`);
  const created = await Promise.all(names.map((name) => cluster.call('POST', pods, pod(name))));
  expect(new Set(created.map(({ code }) => code))).toEqual(new Set([201]));
  expect((await cluster.call('GET', pods)).body.items).toHaveLength(100);
});
