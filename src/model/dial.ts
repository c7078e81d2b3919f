/** What a check means on the wire. */
import type { Family } from './family.ts';
import type { Protocol } from './protocol.ts';

export interface Dial {
  readonly family: Family;
  /** An address, or the name of a real host. */
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  /**
   * Key of the pod or host that must answer: an answer of any other is one of the wrong peer. Absent: it is a real host, and an open
   * connection is answer enough.
   */
  readonly answerer?: string;
  /** What proves, in the same round, that something was there to reach. Absent: somebody else who reaches it. */
  readonly listener?: Listener;
}

/** A port that the agent of a pod or host connects to from inside it. */
export interface Listener {
  /** Key of the pod or host. */
  readonly pod: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
}
