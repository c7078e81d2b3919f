/** A question to the agent in one pod: through the session that is open, or through as many as it takes until one holds. */
import { pauseMs, tooLongWords } from '../kube/backoff.ts';
import type { ExecResult } from '../kube/kube.ts';
import { batchInput, type CompleteAnswer, isEndMark, parseAgentOutput } from '../probe/batch.ts';
import type { Batch } from '../probe/protocol.ts';
import type { Asking } from './context.ts';
import type { RunningPod } from './provision.ts';

/** What is asked, and how its answer is read. */
export interface AgentQuestion<Answer extends AnyAnswer> {
  /** Written to the relay's standard input. */
  readonly input: string;
  /** By when an agent in good health has answered. */
  readonly deadlineMs: number;
  /** Whether a line of its output is the last. */
  readonly isLast: (line: string) => boolean;
  readonly read: (output: string) => Answer | BrokenAnswer;
  /** Whether another agent than the one that answered first may answer: then the caller sees that. */
  readonly isForAnyAgent?: boolean;
}

/** What an answer says of the one who gave it. */
interface AnyAnswer {
  readonly kind: 'complete';
  readonly end: { readonly agent: string };
}

/** None came in time, or none that proves anything. */
export interface BrokenAnswer {
  readonly kind: 'broken';
  readonly reason: string;
}

export interface ReplyOf<Answer extends AnyAnswer> {
  readonly answer: Answer | BrokenAnswer;
  /** When the question was put that brought the answer, on the run's clock. */
  readonly startedMs: number;
  /** When its answer was there. */
  readonly endedMs: number;
  /** Why each session before it was given up. */
  readonly setbacks: readonly string[];
}

/** To a batch. */
export type AgentReply = ReplyOf<CompleteAnswer>;

/** How an API server says that there is no such pod: while a run goes on, it has been there. */
const GONE = /\bpods "[^"]+" not found\b/;

type TriedQuestion<Answer extends AnyAnswer> =
  | { readonly kind: 'settled'; readonly answer: Answer | BrokenAnswer }
  | BrokenTry;

interface BrokenTry {
  readonly kind: 'setback';
  readonly reason: string;
  readonly askedMs?: number | undefined;
}

/** Has the agent work through a batch. @returns as {@link askPod} */
export async function askAgent(pod: RunningPod, batch: Batch, context: Asking): Promise<AgentReply> {
  const question = {
    input: batchInput(batch),
    deadlineMs: batch.deadlineMs,
    isLast: isEndMark,
    read: (output: string) => parseAgentOutput(output, batch),
  };
  return await askPod(pod, question, context);
}

/**
 * Puts a question to the agent of a pod. A session that breaks on its way says nothing about the pods, so it is asked again,
 * by a new one, until its time is over. What was printed by an exec that broke is never looked at.
 * @returns the answer; broken, with the reason of the last try, where none came in time. Never throws for what the cluster does.
 */
export async function askPod<Answer extends AnyAnswer>(
  pod: RunningPod,
  question: AgentQuestion<Answer>,
  context: Asking,
): Promise<ReplyOf<Answer>> {
  const { clock, signal, timing, random } = context;
  const lastStart = clock.now() + timing.execGraceMs;
  const setbacks: string[] = [];
  for (let tries = 1; ; tries += 1) {
    const startedMs = clock.now();
    const tried = await tryOnce(pod, question, lastStart - startedMs, context);
    const endedMs = clock.now();
    if (tried.kind === 'settled') return { answer: tried.answer, startedMs, endedMs, setbacks };
    const pause = pauseMs({ tries, random, askedMs: tried.askedMs });
    const { reason, askedMs = 0 } = tried;
    const more = askedMs > 0 && clock.now() + askedMs > lastStart ? tooLongWords(askedMs) : '';
    const broken: BrokenAnswer = { kind: 'broken', reason: reason + more };
    // One that has less time than its work may take would only hide why the others broke.
    if (signal.aborted || clock.now() + pause > lastStart)
      return { answer: broken, startedMs, endedMs, setbacks };
    setbacks.push(reason);
    await clock.sleep(pause, signal).catch(() => undefined); // the round sees why
    if (signal.aborted) return { answer: broken, startedMs, endedMs, setbacks };
  }
}

/** @param leftMs how long another try may still be begun */
async function tryOnce<Answer extends AnyAnswer>(
  pod: RunningPod,
  { input, deadlineMs, isLast, read, isForAnyAgent = false }: AgentQuestion<Answer>,
  leftMs: number,
  { sessions, timing }: Pick<Asking, 'sessions' | 'timing'>,
): Promise<TriedQuestion<Answer>> {
  const { session, isNew } = sessions.take(pod);
  // A new exec may take its time to start. One that has answered before answers soon, or must leave the time to ask another.
  const graceMs = isNew ? leftMs : Math.min(leftMs, timing.execGraceMs / 2);
  const result = await session.ask({ input, isLast, answerMs: deadlineMs + graceMs });
  if (result.kind === 'broken') {
    const { mayHeal, retryAfterMs } = result;
    const reason = GONE.test(result.reason) ? 'the pod was deleted' : result.reason;
    return mayHeal
      ? { kind: 'setback', reason, askedMs: retryAfterMs }
      : { kind: 'settled', answer: { kind: 'broken', reason } };
  }
  if (result.kind === 'exited' && result.exitCode !== 0)
    return { kind: 'settled', answer: { kind: 'broken', reason: lastWords(result) } };
  const answer = read(result.stdout);
  if (answer.kind === 'complete') {
    if (!isForAnyAgent && !sessions.isSameAgent(pod, answer.end.agent)) {
      session.close();
      return { kind: 'settled', answer: { kind: 'broken', reason: 'the pod was replaced' } };
    }
    sessions.rest(pod, session);
    return { kind: 'settled', answer };
  }
  // Cut short on its way, without an error: an exec may end well all the same.
  session.close();
  return { kind: 'setback', reason: answer.reason };
}

function lastWords({ exitCode, stderr }: Extract<ExecResult, { kind: 'exited' }>): string {
  const lines = stderr.trim().split('\n');
  // Node.js ends an account of its own with its version.
  const words = lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
  return `the probe ended with exit code ${exitCode}${words === '' ? '' : `: ${words}`}`;
}
