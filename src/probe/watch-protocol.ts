/**
 * What the harness and the agent say to each other about a watch: targets that the agent tries again and again by itself, whether or not
 * anybody listens. It remembers attempts in a row that showed the same as one stretch, numbers what it remembers, and hands it over when
 * it is asked. So an API server, a kubelet or an exec that goes away leaves no hole in the evidence.
 *
 * Requests are lines of JSON through the same relay as batches, each with a `kind`; an answer ends with a {@link WatchEndLine}.
 * All times are milliseconds on the clock of the pod's node (`clockMs`), which never goes back.
 */
import type { Outcome } from '../model/attempt.ts';
import type { AnsweredRequest, DialRequest, ServiceRequest } from './protocol.ts';

/** What is dialled again and again: once at a time, also where any pod of a Service may answer. */
export type WatchTarget = DialRequest | ServiceRequest;

/** What a connection can be held to: only agents send heartbeats back. */
export type HeldTarget = AnsweredRequest | ServiceRequest;

/** Begins a watch. Asked for again with the same name it goes on as it is: an exec may break when the agent has taken it already. */
export interface WatchRequest {
  readonly kind: 'watch';
  /** Unlike any other of the run. */
  readonly watch: string;
  readonly runId: string;
  /** Each target is dialled once in so many milliseconds, at a moment of its own that moves by a random part. */
  readonly everyMs: number;
  /** How long one attempt may take. One that is still out does not hold up the next. */
  readonly timeoutMs: number;
  /** Where nobody has asked for so long, it ends by itself. */
  readonly abandonedMs: number;
  /** How many lines are kept that have not been fetched; where there are more the oldest are given up, which is told. */
  readonly kept: number;
  /** Also the pod's own listeners, at its own address: they tell whether there was something to reach. */
  readonly targets: readonly WatchTarget[];
  /** Connections that are opened once and held, with a heartbeat. One that is also among `targets` has the same id there. */
  readonly held: readonly HeldTarget[];
}

/** Asks for what a watch has seen. */
export interface CollectRequest {
  readonly kind: 'collect';
  readonly watch: string;
  /**
   * The `state.seq` of the last answer that was received whole; 0: none was. What that answer told, and can grow no more, is forgotten.
   */
  readonly received: number;
  /** The watch ends with this answer, once what is out has ended. It can be asked for again until it is abandoned. */
  readonly ends?: boolean;
}

export type WatchLine = StretchLine | StallLine | LostLine | VisitsLine | HeldLine;

interface Numbered {
  /** Counts from 1 within a watch. A line that may still grow is told again under its number, longer. */
  readonly seq: number;
}

/** Attempts in a row of one target that showed the same. */
export interface StretchLine extends Numbered {
  readonly kind: 'stretch';
  readonly id: number;
  readonly outcome: Outcome;
  readonly detail?: string;
  readonly count: number;
  /** When the first one dialled. */
  readonly firstMs: number;
  readonly firstTookMs: number;
  /** When the last one dialled. */
  readonly lastMs: number;
  readonly lastTookMs: number;
  /** The longest and the sum of what they took. */
  readonly mostTookMs: number;
  readonly totalTookMs: number;
  /** The longest time from one dial to the next. */
  readonly mostApartMs: number;
}

/** The agent did not run: its process was stopped, or its node had no time for it. */
export interface StallLine extends Numbered {
  readonly kind: 'stall';
  readonly fromMs: number;
  readonly toMs: number;
}

/** Lines of this time were given up for want of room; of attempts, the time in which they dialled. */
export interface LostLine extends Numbered {
  readonly kind: 'lost';
  readonly lines: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The kubelet came by again and again, never more than a few seconds apart: the pod's link worked. */
export interface VisitsLine extends Numbered {
  readonly kind: 'visits';
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Why an agent gives up a held connection from which nothing is heard any more; what broke has another word. */
export const NO_HEARTBEAT = 'no heartbeat came back';

/** What became of a held connection. */
export interface HeldLine extends Numbered {
  readonly kind: 'held';
  readonly id: number;
  /**
   * `failed`: it could not be opened (and is tried again); `opened`; `stalled`: heartbeats have not come back since `atMs`, the time of the
   * last one that did; `resumed`; `broken`: it ended, and another is opened in its place; `ended`: with the watch.
   */
  readonly event: 'opened' | 'failed' | 'stalled' | 'resumed' | 'broken' | 'ended';
  readonly atMs: number;
  /** How many heartbeats came back until then, over this connection. */
  readonly beats: number;
  /** Why; of one that was opened to a Service with several pods, which of them answers. */
  readonly detail?: string;
}

/** The end mark of an answer about a watch. */
export interface WatchEndLine {
  readonly kind: 'end';
  readonly watch: string;
  /** As in the answer to a batch: unlike that of any other agent. */
  readonly agent: string;
  /** Absent: this agent knows no such watch; it has ended, or came with another process. */
  readonly state?: {
    /** When it began. */
    readonly beganMs: number;
    /** When the agent's process began. */
    readonly processMs: number;
    /** The highest number that has been given. */
    readonly seq: number;
    /** How many attempts should have been begun so far, and how many were. What is missing ends the stretch of its target. */
    readonly due: number;
    readonly begun: number;
  };
  /** How many lines this answer holds. */
  readonly lines: number;
  /** When the request arrived. */
  readonly clockMs: number;
  /** From its arrival to this line. */
  readonly elapsedMs: number;
}
