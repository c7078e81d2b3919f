/** What a check means on the wire. */
import type { Family } from './family.ts';
import type { Protocol } from './protocol.ts';

export interface Dial {
  readonly family: Family;
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** Key of the pod that must answer: an answer of any other is one of the wrong peer. */
  readonly answerer: string;
  /** What proves, in the same round, that something was there to reach. */
  readonly listener: Listener;
}

/** A port that the agent of a pod connects to from inside that pod. */
export interface Listener {
  /** Key of the pod. */
  readonly pod: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
}
