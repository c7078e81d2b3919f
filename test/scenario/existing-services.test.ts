/** Services that are there already: named by a scenario, used, and of which no more is known before a run. */
import { describe, expect, test } from 'vitest';
import { describeConnection } from '../../src/pair.ts';
import { dialledExisting, dialledServices } from '../../src/scenario/scenario.ts';
import { createProject } from './project.ts';

const HEAD = `apiVersion: podreach/v1
kind: Scenario
name: example
namespaces: { shop: {} }
pods:
  shop/web: { ports: [8080] }
  shop/late: { created: later }
services:
  default/kubernetes: existing
  kube-system/kube-dns: existing
`;

async function planOf(lines: string) {
  await using project = await createProject({ 'example.yaml': HEAD + lines });
  const [plan] = await project.load();
  if (plan === undefined) throw new Error('there is no plan');
  return plan;
}

async function failureOf(lines: string, head = HEAD): Promise<string> {
  await using project = await createProject({ 'example.yaml': head + lines });
  return await project.failure(['example.yaml']);
}

test('a rule names its ports by their numbers, each way is a check, and nobody is known to answer', async () => {
  const plan = await planOf(`reachable:
  - { from: shop/web, to: ["service/kube-system/kube-dns:9153", "service/kube-system/kube-dns:53"], via: [clusterIP, dns] }
  - { from: shop/*, to: "service/default/kubernetes:443", except: [shop/late] }
steps:
  - { name: later, create: [shop/late], unreachable: [{ from: shop/late, to: "service/default/kubernetes:443/TCP" }] }
`);
  const [first, second] = plan.steps.map(({ checks }) => checks);
  expect(first?.map(describeConnection)).toEqual([
    'shop/web → service/default/kubernetes:443/TCP',
    'shop/web → service/kube-system/kube-dns:53/TCP',
    'shop/web → service/kube-system/kube-dns:53/TCP via dns',
    'shop/web → service/kube-system/kube-dns:9153/TCP',
    'shop/web → service/kube-system/kube-dns:9153/TCP via dns',
  ]);
  expect(first?.every(({ path, backends }) => path !== undefined && backends === undefined)).toBe(true);
  expect(second?.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(dialledExisting(plan).map(({ name }) => name)).toEqual(['kubernetes', 'kube-dns']);
  expect(dialledServices(plan)).toEqual([]);
});

describe('is refused', () => {
  test.each([
    ['without a port', '', 'its ports are known only on a cluster', 'service/default/kubernetes:443'],
    [
      'by the name of a port',
      ':https',
      'the names of its ports are known only on a cluster: "https"',
      ':443',
    ],
    ['over UDP', ':53/UDP', 'nothing proves that a datagram came to it', 'in place of 53/UDP'],
  ])('%s', async (_, port, message, hint) => {
    const text = await failureOf(
      `reachable: [{ from: shop/web, to: "service/default/kubernetes${port}" }]\n`,
    );
    expect(text).toContain(`example.yaml:11:35: service/default/kubernetes is there already, and ${message}`);
    expect(text).toContain(hint);
  });

  test('by the ports of nodes', async () => {
    const rule = 'reachable: [{ from: shop/web, to: "service/default/kubernetes:443", via: nodePort }]\n';
    expect(await failureOf(rule)).toContain(
      'service/default/kubernetes is there already, and which ports it has on the nodes is known only on a cluster: nothing goes there via nodePort',
    );
  });

  test('in a namespace that the run makes', async () => {
    expect(
      await failureOf(
        'reachable: [{ from: shop/web, to: "service/shop/db:443" }]\n',
        HEAD.replace('default/kubernetes', 'shop/db'),
      ),
    ).toContain('no Service is there already in the namespace "shop": the run makes it');
  });

  test('the API server, where nothing says that it is used', async () => {
    expect(
      await failureOf(
        'reachable: [{ from: shop/web, to: "service/default/kubernetes:443" }]\n',
        HEAD.replace('  default/kubernetes: existing\n', ''),
      ),
    ).toContain('It is there already: declare it under "services", as "default/kubernetes: existing".');
  });

  test('with another word, which says what may stand there', async () => {
    expect(await failureOf('', HEAD.replace('kubernetes: existing', 'kubernetes: exists'))).toContain(
      'existing',
    );
  });

  test('with a slip in its name, where rules write it right', async () => {
    const rule = 'reachable: [{ from: shop/web, to: "service/default/kubernetes:443" }]\n';
    expect(await failureOf(rule, HEAD.replace('kubernetes: existing', 'kubernets: existing'))).toContain(
      'unknown Service "service/default/kubernetes"\n  11 | reachable: [{ from: shop/web, to: "service/default/kubernetes:443" }]\n     |                                   ^\n  hint: Did you mean "service/default/kubernets"?',
    );
  });

  test('with a slip in what stands there, which is no Service that rules do not know', async () => {
    const rule = 'reachable: [{ from: shop/web, to: "service/default/kubernetes:443" }]\n';
    const text = await failureOf(rule, HEAD.replace('kubernetes: existing', 'kubernetes: exsting'));
    expect(text).toContain('"exsting" is not a Service: write its selector and its ports, or "existing"');
    expect(text).toContain('1 problem in example.yaml');
  });
});
