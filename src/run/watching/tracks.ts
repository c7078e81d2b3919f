/** From what all agents were heard to have seen to what windows are made of: one track for each check. Pure. */
import type { Dark, Track, WatchedStretch } from '../../judge/windows/track.ts';
import type { Heard } from './heard.ts';
import { holesBetween, type TimeSpan } from './spans.ts';

/** A kubelet comes by each second; once it may be late. */
const UNVISITED_MS = 3_000;

/** One attempt that fails alone is noise. */
const LONE_PERIODS = 2.5;
/** None has failed: attempts are begun at moments that move by a part of their period. */
const NO_PERIODS = 1.5;

/** A pod or a host, and all agents that were heard of under its name, in the order of time: one that was replaced has several. */
export interface HeardPod {
  /** `namespace/name`, `host/bank` */
  readonly key: string;
  readonly agents: readonly Heard[];
  /** No kubelet comes by: its link is part of the ways to it. Absent: it is a pod, and one does. */
  readonly isOutside?: true;
}

/** One direction of a way, and what was heard of the target with which it is tried. */
export interface HeardWay {
  /** "the way from node-1 to node-2" */
  readonly name: string;
  readonly agents: readonly Heard[];
  readonly target: number;
}

/** A pod that may answer, and the id of its port among its targets: it connects to itself. */
export interface HeardListener {
  readonly to: HeardPod;
  readonly listener: number;
}

/** What a check rests on beside its source. */
export interface TrackSurroundings {
  /** All that may answer. None: nobody of podreach's does, and only who else reaches the same shows that anybody listens. */
  readonly listeners: readonly HeardListener[];
  /** Between the nodes of all these pods. */
  readonly ways: readonly HeardWay[];
}

/** What one check is made of. */
export interface Sources extends TrackSurroundings {
  readonly from: HeardPod;
  /** The id of the check among the targets of its source. */
  readonly target: number;
}

/**
 * Where only what somebody else reaches shows that anybody listens, each attempt of theirs that failed casts doubt on so many periods before
 * it and after it: of several endpoints one may be away, which each attempt meets by chance.
 */
const DOUBTFUL_PERIODS = 5;

const UNTRIED = 'nobody else tried whether anybody listens there';

/** Makes the tracks of many checks: what several of them share is worked out once. */
export class Tracks {
  readonly #everyMs: number;
  readonly #within: TimeSpan;
  readonly #absences = new Map<HeardPod, readonly Dark[]>();
  readonly #links = new Map<HeardPod, readonly Dark[]>();
  readonly #listeners = new Map<string, readonly Dark[]>();
  readonly #ways = new Map<HeardWay, readonly Dark[]>();
  readonly #absentEnds = new Map<HeardWay, readonly Dark[]>();

  /** @param within the whole watch */
  constructor(everyMs: number, within: TimeSpan) {
    this.#everyMs = everyMs;
    this.#within = within;
  }

  of({ from, target, ...around }: Sources): Track {
    const { destination, way } = this.around(around);
    return {
      stretches: from.agents.flatMap((agent) => agent.stretchesOf(target)),
      clockMs: Math.max(0, ...from.agents.map(({ clockMs }) => clockMs)),
      dark: {
        source: this.#absenceOf(from),
        destination,
        way: [...this.#linkOf(from), ...way],
      },
    };
  }

  /**
   * When what a check rests on beside its source was dark: of a Service, any of its pods, or the way to it. A connection may have gone to
   * just that one.
   */
  around({ listeners, ways }: TrackSurroundings): Pick<Track['dark'], 'destination' | 'way'> {
    if (listeners.length === 0) {
      const absent = ways.flatMap((way) => this.#absentEndOf(way));
      return { destination: ways.length === 0 ? [told(this.#within, UNTRIED)] : absent, way: [] };
    }
    const closed = ways.flatMap((way) => this.#wayOf(way));
    return {
      destination: listeners.flatMap(({ to, listener }) => [
        ...this.#absenceOf(to),
        ...this.#deafnessOf(to, listener),
      ]),
      way: [...listeners.flatMap(({ to }) => this.#linkOf(to)), ...closed],
    };
  }

  /** Nobody knows what the pod saw: it did not run, it was not heard, or it has forgotten. */
  #absenceOf(pod: HeardPod): readonly Dark[] {
    return remembered(this.#absences, pod, () => {
      const { key, agents } = pod;
      const wasReplaced = new Set(agents.map(({ agent }) => agent)).size > 1;
      const unheard = holesBetween(
        agents.map(({ span }) => span),
        this.#within,
        this.#everyMs,
      );
      return [
        ...unheard.map((hole) =>
          told(
            hole,
            wasReplaced && hole.toMs < this.#within.toMs ? `${key} was replaced` : `${key} was not heard`,
          ),
        ),
        ...sourceDark(pod),
      ];
    });
  }

  /** The pod does not reach its own port. */
  #deafnessOf(pod: HeardPod, listener: number): readonly Dark[] {
    return remembered(this.#listeners, `${pod.key} ${listener}`, () =>
      this.#unconnected(pod.agents, listener, LONE_PERIODS).map((hole) =>
        told(hole, `${pod.key} was not seen to listen`),
      ),
    );
  }

  #linkOf(pod: HeardPod): readonly Dark[] {
    return remembered(this.#links, pod, () => linkDark(pod, this.#within));
  }

  #wayOf(way: HeardWay): readonly Dark[] {
    return remembered(this.#ways, way, () =>
      this.#unconnected(way.agents, way.target, LONE_PERIODS).map((hole) =>
        told(hole, `${way.name} was not seen to be open`),
      ),
    );
  }

  /** Who is at the end of a way did not answer, and nobody else can say whether it was there. */
  #absentEndOf(way: HeardWay): readonly Dark[] {
    return remembered(this.#absentEnds, way, () => {
      const doubtMs = DOUBTFUL_PERIODS * this.#everyMs;
      return this.#unconnected(way.agents, way.target, NO_PERIODS).map(({ fromMs, toMs }) =>
        told(
          {
            fromMs: Math.max(this.#within.fromMs, fromMs - doubtMs),
            toMs: Math.min(this.#within.toMs, toMs + doubtMs),
          },
          `${way.name} was not seen to be open`,
        ),
      );
    });
  }

  /** When a target did not connect that always should. @param periods so many without a connection are no sign of anything */
  #unconnected(agents: readonly Heard[], target: number, periods: number): readonly TimeSpan[] {
    const all = agents.flatMap((agent) => agent.stretchesOf(target));
    const connected = all.filter(({ outcome }) => outcome === 'connected').map(spanOf);
    return holesBetween(connected, this.#within, periods * this.#everyMs);
  }
}

/** When the agents of a pod that were heard did not run, or have forgotten what they saw. */
export function sourceDark({ key, agents }: HeardPod): readonly Dark[] {
  return [
    ...agents.flatMap(({ stalls }) => stalls.map((stall) => told(stall, `the agent of ${key} did not run`))),
    ...agents.flatMap(({ lost }) =>
      lost.map((span) => told(span, `the agent of ${key} had more to remember than it can`)),
    ),
  ];
}

/** When the link of a pod was not seen to work. */
export function linkDark({ key, agents, isOutside }: HeardPod, within: TimeSpan): readonly Dark[] {
  if (isOutside === true) return [];
  const visits = agents.flatMap((agent) => agent.visits);
  return holesBetween(visits, within, UNVISITED_MS).map((hole) =>
    told(hole, `its kubelet did not reach ${key}`),
  );
}

function spanOf({ firstMs, lastMs, lastTookMs }: WatchedStretch): TimeSpan {
  return { fromMs: firstMs, toMs: lastMs + lastTookMs };
}

function told({ fromMs, toMs }: TimeSpan, why: string): Dark {
  return { fromMs, toMs, why };
}

function remembered<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}
