/**
 * The pipeline: started → connected → checked → for each scenario provision → control → apply → settle → observe → judge → clean up.
 * Each stage has what the next one needs, and is released in the opposite order, in every ending. Everything that a run does and sees
 * goes into its record.
 */
import { randomBytes } from 'node:crypto';
import type { Cluster } from '../cluster/cluster.ts';
import { Interruption } from '../errors.ts';
import { exitCodeFor } from '../judge/exit-code.ts';
import type { RunDraft } from '../record/draft.ts';
import type { RunRecord } from '../record/schema.ts';
import type { Plan } from '../scenario/scenario.ts';
import { check } from './checked.ts';
import { connect } from './connected.ts';
import { noteFailure } from './failure.ts';
import { untilInterrupted } from './interruption.ts';
import type { Job, Planned, RunOptions } from './job.ts';
import { runScenarios } from './scenarios.ts';
import { startRecord, startScenario } from './start-record.ts';
import { startCluster } from './started.ts';

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
  const scenarios = plans.map((plan): Planned => ({ plan, scenario: startScenario(plan) }));
  const drafts = scenarios.map(({ scenario }) => scenario);
  const record = startRecord(drafts, {
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
    await runStages({ scenarios, options, record, save }, (cluster) => {
      kept = cluster;
    });
  } catch (thrown) {
    noteFailure(record, thrown);
  }
  finish(record, options, beganMs);
  save();
  return { record, kept };
}

/** @param keep is handed the cluster where it is to be kept, also by a run that then fails */
async function runStages(job: Job, keep: (cluster: Cluster) => void): Promise<void> {
  const { clock, signal } = job.options;
  const beganMs = clock.now();
  await using started = await startCluster(job, keep);
  if (started === undefined) return;
  using connected = await connect(started, job);
  const checked = await untilInterrupted(signal, () => check(connected, job, beganMs));
  if (checked === undefined || signal.aborted) return;
  started.use();
  await runScenarios(checked, { ...job, scenarios: checked.scenarios });
  started.finish();
}

function finish(record: RunDraft, options: RunOptions, beganMs: number): void {
  for (const scenario of record.scenarios) if (scenario.status === 'waiting') scenario.status = 'skipped';
  record.run.endedAt = options.clock.date().toISOString();
  record.run.durationMs = Math.round(options.clock.now() - beganMs);
  if (options.signal.aborted) {
    const reason: unknown = options.signal.reason;
    record.run.interruptedBy = reason instanceof Interruption ? reason.signalName : 'SIGINT';
  } else if (record.run.interruptedBy === undefined) {
    record.run.incomplete = record.run.error !== undefined;
  }
  record.run.exitCode = exitCodeFor(record);
}

/** Short enough for names and labels, random enough that two runs on one cluster never meet. */
function newRunId(): string {
  return randomBytes(5).toString('hex');
}
