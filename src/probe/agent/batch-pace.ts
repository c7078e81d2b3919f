/**
 * How fast a batch begins. Agents share the machines they run on, and what many of them begin at once is answered late by all: an attempt
 * begins when those before it are answered, or have waited for much longer than answers take. So many wait at once as answers come soon.
 */
import { LONGEST_YOUNG } from '../bounds.ts';
import { after } from './time.ts';

/** So many sockets wait for their first answer at once. */
const AT_FIRST = 32;
/** Two that begin with two each, or one that is wider. */
const AT_LEAST = 4;
const AT_MOST = 64;
/** An answer that took a greater part of an attempt's time is late: then fewer wait at once, and after each that is not one more. */
const LATE_PART = 1 / 5;
const FEWER = 3 / 4;
/** Once it has waited for so many times as long as the slowest answer of late, an attempt keeps no other waiting. */
const MULTIPLE = 3;
const LEAST_YOUNG_MS = 10;
/** What the slowest answer counts for when the next one comes. */
const FADING = 0.9;

export class BatchPace {
  readonly #timeoutMs: number;
  /** Called when there is room again. */
  readonly #onRoom: () => void;
  #atOnce = AT_FIRST;
  #young = 0;
  #slowestMs = 0;

  /** @param timeoutMs of an attempt */
  constructor(timeoutMs: number, onRoom: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onRoom = onRoom;
  }

  /** Whether so many sockets may be opened now; more than there is ever room for may be where no other is young. */
  hasRoomFor(sockets: number): boolean {
    return this.#young === 0 || this.#young + sockets <= this.#atOnce;
  }

  /** They are opened. @returns to be called when they are answered, with how long that took, or when nobody waits for them any more */
  begin(sockets: number): (answerMs?: number) => void {
    this.#young += sockets;
    let isYoung = true;
    const age = (): void => {
      if (!isYoung) return;
      isYoung = false;
      this.#young -= sockets;
      this.#onRoom();
    };
    const cancel = after(this.#youngMs(), age);
    return (answerMs) => {
      cancel();
      if (answerMs !== undefined) this.#hear(answerMs);
      age();
    };
  }

  #hear(answerMs: number): void {
    this.#slowestMs = Math.max(answerMs, FADING * this.#slowestMs);
    const isLate = answerMs > LATE_PART * this.#timeoutMs;
    this.#atOnce = isLate
      ? Math.max(AT_LEAST, Math.floor(FEWER * this.#atOnce))
      : Math.min(AT_MOST, this.#atOnce + 1);
  }

  #youngMs(): number {
    return Math.min(LONGEST_YOUNG * this.#timeoutMs, Math.max(LEAST_YOUNG_MS, MULTIPLE * this.#slowestMs));
  }
}
