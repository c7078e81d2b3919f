/** What a check means on the wire. */
import type { Family } from './family.ts';
import type { Protocol } from './protocol.ts';

export interface Dial {
  readonly family: Family;
  /** Of a Service that is dialled by its name: that name, which the source resolves. */
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** Keys of the pods that must answer, each of them: an answer of any other is one of the wrong peer. At least one. */
  readonly answerers: readonly string[];
  /** What proves, in the same round, that something was there to reach: one of each that must answer. */
  readonly listeners: readonly Listener[];
  /** How many connections may be opened until each has answered; absent: a pod is dialled, which one shows. */
  readonly connections?: number;
}

/** A port that the agent of a pod connects to from inside that pod. */
export interface Listener {
  /** Key of the pod. */
  readonly pod: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
}
