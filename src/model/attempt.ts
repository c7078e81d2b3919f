/** One fresh connection of a check: what it showed, and when. */

/** What one attempt showed; the table of `docs/verdicts.md`. */
export const OUTCOMES = [
  'connected',
  'refused',
  'timeout',
  'prohibited',
  'reset',
  'wrong-peer',
  'partial',
  'one-way',
  'dns-failure',
  'error',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** So the detail of a `dns-failure` begins where the name did resolve, but led elsewhere than to its Service as that is now. */
export const NAME_LED = 'the name led ';

/** The phases of a scenario in which attempts are made; `turn` is until a step is in force. */
export const TRYING_PHASES = ['control', 'turn', 'settle', 'observe', 'closing'] as const;
export type TryingPhase = (typeof TRYING_PHASES)[number];

/** What an attempt showed. */
export interface Shown {
  readonly outcome: Outcome;
  /** Something answered after the attempt was over: it was slow, not blocked. */
  readonly late?: true;
  /** Whether the destination's own agent reached this port in the same round; absent where it could not be asked. */
  readonly listenerAlive?: boolean;
  /** Why it could not be asked. */
  readonly unasked?: string;
  /** The system's own word for the outcome. */
  readonly detail?: string;
  /** Of a Service of which a part answered. */
  readonly backends?: HeardBackends;
}

/** Which pods of a Service answered, and which did not however many connections were opened; in the order of their names. */
export interface HeardBackends {
  readonly answered: readonly string[];
  /** None: each has answered, and some connections came through to nobody all the same. */
  readonly silent: readonly string[];
}

/** When each side of the triangle was last seen to work before the last dial, in milliseconds after the scenario began. */
export interface Triangle {
  readonly source?: number;
  readonly destination?: number;
  readonly between?: number;
}

/** When an attempt was made, and what is its own. */
export interface Moment {
  readonly phase: TryingPhase;
  /** Counts from 1 within its phase. */
  readonly round: number;
  /** After the scenario began. */
  readonly atMs: number;
  readonly durationMs?: number;
  /** Absent: once. */
  readonly dials?: number;
  readonly seen?: Triangle;
}

export interface Attempt extends Shown, Moment {}
