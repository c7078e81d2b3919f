/** Runs Jobs to their end: as many pods as they want to see succeed, again after failures, but not for ever. */

import { deleteFrom } from '../../deletion.ts';
import type { Store } from '../../store.ts';
import { timestampOf } from '../../time.ts';
import { createPod, deletePod, isActive, podsOf } from '../../workloads/pods.ts';
import { runReconciler } from '../../workloads/reconcile.ts';
import type { Pod } from '../pods/object.ts';
import { isPodReady } from '../pods/readiness.ts';
import type { BatchJob, JobCondition } from './object.ts';

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

export function runJobs(store: Store, now: () => Date): () => void {
  return runReconciler(store, 'jobs', (job) => {
    if (job.spec.selector === undefined) {
      selectOwnPods(store, job);
      return undefined;
    }
    return endOf(job) === undefined ? carryOn(store, job, now()) : expire(store, job, now());
  });
}

/** The labels by which a Job knows its pods are its own, so that no two Jobs share one. */
function selectOwnPods(store: Store, { metadata }: BatchJob): void {
  const { namespace, name, uid = '' } = metadata;
  store.update('jobs', namespace, name, (job) => {
    const { template } = job.spec;
    const labels = {
      ...template.metadata?.labels,
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'controller-uid': uid,
      'job-name': name,
    };
    return {
      ...job,
      spec: {
        ...job.spec,
        selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    };
  });
}

/** How a Job has ended; undefined while it runs. */
export function endOf({ status }: BatchJob): JobCondition | undefined {
  return status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
}

interface JobCount {
  readonly active: readonly Pod[];
  readonly succeeded: number;
  readonly failed: number;
  /** What counts against `backoffLimit`. */
  readonly failures: number;
}

/** @returns after how many milliseconds it goes on */
function carryOn(store: Store, job: BatchJob, now: Date): number | undefined {
  const { spec, status } = job;
  const tally = tallyOf(job, podsOf(store, job));
  const startTime = status?.startTime ?? timestampOf(now);
  const end = verdictOf(job, tally, startTime, now);
  if (end !== undefined || spec.suspend === true) for (const pod of tally.active) deletePod(store, pod, now);
  if (end !== undefined || spec.suspend === true) {
    writeStatus(store, job, startTime, end, now);
    return undefined;
  }
  const missing = Math.max(0, wantedPods(spec, tally) - tally.active.length);
  const retryMs = missing === 0 ? 0 : retryAfter(store, job, tally, now);
  if (retryMs <= 0) for (let count = 0; count < missing; count += 1) createPod(store, job, spec.template);
  for (const pod of tally.active.slice(Math.max(0, wantedPods(spec, tally)))) deletePod(store, pod, now);
  writeStatus(store, job, startTime, undefined, now);
  const waits = [
    ...(retryMs > 0 ? [retryMs] : []),
    ...(spec.activeDeadlineSeconds === undefined
      ? []
      : [Date.parse(startTime) + spec.activeDeadlineSeconds * 1000 - now.getTime()]),
  ];
  return waits.length === 0 ? undefined : Math.max(0, Math.min(...waits));
}

/** Pods that somebody has taken away since count all the same. */
function tallyOf({ spec, status }: BatchJob, pods: readonly Pod[]): JobCount {
  const count = (phase: string): number => pods.filter((pod) => pod.status?.phase === phase).length;
  const succeeded = Math.max(count('Succeeded'), status?.succeeded ?? 0);
  const failed = Math.max(count('Failed'), status?.failed ?? 0);
  const active = pods.filter(isActive);
  const restarts =
    spec.template.spec.restartPolicy === 'OnFailure'
      ? active.flatMap((pod) => (pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount))
      : [];
  return { active, succeeded, failed, failures: restarts.reduce((sum, one) => sum + one, failed) };
}

function verdictOf(
  { spec }: BatchJob,
  { active, succeeded, failures }: JobCount,
  startTime: string,
  now: Date,
): Pick<JobCondition, 'type' | 'reason' | 'message'> | undefined {
  const { completions, backoffLimit = 6, activeDeadlineSeconds } = spec;
  if (failures > backoffLimit)
    return {
      type: 'Failed',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    };
  if (
    activeDeadlineSeconds !== undefined &&
    now.getTime() - Date.parse(startTime) >= activeDeadlineSeconds * 1000
  )
    return {
      type: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    };
  const isComplete =
    completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= completions;
  return isComplete
    ? {
        type: 'Complete',
        reason: 'CompletionsReached',
        message: 'Reached expected number of succeeded pods',
      }
    : undefined;
}

function wantedPods(
  { parallelism = 1, completions }: BatchJob['spec'],
  { active, succeeded }: JobCount,
): number {
  // Where pods work off a queue, the first that succeeds says that it is empty.
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.min(parallelism, completions - succeeded);
}

/** Failures are followed by longer and longer waits. @returns in milliseconds; 0 or less where the wait is over */
function retryAfter(store: Store, job: BatchJob, { failed }: JobCount, now: Date): number {
  if (failed === 0) return 0;
  const ends = podsOf(store, job).flatMap(({ status }) =>
    status?.phase !== 'Failed'
      ? []
      : (status.containerStatuses ?? []).flatMap(({ state }) =>
          'terminated' in state ? [Date.parse(state.terminated.finishedAt)] : [],
        ),
  );
  const waitMs = Math.min(FIRST_RETRY_MS * 2 ** (failed - 1), LAST_RETRY_MS);
  return Math.max(...ends, 0) + waitMs - now.getTime();
}

/** Takes an ended Job away when its time is over. @returns after how many milliseconds that is */
function expire(store: Store, job: BatchJob, now: Date): number | undefined {
  const { ttlSecondsAfterFinished } = job.spec;
  const end = endOf(job);
  if (ttlSecondsAfterFinished === undefined || end === undefined) return undefined;
  const leftMs = Date.parse(end.lastTransitionTime) + ttlSecondsAfterFinished * 1000 - now.getTime();
  if (leftMs > 0) return leftMs;
  const kind = store.kinds.find(({ resource }) => resource === 'jobs');
  if (kind !== undefined) deleteFrom(store, kind, job, undefined, now);
  return undefined;
}

function writeStatus(
  store: Store,
  job: BatchJob,
  startTime: string,
  end: Pick<JobCondition, 'type' | 'reason' | 'message'> | undefined,
  now: Date,
): void {
  const { active, succeeded, failed } = tallyOf(job, podsOf(store, job));
  const time = timestampOf(now);
  const { namespace, name } = job.metadata;
  const conditions: JobCondition[] =
    end === undefined ? [] : [{ ...end, status: 'True', lastProbeTime: time, lastTransitionTime: time }];
  store.update('jobs', namespace, name, (current) => ({
    ...current,
    status: {
      active: active.length,
      ready: active.filter(isPodReady).length,
      succeeded,
      failed,
      ...(current.spec.suspend === true ? {} : { startTime }),
      ...(end?.type === 'Complete' ? { completionTime: time } : {}),
      ...(conditions.length === 0 ? {} : { conditions }),
    },
  }));
}
