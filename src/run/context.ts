/** What every stage of a run works with. */
import type { LimitFunction } from 'p-limit';
import type { Clock } from '../clock.ts';
import type { Kube } from '../kube/kube.ts';
import type { Assumptions } from '../policy/peers.ts';
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

export interface RunContext {
  readonly runId: string;
  readonly kube: Kube;
  /** See `Lifetime`; absent where the cluster ends with the run. */
  readonly cleanWith: readonly string[] | undefined;
  readonly clock: Clock;
  /** From 0 to 1: spreads retries. */
  readonly random: () => number;
  readonly timing: RunTiming;
  readonly probe: ProbeSettings;
  /** What is known of how the cluster takes policies. */
  readonly assumptions: Assumptions;
  readonly sessions: Sessions;
  /** Bounds what is asked of agents at once, over all scenarios together. */
  readonly execLimit: LimitFunction;
  /** Aborted by a signal of the user or by the loss of the cluster; its reason is a `PodreachError`. */
  readonly signal: AbortSignal;
  /** Aborted by the loss of the cluster alone: then there is nothing left to take away. */
  readonly lost: AbortSignal;
  readonly progress: ProgressListener;
  /** Says that the record has changed in a way worth saving. */
  readonly save: () => void;
}
