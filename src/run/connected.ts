/** The second stage of a run: an API server to ask, and all that is worked with from here on. */
import pLimit from 'p-limit';
import type { Cluster } from '../cluster/cluster.ts';
import { connectKube } from '../kube/connect.ts';
import type { Kube } from '../kube/kube.ts';
import { DEFAULT_PROBE_SETTINGS, describeSettings } from '../probe/settings.ts';
import type { Cleaning } from './cleanup.ts';
import type { Owning, Probing, Recording, Requesting, RunTiming, Timed, Trying } from './context.ts';
import type { Job } from './job.ts';

import { Sessions } from './sessions.ts';
import type { Started } from './started.ts';

/** How many agents are asked at once, over all scenarios. Each works, and its answer comes through the API server and a kubelet. */
const PARALLEL_EXECS = 16;
/** How many more are asked at once that only wait for what is cut off. */
const PARALLEL_WAITS = 32;
const EXEC_GRACE_MS = 30_000;
/** Image pulls on a cold node take their time. */
const READY_WITHIN_MS = 120_000;

/** What there is to work with. */
type Tools = Requesting<keyof Kube> &
  Timed<keyof RunTiming> &
  Owning &
  Probing &
  Recording &
  Trying &
  Cleaning;

/** Released, the sessions with agents end, and the connections to the API server. */
export interface Connected extends Disposable {
  readonly cluster: Cluster;
  readonly tools: Tools;
}

/**
 * Makes the connection to a cluster, through which nothing is sent yet.
 * @throws PodreachError `cluster-unavailable` where its kubeconfig names no usable cluster
 */
export async function connect(
  { cluster }: Pick<Started, 'cluster'>,
  { options, record, save }: Job,
): Promise<Connected> {
  const { clock, progress, patience = {} } = options;
  const { lifetime, lost, trust, outside } = cluster;
  const kube = await connectKube(cluster.kubeconfig, { clock, patience });
  const timing = timingFor(cluster, options);
  record.run.options.timeoutMs = timing.timeoutMs;
  record.run.options.withinMs = timing.withinMs;
  record.run.options.readyWithinMs = timing.readyWithinMs;
  const probe = options.probe ?? DEFAULT_PROBE_SETTINGS;
  if (trust.kind === 'to-be-proven') record.run.options.probe = describeSettings(probe);
  const signal = AbortSignal.any([options.signal, lost]);
  const talk = outside?.kind === 'containers' ? outside.talk : undefined;
  const sessions = new Sessions(kube, clock, signal, talk);
  return {
    cluster,
    tools: {
      runId: record.run.id,
      kube,
      cleanWith: lifetime.kind === 'ends-with-run' ? undefined : lifetime.cleanWith,
      clock,
      random: Math.random,
      timing,
      probe,
      sessions,
      execLimit: pLimit(PARALLEL_EXECS),
      waitLimit: pLimit(PARALLEL_WAITS),
      signal,
      progress,
      save,
    },
    [Symbol.dispose]() {
      sessions.close();
      kube.close();
    },
  };
}

function timingFor({ timing }: Cluster, options: Job['options']): RunTiming {
  const timeoutMs = options.timeoutMs ?? timing.timeoutMs;
  return {
    timeoutMs,
    denialMs: timeoutMs,
    withinMs: options.withinMs ?? timing.withinMs,
    controlMs: Math.max(options.withinMs ?? 0, timing.withinMs),
    settleFloorMs: timing.settleFloorMs,
    readyWithinMs: options.readyWithinMs ?? READY_WITHIN_MS,
    execGraceMs: options.patience?.execGraceMs ?? EXEC_GRACE_MS,
    confirm: options.confirm,
    isPatient: options.patient ?? false,
  };
}
