/** How reports tell of hosts outside the cluster. */
import { expect, test } from 'vitest';
import type { ScenarioRecord } from '../../src/record/schema.ts';
import { describeEvidence } from '../../src/report/parts/evidence.ts';
import { seenFacts } from '../../src/report/parts/mismatch.ts';
import { viewOf } from '../../src/report/view/run.ts';
import { attempts, buildRecord, buildScenario } from './fixture.ts';
import { render } from './render.ts';

const made = [
  ...attempts('control', ['connected']),
  ...attempts('settle', ['timeout', 'timeout']),
  ...attempts('closing', ['connected']),
];
const BANK = { name: 'bank', address: '203.0.113.10', ports: [{ port: 443, protocol: 'TCP' as const }] };
const AGENT = { agent: { namespace: 'podreach-hosts-r1-1', pod: 'bank' } };

/** A host that a pod cannot reach, and that cannot reach the pod. */
function scenarioWith(host: NonNullable<ScenarioRecord['hosts']>[number]): ScenarioRecord {
  const cut = { expected: 'unreachable', verdict: 'pass', attempts: made } as const;
  return buildScenario(
    'external',
    {
      pods: { 'shop/web': [80] },
      checks: [
        { ...cut, from: 'shop/web', to: 'host/bank', port: 443 },
        { ...cut, from: 'host/bank', to: 'shop/web', port: 80 },
      ],
    },
    { hosts: [host] },
  );
}

function viewWith(host: NonNullable<ScenarioRecord['hosts']>[number], options = {}) {
  return viewOf(buildRecord([scenarioWith(host)], options));
}

test('what a cut rests on says who has met the host', () => {
  const again = 'When the policies had been taken away, it connected again.';
  expect(viewWith({ ...BANK, ...AGENT }).checks.map(describeEvidence)).toEqual([
    `The port was open: host/bank reached it itself. shop/web was on the network: the kubelet of its node visited it at 02:00:01 UTC. The way was open: a pod on the same node, which no policy isolates, connected to host/bank at 02:00:01 UTC. ${again}`,
    `The port was open: shop/web reached it itself. shop/web was on the network: the kubelet of its node visited it at 02:00:01 UTC. The way was open: host/bank connected to a pod on the same node, which no policy isolates, at 02:00:01 UTC. ${again}`,
  ]);
  expect(viewWith(BANK).checks.map(describeEvidence)[0]).toContain(
    'The port was open: somebody else reached it.',
  );
});

test('nobody can be asked on a real host whether its port was open', () => {
  const listenersOf = (host: Parameters<typeof viewWith>[0]) =>
    viewWith(host).checks.map((check) => seenFacts(check).find(({ label }) => label === 'listener')?.text);
  expect(listenersOf(BANK)[0]).toContain(
    '(by whether a pod that no policy isolates reached it in the same rounds)',
  );
  expect(listenersOf({ ...BANK, ...AGENT })[0]).toContain('(asked of host/bank itself in the same rounds)');
});

test('what is kept can be tried again, to the host and from it', () => {
  const kept = { options: { timeoutMs: 500, withinMs: 10_000, confirm: 2, keep: true, failFast: false } };
  const scenario = scenarioWith({ ...BANK, ...AGENT });
  const pods = scenario.pods.map((pod) => ({ ...pod, ip: '10.244.1.2' }));
  const { checks } = viewOf(buildRecord([{ ...scenario, pods }], kept));
  expect(checks.map((check) => check.reproduce().text)).toEqual([
    expect.stringContaining(
      'exec -n shop web -c probe -- node /tmp/podreach-agent.mjs connect 203.0.113.10 443 TCP',
    ),
    expect.stringContaining(
      'exec -n podreach-hosts-r1-1 bank -c probe -- node /tmp/podreach-agent.mjs connect 10.244.1.2 80 TCP',
    ),
  ]);
});

test('for those who answer for security it is no pod', () => {
  const audit = render('audit', buildRecord([scenarioWith({ ...BANK, ...AGENT })]));
  expect(audit).toContain('the host *bank* outside the cluster');
  expect(audit).not.toContain('in *host*');
  expect(audit).toContain('connections went from hosts to pods, by address and to hosts.');
});

const NODES = ['172.18.0.2', '172.18.0.3'].map((address, index) => ({ name: `node-${index + 1}`, address }));

/** A host that reaches a Service by one node and not by the other, and one that reaches it by none. */
function atNodePorts(): ScenarioRecord {
  const partial = attempts('settle', ['partial', 'partial']).map((attempt) => ({
    ...attempt,
    backends: { answered: ['shop/api via node-1'], silent: ['shop/api via node-2'] },
  }));
  const target = { to: 'service/shop/api', port: 80, portName: 'http' } as const;
  const scenario = buildScenario(
    'outside',
    {
      pods: { 'shop/api': [8080] },
      checks: [
        { ...target, from: 'host/bank', verdict: 'broken', attempts: partial },
        { ...target, from: 'host/vault', expected: 'unreachable', verdict: 'pass', attempts: made },
      ],
    },
    {
      hosts: [
        { ...BANK, ...AGENT },
        { ...BANK, ...AGENT, name: 'vault' },
      ],
      services: [
        {
          namespace: 'shop',
          name: 'api',
          type: 'NodePort',
          selector: { app: 'api' },
          ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }],
        },
      ],
    },
  );
  const path = { path: 'nodePort', backends: [{ pod: 'shop/api', port: 8080 }], nodes: NODES } as const;
  const steps = scenario.steps.map((step) => ({
    ...step,
    checks: step.checks.map((check) => ({ ...check, ...path, backends: [...path.backends] })),
  }));
  return { ...scenario, steps };
}

test('of a Service at the ports of nodes reports tell at which, and whose address policies see', () => {
  const record = buildRecord([atNodePorts()]);
  const [broken, cut] = viewOf(record).checks;
  if (broken === undefined || cut === undefined) throw new Error('there are two checks');
  expect(seenFacts(broken)).toEqual(
    expect.arrayContaining([
      { label: 'nodes', text: 'port 30080 of node-1 (172.18.0.2), node-2 (172.18.0.3)' },
      { label: 'part', text: 'answered by shop/api via node-1; not by shop/api via node-2' },
      {
        label: 'source',
        text: expect.stringContaining('With externalTrafficPolicy: Local it keeps its address'),
      },
    ]),
  );
  expect(seenFacts(cut).map(({ label }) => label)).not.toContain('source');
  expect(describeEvidence(cut)).toContain(
    'host/vault connected to pods on node-1, node-2, and these to pods where those of service/shop/api are, none of which a policy isolates',
  );
  expect(render('audit', record)).toContain(
    'the Service *api* in *shop* on TCP 80 (*http*) at the ports of the nodes',
  );
});
