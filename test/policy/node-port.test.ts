/** What policies mean for a connection through a port of a node: either end may see that node in place of the other one (D25, I9). */
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/policy/oracle.ts';
import type { Assumptions } from '../../src/policy/peers.ts';
import { renderTrace } from '../../src/policy/render-trace.ts';
import {
  type CheckAnswer,
  flowsOf,
  ruleAll,
  type ServiceWhereabouts,
} from '../../src/policy/through-service.ts';

const KUBE_PROXY: Assumptions = { ipBlocksMatchPods: true, nodePortsHideSourceElsewhere: true };

const PLACES = new Map([
  ['shop/near', { address: '10.244.1.2', node: 'node-1' }],
  ['shop/far', { address: '10.244.2.2', node: 'node-2' }],
  ['shop/api', { address: '10.244.1.3', node: 'node-1' }],
]);
const pods = [...PLACES.keys()].map((key) => ({
  namespace: 'shop',
  name: key.slice('shop/'.length),
  labels: { app: key.slice('shop/'.length) },
  ports: [{ port: 8080, protocol: 'TCP' as const }],
}));
const block = (cidr: string) => [{ ipBlock: { cidr } }];
const OFFICE = block('203.0.113.0/24');
const NODES = block('172.18.0.0/16');
const API = { podSelector: { matchLabels: { app: 'api' } } };
const toApi = (from: readonly object[]) => ({ ...API, ingress: [{ from }] });
const fromPods = (to: readonly object[], ports: readonly object[] = []) => ({
  podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['near', 'far'] }] },
  policyTypes: ['Egress'],
  egress: [{ to, ...(ports.length === 0 ? {} : { ports }) }],
});

const WHEREABOUTS: ServiceWhereabouts = {
  nodePort: 30080,
  nodes: [
    { name: 'node-1', address: '172.18.0.2', pods: ['shop/api'] },
    { name: 'node-2', address: '172.18.0.3', pods: ['shop/api'] },
  ],
};
const AT_HOME: ServiceWhereabouts = { ...WHEREABOUTS, nodes: WHEREABOUTS.nodes?.slice(0, 1) ?? [] };
const PAIR = {
  to: 'service/shop/api',
  port: 80,
  protocol: 'TCP',
  path: 'nodePort',
  backends: [{ pod: 'shop/api', port: 8080 }],
} as const;

function oracleOf(spec: object | undefined, assumptions: Assumptions | 'offline') {
  const oracle = compile({
    pods,
    policies: spec === undefined ? [] : [{ namespace: 'shop', name: 'p', object: { spec } }],
    hosts: [{ key: 'host/office', address: '203.0.113.7' }],
  });
  return assumptions === 'offline' ? oracle : oracle.placed(PLACES, assumptions);
}

function shown(answer: CheckAnswer): string {
  switch (answer.verdict) {
    case 'partial':
      return `not ${answer.denied.join()}`;
    case 'undefined':
      return answer.rule ?? answer.reason;
    default:
      return answer.verdict;
  }
}

type Asked = readonly [from: string, spec: object | undefined, cluster: string, local: string];

/** What becomes of it with the policy Cluster, and with Local. */
function answers(
  from: string,
  spec: object | undefined,
  assumptions: Assumptions | 'offline',
): readonly string[] {
  const oracle = oracleOf(spec, assumptions);
  const place = assumptions === 'offline' ? {} : WHEREABOUTS;
  const cluster = ruleAll(oracle, flowsOf({ ...PAIR, from }, place));
  const local = ruleAll(
    oracle,
    flowsOf({ ...PAIR, from, externalTrafficPolicy: 'Local' }, assumptions === 'offline' ? {} : AT_HOME),
  );
  return [cluster, local].map(({ answer }) => shown(answer));
}

const ELSEWHERE = 'not shop/api via node-2';
const AT_NODE_1 = 'not shop/api via node-1';

describe('where policies look after the destination is translated, and before the source is (D25)', () => {
  test.each<Asked>([
    ['host/office', undefined, 'allowed', 'allowed'],
    ['host/office', { ...API, ingress: [{}] }, 'allowed', 'allowed'],
    ['host/office', toApi(OFFICE), ELSEWHERE, 'allowed'],
    ['host/office', toApi(NODES), AT_NODE_1, 'denied'],
    ['host/office', toApi([{ podSelector: {} }]), 'denied', 'denied'],
    // Through its own node to a pod of another; and the other way round.
    ['shop/far', toApi([{ podSelector: {} }]), ELSEWHERE, 'allowed'],
    ['shop/far', toApi(NODES), AT_NODE_1, 'denied'],
    ['shop/near', toApi([{ podSelector: {} }]), ELSEWHERE, 'allowed'],
    // What leaves for another node goes to that, on its port there; what leaves through the own node has been translated.
    ['shop/far', fromPods([{ podSelector: {} }]), AT_NODE_1, 'denied'],
    ['shop/far', fromPods(NODES), ELSEWHERE, 'allowed'],
    ['shop/far', fromPods(NODES, [{ port: 30080 }]), ELSEWHERE, 'allowed'],
    ['shop/far', fromPods(NODES, [{ port: 8080 }]), 'denied', 'denied'],
  ])('%s %j', (from, spec, cluster, local) => {
    expect(answers(from, spec, KUBE_PROXY)).toEqual([cluster, local]);
  });
});

describe('where nothing is known of that, it is open wherever it matters (I9)', () => {
  test.each<Asked>([
    ['host/office', undefined, 'allowed', 'allowed'],
    ['host/office', { ...API, ingress: [{}] }, 'allowed', 'allowed'],
    ['host/office', { ...API, ingress: [] }, 'I9', 'denied'],
    ['host/office', toApi(OFFICE), 'I9', 'allowed'],
    ['host/office', toApi([{ podSelector: {} }]), 'I9', 'denied'],
    ['shop/far', undefined, 'allowed', 'allowed'],
    ['shop/far', { ...API, ingress: [{}] }, 'allowed', 'allowed'],
    ['shop/far', toApi([{ podSelector: {} }]), 'I9', 'I9'],
    ['shop/far', fromPods([]), 'allowed', 'allowed'],
    ['shop/far', fromPods([{ podSelector: {} }]), 'I9', 'I9'],
    ['shop/far', { ...fromPods([]), egress: [] }, 'I9', 'denied'],
  ])('%s %j', (from, spec, cluster, local) => {
    expect(answers(from, spec, {})).toEqual([cluster, local]);
  });
});

test('before anything runs, only what does not depend on nodes and their ports is known', () => {
  expect(answers('host/office', toApi(OFFICE), 'offline')).toEqual(['I9', 'allowed']);
  expect(answers('host/office', { ...API, ingress: [] }, 'offline')).toEqual(['I9', 'denied']);
  expect(answers('shop/far', { ...API, ingress: [{}] }, 'offline')).toEqual(['allowed', 'allowed']);
  // The port that it would have to open is not known.
  expect(answers('shop/far', fromPods([], [{ port: 8080 }]), 'offline')).toEqual(['I9', 'I9']);
});

test('a trace tells whom the policies see', () => {
  const trace = (assumptions: Assumptions) => {
    const flow = flowsOf({ ...PAIR, from: 'host/office' }, WHEREABOUTS)[1];
    if (flow === undefined) throw new Error('there is no second node');
    return renderTrace(oracleOf(toApi(OFFICE), assumptions).explain(flow));
  };
  expect(trace(KUBE_PROXY)).toMatchInlineSnapshot(`
    "host/office → shop/api:8080/TCP, through a Service at the ports of nodes

    At the port of a node, the policies of shop/api see node node-2 in place of host/office (D25):

    Egress: may host/office open it?
      Yes. Only pods are isolated, and host/office is not a pod (D5).

    Ingress: may shop/api receive it?
      One policy isolates the ingress of shop/api. Only what one of its rules allows is open (D4).
      policy shop/p
        It names no policyTypes and has no egress rules, so it isolates ingress alone (D1).
        ingress rule 1: does not match
          from 1, addresses in 203.0.113.0/24: does not match, it does not contain 172.18.0.3, the address of node node-2
          ports: not restricted, so every port matches (D7)
      No. No rule allows it.

    DENIED
      No rule allows the ingress of shop/api, which is isolated by
        policy shop/p"
  `);
  expect(trace({})).toContain('If the policies of shop/api see host/office (I9):');
  expect(trace({})).toContain('If the policies of shop/api see node node-2 in place of host/office (I9):');
});
