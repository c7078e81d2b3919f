/** However a scenario is split into topologies, it means the same. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { flowBetween } from '../../../src/policy/model.ts';
import type { Plan } from '../../../src/scenario/scenario.ts';
import { createProject } from '../project.ts';

/** The file in which something stands: 0 is the scenario, the others are topologies. */
const place = fc.integer({ min: 0, max: 3 });

const labels = fc.dictionary(fc.constantFrom('app', 'team'), fc.constantFrom('a', 'b'));

const made = fc.record({
  /** What includes each topology: a file before it. */
  includedBy: fc.tuple(fc.constant(0), fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 2 })),
  /** Whether the last topology is included by the scenario besides. */
  twice: fc.boolean(),
  namespaces: fc.uniqueArray(fc.record({ name: fc.constantFrom('n1', 'n2'), labels, place }), {
    minLength: 1,
    maxLength: 2,
    selector: ({ name }) => name,
  }),
  pods: fc.array(fc.record({ labels, ports: fc.subarray([80, 443, 8080]), place }), {
    minLength: 2,
    maxLength: 6,
  }),
  policies: fc.array(fc.record({ labels, place, inFile: fc.boolean() }), { maxLength: 3 }),
  otherwise: fc.constantFrom('reachable', 'unreachable'),
});

type Made = typeof made extends fc.Arbitrary<infer T> ? T : never;

/** @param where the file of what is drawn to stand in one */
function filesOf(
  { includedBy, twice, namespaces, pods, policies, otherwise }: Made,
  where: (place: number) => number,
): Readonly<Record<string, string>> {
  const names = ['a.yaml', 't/1.yaml', 't/2.yaml', 't/3.yaml'];
  const texts: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const isHere = (one: { readonly place: number }): boolean => where(one.place) === index;
    const included = includedBy.flatMap((by, topology) =>
      by === index || (twice && index === 0 && topology === 2)
        ? [`${index === 0 ? './t' : '.'}/${topology + 1}.yaml`]
        : [],
    );
    const folder = index === 0 ? 't/' : '';
    texts[name] = stringify({
      apiVersion: 'podreach/v1',
      ...(index === 0 ? { kind: 'Scenario', name: 'split', otherwise } : { kind: 'Topology' }),
      ...(included.length === 0 ? {} : { include: included }),
      namespaces: Object.fromEntries(
        namespaces.filter(isHere).map((one) => [one.name, { labels: one.labels }]),
      ),
      pods: Object.fromEntries(
        pods.flatMap((pod, number) =>
          isHere(pod)
            ? [[`${namespaceOf(namespaces, number)}/p${number}`, { labels: pod.labels, ports: pod.ports }]]
            : [],
        ),
      ),
      policies: policies.flatMap((policy, number) =>
        isHere(policy)
          ? [policy.inFile ? `${folder}policy-${number}.yaml` : policyOf(policy, namespaces, number)]
          : [],
      ),
    });
  }
  for (const [number, policy] of policies.entries())
    texts[`t/policy-${number}.yaml`] = stringify(policyOf(policy, namespaces, number));
  return texts;
}

function namespaceOf(namespaces: Made['namespaces'], number: number): string {
  return namespaces[number % namespaces.length]?.name ?? '';
}

function policyOf(
  { labels: matchLabels }: Made['policies'][number],
  namespaces: Made['namespaces'],
  number: number,
): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `policy-${number}`, namespace: namespaceOf(namespaces, number) },
    spec: { podSelector: { matchLabels } },
  };
}

/** What a plan says, without places, and without the order that files give it. */
function meaningOf({ namespaces, pods, steps: [first] }: Plan): object {
  const oracle = first.oracle();
  const texts = (all: readonly object[]): readonly string[] => all.map((one) => JSON.stringify(one)).sort();
  return {
    namespaces: texts(
      namespaces.map(({ name, labels: own }) => ({ name, labels: Object.entries(own).sort() })),
    ),
    pods: texts(pods),
    policies: texts(first.policies.map(({ namespace, name, object }) => ({ namespace, name, object }))),
    checks: texts(
      first.checks.map(({ id: _, declared: __, ...check }) => ({
        ...check,
        verdict: oracle.evaluate(flowBetween(check)).verdict,
      })),
    ),
  };
}

test('a scenario that is split plans what the whole one does', async () => {
  await fc.assert(
    fc.asyncProperty(made, async (one) => {
      fc.pre(one.pods.some(({ ports }) => ports.length > 0));
      await using whole = await createProject(filesOf(one, () => 0));
      await using split = await createProject(filesOf(one, (drawn) => drawn));
      const [expected, actual] = await Promise.all(
        [whole, split].map(async (project) => (await project.load(['a.yaml']))[0]),
      );
      if (expected === undefined || actual === undefined) throw new Error('no plan');
      expect(meaningOf(actual)).toEqual(meaningOf(expected));
      expect(actual.included).toHaveLength(3);
    }),
    { numRuns: 60 },
  );
});
