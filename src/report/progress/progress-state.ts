/** What a run is doing right now, followed from its events. Pure: an event makes a new state of the last one. */

import { type Action, type ActionKind, whatIn } from '../../model/step.ts';
import type { UpgradePart } from '../../model/upgrade.ts';
import { WINDOW_KINDS, type WindowKind } from '../../model/window.ts';
import { CANARY, OUTPOSTS, type ProgressEvent } from '../../progress.ts';
import type { Phase } from '../../record/schema.ts';
import { groupBy } from '../parts/group.ts';
import { count, duration, formatNumber } from '../text/text.ts';

export interface ProgressState {
  /** What happens to the cluster before the first scenario and after the last; empty in between. */
  readonly cluster: string;
  readonly total: number;
  readonly ended: number;
  /** What each running scenario is doing, by its name. */
  readonly running: ReadonlyMap<string, string>;
}

export const BEGINNING: ProgressState = { cluster: '', total: 0, ended: 0, running: new Map() };

const PHASES: Readonly<Record<Phase, string>> = {
  provision: 'starting pods',
  control: 'connecting every pair without policies',
  apply: 'applying policies',
  settle: 'waiting for the policies to take effect',
  observe: 'looking once more',
  watch: 'watching',
  closing: 'taking the policies away, and connecting what was cut off',
  cleanup: 'cleaning up',
};

const ACTING: Readonly<Record<ActionKind, string>> = {
  apply: 'applying',
  delete: 'deleting',
  label: 'labelling',
  create: 'creating',
  remove: 'removing',
  replace: 'replacing',
};

/** Of more objects of one kind of action, only how many there are. */
const OBJECTS_NAMED = 3;

/** `labelling namespace/monitoring, replacing shop/web and 4 more` */
function describeActing(actions: readonly Action[]): string {
  if (actions.length === 0) return 'nothing to do: only what is expected changes';
  return groupBy(actions, ({ kind }) => kind)
    .flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const named = group.slice(0, OBJECTS_NAMED).map(({ object }) => object);
      const left = group.length - named.length;
      return [
        `${ACTING[first.kind]} ${named.join(', ')}${left > 0 ? ` and ${formatNumber(left)} more` : ''}`,
      ];
    })
    .join(', ');
}

/** What a phase does; in a step that acts, policies are but one thing that may change. */
function describePhase(phase: Phase, actions: readonly Action[] | undefined): string {
  if (actions !== undefined && phase === 'apply') return describeActing(actions);
  if (actions !== undefined && phase === 'settle' && whatIn({ actions }) === 'changes')
    return 'waiting for the changes to take effect';
  return PHASES[phase];
}

/** The state after an event. */
export function advance(state: ProgressState, event: ProgressEvent): ProgressState {
  switch (event.type) {
    case 'part-started':
      return { ...BEGINNING, cluster: describeEvent(event) };
    case 'cluster-starting':
    case 'cluster-ready':
    case 'cluster-stopping':
    case 'cleaning-up':
    case 'watch-began':
    case 'watch-goes-on':
    case 'watch-ending':
      return { ...state, cluster: describeEvent(event), running: new Map() };
    case 'scenario-started':
      return {
        ...state,
        cluster: '',
        total: event.total,
        running: withScenario(state, event.scenario, describeEvent(event)),
      };
    case 'phase-started':
    case 'pods-ready':
    case 'round-ended':
      return {
        ...state,
        cluster: '',
        running: withScenario(state, event.scenario, describeEvent(event)),
      };
    case 'scenario-ended':
      return {
        ...state,
        ended: state.ended + 1,
        running: without(state, event.scenario),
      };
    case 'canary-ended':
      return { ...state, running: without(state, OUTPOSTS, CANARY) };
    case 'canary-started':
    case 'windows-seen':
    case 'incident':
    case 'command-line':
    case 'note':
      return state;
  }
}

function withScenario(
  { running }: ProgressState,
  scenario: string,
  doing: string,
): ReadonlyMap<string, string> {
  return new Map([...running, [scenario, doing]]);
}

function without({ running }: ProgressState, ...names: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...running].filter(([name]) => !names.includes(name)));
}

/** One line, the most telling first: `1 of 3 done, three-tier: 45 of 72 checks settled (round 4)`. */
export function describeState({ cluster, total, ended, running }: ProgressState): string {
  if (cluster !== '') return cluster;
  const done = total > 1 ? [`${ended} of ${total} done`] : [];
  const doing = [...running].map(([scenario, what]) => `${scenario}: ${what}`).join('; ');
  return [...done, ...(doing === '' ? [] : [doing])].join(', ');
}

/** What an event says of its scenario or its cluster, without their names. */
export function describeEvent(
  event: Exclude<ProgressEvent, { type: 'scenario-ended' | 'command-line' | 'note' }>,
): string {
  switch (event.type) {
    case 'part-started':
      return `part ${event.number} of ${event.total}: ${PARTS[event.part]}`;
    case 'cluster-starting':
      return `starting the cluster (${event.cluster})`;
    case 'cluster-ready':
      return `the cluster (${event.cluster}) is ready`;
    case 'cluster-stopping':
      return `stopping the cluster (${event.cluster})`;
    case 'cleaning-up':
      return 'cleaning up';
    case 'watch-began': {
      const { checks, everyMs, why, forMs } = event;
      const long = forMs === undefined ? '' : ` for ${duration(forMs)}`;
      return `watching ${count(checks, 'check')}, each every ${duration(everyMs)}${why === undefined ? '' : ` (${why})`}${long}`;
    }
    case 'watch-goes-on': {
      const { elapsedMs, forMs, attempts, open } = event;
      const long = forMs === undefined ? '' : ` of ${duration(forMs)}`;
      const windows = WINDOW_KINDS.filter((kind) => open[kind] > 0).map((kind) =>
        OPEN_WORDS[kind](open[kind]),
      );
      const now = windows.length === 0 ? '' : `; now ${windows.join(', ')}`;
      return `watched for ${duration(elapsedMs)}${long}, ${count(attempts, 'attempt')}${now}`;
    }
    case 'windows-seen':
      return `after ${duration(event.atMs)}: ${SEEN_WORDS[event.kind]}: ${event.checks}${event.by === undefined ? '' : `, seen by ${event.by}`}`;
    case 'watch-ending':
      return 'the watch is over: collecting what is left';
    case 'incident':
      return `after ${duration(event.atMs)}: ${event.text}`;
    case 'canary-started':
      return `proving that policies are enforced, on ${count(event.nodes, 'node')}`;
    case 'canary-ended':
      return `policies are enforced on ${count(event.nodes, 'node')}, after ${duration(event.enforcedMs)} at the latest`;
    case 'scenario-started':
      return `${count(event.pods, 'pod')}, ${count(event.checks, 'check')}`;
    case 'phase-started':
      return inStep(event, describePhase(event.phase, event.actions));
    case 'pods-ready': {
      const waiting = event.waitingFor.length === 0 ? '' : `, waiting for ${event.waitingFor.join(', ')}`;
      return `${formatNumber(event.ready)} of ${count(event.total, 'pod')} ready${waiting}`;
    }
    case 'round-ended':
      return inStep(
        event,
        `${formatNumber(event.settled)} of ${count(event.total, 'check')} ${ROUND_WORDS[event.phase]} (round ${event.round})`,
      );
  }
}

function inStep({ step }: { readonly step?: string }, text: string): string {
  return step === undefined ? text : `${step}: ${text}`;
}

const PARTS: Readonly<Record<UpgradePart, string>> = {
  before: 'before the upgrade',
  during: 'while the upgrade goes on',
  after: 'after the upgrade',
};

const SEEN_WORDS = { leak: 'open, and should not be', gap: 'cut off, and should not be' } as const;

/** What windows that are open say of so many checks. */
const OPEN_WORDS: Readonly<Record<WindowKind, (checks: number) => string>> = {
  leak: (checks) => `${count(checks, 'check')} open that should not be`,
  gap: (checks) => `${count(checks, 'check')} cut off that should not be`,
  unknown: (checks) => `of ${count(checks, 'check')} nobody can tell`,
};

const ROUND_WORDS = {
  control: 'connected without policies',
  settle: 'settled',
  observe: 'seen once more',
  closing: 'connected again without policies',
} as const;
