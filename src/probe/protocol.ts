/**
 * What the harness and the probe agent say to each other.
 *
 * The harness starts a relay in a pod by exec (`relay.ts`) and writes lines of JSON to its standard input, each a {@link Batch}. The
 * agent that serves the pod answers each with one line of JSON per attempt, listener and turn, in the order in which they end,
 * and closes with an {@link EndLine}. Output without that line proves nothing.
 */

import type { Outcome } from '../model/attempt.ts';
import type { Family } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';

/** The name of the one container of a probe pod, in which the agent runs. */
export const PROBE_CONTAINER = 'probe';
/** Where the agent writes itself inside its pod, so that exec can start it again. */
export const AGENT_PATH = '/tmp/podreach-agent.mjs';
/** Where the agent that serves takes batches: beside its own file, where only its own pod finds it. */
export const AGENT_SOCKET = `${AGENT_PATH}.socket`;
/** The environment variable with the agent's own source. */
export const AGENT_SOURCE_VARIABLE = 'PODREACH_AGENT';
/** The environment variable with the `AgentConfig` as JSON. */
export const AGENT_CONFIG_VARIABLE = 'PODREACH_CONFIG';

/** One connection to try. */
export interface DialRequest {
  /** Echoed in the answer. */
  readonly id: number;
  /** An address or a DNS name. */
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** The pod or host that must answer, as its agent calls itself. Absent: an open connection is answer enough. TCP only. */
  readonly pod?: string;
  /** Of the addresses that a name has, those of one family count; absent: of the first that it has any of. */
  readonly family?: Family;
  /** How long the attempt may take; absent: as long as the batch says. */
  readonly timeoutMs?: number;
}

/** One that an agent must answer. */
export interface AnsweredRequest extends DialRequest {
  readonly pod: string;
}

/** To a Service: any of its pods answers. */
export interface ServiceRequest extends Omit<DialRequest, 'pod'> {
  /** Those that may answer, as `namespace/name`. */
  readonly pods: readonly string[];
  /** Where a name must lead: an attempt that it led elsewhere, and that was not answered as it must be, is a `dns-failure`. Absent: anywhere. */
  readonly leadsTo?: readonly string[];
  /** The nodes at whose port it is reached, to which connections go in turn. Absent: all go to `host`, which otherwise is the first. */
  readonly nodes?: readonly SpreadNode[];
}

/** Connections to a Service until every one of its pods or endpoints has answered; `pods` must. None: nobody tells who answers, so that all connections are made, and each must be open. TCP only. */
export interface SpreadRequest extends ServiceRequest {
  /** How many may be opened for that at most. */
  readonly connections: number;
  /** All of them are opened, also where each has answered: somebody else may answer, too. */
  readonly opensAll?: true;
}

/** A node that leads to a Service, and the pods that must answer there. */
export interface SpreadNode {
  readonly address: string;
  readonly pods: readonly string[];
}

/** A connection to try again and again until it is open, or cut off. */
export interface TurnRequest extends Omit<AnsweredRequest, 'pod'> {
  /** Those that may answer. */
  readonly pods: readonly string[];
  readonly wanted: 'open' | 'cut';
  /** A port of the same pod that must be cut off in the same look: where nothing is enforced, every port is open. */
  readonly shutPort?: number;
}

/** One round's work in a pod: attempts at others, and the proof that the pod's own listeners are alive. */
export interface Batch {
  readonly runId: string;
  /** How long one attempt may take at most. */
  readonly timeoutMs: number;
  /** When the agent gives up on everything, whatever is still open; counted from the batch's arrival. */
  readonly deadlineMs: number;
  /** It is not answered before, so that what the pod tells of itself covers the attempts of others; counted as the deadline. */
  readonly holdMs: number;
  /** How long to wait for turns. */
  readonly turnWithinMs: number;
  readonly turns: readonly TurnRequest[];
  /** Nonces of datagrams: have they arrived here? */
  readonly asked: readonly string[];
  /** Whether dials that were given up, and are open still for what comes too late, are closed now. */
  readonly endsDials?: boolean;
  /** The pod's own addresses, where half-open connections to them are to be told: looking for them costs more than all the rest. */
  readonly halfOpenAt?: readonly string[];
  readonly targets: readonly (DialRequest | SpreadRequest)[];
  /** The pod's own listeners to connect to. `host` is an address of the pod's own. */
  readonly listeners: readonly {
    readonly host: string;
    readonly port: number;
    readonly protocol: Protocol;
  }[];
}

/** How often a pod answered. */
export interface SpreadAnswer {
  readonly pod: string;
  /** Absent: the request names no nodes. */
  readonly node?: string;
  readonly times: number;
}

export interface AttemptLine {
  readonly kind: 'attempt';
  readonly id: number;
  readonly outcome: Outcome;
  /** When the attempt began, in milliseconds after the batch arrived. */
  readonly startedMs: number;
  /** From the first packet to the outcome, in milliseconds with two decimals. */
  readonly durationMs: number;
  /** How often it dialled; absent: once. */
  readonly dials?: number;
  /** When it dialled last, as `startedMs`; absent where it dialled once. */
  readonly lastDialMs?: number;
  /** How many dials had not been answered when a later one was; absent: none. */
  readonly lost?: number;
  /** What its dials carried, where none was answered. */
  readonly nonce?: string;
  /** Where its connections came from, where none was answered. */
  readonly localPorts?: readonly number[];
  /** The system's own word for it (`ECONNREFUSED`), or who answered instead. */
  readonly detail?: string;
  /** Of a spread request: who answered, at the address of which of its nodes, and how often. */
  readonly answered?: readonly SpreadAnswer[];
  /** Of a spread request: how many connections nobody answered. */
  readonly cut?: number;
}

export interface ListenerLine {
  readonly kind: 'listener';
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly alive: boolean;
  readonly detail?: string;
}

export interface TurnLine {
  readonly kind: 'turn';
  readonly id: number;
  /** When the attempt began that showed what was wanted, in milliseconds after the batch arrived; absent: none did. */
  readonly turnedMs?: number;
  /** What was seen last instead. */
  readonly last?: Outcome;
}

/** The end mark: everything that was asked for has been answered. With it comes what the pod has seen by itself. */
export interface EndLine {
  readonly kind: 'end';
  /** Unlike that of any other agent: a pod that was replaced has another. */
  readonly agent: string;
  readonly attempts: number;
  readonly listeners: number;
  /** When the batch arrived, on the clock of the pod's node: it runs on by itself, and only differences mean something. */
  readonly clockMs: number;
  /** From the batch's arrival to this line. */
  readonly elapsedMs: number;
  /** When the kubelet was here lately, counted from the batch's arrival: negative where it came before. */
  readonly visitsMs: readonly number[];
  /** How many segments of open connections the pod's network has sent again so far; 0 where that is the network of its node. */
  readonly retransmissions: number;
  /** Those of the asked nonces that have arrived. */
  readonly arrived: readonly string[];
  /** Nonces of its attempts that something answered after they had ended. */
  readonly late: readonly string[];
  /** Connections that have arrived and whose handshake is not through, as {@link connectionKey} writes them; empty where nobody asked. */
  readonly halfOpen: readonly string[];
}

export type AgentLine = AttemptLine | ListenerLine | TurnLine | EndLine;

/** A connection to a port of a pod, as the pod sees it: `10.244.1.2:40001>80`. The agent writes the same. */
export function connectionKey(address: string, localPort: number, port: number): string {
  return `${address}:${localPort}>${port}`;
}
