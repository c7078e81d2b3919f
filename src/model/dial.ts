/** What a check means on the wire. */
import type { Family } from './family.ts';
import type { LeadingNode } from './node-port.ts';
import type { Protocol } from './protocol.ts';

export interface Dial {
  readonly family: Family;
  /**
   * An address; or the name of a Service that is dialled by it or of a real host, which the source resolves. Of a port of nodes that of the
   * first.
   */
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  /**
   * Keys of the pods or the host that must answer, each of them: an answer of any other is one of the wrong peer. None: it is a real
   * host or a Service that is there already, and an open connection is answer enough.
   */
  readonly answerers: readonly string[];
  /** What proves, in the same round, that something was there to reach: one of each that must answer. None: somebody else who reaches it. */
  readonly listeners: readonly Listener[];
  /** How many connections may be opened until each has answered, or how many are, where any answer will do; absent: one endpoint is dialled, which one shows. */
  readonly connections?: number;
  /**
   * Of the name of a Service of the scenario the addresses to which it must lead, all of them and no others: what a name server remembers may
   * be that of a pod that is gone.
   */
  readonly leadsTo?: readonly string[];
  /** The nodes to whose port they go in turn; absent: to none. */
  readonly nodes?: readonly LeadingNode[];
}

/** A port that the agent of a pod or host connects to from inside it. */
export interface Listener {
  /** Key of the pod or host. */
  readonly pod: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
}
