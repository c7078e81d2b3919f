/** What the stages of a run work with, in small parts: a function asks for those that it needs, and says so in its type. */
import type { LimitFunction } from 'p-limit';
import type { Clock } from '../clock.ts';
import type { Kube } from '../kube/kube.ts';
import type { ProbeSettings } from '../probe/settings.ts';
import type { ProgressListener } from '../progress.ts';
import type { Sessions } from './sessions.ts';

export interface RunTiming {
  /** How long one attempt may take. */
  readonly timeoutMs: number;
  /** How long one may take that is to be cut off: no longer. See `denialTimeMs`. */
  readonly denialMs: number;
  /** How long policies may take to settle. */
  readonly withinMs: number;
  /** How long every pair may take to connect before any policy: listeners start, and networks learn of pods. */
  readonly controlMs: number;
  /** See `ClusterTiming.settleFloorMs`. */
  readonly settleFloorMs: number;
  /** How long probe pods may take to run. */
  readonly readyWithinMs: number;
  /** For how long an exec that breaks is made again; each has the time that its work may take on top. */
  readonly execGraceMs: number;
  /** Rounds in a row that must agree. */
  readonly confirm: number;
  /** Whether a mismatch has all of `withinMs` to mend itself, also where the policies predict it. */
  readonly isPatient: boolean;
}

/** Some of the bounds of a run. */
export interface Bounded<Bound extends keyof RunTiming> {
  readonly timing: Pick<RunTiming, Bound>;
}

/** Some of them, and the clock that they are held against. */
export interface Timed<Bound extends keyof RunTiming> extends Bounded<Bound> {
  readonly clock: Clock;
}

/** What ends with the run. */
export interface Ending {
  /** Aborted by a signal of the user or by the loss of the cluster; its reason is a `PodreachError`. */
  readonly signal: AbortSignal;
}

/** Some of what an API server can be asked. */
export interface Requesting<Part extends keyof Kube> extends Ending {
  readonly kube: Pick<Kube, Part>;
}

/** The run by whose name all that it creates is known. */
export interface Owning {
  readonly runId: string;
}

/** How probe pods are to be. */
export interface Probing {
  readonly probe: ProbeSettings;
}

/** Whoever watches a run. */
export interface Telling {
  readonly progress: ProgressListener;
}

/** Whoever watches a run, and its record. */
export interface Recording extends Telling {
  /** Says that the record has changed in a way worth saving. */
  readonly save: () => void;
}

/** What agents are asked with. */
export type Asking = Timed<'execGraceMs'> &
  Ending & {
    /** From 0 to 1: spreads retries. */
    readonly random: () => number;
    readonly sessions: Pick<Sessions, 'take' | 'rest' | 'isSameAgent' | 'leave'>;
  };

/** What attempts are made with. */
export type Trying = Asking &
  Owning &
  Bounded<'timeoutMs' | 'denialMs' | 'confirm'> & {
    /** Bounds what is asked of agents at once, over all scenarios together. */
    readonly execLimit: LimitFunction;
    /** The same for agents that have nothing to do but to wait for what is cut off. */
    readonly waitLimit: LimitFunction;
  };

/** The same, again and again until the attempts have shown what they can. */
export type Settling = Trying &
  Requesting<'list'> &
  Recording &
  Bounded<'withinMs' | 'controlMs' | 'settleFloorMs' | 'isPatient'>;
