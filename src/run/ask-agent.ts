/** One batch, asked of the agent in one pod: by one exec, or by as many as it takes until one of them holds. */
import { pauseMs, tooLongWords } from '../kube/backoff.ts';
import type { ExecResult } from '../kube/kube.ts';
import { type AgentAnswer, batchInput, parseAgentOutput } from '../probe/batch.ts';
import { type Batch, PROBE_CONTAINER } from '../probe/protocol.ts';
import { PROBE_COMMAND } from '../probe/relay.ts';
import type { RunContext } from './context.ts';
import type { RunningPod } from './provision.ts';

export interface Reply {
  readonly answer: AgentAnswer;
  /** When the exec that brought the answer began, on the run's clock. */
  readonly startedMs: number;
  /** When its answer was there. */
  readonly endedMs: number;
  /** Why each exec before it was made again. */
  readonly setbacks: readonly string[];
}

type Tried = { readonly kind: 'settled'; readonly answer: AgentAnswer } | Setback;

interface Setback {
  readonly kind: 'setback';
  readonly reason: string;
  readonly askedMs?: number | undefined;
}

/**
 * Has the agent work through a batch. An exec that breaks on its way says nothing about the pods, so the whole batch is tried again,
 * on fresh sockets, until the round's time is over. What was printed by an exec that broke is never looked at.
 * @returns the answer; broken, with the reason of the last try, where none came in time. Never throws for what the cluster does.
 */
export async function askAgent(pod: RunningPod, batch: Batch, context: RunContext): Promise<Reply> {
  const { clock, signal, timing, random } = context;
  const lastStart = clock.now() + timing.execGraceMs;
  const setbacks: string[] = [];
  for (let tries = 1; ; tries += 1) {
    const startedMs = clock.now();
    const timeoutMs = lastStart - startedMs + batch.deadlineMs;
    const tried = await tryOnce(pod, batch, timeoutMs, context);
    const endedMs = clock.now();
    if (tried.kind === 'settled') return { answer: tried.answer, startedMs, endedMs, setbacks };
    const pause = pauseMs({ tries, random, askedMs: tried.askedMs });
    const { reason, askedMs = 0 } = tried;
    const more = clock.now() + askedMs > lastStart ? tooLongWords(askedMs) : '';
    const broken: AgentAnswer = { kind: 'broken', reason: reason + more };
    // One that has less time than its batch may take would only hide why the others broke.
    if (signal.aborted || clock.now() + pause > lastStart)
      return { answer: broken, startedMs, endedMs, setbacks };
    setbacks.push(reason);
    await clock.sleep(pause, signal).catch(() => undefined); // the round sees why
    if (signal.aborted) return { answer: broken, startedMs, endedMs, setbacks };
  }
}

async function tryOnce(
  pod: RunningPod,
  batch: Batch,
  timeoutMs: number,
  { kube, signal }: RunContext,
): Promise<Tried> {
  const result = await kube.exec({
    namespace: pod.namespace,
    pod: pod.name,
    container: PROBE_CONTAINER,
    command: PROBE_COMMAND,
    stdin: batchInput(batch),
    timeoutMs,
    signal,
  });
  if (result.kind === 'broken') {
    const { reason, mayHeal, retryAfterMs } = result;
    return mayHeal
      ? { kind: 'setback', reason, askedMs: retryAfterMs }
      : { kind: 'settled', answer: { kind: 'broken', reason } };
  }
  if (result.exitCode !== 0)
    return { kind: 'settled', answer: { kind: 'broken', reason: lastWords(result) } };
  const answer = parseAgentOutput(result.stdout, batch);
  // Cut short on its way, without an error: the status of the exec says success all the same.
  return answer.kind === 'complete'
    ? { kind: 'settled', answer }
    : { kind: 'setback', reason: answer.reason };
}

function lastWords({ exitCode, stderr }: Extract<ExecResult, { kind: 'exited' }>): string {
  const lines = stderr.trim().split('\n');
  // Node.js ends an account of its own with its version.
  const words = lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
  return `the probe ended with exit code ${exitCode}${words === '' ? '' : `: ${words}`}`;
}
