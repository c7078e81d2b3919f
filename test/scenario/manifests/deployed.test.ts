/** Manifests by themselves: whose namespace they get, which workloads are one, and what is told of what is not compared. */
import { describe, expect, test } from 'vitest';
import { PodreachError } from '../../../src/errors.ts';
import type { DeployedState } from '../../../src/policy/deployed.ts';
import { renderProblem } from '../../../src/problems.ts';
import { type DeployedSource, loadDeployed } from '../../../src/scenario/manifests/deployed.ts';
import { createProject } from '../project.ts';
import { deployment, object, policy, workload } from './manifests.ts';
import { testRenderer } from './renderer.ts';

/** The states of two folders, `old` and `new`. */
async function load(
  files: Readonly<Record<string, string>>,
  more: Partial<DeployedSource> = {},
): Promise<readonly [DeployedState, DeployedState]> {
  await using project = await createProject(files);
  const source = (name: string): DeployedSource => ({
    cwd: project.folder,
    renderer: testRenderer(),
    input: undefined,
    place: name.toUpperCase(),
    name,
    paths: [name],
    ...more,
  });
  return await loadDeployed(source('old'), source('new'));
}

async function failure(...args: Parameters<typeof load>): Promise<string> {
  try {
    await load(...args);
  } catch (thrown) {
    if (thrown instanceof PodreachError) return thrown.problems.map(renderProblem).join('\n\n');
    throw thrown;
  }
  throw new Error('it has succeeded');
}

const outline = ({ workloads, policies }: DeployedState): readonly string[] => [
  ...workloads.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`),
  ...policies.map(({ namespace, name }) => `NetworkPolicy ${namespace}/${name}`),
];

describe('what names no namespace', () => {
  test('is in the one that either state names', async () => {
    const [before, after] = await load({
      'old/a.yaml': deployment('web'),
      'new/a.yaml': `${deployment('web')}---\n${policy('deny', 'shop')}`,
    });
    expect(outline(before)).toEqual(['Deployment shop/web']);
    expect(outline(after)).toEqual(['Deployment shop/web', 'NetworkPolicy shop/deny']);
  });

  test('is in the one that is declared, and what is no part of the comparison names none', async () => {
    const [before] = await load({
      'old/a.yaml': `${deployment('web')}---\n${object('v1', 'Namespace', 'shop')}---\n${object('v1', 'ConfigMap', 'c').replace('name: c', 'name: c, namespace: ops')}`,
      'new/a.yaml': deployment('web'),
    });
    expect(outline(before)).toEqual(['Deployment shop/web']);
    expect(before.namespaces).toEqual([{ name: 'shop', labels: {} }]);
  });

  test('is in default where nothing names one', async () => {
    const [before] = await load({ 'old/a.yaml': deployment('web'), 'new/a.yaml': policy('deny') });
    expect(outline(before)).toEqual(['Deployment default/web']);
  });

  test('is a mistake where several are named', async () => {
    const told = await failure({
      'old/a.yaml': `${deployment('web')}---\n${policy('deny', 'shop')}`,
      'new/a.yaml': policy('deny', 'ops'),
    });
    expect(told).toContain('old/a.yaml:3:11: this Deployment does not say which namespace it belongs to');
    expect(told).toContain('or give it as kubectl apply -n does: shop=old. There are 2 namespaces.');
  });
});

describe('workloads', () => {
  const job = workload('batch/v1', 'Job', 'web', 'shop', 'containers: [{ name: a, image: a }]');

  test('that change their kind stay the same one', async () => {
    const stateful = deployment('web', 'shop').replace('Deployment', 'StatefulSet');
    const states = await load({ 'old/a.yaml': deployment('web', 'shop'), 'new/a.yaml': stateful });
    expect(states.map(outline)).toEqual([['Deployment shop/web'], ['StatefulSet shop/web']]);
  });

  test('of one name and several kinds are told with their kind, in both states', async () => {
    const states = await load({
      'old/a.yaml': deployment('web', 'shop'),
      'new/a.yaml': `${deployment('web', 'shop')}---\n${job}`,
    });
    expect(states.map(outline)).toEqual([
      ['Deployment shop/web-deployment'],
      ['Deployment shop/web-deployment', 'Job shop/web-job'],
    ]);
  });

  test('that are there twice are a mistake, and so are policies', async () => {
    const told = await failure({
      'old/a.yaml': deployment('web', 'shop'),
      'new/a.yaml': [
        deployment('web', 'shop'),
        deployment('web', 'shop'),
        policy('p', 'shop'),
        policy('p', 'shop'),
      ].join('---\n'),
    });
    expect(told).toContain('new/a.yaml:9:1: Deployment shop/web is there twice');
    expect(told).toContain('the policy "shop/p" is there twice');
  });

  test('on the network of their node are there, and their long names too', async () => {
    const long = `a${'-b'.repeat(40)}`;
    const spec = 'hostNetwork: true, containers: [{ name: a, image: a }]';
    const [before] = await load({
      'old/a.yaml': deployment(long, 'shop', spec).replace(`app: ${long}`, 'app: web'),
      'new/a.yaml': deployment('web', 'shop'),
    });
    expect(before.workloads).toMatchObject([{ name: long, hostNetwork: true }]);
  });
});

test('what is not compared is a doubt', async () => {
  const sctp = 'containers: [{ name: a, image: a, ports: [{ containerPort: 1, protocol: SCTP }] }]';
  const cilium = object('cilium.io/v2', 'CiliumNetworkPolicy', 'c');
  const [, after] = await load(
    {
      'old/a.yaml': deployment('web', 'shop'),
      'new/a.yaml': [deployment('web', 'shop', sctp), cilium, cilium.replace('name: c', 'name: d')].join(
        '---\n',
      ),
    },
    { missing: ['charts'] },
  );
  expect(after.doubts.map(({ message }) => message)).toEqual([
    'charts is not in new',
    'port 1/SCTP of this Deployment is left out: podreach tries TCP and UDP only',
    'what policies of another kind allow or cut is not known here: 2 CiliumNetworkPolicy of cilium.io/v2',
  ]);
});

test('a state may be empty, and both may not', async () => {
  const [before, after] = await load({
    'old/a.yaml': object('v1', 'ConfigMap', 'c'),
    'new/a.yaml': deployment('web', 'shop'),
  });
  expect([outline(before), outline(after)]).toEqual([[], ['Deployment shop/web']]);
  const nothing = object('v1', 'ConfigMap', 'c');
  expect(await failure({ 'old/a.yaml': nothing, 'new/a.yaml': nothing })).toContain(
    'NEW:1:1: there is neither a workload nor a policy to compare, before or after',
  );
});

test('what is wrong in a revision is told as git names its file', async () => {
  const broken = deployment('web', 'shop').replace('containers:', 'container:');
  expect(
    await failure({ 'old/a.yaml': broken, 'new/a.yaml': broken }, { name: 'main', commit: '0'.repeat(40) }),
  ).toMatch(/^main:old\/a\.yaml:7:\d+: a Deployment needs containers/);
});

test('a kustomization is built', async () => {
  const [before, after] = await load({
    'old/kustomization.yaml': 'resources: [a.yaml]\n',
    'old/a.yaml': deployment('web', 'shop'),
    'new/a.yaml': deployment('web', 'shop'),
  });
  expect(before.workloads[0]?.location.file).toBe('kustomize build old');
  expect(after.workloads[0]?.location.file).toBe('new/a.yaml');
});
