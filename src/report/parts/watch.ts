/** The watch of a run: how long, how often, what happened meanwhile, and what it came to. */
import { WINDOW_KINDS, type WindowKind } from '../../model/window.ts';
import { shellCommand } from '../../shell.ts';
import type { Fact } from '../text/block.ts';
import { count, duration, formatNumber } from '../text/text.ts';
import type { RunView, WatchView } from '../view/view.ts';
import { groupWindows, type WindowGroup } from '../view/window-groups.ts';
import { secondOf } from './clock.ts';
import { summariseHeld } from './held.ts';
import { describeNewPods } from './new-pods.ts';
import { describeWindowGroup } from './windows.ts';

const ENDED_BY = {
  time: 'its time was over',
  command: 'the command had ended',
  signal: 'it was told to end',
} as const satisfies Readonly<Record<NonNullable<WatchView['endedBy']>, string>>;

/** How long and how often, the command, what it came to, and how much of what was due was made. */
export function watchFacts(view: RunView): Fact[] {
  const { watch, watchEndMs, checks } = view;
  if (watch === undefined) return [];
  return [
    { label: 'watched', text: describeSpan(watch) },
    { label: 'every', text: `${duration(watch.everyMs)}${watch.why === undefined ? '' : `: ${watch.why}`}` },
    ...commandFacts(view),
    { label: 'windows', text: describeWindows(view) },
    { label: 'allowed', text: describeBudgets(watch) },
    ...fact('new pods', watch.churn && describeNewPods(watch.churn)),
    ...fact('held', summariseHeld(checks, watchEndMs)),
    { label: 'attempts', text: describeAttemptsOf(watch) },
    { label: 'stalls', text: describeStalls(watch) },
  ];
}

/** Where it was cut off before the first collection, nobody knows anything of it. */
function isUnheard({ durationMs, attempts }: WatchView): boolean {
  return durationMs === undefined && attempts.collected === 0;
}

function describeStalls(watch: WatchView): string {
  if (isUnheard(watch)) return 'not known';
  return watch.longestStallMs === 0
    ? 'none: every agent ran all the time'
    : `${duration(watch.longestStallMs)}, the longest in which an agent did not run`;
}

/** `for 12 min 30 s from 2026-11-20 02:00:10 UTC, until the command had ended` */
function describeSpan(watch: WatchView): string {
  const { startedAt, durationMs, endedBy } = watch;
  const from = `from ${startedAt.slice(0, 19).replace('T', ' ')} UTC`;
  if (durationMs === undefined) return `${from}: it did not come to its end`;
  return `for ${duration(durationMs)} ${from}, until ${endedBy === undefined ? 'it was cut off' : ENDED_BY[endedBy]}`;
}

/** `2 leaks and 1 gap, unknown at times, on 8 of 72 checks`; that there is none is said too. */
export function describeWindows(view: RunView): string {
  const watched = view.checks.filter((check) => check.watched !== undefined);
  const affected = watched.filter((check) => check.watched?.windows.length !== 0);
  if (watched.length === 0) return 'not known: nothing was heard of any check';
  if (affected.length === 0) return `no window on ${count(watched.length, 'check')}`;
  const windows = affected.flatMap((check) => check.watched?.windows ?? []);
  const counts = WINDOW_KINDS.flatMap((kind) => {
    const number = windows.filter((window) => window.kind === kind).length;
    return number === 0 ? [] : [countKind(kind, number)];
  });
  return `${counts.join(', ')} on ${formatNumber(affected.length)} of ${count(watched.length, 'check')}`;
}

/** `1 leak`, `2 gaps`, `3 unknown` */
export function countKind(kind: WindowKind, number: number): string {
  return kind === 'unknown' ? `${formatNumber(number)} unknown` : count(number, kind);
}

function describeBudgets({ budgets: { maxLeakMs, maxGapMs, maxUnknown } }: WatchView): string {
  return [
    maxLeakMs === 0 ? 'no leak' : `leaks of ${duration(maxLeakMs)}`,
    maxGapMs === undefined ? 'no gap' : `gaps of ${duration(maxGapMs)}`,
    `unknown for ${Math.round(maxUnknown * 1000) / 10} % of the time`,
  ].join(', ');
}

/** `41,230 due, all made and collected`; `41,230 due, 41,190 made, 41,100 collected` */
function describeAttemptsOf(watch: WatchView): string {
  if (isUnheard(watch)) return 'none was heard of';
  const { due, made, collected } = watch.attempts;
  return due === made && made === collected
    ? `${formatNumber(due)} due, all of them made and collected`
    : `${formatNumber(due)} due, ${formatNumber(made)} made, ${formatNumber(collected)} collected`;
}

/** Its line, and how it ended; none where there was no command. */
export function commandFacts({ watch }: RunView): Fact[] {
  const command = watch?.command;
  if (watch === undefined || command === undefined) return [];
  return [
    { label: 'command', text: shellCommand(command.line), isCommand: true },
    { label: 'ended', text: describeCommandEnd(watch, command) },
  ];
}

/** `at 02:05:10 UTC after 4 min 40 s, with exit code 0`; `… : it exited with 3` where it failed. */
export function describeCommandEnd(watch: WatchView, command: NonNullable<WatchView['command']>): string {
  const { startedMs, endedMs, exitCode, failure } = command;
  const how =
    failure === undefined ? (exitCode === undefined ? '' : `, with exit code ${exitCode}`) : `: ${failure}`;
  return endedMs === undefined
    ? `it had not ended when the watch did${how}`
    : `at ${secondOf(watch, endedMs)} after ${duration(endedMs - startedMs)}${how}`;
}

/** `the command failed: it exited with 3`; undefined where it did not, or there was none. */
export function describeCommandFailure({ watch }: RunView): string | undefined {
  const failure = watch?.command?.failure;
  return failure === undefined
    ? undefined
    : `the command that was run while checks were watched failed: ${failure}`;
}

export interface WindowLine {
  /** When it began. */
  readonly at: string;
  readonly text: string;
  readonly group: WindowGroup;
}

/** A line for each group of windows, the most dangerous first. */
export function windowLines(view: RunView): WindowLine[] {
  const { watch } = view;
  if (watch === undefined) return [];
  return groupWindows(view).map((group) => ({
    at: secondOf(watch, group.began.latestMs),
    text: describeWindowGroup(group),
    group,
  }));
}

/** `02:14:05 UTC: calico-node on node-2 restarted`, in the order of time. */
export function incidentLines({ watch }: RunView): string[] {
  return watch?.incidents.map(({ atMs, text }) => `${secondOf(watch, atMs)}: ${text}`) ?? [];
}

/**
 * All of it in lines, for formats that know no watches; none where there was none.
 * @param most groups of windows and incidents are told, each
 */
export function watchLines(view: RunView, most: number): string[] {
  if (view.watch === undefined) return [];
  const facts = watchFacts(view).map(({ label, text }) => `${label}: ${text}`);
  const windows = windowLines(view).map(({ at, text }) => `${at}: ${text}`);
  return [...facts, ...firstOf(windows, most), ...firstOf(incidentLines(view), most)];
}

function firstOf(lines: readonly string[], most: number): string[] {
  const left = lines.length - most;
  return [...lines.slice(0, most), ...(left > 0 ? [`and ${formatNumber(left)} more`] : [])];
}

function fact(label: string, text: string | undefined): Fact[] {
  return text === undefined ? [] : [{ label, text }];
}
