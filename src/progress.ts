/** What a run tells while it goes. Emitted by `run/`, shown by `report/progress/`; a library user may listen as well. */

import type { TryingPhase } from './model/attempt.ts';
import type { Action } from './model/step.ts';
import type { UpgradePart } from './model/upgrade.ts';
import type { Verdict } from './model/verdict.ts';
import type { WindowKind } from './model/window.ts';
import type { Phase, RunRecord, ScenarioRecord } from './record/schema.ts';

/** What has pods and rounds to tell beside scenarios. */
export const OUTPOSTS = 'outposts';
export const CANARY = 'canary';

export type ProgressEvent =
  /** One of the runs of an upgrade begins. */
  | {
      readonly type: 'part-started';
      readonly part: UpgradePart;
      /** Counted from 1. */
      readonly number: number;
      readonly total: number;
    }
  | { readonly type: 'cluster-starting'; readonly cluster: string }
  | {
      readonly type: 'cluster-ready';
      readonly cluster: string;
      readonly server: string;
      readonly durationMs: number;
    }
  | { readonly type: 'cluster-stopping'; readonly cluster: string }
  /** Whether nodes enforce policies is about to be proven, beside the first scenarios. */
  | { readonly type: 'canary-started'; readonly nodes: number }
  /** Every node enforces policies; the slowest took so long. */
  | { readonly type: 'canary-ended'; readonly nodes: number; readonly enforcedMs: number }
  | {
      readonly type: 'scenario-started';
      readonly scenario: string;
      /** Counted from 1. */
      readonly index: number;
      readonly total: number;
      readonly pods: number;
      readonly checks: number;
    }
  | {
      readonly type: 'phase-started';
      readonly scenario: string;
      /** The name of the step that it is part of; absent for the first, and for what belongs to none. */
      readonly step?: string;
      /** What that step does to the cluster; absent where it is absent. */
      readonly actions?: readonly Action[];
      readonly phase: Phase;
    }
  | {
      readonly type: 'pods-ready';
      readonly scenario: string;
      readonly ready: number;
      readonly total: number;
      /** What keeps the others, such as `shop/db: Pending (ContainerCreating)`; at most a few. */
      readonly waitingFor: readonly string[];
    }
  | {
      readonly type: 'round-ended';
      readonly scenario: string;
      /** As for `phase-started`. */
      readonly step?: string;
      readonly phase: Exclude<TryingPhase, 'turn'>;
      readonly round: number;
      /** Checks that need no further round of this phase. */
      readonly settled: number;
      readonly total: number;
    }
  | {
      readonly type: 'scenario-ended';
      readonly scenario: string;
      readonly status: ScenarioRecord['status'];
      /** Of how many checks; those that are known count as that, and as no verdict. */
      readonly verdicts: Readonly<Record<Verdict | 'known', number>>;
      readonly durationMs: number;
      readonly error?: NonNullable<RunRecord['run']['error']>;
    }
  /** All scenarios stand, and their checks are tried again and again from now on. */
  | {
      readonly type: 'watch-began';
      readonly checks: number;
      readonly everyMs: number;
      /** Why so often, as a clause; absent: the user has said so. */
      readonly why?: string;
      /** How long it is to take; absent: until something ends it. */
      readonly forMs?: number;
    }
  | {
      readonly type: 'watch-goes-on';
      readonly elapsedMs: number;
      readonly forMs?: number;
      /** How many attempts podreach has heard of. */
      readonly attempts: number;
      /** How many windows are open, by their kind. */
      readonly open: Readonly<Record<WindowKind, number>>;
      /** Whether it has just heard of more. */
      readonly hasCollected: boolean;
    }
  /** Checks have had a window that was not told of before. */
  | {
      readonly type: 'windows-seen';
      readonly kind: Exclude<WindowKind, 'unknown'>;
      /** When the first of them began, after the watch did. */
      readonly atMs: number;
      /** Of which checks. */
      readonly checks: string;
      /** Which new pod saw them, and how old it was; absent: the pods that are there all the time. */
      readonly by?: string;
    }
  /** Something happened in the cluster, or the command of the user did. */
  | { readonly type: 'incident'; readonly atMs: number; readonly text: string }
  /** Something that the command of the user has printed. */
  | { readonly type: 'command-line'; readonly text: string }
  /** It is over: what is left is collected. */
  | { readonly type: 'watch-ending' }
  /** All scenarios have their verdicts; what they have created is still being taken away. */
  | { readonly type: 'cleaning-up' }
  /** Anything else that a person should hear of at once. */
  | { readonly type: 'note'; readonly text: string };

export type ProgressListener = (event: ProgressEvent) => void;
