/**
 * One round: one exec per pod that has something to try or to prove, all side by side, bounded. A round costs about
 * one timeout, however many pairs it has.
 */
import type { ExecResult } from '../kube/kube.ts';
import {
  type AgentAnswer,
  batchDeadlineMs,
  batchInput,
  PROBE_COMMAND,
  parseAgentOutput,
} from '../probe/batch.ts';
import { PROBE_CONTAINER } from '../probe/manifest.ts';
import type { AttemptLine, Batch, Target } from '../probe/protocol.ts';
import type { AttemptRecord, CheckRecord } from '../record.ts';
import type { RunContext } from './context.ts';
import type { RunningPod, RunningPods } from './provision.ts';

/** What an exec may take beyond its batch: the handshake, the start of a process in a busy pod. */
const EXEC_GRACE_MS = 10_000;

export interface Round {
  readonly phase: AttemptRecord['phase'];
  /** Counts from 1 within its phase. */
  readonly number: number;
}

/** A scenario that runs: its pods, and when it began on the run's clock. */
export interface Stage {
  readonly pods: RunningPods;
  readonly beganMs: number;
}

interface Work {
  readonly pod: RunningPod;
  readonly checks: CheckRecord[];
  readonly listeners: Map<string, Batch['listeners'][number]>;
}

interface Answered {
  readonly work: Work;
  readonly startedMs: number;
  readonly answer: AgentAnswer;
}

/** Tries every check once and appends what it showed to its attempts. @throws the signal's reason when it is aborted */
export async function runRound(
  checks: readonly CheckRecord[],
  round: Round,
  stage: Stage,
  context: RunContext,
): Promise<void> {
  const answers = await Promise.all(
    [...workByPod(checks, stage.pods).values()].map((work) =>
      context.execLimit(execute, work, stage, context),
    ),
  );
  context.signal.throwIfAborted();
  const alive = listenersAlive(answers);
  for (const answered of answers) recordAttempts(answered, round, alive);
}

/** Sources carry their targets, destinations the proof that they listen. */
function workByPod(checks: readonly CheckRecord[], pods: RunningPods): Map<string, Work> {
  const work = new Map<string, Work>();
  const of = (key: string): Work | undefined => {
    const pod = pods.get(key);
    if (pod === undefined) return undefined;
    const known = work.get(key) ?? { pod, checks: [], listeners: new Map() };
    work.set(key, known);
    return known;
  };
  for (const check of checks) {
    of(check.from)?.checks.push(check);
    const destination = of(check.to);
    const { port, protocol } = check;
    destination?.listeners.set(`${port}/${protocol}`, { host: destination.pod.ip, port, protocol });
  }
  return work;
}

async function execute(work: Work, stage: Stage, context: RunContext): Promise<Answered> {
  const batch = batchOf(work, stage.pods, context);
  const startedMs = context.clock.now() - stage.beganMs;
  const result = await context.kube.exec({
    namespace: work.pod.namespace,
    pod: work.pod.name,
    container: PROBE_CONTAINER,
    command: PROBE_COMMAND,
    stdin: batchInput(batch),
    timeoutMs: batch.deadlineMs + EXEC_GRACE_MS,
    signal: context.signal,
  });
  return { work, startedMs, answer: answerOf(result, batch) };
}

/** Only an exec that ended with success and a complete output is an answer. */
function answerOf(result: ExecResult, batch: Batch): AgentAnswer {
  if (result.kind === 'broken') return { kind: 'broken', reason: result.reason };
  if (result.exitCode !== 0) {
    const words = result.stderr.trim().split('\n').at(-1) ?? '';
    return {
      kind: 'broken',
      reason: `the probe ended with exit code ${result.exitCode}${words === '' ? '' : `: ${words}`}`,
    };
  }
  return parseAgentOutput(result.stdout, batch);
}

function batchOf(work: Work, pods: RunningPods, context: RunContext): Batch {
  const targets = work.checks.flatMap((check): Target[] => {
    const destination = pods.get(check.to);
    if (destination === undefined) return [];
    return [
      { id: check.id, host: destination.ip, port: check.port, protocol: check.protocol, pod: check.to },
    ];
  });
  return {
    runId: context.runId,
    timeoutMs: context.timing.timeoutMs,
    deadlineMs: batchDeadlineMs(targets.length + work.listeners.size, context.timing.timeoutMs),
    targets,
    listeners: [...work.listeners.values()],
  };
}

/** `namespace/pod port/protocol` of every listener that was asked, with its answer. */
function listenersAlive(answers: readonly Answered[]): Map<string, boolean> {
  const alive = new Map<string, boolean>();
  for (const { work, answer } of answers) {
    if (answer.kind !== 'complete') continue;
    for (const listener of answer.listeners) {
      alive.set(
        `${work.pod.namespace}/${work.pod.name} ${listener.port}/${listener.protocol}`,
        listener.alive,
      );
    }
  }
  return alive;
}

function recordAttempts(answered: Answered, round: Round, alive: ReadonlyMap<string, boolean>): void {
  const { answer, startedMs } = answered;
  const lines = new Map<number, AttemptLine>(
    answer.kind === 'complete' ? answer.attempts.map((line) => [line.id, line]) : [],
  );
  const failure = answer.kind === 'broken' ? answer.reason : 'the agent did not answer for it';
  for (const check of answered.work.checks) {
    const line = lines.get(check.id);
    const listenerAlive = alive.get(`${check.to} ${check.port}/${check.protocol}`);
    check.attempts.push({
      phase: round.phase,
      round: round.number,
      atMs: rounded(startedMs + (line?.startedMs ?? 0)),
      outcome: line?.outcome ?? 'error',
      ...(line === undefined ? { detail: failure } : { durationMs: line.durationMs }),
      ...(line?.detail === undefined ? {} : { detail: line.detail }),
      ...(listenerAlive === undefined ? {} : { listenerAlive }),
    });
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
