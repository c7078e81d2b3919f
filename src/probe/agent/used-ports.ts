/**
 * The local ports that datagrams of this process came from. Connection tracking knows an exchange of datagrams by its addresses and ports alone:
 * what is sent from a port that was answered from there shortly before belongs to that exchange, and most network plugins let it through,
 * whatever the policies say by now.
 */

/** Longer than an exchange is remembered by default: by Linux 30 s after its last packet, or 120 s (180 s before 5.0), by Cilium 60 s. */
const REST_MS = 180_000;
/** At so many the older half is forgotten. Who comes to that within 30 s dials more than 1,600 times a second. */
const MOST_USES = 100_000;

export class UsedPorts {
  /** When each port was used, by itself and where it was used towards; the oldest use first. */
  readonly #uses = new Map<string, number>();
  #tidiedMs = 0;

  /**
   * Takes a port into use.
   * @param nowMs on a clock that never goes back
   * @returns false where it has been used towards there so lately that it must not be used again
   */
  take(localPort: number, ip: string, port: number, nowMs: number): boolean {
    const use = `${localPort} ${ip} ${port}`;
    const usedMs = this.#uses.get(use);
    if (usedMs !== undefined && nowMs - usedMs < REST_MS) return false;
    if (nowMs - this.#tidiedMs >= REST_MS || this.#uses.size >= MOST_USES) this.#tidy(nowMs);
    this.#uses.delete(use);
    this.#uses.set(use, nowMs);
    return true;
  }

  /** Not at each use: what was deleted from the front of a Map is in the way of who looks for the first, until there is much of it. */
  #tidy(nowMs: number): void {
    this.#tidiedMs = nowMs;
    for (const [use, usedMs] of this.#uses) {
      if (nowMs - usedMs < REST_MS && this.#uses.size <= MOST_USES / 2) break;
      this.#uses.delete(use);
    }
  }
}
