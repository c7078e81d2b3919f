/** What a run is asked to do, and the record of what becomes of it. */
import type { Clock } from '../clock.ts';
import type { ClusterProvider } from '../cluster/cluster.ts';
import type { WatchRules } from '../judge/windows/verdict.ts';
import type { KubePatience } from '../kube/connect.ts';
import type { ProbeSettings } from '../probe/settings.ts';
import type { ProgressListener } from '../progress.ts';
import type { RunDraft, ScenarioDraft } from '../record/draft.ts';
import type { RunRecord } from '../record/schema.ts';
import type { Plan } from '../scenario/scenario.ts';
import type { Checked } from './checked.ts';
import type { StandingScenario } from './stand.ts';
import type { RunOrigin } from './start-record.ts';

/** For how long a cluster that does not answer is waited for. */
export interface Patience extends KubePatience {
  /** For how long an exec that breaks is made again; each has the time that its work may take on top. */
  readonly execGraceMs: number;
}

export interface RunOptions {
  readonly provider: ClusterProvider;
  /** podreach's own version, for the record. */
  readonly version: string;
  readonly clock: Clock;
  /** Aborted by the user; the reason is an `Interruption`. */
  readonly signal: AbortSignal;
  /** How probe pods are to be on this cluster. Default: a stock image, on any node. */
  readonly probe?: ProbeSettings;
  /** Default: what suits the cluster. */
  readonly timeoutMs?: number | undefined;
  /** Default: what suits the cluster. */
  readonly withinMs?: number | undefined;
  /** How long probe pods may take to run. Default: two minutes. */
  readonly readyWithinMs?: number | undefined;
  readonly confirm: number;
  /** Wait for the deadline also where the policies predict a mismatch that is seen. Default: no. */
  readonly patient?: boolean;
  /** Default: what suits a cluster that is busy, or far away. */
  readonly patience?: Partial<Patience>;
  /** How many scenarios may run side by side. */
  readonly parallel: number;
  /** Leave the cluster and everything on it as it is at the end. */
  readonly keep: boolean;
  /** Start no further scenario after one with a mismatch or a failure. */
  readonly failFast: boolean;
  /** Who runs it, and from what, for the record. */
  readonly origin?: RunOrigin;
  /** The options of `podreach run` with which a part of it can be run again as it was, for the reports. */
  readonly again?: readonly string[];
  readonly progress: ProgressListener;
  /**
   * Done while all scenarios stand in their last step, before they are looked at once more; what it throws ends them. No two of them may
   * share a namespace: the later one would wait for the other. Absent: nothing.
   */
  readonly whileStanding?: WhileStanding | undefined;
  /** Whether new pods are made and taken away then: that takes one right more. */
  readonly makesPods?: boolean | undefined;
  /** Called whenever the record has changed in a way worth saving; the record is the same object each time. */
  readonly save: (record: RunRecord) => void;
}

/**
 * @param standing those that have come so far
 * @returns by what the checks are to be judged that were watched; undefined where none were
 */
export type WhileStanding = (
  standing: readonly StandingScenario[],
  run: StandingRun,
) => Promise<WatchRules | undefined>;

/** The run of which scenarios stand. */
export interface StandingRun {
  readonly checked: Checked;
  readonly record: RunDraft;
  readonly save: () => void;
}

/** A scenario of a run: what is to be done, and the record of it. */
export interface Planned {
  readonly plan: Plan;
  readonly scenario: ScenarioDraft;
}

/** One run, as all its stages know it. */
export interface Job {
  readonly scenarios: readonly Planned[];
  readonly options: Omit<RunOptions, 'save'>;
  readonly record: RunDraft;
  /** Says that the record has changed in a way worth saving. */
  readonly save: () => void;
}
