/**
 * A run as every format reads it. What is looked up is indexed, what came from outside is harmless to print, and no pass rests on
 * nothing: a format is given a view and nothing else, so none can forget any of it.
 */
import type { Counts } from '../../judge/counts.ts';
import type { CountedAs } from '../../judge/known-issues.ts';
import type { StepTimes } from '../../judge/times.ts';
import type { MismatchVerdict } from '../../model/verdict.ts';
import type { CheckRecord, RunRecord, ScenarioRecord, StepRecord } from '../../record/schema.ts';
import type { Fact } from '../text/block.ts';
import type { ForeignPolicyView, PolicyView } from './applied-policy.ts';
import type { View } from './harmless.ts';

export type { PolicyView };
/** Why podreach itself could not go on. */
export type FailureView = View<NonNullable<RunRecord['run']['error']>>;
/** A place in a scenario or policy file. */
export type LocationView = CheckView['declared'];
export type EnvironmentView = RunView['environment'];

/** How checks were watched after their scenarios had settled. */
export type WatchView = NonNullable<RunView['watch']>;

export interface RunView extends View<Omit<RunRecord, 'scenarios'>> {
  readonly scenarios: readonly ScenarioView[];
  /** Of all scenarios, in their order. */
  readonly checks: readonly CheckView[];
  /** Those that fail the run. */
  readonly mismatches: readonly Mismatch[];
  readonly counts: Counts;
  /** What the record stands for, whatever the process ended with. */
  readonly exitCode: number;
  /** Of the run in UTC, `YYYY-MM-DD`. */
  readonly day: string;
  /** When the watch ended, in milliseconds after it began; where it has not, the last that is known of it. 0 where there was none. */
  readonly watchEndMs: number;
  /** Whether the pods are still in place: an interrupted run cleans up whatever was asked for. */
  readonly keepsPods: boolean;
}

export interface ScenarioView
  extends View<Omit<ScenarioRecord, 'namespaces' | 'pods' | 'policies' | 'foreignPolicies' | 'steps'>> {
  readonly run: RunView;
  /** In their order. */
  readonly steps: readonly StepView[];
  /** Whether it goes on after its first step: only then is it said of which step something is told. */
  readonly hasSteps: boolean;
  /** All that there were at any time. */
  readonly namespaces: StepView['namespaces'];
  /** All that there were at any time, each as it was at first. */
  readonly pods: readonly PodView[];
  /** All that were applied at any time, in each of their forms. */
  readonly policies: readonly PolicyView[];
  /** Those of other kinds, which stood through all steps. */
  readonly foreignPolicies: readonly ForeignPolicyView[];
  /** Of all steps, in their order. */
  readonly checks: readonly CheckView[];
  /** Those that fail the run. */
  readonly mismatches: readonly Mismatch[];
  readonly counts: Counts;
}

/** A state of the cluster, how it was reached, and what was seen in it. */
export interface StepView
  extends View<Omit<StepRecord, 'namespaces' | 'pods' | 'policies' | 'checks' | 'actions' | 'force'>> {
  readonly scenario: ScenarioView;
  /** Counts from 1. */
  readonly number: number;
  /** `step 2 (monitoring is let in)`, `step 1` */
  readonly title: string;
  /** Its name, or `first step`: stays the same when a step is put before it. */
  readonly label: string;
  /** None of the first. */
  readonly actions: readonly ActionView[];
  /** How far its actions came. The first has none: they are done. */
  readonly stage: 'not-begun' | 'cut-short' | 'done';
  /** What there is in it. */
  readonly namespaces: View<ScenarioRecord['namespaces']>;
  readonly pods: readonly PodView[];
  readonly policies: readonly PolicyView[];
  /** By `namespace/name`. */
  readonly policyOf: ReadonlyMap<string, PolicyView>;
  /** When each node showed that it had taken up the policies, by its markers. */
  readonly force: View<NonNullable<StepRecord['force']>>;
  readonly checks: readonly CheckView[];
  /** Those that fail the run. */
  readonly mismatches: readonly Mismatch[];
  readonly counts: Counts;
  readonly times: StepTimes;
  /** Checks of the step before whose pods are gone. */
  readonly gone: number;
}

/** What a step did to the cluster. */
export type ActionView = View<NonNullable<StepRecord['actions']>[number]>;

export interface PodView extends View<ScenarioRecord['pods'][number]> {
  /** `namespace/name` */
  readonly key: string;
}

export interface CheckView extends View<CheckRecord> {
  readonly scenario: ScenarioView;
  readonly step: StepView;
  /** `shop/web → shop/db:5432/TCP (postgres)` */
  readonly pair: string;
  /** The same; where the scenario goes on in steps, with that of the check: `… in step 2 (monitoring is let in)`. */
  readonly title: string;
  /** What is expected of it that was not in the step before; `new`: it was not there. Undefined in the first step. */
  readonly change: 'opens' | 'closes' | 'new' | undefined;
  /** Which of the times of its step it counts for: it was to be cut off, or to be opened. */
  readonly timed: keyof StepTimes | undefined;
  /** The pods of both ends; undefined where the step does not hold them. */
  readonly source: PodView | undefined;
  readonly destination: PodView | undefined;
  /** The node of its destination, or of all pods behind its Service; undefined where they are on several. */
  readonly toNode: string | undefined;
  /** Its verdict or, for a mismatch that does not fail the run, `known`. */
  readonly countsAs: CountedAs | undefined;
  /** What excuses it; undefined where it fails the run, or is none. */
  readonly known: KnownIssueView | undefined;
  /** What would have excused it, had it not expired. */
  readonly wasKnown: KnownIssueView | undefined;
  /** How many attempts under the policies did not show what is expected. */
  readonly contrary: number;
  /** Whether it connected when the policies had been taken away. */
  readonly hasReconnected: boolean;
  /** The number of the first later step in which the same pods connected. */
  readonly connectedLater: number | undefined;
  /** The command line that shows it again, or why there is none; made when it is asked for, as few of many are. */
  readonly reproduce: () => Fact;
}

/** A mismatch that somebody answers for. */
export type KnownIssueView = View<NonNullable<ScenarioRecord['knownIssues']>[number]>;

/** A check that did not turn out as expected. */
export type Mismatch = CheckView & { readonly verdict: MismatchVerdict };
