/**
 * The watch: while the scenarios of a run stand, the agents of their pods try every check again and again by themselves, and what they
 * have seen is collected now and then. At the end it becomes windows.
 */
import type { Clock } from '../clock.ts';
import { nearestIncident } from '../judge/windows/incident.ts';
import { lengthsOf } from '../judge/windows/lengths.ts';
import { windowsOf } from '../judge/windows/windows.ts';
import { objectKey } from '../keys.ts';
import type { Incident } from '../model/incident.ts';
import type { Window, WindowKind } from '../model/window.ts';
import { greatest } from '../numbers.ts';
import type { ProgressListener } from '../progress.ts';
import type { CheckDraft, RunDraft } from '../record/draft.ts';
import type { Outpost } from '../run/outposts.ts';
import type { RunningPod } from '../run/provision.ts';
import type { Standing } from '../run/stand.ts';
import type { Heard } from './heard.ts';
import { type WatchedCheck, type WatchedWay, WatchPlan, watcherOf } from './plan-watches.ts';
import { type Collecting, PodWatch } from './pod-watch.ts';
import { type HeardPod, type HeardWay, Tracks } from './tracks.ts';

/** Where nobody has asked for so long, podreach is gone: its pods end what they do. */
const ABANDONED_MS = 15 * 60_000;
/** How many lines an agent keeps that nobody has fetched: hours of a network that changes each minute. */
const LINES_KEPT = 4_000;

type WatchRecord = NonNullable<RunDraft['watch']>;

/** What a watch is made with, from the run. */
export type Watching = Omit<Collecting, 'zeroMs'> & {
  readonly clock: Clock;
  readonly progress: ProgressListener;
};

export interface WatchSettings {
  readonly everyMs: number;
  /** Whether a connection is held open besides, for each check that one can be held for. */
  readonly isHeld: boolean;
}

/** The watch of all checks of the scenarios that stand. */
export class Watch {
  /** In milliseconds after the watch began. */
  readonly incidents: Incident[] = [];
  readonly #settings: WatchSettings;
  readonly #context: Collecting;
  readonly #plan = new WatchPlan();
  readonly #checks: readonly WatchedCheck[];
  readonly #watches: ReadonlyMap<RunningPod, PodWatch>;

  constructor(standing: readonly Standing[], settings: WatchSettings, context: Watching) {
    this.#settings = settings;
    this.#checks = standing.flatMap(({ step, outposts }) => this.#add(step, outposts));
    const { everyMs } = settings;
    const { runId, timing } = context;
    this.#watches = new Map(
      this.#plan.pods.map(({ pod, targets, held }) => [
        pod,
        new PodWatch(pod, {
          kind: 'watch',
          watch: `${runId}-${objectKey(pod)}`,
          runId,
          everyMs,
          timeoutMs: timing.timeoutMs,
          abandonedMs: ABANDONED_MS,
          kept: LINES_KEPT,
          targets,
          held,
        }),
      ]),
    );
    this.#context = { ...context, zeroMs: context.clock.now() };
  }

  #add({ draft, stage }: Standing['step'], outposts: readonly Outpost[]): readonly WatchedCheck[] {
    const { isHeld } = this.#settings;
    const onNode = new Map(outposts.map((outpost) => [outpost.node, outpost]));
    return draft.checks.flatMap((check) => {
      const watched = this.#plan.addCheck(check, stage.pods, isHeld);
      if (watched === undefined) return [];
      const [one, other] = [onNode.get(watched.from.node), onNode.get(watched.to.node)];
      this.#plan.addWay(one, other);
      this.#plan.addWay(other, one);
      return [watched];
    });
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
      [...this.#watches].map(async ([pod, watch]) => [objectKey(pod), await ask(watch)] as const),
    );
    return new Map(answers.flatMap(([key, failure]) => (failure === undefined ? [] : [[key, failure]])));
  }

  /**
   * Writes what has been collected so far into the record.
   * @param endMs until when it is known @returns how many windows are open at that time, by kind
   */
  write(record: WatchRecord, endMs: number): Readonly<Record<WindowKind, number>> {
    const { everyMs } = this.#settings;
    const tracks = new Tracks(everyMs, { fromMs: 0, toMs: endMs });
    const pods = new Map<RunningPod, HeardPod>();
    for (const [pod, { agents }] of this.#watches) pods.set(pod, { key: objectKey(pod), agents });
    const ways = new Map(this.#plan.ways.map((way) => [way, this.#heardWay(way)]));
    const open = { leak: 0, gap: 0, unknown: 0 };
    for (const watched of this.#checks) {
      const { check, from, to, target, listener } = watched;
      const [source, destination] = [pods.get(from), pods.get(to)];
      if (source === undefined || destination === undefined) continue;
      const track = tracks.of({
        from: source,
        to: destination,
        target,
        listener,
        ways: this.#plan.waysBetween(from, to).flatMap((way) => ways.get(way) ?? []),
      });
      const windows = windowsOf(check.expected, track, { everyMs, endMs });
      for (const { kind, ended } of windows) if (ended === undefined) open[kind] += 1;
      check.watched = this.#watched(watched, source.agents, windows, endMs);
    }
    const agents = [...this.#watches.values()].flatMap((watch) => watch.agents);
    const stalls = agents.flatMap((agent) => agent.stalls.map(({ fromMs, toMs }) => toMs - fromMs));
    record.longestStallMs = Math.round(greatest([0, ...stalls]));
    record.incidents = this.incidents.map((incident) => ({ ...incident }));
    record.attempts = {
      due: sumOf(agents.map(({ due }) => due)),
      made: sumOf(agents.map(({ begun }) => begun)),
      collected: sumOf(agents.map(({ attempts }) => attempts)),
    };
    return open;
  }

  #watched(
    { from, to, target }: WatchedCheck,
    agents: readonly Heard[],
    windows: readonly Window[],
    endMs: number,
  ): NonNullable<CheckDraft['watched']> {
    const nodes = { source: from.node, destination: to.node };
    const stretches = agents.flatMap((agent) => agent.stretchesOf(target));
    const held = agents.flatMap((agent) => agent.heldOf(target));
    return {
      attempts: sumOf(stretches.map(({ count }) => count)),
      unknownMs: Math.round(lengthsOf(windows, 'unknown', endMs).total.atLeastMs),
      windows: windows.map((window) => {
        const incident = nearestIncident(window, this.incidents, nodes);
        return { ...window, ...(incident === undefined ? {} : { incident }) };
      }),
      ...(held.length === 0
        ? {}
        : {
            held: {
              beats: sumOf(held.map(({ beats }) => beats)),
              events: held.map(({ event, atMs, detail }) => ({
                event,
                atMs: Math.round(atMs),
                ...(detail === undefined ? {} : { detail }),
              })),
            },
          }),
    };
  }

  #heardWay(way: WatchedWay): HeardWay {
    const { from, to, target } = way;
    const name = from === to ? `the way inside ${from.node}` : `the way from ${from.node} to ${to.node}`;
    return { name, agents: this.#watches.get(watcherOf(way))?.agents ?? [], target };
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
