/**
 * What a new pod saw of one check from its process's first millisecond, in ages: milliseconds after the process began. Pure. Ages are told by
 * the one clock of the pod's node, so they are exact: only the distance of attempts makes them uncertain.
 *
 * To have a pod do this: give its `WantedPod` a `firstInstantRequest`, and collect it with a `PodWatch` of the same request once it runs.
 */
import type { Dark, WatchedStretch } from '../../judge/windows/track.ts';
import { windowsOf } from '../../judge/windows/windows.ts';
import type { Expectation } from '../../model/check.ts';
import type { Edge, Window } from '../../model/window.ts';
import type { Heard } from '../watching/heard.ts';
import { linkDark, sourceDark } from '../watching/tracks.ts';

/** One check of a new pod, and what there is to know of it. All times as in `heard`. */
export interface NewPodCheck {
  /** The new pod: `namespace/name`. */
  readonly key: string;
  readonly heard: Heard;
  /** The id of the check among its targets. */
  readonly target: number;
  readonly expected: Expectation;
  /** Where any of several pods answers, and each must: so many connections in a row meet them all. Absent: one is enough. */
  readonly connections?: number;
  /** When the destination was not known to listen. */
  readonly destination: readonly Dark[];
  /** When the way between both nodes, or the link of the destination, was not known to work. */
  readonly way: readonly Dark[];
}

export interface FirstInstantRules {
  /** As the agent was asked. */
  readonly everyMs: number;
  /** How old a pod may become until all that must be reachable is. */
  readonly withinMs: number;
}

/** All times are ages. */
export interface FirstInstant {
  /** Of how many attempts it told. */
  readonly attempts: number;
  /** When it dialled first: what was before, nobody could see. Absent: it never did. */
  readonly triedMs?: number;
  /** How old the process was when it told. */
  readonly endMs: number;
  /**
   * Of what must be reachable: when it had come to be, and stayed so for as long as that may take. Absent: it did not, or nobody could tell when.
   */
  readonly allowed?: Edge;
  /**
   * `leak`: an attempt connected that must not. `gap`: what must be reachable was not within its time, or was cut off after that. `unknown`:
   * nobody could tell. Those that had not ended when the pod told last have no end.
   */
  readonly windows: readonly Window[];
}

export function firstInstantOf(check: NewPodCheck, { everyMs, withinMs }: FirstInstantRules): FirstInstant {
  const { key, heard, target, expected, connections } = check;
  const { processMs, clockMs, span } = heard;
  const endMs = Math.max(0, span.toMs - processMs);
  const stretches = heard
    .stretchesOf(target)
    .map((one) => ({ ...one, firstMs: one.firstMs - processMs, lastMs: one.lastMs - processMs }));
  /** @param offMs by so much they may be off, as seen from this pod */
  const inAges = (times: readonly Dark[], offMs: number): readonly Dark[] =>
    times.map(({ fromMs, toMs, why }) => ({
      fromMs: fromMs - processMs - offMs,
      toMs: toMs - processMs + offMs,
      why,
    }));
  const pod = { key, agents: [heard] };
  const track = {
    stretches,
    clockMs: 0,
    dark: {
      source: inAges(sourceDark(pod), 0),
      destination: inAges(check.destination, clockMs),
      way: [
        ...inAges(linkDark(pod, { fromMs: processMs, toMs: span.toMs }), 0),
        ...inAges(check.way, clockMs),
      ],
    },
  };
  const [first] = stretches;
  const windows = windowsOf(expected, track, { everyMs, endMs }).filter(
    (window) => !isStarting(window, first?.firstMs),
  );
  return {
    attempts: stretches.reduce((sum, { count }) => sum + count, 0),
    ...(first === undefined ? {} : { triedMs: first.firstMs }),
    endMs,
    ...(expected === 'unreachable'
      ? { windows }
      : comingUp(windows, stretches, { connections, withinMs, endMs })),
  };
}

/** So long an agent may take on a busy node until it dials first: `triedMs` tells it. */
const STARTING_MS = 1_000;

/** Before an agent dials first nobody could see anything: that it starts is no doubt about what it saw then. */
function isStarting({ kind, ended }: Window, triedMs = Number.POSITIVE_INFINITY): boolean {
  return kind === 'unknown' && triedMs <= STARTING_MS && ended !== undefined && ended.earliestMs <= triedMs;
}

const TOO_SHORT = 'the pod was not there for as long as it may take';

/** What must be reachable may not be at first: that is no gap as long as it comes in time. */
function comingUp(
  windows: readonly Window[],
  stretches: readonly WatchedStretch[],
  {
    connections,
    withinMs,
    endMs,
  }: { readonly connections: number | undefined; readonly withinMs: number; readonly endMs: number },
): Pick<FirstInstant, 'allowed' | 'windows'> {
  const isEarly = ({ kind, began }: Window): boolean => kind === 'gap' && began.latestMs <= withinMs;
  const isInTime = (window: Window): boolean =>
    isEarly(window) && (window.ended?.earliestMs ?? endMs) <= withinMs;
  const last = windows.findLast(isEarly);
  const anyAllowed = last === undefined ? firstConnected(stretches) : last.ended;
  const allowed =
    anyAllowed === undefined || connections === undefined
      ? anyAllowed
      : byEach(anyAllowed, stretches, connections);
  const isTold =
    allowed !== undefined &&
    !windows.some(
      ({ kind, began, ended }) =>
        kind === 'unknown' &&
        began.latestMs < allowed.latestMs &&
        (ended?.earliestMs ?? endMs) > allowed.earliestMs,
    );
  return {
    ...(isTold ? { allowed } : {}),
    windows: [
      ...windows.flatMap((window) => {
        if (!isInTime(window)) return [window];
        if (window.ended !== undefined) return [];
        const { began, attempts } = window;
        return [{ kind: 'unknown', began, attempts, why: TOO_SHORT } as const];
      }),
      ...(anyAllowed !== undefined && allowed === undefined
        ? [{ kind: 'unknown', began: anyAllowed, attempts: 0, why: TOO_SHORT } as const]
        : []),
    ],
  };
}

/**
 * When each of several pods had let it through, where it is known when any had: they answer by chance, and the first connections may have missed
 * one. Undefined where there were too few in a row to tell.
 */
function byEach(any: Edge, stretches: readonly WatchedStretch[], connections: number): Edge | undefined {
  let count = 0;
  for (const { outcome, firstMs, lastMs, mostApartMs, firstTookMs, lastTookMs, ...stretch } of stretches) {
    if (outcome !== 'connected') {
      count = 0;
      continue;
    }
    const missing = connections - count;
    count += stretch.count;
    if (count < connections || lastMs <= any.earliestMs) continue;
    const metMs = Math.min(lastMs, firstMs + (missing - 1) * mostApartMs) + Math.max(firstTookMs, lastTookMs);
    return { earliestMs: any.earliestMs, latestMs: Math.max(any.latestMs, metMs) };
  }
  return undefined;
}

/** When it connected first, as well as attempts can tell. */
function firstConnected(stretches: readonly WatchedStretch[]): Edge | undefined {
  const index = stretches.findIndex(({ outcome }) => outcome === 'connected');
  const found = stretches[index];
  if (found === undefined) return undefined;
  return {
    earliestMs: stretches[index - 1]?.lastMs ?? 0,
    latestMs: found.firstMs + found.firstTookMs,
  };
}
