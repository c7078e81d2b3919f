/** Runs a small scenario on a real sandbox while somebody interferes. */
import { expect } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { ClusterProvider } from '../../src/cluster/cluster.ts';
import { sandboxCluster } from '../../src/cluster/sandbox.ts';
import { connectKube } from '../../src/kube/connect.ts';
import type { Kube } from '../../src/kube/kube.ts';
import type { ProgressEvent } from '../../src/progress.ts';
import type { Phase, RunRecord } from '../../src/record/schema.ts';
import type { RunOptions } from '../../src/run/job.ts';
import { run } from '../../src/run/run.ts';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { throughProxy } from '../support/api-proxy.ts';
import { folderWith } from '../support/cli.ts';

/** One pair that policies leave alone, and one that they cut off. */
export const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: pair
namespaces:
  pair: {}
pods:
  pair/a: {}
  pair/b: { ports: [80] }
  pair/c: { ports: [80], labels: { open: "yes" } }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: deny, namespace: pair }
    spec: { podSelector: { matchExpressions: [{ key: open, operator: DoesNotExist }] } }
reachable:
  - { from: pair/a, to: pair/c }
unreachable:
  - { from: pair/a, to: pair/b }
`;

/** One pair more, which never settles as expected: it keeps the others waiting for their last look. */
export const WITH_LATE_PAIR = SCENARIO.replace(
  'unreachable:',
  '  - { from: pair/a, to: pair/late }\nunreachable:',
).replace('  pair/c:', '  pair/late: { ports: [80] }\n  pair/c:');

export const sandbox = (): ClusterProvider => sandboxCluster({ nodes: 2, enforcement: 'on' });
/** For what is not about the way between nodes: it costs a quarter less. */
export const oneNode = (): ClusterProvider => sandboxCluster({ nodes: 1, enforcement: 'on' });

/** Lets a test act on the cluster while the run goes: the provider tells where it is, events tell when. */
export async function runWith(
  provider: ClusterProvider,
  interfere?: (event: ProgressEvent, kube: Kube) => Promise<unknown> | undefined,
  options: Partial<RunOptions> & {
    readonly scenario?: string;
    /** Another, in namespaces of its own. */
    readonly second?: string;
    /** Beside them, such as manifests that they name. */
    readonly files?: Readonly<Record<string, string>>;
    readonly atTheEnd?: (kube: Kube) => Promise<void>;
  } = {},
): Promise<RunRecord> {
  const { scenario = SCENARIO, second, files: beside = {} } = options;
  const files = { 'pair.yaml': scenario, ...(second === undefined ? {} : { 'second.yaml': second }) };
  using folder = folderWith({ ...files, ...beside });
  const plans = await loadPlans(Object.keys(files), { cwd: folder.path, only: [], tags: [] });
  let kube: Kube | undefined;
  const interference: Promise<unknown>[] = [];
  const { record, kept } = await run(plans, {
    provider: {
      kind: provider.kind,
      async start(startOptions) {
        const cluster = await provider.start(startOptions);
        const own = await connectKube(cluster.kubeconfig);
        kube = own;
        return {
          ...cluster,
          async stop() {
            await options.atTheEnd?.(own);
            await cluster.stop();
          },
        };
      },
    },
    version: '0.0.0',
    clock: systemClock,
    signal: new AbortController().signal,
    // What is to pass has the time that a busy machine takes. A test says how long it waits for what never comes.
    withinMs: 10_000,
    confirm: 2,
    parallel: 1,
    keep: false,
    failFast: false,
    progress: (event) => {
      const action = kube === undefined ? undefined : interfere?.(event, kube);
      if (action !== undefined) interference.push(action);
    },
    save: () => undefined,
    ...options,
  });
  await kept?.stop();
  await Promise.all(interference);
  kube?.close();
  return record;
}

/** A record, or the part of it that is one scenario's. */
export type Scenarios = Pick<RunRecord, 'scenarios'>;

/** One scenario of several in a run, and what is done to it. */
export interface Part {
  /** Says `pair` wherever the part's own name is to stand. Default: {@link SCENARIO}. */
  readonly scenario?: string;
  /** The phase whose beginning brings it. */
  readonly at: Phase;
  /** @param name the part's: its namespace is called so */
  readonly act: (kube: Kube, name: string) => Promise<unknown>;
}

/** With more, their pods wait for each other on a machine of two cores. */
const SIDE_BY_SIDE = 4;

/**
 * Runs scenarios on one cluster, a few at a time. No pod of a part is asked anything while something is done to it: that does not race
 * with what the run looks at.
 * @returns the record, and of it what is each part's
 */
export async function runSideBySide<Name extends string>(
  parts: Readonly<Record<Name, Part>>,
  options: Partial<RunOptions> = {},
): Promise<{ readonly record: RunRecord; readonly of: (name: Name) => Scenarios }> {
  const all = new Map(Object.entries<Part>(parts));
  const acting = new Map<string, Promise<undefined>>();
  const provider = throughProxy(sandbox(), {
    question: ({ path }) => acting.get(/\/namespaces\/([^/]+)\//.exec(path)?.[1] ?? ''),
  });
  const record = await runWith(
    provider,
    (event, kube) => {
      if (event.type !== 'phase-started') return undefined;
      const { scenario: name, phase } = event;
      const part = all.get(name);
      if (part?.at !== phase) return undefined;
      const done = part.act(kube, name).then(() => undefined);
      acting.set(name, done);
      return done;
    },
    {
      ...options,
      parallel: SIDE_BY_SIDE,
      scenario: [...all]
        .map(([name, { scenario = SCENARIO }]) => scenario.replaceAll('pair', name))
        .join('---\n'),
    },
  );
  expect([...acting.keys()].toSorted()).toEqual([...all.keys()].toSorted());
  return { record, of: (name) => ({ scenarios: record.scenarios.filter((one) => one.name === name) }) };
}

/** The verdicts of the first scenario by destination. */
export function verdicts(record: Scenarios): Record<string, string | undefined> {
  return Object.fromEntries(
    record.scenarios[0]?.steps[0]?.checks.map(({ to, verdict }) => [to, verdict]) ?? [],
  );
}
