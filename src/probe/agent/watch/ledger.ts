/** What a watch remembers: lines with numbers, in bounded memory, until they have been received. */
import type { Outcome } from '../../../model/attempt.ts';
import type {
  HeldLine,
  LostLine,
  StallLine,
  StretchLine,
  VisitsLine,
  WatchLine,
} from '../../watch-protocol.ts';
import { round } from '../time.ts';

/** The kubelet comes each second: where it stays away longer than this, a visit or two are missing. */
const VISITS_APART_MS = 2_500;

/** One attempt of a watch. */
export interface WatchedAttempt {
  readonly outcome: Outcome;
  readonly detail?: string | undefined;
  readonly dialledMs: number;
  readonly tookMs: number;
}

type Growing<Line> = { -readonly [Key in keyof Line]: Line[Key] };

/** A line as it is kept. */
interface KeptEntry<Line extends WatchLine = WatchLine> {
  readonly line: Growing<Line>;
  /**
   * The first number that was given after the line could grow no more: who has received that one has received this line as it is. 0: it
   * may grow.
   */
  closedBy: number;
}

export class WatchLedger {
  readonly #kept: number;
  /** By number, in their order. */
  readonly #entries = new Map<number, KeptEntry>();
  /** The stretch that each target is in. */
  readonly #stretches = new Map<number, KeptEntry<StretchLine>>();
  #visits: KeptEntry<VisitsLine> | undefined;
  #lost: KeptEntry<LostLine> | undefined;
  #seq = 0;

  /** @param kept how many lines; those that may still grow are kept in any case */
  constructor(kept: number) {
    this.#kept = kept;
  }

  /** The highest number that has been given. */
  get seq(): number {
    return this.#seq;
  }

  /** Enters an attempt of a target: in the order of their dials. */
  attempt(id: number, { outcome, detail, dialledMs, tookMs }: WatchedAttempt): void {
    const current = this.#stretches.get(id);
    if (current?.line.outcome === outcome && current.line.detail === detail) {
      const { line } = current;
      line.count += 1;
      line.mostApartMs = Math.max(line.mostApartMs, dialledMs - line.lastMs);
      line.lastMs = dialledMs;
      line.lastTookMs = tookMs;
      line.mostTookMs = Math.max(line.mostTookMs, tookMs);
      line.totalTookMs += tookMs;
      return;
    }
    this.interrupt(id);
    const entry = this.#add<StretchLine>({
      kind: 'stretch',
      seq: this.#next(),
      id,
      outcome,
      ...(detail === undefined ? {} : { detail }),
      count: 1,
      firstMs: dialledMs,
      firstTookMs: tookMs,
      lastMs: dialledMs,
      lastTookMs: tookMs,
      mostTookMs: tookMs,
      totalTookMs: tookMs,
      mostApartMs: 0,
    });
    this.#stretches.set(id, entry);
  }

  /** Ends the stretch that a target is in: an attempt is missing. */
  interrupt(id: number): void {
    const current = this.#stretches.get(id);
    if (current === undefined) return;
    this.#stretches.delete(id);
    this.#close(current);
  }

  stall(fromMs: number, toMs: number): void {
    this.#addWhole<StallLine>({ kind: 'stall', seq: this.#next(), fromMs, toMs });
  }

  held(event: Omit<HeldLine, 'kind' | 'seq'>): void {
    this.#addWhole<HeldLine>({ kind: 'held', seq: this.#next(), ...event });
  }

  /** The kubelet has come. */
  visit(atMs: number): void {
    if (this.#visits !== undefined && atMs - this.#visits.line.lastMs <= VISITS_APART_MS) {
      this.#visits.line.count += 1;
      this.#visits.line.lastMs = atMs;
      return;
    }
    if (this.#visits !== undefined) this.#close(this.#visits);
    this.#visits = this.#add<VisitsLine>({
      kind: 'visits',
      seq: this.#next(),
      count: 1,
      firstMs: atMs,
      lastMs: atMs,
    });
  }

  /** Forgets what has been received, as it is, with a line of this number or a lower one. */
  forget(received: number): void {
    for (const [seq, { closedBy }] of this.#entries) {
      if (seq > received) return;
      if (closedBy !== 0 && closedBy <= received) this.#entries.delete(seq);
    }
  }

  /** All lines that have not been received as they are, in the order of their numbers. */
  lines(): readonly WatchLine[] {
    // What is lost from now on is told by a line of its own: this one has been told.
    if (this.#lost !== undefined) this.#lost.closedBy = this.#lost.line.seq;
    this.#lost = undefined;
    return Array.from(this.#entries.values(), ({ line }) => rounded(line));
  }

  #next(): number {
    this.#seq += 1;
    return this.#seq;
  }

  #add<Line extends WatchLine>(line: Growing<Line>): KeptEntry<Line> {
    const entry = { line, closedBy: 0 };
    this.#entries.set(line.seq, entry);
    this.#keepBounds();
    return entry;
  }

  #addWhole<Line extends WatchLine>(line: Growing<Line>): void {
    this.#add<Line>(line).closedBy = line.seq;
  }

  #close(entry: KeptEntry): void {
    entry.closedBy = this.#seq + 1;
  }

  /** Gives up the oldest lines that can grow no more where there are too many, and notes the time that they covered. */
  #keepBounds(): void {
    if (this.#entries.size <= this.#kept) return;
    for (const [seq, { line, closedBy }] of this.#entries) {
      if (closedBy === 0) continue;
      this.#entries.delete(seq);
      this.#lose(line);
      if (this.#entries.size <= this.#kept) return;
    }
  }

  #lose(line: WatchLine): void {
    const [fromMs, toMs] = timeOf(line);
    const lines = line.kind === 'lost' ? line.lines : 1;
    if (this.#lost === undefined) {
      const lost: Growing<LostLine> = { kind: 'lost', seq: this.#next(), lines, fromMs, toMs };
      this.#lost = { line: lost, closedBy: 0 };
      this.#entries.set(lost.seq, this.#lost);
      return;
    }
    this.#lost.line.lines += lines;
    this.#lost.line.fromMs = Math.min(this.#lost.line.fromMs, fromMs);
    this.#lost.line.toMs = Math.max(this.#lost.line.toMs, toMs);
  }
}

/** From when to when a line tells: of attempts, when they dialled. */
function timeOf(line: WatchLine): readonly [fromMs: number, toMs: number] {
  switch (line.kind) {
    case 'stretch':
    case 'visits':
      return [line.firstMs, line.lastMs];
    case 'held':
      return [line.atMs, line.atMs];
    default:
      return [line.fromMs, line.toMs];
  }
}

/** With all times in hundredths of a millisecond. */
function rounded<Line extends WatchLine>(line: Line): Line {
  const told: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(line))
    told[key] = typeof value === 'number' && key.endsWith('Ms') ? round(value) : value;
  return told as unknown as Line;
}
