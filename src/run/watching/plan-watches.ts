/** Which pods watch what: every pod its own checks and its own listeners, and the outposts the ways between nodes. Pure. */
import { objectKey } from '../../keys.ts';
import type { HeldTarget, WatchTarget } from '../../probe/watch-protocol.ts';
import type { CheckDraft } from '../../record/draft.ts';
import { dialOf, oneAtATime, requestOf, type WatchedDial } from '../dial.ts';
import { directionsOf, type OutpostsOnNodes, toServices, type WayDirection } from '../directions.ts';
import type { RunningPod } from '../provision.ts';
import { leadingNodes, type PlacedEnds, waysFrom } from '../ways.ts';

/** What one pod is to watch. */
export interface PodTargets {
  readonly pod: RunningPod;
  readonly targets: WatchTarget[];
  readonly held: HeldTarget[];
}

/** A pod that may answer a check, and the id of its port among the targets with which it connects to itself. */
export interface WatchedListener {
  readonly to: RunningPod;
  readonly listener: number;
}

/** What a check goes to, whoever tries it. */
export interface WatchedDestination {
  /** What it means on the wire. */
  readonly dial: WatchedDial;
  /** All that may answer. None: nobody of podreach's does, and any open connection is an answer. */
  readonly listeners: readonly WatchedListener[];
}

/** One check, and where what it shows is found. */
export interface WatchedCheck extends WatchedDestination {
  readonly check: CheckDraft;
  readonly from: RunningPod;
  /** The id of the check among what its source tries or holds. */
  readonly target: number;
}

/** One direction of a way, as an outpost or a host tries it. */
export interface WatchedWay {
  /** `the way from node-1 to node-2 for UDP over IPv6` */
  readonly name: string;
  readonly watcher: RunningPod;
  /** The id among the targets of that pod. */
  readonly target: number;
}

/** Gives out ids, and takes down what is to be dialled. */
export class WatchPlan {
  readonly #pods = new Map<RunningPod, PodTargets>();
  /** What is watched whoever rests on it, by who watches it and what is dialled. */
  readonly #shared = new Map<string, number>();
  /** By their ids. */
  readonly #ways = new Map<number, WatchedWay>();
  #lastId = 0;

  /** Every pod that watches something. */
  get pods(): readonly PodTargets[] {
    return [...this.#pods.values()];
  }

  get ways(): readonly WatchedWay[] {
    return [...this.#ways.values()];
  }

  /**
   * @param isHeld whether a connection is to be held besides, if anybody answers who holds it
   * @returns undefined where nothing was placed that could be dialled
   */
  addCheck(check: CheckDraft, ends: PlacedEnds, isHeld: boolean): WatchedCheck | undefined {
    return this.#place(check, ends, { isTried: true, isHeld });
  }

  /** One connection that is held, and no other: whether new ones can be opened is shown elsewhere. @returns as `addCheck` */
  addHeld(check: CheckDraft, ends: PlacedEnds): WatchedCheck | undefined {
    return this.#place(check, ends, { isTried: false, isHeld: true });
  }

  #place(
    check: CheckDraft,
    ends: PlacedEnds,
    { isTried, isHeld }: { readonly isTried: boolean; readonly isHeld: boolean },
  ): WatchedCheck | undefined {
    const from = ends.pods.get(check.from);
    const destination = this.addDestination(check, ends);
    if (from === undefined || destination === undefined) return undefined;
    const id = this.#newId();
    const wanted = { id, ...destination.dial };
    if (isTried) this.#of(from).targets.push(wanted);
    if (isHeld && isAnsweredByAgents(wanted)) this.#of(from).held.push(wanted);
    return { check, from, target: id, ...destination };
  }

  /** What the destinations of a check watch of themselves, whoever tries the check. @returns as {@link addCheck} */
  addDestination(check: CheckDraft, ends: PlacedEnds): WatchedDestination | undefined {
    const dial = dialOf(check, ends);
    if (dial === undefined) return undefined;
    const listeners = dial.listeners.flatMap(({ address: host, pod, port, protocol }) => {
      const to = ends.pods.get(pod);
      return to === undefined ? [] : [{ to, listener: this.#share(to, { host, port, protocol, pod }) }];
    });
    if (listeners.length < dial.listeners.length) return undefined;
    return { dial: oneAtATime(requestOf(dial)), listeners };
  }

  /**
   * The ways that a check rests on, there and back. What has no outpost is not watched.
   * @param from where its source is, or one that is like it
   */
  addWays(
    check: CheckDraft,
    from: Pick<RunningPod, 'node'>,
    ends: PlacedEnds,
    outposts: OutpostsOnNodes,
  ): readonly WatchedWay[] {
    const directions = [
      ...waysFrom(from, check, ends).flatMap((way) => directionsOf(way, outposts)),
      ...leadingNodes(check, from, ends).flatMap((node) => toServices(node, check, outposts)),
    ];
    return [...new Set(directions.map((direction) => this.#addWay(direction)))];
  }

  #addWay({ name, from: watcher, dial }: WayDirection): WatchedWay {
    const target = this.#share(watcher, oneAtATime(dial));
    const way = this.#ways.get(target) ?? { name, watcher, target };
    this.#ways.set(target, way);
    return way;
  }

  /** One target for all that rest on it. */
  #share(pod: RunningPod, dial: WatchedDial): number {
    const key = `${objectKey(pod)} ${JSON.stringify(dial)}`;
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const id = this.#newId();
    this.#shared.set(key, id);
    this.#of(pod).targets.push({ id, ...dial });
    return id;
  }

  #newId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #of(pod: RunningPod): PodTargets {
    const known = this.#pods.get(pod);
    if (known !== undefined) return known;
    const own: PodTargets = { pod, targets: [], held: [] };
    this.#pods.set(pod, own);
    return own;
  }
}

/** Nobody else sends heartbeats back. */
function isAnsweredByAgents(target: WatchTarget): target is HeldTarget {
  return 'pods' in target || target.pod !== undefined;
}
