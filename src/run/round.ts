/**
 * One round: one exec per pod that has something to try or to prove, all side by side, bounded. A round costs about
 * one timeout, however many pairs it has.
 */
import { type AgentAnswer, batchDeadlineMs } from '../probe/batch.ts';
import type { AttemptLine, Batch, Target } from '../probe/protocol.ts';
import type { AttemptRecord, CheckRecord } from '../record.ts';
import { askAgent } from './ask-agent.ts';
import type { RunContext } from './context.ts';
import type { RunningPod, RunningPods } from './provision.ts';

export interface Round {
  readonly phase: AttemptRecord['phase'];
  /** Counts from 1 within its phase. */
  readonly number: number;
}

/** What runs: its pods, and when it began on the run's clock. */
export interface Stage {
  readonly pods: RunningPods;
  readonly beganMs: number;
  /** Is told why execs had to be made again. */
  readonly noteSetbacks: (reasons: readonly string[]) => void;
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
  readonly setbacks: readonly string[];
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
  stage.noteSetbacks(answers.flatMap(({ setbacks }) => setbacks));
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
  const reply = await askAgent(work.pod, batchOf(work, stage.pods, context), context);
  return { work, startedMs: reply.startedMs - stage.beganMs, answer: reply.answer, setbacks: reply.setbacks };
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
