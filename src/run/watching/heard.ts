/** What has been heard of the watch of one agent, on the clock of the watch. */
import type { WatchedStretch } from '../../judge/windows/track.ts';
import type { HeldLine, StretchLine, WatchLine } from '../../probe/watch-protocol.ts';
import type { ClockBounds } from '../node-clocks.ts';
import type { TimeSpan } from './spans.ts';

export interface HeardEvent extends Pick<HeldLine, 'event' | 'beats' | 'detail'> {
  readonly atMs: number;
}

/** All times are milliseconds after the watch began, and may be off by `clockMs`, both ways. */
export interface Heard {
  /** Unlike any other's. */
  readonly agent: string;
  readonly clockMs: number;
  /** From the beginning of the agent's watch to its last answer: of this time all is known that it saw. Empty before the first. */
  readonly span: TimeSpan;
  /** When its process began. */
  readonly processMs: number;
  /** How many attempts it should have begun by then, and how many it has. */
  readonly due: number;
  readonly begun: number;
  /** Of how many it has told what they showed. */
  readonly attempts: number;
  /** By the id of their target, each list in the order of time. */
  stretchesOf(target: number): readonly WatchedStretch[];
  heldOf(target: number): readonly HeardEvent[];
  /** In which the agent did not run. */
  readonly stalls: readonly TimeSpan[];
  /** Of which it had more to remember than it can. */
  readonly lost: readonly TimeSpan[];
  /** In which its kubelet came by. */
  readonly visits: readonly TimeSpan[];
}

/** Of each target so many stretches are kept at most. */
const STRETCHES_KEPT = 1_000;

/** Collects what an agent hands over. A line that is told again under its number replaces what was told before. */
export class Hearing implements Heard {
  readonly agent: string;
  clockMs = 0;
  span: TimeSpan = { fromMs: 0, toMs: 0 };
  processMs = 0;
  due = 0;
  begun = 0;
  attempts = 0;
  readonly #stretches = new Map<number, Map<number, WatchedStretch>>();
  readonly #held = new Map<number, Map<number, HeardEvent>>();
  readonly #stalls = new Map<number, TimeSpan>();
  readonly #lost = new Map<number, TimeSpan>();
  readonly #visits = new Map<number, TimeSpan>();

  constructor(agent: string) {
    this.agent = agent;
  }

  /**
   * @param offset what is to be added to the agent's clock to get the watch's, between these two: as it is now, because clocks drift
   * @param state the agent's watch, on the agent's clock
   */
  hear(
    lines: readonly WatchLine[],
    offset: ClockBounds,
    state: {
      readonly beganMs: number;
      readonly processMs: number;
      readonly toMs: number;
      readonly due: number;
      readonly begun: number;
    },
  ): void {
    const shift = (offset.earliest + offset.latest) / 2;
    // What is told rests on the clocks as they are compared when it is told.
    if (lines.length > 0) this.clockMs = Math.max(this.clockMs, (offset.latest - offset.earliest) / 2);
    const isFirst = this.span.toMs === 0;
    const fromMs = isFirst ? state.beganMs + shift : this.span.fromMs;
    if (isFirst) this.processMs = state.processMs + shift;
    this.span = { fromMs, toMs: state.toMs + shift };
    this.due = state.due;
    this.begun = state.begun;
    for (const line of lines) this.#hearLine(line, shift);
  }

  stretchesOf(target: number): readonly WatchedStretch[] {
    const own = [...(this.#stretches.get(target)?.values() ?? [])];
    return own.toSorted((left, right) => left.firstMs - right.firstMs);
  }

  heldOf(target: number): readonly HeardEvent[] {
    return [...(this.#held.get(target)?.values() ?? [])];
  }

  get stalls(): readonly TimeSpan[] {
    return [...this.#stalls.values()];
  }

  get lost(): readonly TimeSpan[] {
    return [...this.#lost.values()];
  }

  get visits(): readonly TimeSpan[] {
    return [...this.#visits.values()];
  }

  #hearLine(line: WatchLine, shift: number): void {
    switch (line.kind) {
      case 'stretch':
        this.#hearStretch(line, shift);
        return;
      case 'held':
        ofTarget(this.#held, line.id).set(line.seq, {
          event: line.event,
          atMs: line.atMs + shift,
          beats: line.beats,
          ...(line.detail === undefined ? {} : { detail: line.detail }),
        });
        return;
      case 'stall':
        grow(this.#stalls, line.seq, { fromMs: line.fromMs + shift, toMs: line.toMs + shift });
        return;
      case 'lost':
        grow(this.#lost, line.seq, { fromMs: line.fromMs + shift, toMs: line.toMs + shift });
        return;
      case 'visits':
        grow(this.#visits, line.seq, { fromMs: line.firstMs + shift, toMs: line.lastMs + shift });
    }
  }

  #hearStretch(line: StretchLine, shift: number): void {
    const own = ofTarget(this.#stretches, line.id);
    const { outcome, detail, count, firstTookMs, lastTookMs, mostApartMs } = line;
    this.attempts += count - (own.get(line.seq)?.count ?? 0);
    own.set(line.seq, {
      outcome,
      ...(detail === undefined ? {} : { detail }),
      count,
      firstMs: own.get(line.seq)?.firstMs ?? line.firstMs + shift,
      firstTookMs,
      lastMs: line.lastMs + shift,
      lastTookMs,
      mostApartMs,
    });
    if (own.size > STRETCHES_KEPT) forgetSome(own);
  }
}

/**
 * What changes so often has shown already what it is: its first changes and its last ones say as much as all. What is forgotten leaves
 * a hole, which is unknown.
 */
function forgetSome(stretches: Map<number, WatchedStretch>): void {
  const middle = [...stretches.keys()].slice(STRETCHES_KEPT / 4, STRETCHES_KEPT / 2);
  for (const seq of middle) stretches.delete(seq);
}

function ofTarget<Value>(all: Map<number, Map<number, Value>>, target: number): Map<number, Value> {
  const known = all.get(target);
  if (known !== undefined) return known;
  const own = new Map<number, Value>();
  all.set(target, own);
  return own;
}

/** What is told again has begun when it was first told to have. */
function grow(spans: Map<number, TimeSpan>, seq: number, span: TimeSpan): void {
  spans.set(seq, { ...span, fromMs: spans.get(seq)?.fromMs ?? span.fromMs });
}
