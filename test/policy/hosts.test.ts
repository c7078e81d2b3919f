/** Hosts outside the cluster as ends of flows: no policy isolates them, and only blocks of addresses mean them (D5, D10, D12). */
import { describe, expect, test } from 'vitest';
import { flowBetween, type WrittenPolicy } from '../../src/policy/model.ts';
import { compile } from '../../src/policy/oracle.ts';
import { renderTrace } from '../../src/policy/render-trace.ts';
import { pod, policy } from './world.ts';

const HOSTS = [
  { key: 'host/bank', address: '203.0.113.10' },
  { key: 'host/admin', address: '203.0.113.200' },
  { key: 'host/registry' },
];
const PODS = [pod('shop/api', { app: 'api' }, [8080])];
const oracleWith = (...policies: readonly WrittenPolicy[]) => compile({ pods: PODS, hosts: HOSTS, policies });
const pair = (from: string, to: string, port = 443) => flowBetween({ from, to, port, protocol: 'TCP' });
const block = { ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.128/25'] } };
const egress = policy('shop/out', { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [block] }] });
const ingress = policy('shop/in', { podSelector: {}, ingress: [{ from: [block] }] });

describe('a host as the destination', () => {
  const verdictOf = (spec: object, to: string) =>
    oracleWith(policy('shop/p', { podSelector: {}, ...spec })).evaluate(pair('shop/api', to)).verdict;

  test.each([
    ['D5: only the egress of the source counts', { policyTypes: ['Ingress'] }, 'host/bank', 'allowed'],
    ['D4: isolated egress cuts it off', { policyTypes: ['Egress'] }, 'host/bank', 'denied'],
    ['D12: a block holds its address', { egress: [{ to: [block] }] }, 'host/bank', 'allowed'],
    ['D12: an exception does not', { egress: [{ to: [block] }] }, 'host/admin', 'denied'],
    ['D10: no selector means it', { egress: [{ to: [{ namespaceSelector: {} }] }] }, 'host/bank', 'denied'],
    ['D7: a rule without peers does', { egress: [{ ports: [{ port: 443 }] }] }, 'host/bank', 'allowed'],
    ['D13: its port is the one that counts', { egress: [{ ports: [{ port: 80 }] }] }, 'host/bank', 'denied'],
    ['where its name leads is not known', { egress: [{ to: [block] }] }, 'host/registry', 'undefined'],
    ['D7: a rule without peers means it, wherever it is', { egress: [{}] }, 'host/registry', 'allowed'],
  ])('%s', (_, spec, to, expected) => {
    expect(verdictOf(spec, to)).toBe(expected);
  });
});

describe('a host as the source', () => {
  const verdictOf = (spec: object, from: string) =>
    oracleWith(policy('shop/p', { podSelector: {}, ...spec })).evaluate(pair(from, 'shop/api', 8080)).verdict;

  test.each([
    ['D5: egress policies mean nothing to it', { policyTypes: ['Egress'] }, 'host/bank', 'allowed'],
    ['D12: a block lets it in', { ingress: [{ from: [block] }] }, 'host/bank', 'allowed'],
    ['D12: not out of an exception', { ingress: [{ from: [block] }] }, 'host/admin', 'denied'],
    ['D10: no selector lets it in', { ingress: [{ from: [{ podSelector: {} }] }] }, 'host/bank', 'denied'],
    ['D7: a rule without peers does', { ingress: [{}] }, 'host/bank', 'allowed'],
  ])('%s', (_, spec, from, expected) => {
    expect(verdictOf(spec, from)).toBe(expected);
  });
});

test('a trace says in words what a host is', () => {
  const oracle = oracleWith(egress, ingress);
  expect(renderTrace(oracle.explain(pair('shop/api', 'host/admin')))).toMatchInlineSnapshot(`
    "shop/api → host/admin:443/TCP

    Egress: may shop/api open it?
      One policy isolates the egress of shop/api. Only what one of its rules allows is open (D4).
      Policy shop/in selects it too, but is not about egress: it names no policyTypes and has no egress rules (D1).
      policy shop/out
        egress rule 1: does not match
          to 1, addresses in 203.0.113.0/24 except 203.0.113.128/25: does not match, its exception 203.0.113.128/25 contains 203.0.113.200, the address of host/admin (D12)
          ports: not restricted, so every port matches (D7)
      No. No rule allows it.

    Ingress: may host/admin receive it?
      Yes. Only pods are isolated, and host/admin is not a pod (D5).

    DENIED
      No rule allows the egress of shop/api, which is isolated by
        policy shop/out"
  `);
  expect(renderTrace(oracle.explain(pair('host/bank', 'shop/api', 8080)))).toMatchInlineSnapshot(`
    "host/bank → shop/api:8080/TCP

    Egress: may host/bank open it?
      Yes. Only pods are isolated, and host/bank is not a pod (D5).

    Ingress: may shop/api receive it?
      One policy isolates the ingress of shop/api. Only what one of its rules allows is open (D4).
      Policy shop/out selects it too, but is not about ingress (D1).
      policy shop/in
        It names no policyTypes and has no egress rules, so it isolates ingress alone (D1).
        ingress rule 1: matches
          from 1, addresses in 203.0.113.0/24 except 203.0.113.128/25: matches
          ports: not restricted, so every port matches (D7)
      Yes. A rule allows it.

    ALLOWED by
      ingress rule 1 of policy shop/in"
  `);
});

test('an unknown host is an error of the caller', () => {
  expect(() => oracleWith().evaluate(pair('shop/api', 'host/nobody'))).toThrow('there is no host/nobody');
});
