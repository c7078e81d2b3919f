/** The harness's end of the batch protocol: what to run in a pod, and what its output proves. */
import { z } from 'zod';
import { OUTCOMES } from '../model/attempt.ts';
import { describePort } from '../pair.ts';
import { ATTEMPTS_AT_ONCE, LONGEST_YOUNG, SOCKETS_OF_ATTEMPT } from './bounds.ts';
import type {
  AttemptLine,
  Batch,
  DialRequest,
  EndLine,
  ListenerLine,
  SpreadRequest,
  TurnLine,
} from './protocol.ts';
import { replyTime } from './reply-time.ts';

/** The line that the agent reads. */
export function batchInput(batch: Batch): string {
  return `${JSON.stringify(batch)}\n`;
}

/** Looking the name up and the handshake have the attempt's time each. */
const STEPS = 2;
const SLACK_MS = 2_000;
/** Where all answers come late, so many attempts begin at once, at least. */
const BEGIN_AT_ONCE = 2;

/** What most batches do not ask for. */
export const PLAIN_BATCH = {
  holdMs: 0,
  turnWithinMs: 0,
  turns: [],
  asked: [],
} as const satisfies Partial<Batch>;

/** How many attempts targets count as: one of a Service never as fewer than it opens connections at first. */
export function attemptsIn(targets: Batch['targets']): number {
  return targets.reduce((sum, target) => sum + weightOf(target), 0);
}

function weightOf(target: DialRequest | SpreadRequest): number {
  return 'connections' in target
    ? Math.max(target.pods.length, Math.ceil(target.connections / SOCKETS_OF_ATTEMPT))
    : 1;
}

/** A `deadlineMs` that an agent in good health never meets, whatever its targets do. @param jobs how many attempts, of all kinds */
export function batchDeadlineMs(jobs: number, timeoutMs: number): number {
  const turns = Math.max(1, Math.ceil(jobs / ATTEMPTS_AT_ONCE));
  const begun = Math.ceil(jobs / BEGIN_AT_ONCE);
  const turnMs = STEPS * timeoutMs + replyTime(timeoutMs);
  return Math.ceil(turns * turnMs + begun * LONGEST_YOUNG * timeoutMs) + SLACK_MS;
}

/** What an exec's output is worth: all that was asked for, or nothing. */
export type AgentAnswer = CompleteAnswer | { readonly kind: 'broken'; readonly reason: string };

export interface CompleteAnswer {
  readonly kind: 'complete';
  /** One per target, in the order in which they ended. */
  readonly attempts: readonly AttemptLine[];
  /** One per listener. */
  readonly listeners: readonly ListenerLine[];
  /** One per turn that was asked for. */
  readonly turns: readonly TurnLine[];
  readonly end: EndLine;
}

const protocol = z.enum(['TCP', 'UDP']);
const agentLine = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('attempt'),
    id: z.int(),
    outcome: z.enum(OUTCOMES),
    startedMs: z.number(),
    durationMs: z.number(),
    dials: z.int().exactOptional(),
    lastDialMs: z.number().exactOptional(),
    lost: z.int().exactOptional(),
    nonce: z.string().exactOptional(),
    localPorts: z.array(z.int()).exactOptional(),
    detail: z.string().exactOptional(),
    answered: z
      .array(z.strictObject({ pod: z.string(), node: z.string().exactOptional(), times: z.int().min(1) }))
      .exactOptional(),
    cut: z.int().min(0).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('listener'),
    host: z.string(),
    port: z.int(),
    protocol,
    alive: z.boolean(),
    detail: z.string().exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('turn'),
    id: z.int(),
    turnedMs: z.number().exactOptional(),
    last: z.enum(OUTCOMES).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('end'),
    agent: z.string(),
    attempts: z.int(),
    listeners: z.int(),
    clockMs: z.number(),
    elapsedMs: z.number(),
    visitsMs: z.array(z.number()),
    retransmissions: z.int(),
    arrived: z.array(z.string()),
    late: z.array(z.string()),
    halfOpen: z.array(z.string()),
  }),
]);

/** Whether a line of an agent's output is the end mark of an answer. */
export function isEndMark(line: string): boolean {
  return readLine(line)?.kind === 'end';
}

/** Why an output proves nothing. */
class BrokenOutput extends Error {}

/**
 * Reads the answer to a batch. It counts only if each target, listener and turn of the batch was answered exactly once,
 * nothing else was, and the end mark closes it.
 */
export function parseAgentOutput(stdout: string, batch: Batch): AgentAnswer {
  try {
    return readAnswers(stdout, batch);
  } catch (error) {
    if (error instanceof BrokenOutput) {
      return { kind: 'broken', reason: error.message };
    }
    throw error;
  }
}

function readAnswers(stdout: string, batch: Batch): AgentAnswer {
  const targets = new Set(batch.targets.map(({ id }) => id));
  const ports = new Set(batch.listeners.map(describeListener));
  const awaited = new Set(batch.turns.map(({ id }) => id));
  const attempts: AttemptLine[] = [];
  const turns: TurnLine[] = [];
  const listeners: ListenerLine[] = [];
  const lines = stdout.split('\n').filter((line) => line !== '');
  const last = readLine(lines.pop() ?? '');
  if (last?.kind !== 'end') {
    throw new BrokenOutput('the output of the probe ended without its end mark');
  }
  for (const [index, line] of lines.entries()) {
    const answer = readLine(line);
    if (answer === undefined) {
      throw new BrokenOutput(
        `line ${index + 1} of the output of the probe is not an answer: ${excerpt(line)}`,
      );
    }
    if (answer.kind === 'attempt') {
      take(targets, answer.id, `attempt ${answer.id}`);
      attempts.push(answer);
    } else if (answer.kind === 'listener') {
      take(ports, describeListener(answer), `the listener on ${describeListener(answer)}`);
      listeners.push(answer);
    } else if (answer.kind === 'turn') {
      take(awaited, answer.id, `turn ${answer.id}`);
      turns.push(answer);
    } else {
      throw new BrokenOutput('the output of the probe goes on after its end mark');
    }
  }
  if (
    targets.size > 0 ||
    ports.size > 0 ||
    awaited.size > 0 ||
    last.attempts !== attempts.length ||
    last.listeners !== listeners.length
  ) {
    throw new BrokenOutput(
      `the output of the probe is incomplete: ${attempts.length} of ${batch.targets.length} attempts, ` +
        `${listeners.length} of ${batch.listeners.length} listeners, ${turns.length} of ${batch.turns.length} turns`,
    );
  }
  return { kind: 'complete', attempts, listeners, turns, end: last };
}

/** `8080/TCP of 10.244.1.2`: what listens in one family may not in the other. */
function describeListener({ host, ...listener }: Batch['listeners'][number]): string {
  return `${describePort(listener)} of ${host}`;
}

function readLine(line: string): z.infer<typeof agentLine> | undefined {
  try {
    return agentLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // not even JSON
  }
}

/** What of a line that makes no sense fits into a sentence. */
export function excerpt(line: string): string {
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}

function take<Key>(open: Set<Key>, key: Key, what: string): void {
  if (!open.delete(key)) {
    throw new BrokenOutput(`the output of the probe has ${what} twice, or unasked`);
  }
}
