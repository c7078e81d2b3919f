/** One batch, asked of the agent in one pod: through the session that is open, or through as many as it takes until one holds. */
import { pauseMs, tooLongWords } from '../kube/backoff.ts';
import type { ExecResult } from '../kube/kube.ts';
import { type AgentAnswer, batchInput, isEndMark, parseAgentOutput } from '../probe/batch.ts';
import type { Batch } from '../probe/protocol.ts';
import type { Asking } from './context.ts';
import type { RunningPod } from './provision.ts';

export interface AgentReply {
  readonly answer: AgentAnswer;
  /** When the question was put that brought the answer, on the run's clock. */
  readonly startedMs: number;
  /** When its answer was there. */
  readonly endedMs: number;
  /** Why each session before it was given up. */
  readonly setbacks: readonly string[];
}

/** How an API server says that there is no such pod: while a run goes on, it has been there. */
const GONE = /\bpods "[^"]+" not found\b/;

type TriedQuestion = { readonly kind: 'settled'; readonly answer: AgentAnswer } | BrokenTry;

interface BrokenTry {
  readonly kind: 'setback';
  readonly reason: string;
  readonly askedMs?: number | undefined;
}

/**
 * Has the agent work through a batch. A session that breaks on its way says nothing about the pods, so the whole batch is tried again,
 * by a new one, until the round's time is over. What was printed by an exec that broke is never looked at.
 * @returns the answer; broken, with the reason of the last try, where none came in time. Never throws for what the cluster does.
 */
export async function askAgent(pod: RunningPod, batch: Batch, context: Asking): Promise<AgentReply> {
  const { clock, signal, timing, random } = context;
  const lastStart = clock.now() + timing.execGraceMs;
  const setbacks: string[] = [];
  for (let tries = 1; ; tries += 1) {
    const startedMs = clock.now();
    const tried = await tryOnce(pod, batch, lastStart - startedMs, context);
    const endedMs = clock.now();
    if (tried.kind === 'settled') return { answer: tried.answer, startedMs, endedMs, setbacks };
    const pause = pauseMs({ tries, random, askedMs: tried.askedMs });
    const { reason, askedMs = 0 } = tried;
    const more = askedMs > 0 && clock.now() + askedMs > lastStart ? tooLongWords(askedMs) : '';
    const broken: AgentAnswer = { kind: 'broken', reason: reason + more };
    // One that has less time than its batch may take would only hide why the others broke.
    if (signal.aborted || clock.now() + pause > lastStart)
      return { answer: broken, startedMs, endedMs, setbacks };
    setbacks.push(reason);
    await clock.sleep(pause, signal).catch(() => undefined); // the round sees why
    if (signal.aborted) return { answer: broken, startedMs, endedMs, setbacks };
  }
}

/** @param leftMs how long another try may still be begun */
async function tryOnce(
  pod: RunningPod,
  batch: Batch,
  leftMs: number,
  { sessions, timing }: Pick<Asking, 'sessions' | 'timing'>,
): Promise<TriedQuestion> {
  const { session, isNew } = sessions.take(pod);
  // A new exec may take its time to start. One that has answered before answers soon, or must leave the time to ask another.
  const graceMs = isNew ? leftMs : Math.min(leftMs, timing.execGraceMs / 2);
  const answerMs = batch.deadlineMs + graceMs;
  const result = await session.ask({ input: batchInput(batch), isLast: isEndMark, answerMs });
  if (result.kind === 'broken') {
    const { mayHeal, retryAfterMs } = result;
    const reason = GONE.test(result.reason) ? 'the pod was deleted' : result.reason;
    return mayHeal
      ? { kind: 'setback', reason, askedMs: retryAfterMs }
      : { kind: 'settled', answer: { kind: 'broken', reason } };
  }
  if (result.kind === 'exited' && result.exitCode !== 0)
    return { kind: 'settled', answer: { kind: 'broken', reason: lastWords(result) } };
  const answer = parseAgentOutput(result.stdout, batch);
  if (answer.kind === 'complete') {
    if (!sessions.isSameAgent(pod, answer.end.agent)) {
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
