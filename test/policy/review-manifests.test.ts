/** Warnings about manifests: what no policy selects, and what a Service does not find. */
import { expect, test } from 'vitest';
import { reviewPlan } from '../../src/policy/review.ts';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { folderWith } from '../support/cli.ts';

const DEPLOYED = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: a, ports: [{ name: http, containerPort: 80 }] }] }
---
apiVersion: batch/v1
kind: Job
metadata: { name: job, namespace: shop }
spec: { template: { metadata: { labels: { app: job } }, spec: { containers: [{ name: a, ports: [{ containerPort: 9, protocol: SCTP }] }] } } }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: node, namespace: shop }
spec: { template: { metadata: { labels: { app: node } }, spec: { hostNetwork: true, containers: [{}] } } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec: { podSelector: { matchLabels: { app: web } }, ingress: [] }
---
apiVersion: v1
kind: Service
metadata: { name: good, namespace: shop }
spec: { selector: { app: web }, ports: [{ port: 1, targetPort: http }, { port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: misspelt, namespace: shop }
spec: { selector: { app: wbe }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: ports, namespace: shop }
spec: { selector: { app: web }, ports: [{ port: 81, targetPort: 8081 }, { port: 82, targetPort: htpp }, { port: 83, targetPort: 80, protocol: UDP }] }
---
apiVersion: v1
kind: Service
metadata: { name: elsewhere, namespace: ops }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: of-node, namespace: shop }
spec: { selector: { app: node }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: outside, namespace: shop }
spec: { type: ExternalName, externalName: example.com }
---
apiVersion: cilium.io/v2
kind: IsovalentNetworkPolicy
metadata: { name: l7, namespace: shop }
`;

async function review(lines: string, text = DEPLOYED) {
  using folder = folderWith({
    'a.yaml': `apiVersion: podreach/v1
kind: Scenario
name: reviewed
manifests: [d.yaml]
namespaces: { shop: {}, ops: {} }
${lines}otherwise: unreachable
`,
    'd.yaml': text,
  });
  const [plan] = await loadPlans(['a.yaml'], { cwd: folder.path });
  return reviewPlan(plan ?? expect.fail('no plan'));
}

test('each is told at its place, with what to do', async () => {
  expect(await review('')).toEqual([
    {
      code: 'left-out-port',
      message: 'port 9/SCTP of this Job is left out: podreach tries TCP and UDP only',
      location: { file: 'd.yaml', line: 12, column: 97 },
    },
    {
      code: 'unapplied-policy',
      message:
        'the IsovalentNetworkPolicy shop/l7 is not applied: podreach does not know this kind, so what it allows or cuts is not tested',
      location: { file: 'd.yaml', line: 54, column: 1 },
    },
    {
      code: 'workload-without-policy',
      rule: 'D4',
      message: 'no policy selects Job shop/job: it is isolated neither for ingress nor for egress',
      location: { file: 'd.yaml', line: 9, column: 1 },
      advice: 'Write a policy that selects it, such as a default deny of its namespace.',
    },
    {
      code: 'service-selects-none',
      message: 'Service shop/misspelt selects nobody: namespace shop has no pod with app=wbe',
      location: { file: 'd.yaml', line: 29, column: 1 },
      advice: 'Select by labels that the pods carry: those of shop carry app=job, app=node and app=web.',
    },
    ...[
      [81, '8081/TCP'],
      [82, 'htpp/TCP'],
      [83, '80/UDP'],
    ].map(([port, target]) => ({
      code: 'unknown-target-port',
      message: `port ${port} of Service shop/ports leads to port ${target}, which no pod that it selects declares`,
      location: { file: 'd.yaml', line: 37, column: expect.any(Number) },
      advice: 'Correct targetPort, or declare the port in the workload: its pods declare 80/TCP (http).',
    })),
    {
      code: 'service-selects-none',
      message: 'Service ops/elsewhere selects nobody: namespace ops has no pod with app=web',
      location: { file: 'd.yaml', line: 39, column: 1 },
      advice: 'Put the Service into the namespace of its pods: ops has none here.',
    },
    {
      code: 'unknown-target-port',
      message: 'port 80 of Service shop/of-node leads to port 80/TCP, which no pod that it selects declares',
      location: { file: 'd.yaml', line: 47, column: 42 },
      advice: 'Correct targetPort, or declare the port in the workload: its pods declare none.',
    },
  ]);
});

test('what a step brings counts', async () => {
  const codes = (
    await review(`pods: { shop/late: { labels: { app: wbe }, ports: [80], created: later } }
steps:
  - name: the rest comes
    create: [shop/late]
    apply:
      - apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: all, namespace: shop }
        spec: { podSelector: {} }
`)
  ).map(({ code, message }) => `${code} ${message}`);
  expect(codes.filter((code) => code.startsWith('workload-without-policy'))).toEqual([]);
  expect(codes.filter((code) => code.includes('misspelt'))).toEqual([]);
});

test('what is meant can be accepted, for one or for all', async () => {
  const codesWith = async (accept: string) =>
    (await review(`pods: { shop/node: absent }\naccept: [${accept}]\n`)).map(({ code, message }) =>
      code === 'stale-acceptance' ? message : code,
    );
  expect(
    await codesWith(
      '{ lint: workload-without-policy, pod: shop/job, because: it is short }, { lint: left-out-port, because: SCTP }, { lint: service-selects-none, service: shop/misspelt, because: x }, { lint: unknown-target-port, because: x }',
    ),
  ).toEqual(['unapplied-policy', 'service-selects-none']);
  expect(await codesWith('{ lint: workload-without-policy, pod: shop/web, because: it is short }')).toContain(
    'nothing is found that this accepts: workload-without-policy of shop/web',
  );
});

test('of a policy of another kind it is said what is not predicted, and no workload that it may select is called unrestricted', async () => {
  const found = await review(
    '',
    `${DEPLOYED}---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: extra, namespace: shop }
---
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: { name: partners, namespace: shop }
`,
  );
  expect(found.filter(({ code }) => code === 'foreign-policy')).toEqual([
    {
      code: 'foreign-policy',
      message:
        'Calico NetworkPolicy shop/extra needs a cluster that serves its kind, and what it means is for the network plugin to say: predictions for pairs that begin or end in namespace shop are undefined',
      location: { file: 'd.yaml', line: 58, column: 1 },
    },
  ]);
  expect(found.map(({ code }) => code)).not.toContain('workload-without-policy');
});
