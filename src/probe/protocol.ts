/**
 * What the harness and the probe agent say to each other.
 *
 * The harness starts `node /tmp/podreach-agent.mjs probe` in a pod by exec and writes one line of JSON, a {@link Batch}, to its
 * standard input. The agent answers with one line of JSON per attempt and per listener, in the order in which they end,
 * and closes with an {@link EndLine}. Output without that line proves nothing.
 */

import type { Outcome } from '../record.ts';

export type Protocol = 'TCP' | 'UDP';

/** The name of the one container of a probe pod, in which the agent runs. */
export const PROBE_CONTAINER = 'probe';
/** Where the agent writes itself inside its pod, so that exec can start it again. */
export const AGENT_PATH = '/tmp/podreach-agent.mjs';
/** The environment variable with the agent's own source. */
export const AGENT_SOURCE_VARIABLE = 'PODREACH_AGENT';
/** The environment variable with the {@link AgentConfig} as JSON. */
export const AGENT_CONFIG_VARIABLE = 'PODREACH_CONFIG';

/** Who the agent is and where it listens. */
export interface AgentConfig {
  readonly runId: string;
  /** `namespace/name` */
  readonly pod: string;
  readonly ports: readonly { readonly port: number; readonly protocol: Protocol }[];
}

/** One connection to try. */
export interface Target {
  /** Echoed in the answer. */
  readonly id: number;
  /** An address or a DNS name. */
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** The pod that must answer, as `namespace/name`. */
  readonly pod: string;
}

/** One exec's work: attempts at others, and the proof that the pod's own listeners are alive. */
export interface Batch {
  readonly runId: string;
  /** How long one attempt may take. */
  readonly timeoutMs: number;
  /** When the agent gives up on everything, whatever is still open; counted from the batch's arrival. */
  readonly deadlineMs: number;
  readonly targets: readonly Target[];
  /** The pod's own listeners to connect to. `host` is the pod's own address. */
  readonly listeners: readonly {
    readonly host: string;
    readonly port: number;
    readonly protocol: Protocol;
  }[];
}

export interface AttemptLine {
  readonly kind: 'attempt';
  readonly id: number;
  readonly outcome: Outcome;
  /** When the attempt began, in milliseconds after the batch arrived. */
  readonly startedMs: number;
  /** From the first packet to the outcome, in milliseconds with two decimals. */
  readonly durationMs: number;
  /** The system's own word for it (`ECONNREFUSED`), or who answered instead. */
  readonly detail?: string;
}

export interface ListenerLine {
  readonly kind: 'listener';
  readonly port: number;
  readonly protocol: Protocol;
  readonly alive: boolean;
  readonly detail?: string;
}

/** The end mark: everything that was asked for has been answered. */
export interface EndLine {
  readonly kind: 'end';
  readonly attempts: number;
  readonly listeners: number;
}

export type AgentLine = AttemptLine | ListenerLine | EndLine;
