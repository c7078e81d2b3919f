/** Runs with Services: what is wrong with names, and with who answers, is told at the check that it is about. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import type { Kube } from '../../../src/kube/kube.ts';
import { checksOf, type RunRecord } from '../../../src/record/schema.ts';
import { statusOf } from '../../sandbox/testbed.ts';
import { throughProxy } from '../../support/api-proxy.ts';
import { ROOT } from '../../support/cli.ts';
import { oneNode, runWith } from '../run-with.ts';

interface Mutant {
  readonly scenario: string;
  readonly changed: readonly [from: string, to: string];
  /** What does not pass any more. */
  readonly seen: readonly unknown[];
}

const unresolved = expect.stringMatching(
  /^storefront → catalogue:80\/TCP dns inconclusive: the name did not resolve: ETIMEOUT; .* \(D22\)$/,
);
const leaked = (check: string): unknown => expect.stringContaining(`${check} leaked: `);

/** By their names, which also tell their namespaces apart. */
const MUTANTS: Readonly<Record<string, Mutant>> = {
  'no-rule': { scenario: 'dns-allowed', changed: [`53, protocol`, `54, protocol`], seen: [unresolved] },
  'wrong-label': {
    scenario: 'dns-allowed',
    changed: ['kubernetes.io/metadata.name', 'name'],
    seen: [unresolved],
  },
  'wrong-pods': {
    scenario: 'dns-allowed',
    changed: ['k8s-app: kube-dns', 'app: kube-dns'],
    seen: [unresolved],
  },
  remembered: {
    scenario: 'dns-forgotten',
    changed: [
      'matchLabels: { app: catalogue } } }]\n\n',
      'matchLabels: { app: catalogue } } }]\n        - ports: [{ port: 53, protocol: UDP }, { port: 53 }]\n\n',
    ],
    seen: [leaked('storefront → dns:53/UDP clusterIP'), leaked('storefront → dns:53/TCP clusterIP')],
  },
  'right-label': {
    scenario: 'dns-wrong-labels',
    changed: ['matchLabels: { name:', 'matchLabels: { kubernetes.io/metadata.name:'],
    seen: [leaked('storefront → dns:53/UDP clusterIP'), leaked('storefront → dns:53/TCP clusterIP')],
  },
  'right-namespace': {
    scenario: 'dns-wrong-labels',
    changed: [
      '[{ podSelector: { matchLabels: { k8s-app',
      '[{ namespaceSelector: {}, podSelector: { matchLabels: { k8s-app',
    ],
    seen: [leaked('warehouse → dns:53/UDP clusterIP'), leaked('warehouse → dns:53/TCP clusterIP')],
  },
  'both-protocols': {
    scenario: 'dns-without-tcp',
    changed: ['ports: [{ port: 53, protocol: UDP }]', 'ports: [{ port: 53, protocol: UDP }, { port: 53 }]'],
    seen: [leaked('storefront → dns:53/TCP clusterIP')],
  },
  'port-of-the-service': {
    scenario: 'target-port',
    changed: ['ports: [{ port: 8080 }]', 'ports: [{ port: 80 }]'],
    seen: [expect.stringContaining('storefront → catalogue:80/TCP clusterIP broken: ')],
  },
  'only-the-old-pods': {
    scenario: 'forgotten-backend',
    changed: [
      'podSelector: { matchLabels: { app: ledger } }',
      'podSelector: { matchLabels: { version: "1" } }',
    ],
    seen: [
      expect.stringMatching(
        /^guest → ledger:5432\/TCP clusterIP leaked: only a part of the Service could be reached: \S+\/ledger-new answered, and \S+\/ledger-old did not$/,
      ),
    ],
  },
};

/** Everything that did not pass, by scenario. */
let shown: Readonly<Record<string, readonly string[]>>;

beforeAll(async () => {
  const mutants = await Promise.all(Object.entries(MUTANTS).map((entry) => mutated(...entry)));
  // Nobody asks the pods of a scenario anything while somebody interferes with it.
  const interfering = new Map<string, Promise<undefined>>();
  const provider = throughProxy(oneNode(), {
    question: ({ path }) => interfering.get(/\/namespaces\/([^/]+)\//.exec(path)?.[1] ?? ''),
    change: ({ path, body }) =>
      path.includes('/namespaces/named/networkpolicies/') ? body.replace('app: api', 'app: nobody') : body,
  });
  const record = await runWith(
    provider,
    (event, kube) => {
      if (event.type !== 'phase-started') return undefined;
      const { scenario, phase } = event;
      const interfere = INTERFERENCE[`${scenario} ${phase}`];
      if (interfere === undefined) return undefined;
      const done = interfere(kube)
        .then(() => delay(HEARD_MS))
        .then(() => undefined);
      interfering.set(scenario, done);
      return done;
    },
    { scenario: [...mutants, STALE, NAMED].join('---\n'), parallel: 4, withinMs: 3_000 },
  );
  expect(record.run.error).toBeUndefined();
  shown = Object.fromEntries(record.scenarios.map((scenario) => [scenario.name, wrongIn(scenario)]));
});

async function mutated(name: string, { scenario, changed: [from, to] }: Mutant): Promise<string> {
  const text = await readFile(join(ROOT, `scenarios/services/${scenario}.yaml`), 'utf8');
  const changed = text.replaceAll(from, to);
  expect(changed).not.toBe(text);
  return changed
    .replaceAll(/\b(?:dns|service)-(allowed|forgotten|labels|half|ports|backends)\b/g, `${name}-$1`)
    .replace(/^name: .*/m, `name: ${name}`);
}

function wrongIn(scenario: RunRecord['scenarios'][number]): readonly string[] {
  return checksOf(scenario)
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ from, to, port, protocol, path, verdict, reason }) => {
      const [source, destination] = [from, to].map((key) => key.split('/').at(-1));
      return `${source} → ${destination}:${port}/${protocol} ${path} ${verdict}: ${reason}`;
    });
}

test.each(Object.entries(MUTANTS))(
  'a scenario fails where its policy is changed in what it teaches: %s',
  (name, { seen }) => {
    expect(shown[name]).toEqual(seen);
  },
);

const STALE = `apiVersion: podreach/v1
kind: Scenario
name: stale
namespaces: { stale: {} }
pods:
  stale/web: {}
  stale/guest: { labels: { app: guest } }
  stale/api: { labels: { app: api }, ports: [8080] }
  stale/former: { labels: { app: former }, ports: [8080] }
hosts:
  bank: { address: 203.0.113.30, ports: [443] }
services:
  stale/api: { selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: not-the-guest, namespace: stale }
    spec:
      podSelector: { matchLabels: { app: api } }
      ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: app, operator: DoesNotExist }] } }] }]
reachable:
  - { from: stale/web, to: [service/stale/api, host/bank] }
unreachable:
  - { from: stale/guest, to: service/stale/api }
  - { from: host/bank, to: "stale/api:8080" }
`;

/** Has the nodes lead a Service to a pod that it does not select, as one does that has missed a change. */
async function leadTo(name: string, kube: Kube): Promise<void> {
  const pod = await kube.get({ resource: 'pods', namespace: 'stale', name });
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'former', namespace: 'stale', labels: { 'kubernetes.io/service-name': 'api' } },
    addressType: 'IPv4',
    ports: [{ name: 'tcp-80', port: 8080, protocol: 'TCP' }],
    endpoints: [{ addresses: [statusOf(pod).podIP], conditions: { ready: true } }],
  };
  await kube.apply({ resource: 'endpointslices', namespace: 'stale', name: 'former' }, JSON.stringify(slice));
}

test('whoever answers for a Service and is none of its pods is told, also where each of these has answered; hosts beside it are as ever', () => {
  expect(shown['stale']).toEqual([
    'web → api:80/TCP clusterIP inconclusive: something else answered: stale/former',
    expect.stringMatching(
      /^guest → api:80\/TCP clusterIP leaked: it got through although it must not: wrong-peer (\d+) of \1 \(stale\/former\)$/,
    ),
  ]);
});

/** Its policy never comes to select anybody: what is to be cut off is open. */
const NAMED = `apiVersion: podreach/v1
kind: Scenario
name: named
namespaces: { named: {} }
pods:
  named/web: {}
  named/api: { labels: { app: api }, ports: [8080] }
services:
  named/api: { clusterIP: None, selector: { app: api }, ports: [{ port: 8080 }] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: all, namespace: named }
    spec: { podSelector: { matchLabels: { app: api } } }
unreachable:
  - { from: named/web, to: service/named/api, via: dns }
`;

const NAMED_SERVICE = { resource: 'services', namespace: 'named', name: 'api' } as const;
const FORMER_SLICE = { resource: 'endpointslices', namespace: 'named', name: 'former' } as const;

/** The name of the Service leads to an address where nobody is, as one does that a name server remembers. */
async function nameNobody(kube: Kube): Promise<void> {
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: FORMER_SLICE.name,
      namespace: 'named',
      labels: { 'kubernetes.io/service-name': 'api' },
    },
    addressType: 'IPv4',
    ports: [{ name: 'tcp-8080', port: 8080, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.244.0.250'], conditions: { ready: true } }],
  };
  await kube.apply(FORMER_SLICE, JSON.stringify(slice));
  await kube.patch(NAMED_SERVICE, { spec: { selector: { app: 'nobody' } } });
}

async function nameAgain(kube: Kube): Promise<void> {
  await kube.patch(NAMED_SERVICE, { spec: { selector: { app: 'api' } } });
  await kube.delete(FORMER_SLICE);
}

/** What is done to a scenario when a phase of it begins. */
const INTERFERENCE: Readonly<Record<string, (kube: Kube) => Promise<void>>> = {
  'stale settle': (kube) => leadTo('former', kube),
  'named settle': nameNobody,
  'named closing': nameAgain,
};
/** Longer than nodes and the name server take to hear of it. */
const HEARD_MS = 500;

test('a name that leads where nobody is any more proves no cut: the pod that it must lead to is open', () => {
  expect(shown['named']).toEqual([
    expect.stringMatching(
      /^web → api:8080\/TCP dns inconclusive: the name led to 10\.244\.0\.250, where nobody of its Service is, and not to [\d.]+/,
    ),
  ]);
});
