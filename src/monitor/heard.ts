/** What has been heard of the watch of one agent, on the clock of the watch. Pure. */
import type { WatchedStretch } from '../judge/windows/track.ts';
import type { HeldLine, WatchLine } from '../probe/watch-protocol.ts';
import type { Span } from './spans.ts';

export interface HeldEvent extends Pick<HeldLine, 'event' | 'beats' | 'detail'> {
  readonly atMs: number;
}

/** All times are milliseconds after the watch began, and may be off by `clockMs`, both ways. */
export interface Heard {
  readonly clockMs: number;
  /** From the beginning of the agent's watch to its last answer: of this time all is known that it saw. */
  readonly span: Span;
  /** By the id of their target, each list in the order of time. */
  readonly stretches: ReadonlyMap<number, readonly WatchedStretch[]>;
  readonly held: ReadonlyMap<number, readonly HeldEvent[]>;
  /** In which the agent did not run. */
  readonly stalls: readonly Span[];
  /** Of which it has forgotten what it saw. */
  readonly lost: readonly Span[];
  /** In which its kubelet came by. */
  readonly visits: readonly Span[];
}

/**
 * @param lines the newest of each number, in any order
 * @param offset what is to be added to the agent's clock to get the watch's, between these two
 * @param span of the agent's watch, on the agent's clock
 */
export function heardFrom(
  lines: Iterable<WatchLine>,
  offset: { readonly earliest: number; readonly latest: number },
  span: Span,
): Heard {
  const shift = (offset.earliest + offset.latest) / 2;
  const moved = ({ fromMs, toMs }: Span): Span => ({ fromMs: fromMs + shift, toMs: toMs + shift });
  const stretches = new Map<number, WatchedStretch[]>();
  const held = new Map<number, HeldEvent[]>();
  const [stalls, lost, visits]: [Span[], Span[], Span[]] = [[], [], []];
  for (const line of [...lines].toSorted((left, right) => left.seq - right.seq)) {
    switch (line.kind) {
      case 'stretch': {
        const { id, outcome, detail, count, firstMs, firstTookMs, lastMs, lastTookMs, mostApartMs } = line;
        add(stretches, id, {
          outcome,
          ...(detail === undefined ? {} : { detail }),
          count,
          firstMs: firstMs + shift,
          firstTookMs,
          lastMs: lastMs + shift,
          lastTookMs,
          mostApartMs,
        });
        break;
      }
      case 'held': {
        const { id, event, atMs, beats, detail } = line;
        add(held, id, { event, atMs: atMs + shift, beats, ...(detail === undefined ? {} : { detail }) });
        break;
      }
      case 'stall':
        stalls.push(moved(line));
        break;
      case 'lost':
        lost.push(moved(line));
        break;
      case 'visits':
        visits.push(moved({ fromMs: line.firstMs, toMs: line.lastMs }));
        break;
    }
  }
  for (const own of stretches.values()) own.sort((left, right) => left.firstMs - right.firstMs);
  return {
    clockMs: (offset.latest - offset.earliest) / 2,
    span: moved(span),
    stretches,
    held,
    stalls,
    lost,
    visits,
  };
}

function add<Value>(lists: Map<number, Value[]>, id: number, value: Value): void {
  const list = lists.get(id);
  if (list === undefined) lists.set(id, [value]);
  else list.push(value);
}
