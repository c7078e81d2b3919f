/**
 * When things happened in pods, on the run's own clock. Agents tell times on the clock of their node, and each exec bounds how far that
 * clock is from the run's: what the agent saw began after the exec was sent, and was over before its answer came. Over several execs
 * the bounds close in, and no clock has to be set right.
 */
import type { RunningPod } from './provision.ts';

/** A moment, as well as it is known; milliseconds on the run's clock. */
export interface ClockBounds {
  readonly earliest: number;
  readonly latest: number;
}

/** One exec, seen from both ends. */
export interface Exchange {
  /** On the run's clock. */
  readonly sentMs: number;
  readonly receivedMs: number;
  /** When it arrived, on the node's clock. */
  readonly clockMs: number;
  /** From its arrival to its answer. */
  readonly elapsedMs: number;
}

export class NodeClocks {
  /** What is to be added to a clock's time to get the run's. */
  readonly #offsets = new Map<string, ClockBounds>();
  /** Nodes whose pods turned out to have clocks of their own, as some sandboxed runtimes give them. */
  readonly #apart = new Set<string>();

  note(pod: RunningPod, { sentMs, receivedMs, clockMs, elapsedMs }: Exchange): void {
    const seen = { earliest: sentMs - clockMs, latest: receivedMs - elapsedMs - clockMs };
    const known = this.#offsets.get(this.clockOf(pod));
    const both = known === undefined ? seen : overlapOf(known, seen);
    if (both === undefined) this.#apart.add(pod.node);
    this.#offsets.set(this.clockOf(pod), both ?? seen);
  }

  /** Times of two pods with the same clock can be compared as they are. */
  clockOf({ namespace, name, node }: RunningPod): string {
    return this.#apart.has(node) ? `${namespace}/${name}` : node;
  }

  /** @param clockMs a time that an agent told @returns undefined before the first exchange with that clock */
  at(pod: RunningPod, clockMs: number): ClockBounds | undefined {
    const offset = this.#offsets.get(this.clockOf(pod));
    return offset && { earliest: offset.earliest + clockMs, latest: offset.latest + clockMs };
  }
}

function overlapOf(one: ClockBounds, other: ClockBounds): ClockBounds | undefined {
  const earliest = Math.max(one.earliest, other.earliest);
  const latest = Math.min(one.latest, other.latest);
  return earliest <= latest ? { earliest, latest } : undefined;
}
