/** What a new pod saw of a check from its process's first millisecond on, in words, and what that makes of the verdict. */
import { duration } from '../duration.ts';
import type { Edge } from '../model/window.ts';
import type { CheckRecord } from '../record/schema.ts';
import type { Judgement } from './judge.ts';
import { type Spread, spreadOf } from './times.ts';

type YoungCheck = Pick<CheckRecord, 'from' | 'expected' | 'firstInstant'>;
type SeenFirst = NonNullable<CheckRecord['firstInstant']>;
type AgedWindow = SeenFirst['windows'][number];

export interface FirstInstantLimits {
  /** The budget of its step, as an age of the pod. */
  readonly withinMs?: number | undefined;
  /** Why what the pod saw is not about what its step expects, as a clause. */
  readonly doubt?: string | undefined;
}

/**
 * What nobody can tell about makes a pass `inconclusive`. Otherwise the first rule that fits counts:
 *
 * 1. A leak: `leaked`, whatever came later. A connection that was made then may last.
 * 2. It did not pass otherwise: it keeps its verdict.
 * 3. A gap: `broken`.
 * 4. What must be reachable had not come to be within the budget of its step: `late`; or may not have: `inconclusive`.
 * 5. Nobody could tell, be it for a time: `inconclusive`.
 */
export function withFirstInstant(
  judged: Judgement,
  check: YoungCheck,
  { withinMs = Number.POSITIVE_INFINITY, doubt }: FirstInstantLimits,
): Judgement {
  const { from, expected, firstInstant } = check;
  if (firstInstant === undefined) return judged;
  if (doubt !== undefined)
    return judged.verdict === 'pass' ? { ...judged, verdict: 'inconclusive', reason: doubt } : judged;
  const { allowed } = firstInstant;
  const leak = windowOf(firstInstant, 'leak');
  if (leak !== undefined) {
    return judged.verdict === 'leaked'
      ? judged
      : { ...judged, verdict: 'leaked', reason: `it was ${describeLeak(leak, firstInstant, from)}` };
  }
  if (judged.verdict !== 'pass') return judged;
  const gap = windowOf(firstInstant, 'gap');
  if (gap !== undefined)
    return { ...judged, verdict: 'broken', reason: `it was ${describeGap(gap, firstInstant, from)}` };
  if (expected === 'reachable' && allowed !== undefined) {
    if (allowed.latestMs <= withinMs) return judged;
    const reason = `it was let through ${describeAge(allowed)} after the first millisecond of ${from}, and its step gives it ${duration(withinMs)}`;
    return allowed.earliestMs > withinMs
      ? { ...judged, verdict: 'late', reason }
      : { ...judged, verdict: 'inconclusive', reason: `${reason}: attempts are too far apart to tell` };
  }
  const reason = whyUnseen(firstInstant, from);
  return reason === undefined ? judged : { ...judged, verdict: 'inconclusive', reason };
}

/** Why nobody can tell what a pod saw at first; undefined where all of it was seen. */
function whyUnseen({ attempts, windows, endMs, triedMs = 0 }: SeenFirst, from: string): string | undefined {
  const unknown = windows.filter(({ kind }) => kind === 'unknown');
  const [first] = unknown;
  if (first === undefined)
    return attempts === 0 ? `what ${from} saw at first is not known: nothing was heard of it` : undefined;
  const { began, ended, why = 'nothing was heard of it' } = first;
  if (attempts === 0) return `what ${from} saw at first is not known: ${why}`;
  const until = ended?.latestMs ?? endMs;
  return began.earliestMs === 0 && until <= triedMs + 1
    ? `what ${from} saw before it was ${age(triedMs, Math.round)} old is not known: ${why}`
    : `what ${from} saw when it was ${describeAge({ earliestMs: began.earliestMs, latestMs: until })} old is not known: ${why}`;
}

/** `open for the first 370 to 422 ms of shop/late, 7 attempts connected` */
export function describeLeak(window: AgedWindow, { endMs }: SeenFirst, from: string): string {
  const { began, ended, attempts, outcome, detail } = window;
  const shown = detail === undefined ? outcome : `${outcome}: ${detail}`;
  const did = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} ${outcome === 'connected' ? 'connected' : `got through (${shown})`}`;
  if (began.earliestMs > 0) return `open ${between(window, endMs, from)}, ${did}`;
  return ended === undefined
    ? `open from the first instant of ${from} on, until it was asked last, ${age(endMs, Math.floor)} old, ${did}`
    : `open for the first ${describeAge(ended)} of ${from}, ${did}`;
}

function describeGap(window: AgedWindow, { endMs }: SeenFirst, from: string): string {
  const { attempts, outcome } = window;
  return `cut off ${between(window, endMs, from)}, ${attempts} attempts failed (${outcome})`;
}

/** `when shop/late was 370 to 422 ms old, until it was 1.20 to 1.26 s old` */
function between({ began, ended }: AgedWindow, endMs: number, from: string): string {
  const until =
    ended === undefined
      ? `it was asked last, ${age(endMs, Math.floor)} old`
      : `it was ${describeAge(ended)} old`;
  return `when ${from} was ${describeAge(began)} old, until ${until}`;
}

/** `370 to 422 ms`, `1.20 to 1.26 s`: rounded so that it says no more than is known. */
export function describeAge({ earliestMs, latestMs }: Edge): string {
  const [least, most] = [age(earliestMs, Math.floor), age(latestMs, Math.ceil)];
  if (earliestMs <= 0) return `up to ${most}`;
  if (least === most) return most;
  const [number = '', unit] = least.split(' ');
  return `${most.endsWith(` ${unit}`) ? number : least} to ${most}`;
}

/** In milliseconds below one second, and then in hundredths of a second. */
function age(ms: number, round: (number: number) => number): string {
  const whole = round(ms);
  return whole < 1000 ? `${whole} ms` : `${(round(ms / 10) / 100).toFixed(2)} s`;
}

function windowOf({ windows }: SeenFirst, kind: AgedWindow['kind']): AgedWindow | undefined {
  return windows.find((window) => window.kind === kind);
}

/** What became of the pairs of a step that are tried from the first instant. Worked out of the record, never stored in it. */
export interface FirstInstantTotals {
  /** What must be reachable: how old pods were at the latest when it was, the youngest first. */
  readonly reachable: {
    readonly concerned: number;
    readonly allowedMs: readonly number[];
    /** Absent where none was. */
    readonly spread?: Spread;
  };
  /** What must be unreachable: how many pairs there are, for how many it was open at some time, and of how many nobody can tell. */
  readonly unreachable: { readonly concerned: number; readonly open: number; readonly unknown: number };
}

/** Of the checks that were judged. @returns undefined where none is tried so */
export function firstInstantsOf(checks: readonly CheckRecord[]): FirstInstantTotals | undefined {
  const seen = checks.flatMap(({ expected, verdict, firstInstant }) =>
    firstInstant === undefined || verdict === undefined ? [] : [{ expected, ...firstInstant }],
  );
  if (seen.length === 0) return undefined;
  const [reachable, unreachable] = (['reachable', 'unreachable'] as const).map((expected) =>
    seen.filter((one) => one.expected === expected),
  ) as [typeof seen, typeof seen];
  const allowedMs = reachable
    .flatMap(({ allowed }) => allowed?.latestMs ?? [])
    .sort((one, other) => one - other);
  const spread = spreadOf(allowedMs);
  const open = unreachable.filter(({ windows }) => windows.some(({ kind }) => kind === 'leak'));
  const unknown = unreachable.filter(
    (one) =>
      !open.includes(one) && (one.attempts === 0 || one.windows.some(({ kind }) => kind === 'unknown')),
  );
  return {
    reachable: { concerned: reachable.length, allowedMs, ...(spread === undefined ? {} : { spread }) },
    unreachable: { concerned: unreachable.length, open: open.length, unknown: unknown.length },
  };
}
