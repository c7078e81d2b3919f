/** What happens in the pod whether or not anybody asks. */
import type { Watches } from './watch/watches.ts';

/**
 * For how long dials are open in all, so that late answers to them are heard. Before the kernel sends a SYN again, after a second: the
 * answer to that would say what is so then.
 */
export const LATE_MS = { TCP: 900, UDP: 3_500 } as const;
/** So many dials of ended attempts are open at most: file descriptors are few. */
const LATE_DIALS = 600;
/** So many nonces of attempts that were answered late are remembered: each answer tells all of them. */
const LATE_KEPT = 10_000;
/** So many nonces of datagrams that have arrived are remembered. */
export const NONCES_KEPT = 100_000;

/** What happens in the pod whether or not anybody asks. */
export interface Memory {
  /** Unlike any other agent's. */
  readonly agent: string;
  /** When the kubelet was here, in milliseconds on the node's clock. */
  readonly visits: number[];
  /** Of datagrams that have arrived, the oldest first. */
  readonly nonces: Set<string>;
  readonly late: LateAnswers;
  /** How many connections others hold to this pod. */
  held: number;
  readonly watches: Watches;
}

/** Dials of attempts that have ended without an answer, open for a while: what is answered late was not blocked, it was slow. */
export class LateAnswers {
  /** Of the attempts that were answered after their end, the oldest first. */
  readonly nonces = new Set<string>();
  readonly #open = new Set<() => void>();

  note(nonce: string): void {
    remember(this.nonces, nonce, LATE_KEPT);
  }

  /** @param close called after `ms`, or sooner where too many are open */
  await(close: () => void, ms: number): void {
    this.#open.add(close);
    setTimeout(() => this.#close(close), ms).unref();
    for (const oldest of this.#open) {
      if (this.#open.size <= LATE_DIALS) {
        break;
      }
      this.#close(oldest);
    }
  }

  end(): void {
    for (const close of this.#open) {
      this.#close(close);
    }
  }

  #close(close: () => void): void {
    if (this.#open.delete(close)) {
      close();
    }
  }
}

/** Forgets the oldest where there are too many. */
export function remember(nonces: Set<string>, nonce: string, kept: number): void {
  nonces.add(nonce);
  if (nonces.size > kept) {
    for (const oldest of nonces) {
      nonces.delete(oldest);
      break;
    }
  }
}
