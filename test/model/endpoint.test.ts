import { describe, expect, test } from 'vitest';
import { type Endpoint, endpointKey, parseEndpoint } from '../../src/model/endpoint.ts';

const ENDPOINTS: readonly (readonly [string, Endpoint])[] = [
  ['shop/web', { kind: 'pod', namespace: 'shop', name: 'web' }],
  ['shop/host', { kind: 'pod', namespace: 'shop', name: 'host' }],
  ['service/shop/api', { kind: 'service', namespace: 'shop', name: 'api' }],
  ['host/bank', { kind: 'host', name: 'bank' }],
  ['workload/prod/db', { kind: 'workload', namespace: 'prod', name: 'db' }],
];

describe('the key of an endpoint', () => {
  test.each(ENDPOINTS)('%s is written, and read again', (key, endpoint) => {
    expect(endpointKey(endpoint)).toBe(key);
    expect(parseEndpoint(key)).toEqual(endpoint);
  });

  test.each([
    '',
    'shop',
    'shop/',
    '/web',
    'shop/web/8080',
    'service',
    'service/api',
    'service/shop/api/80',
    'host',
    'host/shop/bank',
    'workload/db',
  ])('"%s" is none', (text) => {
    expect(parseEndpoint(text)).toBeUndefined();
  });
});
