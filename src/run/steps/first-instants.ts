/**
 * The first instants of the pods that a step makes. Their targets stand in their manifests, so that they try them from their process's first
 * millisecond. Meanwhile the destinations watch their own listeners, and the outposts the ways there: what fails proves a block only where
 * there was something to reach. All is collected when the step has settled.
 */
import { objectKey } from '../../keys.ts';
import { inWholeMs } from '../../model/window.ts';
import { greatest } from '../../numbers.ts';
import { LINES_KEPT } from '../../probe/watch.ts';
import type { WatchRequest, WatchTarget } from '../../probe/watch-protocol.ts';
import type { CheckDraft } from '../../record/draft.ts';
import type { Trying } from '../context.ts';
import { connectionsFor } from '../dial.ts';
import { onNodes } from '../directions.ts';
import { firstInstantOf } from '../first-instant/first-instant.ts';
import { firstInstantRequest } from '../first-instant/request.ts';
import type { Outpost } from '../outposts.ts';
import type { RunningPod, RunningPods } from '../provision.ts';
import type { Heard } from '../watching/heard.ts';
import { heardListeners, heardPods, heardWays } from '../watching/heard-pods.ts';
import { type WatchedDestination, type WatchedWay, WatchPlan } from '../watching/plan-watches.ts';
import { type Collecting, PodWatch } from '../watching/pod-watch.ts';
import { Tracks } from '../watching/tracks.ts';
import type { PlacedEnds } from '../ways.ts';

/** How often destinations and ways are tried. */
const EVERY_MS = 200;
/** But a pod makes no more than 100 connections a second for that. */
const APART_MS = 10;
/** Longer than a step takes. */
const ABANDONED_MS = 15 * 60_000;

/** When its step acted, on the run's clock, and how old a pod may become until what must be reachable is. */
interface FirstInstantTimes {
  readonly actedMs: number;
  readonly withinMs: number;
}

type FirstSeen = NonNullable<CheckDraft['firstInstant']>;

interface EarlyTarget {
  readonly check: CheckDraft;
  /** The id of the check among the targets of its source. */
  readonly target: number;
  readonly destination: WatchedDestination;
  /** Where any of several pods answers, and each must: so many in a row meet them all. */
  readonly connections?: number;
  /** By the node that its source comes to: any. */
  readonly waysFrom: ReadonlyMap<string, readonly WatchedWay[]>;
}

export class FirstInstants {
  /** What each pod watches, by its key: goes into its manifest. */
  readonly requests: ReadonlyMap<string, WatchRequest>;
  readonly #checks: readonly EarlyTarget[];
  readonly #plan = new WatchPlan();
  /** Of destinations and outposts. */
  readonly #watches: ReadonlyMap<RunningPod, PodWatch>;
  readonly #everyMs: number;
  readonly #context: Collecting;

  /**
   * @param name of the watches, unlike those of any other step of the run
   * @param checks those that are to be tried so
   * @param before what there is before the step: every destination is among it
   */
  constructor(
    name: string,
    checks: readonly CheckDraft[],
    before: PlacedEnds,
    outposts: readonly Outpost[],
    context: Trying,
  ) {
    this.#context = { ...context, zeroMs: context.clock.now() };
    const targets = new Map<string, WatchTarget[]>();
    const places = onNodes(outposts);
    this.#checks = checks.flatMap((check, target) => {
      const destination = this.#plan.addDestination(check, before);
      if (destination === undefined) return [];
      const own = targets.get(check.from) ?? [];
      targets.set(check.from, [...own, { id: target, ...destination.dial }]);
      const waysFrom = new Map(
        outposts.map(({ node }) => [node, this.#plan.addWays(check, { node }, before, places)]),
      );
      return [{ check, target, destination, ...meetingEach(check), waysFrom }];
    });
    this.requests = new Map(
      [...targets].map(([key, own]) => [key, firstInstantRequest(key, own, context)] as const),
    );
    const mostTargets = greatest(this.#plan.pods.map((pod) => pod.targets.length));
    this.#everyMs = Math.max(EVERY_MS, mostTargets * APART_MS);
    this.#watches = new Map(
      this.#plan.pods.map(({ pod, targets: own }) => {
        const watch = `${context.runId}-${name}-${objectKey(pod)}`;
        return [pod, new PodWatch(pod, this.#surroundingRequest(watch, own))] as const;
      }),
    );
  }

  #surroundingRequest(watch: string, targets: readonly WatchTarget[]): WatchRequest {
    const { runId, timing } = this.#context;
    return {
      kind: 'watch',
      watch,
      runId,
      everyMs: this.#everyMs,
      timeoutMs: timing.timeoutMs,
      abandonedMs: ABANDONED_MS,
      kept: LINES_KEPT,
      targets,
      held: [],
    };
  }

  /** Has destinations and ways watched: before any of the new pods is made. What could not begin is not known to work. */
  async begin(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.begin(this.#context)));
  }

  /**
   * Collects what the new pods have seen, ends their watches and all others, and writes it down.
   * @param pods what runs now
   */
  async collect(pods: RunningPods, { actedMs, withinMs }: FirstInstantTimes): Promise<void> {
    const { clock, signal } = this.#context;
    await clock.sleep(Math.max(0, actedMs + this.#leastMs() - clock.now()), signal);
    const sources = new Map<string, HeardSource | Unheard>();
    await Promise.all(
      [...this.requests].map(async ([key, request]) => {
        const pod = pods.get(key);
        if (pod !== undefined) sources.set(key, await this.#collectFrom(pod, request));
      }),
    );
    // What they tell is about all that the new pods have seen.
    await Promise.all([...this.#watches.values()].map((watch) => watch.collect(true, this.#context)));
    const surroundings = this.#surroundings();
    for (const one of this.#checks) {
      const { check, target, connections } = one;
      const source = sources.get(check.from);
      check.firstInstant =
        source === undefined || 'failure' in source
          ? nothingSeen(check.from, source?.failure)
          : seenBy(source, target, check, {
              ...(connections === undefined ? {} : { connections }),
              around: surroundings(source.pod, one),
              withinMs,
            });
    }
  }

  /** So long it takes at most until a new pod has met each pod behind a Service, where it is let through at once. */
  #leastMs(): number {
    return greatest([
      0,
      ...this.#checks.map(
        ({ check, connections = 0 }) => connections * (this.requests.get(check.from)?.everyMs ?? 0),
      ),
    ]);
  }

  async #collectFrom(pod: RunningPod, request: WatchRequest): Promise<HeardSource | Unheard> {
    const watch = new PodWatch(pod, request);
    const failure = await watch.collect(true, this.#context);
    const [heard] = watch.agents;
    return heard === undefined ? { failure } : { pod, request, heard };
  }

  /** @returns what a check rests on beside its source */
  #surroundings() {
    const { clock, zeroMs } = this.#context;
    const tracks = new Tracks(this.#everyMs, { fromMs: 0, toMs: clock.now() - zeroMs });
    const pods = heardPods(this.#watches);
    const ways = heardWays(this.#plan.ways, this.#watches);
    return ({ node }: RunningPod, { destination, waysFrom }: EarlyTarget) =>
      tracks.around({
        listeners: heardListeners(destination.listeners, pods),
        ways: (waysFrom.get(node) ?? []).flatMap((way) => ways.get(way) ?? []),
      });
  }
}

/** A new pod, and what was heard of it. */
interface HeardSource {
  readonly pod: RunningPod;
  readonly request: WatchRequest;
  readonly heard: Heard;
}

/** Nothing was heard of one, and why. */
interface Unheard {
  readonly failure: string | undefined;
}

function meetingEach({
  expected,
  backends = [],
}: Pick<CheckDraft, 'expected' | 'backends'>): Pick<EarlyTarget, 'connections'> {
  return expected === 'reachable' && backends.length > 1
    ? { connections: connectionsFor(backends.length) }
    : {};
}

function seenBy(
  { heard, request }: HeardSource,
  target: number,
  { from, expected }: CheckDraft,
  {
    around,
    withinMs,
    ...meeting
  }: Pick<EarlyTarget, 'connections'> &
    Pick<FirstInstantTimes, 'withinMs'> & { readonly around: ReturnType<Tracks['around']> },
): FirstSeen {
  const { everyMs } = request;
  const check = { key: from, heard, target, expected, ...around, ...meeting };
  const seen = firstInstantOf(check, { everyMs, withinMs });
  const { attempts, triedMs, endMs, allowed, windows } = seen;
  return {
    attempts,
    ...(triedMs === undefined ? {} : { triedMs: Math.round(triedMs) }),
    endMs: Math.round(endMs),
    ...(allowed === undefined ? {} : { allowed: inWholeMs(allowed) }),
    windows: windows.map(({ began, ended, ...rest }) => ({
      ...rest,
      began: inWholeMs(began),
      ...(ended === undefined ? {} : { ended: inWholeMs(ended) }),
    })),
  };
}

function nothingSeen(key: string, failure: string | undefined): FirstSeen {
  const why = `${key} was not heard${failure === undefined ? '' : `: ${failure}`}`;
  return {
    attempts: 0,
    endMs: 0,
    windows: [{ kind: 'unknown', began: { earliestMs: 0, latestMs: 0 }, attempts: 0, why }],
  };
}
