/** The shipped scenarios about DNS, each with a policy changed in what it teaches: the run shows it, at the check that it is about. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checksOf } from '../../../src/record/schema.ts';
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
};

test('each scenario about DNS fails where its policy is changed in what it teaches', async () => {
  const scenarios = await Promise.all(
    Object.entries(MUTANTS).map(
      async ([
        name,
        {
          scenario,
          changed: [from, to],
        },
      ]) => {
        const text = await readFile(join(ROOT, `scenarios/services/${scenario}.yaml`), 'utf8');
        const mutated = text.replaceAll(from, to);
        expect(mutated).not.toBe(text);
        return mutated
          .replaceAll(/\bdns-(allowed|forgotten|labels|half)\b/g, `${name}-$1`)
          .replace(/^name: .*/m, `name: ${name}`);
      },
    ),
  );
  const record = await runWith(oneNode(), undefined, {
    scenario: scenarios.join('---\n'),
    parallel: 4,
    withinMs: 3_000,
  });
  expect(record.run.error).toBeUndefined();
  const shown = Object.fromEntries(
    record.scenarios.map((scenario) => [
      scenario.name,
      checksOf(scenario)
        .filter(({ verdict }) => verdict !== 'pass')
        .map(({ from, to, port, protocol, path, verdict, reason }) => {
          const [source, destination] = [from, to].map((key) => key.split('/').at(-1));
          return `${source} → ${destination}:${port}/${protocol} ${path} ${verdict}: ${reason}`;
        }),
    ]),
  );
  expect(shown).toEqual(Object.fromEntries(Object.entries(MUTANTS).map(([name, { seen }]) => [name, seen])));
});
