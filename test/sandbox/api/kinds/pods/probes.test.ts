/** Probes as the API takes them: what it fills in, and what it refuses. */
import { describe, expect, it } from 'vitest';
import { create, createLocalApi, statusOf } from '../../local-api.ts';

const AT = 'spec.containers[0].readinessProbe';

function pod(probes: object): unknown {
  return { metadata: { name: 'x' }, spec: { containers: [{ name: 'c', image: 'node:24', ...probes }] } };
}

/** Field and message of everything that is wrong. */
function refusal(probes: object): readonly (readonly [string | undefined, string | undefined])[] {
  const { details } = statusOf(() => create(createLocalApi(), 'pods', pod(probes)));
  return (details?.causes ?? []).map(({ field, message }) => [field, message]);
}

describe('a probe is refused', () => {
  it.each<[string, object, readonly (readonly [string, string])[]]>([
    ['without a handler', {}, [[AT, 'Required value: must specify a handler type']]],
    [
      'with several handlers',
      { grpc: { port: 1 }, tcpSocket: { port: 1 }, httpGet: { port: 1 }, exec: { command: ['true'] } },
      ['httpGet', 'tcpSocket', 'grpc'].map((name) => [
        `${AT}.${name}`,
        'Forbidden: may not specify more than 1 handler type',
      ]),
    ],
    ['without a command', { exec: { command: [] } }, [[`${AT}.exec.command`, 'Required value']]],
    [
      'without a port',
      { httpGet: {} },
      [[`${AT}.httpGet.port`, 'Invalid value: 0: must be between 1 and 65535, inclusive']],
    ],
    [
      'with a port out of range',
      { tcpSocket: { port: 65536 } },
      [[`${AT}.tcpSocket.port`, 'Invalid value: 65536: must be between 1 and 65535, inclusive']],
    ],
    [
      'with a number as the name of a port',
      { tcpSocket: { port: '80' } },
      [[`${AT}.tcpSocket.port`, 'Invalid value: "80": must contain at least one letter (a-z)']],
    ],
    [
      'with a port of gRPC that is none',
      { grpc: {} },
      [[`${AT}.grpc.port`, 'Invalid value: 0: must be between 1 and 65535, inclusive']],
    ],
    [
      'with another scheme and a header that is none',
      { httpGet: { port: 80, scheme: 'http', httpHeaders: [{ name: 'X_Y', value: '' }] } },
      [
        [`${AT}.httpGet.scheme`, 'Unsupported value: "http": supported values: "HTTP", "HTTPS"'],
        [
          `${AT}.httpGet.httpHeaders`,
          `Invalid value: "X_Y": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')`,
        ],
      ],
    ],
    [
      'with negative numbers',
      {
        tcpSocket: { port: 80 },
        initialDelaySeconds: -1,
        timeoutSeconds: -2,
        periodSeconds: -3,
        successThreshold: -4,
        failureThreshold: -5,
      },
      [
        ['initialDelaySeconds', -1],
        ['timeoutSeconds', -2],
        ['periodSeconds', -3],
        ['successThreshold', -4],
        ['failureThreshold', -5],
      ].map(([name, value]) => [
        `${AT}.${name}`,
        `Invalid value: ${value}: must be greater than or equal to 0`,
      ]),
    ],
    [
      'with a grace period, which is for liveness',
      { tcpSocket: { port: 80 }, terminationGracePeriodSeconds: 0 },
      [
        [`${AT}.terminationGracePeriodSeconds`, 'Invalid value: 0: must be greater than 0'],
        [`${AT}.terminationGracePeriodSeconds`, 'Invalid value: 0: must not be set for readinessProbes'],
      ],
    ],
  ])('%s', (_what, readinessProbe, causes) => {
    expect(refusal({ readinessProbe })).toEqual(causes);
  });

  it.each(['livenessProbe', 'startupProbe'])('for two successes, if it is a %s', (name) => {
    expect(refusal({ [name]: { tcpSocket: { port: 80 }, successThreshold: 2 } })).toEqual([
      [`spec.containers[0].${name}.successThreshold`, 'Invalid value: 2: must be 1'],
    ]);
  });

  it('for a field that it does not have', () => {
    const { message } = statusOf(() =>
      create(createLocalApi(), 'pods', pod({ readinessProbe: { httpGet: { port: 80, paht: '/' } } })),
    );
    expect(message).toContain('unknown field "spec.containers[0].readinessProbe.httpGet.paht"');
  });
});

describe('a probe is stored', () => {
  const numbers = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };

  it.each<[string, object, object]>([
    ['a request', { httpGet: { port: 'http' } }, { httpGet: { port: 'http', path: '/', scheme: 'HTTP' } }],
    [
      'zeros and empty strings',
      {
        httpGet: { port: 80, path: '', scheme: '' },
        timeoutSeconds: 0,
        periodSeconds: 0,
        failureThreshold: 0,
      },
      { httpGet: { port: 80, path: '/', scheme: 'HTTP' } },
    ],
    ['a connection', { tcpSocket: { port: 80 } }, { tcpSocket: { port: 80 } }],
    ['a call', { grpc: { port: 80 } }, { grpc: { port: 80, service: '' } }],
    ['a command', { exec: { command: ['true'] } }, { exec: { command: ['true'] } }],
  ])('with the defaults of %s', (_what, sent, stored) => {
    for (const name of ['readinessProbe', 'livenessProbe', 'startupProbe'] as const) {
      const [container] = create(createLocalApi(), 'pods', pod({ [name]: sent }))?.spec.containers ?? [];
      expect(container?.[name]).toEqual({ ...stored, ...numbers });
    }
  });

  it('as it came, where it says everything', () => {
    const readinessProbe = {
      httpGet: {
        port: 80,
        path: '/ready',
        scheme: 'HTTPS',
        host: 'x',
        httpHeaders: [{ name: 'A', value: 'b' }],
      },
      initialDelaySeconds: 4,
      timeoutSeconds: 5,
      periodSeconds: 6,
      successThreshold: 7,
      failureThreshold: 8,
    };
    const [container] = create(createLocalApi(), 'pods', pod({ readinessProbe }))?.spec.containers ?? [];
    expect(container).toMatchObject({ readinessProbe });
    expect(container).not.toHaveProperty('livenessProbe');
  });
});
