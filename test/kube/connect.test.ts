import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Clock, systemClock } from '../../src/clock.ts';
import { Interruption, PodreachError } from '../../src/errors.ts';
import { connectKube } from '../../src/kube/connect.ts';
import { ApiStatusError, isAlreadyExists } from '../../src/kube/errors.ts';
import type { Kube } from '../../src/kube/kube.ts';
import { ApiServer, type Behaviour, kubeconfigOf, status, TOKEN } from './api-server.ts';

/** A clock that does not wait but notes for how long it would have. */
function impatientClock(): Clock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return {
    ...systemClock,
    now: () => systemClock.now() + pauses.reduce((sum, pause) => sum + pause, 0),
    pauses,
    async sleep(ms) {
      pauses.push(ms);
    },
  };
}

async function connected(
  behaviour: Behaviour,
  clock: Clock = impatientClock(),
): Promise<{ server: ApiServer; kube: Kube } & AsyncDisposable> {
  const server = await ApiServer.start(behaviour);
  const kube = await connectKube(server.kubeconfig, { clock, random: () => 0.5 });
  return {
    server,
    kube,
    async [Symbol.asyncDispose]() {
      kube.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** What a promise is rejected with. */
async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof Error) return thrown;
  }
  throw new Error('it did not reject');
}

function told(thrown: Error): object {
  return thrown instanceof PodreachError
    ? { code: thrown.code, message: thrown.message, hint: thrown.hint }
    : thrown;
}

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'db', namespace: 'shop' } };

describe('what is sent', () => {
  const policy = `# Only the API tier.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: {}
  ingress:
    - from:
        - namespaceSelector: {}
        - ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] }
      ports:
        - { port: 5432, endPort: 5440 }
`;

  test('is a policy byte for byte as it was written, by strict server-side apply', async () => {
    await using api = await connected({ answer: ({ body }) => ({ status: 200, body: parse(body) }) });
    const { server, kube } = api;
    const applied = await kube.apply({ resource: 'networkpolicies', namespace: 'shop', name: 'db' }, policy);
    expect(server.received).toEqual([
      {
        method: 'PATCH',
        path:
          '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/db' +
          '?fieldManager=podreach&force=true&fieldValidation=Strict',
        type: 'application/apply-patch+yaml',
        authorization: `Bearer ${TOKEN}`,
        body: policy,
      },
    ]);
    expect(applied).toEqual(parse(policy));
  });

  test('is an object with every field that it has, by create', async () => {
    const object = { ...parse(policy), unknown: { kept: true } };
    await using api = await connected({ answer: ({ body }) => ({ status: 201, body }) });
    expect(await api.kube.create(object)).toEqual(object);
    const [{ body, ...request } = { body: '' }] = api.server.received;
    expect(JSON.parse(body)).toEqual(object);
    expect(request).toEqual({
      method: 'POST',
      path: '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies?fieldManager=podreach&fieldValidation=Strict',
      type: 'application/json',
      authorization: `Bearer ${TOKEN}`,
    });
  });

  test('names the right places for reading and deleting', async () => {
    await using api = await connected({
      answer: ({ path }) => ({
        status: 200,
        body:
          path.includes('?') || path.endsWith('s') ? { kind: 'PodList', apiVersion: 'v1', items: [] } : POD,
      }),
    });
    const { server, kube } = api;
    await kube.get({ resource: 'namespaces', name: 'shop' });
    await kube.get({ resource: 'pods', namespace: 'shop', name: 'db' });
    await kube.list({ resource: 'nodes' });
    await kube.list({
      resource: 'pods',
      labelSelector: 'podreach.dev/run=r1,app in (a, b)',
      fieldSelector: 'a!=b',
    });
    await kube.list({ resource: 'networkpolicies', namespace: 'shop' });
    await kube.delete({ resource: 'pods', namespace: 'shop', name: 'db' });
    await kube.delete({ resource: 'namespaces', name: 'shop' });
    expect(
      server.received.map(({ method, path, body }) => [
        method,
        path,
        ...(body === '' ? [] : [JSON.parse(body)]),
      ]),
    ).toEqual([
      ['GET', '/api/v1/namespaces/shop'],
      ['GET', '/api/v1/namespaces/shop/pods/db'],
      ['GET', '/api/v1/nodes'],
      [
        'GET',
        '/api/v1/pods?labelSelector=podreach.dev%2Frun%3Dr1%2Capp+in+%28a%2C+b%29&fieldSelector=a%21%3Db',
      ],
      ['GET', '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies'],
      [
        'DELETE',
        '/api/v1/namespaces/shop/pods/db',
        { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' },
      ],
      [
        'DELETE',
        '/api/v1/namespaces/shop',
        { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' },
      ],
    ]);
  });

  test('goes to a server that has a path', async () => {
    await using api = await connected({ answer: () => ({ status: 200, body: { gitVersion: 'v1.36.0' } }) });
    const config = JSON.parse(api.server.kubeconfig);
    config.clusters[0].cluster.server += '/k8s/clusters/c-1';
    const kube = await connectKube(JSON.stringify(config));
    expect(await kube.version()).toBe('v1.36.0');
    expect(api.server.received.map(({ path }) => path)).toEqual(['/k8s/clusters/c-1/version']);
    kube.close();
  });
});

describe('what is answered', () => {
  test('gives the items of a list the kind and version that servers leave out', async () => {
    const items = [{ metadata: { name: 'db', namespace: 'shop' }, status: { phase: 'Running' } }];
    await using api = await connected({
      answer: () => ({ status: 200, body: { kind: 'PodList', apiVersion: 'v1', items } }),
    });
    expect(await api.kube.list({ resource: 'pods' })).toEqual([
      { apiVersion: 'v1', kind: 'Pod', ...items[0] },
    ]);
  });

  test('is undefined for an object that is not there, and fine for deleting it', async () => {
    await using api = await connected({ answer: () => status(404, 'NotFound', 'pods "db" not found') });
    const address = { resource: 'pods', namespace: 'shop', name: 'db' } as const;
    expect(await api.kube.get(address)).toBe(undefined);
    expect(await api.kube.delete(address)).toBe(undefined);
  });

  test('is fine for deleting what is being deleted already', async () => {
    await using api = await connected({
      answer: () => status(409, 'Conflict', 'the system is ensuring all content is removed'),
    });
    expect(await api.kube.delete({ resource: 'namespaces', name: 'shop' })).toBe(undefined);
  });

  test('is an error where something else than an API server answers', async () => {
    await using api = await connected({
      answer: ({ method }) => ({
        status: method === 'GET' ? 404 : 200,
        body: '<html><body>Not here</body></html>',
      }),
    });
    const address = { resource: 'pods', namespace: 'shop', name: 'db' } as const;
    expect(told(await rejection(api.kube.get(address)))).toMatchObject({
      code: 'api-error',
      message: 'cannot get pod shop/db: the API server answered 404 Not Found',
    });
    expect(told(await rejection(api.kube.create(POD)))).toMatchObject({
      code: 'api-error',
      message: 'cannot create pod shop/db: the answer is not one of a Kubernetes API server',
    });
  });

  test.each([
    [
      'missing rights, with the verb and resource to allow',
      status(
        403,
        'Forbidden',
        'pods is forbidden: User "jane" cannot create resource "pods" in API group ""',
      ),
      {
        code: 'permission-denied',
        message:
          'cannot create pod shop/db: pods is forbidden: User "jane" cannot create resource "pods" in API group "" (403 Forbidden)',
        hint: 'Allow create on pods in namespace shop to the user of context "test", with a Role or a ClusterRole.',
      },
    ],
    [
      'an admission that refuses, which is not about rights',
      status(403, 'Forbidden', 'pods "db" is forbidden: exceeded quota: small'),
      {
        code: 'api-error',
        message: 'cannot create pod shop/db: pods "db" is forbidden: exceeded quota: small (403 Forbidden)',
        hint: undefined,
      },
    ],
    [
      'unknown credentials',
      status(401, 'Unauthorized', 'Unauthorized'),
      {
        code: 'permission-denied',
        message: 'cannot create pod shop/db: Unauthorized (401 Unauthorized)',
        hint: 'The credentials of context "test" are missing, wrong or expired: log in again.',
      },
    ],
    [
      "an invalid object, in the server's own words on one line",
      status(422, 'Invalid', 'Pod "db" is invalid:\n * spec.containers: Required value'),
      {
        code: 'api-error',
        message:
          'cannot create pod shop/db: Pod "db" is invalid: * spec.containers: Required value (422 Unprocessable Entity)',
        hint: undefined,
      },
    ],
  ])('is an error that tells of %s', async (_, answer, expected) => {
    await using api = await connected({ answer: () => answer });
    const thrown = await rejection(api.kube.create(POD));
    expect(told(thrown)).toEqual(expected);
    expect(isAlreadyExists(thrown)).toBe(false);
  });

  test('tells an object that exists already from every other conflict', async () => {
    const reasons = ['AlreadyExists', 'Conflict'];
    await using api = await connected({
      answer: (_, count) => status(409, reasons[count] ?? '', 'pods "db" already exists'),
    });
    const [exists, conflict] = [await rejection(api.kube.create(POD)), await rejection(api.kube.create(POD))];
    expect([isAlreadyExists(exists), isAlreadyExists(conflict)]).toEqual([true, false]);
    expect(exists).toBeInstanceOf(ApiStatusError);
    expect(exists).toMatchObject({
      httpStatus: 409,
      reason: 'AlreadyExists',
      words: 'pods "db" already exists (409 Conflict)',
    });
  });
});

describe('trouble on the way', () => {
  const object = { status: 200, body: POD };
  const address = { resource: 'pods', namespace: 'shop', name: 'db' } as const;

  test.each([429, 500, 502, 503, 504])('%i is tried again with growing pauses', async (code) => {
    const clock = impatientClock();
    await using api = await connected(
      { answer: (_, count) => (count < 3 ? status(code, 'Whatever', 'later') : object) },
      clock,
    );
    expect(await api.kube.get(address)).toEqual(POD);
    expect(clock.pauses).toEqual([100, 200, 400]);
  });

  test('is not what a 500 about the object itself is: an unknown field of an applied policy', async () => {
    const words =
      'failed to create typed patch object (shop/deny; networking.k8s.io/v1, Kind=NetworkPolicy): .spec.ingres: field not declared in schema';
    await using api = await connected({ answer: () => status(500, '', words) });
    const policy = { resource: 'networkpolicies', namespace: 'shop', name: 'deny' } as const;
    expect(told(await rejection(api.kube.apply(policy, 'spec: { ingres: [] }')))).toMatchObject({
      code: 'api-error',
      message: `cannot apply NetworkPolicy shop/deny: ${words} (500 Internal Server Error)`,
    });
    expect(api.server.received).toHaveLength(1);
  });

  test('of the moment does not use up the tries that a failing server has', async () => {
    const clock = impatientClock();
    await using api = await connected(
      {
        answer: (_, count) =>
          count < 2
            ? (response) => response.destroy()
            : count < 5
              ? status(500, 'InternalError', 'a bad moment')
              : object,
      },
      clock,
    );
    expect(await api.kube.get(address)).toEqual(POD);
    expect(api.server.received).toHaveLength(6);
  });

  test('is told in the end', async () => {
    await using api = await connected({
      answer: () => status(500, 'InternalError', 'the disk is full'),
    });
    expect(told(await rejection(api.kube.list({ resource: 'pods', namespace: 'shop' })))).toMatchObject({
      code: 'api-error',
      message: 'cannot list pods in namespace shop: the disk is full (500 Internal Server Error)',
    });
    expect(api.server.received).toHaveLength(4);
  });

  test('goes on for as long as a server that restarts may take', async () => {
    const clock = impatientClock();
    await using api = await connected(
      { answer: () => status(503, 'ServiceUnavailable', 'the server is starting') },
      clock,
    );
    expect(told(await rejection(api.kube.list({ resource: 'pods', namespace: 'shop' })))).toMatchObject({
      code: 'api-error',
      message: 'cannot list pods in namespace shop: the server is starting (503 Service Unavailable)',
    });
    expect(clock.pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000]);
  });

  const later = (asked: string, date = 'Sat, 21 Nov 2026 10:00:00 GMT') => ({
    ...status(429, 'TooManyRequests', 'later'),
    headers: { 'retry-after': asked, date },
  });

  test.each([
    ['in seconds', later('25'), 25_000],
    ['with a date', later('Sat, 21 Nov 2026 10:00:12 GMT'), 12_000],
    ['with a date that is over', later('Sat, 21 Nov 2026 09:00:00 GMT'), 100],
    ['for no time at all', later('0'), 100],
    ['for nonsense', later('-1'), 100],
  ])('waits for as long as the server asks %s, and never less than by itself', async (_, answer, pause) => {
    const clock = impatientClock();
    await using api = await connected({ answer: (__, count) => (count === 0 ? answer : object) }, clock);
    expect(await api.kube.create(POD)).toEqual(POD);
    expect(clock.pauses).toEqual([pause]);
  });

  test('ends at once where the server asks for more time than there is', async () => {
    const clock = impatientClock();
    await using api = await connected({ answer: (_, count) => later(['20', '15'][count] ?? '') }, clock);
    expect(told(await rejection(api.kube.get(address)))).toMatchObject({
      code: 'api-error',
      message:
        'cannot get pod shop/db: later (429 Too Many Requests); the server asks to wait 15 s, which is longer than podreach waits',
    });
    expect(clock.pauses).toEqual([20_000]);
  });

  test('never repeats a create that the server may have carried out', async () => {
    await using api = await connected({
      answer: (_, count) =>
        count === 0 ? status(500, 'InternalError', 'timeout') : (response) => response.destroy(),
    });
    expect(told(await rejection(api.kube.create(POD)))).toMatchObject({ code: 'api-error' });
    expect(told(await rejection(api.kube.create(POD)))).toMatchObject({
      code: 'cluster-unavailable',
      message: `cannot create pod shop/db: the connection was cut by ${api.server.address} (ECONNRESET)`,
    });
    expect(api.server.received).toHaveLength(2);
  });

  test('does not end a create that cannot have arrived: nobody listens, then nobody finishes the handshake', async () => {
    await using server = await ApiServer.start({ answer: () => object });
    let connections = 0;
    const gate = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      connections += 1;
      if (connections === 1) socket.once('data', () => socket.resetAndDestroy());
      else socket.pipe(connect(Number(new URL(server.address).port), '127.0.0.1')).pipe(socket);
    });
    gate.listen(0, '127.0.0.1');
    await once(gate, 'listening');
    const { port } = gate.address() as AddressInfo;
    gate.close();
    const pauses: number[] = [];
    const clock: Clock = {
      ...systemClock,
      async sleep() {
        pauses.push(connections);
        if (!gate.listening) await once(gate.listen(port, '127.0.0.1'), 'listening');
      },
    };
    const config = server.kubeconfig.replace(server.address, `https://127.0.0.1:${port}`);
    const kube = await connectKube(config, { clock });
    expect(await kube.create(POD)).toEqual(POD);
    expect({ pauses, received: server.received.length }).toEqual({ pauses: [0, 1], received: 1 });
    kube.close();
    gate.close();
  });

  describe('in the middle of a create', () => {
    const labels = { 'podreach.dev/run': 'r1', app: 'db' };
    const labelled = { ...POD, metadata: { ...POD.metadata, labels } };
    const cut = (response: { destroy(): void }) => response.destroy();
    const exists = status(409, 'AlreadyExists', 'pods "db" already exists');

    async function createWith(first: ReturnType<NonNullable<Behaviour['answer']>>, found: object) {
      await using api = await connected({
        answer: ({ method }, count) => {
          if (count === 0) return first;
          return method === 'GET'
            ? { status: 200, body: { apiVersion: 'v1', kind: 'PodList', ...found } }
            : exists;
        },
      });
      const created = await api.kube.create(labelled).catch((thrown: unknown) => isAlreadyExists(thrown));
      return { created, received: api.server.received.map(({ method, path }) => `${method} ${path}`) };
    }

    test.each([
      ['a cut', cut],
      ['a 503', status(503, 'ServiceUnavailable', 'the server is stopping')],
    ])('%s leaves the object to be found by its labels, where it was created', async (_, first) => {
      const uid = 'u1';
      const mine = { ...labelled, metadata: { ...labelled.metadata, uid } };
      const post = 'POST /api/v1/namespaces/shop/pods?fieldManager=podreach&fieldValidation=Strict';
      expect(await createWith(first, { items: [mine] })).toEqual({
        created: mine,
        received: [
          post,
          post,
          'GET /api/v1/namespaces/shop/pods?labelSelector=podreach.dev%2Frun%3Dr1%2Capp%3Ddb&fieldSelector=metadata.name%3Ddb',
        ],
      });
    });

    test("does not make somebody else's object, or one that goes, its own", async () => {
      const deletionTimestamp = '2026-01-01T00:00:00Z';
      const going = { ...labelled, metadata: { ...labelled.metadata, deletionTimestamp } };
      expect(await createWith(cut, { items: [] })).toMatchObject({ created: true });
      expect(await createWith(cut, { items: [going] })).toMatchObject({ created: true });
      // Without doubt, nothing is looked for.
      expect(await createWith(exists, { items: [labelled] })).toMatchObject({ received: { length: 1 } });
    });
  });

  test('lets a review be asked again: it creates nothing', async () => {
    const answers = [
      (response: { destroy(): void }) => response.destroy(),
      status(503, 'ServiceUnavailable', 'starting'),
    ];
    await using api = await connected({
      answer: (_, count) => answers[count] ?? { status: 201, body: { status: { allowed: true } } },
    });
    expect(await api.kube.mayI({ verb: 'list', group: '', resource: 'pods' })).toBe(true);
    expect(api.server.received).toHaveLength(3);
  });

  test('is tried again when a connection is cut, before the answer or inside it', async () => {
    await using api = await connected({
      answer: (_, count) =>
        [
          (response: { destroy(): void }) => response.destroy(),
          (response: import('node:http').ServerResponse) => {
            response.writeHead(200, { 'content-length': '1000' });
            response.write('{"apiVersion":', () => response.destroy());
          },
        ][count] ?? object,
    });
    expect(await api.kube.get(address)).toEqual(POD);
    expect(api.server.received).toHaveLength(3);
  });

  test('leaves nothing behind on a connection that is used again', async () => {
    await using server = await ApiServer.start({ answer: () => ({ status: 200, body: { items: [] } }) });
    const kube = await connectKube(server.kubeconfig);
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    for (let times = 0; times < 12; times += 1) await kube.list({ resource: 'pods' });
    process.off('warning', note);
    kube.close();
    expect(warnings).toEqual([]);
  });

  test('is no trouble where the server closed a kept connection in between', async () => {
    await using api = await connected({
      answer: () => (response, request) => {
        response.end(JSON.stringify(POD));
        response.on('finish', () => setImmediate(() => request.socket.destroy()));
      },
    });
    for (let count = 0; count < 20; count += 1) {
      expect(await api.kube.get(address)).toEqual(POD);
      expect(await api.kube.create(POD)).toEqual(POD);
    }
    expect(api.server.received.filter(({ method }) => method === 'POST')).toHaveLength(20);
  });

  test('ends at the time limit of the call', async () => {
    await using api = await connected({ answer: () => () => {} });
    expect(told(await rejection(api.kube.get(address, { answerMs: 150 })))).toEqual({
      code: 'cluster-unavailable',
      message: `cannot get pod shop/db: no answer from ${api.server.address} within 0.15 s`,
      hint: 'Check that the cluster runs and that the kubeconfig leads to it.',
    });
  });

  test('ends at the time limit with what the server said last, where it said anything', async () => {
    const answer = (_: unknown, count: number) =>
      count === 0 ? status(429, 'TooManyRequests', 'later') : () => {};
    await using api = await connected({ answer });
    expect(told(await rejection(api.kube.get(address, { answerMs: 600 })))).toEqual({
      code: 'api-error',
      message: 'cannot get pod shop/db: later (429 Too Many Requests)',
    });
    expect(api.server.received).toHaveLength(2);
  });

  test('ends at the time limit inside an answer as well', async () => {
    await using api = await connected({
      answer: () => (response) => {
        response.writeHead(200);
        response.write('{');
      },
    });
    expect(told(await rejection(api.kube.get(address, { answerMs: 150 })))).toMatchObject({
      code: 'cluster-unavailable',
    });
  });

  test("ends when it is aborted, with the signal's own reason where that is podreach's", async () => {
    let onArrival = (): void => {};
    await using api = await connected({ answer: () => () => onArrival() });
    const abortedWith = (reason?: Error): Promise<Error> => {
      const controller = new AbortController();
      onArrival = () => controller.abort(reason);
      return rejection(api.kube.get(address, { signal: controller.signal }));
    };
    const interruption = new Interruption('SIGTERM');
    expect(await abortedWith(interruption)).toBe(interruption);
    expect(told(await abortedWith())).toMatchObject({
      code: 'interrupted',
      message: 'interrupted: did not get pod shop/db',
    });
  });

  test('sends nothing once it was aborted', async () => {
    await using api = await connected({ answer: () => object });
    const interruption = new Interruption('SIGINT');
    expect(await rejection(api.kube.get(address, { signal: AbortSignal.abort(interruption) }))).toBe(
      interruption,
    );
    expect(api.server.received).toEqual([]);
  });
});

describe('a kubeconfig', () => {
  test('of a server that is not there', async () => {
    const server = await ApiServer.start({});
    await server[Symbol.asyncDispose]();
    const kube = await connectKube(server.kubeconfig, { clock: impatientClock() });
    expect(told(await rejection(kube.version()))).toEqual({
      code: 'cluster-unavailable',
      message: `cannot ask for the API server's version: no API server answers at ${server.address} (ECONNREFUSED)`,
      hint: 'Check that the cluster runs and that the kubeconfig leads to it.',
    });
  });

  test('of a server whose certificate it does not trust', async () => {
    await using server = await ApiServer.start({});
    const clock = impatientClock();
    const kube = await connectKube(kubeconfigOf({ server: server.address }), { clock });
    expect(told(await rejection(kube.version()))).toMatchObject({
      code: 'cluster-unavailable',
      message: `cannot ask for the API server's version: the certificate of ${server.address} is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)`,
    });
    expect(clock.pauses).toEqual([]);
  });

  const whole = JSON.parse(kubeconfigOf({ server: 'https://127.0.0.1:1' }));
  test.each([
    ['without a current context', { ...whole, 'current-context': undefined }, 'it names no current context'],
    [
      'whose context is missing',
      { ...whole, contexts: [] },
      'its current context "test" is not among its contexts',
    ],
    [
      'whose cluster is missing',
      { ...whole, clusters: [] },
      'its context "test" needs the cluster "test", which is not there or has no server',
    ],
    [
      'whose cluster has no server',
      { ...whole, clusters: [{ name: 'test', cluster: {} }] },
      'its context "test" needs the cluster "test", which is not there or has no server',
    ],
    [
      'whose user is missing',
      { ...whole, users: [] },
      'its context "test" needs the user "test", which is not there',
    ],
  ])('%s does not lead to localhost', async (_, config, reason) => {
    expect(told(await rejection(connectKube(JSON.stringify(config))))).toEqual({
      code: 'cluster-unavailable',
      message: `the kubeconfig is not complete: ${reason}`,
      hint: 'Complete it, or choose another context with --cluster context=NAME.',
    });
  });

  test.each(['', '[1, 2'])('that cannot be read (%j) says so', async (text) => {
    const thrown = await rejection(connectKube(text));
    expect(told(thrown)).toMatchObject({ code: 'cluster-unavailable' });
    expect(thrown.message).toMatch(/^the kubeconfig cannot be read: /);
  });

  test('whose credentials cannot be had', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: '/no/such/program' };
    const kube = await connectKube(JSON.stringify({ ...whole, users: [{ name: 'test', user: { exec } }] }));
    const thrown = await rejection(kube.version());
    expect(told(thrown)).toMatchObject({ code: 'cluster-unavailable' });
    expect(thrown.message).toMatch(/^the credentials of context "test" cannot be used: /);
  });
});
