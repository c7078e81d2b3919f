/** What policies mean for a connection to a Service: it is translated before they look at it (D13, D23, D27, I2, I3). */
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/policy/oracle.ts';
import {
  flowsOf,
  noteOnServicePort,
  podPairsOf,
  ruleAll,
  ruleCheck,
} from '../../src/policy/through-service.ts';

const pod = (name: string, labels: Record<string, string>) => ({
  namespace: 'shop',
  name,
  labels,
  ports: [{ port: 8080, protocol: 'TCP' as const }],
});
const pods = [
  pod('web', { app: 'web' }),
  pod('api-1', { app: 'api' }),
  pod('api-2', { app: 'api', old: 'yes' }),
];
const worldOf = (...specs: readonly object[]) =>
  compile({
    pods,
    policies: specs.map((spec, index) => ({ namespace: 'shop', name: `p${index}`, object: { spec } })),
  });

const check = {
  from: 'shop/web',
  to: 'service/shop/api',
  port: 80,
  protocol: 'TCP',
  backends: [
    { pod: 'shop/api-1', port: 8080 },
    { pod: 'shop/api-2', port: 8080 },
  ],
} as const;
const fromWeb = [{ podSelector: { matchLabels: { app: 'web' } } }];
const api = { matchLabels: { app: 'api' } };
const old = { matchLabels: { old: 'yes' } };

describe('a Service', () => {
  test('is allowed where all of its pods are, and denied where none is', () => {
    expect(ruleCheck(worldOf(), check).answer).toEqual({ verdict: 'allowed' });
    const { answer, responsible } = ruleCheck(worldOf({ podSelector: api }), check);
    expect(answer).toEqual({ verdict: 'denied' });
    expect(responsible.map(({ policy, direction }) => [policy, direction])).toEqual([['shop/p0', 'ingress']]);
  });

  test('is allowed in part where some are, by the names of those that are not', () => {
    const { answer, responsible } = ruleCheck(worldOf({ podSelector: old }), check);
    expect(answer).toEqual({ verdict: 'partial', denied: ['shop/api-2'] });
    expect(responsible.map(({ policy }) => policy)).toEqual(['shop/p0']);
  });

  test("has no port of its own to policies: the pods' counts (D13, D23)", () => {
    const onPort = (port: number) =>
      worldOf({ podSelector: api, ingress: [{ from: fromWeb, ports: [{ port }] }] });
    expect(ruleCheck(onPort(8080), check).answer.verdict).toBe('allowed');
    const mistaken = onPort(80);
    expect(ruleCheck(mistaken, check).answer.verdict).toBe('denied');
    const [flow] = flowsOf(check);
    expect(noteOnServicePort(mistaken, flow, 80)).toBe(
      "port 80 is the Service's: the pods listen on 8080, and only that counts (D23)",
    );
    // It would be denied on either.
    expect(noteOnServicePort(worldOf({ podSelector: api }), flow, 80)).toBeUndefined();
    expect(noteOnServicePort(onPort(8080), flow, 80)).toBeUndefined();
  });

  test('is left open where an ipBlock holds its address (I2), and where one of its pods goes to itself (I3)', () => {
    const toService = worldOf({
      podSelector: { matchLabels: { app: 'web' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: '10.96.0.0/16' } }] }],
    }).placed(
      new Map(pods.map(({ name }, index) => [`shop/${name}`, { address: `10.244.0.${index + 2}` }])),
      {},
    );
    expect(ruleAll(toService, flowsOf(check, { address: '10.96.0.17' })).answer).toMatchObject({
      rule: 'I2',
    });
    const itself = { ...check, from: 'shop/api-1' };
    expect(ruleCheck(worldOf({ podSelector: api, ingress: [{}] }), itself).answer).toMatchObject({
      rule: 'I3',
    });
    expect(ruleCheck(worldOf(), itself).answer.verdict).toBe('allowed');
  });

  test('without an address is as many pods (D27)', () => {
    const headless = { ...check, headless: true as const };
    expect(flowsOf(headless).map(({ to }) => to.kind)).toEqual(['pod', 'pod']);
    expect(flowsOf(check).map(({ to }) => to.kind)).toEqual(['service', 'service']);
  });
});

test('a check of a pod is one pair, and one of a Service a pair for each pod behind it', () => {
  const direct = { from: 'shop/web', to: 'shop/api-1', port: 8080, protocol: 'TCP' } as const;
  expect(podPairsOf(direct)).toEqual([direct]);
  expect(podPairsOf(check)).toEqual([direct, { ...direct, to: 'shop/api-2' }]);
});
