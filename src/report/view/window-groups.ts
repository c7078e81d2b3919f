/** Windows of many checks that may well be one event: worked out of the record, never stored in it. */
import { type Edge, type Length, lengthOf, WINDOW_KINDS } from '../../model/window.ts';
import { greatest, least } from '../../numbers.ts';
import { type Feature, featuresOf, telling } from './features.ts';
import type { CheckView, RunView } from './view.ts';

export type WindowView = NonNullable<CheckView['watched']>['windows'][number];
export type IncidentView = NonNullable<RunView['watch']>['incidents'][number];

/** A window, and whose it is. */
export interface WatchedWindow {
  readonly check: CheckView;
  readonly window: WindowView;
}

/** Windows of one kind that may all have begun at one moment, and ended at one. */
export interface WindowGroup extends Pick<WindowView, 'kind' | 'why' | 'newPod'> {
  /** In the order of their checks. */
  readonly windows: readonly WatchedWindow[];
  readonly checks: readonly CheckView[];
  /** When all of them may have begun. */
  readonly began: Edge;
  /** Absent: they had not ended when the watch did. */
  readonly ended?: Edge;
  /** As one event. */
  readonly length: Length;
  /** Each by itself. */
  readonly shortest: Length;
  readonly longest: Length;
  /** What their checks have in common, and few others: `from node-2`. */
  readonly common: readonly string[];
  readonly incident?: IncidentView;
}

type WatchedRun = Pick<RunView, 'checks' | 'watch'>;

const FEATURES_TOLD = 2;
/** What more of all checks have than this tells nothing of a few. */
const MOST_HAVE = 2 / 3;

/** Leaks first, then gaps, then what is unknown, each in the order of time. What took `n` windows costs about `n log n`. */
export function groupWindows({ checks, watch }: WatchedRun): WindowGroup[] {
  if (watch === undefined) return [];
  const all = checks.flatMap((check) =>
    (check.watched?.windows ?? []).map((window): WatchedWindow => ({ check, window })),
  );
  const endMs =
    watch.durationMs ?? greatest([0, ...all.map(({ window }) => (window.ended ?? window.began).latestMs)]);
  const features = new Map(checks.map((check) => [check, featuresOf(check)]));
  const population = populationOf(features);
  const order = new Map(checks.map((check, index) => [check, index]));
  const orderOf = ({ check }: WatchedWindow): number => order.get(check) ?? 0;
  return partition(all)
    .flatMap((alike) => overlapping(alike, ({ window }) => window.began))
    .flatMap((alike) =>
      overlapping(alike, ({ window }) => window.ended ?? { earliestMs: endMs, latestMs: endMs }),
    )
    .map((windows) => groupOf(windows, { endMs, population, incidents: watch.incidents, orderOf, features }))
    .sort(
      (left, right) =>
        WINDOW_KINDS.indexOf(left.kind) - WINDOW_KINDS.indexOf(right.kind) ||
        left.began.latestMs - right.began.latestMs ||
        right.checks.length - left.checks.length,
    );
}

/** Those that say the same of themselves, whenever they were. */
function partition(all: readonly WatchedWindow[]): WatchedWindow[][] {
  const parts = new Map<string, WatchedWindow[]>();
  for (const one of all) {
    const { kind, why, incident, ended, newPod } = one.window;
    const key = JSON.stringify([kind, why, incident, ended === undefined, newPod?.pod]);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [one]);
    else part.push(one);
  }
  return [...parts.values()];
}

/** As few groups as there can be in which all edges share a moment: those that end first choose it. */
function overlapping(all: readonly WatchedWindow[], edgeOf: (one: WatchedWindow) => Edge): WatchedWindow[][] {
  const groups: WatchedWindow[][] = [];
  let sharedMs = Number.NEGATIVE_INFINITY;
  for (const one of all.toSorted((left, right) => edgeOf(left).latestMs - edgeOf(right).latestMs)) {
    const { earliestMs, latestMs } = edgeOf(one);
    const group = groups.at(-1);
    if (group !== undefined && earliestMs <= sharedMs) group.push(one);
    else {
      groups.push([one]);
      sharedMs = latestMs;
    }
  }
  return groups;
}

/** How many of the watched checks that can have a window of a kind have each feature. */
interface Population {
  readonly tested: number;
  readonly testedWith: ReadonlyMap<string, number>;
}

type Features = ReadonlyMap<CheckView, readonly Feature[]>;

function populationOf(features: Features): (kind: WindowView['kind']) => Population {
  const watched = [...features.keys()].filter((check) => check.watched !== undefined);
  const counted = (among: readonly CheckView[]): Population => {
    const testedWith = new Map<string, number>();
    for (const check of among)
      for (const { key } of features.get(check) ?? []) testedWith.set(key, (testedWith.get(key) ?? 0) + 1);
    return { tested: among.length, testedWith };
  };
  const leak = counted(watched.filter(({ expected }) => expected === 'unreachable'));
  const gap = counted(watched.filter(({ expected }) => expected === 'reachable'));
  const populations = { leak, gap, unknown: counted(watched) };
  return (kind) => populations[kind];
}

function groupOf(
  unordered: readonly WatchedWindow[],
  {
    endMs,
    population,
    incidents,
    orderOf,
    features,
  }: {
    readonly endMs: number;
    readonly population: ReturnType<typeof populationOf>;
    readonly incidents: readonly IncidentView[];
    readonly orderOf: (one: WatchedWindow) => number;
    readonly features: Features;
  },
): WindowGroup {
  const windows = unordered.toSorted(
    (left, right) =>
      orderOf(left) - orderOf(right) || left.window.began.latestMs - right.window.began.latestMs,
  );
  const checks = [...new Set(windows.map(({ check }) => check))];
  const [first] = windows;
  const { kind = 'unknown', why, incident: index } = first?.window ?? {};
  const began = shared(windows.map(({ window }) => window.began));
  const ends = windows.flatMap(({ window }) => window.ended ?? []);
  const ended = ends.length === 0 ? undefined : shared(ends);
  const lengths = windows.map(({ window }) => lengthOf(window, endMs));
  // Of a new pod, ages say more than times do: those of the check that was open, or cut off, for longest.
  const newPod = greatestOf(windows, ({ window }) => lengthOf(window, endMs).atMostMs)?.window.newPod;
  const whole = { began, ...(ended === undefined ? {} : { ended }) };
  const incident = index === undefined ? undefined : incidents[index];
  const extreme = (pick: (numbers: readonly number[]) => number): Length => ({
    atLeastMs: pick(lengths.map(({ atLeastMs }) => atLeastMs)),
    atMostMs: pick(lengths.map(({ atMostMs }) => atMostMs)),
  });
  return {
    kind,
    ...(why === undefined ? {} : { why }),
    windows,
    checks,
    ...whole,
    length: lengthOf({ ...whole, kind, attempts: 0, ...(newPod === undefined ? {} : { newPod }) }, endMs),
    shortest: extreme(least),
    longest: extreme(greatest),
    common: newPod === undefined ? commonOf(checks, features, population(kind)) : [],
    ...(newPod === undefined ? {} : { newPod }),
    ...(incident === undefined ? {} : { incident }),
  };
}

/** The one of which a number is greatest. */
function greatestOf<Item>(items: readonly Item[], numberOf: (item: Item) => number): Item | undefined {
  const most = greatest(items.map(numberOf));
  return items.find((item) => numberOf(item) === most);
}

/** The moment that edges share, as well as it is known. */
function shared(edges: readonly Edge[]): Edge {
  return {
    earliestMs: greatest(edges.map(({ earliestMs }) => earliestMs)),
    latestMs: least(edges.map(({ latestMs }) => latestMs)),
  };
}

function commonOf(
  checks: readonly CheckView[],
  features: Features,
  { tested, testedWith }: Population,
): string[] {
  const [first, ...others] = checks;
  if (first === undefined || others.length === 0) return [];
  let shares = features.get(first) ?? [];
  for (const check of others) {
    if (shares.length === 0) break;
    const own = features.get(check) ?? [];
    shares = shares.filter(({ key }) => own.some((one) => one.key === key));
  }
  const candidates = shares.map((feature) => ({
    feature,
    tested: testedWith.get(feature.key) ?? 0,
  }));
  return telling(candidates, { among: checks.length, tested })
    .filter((one) => one.tested <= MOST_HAVE * tested)
    .sort((left, right) => left.tested - right.tested)
    .slice(0, FEATURES_TOLD)
    .map(({ feature }) => feature.short);
}
