/** Runs with Services that are there already: the API server, the name server, and some whose endpoints nobody of podreach is. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ClusterProvider } from '../../../src/cluster/cluster.ts';
import { connectKube } from '../../../src/kube/connect.ts';
import type { Kube } from '../../../src/kube/kube.ts';
import { describeConnection } from '../../../src/pair.ts';
import type { ProgressEvent } from '../../../src/progress.ts';
import { checksOf, type RunRecord } from '../../../src/record/schema.ts';
import { podManifest } from '../../sandbox/testbed.ts';
import { ROOT } from '../../support/cli.ts';
import { runCommand } from '../../support/run-command.ts';
import { runWith, sandbox } from '../run-with.ts';

type Recorded = RunRecord['scenarios'][number];

const outcomesOf = (scenario: Recorded | undefined) =>
  Object.fromEntries(
    (scenario === undefined ? [] : checksOf(scenario)).map((check) => [
      describeConnection(check),
      [check.predicted?.verdict, check.verdict, ...(check.reason === undefined ? [] : [check.reason])],
    ]),
  );

/** The teaching scenario, and once more with each of its policies mutated in the way that it teaches. */
async function teaching(): Promise<string> {
  const text = await readFile(join(ROOT, 'scenarios/services/api-server.yaml'), 'utf8');
  const everywhere = '[{ ipBlock: { cidr: 0.0.0.0/0 } }]';
  const swapped = text.replaceAll(/ports: \[\{ port: (6443|443) \}\]/g, (_, port) =>
    port === '443' ? 'ports: [{ port: 6443 }]' : 'ports: [{ port: 443 }]',
  );
  const mutated = swapped
    .replace(/to:\n\s+- namespaceSelector: .*\n\s+podSelector: .*/, `to: ${everywhere}`)
    .replaceAll('operators', 'mutated')
    .replace('service-api-server', 'mutated')
    .replace(/^accept:[\s\S]*/m, '');
  return `${text}---\n${mutated}`;
}

const policy = (app: string, ...egress: readonly string[]): string => `
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: ${app} }
    spec: { podSelector: { matchLabels: { app: ${app} } }, policyTypes: [Egress], egress: [${egress.join(', ')}] }`;

/** two has two endpoints, mortal one that stops to listen, and gone one where nobody ever did. */
const SEVERAL = `apiVersion: podreach/v1
kind: Scenario
name: several
namespaces: { several: {} }
pods:
  several/open: { labels: { app: open } }
  several/shut: { labels: { app: shut } }
  several/half: { labels: { app: half } }
  several/names: { labels: { app: names } }
services:
  default/two: existing
  default/gone: existing
  default/mortal: existing
  kube-system/kube-dns: existing
policies:${policy('shut')}${policy('half', '{ to: [{ ipBlock: { cidr: 203.0.113.10/32 } }] }')}${policy(
  'names',
  '{ to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { k8s-app: kube-dns } } }], ports: [{ port: 53 }, { port: 53, protocol: UDP }] }',
)}
reachable:
  - { from: several/open, to: "service/default/two:80", via: [clusterIP, dns] }
  - { from: several/half, to: "service/default/two:80", via: clusterIP }
  - { from: several/names, to: "service/kube-system/kube-dns:53" }
unreachable:
  - { from: several/shut, to: ["service/default/two:80", "service/default/gone:80", "service/default/mortal:80", "service/kube-system/kube-dns:53"] }
---
apiVersion: podreach/v1
kind: Scenario
name: leaking
namespaces: { leaking: {} }
pods: { leaking/half: { labels: { app: half } } }
services: { default/two: existing }
policies:${policy('half', '{ to: [{ ipBlock: { cidr: 203.0.113.10/32 } }] }')}
unreachable: [{ from: leaking/half, to: "service/default/two:80" }]
`;

/** The API server has one family, and both has two: a block of the one that most write lets nobody in by the other. */
const FAMILIES = `---
apiVersion: podreach/v1
kind: Scenario
name: families
families: [IPv4, IPv6]
namespaces: { families: {}, default: existing }
pods:
  families/open: {}
  families/half: { labels: { app: half } }
services:
  default/both: existing
  default/kubernetes: existing
policies:${policy('half', '{ to: [{ ipBlock: { cidr: 203.0.113.10/32 } }, { namespaceSelector: {} }] }')}
reachable:
  - { from: families/open, to: ["service/default/both:80", "service/default/kubernetes:443"], via: [clusterIP, dns] }
  - { from: families/half, to: "service/default/both:80", via: [clusterIP, dns], families: [IPv4] }
unreachable:
  - { from: families/half, to: "service/default/both:80", via: [clusterIP, dns], families: [IPv6] }
`;

/** Takes connections and says nothing, until it is told to stop. */
const SILENT = `
const server = require('node:net').createServer(() => {}).listen(443, '::');
setInterval(() => require('node:fs').existsSync('/tmp/stop') && server.close(), 10);`;
const STOP = ['node', '-e', "require('node:fs').writeFileSync('/tmp/stop', '')"];

/** A Service without a selector, and its endpoints. */
async function makeService(
  kube: Kube,
  name: string,
  addresses: readonly string[],
  other: readonly string[] = [],
): Promise<void> {
  await kube.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: {
      ports: [{ name: 'web', port: 80 }],
      ...(other.length === 0 ? {} : { ipFamilyPolicy: 'RequireDualStack' }),
    },
  });
  for (const [addressType, ends] of Object.entries({ IPv4: addresses, IPv6: other })) {
    if (ends.length === 0) continue;
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-${addressType.toLowerCase()}`,
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': name },
      },
      addressType,
      ports: [{ name: 'web', port: 443, protocol: 'TCP' }],
      endpoints: ends.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    };
    await kube.create(slice, { as: { ...slice, plural: 'endpointslices' } });
  }
}

function withServices(): ClusterProvider {
  return {
    kind: 'sandbox',
    async start(options) {
      const cluster = await sandbox().start(options);
      const kube = await connectKube(cluster.kubeconfig);
      const { outside } = cluster;
      for (const [name, address] of [
        ['one', '203.0.113.10,2001:db8::10'],
        ['other', '203.0.113.11'],
        ['mortal', '203.0.113.12'],
      ] as const) {
        const pod = podManifest('default', name, {}, {}, { command: ['node', '-e', SILENT] });
        await kube.create({
          ...pod,
          metadata: {
            ...pod.metadata,
            annotations: { [outside?.kind === 'pods' ? outside.address : '']: address },
          },
        });
      }
      await makeService(kube, 'two', ['203.0.113.10', '203.0.113.11']);
      await makeService(kube, 'both', ['203.0.113.10'], ['2001:db8::10']);
      await makeService(kube, 'mortal', ['203.0.113.12']);
      await makeService(kube, 'gone', ['203.0.113.13']);
      kube.close();
      return cluster;
    },
  };
}

test('Services that are there already, in one run', async () => {
  let left: readonly string[] = [];
  const stopMortal = (event: ProgressEvent, kube: Kube): Promise<unknown> | undefined =>
    event.type === 'phase-started' && event.phase === 'apply' && event.scenario === 'several'
      ? runCommand(kube, {
          namespace: 'default',
          pod: 'mortal',
          container: 'main',
          command: STOP,
          answerMs: 20_000,
        })
      : undefined;
  const record = await runWith(withServices(), stopMortal, {
    scenario: await teaching(),
    second: SEVERAL + FAMILIES,
    parallel: 4,
    withinMs: 4_000,
    atTheEnd: async (kube) => {
      left = (await kube.list({ resource: 'services' })).map(({ metadata: { name } }) => name);
    },
  });
  expect(record.run.error).toBeUndefined();
  const [asItIs, mutated, several, leaking, families] = record.scenarios;

  // The teaching scenario passes, and fails where its policies are mutated in the ways that it teaches.
  const toApi = 'service/default/kubernetes:443/TCP';
  expect(outcomesOf(asItIs)).toEqual({
    [`operators/controller → ${toApi}`]: ['allowed', 'pass'],
    [`operators/hopeful → ${toApi}`]: ['denied', 'pass'],
    [`operators/literal → ${toApi}`]: ['denied', 'pass'],
  });
  expect(outcomesOf(mutated)).toEqual({
    [`mutated/controller → ${toApi}`]: ['denied', 'broken', expect.anything()],
    [`mutated/hopeful → ${toApi}`]: ['allowed', 'leaked', expect.anything()],
    [`mutated/literal → ${toApi}`]: ['allowed', 'leaked', expect.anything()],
  });
  expect(asItIs?.existingServices).toEqual([
    {
      namespace: 'default',
      name: 'kubernetes',
      ip: '10.96.0.1',
      endpoints: [{ port: 443, address: '172.18.0.1', targetPort: 6443 }],
    },
  ]);

  // Of two endpoints both are met, and a part of them is neither reachable nor unreachable.
  const toTwo = 'service/default/two:80/TCP';
  const toDns = 'service/kube-system/kube-dns:53/TCP';
  expect(outcomesOf(several)).toEqual({
    [`several/open → ${toTwo}`]: ['allowed', 'pass'],
    [`several/open → ${toTwo} via dns`]: ['allowed', 'pass'],
    [`several/half → ${toTwo}`]: [
      'partial',
      'inconclusive',
      expect.stringContaining('some connections were answered and others were not'),
    ],
    [`several/names → ${toDns}`]: ['allowed', 'pass'],
    [`several/shut → ${toTwo}`]: ['denied', 'pass'],
    // Where nobody listens there is nothing to cut off.
    ['several/shut → service/default/gone:80/TCP']: [
      'denied',
      'inconclusive',
      expect.stringContaining('it could not connect even before any policy'),
    ],
    // Where nobody listens any more, silence is no block.
    'several/shut → service/default/mortal:80/TCP': [
      'denied',
      'inconclusive',
      expect.stringContaining('nobody else reached it in the same round'),
    ],
    [`several/shut → ${toDns}`]: ['denied', 'pass'],
  });
  expect(outcomesOf(leaking)).toEqual({
    [`leaking/half → ${toTwo}`]: [
      'partial',
      'leaked',
      'only some of the connections to the Service were answered',
    ],
  });
  const cut = (several === undefined ? [] : checksOf(several)).find(
    (check) => describeConnection(check) === `several/shut → ${toTwo}`,
  );
  expect(cut?.observed?.at(-1)).toMatchObject({ outcome: 'timeout', listenerAlive: true });

  // What is true of one family proves nothing about the other, and in a family that it lacks a Service is not tried.
  const toBoth = 'service/default/both:80/TCP';
  expect(outcomesOf(families)).toEqual({
    [`families/open → ${toBoth}`]: ['allowed', 'pass'],
    [`families/open → ${toBoth} over IPv6`]: ['allowed', 'pass'],
    [`families/open → ${toBoth} via dns`]: ['allowed', 'pass'],
    [`families/open → ${toBoth} via dns over IPv6`]: ['allowed', 'pass'],
    [`families/open → ${toApi}`]: ['allowed', 'pass'],
    [`families/open → ${toApi} via dns`]: ['allowed', 'pass'],
    [`families/half → ${toBoth}`]: ['allowed', 'pass'],
    [`families/half → ${toBoth} over IPv6`]: ['denied', 'pass'],
    [`families/half → ${toBoth} via dns`]: ['allowed', 'pass'],
    [`families/half → ${toBoth} via dns over IPv6`]: ['denied', 'pass'],
  });
  expect(families?.existingServices).toEqual([
    expect.objectContaining({
      name: 'both',
      ip: expect.stringMatching(/^10\.96\./),
      otherIps: [expect.stringMatching(/^fd00:10:96:/)],
      endpoints: [
        { port: 80, address: '203.0.113.10', targetPort: 443 },
        { port: 80, address: '2001:db8::10', targetPort: 443 },
      ],
    }),
    expect.objectContaining({ name: 'kubernetes', untried: { family: 'IPv6', checks: 2 } }),
  ]);

  // None was made, and none was deleted.
  expect(left.toSorted()).toEqual(['both', 'gone', 'kube-dns', 'kubernetes', 'mortal', 'two']);
});
