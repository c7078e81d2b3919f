/** When a watch dials which of its targets: each at a moment of its own, so that they never march in step. */

/** By how much a dial is before or behind its moment at most, as a part of the time between two. */
const JITTER = 0.1;
/** What is later than this was not begun in time. */
export const HELD_UP_MS = 250;
/** A watch of the first instant dials each target so often at first, and for so long. */
const HASTY_EVERY_MS = 50;
const HASTY_FOR_MS = 2_000;
/** But all of them together no more often than this: a connection costs half a millisecond of processor time. */
const HASTY_APART_MS = 2.5;

interface Slot {
  /** Of the target. */
  readonly index: number;
  readonly phaseMs: number;
  /** How many times its moment has come. */
  round: number;
  dueMs: number;
}

/** What has become due of one target. */
export interface Due {
  readonly index: number;
  /** How many of its moments went by unused. */
  readonly missed: number;
  /** Whether it is to be dialled now. */
  readonly isNow: boolean;
  /** Nobody has asked for this one: it counts if it can be made. */
  readonly isExtra: boolean;
}

export class Schedule {
  readonly #beganMs: number;
  readonly #everyMs: number;
  readonly #random: () => number;
  /** The next one first. */
  readonly #queue: Slot[] = [];
  readonly #hastyUntilMs: number;
  readonly #hastyEveryMs: number;

  /**
   * @param targets how many there are
   * @param random from 0 up to 1: with its own numbers each agent has moments of its own
   * @param isHasty whether the first instant is what matters: all are dialled at once, and again soon
   */
  constructor(
    targets: number,
    {
      beganMs,
      everyMs,
      isHasty,
    }: { readonly beganMs: number; readonly everyMs: number; readonly isHasty: boolean },
    random: () => number,
  ) {
    this.#beganMs = beganMs;
    this.#everyMs = everyMs;
    this.#random = random;
    this.#hastyUntilMs = isHasty ? beganMs + HASTY_FOR_MS : beganMs;
    this.#hastyEveryMs = Math.min(everyMs, Math.max(HASTY_EVERY_MS, targets * HASTY_APART_MS));
    const offset = random();
    shuffled(targets, random).forEach((index, place) => {
      const phaseMs = (((place + offset) % targets) / targets) * everyMs;
      const slot: Slot = { index, phaseMs, round: 0, dueMs: beganMs };
      if (!isHasty) slot.dueMs = this.#momentOf(slot);
      this.#insert(slot);
    });
  }

  /** When the next one is due; undefined: there is no target. */
  get nextMs(): number | undefined {
    return this.#queue[0]?.dueMs;
  }

  /** Takes out of the queue what is due, and puts it back for its next moment. */
  take(nowMs: number): Due | undefined {
    const slot = this.#queue[0];
    if (slot === undefined || slot.dueMs > nowMs) return undefined;
    this.#queue.shift();
    const { index } = slot;
    let missed = 0;
    while (slot.dueMs + HELD_UP_MS < nowMs) {
      if (slot.dueMs >= this.#hastyUntilMs) missed += 1;
      this.#goOn(slot);
    }
    const isNow = slot.dueMs <= nowMs;
    const isExtra = slot.dueMs < this.#hastyUntilMs;
    if (isNow) this.#goOn(slot);
    this.#insert(slot);
    return { index, missed, isNow, isExtra };
  }

  #goOn(slot: Slot): void {
    const soonMs = slot.dueMs + this.#hastyEveryMs * this.#about();
    if (soonMs < this.#hastyUntilMs) {
      slot.dueMs = soonMs;
      return;
    }
    const least = Math.max(slot.dueMs, this.#hastyUntilMs - 1);
    do {
      slot.round += 1;
      slot.dueMs = this.#momentOf(slot);
    } while (slot.dueMs <= least);
  }

  #momentOf({ phaseMs, round }: Slot): number {
    const atMs = phaseMs + (round + this.#about() - 1) * this.#everyMs;
    return this.#beganMs + Math.max(0, atMs);
  }

  /** About 1. */
  #about(): number {
    return 1 + JITTER * (2 * this.#random() - 1);
  }

  #insert(slot: Slot): void {
    let place = this.#queue.length;
    while (place > 0 && (this.#queue[place - 1] as Slot).dueMs > slot.dueMs) place -= 1;
    this.#queue.splice(place, 0, slot);
  }
}

/** The numbers from 0 on, in any order. */
function shuffled(count: number, random: () => number): readonly number[] {
  return Array.from({ length: count }, (_, index) => ({ index, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ index }) => index);
}
