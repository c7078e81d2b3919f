/**
 * The pipeline: connect → for each scenario provision → control → apply → settle → observe → judge → clean up. Everything it
 * does and sees goes into the run record.
 */
import { randomBytes } from 'node:crypto';
import pLimit from 'p-limit';
import type { Clock } from '../clock.ts';
import type { Cluster, ClusterProvider } from '../cluster/cluster.ts';
import { Interruption, messageOf, PodreachError } from '../errors.ts';
import { exitCodeFor } from '../judge/exit-code.ts';
import { isMismatch } from '../judge/mismatch.ts';
import { connectKube, type KubePatience } from '../kube/connect.ts';
import type { Kube } from '../kube/kube.ts';
import { DEFAULT_PROBE_SETTINGS, describeSettings, type ProbeSettings } from '../probe/settings.ts';
import type { ProgressListener } from '../progress.ts';
import type { RunRecord, ScenarioRecord } from '../record.ts';
import type { Plan } from '../scenario/scenario.ts';
import { cleanUp } from './cleanup.ts';
import type { RunContext } from './context.ts';
import { describeNodes, describeServer } from './environment/describe.ts';
import { failureOf } from './failure.ts';
import { assumptionsFor } from './predict.ts';
import { checkPermissions, refuseForeignNamespaces } from './preflight.ts';
import { meetNetwork, proveCluster, removeOutposts } from './prove.ts';
import { cleanUpAfter, runScenario, type ScenarioOptions } from './scenario-run.ts';
import { runDisjoint } from './schedule.ts';
import { Sessions } from './sessions.ts';
import { type RunOrigin, startRecord } from './start-record.ts';

/** How many agents are asked at once, over all scenarios. Each works, and its answer comes through the API server and a kubelet. */
const PARALLEL_EXECS = 32;

/** For how long a cluster that does not answer is waited for. */
export interface Patience extends KubePatience {
  /** For how long an exec that breaks is made again; each has the time that its work may take on top. */
  readonly execGraceMs: number;
}

const EXEC_GRACE_MS = 30_000;
/** Image pulls on a cold node take their time. */
const READY_WITHIN_MS = 120_000;

export interface RunOptions {
  readonly provider: ClusterProvider;
  /** podreach's own version, for the record. */
  readonly version: string;
  readonly clock: Clock;
  /** Aborted by the user; the reason is an `Interruption`. */
  readonly signal: AbortSignal;
  /** How probe pods are to be on this cluster. Default: a stock image, on any node. */
  readonly probe?: ProbeSettings;
  /** Default: what suits the cluster. */
  readonly timeoutMs?: number | undefined;
  /** Default: what suits the cluster. */
  readonly withinMs?: number | undefined;
  /** How long probe pods may take to run. Default: two minutes. */
  readonly readyWithinMs?: number | undefined;
  readonly confirm: number;
  /** Wait for the deadline also where the policies predict a mismatch that is seen. Default: no. */
  readonly patient?: boolean;
  /** Default: what suits a cluster that is busy, or far away. */
  readonly patience?: Partial<Patience>;
  /** How many scenarios may run side by side. */
  readonly parallel: number;
  /** Leave the cluster and everything on it as it is at the end. */
  readonly keep: boolean;
  /** Start no further scenario after one with a mismatch or a failure. */
  readonly failFast: boolean;
  /** Who runs it, and from what, for the record. */
  readonly origin?: RunOrigin;
  /** The options of `podreach run` with which a part of it can be run again as it was, for the reports. */
  readonly again?: readonly string[];
  readonly progress: ProgressListener;
  /** Called whenever the record has changed in a way worth saving; the record is the same object each time. */
  readonly save: (record: RunRecord) => void;
}

export interface RunResult {
  readonly record: RunRecord;
  /** The cluster, still running, where `keep` was asked for and the run was not interrupted. The caller must call its `stop`. */
  readonly kept: Cluster | undefined;
}

/**
 * Runs scenarios on a cluster. Does not throw for anything that goes wrong on the way: the record says it (`run.error`,
 * `scenarios[].error`) and `run.exitCode` stands for it.
 */
export async function run(plans: readonly Plan[], options: RunOptions): Promise<RunResult> {
  const beganMs = options.clock.now();
  const { confirm, keep, failFast } = options;
  const record = startRecord(plans, {
    runId: newRunId(),
    version: options.version,
    startedAt: options.clock.date(),
    cluster: options.provider.kind,
    options: {
      confirm,
      keep,
      failFast,
      ...(options.patient === true ? { patient: true as const } : {}),
      ...(options.again === undefined ? {} : { again: [...options.again] }),
    },
    origin: options.origin,
  });
  const save = (): void => options.save(record);
  save();

  let kept: Cluster | undefined;
  try {
    await runOnCluster(plans, record, { ...options, save }, (cluster) => {
      kept = cluster;
    });
  } catch (thrown) {
    record.run.error = failureOf(thrown);
  }
  finish(record, options, beganMs);
  save();
  return { record, kept };
}

type Inner = Omit<RunOptions, 'save'> & { readonly save: () => void };

/** @param keep is handed the cluster where it is to be kept, also by a run that then fails */
async function runOnCluster(
  plans: readonly Plan[],
  record: RunRecord,
  options: Inner,
  keep: (cluster: Cluster) => void,
): Promise<void> {
  const { provider, clock, progress, signal } = options;
  const beganMs = clock.now();
  progress({ type: 'cluster-starting', cluster: provider.kind });
  const cluster = await untilInterrupted(signal, () => provider.start({ signal, clock }));
  // A provider that was interrupted has taken back what it had begun.
  if (cluster === undefined) return;
  if (cluster.name !== undefined) record.environment.clusterName = cluster.name;
  if (cluster.kubectlWith !== undefined) record.environment.kubectl = [...cluster.kubectlWith];
  let isKept = false;
  let hasFailed = true;
  try {
    const kube = await connectKube(cluster.kubeconfig, { clock, patience: options.patience ?? {} });
    const there = { cluster, context: contextFor(cluster, kube, record, options) };
    try {
      await untilInterrupted(signal, () => meetCluster(plans, record, there, beganMs));
      // From here on something may be there to look at, also after a failure.
      isKept = options.keep && staysBehind(cluster);
      if (!signal.aborted) await runAndCleanUp(plans, record, there, options);
      hasFailed = record.scenarios.some(({ error }) => error !== undefined);
      isKept = options.keep;
    } finally {
      there.context.sessions.close();
      kube.close();
    }
  } finally {
    const isRetained = hasFailed && !signal.aborted && (await retain(cluster));
    if (isKept && !signal.aborted && !cluster.lost.aborted) keep(cluster);
    else await stop(cluster, isRetained, options);
  }
}

function staysBehind({ lifetime }: Cluster): boolean {
  return lifetime.kind !== 'ends-with-run';
}

/** @returns whether it is kept, as the user asked for */
async function retain({ lifetime }: Cluster): Promise<boolean> {
  if (lifetime.kind === 'users' || lifetime.retain === undefined) return false;
  await lifetime.retain();
  return true;
}

async function stop(cluster: Cluster, isRetained: boolean, { provider, progress }: Inner): Promise<void> {
  if (!staysBehind(cluster) && !isRetained) progress({ type: 'cluster-stopping', cluster: provider.kind });
  await cluster.stop();
}

/**
 * What an interruption cuts off ends in many ways, and none of them says more than the interruption.
 * @returns undefined then
 */
async function untilInterrupted<Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (signal.aborted) return undefined;
    throw thrown;
  }
}

interface OnCluster {
  readonly cluster: Cluster;
  readonly context: RunContext;
}

/** All that can be told before anything is created there. @param beganMs when the cluster was asked for, on the run's clock */
async function meetCluster(
  plans: readonly Plan[],
  { environment }: RunRecord,
  { cluster, context }: OnCluster,
  beganMs: number,
): Promise<void> {
  await describeServer(environment, context);
  context.progress({
    type: 'cluster-ready',
    cluster: cluster.kind,
    server: context.kube.server,
    durationMs: context.clock.now() - beganMs,
  });
  if (cluster.trust.kind === 'proven') return;
  await checkPermissions(context);
  await refuseForeignNamespaces(plans, context);
}

/** Scenarios, and what an interruption leaves of them where it does not end with the run, taken away. */
async function runAndCleanUp(
  plans: readonly Plan[],
  record: RunRecord,
  there: OnCluster,
  options: Inner,
): Promise<void> {
  const { cluster, context } = there;
  await untilInterrupted(options.signal, async () => {
    await runProven(plans, record, there, options);
    cluster.lost.throwIfAborted();
  });
  if (options.signal.aborted && staysBehind(cluster)) await cleanUp(context);
}

/**
 * Scenarios, on a cluster that is proven to enforce policies: the sandbox by its own tests, any other by the canary, which runs while
 * the first scenarios start.
 * @throws PodreachError what the proof of a cluster rejects with; nothing is left there then, unless it is kept
 */
async function runProven(
  plans: readonly Plan[],
  record: RunRecord,
  { cluster, context }: OnCluster,
  options: Inner,
): Promise<void> {
  const nodes = await describeNodes(record.environment, context);
  const { trust } = cluster;
  if (trust.kind === 'to-be-proven') await meetNetwork(trust, record, context);
  const { proof } = await proveCluster(trust, nodes, record, plans.length, context);
  const failed = new AbortController();
  if (trust.kind === 'to-be-proven') proof.catch((reason: unknown) => failed.abort(reason));
  let running = plans.length;
  let tellUnneeded = (): void => {};
  const unneeded = new Promise<void>((resolve) => {
    tellUnneeded = resolve;
  });
  const onSeen = (): void => {
    running -= 1;
    if (running === 0) tellUnneeded();
  };
  const cleaned = unneeded.then(async () => {
    const isNeeded = staysBehind(cluster) && !context.signal.aborted && !failed.signal.aborted;
    if (isNeeded) await removeOutposts(context);
  });
  const unlessFailed = { ...context, signal: AbortSignal.any([context.signal, failed.signal]) };
  const shared = { proof, unproven: failed.signal, onSeen };
  const scenarios = runScenarios(plans, record, { cluster, context: unlessFailed }, options, shared).finally(
    tellUnneeded,
  );
  const ended = await Promise.allSettled([scenarios, cleaned]);
  if (failed.signal.aborted) {
    if (staysBehind(cluster) && !options.keep) await cleanUpAfterFailure(record, context);
    failed.signal.throwIfAborted();
  }
  for (const part of ended) if (part.status === 'rejected') throw part.reason;
}

/** Clean-up that must not hide why it is needed. */
async function cleanUpAfterFailure({ environment }: RunRecord, context: RunContext): Promise<void> {
  try {
    if (!context.signal.aborted) await cleanUp(context);
  } catch (thrown) {
    const { hint } = thrown instanceof PodreachError ? thrown : {};
    const words = [messageOf(thrown), ...(hint === undefined ? [] : [hint])].join('. ');
    environment.warnings = [...(environment.warnings ?? []), words];
  }
}

function contextFor(cluster: Cluster, kube: Kube, record: RunRecord, options: Inner): RunContext {
  const timeoutMs = options.timeoutMs ?? cluster.timing.timeoutMs;
  const timing = {
    timeoutMs,
    denialMs: timeoutMs,
    withinMs: options.withinMs ?? cluster.timing.withinMs,
    controlMs: Math.max(options.withinMs ?? 0, cluster.timing.withinMs),
    settleFloorMs: cluster.timing.settleFloorMs,
    readyWithinMs: options.readyWithinMs ?? READY_WITHIN_MS,
    execGraceMs: options.patience?.execGraceMs ?? EXEC_GRACE_MS,
    confirm: options.confirm,
    isPatient: options.patient ?? false,
  };
  record.run.options.timeoutMs = timing.timeoutMs;
  record.run.options.withinMs = timing.withinMs;
  record.run.options.readyWithinMs = timing.readyWithinMs;
  const probe = options.probe ?? DEFAULT_PROBE_SETTINGS;
  const signal = AbortSignal.any([options.signal, cluster.lost]);
  if (cluster.trust.kind === 'to-be-proven') record.run.options.probe = describeSettings(probe);
  return {
    runId: record.run.id,
    kube,
    cleanWith: cluster.lifetime.kind === 'ends-with-run' ? undefined : cluster.lifetime.cleanWith,
    clock: options.clock,
    random: Math.random,
    timing,
    probe,
    assumptions: {},
    sessions: new Sessions(kube, options.clock, signal),
    execLimit: pLimit(PARALLEL_EXECS),
    signal,
    lost: cluster.lost,
    progress: options.progress,
    save: options.save,
  };
}

async function runScenarios(
  plans: readonly Plan[],
  record: RunRecord,
  { cluster, context: proven }: OnCluster,
  options: Inner,
  shared: Pick<ScenarioOptions, 'proof' | 'unproven' | 'onSeen'>,
): Promise<void> {
  const context = { ...proven, assumptions: assumptionsFor(cluster.trust, record.environment) };
  const others = record.environment.clusterPolicies?.join(', ');
  const pairs = record.scenarios.flatMap((scenario, index) => {
    const plan = plans[index];
    return plan === undefined ? [] : [{ plan, scenario, index }];
  });
  const stop = (): boolean =>
    context.signal.aborted || (options.failFast && record.scenarios.some(wentWrong));
  const keysOf = ({ plan }: { plan: Plan }): string[] => plan.namespaces.map(({ name }) => name);
  const cleaner = createCleaner(record, cluster, options, context);
  await runDisjoint(
    pairs,
    { parallel: options.parallel, keysOf, stop },
    async ({ plan, scenario, index }) => {
      context.progress({
        type: 'scenario-started',
        scenario: scenario.name,
        index: index + 1,
        total: pairs.length,
        pods: scenario.pods.length,
        checks: scenario.checks.length,
      });
      const own = { ...shared, keep: options.keep, number: index + 1, others };
      await runScenario(plan, scenario, own, context);
      return { cleaned: cleaner(scenario) };
    },
  );
  for (const { scenario } of pairs) if (scenario.status === 'waiting') scenario.status = 'skipped';
}

/**
 * Cleans up after scenarios, beside those that go on. On a cluster that ends with the run that is for those that still wait for room;
 * with the last of them it is called off.
 */
function createCleaner(
  { scenarios }: RunRecord,
  cluster: Cluster,
  { keep, progress }: Inner,
  context: RunContext,
): (scenario: ScenarioRecord) => Promise<void> {
  const isAny = (status: ScenarioRecord['status']): boolean => scenarios.some((one) => one.status === status);
  const uncalled = new AbortController();
  const signal = AbortSignal.any([context.signal, uncalled.signal]);
  return async (scenario) => {
    const isLast = !isAny('waiting') && !isAny('running');
    if (isLast && !staysBehind(cluster)) uncalled.abort();
    // A run that is cut off is cleaned up as a whole.
    if (keep || context.signal.aborted || (!staysBehind(cluster) && !isAny('waiting'))) return;
    if (isLast) progress({ type: 'cleaning-up' });
    await cleanUpAfter(scenario, { ...context, signal });
  };
}

function wentWrong(scenario: RunRecord['scenarios'][number]): boolean {
  return scenario.error !== undefined || scenario.checks.some(isMismatch);
}

function finish(record: RunRecord, options: RunOptions, beganMs: number): void {
  for (const scenario of record.scenarios) if (scenario.status === 'waiting') scenario.status = 'skipped';
  record.run.endedAt = options.clock.date().toISOString();
  record.run.durationMs = Math.round(options.clock.now() - beganMs);
  if (options.signal.aborted) {
    const reason: unknown = options.signal.reason;
    record.run.interruptedBy = reason instanceof Interruption ? reason.signalName : 'SIGINT';
  } else {
    record.run.incomplete = record.run.error !== undefined;
  }
  record.run.exitCode = exitCodeFor(record);
}

/** Short enough for names and labels, random enough that two runs on one cluster never meet. */
function newRunId(): string {
  return randomBytes(5).toString('hex');
}
