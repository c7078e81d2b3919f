/** The harness's end of the batch protocol: what to run in a pod, and what its output proves. */
import { z } from 'zod';
import { OUTCOMES } from '../record.ts';
import type { AttemptLine, Batch, ListenerLine } from './protocol.ts';
import { AGENT_PATH } from './protocol.ts';

/** The command that works through one batch, given on its standard input as {@link batchInput}. */
export const PROBE_COMMAND: readonly string[] = ['node', AGENT_PATH, 'probe'];

/** The line that the agent reads. */
export function batchInput(batch: Batch): string {
  return `${JSON.stringify(batch)}\n`;
}

/** As the agent does it: more attempts than this wait for their turn. */
const ATTEMPTS_AT_ONCE = 512;
/** Looking the name up, the handshake and the reply have the attempt's time each. */
const STEPS = 3;
const SLACK_MS = 2_000;

/** A `deadlineMs` that an agent in good health never meets, whatever its targets do. */
export function batchDeadlineMs(jobs: number, timeoutMs: number): number {
  return Math.max(1, Math.ceil(jobs / ATTEMPTS_AT_ONCE)) * STEPS * timeoutMs + SLACK_MS;
}

/** What an exec's output is worth: all that was asked for, or nothing. */
export type AgentAnswer =
  | {
      readonly kind: 'complete';
      /** One per target, in the order in which they ended. */
      readonly attempts: readonly AttemptLine[];
      /** One per listener. */
      readonly listeners: readonly ListenerLine[];
    }
  | { readonly kind: 'broken'; readonly reason: string };

const protocol = z.enum(['TCP', 'UDP']);
const agentLine = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('attempt'),
    id: z.int(),
    outcome: z.enum(OUTCOMES),
    startedMs: z.number(),
    durationMs: z.number(),
    detail: z.string().exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('listener'),
    port: z.int(),
    protocol,
    alive: z.boolean(),
    detail: z.string().exactOptional(),
  }),
  z.strictObject({ kind: z.literal('end'), attempts: z.int(), listeners: z.int() }),
]);

/** Why an output proves nothing. */
class BrokenOutput extends Error {}

/**
 * Reads the output of one `probe`. It counts only if each target and each listener of the batch was answered exactly once,
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
  const ports = new Set(batch.listeners.map(portKey));
  const attempts: AttemptLine[] = [];
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
      take(ports, portKey(answer), `the listener on ${portKey(answer)}`);
      listeners.push(answer);
    } else {
      throw new BrokenOutput('the output of the probe goes on after its end mark');
    }
  }
  if (
    targets.size > 0 ||
    ports.size > 0 ||
    last.attempts !== attempts.length ||
    last.listeners !== listeners.length
  ) {
    throw new BrokenOutput(
      `the output of the probe is incomplete: ${attempts.length} of ${batch.targets.length} attempts, ` +
        `${listeners.length} of ${batch.listeners.length} listeners`,
    );
  }
  return { kind: 'complete', attempts, listeners };
}

function portKey({ port, protocol }: { readonly port: number; readonly protocol: string }): string {
  return `${port}/${protocol}`;
}

function readLine(line: string): z.infer<typeof agentLine> | undefined {
  try {
    return agentLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // not even JSON
  }
}

function excerpt(line: string): string {
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}

function take<Key>(open: Set<Key>, key: Key, what: string): void {
  if (!open.delete(key)) {
    throw new BrokenOutput(`the output of the probe has ${what} twice, or unasked`);
  }
}
