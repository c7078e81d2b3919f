/** Whatever is deployed: the first scenario loads, and expects of each pair what the policies say. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { PodreachError } from '../../../src/errors.ts';
import { describeConnection } from '../../../src/pair.ts';
import { flowBetween, type PolicyPod } from '../../../src/policy/model.ts';
import { compile } from '../../../src/policy/oracle.ts';
import { reviewPlan } from '../../../src/policy/review.ts';
import { groupPairs } from '../../../src/scenario/init/group-pairs.ts';
import { writeFirstScenario } from '../../../src/scenario/init/init.ts';
import { type Manifest, manifests, toWritten, worlds } from '../../policy/arbitraries.ts';
import { createProject } from '../project.ts';

function podManifest({ namespace, name, labels, ports }: PolicyPod): object {
  const containerPorts = ports.map(({ port, ...rest }) => ({ ...rest, containerPort: port }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: 'a', image: 'a', ports: containerPorts }] },
  };
}

const deployed = fc.record({ world: worlds(), policies: manifests() });

test('expectations are what the policies say', { timeout: 300_000 }, async () => {
  let open = 0;
  await fc.assert(
    fc.asyncProperty(deployed, async ({ world, policies }) => {
      const namespaces = (world.namespaces ?? []).map(({ name, labels }) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels },
      }));
      const objects: readonly (object | Manifest)[] = [
        ...namespaces,
        ...world.pods.map(podManifest),
        ...policies,
      ];
      await using project = await createProject({
        'deploy/all.yaml': objects.map((one) => stringify(one)).join('---\n'),
      });
      const { folder } = project;
      const pods = world.pods.map(({ address: _, ...pod }) => pod);
      const oracle = compile({ ...world, pods, policies: policies.map(toWritten) });
      const pairs = pods.flatMap((from) =>
        pods
          .filter((to) => to !== from)
          .flatMap((to) =>
            to.ports.map(({ port, protocol }) => ({
              from: `${from.namespace}/${from.name}`,
              to: `${to.namespace}/${to.name}`,
              port,
              protocol,
            })),
          ),
      );
      const predicted = pairs.map((pair) => ({
        pair: describeConnection(pair),
        verdict: oracle.evaluate(flowBetween(pair)).verdict,
      }));
      const certain = predicted.filter(({ verdict }) => verdict !== 'undefined');
      if (certain.length < predicted.length) open += 1;
      const written = writeFirstScenario(['deploy'], {
        cwd: folder,
        folder,
        file: 'checks.yaml',
        renderer: undefined,
        input: undefined,
      });
      if (certain.length === 0) {
        await expect(written).rejects.toThrow(PodreachError);
        return;
      }
      await writeFile(join(folder, 'checks.yaml'), (await written).text);
      const [plan] = await project.load(['checks.yaml']);
      const expectations = plan?.steps[0].checks.map((check) => ({
        pair: describeConnection(check),
        verdict: check.expected === 'reachable' ? 'allowed' : 'denied',
      }));
      const byPair = (a: { readonly pair: string }, b: { readonly pair: string }): number =>
        a.pair < b.pair ? -1 : 1;
      expect(expectations?.toSorted(byPair)).toEqual(certain.toSorted(byPair));
      const warnings = plan === undefined ? [] : reviewPlan(plan).map(({ code }) => code);
      expect(warnings).not.toContain('contradicted-check');
      expect(warnings).not.toContain('idle-exception');
    }),
    { numRuns: 80 },
  );
  // Not only what is certain was tried.
  expect(open).toBeGreaterThan(5);
});

const ENDS = ['a', 'b', 'c', 'd'];
const somePairs = fc
  .uniqueArray(
    fc.record({
      from: fc.constantFrom(...ENDS),
      to: fc.constantFrom(...ENDS),
      port: fc.constantFrom(1, 2),
    }),
    { selector: JSON.stringify, maxLength: 24 },
  )
  .map((all) =>
    all
      .filter(({ from, to }) => from !== to)
      .map(({ from, to, port }) => ({ from, to, target: `${to}:${port}` })),
  );

test('groups stand for the pairs that went into them, each once', () => {
  fc.assert(
    fc.property(somePairs, (pairs) => {
      const back = groupPairs(pairs).flatMap(({ sources, targets }) =>
        targets.flatMap((target) =>
          sources.filter((from) => !target.startsWith(`${from}:`)).map((from) => `${from} ${target}`),
        ),
      );
      expect(back.toSorted()).toEqual(pairs.map(({ from, target }) => `${from} ${target}`).toSorted());
    }),
    { numRuns: 500 },
  );
});
