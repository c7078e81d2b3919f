/** From scenarios that stand to the new pods that are made beside them. Pure. */

import type { LeftOutChecks } from '../../judge/new-pods.ts';
import { objectKey } from '../../keys.ts';
import type { KubeObject } from '../../kube/kube.ts';
import type { RunRecord } from '../../record/schema.ts';
import type { Bounded, Owning, Probing } from '../../run/context.ts';
import { nodesForProbes, type ProbeNode } from '../../run/schedulable.ts';
import type { StandingScenario } from '../../run/stand.ts';
import type { WatchedCheck } from '../../run/watching/plan-watches.ts';
import type { PlannedPod } from '../../scenario/scenario.ts';
import { type CheckedSource, Copies, fits } from './copies.ts';

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

/** What new pods are copies of, and what they leave out. */
export type CopyPlan = { readonly leftOut: readonly LeftOutChecks[] } & (
  | { readonly copies: Copies }
  | {
      readonly copies: undefined;
      /** Why there can be none, as a clause. */
      readonly none: string;
    }
);

export function planCopies(
  standing: readonly StandingScenario[],
  watched: readonly WatchedCheck[],
  nodes: readonly ProbeNode[],
  { scenarios }: Pick<RunRecord, 'scenarios'>,
  { runId, timing }: Owning & Bounded<'timeoutMs'>,
): CopyPlan {
  const bySource = Map.groupBy(watched, ({ from }) => objectKey(from));
  const answering = answeringForServices(watched);
  const leftOut: LeftOutChecks[] = [];
  const sources = standing.map(({ step }) =>
    step.planned.pods.flatMap((pod): CheckedSource[] => {
      const key = objectKey(pod);
      const of = Map.groupBy(bySource.get(key) ?? [], (one) => whyLeftOut(one, pod, answering));
      for (const [why, { length }] of of)
        if (why !== undefined) leftOut.push({ pod: key, checks: length, why });
      const checks = of.get(undefined);
      return checks === undefined ? [] : [{ pod, checks }];
    }),
  );
  const taken = scenarios.flatMap(({ pods, steps }) =>
    [pods, ...steps.map((step) => step.pods ?? [])].flat().map(objectKey),
  );
  const copies = Copies.of(sources, nodes, { runId, timing, taken });
  if (copies !== undefined) return { copies, leftOut };
  const none =
    nodes.length === 0 ? 'there is no node for it' : 'no check starts at a pod that could be copied';
  return { copies, none, leftOut };
}

/** @returns undefined where a copy of the pod is to try it */
function whyLeftOut(
  watched: WatchedCheck,
  pod: PlannedPod,
  answering: ReadonlySet<string>,
): LeftOutChecks['why'] | undefined {
  // No policy isolates it at any instant, and its copy would need the same ports of the node.
  if (pod.hostNetwork === true) return 'host-network';
  if (answering.has(objectKey(pod))) return 'behind-service';
  // Which nodes lead to a Service then depends on where its source is (D25).
  const { path, externalTrafficPolicy } = watched.check;
  if (path === 'nodePort' && externalTrafficPolicy === 'Local') return 'local-node-ports';
  if (!fits(watched)) return 'too-long';
  return undefined;
}

/** The pods behind Services that are watched, by `namespace/name`: a copy of one would be behind its Service too, and answer for it. */
function answeringForServices(watched: readonly WatchedCheck[]): ReadonlySet<string> {
  return new Set(watched.flatMap(({ check }) => (check.backends ?? []).map(({ pod }) => pod)));
}
