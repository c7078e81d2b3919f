/** A batch: its targets side by side, once. */
import type { Outcome } from '../../model/attempt.ts';
import type { AgentConfig } from '../agent-config.ts';
import { ATTEMPTS_AT_ONCE, SOCKETS_OF_ATTEMPT } from '../bounds.ts';
import type { AgentLine, AttemptLine, Batch, TurnRequest } from '../protocol.ts';
import { type AttemptResult, attempt } from './attempt.ts';
import { BatchPace } from './batch-pace.ts';
import { addresseeOf } from './dial.ts';
import { halfOpenConnections, retransmissions } from './kernel.ts';
import type { LateAnswers, Memory } from './memory.ts';
import type { AgentIdentity } from './messages.ts';
import { attemptSpread, type SpreadAttempts, type SpreadResult } from './spread.ts';
import { after, nodeClockMs, round } from './time.ts';

/** How often a connection that is to turn is tried, and how long that may take: it goes no further than the next pod of the same node. */
const TURN_EVERY_MS = 50;
const TURN_TIMEOUT_MS = 250;

interface DialJob {
  /** How many attempts it counts as. */
  readonly weight: number;
  /** How many sockets it begins with. */
  readonly begins: number;
  readonly attempt: () => Promise<AttemptResult | SpreadResult>;
  /** The line that tells the finding of an attempt which began `startedMs` after the batch arrived. */
  readonly report: (finding: AttemptResult | SpreadResult, startedMs: number) => AgentLine;
}

/** @param arrived when the batch arrived, as `performance.now` tells it */
function jobsOf(batch: Batch, self: AgentIdentity, arrived: number, late: LateAnswers): readonly DialJob[] {
  const { runId, timeoutMs } = batch;
  const listeners = batch.listeners.map(
    (address): DialJob => ({
      weight: 1,
      begins: 1,
      attempt: () => attempt(address, timeoutMs, { runId, pods: [self.pod] }),
      report: ({ outcome, detail }) => ({
        kind: 'listener',
        host: address.host,
        port: address.port,
        protocol: address.protocol,
        ...(outcome === 'connected'
          ? { alive: true }
          : { alive: false, detail: detail === undefined ? outcome : `${outcome}: ${detail}` }),
      }),
    }),
  );
  const spreadAttempts: SpreadAttempts = new Map();
  const targets = batch.targets.map((target): DialJob => {
    const ownMs = target.timeoutMs ?? timeoutMs;
    return {
      weight: 'pods' in target ? Math.ceil(target.connections / SOCKETS_OF_ATTEMPT) : 1,
      begins: 'pods' in target ? Math.max(1, target.pods.length) : 1,
      attempt: () =>
        'pods' in target
          ? attemptSpread(target, ownMs, runId, late, spreadAttempts)
          : attempt(target, ownMs, addresseeOf(target, runId), late),
      // What shares the connections of another began with these; what waited for a name, once it had it.
      report: (finding, startedMs) =>
        attemptLine(target.id, finding, 'begunMs' in finding ? finding.begunMs - arrived : startedMs),
    };
  });
  return [...listeners, ...targets];
}

function attemptLine(id: number, finding: AttemptResult | SpreadResult, startedMs: number): AttemptLine {
  const { outcome, durationMs, dials, lost, lastDialMs, nonce, localPorts = [], detail } = finding;
  return {
    kind: 'attempt',
    id,
    outcome,
    startedMs: round(startedMs),
    durationMs: round(durationMs),
    ...(dials === 1 ? {} : { dials, lastDialMs: round(startedMs + lastDialMs) }),
    ...(lost === 0 ? {} : { lost }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(localPorts.length === 0 ? {} : { localPorts }),
    ...(detail === undefined ? {} : { detail }),
    ...('answered' in finding ? { answered: finding.answered, cut: finding.cut } : {}),
  };
}

/** Works through a batch, and tells at its end what the pod has seen meanwhile. @param isWanted whether somebody still waits for it */
export async function runBatch(
  batch: Batch,
  self: AgentIdentity & Pick<AgentConfig, 'hostNetwork'>,
  memory: Memory,
  isWanted: () => boolean,
): Promise<readonly AgentLine[]> {
  const clockMs = nodeClockMs();
  const arrived = performance.now();
  const held = new Promise<void>((resolve) => after(batch.holdMs, resolve));
  const [lines, turns] = await Promise.all([
    runJobs(batch, self, arrived, memory.late, isWanted),
    Promise.all(batch.turns.map((one) => awaitTurn(one, batch, arrived, isWanted))),
    held,
  ]);
  if (batch.endsDials) {
    memory.late.end();
  }
  return [
    ...lines,
    ...turns,
    {
      kind: 'end',
      agent: memory.agent,
      attempts: batch.targets.length,
      listeners: batch.listeners.length,
      clockMs: round(clockMs),
      elapsedMs: round(performance.now() - arrived),
      visitsMs: memory.visits.map((visit) => round(visit - clockMs)),
      retransmissions: retransmissions(self),
      arrived: batch.asked.filter((nonce) => memory.nonces.has(nonce)),
      late: [...memory.late.nonces],
      halfOpen: (batch.halfOpenAt ?? []).flatMap(halfOpenConnections),
    },
  ];
}

/** What is not finished at the batch's deadline is told as `error`: it could not be tried. */
async function runJobs(
  batch: Batch,
  self: AgentIdentity,
  arrived: number,
  late: LateAnswers,
  isWanted: () => boolean,
): Promise<readonly AgentLine[]> {
  const waiting = [...jobsOf(batch, self, arrived, late)];
  const open = new Map<DialJob, number>();
  const lines: AgentLine[] = [];
  const work = async (job: DialJob): Promise<AttemptResult | SpreadResult> => {
    const startedMs = performance.now() - arrived;
    open.set(job, startedMs);
    const finding = await job.attempt();
    if (open.delete(job)) {
      lines.push(job.report(finding, startedMs));
    }
    return finding;
  };
  const all = new Promise<void>((resolve) => {
    let room = ATTEMPTS_AT_ONCE;
    const fill = (): void => {
      for (let [job] = waiting; job !== undefined && isWanted(); [job] = waiting) {
        const { weight, begins } = job;
        // One that is wider than all the room there is goes alone.
        if (weight > room && room < ATTEMPTS_AT_ONCE) break;
        if (!pace.hasRoomFor(begins)) break;
        waiting.shift();
        room -= weight;
        const end = pace.begin(begins);
        void work(job).then(({ outcome, durationMs }) => {
          room += weight;
          end(outcome === 'connected' ? durationMs : undefined);
          fill();
        });
      }
      if (room === ATTEMPTS_AT_ONCE) resolve();
    };
    const pace = new BatchPace(batch.timeoutMs, fill);
    fill();
  });
  let cancelDeadline = (): void => {};
  const deadline = new Promise<void>((resolve) => {
    cancelDeadline = after(batch.deadlineMs, resolve);
  });
  await Promise.race([all, deadline]);
  cancelDeadline();

  const elapsedMs = performance.now() - arrived;
  const unfinished = [...open, ...waiting.map((job) => [job, elapsedMs] as const)];
  waiting.length = 0;
  open.clear();
  const detail = `not finished within the agent's deadline of ${batch.deadlineMs} ms`;
  for (const [job, startedMs] of unfinished) {
    const durationMs = elapsedMs - startedMs;
    lines.push(
      job.report({ outcome: 'error', durationMs, dials: 1, lost: 0, lastDialMs: 0, detail }, startedMs),
    );
  }
  return lines;
}

/** Tries a connection again and again until it shows what is wanted, or the batch's time for turns is over. */
async function awaitTurn(
  { id, pods, wanted, shutPort, ...address }: TurnRequest,
  batch: Batch,
  arrived: number,
  isWanted: () => boolean,
): Promise<AgentLine> {
  const timeoutMs = Math.min(batch.timeoutMs, TURN_TIMEOUT_MS);
  for (;;) {
    const startedMs = performance.now() - arrived;
    const look = async (port: number): Promise<Outcome> =>
      (await attempt({ ...address, port }, timeoutMs, { runId: batch.runId, pods })).outcome;
    const outcome = await look(address.port);
    const isSeen = wanted === 'open' ? outcome === 'connected' : CUT_OFF.includes(outcome);
    const isShown = isSeen && (shutPort === undefined || CUT_OFF.includes(await look(shutPort)));
    if (isShown) {
      return { kind: 'turn', id, turnedMs: round(startedMs) };
    }
    if (!isWanted() || performance.now() - arrived + TURN_EVERY_MS > batch.turnWithinMs) {
      return { kind: 'turn', id, last: outcome };
    }
    await new Promise<void>((resolve) => after(TURN_EVERY_MS, resolve));
  }
}

const CUT_OFF: readonly Outcome[] = ['timeout', 'refused', 'prohibited'];
