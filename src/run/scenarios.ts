/** The last stage of a run: its scenarios, side by side, on a cluster that is proven meanwhile. */
import type { HostNetworks } from '../cluster/cluster.ts';
import { failsRun } from '../judge/known-issues.ts';
import { isService } from '../model/endpoint.ts';
import type { ScenarioDraft } from '../record/draft.ts';
import { checksOf } from '../record/schema.ts';
import { dialledServices, type Plan } from '../scenario/scenario.ts';
import type { Checked } from './checked.ts';
import { cleanUp } from './cleanup.ts';
import { clusterWideOf } from './foreign/kinds.ts';
import { comeByNodePorts, connectHosts } from './host-containers.ts';
import { placesTaken } from './hosts.ts';
import { untilInterrupted } from './interruption.ts';
import type { Job, Planned } from './job.ts';
import { nodePortsOf, visitPortsFor } from './placement.ts';
import { proveCluster, removeOutposts } from './prove.ts';
import { cleanUpAfter, runScenario, type ScenarioOptions } from './scenario-run.ts';
import { nodeAddresses } from './schedulable.ts';
import { runDisjoint } from './schedule.ts';
import { Stand } from './stand.ts';

/**
 * Runs the scenarios. What is there when that is cut off is taken away, where it does not end with the run.
 * @throws PodreachError where the proof of the cluster fails: nothing is left there then, unless it is kept; what the loss of the
 *   cluster has as its reason
 */
export async function runScenarios(checked: Checked, job: Job): Promise<void> {
  await using traces = tracesOn(checked, job);
  await using outside = await outsideOf(checked, job);
  await untilInterrupted(job.options.signal, async () => {
    await runProven(checked, job, traces, outside.hostNetworks);
    checked.cluster.lost.throwIfAborted();
  });
}

/** What a run has outside a cluster. Released, it is taken away, unless it is to be kept. */
interface OutsideOfRun extends AsyncDisposable {
  readonly hostNetworks: HostNetworks | undefined;
}

async function outsideOf(
  { cluster, tools, nodes }: Checked,
  { scenarios, options }: Job,
): Promise<OutsideOfRun> {
  const plans = scenarios.map(({ plan }) => plan);
  const places = nodeAddresses(nodes, tools.probe).keys();
  const hostNetworks = await untilInterrupted(options.signal, () =>
    connectHosts(plans, cluster, places, tools),
  );
  return {
    hostNetworks,
    async [Symbol.asyncDispose]() {
      const stays = options.keep && !options.signal.aborted && !cluster.lost.aborted;
      if (!stays) await hostNetworks?.disconnect();
    },
  };
}

/** What a run has on a cluster: each scenario takes its own away, as long as nothing cuts it off. Released, the rest is taken away. */
interface Traces extends AsyncDisposable {
  /** Says that the cluster is not what it must be, so that all that is there is of no use. */
  abandon(): void;
}

function tracesOn({ cluster, tools }: Checked, { options }: Job): Traces {
  let isAbandoned = false;
  return {
    abandon() {
      isAbandoned = true;
    },
    async [Symbol.asyncDispose]() {
      if (cluster.lifetime.kind === 'ends-with-run') return;
      const isUseless = isAbandoned && !options.keep && !cluster.lost.aborted;
      if (options.signal.aborted || isUseless) await cleanUp(tools, cluster.lost);
    },
  };
}

/**
 * Scenarios, on a cluster that is proven to enforce policies: the sandbox by its own tests, any other by the canary, which runs while
 * the first scenarios start.
 * @throws PodreachError what the proof of a cluster rejects with
 */
async function runProven(
  checked: Checked,
  job: Job,
  traces: Traces,
  hostNetworks: HostNetworks | undefined,
): Promise<void> {
  const { cluster, tools, nodes } = checked;
  const plans = job.scenarios.map(({ plan }) => plan);
  const { proof } = await proveCluster(cluster.trust, nodes, job.record, plans, tools, {
    isReachedByNodePorts: comeByNodePorts(plans, cluster),
    isReachedByService: plans.some((plan) =>
      job.options.whileStanding === undefined ? triesServicesAtFirst(plan) : dialledServices(plan).length > 0,
    ),
  });
  const failed = new AbortController();
  if (cluster.trust.kind === 'to-be-proven') proof.catch((reason: unknown) => failed.abort(reason));
  let running = job.scenarios.length;
  const { promise: unneeded, resolve: tellUnneeded } = Promise.withResolvers<void>();
  const onSeen = (): void => {
    running -= 1;
    if (running === 0) tellUnneeded();
  };
  const cleaned = unneeded.then(async () => {
    const stays = cluster.lifetime.kind !== 'ends-with-run';
    if (stays && !tools.signal.aborted && !failed.signal.aborted) await removeOutposts(tools);
  });
  const signal = AbortSignal.any([tools.signal, failed.signal]);
  const scenarios = runAll({ ...checked, tools: { ...tools, signal } }, job, {
    proof,
    unproven: failed.signal,
    onSeen,
    hostNetworks,
  }).finally(tellUnneeded);
  const ended = await Promise.allSettled([scenarios, cleaned]);
  if (failed.signal.aborted) {
    traces.abandon();
    failed.signal.throwIfAborted();
  }
  for (const part of ended) if (part.status === 'rejected') throw part.reason;
}

async function runAll(
  checked: Checked,
  job: Job,
  shared: Pick<ScenarioOptions, 'proof' | 'unproven' | 'onSeen' | 'hostNetworks'>,
): Promise<void> {
  const { cluster, tools, nodes, met, assumptions } = checked;
  const { scenarios, options, record } = job;
  const others = record.environment.clusterPolicies?.join(', ');
  const stop = (): boolean => tools.signal.aborted || (options.failFast && record.scenarios.some(wentWrong));
  // Two simulated hosts cannot have one address or name either.
  const namespacesOf = ({ plan }: Planned): readonly string[] => [
    ...plan.namespaces.map(({ name }) => name),
    ...placesTaken(plan, cluster),
  ];
  // What holds for the whole cluster holds for the namespaces of all.
  const keysOf = (planned: Planned): readonly string[] => [
    ...(clusterWideOf(planned.plan).length === 0 ? namespacesOf(planned) : scenarios.flatMap(namespacesOf)),
    ...[...nodePortsOf(planned.plan)].map((port) => `port ${port}`),
  ];
  const visitPorts = visitPortsFor(
    scenarios.map(({ plan }) => plan),
    record.run.id,
  );
  const cleaner = createCleaner(checked, job, shared.hostNetworks);
  const { whileStanding } = options;
  const stand =
    whileStanding &&
    new Stand(scenarios.length, (standing) => whileStanding(standing, { checked, record, save: job.save }));
  // Those that stand keep their place.
  const parallel = stand === undefined ? options.parallel : scenarios.length;
  await runDisjoint(scenarios, { parallel, keysOf, stop }, async (planned) => {
    const { plan, scenario } = planned;
    const number = scenarios.indexOf(planned) + 1;
    tools.progress({
      type: 'scenario-started',
      scenario: scenario.name,
      index: number,
      total: scenarios.length,
      pods: scenario.pods.length,
      checks: checksOf(scenario).length,
    });
    const firstMarker = 1 + countSteps(scenarios.slice(0, number - 1));
    const inCommon = { ...shared, nodes, met, visitPorts, assumptions, cluster, others, stand };
    const own = { ...inCommon, keep: options.keep, firstMarker };
    await runScenario(plan, scenario, own, tools);
    return { cleaned: cleaner(scenario) };
  });
  for (const { scenario } of scenarios) if (scenario.status === 'waiting') scenario.status = 'skipped';
}

/**
 * Cleans up after scenarios, beside those that go on. On a cluster that ends with the run that is for those that still wait for room;
 * with the last of them it is called off.
 */
function createCleaner(
  { cluster, tools }: Checked,
  { options, record: { scenarios } }: Job,
  hostNetworks: HostNetworks | undefined,
): (scenario: ScenarioDraft) => Promise<void> {
  const isAny = (status: ScenarioDraft['status']): boolean => scenarios.some((one) => one.status === status);
  const endsWithRun = cluster.lifetime.kind === 'ends-with-run';
  const uncalled = new AbortController();
  const signal = AbortSignal.any([tools.signal, uncalled.signal]);
  return async (scenario) => {
    const isLast = !isAny('waiting') && !isAny('running');
    if (isLast && endsWithRun) uncalled.abort();
    // A run that is cut off is cleaned up as a whole.
    if (options.keep || tools.signal.aborted || (endsWithRun && !isAny('waiting'))) return;
    if (isLast) tools.progress({ type: 'cleaning-up' });
    await cleanUpAfter(scenario, hostNetworks, { ...tools, signal });
  };
}

function wentWrong(scenario: ScenarioDraft): boolean {
  return scenario.error !== undefined || checksOf(scenario).some((check) => failsRun(check, scenario));
}

/** Each has a marker of its own. */
function countSteps(scenarios: readonly Planned[]): number {
  return scenarios.reduce((sum, { plan }) => sum + plan.steps.length, 0);
}

/** Whether new pods try Services from their first instant: then a node must be seen to lead to Services at all. */
function triesServicesAtFirst({ steps }: Plan): boolean {
  return steps.some(({ checks }) =>
    checks.some(({ to, firstInstant }) => firstInstant !== undefined && isService(to)),
  );
}
