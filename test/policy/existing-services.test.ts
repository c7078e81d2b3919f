/** Services that are there already as destinations: what is behind them is for the cluster to say (D13, D24, I2, I4, I8). */
import { describe, expect, test } from 'vitest';
import type { ExistingEndpoint } from '../../src/model/service.ts';
import { compile } from '../../src/policy/oracle.ts';
import type { Assumptions } from '../../src/policy/peers.ts';
import { renderTrace } from '../../src/policy/render-trace.ts';
import { flowsOf, ruleAll, ruleCheck } from '../../src/policy/through-service.ts';
import { pod, policy } from './world.ts';

const API = 'service/default/kubernetes';
const DNS = 'service/kube-system/kube-dns';
const toSystem = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } };
const toDns = { ...toSystem, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } };
const everywhere = { ipBlock: { cidr: '0.0.0.0/0' } };
const endpoint = { ipBlock: { cidr: '172.18.0.1/32' } };
const address = { ipBlock: { cidr: '10.96.0.1/32' } };
const on = (port: number | string, ...to: readonly object[]) => ({ to, ports: [{ port }] });
const pods = [pod('shop/web', { app: 'web' }, [], { address: '10.244.1.2', node: 'n1' })];
const worldWith = (assumptions: Assumptions, ...egress: readonly object[]) =>
  compile(
    { pods, policies: [policy('shop/out', { podSelector: {}, policyTypes: ['Egress'], egress })] },
    assumptions,
  );
const check = (to: string, port: number) => ({ from: 'shop/web', to, port, protocol: 'TCP' }) as const;

describe('before a run, when its endpoints are not known', () => {
  test.each([
    ['D4: nothing restricts what is not isolated', API, undefined, 'allowed'],
    ['D7: a rule without peers and ports lets everything through', API, {}, 'allowed'],
    ['D4: isolated egress cuts it off', API, { to: [{ podSelector: {} }] }, 'denied'],
    ['D24: no selector means the API server', API, { to: [toSystem] }, 'denied'],
    ['D16: another protocol does not', API, { ports: [{ port: 443, protocol: 'UDP' }] }, 'denied'],
    ['D14: only pods give names to ports', API, on('https', everywhere), 'denied'],
    ['a block may hold its address', API, { to: [everywhere] }, 'undefined'],
    ['D13: its port is another than that of the Service', API, { ports: [{ port: 443 }] }, 'undefined'],
    ['D13: the number may be that of its own', API, { ports: [{ port: 6443 }] }, 'undefined'],
    ['all ports of its protocol are', API, { ports: [{ protocol: 'TCP' }] }, 'allowed'],
    ['a selector may mean the pods behind any other', DNS, { to: [toDns] }, 'undefined'],
    ['they may give a port this name', DNS, { ports: [{ port: 'dns-tcp' }] }, 'undefined'],
  ])('%s', (_, to, rule, verdict) => {
    const world = rule === undefined ? compile({ pods, policies: [] }) : worldWith({}, rule);
    expect(ruleCheck(world, check(to, 443)).answer.verdict).toBe(verdict);
  });

  test('the reason and the walk say so', () => {
    const oracle = worldWith({}, on(443, everywhere));
    const [flow] = flowsOf(check(API, 443));
    expect(renderTrace(oracle.explain(flow))).toMatchInlineSnapshot(`
      "shop/web → service/default/kubernetes:443/TCP, through a Service

      Egress: may shop/web open it?
        One policy isolates the egress of shop/web. Only what one of its rules allows is open (D4).
        policy shop/out
          egress rule 1: open
            to 1, addresses in 0.0.0.0/0: open, which endpoints are behind a Service that is there already is known only on a cluster
            port 1, TCP 443: open, port 443 is the Service's, and its endpoints may listen on another (D13)
        Open. It depends on a rule, and which endpoints are behind a Service that is there already is known only on a cluster.

      Ingress: may service/default/kubernetes receive it?
        Yes. Only pods are isolated, and service/default/kubernetes is not a pod (D5).

      UNDEFINED, because which endpoints are behind a Service that is there already is known only on a cluster
        It depends on
          egress rule 1 of policy shop/out"
    `);
  });

  test('of pods that may be behind one it is only said what the scenario knows', () => {
    const [flow] = flowsOf(check(DNS, 53));
    expect(renderTrace(worldWith({}, {}).explain(flow))).toContain(
      'Yes, as far as this scenario goes: its policies isolate no pods behind service/kube-system/kube-dns.',
    );
  });
});

describe('in a run', () => {
  const apiServer: ExistingEndpoint = { address: '172.18.0.1', port: 6443 };
  const nameServer: ExistingEndpoint = {
    address: '10.244.2.9',
    port: 1053,
    pod: {
      namespace: 'kube-system',
      name: 'dns',
      labels: { 'k8s-app': 'kube-dns' },
      namespaceLabels: { 'kubernetes.io/metadata.name': 'kube-system' },
      ports: [{ name: 'dns-tcp', port: 1053, protocol: 'TCP' }],
    },
  };
  const answer = (
    rule: object,
    endpoints: readonly ExistingEndpoint[] = [apiServer],
    assumptions: Assumptions = { servicesAreTranslatedFirst: true },
  ) =>
    ruleAll(worldWith(assumptions, rule), flowsOf(check(API, 443), { address: '10.96.0.1', endpoints }))
      .answer;

  test.each([
    ["D13: the endpoint's port counts", on(6443, everywhere), 'allowed'],
    ["D23: the Service's does not", on(443, everywhere), 'denied'],
    ["D24: a block of the endpoint's address lets it through", on(6443, endpoint), 'allowed'],
    ["I2: one of the Service's does not, where it is translated first", on(6443, address), 'denied'],
    ['D24: no selector does', { to: [toSystem, { namespaceSelector: {} }] }, 'denied'],
  ])('%s', (_, rule, verdict) => {
    expect(answer(rule).verdict).toBe(verdict);
  });

  test('I2: which of two addresses counts is open, unless a block holds both', () => {
    expect(answer(on(6443, address), [apiServer], {})).toMatchObject({ verdict: 'undefined', rule: 'I2' });
    expect(answer(on(6443, endpoint), [apiServer], {})).toMatchObject({ verdict: 'undefined', rule: 'I2' });
    expect(answer(on(6443, everywhere), [apiServer], {}).verdict).toBe('allowed');
  });

  test('I4, I8: an endpoint on the network of a node is no outside address', () => {
    const onNode = (node: string) => [{ ...apiServer, node }];
    expect(answer(on(6443, endpoint), onNode('n2'))).toMatchObject({ rule: 'I8' });
    expect(answer({ to: [toSystem] }, onNode('n2')).verdict).toBe('denied');
    expect(answer({ to: [toSystem] }, onNode('n1'))).toMatchObject({ rule: 'I4' });
  });

  test('I5: a pod on the network of its node may count as a pod or as the node', () => {
    const onHost = [{ ...nameServer, node: 'n2' }];
    expect(answer(on(1053, toDns), onHost)).toMatchObject({ verdict: 'undefined', rule: 'I5' });
    expect(answer(on(1053, toDns), onHost, { hostNetworkPodsAreNodes: true }).verdict).toBe('denied');
  });

  test('of several endpoints a part may be allowed', () => {
    const both = [apiServer, { ...apiServer, address: '172.18.0.2' }];
    expect(answer(on(6443, endpoint), both)).toEqual({ verdict: 'partial', denied: ['172.18.0.2'] });
  });

  test('D9: pods behind it are known by their labels, their ports by their names (D14)', () => {
    const behind = (rule: object, headless = false) =>
      ruleAll(
        worldWith({}, rule),
        flowsOf(check(DNS, 53), { ...(headless ? {} : { address: '10.96.0.10' }), endpoints: [nameServer] }),
      ).answer.verdict;
    expect(behind(on('dns-tcp', toDns))).toBe('allowed');
    expect(behind(on(1053, toDns))).toBe('allowed');
    expect(behind(on(53, toDns))).toBe('denied');
    expect(behind({ to: [{ ...toSystem, podSelector: { matchLabels: { app: 'dns' } } }] })).toBe('denied');
    // Without an address of its own nothing is translated.
    expect(behind(on(1053, toDns), true)).toBe('allowed');
    expect(behind({ to: [{ podSelector: {} }] }, true)).toBe('denied');
  });
});
