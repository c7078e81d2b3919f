/**
 * What is settled about a cluster before a scenario runs there: what it is, that it enforces policies, and the outposts that prove the
 * rest while scenarios run.
 */
import type { Trust } from '../cluster/cluster.ts';
import type { KubeObject } from '../kube/kube.ts';
import { type Family, familyOf } from '../model/family.ts';
import type { RunDraft } from '../record/draft.ts';
import type { Plan } from '../scenario/scenario.ts';
import { type Proving, proveEnforcement, removeCanaryPolicies } from './canary.ts';
import { type Cleaning, cleanUpNamespaces } from './cleanup.ts';
import type { Bounded, Requesting, Telling } from './context.ts';
import { describeNetwork } from './environment/describe.ts';
import { addressesOfPod, familiesToProve } from './families.ts';
import {
  type AwaitingMarkers,
  applyClosed,
  createOutposts,
  type Outpost,
  openNodePorts,
  openService,
  outpostsNamespace,
  untilClosed,
  waitForOutposts,
} from './outposts.ts';
import type { Provisioning, RunningPod, Wanted } from './provision.ts';
import { nodesForProbes, type ProbeNode } from './schedulable.ts';

/** What scenarios need of a cluster before they apply policies. */
export interface Proof {
  readonly outposts: readonly Outpost[];
  /** See `ClusterTiming.settleFloorMs`: with the time that enforcing takes here. */
  readonly settleFloorMs: number;
}

/** By what else than their own addresses witnesses reach the open outposts. */
export interface OutpostPaths {
  /** From outside, by ports of nodes alone. */
  readonly isReachedByNodePorts: boolean;
  /** As a Service is, which shows that nodes lead to Services at all. */
  readonly isReachedByService: boolean;
}

type ToBeProven = Extract<Trust, { kind: 'to-be-proven' }>;

/** Notes what the network of a cluster is that has to be proven. @throws what the API server says */
export async function meetNetwork(
  { networkPlugin }: ToBeProven,
  environment: RunDraft['environment'],
  context: Requesting<'list' | 'read'> & Telling,
): Promise<void> {
  await describeNetwork(environment, networkPlugin, context);
  for (const text of environment.warnings ?? []) context.progress({ type: 'note', text: `warning: ${text}` });
}

/**
 * Makes the outposts, and where the cluster has to be proven, proves with them that it enforces policies.
 *
 * Returns when they are created: scenarios start beside them, and need the proof only when the first is to apply its policies. Whatever
 * goes wrong is told then, by the proof; what goes wrong with the scenario's own pods is told first.
 * @param plans of all scenarios
 * @throws PodreachError `provision-failed` where no node takes probe pods; the proof rejects with that or `not-enforcing`
 */
export async function proveCluster(
  trust: Trust,
  nodes: readonly KubeObject[],
  record: RunDraft,
  plans: readonly Plan[],
  context: Proving & Provisioning & AwaitingMarkers,
  { isReachedByNodePorts, isReachedByService }: OutpostPaths,
): Promise<{ readonly proof: Promise<Proof> }> {
  const hosts = nodesForProbes(nodes, context.probe);
  // Where no canary has to connect first, guarded pods are closed before they are there, and so from their first instant (D20).
  const close = trust.kind === 'proven' ? () => applyClosed(context) : async () => {};
  let paths: Pick<Outpost, 'nodePorts' | 'serviceAddresses'> = {};
  const prepare = async (): Promise<void> => {
    if (isReachedByNodePorts) paths = { nodePorts: await openNodePorts(context) };
    if (isReachedByService) paths = { ...paths, serviceAddresses: await openService(context) };
    await close();
  };
  const markers = plans.reduce((sum, { steps }) => sum + steps.length, 0);
  const created = createOutposts(hosts, markers, prepare, context);
  const proven = created.then((wanted) =>
    trust.kind === 'proven'
      ? startedOutposts(wanted, hosts, context)
      : proveOutposts(wanted, hosts, record, plans, context),
  );
  const proof = proven.then(({ outposts, settleFloorMs }) => ({
    outposts: outposts.map((one) => ({ ...one, ...paths })),
    settleFloorMs,
  }));
  proof.catch(() => {});
  await created.catch(() => {});
  return { proof };
}

/** @throws as {@link cleanUpNamespaces} */
export async function removeOutposts(context: Cleaning): Promise<void> {
  await cleanUpNamespaces(context, [outpostsNamespace(context.runId)]);
}

async function startedOutposts(
  wanted: Wanted,
  hosts: readonly ProbeNode[],
  context: Provisioning & Bounded<'settleFloorMs'>,
): Promise<Proof> {
  const silently = { ...context, progress: () => {} };
  const { settleFloorMs } = context.timing;
  return { outposts: await waitForOutposts(wanted, hosts, silently), settleFloorMs };
}

async function proveOutposts(
  wanted: Wanted,
  hosts: readonly ProbeNode[],
  { environment }: RunDraft,
  plans: readonly Plan[],
  context: Proving & Provisioning & AwaitingMarkers,
): Promise<Proof> {
  const outposts = await waitForOutposts(wanted, hosts, context);
  const own = familiesOf(outposts[0]?.open);
  const families = familiesToProve(plans, own);
  const untried = untriedFamilies(families, own);
  if (untried !== undefined) {
    environment.warnings = [...(environment.warnings ?? []), untried];
    context.progress({ type: 'note', text: `warning: ${untried}` });
  }
  const plugins =
    environment.networkPlugins?.map(({ name, version }) => [name, version].join(' ').trim()) ?? [];
  const names = plugins.length === 0 ? 'none that podreach knows' : plugins.join(', ');
  context.progress({ type: 'canary-started', nodes: outposts.length });
  const canary = await proveEnforcement(outposts, families, names, context);
  environment.canary = canary;
  context.progress({ type: 'canary-ended', nodes: canary.nodes.length, enforcedMs: canary.enforcedMs });
  // First the one and then the others: the guarded pods are never open in between.
  await applyClosed(context);
  await removeCanaryPolicies(context);
  await untilClosed(outposts, families, context);
  return { outposts, settleFloorMs: floorFor(canary.enforcedMs, context) };
}

function familiesOf(pod: RunningPod | undefined): readonly Family[] {
  return pod === undefined ? [] : addressesOfPod(pod).map(familyOf);
}

/** What the addresses of a pod say about the cluster that is not tried; undefined where all of it is. */
function untriedFamilies(tried: readonly Family[], own: readonly Family[]): string | undefined {
  const untried = own.filter((family) => !tried.includes(family));
  if (untried.length === 0) return undefined;
  const words = own[0] === tried[0] ? `the first, ${tried.join(', ')},` : tried.join(', ');
  return `pods have addresses of more than one family here, and only ${words} is tried: nothing is said about ${untried.join(', ')}`;
}

/**
 * A cluster that took its time once may take it again: twice that long passes before a connection proves that a policy lets it
 * through, unless that left no time to settle.
 */
function floorFor(enforcedMs: number, { timing }: Bounded<'settleFloorMs' | 'withinMs'>): number {
  return Math.min(Math.max(timing.settleFloorMs, 2 * enforcedMs), timing.withinMs / 2);
}
