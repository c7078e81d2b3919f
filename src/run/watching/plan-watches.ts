/** Which pods watch what: every pod its own checks and its own listeners, and the outposts the ways between nodes. Pure. */
import { objectKey } from '../../keys.ts';
import type { Listener } from '../../model/dial.ts';
import type { Family } from '../../model/family.ts';
import type { Protocol } from '../../model/protocol.ts';
import { describePort } from '../../pair.ts';
import type { AnsweredRequest } from '../../probe/protocol.ts';
import type { CheckDraft } from '../../record/draft.ts';
import { dialOf } from '../dial.ts';
import { addressOfPod } from '../families.ts';
import { OUTPOST_PORT, type Outpost } from '../outposts.ts';
import type { RunningPod, RunningPods } from '../provision.ts';

/** What one pod is to watch. */
export interface PodTargets {
  readonly pod: RunningPod;
  readonly targets: AnsweredRequest[];
  readonly held: AnsweredRequest[];
}

/** One check, and where what it shows is found. */
export interface WatchedCheck {
  readonly check: CheckDraft;
  readonly from: RunningPod;
  readonly to: RunningPod;
  /** The id of the check among what its source tries or holds. */
  readonly target: number;
  /** The id of its port among the targets of its destination. */
  readonly listener: number;
  /** What it means on the wire. */
  readonly dial: Omit<AnsweredRequest, 'id'>;
}

/** A pod whose own port is watched, and how others reach it. */
export type WatchedDestination = Pick<WatchedCheck, 'to' | 'listener' | 'dial'>;

/** The way from one node to another, as the open pod of its outpost tries it. */
export interface WatchedWay {
  readonly from: Outpost;
  readonly to: Outpost;
  readonly protocol: Protocol;
  readonly family: Family;
  /** The id among the targets of that pod. */
  readonly target: number;
}

/** What ways are told apart by, beside their nodes. */
type WayKind = Pick<CheckDraft, 'protocol' | 'family'>;

type OnNode = Pick<Outpost | RunningPod, 'node'>;

/** Gives out ids, and takes down what is to be dialled. */
export class WatchPlan {
  readonly #pods = new Map<RunningPod, PodTargets>();
  readonly #listeners = new Map<string, number>();
  readonly #ways = new Map<string, WatchedWay>();
  #lastId = 0;

  /** Every pod that watches something. */
  get pods(): readonly PodTargets[] {
    return [...this.#pods.values()];
  }

  get ways(): readonly WatchedWay[] {
    return [...this.#ways.values()];
  }

  /**
   * @param isHeld whether a connection is to be held besides
   * @returns undefined where nothing was placed that could be dialled
   */
  addCheck(check: CheckDraft, pods: RunningPods, isHeld: boolean): WatchedCheck | undefined {
    return this.#place(check, pods, { isTried: true, isHeld });
  }

  /** One connection that is held, and no other: whether new ones can be opened is shown elsewhere. @returns as `addCheck` */
  addHeld(check: CheckDraft, pods: RunningPods): WatchedCheck | undefined {
    return this.#place(check, pods, { isTried: false, isHeld: true });
  }

  #place(
    check: CheckDraft,
    pods: RunningPods,
    { isTried, isHeld }: { readonly isTried: boolean; readonly isHeld: boolean },
  ): WatchedCheck | undefined {
    const from = pods.get(check.from);
    const destination = this.addDestination(check, pods);
    if (from === undefined || destination === undefined) return undefined;
    const { dial: wire } = destination;
    const target = this.#newId();
    if (isTried) this.#of(from).targets.push({ id: target, ...wire });
    if (isHeld) this.#of(from).held.push({ id: target, ...wire });
    return { check, from, target, ...destination };
  }

  /** What the destination of a check watches of itself, whoever tries the check. @returns as {@link addCheck} */
  addDestination(check: CheckDraft, pods: RunningPods): WatchedDestination | undefined {
    const dial = dialOf(check, { pods });
    const [listener] = dial?.listeners ?? [];
    const to = listener && pods.get(listener.pod);
    if (dial === undefined || listener === undefined || to === undefined) return undefined;
    const { address: host, port, protocol } = dial;
    return {
      to,
      listener: this.#addListener(to, listener),
      dial: { host, port, protocol, pod: listener.pod },
    };
  }

  #addListener(to: RunningPod, listener: Listener): number {
    const { address: host, port, protocol, pod } = listener;
    const listens = `${pod} ${host} ${describePort(listener)}`;
    const known = this.#listeners.get(listens);
    const own = known ?? this.#add(to, { host, port, protocol, pod });
    this.#listeners.set(listens, own);
    return own;
  }

  /** Between two nodes in one direction, or inside one. What has no outpost is not watched. */
  addWay(from: Outpost | undefined, to: Outpost | undefined, kind: WayKind): void {
    if (from === undefined || to === undefined) return;
    const key = wayKey(from, to, kind);
    if (this.#ways.has(key)) return;
    const { protocol, family } = kind;
    const [source, destination] = from === to ? [from.guarded, from.open] : [from.open, to.open];
    const host = addressOfPod(family, destination);
    if (host === undefined) return;
    const target = this.#add(source, { host, port: OUTPOST_PORT, protocol, pod: objectKey(destination) });
    this.#ways.set(key, { from, to, protocol, family, target });
  }

  /** The ways that a connection between two pods rests on: there and back. */
  waysBetween(from: OnNode, to: OnNode, kind: WayKind): readonly WatchedWay[] {
    const keys = new Set([wayKey(from, to, kind), wayKey(to, from, kind)]);
    return [...keys].flatMap((key) => this.#ways.get(key) ?? []);
  }

  #add(pod: RunningPod, dial: Omit<AnsweredRequest, 'id'>): number {
    const id = this.#newId();
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

function wayKey(from: OnNode, to: OnNode, { protocol, family }: WayKind): string {
  return `${from.node} ${to.node} ${protocol} ${family}`;
}

/** The pod of an outpost that tries a way. */
export function watcherOf({ from, to }: WatchedWay): RunningPod {
  return from === to ? from.guarded : from.open;
}

/** `the way from node-1 to node-2 for UDP over IPv6` */
export function nameWay({ from, to, protocol, family }: WatchedWay): string {
  const between = from === to ? `inside ${from.node}` : `from ${from.node} to ${to.node}`;
  return `the way ${between}${protocol === 'UDP' ? ' for UDP' : ''}${family === 'IPv6' ? ' over IPv6' : ''}`;
}
