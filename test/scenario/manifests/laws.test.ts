/** Whatever a folder holds: each object is taken, left out with a word, or counted. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { PodreachError } from '../../../src/errors.ts';
import { reviewPlan } from '../../../src/policy/review.ts';
import { createProject } from '../project.ts';
import { scenario } from './manifests.ts';

type Made = {
  readonly list: 'policies' | 'namespaces' | 'workloads' | 'leftOut' | 'services' | 'foreign' | 'skipped';
  readonly apiVersion: string;
  readonly kind: string;
};

const DEPLOYMENT: Made = { list: 'workloads', apiVersion: 'apps/v1', kind: 'Deployment' };

const KINDS: readonly Made[] = [
  { list: 'policies', apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  { list: 'namespaces', apiVersion: 'v1', kind: 'Namespace' },
  { list: 'workloads', apiVersion: 'v1', kind: 'Pod' },
  DEPLOYMENT,
  { list: 'workloads', apiVersion: 'batch/v1', kind: 'CronJob' },
  { list: 'workloads', apiVersion: 'apps/v1', kind: 'DaemonSet' },
  { list: 'services', apiVersion: 'v1', kind: 'Service' },
  { list: 'foreign', apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy' },
  { list: 'foreign', apiVersion: 'crd.projectcalico.org/v1', kind: 'NetworkPolicy' },
  { list: 'skipped', apiVersion: 'v1', kind: 'ConfigMap' },
  { list: 'skipped', apiVersion: 'serving.knative.dev/v1', kind: 'Service' },
  { list: 'skipped', apiVersion: 'example.com/v1', kind: 'Deployment' },
];

/** Every object has a name of its own: its place. */
function objectOf({ apiVersion, kind }: Made, index: number): object {
  const spec = { hostNetwork: kind === 'DaemonSet', containers: [{ name: 'a', image: 'a' }] };
  const template = { metadata: { labels: { place: String(index) } }, spec };
  const specs: Readonly<Record<string, unknown>> = {
    Pod: spec,
    CronJob: { jobTemplate: { spec: { template } } },
    NetworkPolicy: { podSelector: {} },
  };
  return {
    apiVersion,
    kind,
    metadata: { name: `o${index}`, ...(kind === 'Namespace' ? {} : { namespace: 'shop' }) },
    spec: specs[kind] ?? { template },
  };
}

/** In files as they come: documents, lists, JSON, Windows' ends of lines, empty documents. */
const files = fc.array(
  fc.record({
    kinds: fc.array(fc.constantFrom(...KINDS), { maxLength: 6 }),
    form: fc.constantFrom('yaml', 'list', 'json', 'crlf'),
    folder: fc.constantFrom('', 'sub/', 'sub/deeper/'),
  }),
  { minLength: 1, maxLength: 5 },
);

test('nothing is lost', async () => {
  await fc.assert(
    fc.asyncProperty(files, async (made) => {
      let next = 0;
      const all = made.flatMap(({ kinds }) => kinds);
      const texts = made.map(({ kinds, form, folder }, place): readonly [string, string] => {
        const objects = kinds.map((kind) => objectOf(kind, next++));
        const list = { apiVersion: 'v1', kind: 'List', items: objects };
        const yaml = `# begins\n---\n${objects.map((one) => stringify(one)).join('---\n')}---\n`;
        const text = {
          yaml,
          list: stringify(list),
          json: JSON.stringify(list, undefined, '\t'),
          crlf: `\uFEFF${yaml.replaceAll('\n', '\r\n')}`,
        }[form];
        return [`d/${folder}${place}.${form === 'json' ? 'json' : 'yaml'}`, text];
      });
      await using project = await createProject({
        'a.yaml': scenario(
          'manifests: [d]\nnamespaces: { shop: {} }\npods: { shop/a: {}, shop/b: { ports: [1] } }\n',
        ),
        ...Object.fromEntries(texts),
        // So that there is something to test.
        'd/last.yaml': stringify(objectOf(DEPLOYMENT, next)),
      });
      const [plan] = await project.load(['a.yaml']);
      const manifests = plan?.manifests;
      const count = (list: Made['list']): number => all.filter((one) => one.list === list).length;
      expect({
        objects: manifests?.objects,
        policies: plan?.steps[0].policies.length,
        namespaces: manifests?.namespaces.length,
        workloads: manifests?.workloads.length,
        services: manifests?.services.length,
        foreign: manifests?.foreignPolicies.length,
        skipped: manifests?.skipped.reduce((sum, one) => sum + one.count, 0),
      }).toEqual({
        objects: all.length + 1,
        policies: count('policies'),
        namespaces: count('namespaces'),
        workloads: count('workloads') + 1,
        services: count('services'),
        foreign: count('foreign'),
        skipped: count('skipped'),
      });
    }),
    { numRuns: 60 },
  );
});

/** Values of any shape where others belong, at any depth. */
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<unknown>(null, 0, 80, 1.5, true, '', 'x', 'TCP', '80', -1, [], {}),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(
      fc.constantFrom(
        ...['metadata', 'name', 'namespace', 'labels', 'spec', 'template', 'jobTemplate', 'containers'],
        ...['initContainers', 'ports', 'containerPort', 'protocol', 'selector', 'matchLabels', 'targetPort'],
        ...['port', 'items', 'hostNetwork', 'finalizers', 'kind', 'podSelector', 'ingress', 'a b'],
      ),
      tie('value'),
      { maxKeys: 5 },
    ),
  ),
})).value;

/** So that what stands below is looked at as well. */
const metadata = fc.oneof(
  anything,
  fc.record({ name: fc.constantFrom('x', 'y'), namespace: fc.constant('shop'), labels: anything }),
);

test('whatever stands in an object, it is read or told what is wrong', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...KINDS), metadata, anything), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('', ', namespace: shop'),
      async (made, given) => {
        const objects = made.map(([{ apiVersion, kind }, about, spec]) => ({
          apiVersion,
          kind,
          metadata: about,
          spec,
        }));
        await using project = await createProject({
          'a.yaml': scenario(
            `manifests: [{ path: d.json${given} }]\nnamespaces: { shop: {} }\npods: { shop/a: {}, shop/b: { ports: [1] } }\n`,
          ),
          'd.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
        });
        try {
          for (const plan of await project.load(['a.yaml'])) reviewPlan(plan);
        } catch (thrown) {
          if (!(thrown instanceof PodreachError) || thrown.problems.length === 0) throw thrown;
          for (const { message } of thrown.problems) expect(message).not.toMatch(/undefined|\[object/);
        }
      },
    ),
    { numRuns: 400 },
  );
});
