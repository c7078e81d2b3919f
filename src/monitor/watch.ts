/**
 * The watch: while the scenarios of a run stand, the agents of their pods try every check again and again by themselves, and what they
 * have seen is collected now and then. At the end it becomes windows.
 */
import { isIP } from 'node:net';
import type { Clock } from '../clock.ts';
import { nearestIncident } from '../judge/windows/incident.ts';
import { lengthsOf } from '../judge/windows/lengths.ts';
import { windowsOf } from '../judge/windows/windows.ts';
import { objectKey } from '../keys.ts';
import type { Incident } from '../model/incident.ts';
import { isOfExisting } from '../model/service.ts';
import { inWholeMs, type NewPodWindow, type Window, type WindowKind } from '../model/window.ts';
import { greatest, least } from '../numbers.ts';
import { describeConnection } from '../pair.ts';
import type { ProgressListener } from '../progress.ts';
import type { CheckDraft, RunDraft } from '../record/draft.ts';
import type { Bounded } from '../run/context.ts';
import { onNodes } from '../run/directions.ts';
import type { Outpost } from '../run/outposts.ts';
import { endKeyOf, type RunningPod } from '../run/provision.ts';
import type { StandingScenario } from '../run/stand.ts';
import type { Heard, HeardEvent } from '../run/watching/heard.ts';
import { heardListeners, heardPods, heardWays } from '../run/watching/heard-pods.ts';
import { type WatchedCheck, type WatchedWay, WatchPlan } from '../run/watching/plan-watches.ts';
import { type Collecting, type PodWatch, watchesOf } from '../run/watching/pod-watch.ts';
import { type TrackSurroundings, Tracks } from '../run/watching/tracks.ts';
import type { PlacedEnds } from '../run/ways.ts';
import { NewPods } from './churn/new-pods.ts';

/** So many connections cost little to hold, each with its heartbeats: where there are more, somebody has to ask for it. */
const HELD_UNASKED = 500;
/** Of more checks only these are named. */
const CHECKS_NAMED = 3;

export type WatchRecord = NonNullable<RunDraft['watch']>;

/** What a watch is made with, from the run. */
export type Watching = Omit<Collecting, 'zeroMs'> &
  Bounded<'withinMs'> & {
    readonly clock: Clock;
    readonly progress: ProgressListener;
  };

export interface WatchSettings {
  readonly everyMs: number;
  /** Whether a connection is held open besides, for each check that one can be held for. Absent: where they are few. */
  readonly isHeld?: boolean | undefined;
  /** The nodes that new pods come to: the ways from there are tried as well. Absent: there are no new pods. */
  readonly newPodsOn?: readonly string[] | undefined;
}

/** A window that has not been told of before. */
export interface SeenWindow {
  readonly check: CheckDraft;
  /** When it began at the latest. */
  readonly atMs: number;
  /** The new pod that saw it; absent: the source of the check. */
  readonly newPod?: NewPodWindow;
}

/** What there is to tell of a watch. */
export interface WatchNews {
  /** How many windows are open, by kind. */
  readonly open: Readonly<Record<WindowKind, number>>;
  /** Checks with a window that is new, by kind, those first whose window began first. */
  readonly seen: Readonly<Record<'leak' | 'gap', readonly SeenWindow[]>>;
}

/** The watch of all checks of the scenarios that stand. */
export class RunWatch {
  /** In milliseconds after the watch began. */
  readonly incidents: Incident[] = [];
  readonly newPods: NewPods;
  readonly #everyMs: number;
  readonly #isHeld: boolean;
  /** When the last window began that was told of, by check. */
  readonly #told = new Map<CheckDraft, number>();
  readonly #context: Collecting;
  readonly #plan = new WatchPlan();
  readonly #checks: readonly WatchedCheck[];
  /** What each rests on between the nodes, by the node of its source, or of a new pod that is like it. */
  readonly #waysFrom = new Map<WatchedCheck, ReadonlyMap<string, readonly WatchedWay[]>>();
  readonly #watches: ReadonlyMap<RunningPod, PodWatch>;

  constructor(standing: readonly StandingScenario[], settings: WatchSettings, context: Watching) {
    const { everyMs } = settings;
    this.#everyMs = everyMs;
    const holdable = standing.flatMap(({ step: { draft, stage } }) =>
      draft.checks.filter((check) => canBeHeld(check, stage)),
    );
    this.#isHeld = settings.isHeld ?? holdable.length <= HELD_UNASKED;
    this.#checks = standing.flatMap(({ step, outposts }) => this.#add(step, outposts, settings));
    this.#watches = watchesOf(this.#plan, { name: context.runId, everyMs }, context);
    this.newPods = new NewPods(context.timing.withinMs);
    this.#context = { ...context, zeroMs: context.clock.now() };
  }

  #add(
    { draft, stage }: StandingScenario['step'],
    outposts: readonly Outpost[],
    { newPodsOn = [] }: WatchSettings,
  ): readonly WatchedCheck[] {
    const places = onNodes(outposts);
    return draft.checks.flatMap((check) => {
      const watched = this.#plan.addCheck(check, stage, this.#isHeld && canBeHeld(check, stage));
      if (watched === undefined) return [];
      const nodes = [...new Set([watched.from.node, ...newPodsOn])];
      const ways = nodes.map((node) => [node, this.#plan.addWays(check, { node }, stage, places)] as const);
      this.#waysFrom.set(watched, new Map(ways));
      return [watched];
    });
  }

  /** All that is watched. */
  get checks(): readonly WatchedCheck[] {
    return this.#checks;
  }

  /** The run's clock when it began. */
  get zeroMs(): number {
    return this.#context.zeroMs;
  }

  /** Milliseconds since the watch began. */
  now(): number {
    return this.#context.clock.now() - this.#context.zeroMs;
  }

  /** Has every agent begin. @returns why some could not: they are asked again with the next collection */
  async begin(): Promise<ReadonlyMap<string, string>> {
    return await this.#askAll((watch) => watch.begin(this.#context));
  }

  /** Collects from every agent what it has seen. @param ends the watch ends with it @returns why some could not be asked */
  async collect(ends: boolean): Promise<ReadonlyMap<string, string>> {
    return await this.#askAll((watch) => watch.collect(ends, this.#context));
  }

  async #askAll(ask: (watch: PodWatch) => Promise<string | undefined>): Promise<ReadonlyMap<string, string>> {
    const answers = await Promise.all(
      [...this.#watches].map(async ([pod, watch]) => [endKeyOf(pod), await ask(watch)] as const),
    );
    return new Map(answers.flatMap(([key, failure]) => (failure === undefined ? [] : [[key, failure]])));
  }

  /**
   * Writes what has been collected so far into the record.
   * @param endMs until when it is known
   * @param isLast nothing will be collected any more
   */
  write(record: WatchRecord, endMs: number, isLast = false): WatchNews {
    const everyMs = this.#everyMs;
    const agents = [...this.#watches.values()].flatMap((watch) => watch.agents);
    // Some have gone on until they were asked: who was not heard of is dark for as long.
    const toMs = greatest([endMs, ...agents.map(({ span }) => span.toMs)]);
    const tracks = new Tracks(everyMs, { fromMs: 0, toMs });
    const pods = heardPods(this.#watches);
    const ways = heardWays(this.#plan.ways, this.#watches);
    const aroundOf = (watched: WatchedCheck, node: string): TrackSurroundings => ({
      listeners: heardListeners(watched.listeners, pods),
      ways: (this.#waysFrom.get(watched)?.get(node) ?? []).flatMap((way) => ways.get(way) ?? []),
    });
    const open = { leak: 0, gap: 0, unknown: 0 };
    const seen: Record<'leak' | 'gap', SeenWindow[]> = { leak: [], gap: [] };
    const incidents = this.incidents.toSorted((left, right) => left.atMs - right.atMs);
    const news = this.newPods.settle({
      around: (pod, { watched }) => tracks.around(aroundOf(watched, pod.node)),
      heardMs: (pod, { watched }) => {
        const around = aroundOf(watched, pod.node);
        const heard = [...around.listeners.map(({ to }) => to), ...around.ways];
        return least([toMs, ...heard.map(({ agents: own }) => own.at(-1)?.span.toMs ?? 0)]);
      },
      endMs: isLast ? endMs : toMs,
      isLast,
    });
    for (const watched of this.#checks) {
      const { check, from, target } = watched;
      const source = pods.get(from);
      if (source === undefined) continue;
      const track = tracks.of({ from: source, target, ...aroundOf(watched, from.node) });
      const windows = windowsOf(check.expected, track, { everyMs, endMs, isOver: isLast }).filter(
        ({ began }) => began.earliestMs < endMs,
      );
      for (const { kind, ended } of windows) if (ended === undefined) open[kind] += 1;
      this.#noteNew(check, windows, seen);
      const all = [...windows, ...this.newPods.windowsOf(check)];
      check.watched = watchedOf(watched, source.agents, { windows: all, incidents, endMs });
    }
    for (const { check, windows: own } of news)
      for (const { kind, began, newPod } of own)
        if (kind !== 'unknown' && newPod !== undefined)
          seen[kind].push({ check, atMs: began.latestMs, newPod });
    for (const list of Object.values(seen)) list.sort((left, right) => left.atMs - right.atMs);
    const stalls = agents.flatMap((agent) => agent.stalls.map(({ fromMs, toMs }) => toMs - fromMs));
    record.longestStallMs = Math.round(greatest([0, ...stalls]));
    record.incidents = incidents.map(({ atMs, withinMs, ...rest }) => ({
      ...rest,
      atMs: Math.round(atMs),
      ...(withinMs === undefined ? {} : { withinMs: Math.ceil(withinMs) }),
    }));
    record.attempts = {
      due: sumOf(agents.map(({ due }) => due)),
      made: sumOf(agents.map(({ begun }) => begun)),
      collected: sumOf(agents.map(({ attempts }) => attempts)),
    };
    return { open, seen };
  }

  #noteNew(check: CheckDraft, windows: readonly Window[], seen: Record<'leak' | 'gap', SeenWindow[]>): void {
    const toldMs = this.#told.get(check) ?? Number.NEGATIVE_INFINITY;
    for (const { kind, began } of windows) {
      // An edge moves a little when clocks are compared again.
      if (kind === 'unknown' || began.latestMs <= toldMs + this.#everyMs / 2) continue;
      this.#told.set(check, began.latestMs);
      if (seen[kind].at(-1)?.check !== check) seen[kind].push({ check, atMs: began.latestMs });
    }
  }
}

/** What the record says of a check. */
function watchedOf(
  watched: WatchedCheck,
  agents: readonly Heard[],
  {
    windows,
    incidents,
    endMs,
  }: { readonly windows: readonly Window[]; readonly incidents: readonly Incident[]; readonly endMs: number },
): NonNullable<CheckDraft['watched']> {
  const { from, target } = watched;
  const nodes = {
    destinations: nodesBehind(watched),
    pods: [from, ...watched.listeners.map(({ to }) => to)].map(objectKey),
  };
  const stretches = agents.flatMap((agent) => agent.stretchesOf(target));
  const held = agents.flatMap((agent) => agent.heldOf(target));
  return {
    attempts: sumOf(stretches.map(({ count }) => count)),
    unknownMs: Math.round(lengthsOf(windows, 'unknown', endMs).total.atLeastMs),
    windows: windows
      .toSorted((left, right) => left.began.latestMs - right.began.latestMs)
      .map((window) => {
        const source = window.newPod?.node ?? from.node;
        const incident = nearestIncident(window, incidents, { ...nodes, source });
        return { ...withWholeEdges(window), ...(incident === undefined ? {} : { incident }) };
      }),
    ...(held.length === 0
      ? {}
      : {
          held: {
            beats: beatsOf(held),
            events: held.flatMap(({ event, atMs, detail }) =>
              // That the watch ended is nothing that became of it.
              event === 'ended'
                ? []
                : [{ event, atMs: Math.round(atMs), ...(detail === undefined ? {} : { detail }) }],
            ),
          },
        }),
  };
}

/**
 * The nodes to which the connections of a check lead, those by whose ports they come among them. Of a Service that is there already nobody
 * knows them all, and where a name has to be looked up, it may also be any that has a name server.
 */
function nodesBehind({ check, listeners, dial }: WatchedCheck): readonly (string | undefined)[] {
  const nodes = new Set([
    ...(check.nodes ?? []).map(({ name }) => name),
    ...listeners.map(({ to }) => to.node),
  ]);
  return isIP(dial.host) === 0 || isOfExisting(check) ? [...nodes, undefined] : [...nodes];
}

/** Events count the heartbeats of their connection since it was opened. */
function beatsOf(events: readonly HeardEvent[]): number {
  const isLast = (index: number): boolean => {
    const next = events[index + 1]?.event;
    return next === undefined || next === 'opened' || next === 'failed';
  };
  return sumOf(events.filter((_, index) => isLast(index)).map(({ beats }) => beats));
}

function withWholeEdges({ began, ended, newPod, ...rest }: Window): Window {
  return {
    ...rest,
    began: inWholeMs(began),
    ...(ended === undefined ? {} : { ended: inWholeMs(ended) }),
    ...(newPod === undefined
      ? {}
      : { newPod: { ...newPod, began: inWholeMs(newPod.began), ended: inWholeMs(newPod.ended) } }),
  };
}

/** Only agents answer heartbeats: what is there already, inside or outside, has none. */
function canBeHeld(check: CheckDraft, { realHosts }: Pick<PlacedEnds, 'realHosts'>): boolean {
  const { to, protocol, expected } = check;
  const isAnswered = !isOfExisting(check) && realHosts?.has(to) !== true;
  return protocol === 'TCP' && expected === 'reachable' && isAnswered;
}

/** `shop/web → shop/db:5432/TCP and 13 more` */
export function nameChecks(checks: readonly CheckDraft[]): string {
  const named = checks.slice(0, CHECKS_NAMED).map(describeConnection);
  const more = checks.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
