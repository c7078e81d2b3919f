/** From what all agents were heard to have seen to what windows are made of: one track for each check. Pure. */
import type { Dark, Track, WatchedStretch } from '../../judge/windows/track.ts';
import type { Heard } from './heard.ts';
import { holesBetween, type TimeSpan } from './spans.ts';

/** A kubelet comes by each second; once it may be late. */
const UNVISITED_MS = 3_000;

/** A pod, and all agents that were heard of under its name, in the order of time: one that was replaced has several. */
export interface HeardPod {
  /** `namespace/name` */
  readonly key: string;
  readonly agents: readonly Heard[];
}

/** Two nodes, and what was heard of the targets with which their outposts try the way between them, in each direction. */
export interface HeardWay {
  /** "the way from node-1 to node-2" */
  readonly name: string;
  readonly agents: readonly Heard[];
  readonly target: number;
}

/** What one check is made of. */
export interface Sources {
  readonly from: HeardPod;
  readonly to: HeardPod;
  /** The id of the check among the targets of its source. */
  readonly target: number;
  /** The id of its port among the targets of its destination, which connects to itself. */
  readonly listener: number;
  /** Between the nodes of both pods. */
  readonly ways: readonly HeardWay[];
}

/** Makes the tracks of many checks: what several of them share is worked out once. */
export class Tracks {
  readonly #everyMs: number;
  readonly #within: TimeSpan;
  readonly #absences = new Map<HeardPod, readonly Dark[]>();
  readonly #links = new Map<HeardPod, readonly Dark[]>();
  readonly #listeners = new Map<string, readonly Dark[]>();
  readonly #ways = new Map<HeardWay, readonly Dark[]>();

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

  /** What a check rests on beside its source. */
  around({
    to,
    listener,
    ways,
  }: Omit<Sources, 'from' | 'target'>): Pick<Track['dark'], 'destination' | 'way'> {
    return {
      destination: [...this.#absenceOf(to), ...this.#deafnessOf(to, listener)],
      way: [...this.#linkOf(to), ...ways.flatMap((way) => this.#wayOf(way))],
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
      this.#unconnected(pod.agents, listener).map((hole) => told(hole, `${pod.key} was not seen to listen`)),
    );
  }

  #linkOf(pod: HeardPod): readonly Dark[] {
    return remembered(this.#links, pod, () => linkDark(pod, this.#within));
  }

  #wayOf(way: HeardWay): readonly Dark[] {
    return remembered(this.#ways, way, () =>
      this.#unconnected(way.agents, way.target).map((hole) =>
        told(hole, `${way.name} was not seen to be open`),
      ),
    );
  }

  /** When a target did not connect that always should. One attempt that fails alone is noise. */
  #unconnected(agents: readonly Heard[], target: number): readonly TimeSpan[] {
    const all = agents.flatMap((agent) => agent.stretchesOf(target));
    const connected = all.filter(({ outcome }) => outcome === 'connected').map(spanOf);
    return holesBetween(connected, this.#within, 2.5 * this.#everyMs);
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
export function linkDark({ key, agents }: HeardPod, within: TimeSpan): readonly Dark[] {
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
