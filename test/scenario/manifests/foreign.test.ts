/** Policies of other kinds in scenarios: found, placed, and part of the plan. */
import { expect, test } from 'vitest';
import { nameKind, POLICY_KINDS } from '../../../src/model/policy-kind.ts';
import { flowBetween } from '../../../src/policy/model.ts';
import { reviewPlan } from '../../../src/policy/review.ts';
import { foreignPoliciesOf } from '../../../src/scenario/scenario.ts';
import { createProject } from '../project.ts';
import { object, policy, scenario } from './manifests.ts';

const PODS = `namespaces: { shop: {}, ops: {} }
pods: { shop/a: {}, shop/b: { ports: [80] }, ops/a: { ports: [80] }, ops/b: {} }
`;

async function planOf(lines: string, files: Readonly<Record<string, string>> = {}) {
  await using project = await createProject({ 'a.yaml': scenario(lines), ...files });
  const [plan] = await project.load(['a.yaml']);
  return plan ?? expect.fail('no plan');
}

async function failureOf(lines: string, files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  await using project = await createProject({ 'a.yaml': scenario(lines), ...files });
  const text = await project.failure(['a.yaml']);
  // Without the lines of the files.
  return text.split('\n').filter((line) => line !== '' && !/^ +(\d+ )?\|/.test(line));
}

const inShop = (text: string): string => text.replace('metadata: { ', 'metadata: { namespace: shop, ');
const CILIUM = inShop(object('cilium.io/v2', 'CiliumNetworkPolicy', 'l7'));
const GLOBAL = object('projectcalico.org/v3', 'GlobalNetworkPolicy', 'deny');

test.each(POLICY_KINDS.map((kind) => [`${nameKind(kind)} of ${kind.group}`, kind] as const))(
  '%s is taken, where it belongs',
  async (_, { group, kind, isClusterWide, decides, vendor }) => {
    const text = inShop(object(`${group}/v9`, kind, 'x'));
    const plan = await planOf(`${PODS}manifests: [x.yaml]\n`, { 'x.yaml': text });
    const [found, ...others] = foreignPoliciesOf(plan);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ apiVersion: `${group}/v9`, kind, name: 'x' });
    expect(found?.namespace).toBe(isClusterWide ? undefined : 'shop');
    expect(found?.title).toBe(
      `${vendor === undefined ? '' : `${vendor} `}${kind} ${isClusterWide ? '' : 'shop/'}x`,
    );
    const verdictOf = (from: string, to: string) =>
      plan.steps[0].oracle().evaluate(flowBetween({ from, to, port: 80, protocol: 'TCP' })).verdict;
    expect(verdictOf('ops/b', 'shop/b')).toBe(decides ? 'undefined' : 'allowed');
    expect(verdictOf('ops/b', 'ops/a')).toBe(decides && isClusterWide ? 'undefined' : 'allowed');
  },
);

test('under policies they are taken as under manifests, also inline, with the namespace that kubectl apply -n gives', async () => {
  const plan = await planOf(
    `${PODS}policies:
  - { path: l7.yaml, namespace: shop }
  - { apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: { name: all }, spec: { priority: 010 } }
`,
    { 'l7.yaml': object('cilium.io/v2', 'CiliumNetworkPolicy', 'l7') },
  );
  expect(foreignPoliciesOf(plan)).toMatchObject([
    { title: 'CiliumNetworkPolicy shop/l7', location: { file: 'l7.yaml', line: 1 } },
    // As an API server reads it: 010 is eight.
    { title: 'ClusterNetworkPolicy all', object: { spec: { priority: 8 } } },
  ]);
  expect(plan.steps[0].policies).toEqual([]);
});

test('they stand through all steps', async () => {
  const plan = await planOf(`${PODS}manifests: [l7.yaml]\nsteps: [{ name: more, apply: [p.yaml] }]\n`, {
    'l7.yaml': CILIUM,
    'p.yaml': policy('p', 'ops'),
  });
  const flow = flowBetween({ from: 'shop/a', to: 'ops/a', port: 80, protocol: 'TCP' });
  expect(plan.steps.map((step) => step.oracle().evaluate(flow).verdict)).toEqual(['undefined', 'undefined']);
  expect(plan.steps.map(({ foreignPolicies }) => foreignPolicies?.length)).toEqual([1, undefined]);
});

test('what scenarios say is not held against what is left open', async () => {
  const lines = `${PODS}manifests: [p.yaml, g.yaml]\n`;
  const files = { 'p.yaml': policy('p', 'shop'), 'g.yaml': GLOBAL };
  const codes = reviewPlan(await planOf(lines, files)).map(({ code }) => code);
  // Without the other policy, what it denies would contradict "otherwise: reachable"; the lints of NetworkPolicies are as ever.
  expect(codes).toEqual(['foreign-policy']);
});

test('what is wrong with one is told at its place', async () => {
  expect(
    await failureOf(
      `${PODS}manifests: [m.yaml]
steps: [{ name: more, apply: [s.yaml] }]
`,
      {
        'm.yaml': [
          CILIUM,
          CILIUM,
          object('cilium.io/v2', 'CiliumNetworkPolicy', 'nowhere'),
          GLOBAL.replace('{ name: deny', '{ name: deny, finalizers: [example.com/x]'),
          CILIUM.replace('shop', 'sohp'),
          'apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {}\n',
        ].join('---\n'),
        's.yaml': CILIUM,
      },
    ),
  ).toEqual([
    'm.yaml:5:1: the CiliumNetworkPolicy shop/l7 (cilium.io/v2) is there twice',
    '  m.yaml:1:1: first here',
    '  hint: Take one of them out, or give it another name: name only manifests that are deployed together.',
    'm.yaml:11:11: this CiliumNetworkPolicy does not say which namespace it belongs to',
    '  hint: Write metadata.namespace, or give it as kubectl apply -n does: { path: m.yaml, namespace: shop }. There are 2 namespaces.',
    'm.yaml:15:37: this policy could not be deleted after the run: it has the finalizer "example.com/x", and waits for whoever takes that away',
    '  hint: Leave metadata.finalizers out: a controller that needs a finalizer adds it by itself.',
    'm.yaml:19:24: the scenario does not declare the namespace "sohp"',
    '  hint: Did you mean "shop"?',
    'm.yaml:23:11: a CiliumClusterwideNetworkPolicy needs a name, as text',
    '  hint: Write metadata.name.',
    's.yaml:1:1: a step applies NetworkPolicies only, and CiliumNetworkPolicy shop/l7 is of another kind',
    '  hint: Name it under "policies" or "manifests": from there it is applied before the first step is tried, and stands through all steps.',
    'scenario-invalid: 6 problems in 2 files',
  ]);
});

test('one is not there before its namespace', async () => {
  expect(
    await failureOf(
      `namespaces: { shop: {}, late: { created: later } }
pods: { shop/a: {}, shop/b: { ports: [80] }, late/c: { created: later } }
manifests: [m.yaml]
steps: [{ name: more, create: [namespace/late, late/c] }]
`,
      { 'm.yaml': CILIUM.replace('shop', 'late') },
    ),
  ).toEqual([
    'm.yaml:1:1: the namespace "late" of this policy does not exist yet',
    '  a.yaml:7:32: created here',
    '  hint: Steps are done one after the other, and within a step in this order: apply, delete, label, create, remove, replace.',
    'scenario-invalid: 1 problem in m.yaml',
  ]);
});
