/** From scenarios that stand to the new pods that are made beside them. Pure. */
import { objectKey } from '../../keys.ts';
import type { KubeObject } from '../../kube/kube.ts';
import type { RunRecord } from '../../record/schema.ts';
import type { Bounded, Owning, Probing } from '../../run/context.ts';
import { nodesForProbes, type ProbeNode } from '../../run/schedulable.ts';
import type { StandingScenario } from '../../run/stand.ts';
import type { WatchedCheck } from '../../run/watching/plan-watches.ts';
import { type CheckedSource, Copies } from './copies.ts';

/** So many nodes are enough to see what nodes do, and the ways from each to every destination are tried as well. */
const NODES_USED = 16;

/** The nodes that new pods come to. Only where there are outposts, the ways are known. */
export function nodesForCopies(
  nodes: readonly KubeObject[],
  standing: readonly StandingScenario[],
  { probe }: Probing,
): readonly ProbeNode[] {
  const known = new Set(standing.flatMap(({ outposts }) => outposts.map(({ node }) => node)));
  return nodesForProbes(nodes, probe)
    .filter(({ name }) => known.has(name))
    .slice(0, NODES_USED);
}

/** @returns undefined where there is nothing that could be copied */
export function planCopies(
  standing: readonly StandingScenario[],
  watched: readonly WatchedCheck[],
  nodes: readonly ProbeNode[],
  { scenarios }: Pick<RunRecord, 'scenarios'>,
  { runId, timing }: Owning & Bounded<'timeoutMs'>,
): Copies | undefined {
  const bySource = Map.groupBy(watched.filter(isForCopies), ({ from }) => objectKey(from));
  const answering = answeringForServices(watched);
  const sources = standing.map(({ step }) =>
    step.planned.pods.flatMap((pod): CheckedSource[] => {
      // No policy isolates it at any instant, and its copy would need the same ports of the node.
      if (pod.hostNetwork === true || answering.has(objectKey(pod))) return [];
      const checks = bySource.get(objectKey(pod));
      return checks === undefined ? [] : [{ pod, checks }];
    }),
  );
  const taken = scenarios.flatMap(({ pods, steps }) =>
    [pods, ...steps.map((step) => step.pods ?? [])].flat().map(objectKey),
  );
  return Copies.of(sources, nodes, { runId, timing, taken });
}

/** With the policy Local, which nodes lead to a Service depends on where its source is (D25). */
function isForCopies({ check }: WatchedCheck): boolean {
  return check.path !== 'nodePort' || check.externalTrafficPolicy !== 'Local';
}

/** The pods behind Services that are watched, by `namespace/name`: a copy of one would be behind its Service too, and answer for it. */
export function answeringForServices(watched: readonly WatchedCheck[]): ReadonlySet<string> {
  return new Set(watched.flatMap(({ check }) => (check.backends ?? []).map(({ pod }) => pod)));
}
