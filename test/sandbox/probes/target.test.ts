import { describe, expect, test } from 'vitest';
import type { Container, Probe } from '../../../src/sandbox/api/kinds/pods/object.ts';
import { planProbe } from '../../../src/sandbox/probes/target.ts';

const ADDRESS = '10.244.1.2';

/** A container as the API stores it. */
function containerWith(readinessProbe: Probe | undefined, ports: Container['ports'] = []): Container {
  return { name: 'c', ports, ...(readinessProbe === undefined ? {} : { readinessProbe }) };
}

function requestOf(httpGet: Probe['httpGet']): string {
  const plan = planProbe(
    containerWith({ httpGet: { path: '/', scheme: 'HTTP', port: 80, ...httpGet } }),
    ADDRESS,
  );
  if (plan.kind !== 'visits' || plan.target.handler.kind !== 'httpGet') throw new Error(plan.kind);
  return plan.target.handler.request;
}

test('a probe becomes a target with its times in milliseconds', () => {
  const probe: Probe = {
    httpGet: { path: '/ready', port: 8080, scheme: 'HTTP' },
    initialDelaySeconds: 2,
    periodSeconds: 3,
    timeoutSeconds: 4,
    successThreshold: 5,
    failureThreshold: 6,
  };
  expect(planProbe(containerWith(probe), ADDRESS)).toEqual({
    kind: 'visits',
    target: {
      host: ADDRESS,
      port: 8080,
      handler: {
        kind: 'httpGet',
        url: 'http://10.244.1.2:8080/ready',
        request:
          'GET /ready HTTP/1.1\r\nHost: 10.244.1.2:8080\r\nUser-Agent: kube-probe/1.36\r\nAccept: */*\r\nConnection: close\r\n\r\n',
      },
      initialDelayMs: 2000,
      periodMs: 3000,
      timeoutMs: 4000,
      successThreshold: 5,
      failureThreshold: 6,
    },
  });
});

test('a port may be named, by the container that is visited, and the host be another', () => {
  const ports = [
    { name: 'web', containerPort: 80 },
    { name: 'ready', containerPort: 9000 },
  ];
  const probe: Probe = { tcpSocket: { port: 'ready', host: '127.0.0.1' } };
  expect(planProbe(containerWith(probe, ports), ADDRESS)).toMatchObject({
    target: { host: '127.0.0.1', port: 9000, handler: { kind: 'tcpSocket' } },
  });
  expect(planProbe(containerWith(probe), ADDRESS)).toEqual({
    kind: 'impossible',
    reason: 'port ready not found',
  });
});

test('no time is longer than a timer can be', () => {
  const probe: Probe = { tcpSocket: { port: 80 }, periodSeconds: 2 ** 31 - 1 };
  expect(planProbe(containerWith(probe), ADDRESS)).toMatchObject({ target: { periodMs: 2 ** 31 - 1 } });
});

test.each<[string, Probe | undefined]>([
  ['no probe', undefined],
  ['a command', { exec: { command: ['true'] } }],
  ['gRPC', { grpc: { port: 80 } }],
  ['HTTPS', { httpGet: { port: 443, path: '/', scheme: 'HTTPS' } }],
])('nobody visits a container with %s', (_, probe) => {
  expect(planProbe(containerWith(probe), ADDRESS)).toEqual({ kind: 'none' });
});

describe('a request', () => {
  test('has the headers of the probe before those of the kubelet', () => {
    const httpHeaders = [
      { name: 'host', value: 'shop.example' },
      { name: 'User-Agent', value: '' },
      { name: 'X-Twice', value: 'one' },
      { name: 'X-Twice', value: 'two' },
      { name: 'X-Empty' },
    ];
    expect(requestOf({ httpHeaders })).toBe(
      'GET / HTTP/1.1\r\nAccept: */*\r\nConnection: close\r\nhost: shop.example\r\nX-Twice: one\r\nX-Twice: two\r\nX-Empty: \r\n\r\n',
    );
    expect(requestOf({ httpHeaders: [{ name: 'Host', value: '' }] })).toContain(
      '\r\nHost: 10.244.1.2:80\r\n',
    );
  });

  test.each([
    ['healthz', '/healthz'],
    ['/a?b=c&d', '/a?b=c&d'],
    ['/a#b', '/a'],
    ['/ä b', '/%C3%A4%20b'],
    ['/a HTTP/1.1\r\nX: y', '/a%20HTTP/1.1%0D%0AX:%20y'],
    ['/%20', '/%20'],
    ['/\ud800', '/%EF%BF%BD'],
  ])('for %j asks for %s', (path, target) => {
    expect(requestOf({ path }).split('\r\n')[0]).toBe(`GET ${target} HTTP/1.1`);
  });

  test('cannot hold a header that ends before its value does', () => {
    const httpGet = { path: '/', scheme: 'HTTP', port: 80, httpHeaders: [{ name: 'A', value: 'b\r\nC: d' }] };
    expect(planProbe(containerWith({ httpGet }), ADDRESS)).toEqual({
      kind: 'impossible',
      reason: 'net/http: invalid header field value for "A"',
    });
  });
});
