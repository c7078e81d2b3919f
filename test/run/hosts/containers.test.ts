/** Runs with hosts that are containers: here each is a pod that stands outside a sandbox, and reaches nothing but nodes. */
import { expect, test } from 'vitest';
import type { ClusterProvider, HostContainers, StartTalk } from '../../../src/cluster/cluster.ts';
import { Interruption, PodreachError } from '../../../src/errors.ts';
import { connectKube } from '../../../src/kube/connect.ts';
import type { Kube } from '../../../src/kube/kube.ts';
import { isEndMark } from '../../../src/probe/batch.ts';
import { checksOf } from '../../../src/record/schema.ts';
import { podManifest } from '../../sandbox/testbed.ts';
import { runWith, sandbox } from '../run-with.ts';

const NAMESPACE = 'default';
const POLL_MS = 50;

/** What was asked of it, in its order. */
interface Containers extends HostContainers {
  readonly asked: string[];
  /** The addresses that hosts have dialled. */
  readonly dialled: Set<string>;
}

function containersOn(kube: Kube, annotation: string): Containers {
  const asked: string[] = [];
  const dialled = new Set<string>();
  const talk: StartTalk = (container, command, { onOutput, onEnd }) => {
    const session = kube.exec({ namespace: NAMESPACE, pod: container, container: 'main', command });
    return {
      write(input) {
        for (const { host, nodes = [{ address: host }] } of JSON.parse(input).targets)
          for (const { address } of nodes) dialled.add(address);
        void session.ask({ input, isLast: isEndMark, answerMs: 20_000 }).then((result) => {
          if (result.kind === 'answered') onOutput(Buffer.from(result.stdout));
          else if (result.kind === 'exited') onEnd(result);
          else onEnd({ ...result, kind: 'lost' });
        });
      },
      end: () => session.close(),
    };
  };
  return {
    asked,
    dialled,
    talk,
    async connect({ addresses, nodes }) {
      asked.push(`connect ${addresses.join(' ')} to ${nodes.join(' ')}`);
      const places = new Map<string, readonly string[]>();
      for (const { metadata, ...node } of await kube.list({ resource: 'nodes' })) {
        const { addresses: own } = node['status'] as { addresses: { type: string; address: string }[] };
        places.set(
          metadata.name,
          own.flatMap(({ type, address }) => (type === 'InternalIP' ? address : [])),
        );
      }
      return {
        nodesAround: () => places,
        async create({ name, addresses: own, command, env, readyWhen }) {
          asked.push(`create ${name.replace(/-[0-9a-f]{10}-/, '-RUN-')} at ${own.join(' ')}`);
          const pod = podManifest(NAMESPACE, name, {}, {}, { command: [...command] });
          const { containers } = pod['spec'] as { containers: object[] };
          containers[0] = {
            ...containers[0],
            env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
          };
          await kube.create({
            ...pod,
            metadata: { ...pod.metadata, annotations: { [annotation]: own.join(',') } },
          });
          for (;;) {
            const session = kube.exec({
              namespace: NAMESPACE,
              pod: name,
              container: 'main',
              command: readyWhen,
            });
            const result = await session.ask({ input: '', isLast: () => false, answerMs: 20_000 });
            if (result.kind === 'exited' && result.exitCode === 0) return;
            await new Promise((resolve) => setTimeout(resolve, POLL_MS));
          }
        },
        async remove(names) {
          asked.push(`remove ${names.length}`);
          for (const name of names) await kube.delete({ resource: 'pods', namespace: NAMESPACE, name });
        },
        async disconnect() {
          asked.push('disconnect');
        },
      };
    },
  };
}

/** A sandbox whose hosts are containers; `lifetime` is that of a cluster that stays, so that scenarios are cleaned up after. */
function withContainers(hand: (containers: Containers) => unknown): ClusterProvider {
  return {
    kind: 'sandbox',
    async start(options) {
      const cluster = await sandbox().start(options);
      const kube = await connectKube(cluster.kubeconfig);
      const annotation = cluster.outside?.kind === 'pods' ? cluster.outside.address : '';
      const containers = containersOn(kube, annotation);
      hand(containers);
      return {
        ...cluster,
        lifetime: { kind: 'kept', cleanWith: ['--cluster', 'kind=c'] },
        outside: { kind: 'containers', ...containers },
        async stop() {
          kube.close();
          await cluster.stop();
        },
      };
    },
  };
}

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: pair
namespaces: { pair: {} }
pods:
  pair/a: { labels: { app: a } }
  pair/b: { labels: { app: b }, ports: [8080] }
hosts:
  office: { address: 192.0.2.15 }
  stranger: { address: 198.51.100.9, name: stranger.example.com, ports: [443, 53/UDP] }
  bank: { address: 203.0.113.10, ports: [443] }
services:
  pair/b: { type: NodePort, externalTrafficPolicy: Local, selector: { app: b }, ports: [{ port: 80, targetPort: 8080 }] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: office-only, namespace: pair }
    spec:
      podSelector: { matchLabels: { app: b } }
      ingress: [{ from: [{ ipBlock: { cidr: 192.0.2.0/24 } }] }]
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: not-the-bank, namespace: pair }
    spec:
      podSelector: { matchLabels: { app: a } }
      policyTypes: [Egress]
      egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [203.0.113.0/24] } }] }]
reachable:
  - { from: host/office, to: "service/pair/b:80", via: nodePort }
  - { from: pair/a, to: host/stranger }
unreachable:
  - { from: host/stranger, to: "service/pair/b:80", via: nodePort }
  - { from: pair/a, to: host/bank }
`;

test.concurrent('they are asked and ask, come by ports of nodes, and go with their scenario', async () => {
  let asked: readonly string[] = [];
  let dialled: ReadonlySet<string> = new Set();
  const record = await runWith(
    withContainers((containers) => {
      ({ asked, dialled } = containers);
    }),
    undefined,
    { scenario: SCENARIO },
  );
  expect(record.run.error).toBeUndefined();
  const [scenario] = record.scenarios;
  expect(scenario?.error).toBeUndefined();
  const checks = checksOf(scenario ?? { steps: [] });
  expect(
    checks.map(({ from, to, port, protocol, verdict }) => `${from} → ${to}:${port}/${protocol} ${verdict}`),
  ).toEqual([
    'pair/a → host/stranger:443/TCP pass',
    'pair/a → host/stranger:53/UDP pass',
    'pair/a → host/bank:443/TCP pass',
    'host/office → service/pair/b:80/TCP pass',
    'host/stranger → service/pair/b:80/TCP pass',
  ]);
  // The witnesses of their ways as well: pods have addresses of another range.
  expect([...dialled].every((address) => address.startsWith('172.18.'))).toBe(true);
  expect(scenario?.hosts?.map(({ name, agent, dnsName }) => [name, agent, dnsName])).toEqual(
    ['office', 'stranger', 'bank'].map((name) => [
      name,
      { container: `podreach-host-${record.run.id}-1-${name}` },
      undefined,
    ]),
  );
  expect(asked[0]).toMatch(/^connect 192\.0\.2\.15 198\.51\.100\.9 203\.0\.113\.10 to \S+ \S+$/);
  expect(asked.slice(1, 4).toSorted()).toEqual([
    'create podreach-host-RUN-1-bank at 203.0.113.10',
    'create podreach-host-RUN-1-office at 192.0.2.15',
    'create podreach-host-RUN-1-stranger at 198.51.100.9',
  ]);
  expect(asked.slice(4)).toEqual(['remove 3', 'disconnect']);
});

test.concurrent('a connection from one to the address of a pod is refused, with the rule and the way that there is', async () => {
  const record = await runWith(
    withContainers(() => {}),
    undefined,
    { scenario: SCENARIO.replace('to: "service/pair/b:80", via: nodePort }', 'to: "pair/b:8080" }') },
  );
  expect(record.run).toMatchObject({
    exitCode: 3,
    error: {
      code: 'not-supported',
      message:
        'host/office → pair/b:8080/TCP: hosts of a kind cluster reach its pods by ports of nodes alone',
      hint: expect.stringContaining('via: nodePort'),
      location: { file: 'pair.yaml' },
    },
  });
});

test.concurrent('their networks go with a run that is interrupted, or whose containers do not come, and stay with one that is kept', async () => {
  const abort = new AbortController();
  const asked = new Map<string, readonly string[]>();
  const handTo = (name: string, provider = withContainers): ClusterProvider =>
    provider((containers) => asked.set(name, containers.asked));
  const brief = SCENARIO.replace(/unreachable:.*/s, '');
  const [, broken] = await Promise.all([
    runWith(
      handTo('interrupted'),
      (event) => {
        if (event.type === 'phase-started' && event.phase === 'control')
          abort.abort(new Interruption('SIGINT'));
        return undefined;
      },
      { scenario: brief, signal: abort.signal },
    ),
    runWith(handTo('failed', withFailing), undefined, { scenario: brief }),
    runWith(handTo('kept'), undefined, { scenario: brief, keep: true }),
  ]);
  expect(asked.get('interrupted')?.at(-1)).toBe('disconnect');
  expect(broken.scenarios[0]?.error).toMatchObject({ code: 'provision-failed', message: 'no such image' });
  expect(asked.get('failed')?.slice(-2)).toEqual(['remove 3', 'disconnect']);
  expect(asked.get('kept')).toContainEqual(expect.stringMatching(/^create .*-office at/));
  expect(asked.get('kept')?.filter((one) => /^(remove|disconnect)/.test(one))).toEqual([]);
});

/** One where no container comes. */
function withFailing(hand: (containers: Containers) => unknown): ClusterProvider {
  const provider = withContainers(hand);
  return {
    ...provider,
    async start(options) {
      const cluster = await provider.start(options);
      const { outside } = cluster;
      if (outside?.kind !== 'containers') throw new Error('its hosts are no containers');
      return {
        ...cluster,
        outside: {
          ...outside,
          async connect(wanted) {
            const networks = await outside.connect(wanted);
            const create = () => Promise.reject(new PodreachError('provision-failed', 'no such image'));
            return { ...networks, create };
          },
        },
      };
    },
  };
}
