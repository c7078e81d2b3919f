/** The watches of an agent, by name: begins them, and answers for them. */
import type { CollectRequest, WatchEndLine, WatchLine, WatchRequest } from '../../watch-protocol.ts';
import { InputError } from '../input.ts';
import { nodeClockMs, round } from '../time.ts';
import { RunningWatch } from './watch.ts';

/**
 * One for the pod's checks, and one for its first instant. An outpost has one for each scenario with new pods, of which 64 may run side by
 * side. A few more may be there that nobody asks for any more; one that has ended makes room.
 */
const WATCHES_AT_ONCE = 72;

export class Watches {
  readonly #agent: string;
  readonly #watches = new Map<string, RunningWatch>();

  /** @param agent unlike any other's */
  constructor(agent: string) {
    this.#agent = agent;
  }

  /** Begins a watch, unless it has begun. @param isHasty whether the first instant is what matters */
  begin(request: WatchRequest, isHasty = false): void {
    if (this.#watches.has(request.watch)) return;
    if (this.#watches.size >= WATCHES_AT_ONCE) this.#makeRoom();
    const watch = new RunningWatch(request, isHasty, () => this.#watches.delete(request.watch));
    this.#watches.set(request.watch, watch);
  }

  #makeRoom(): void {
    for (const [name, watch] of this.#watches)
      if (watch.hasEnded) {
        watch.destroy();
        this.#watches.delete(name);
        return;
      }
    throw new InputError(`an agent keeps ${WATCHES_AT_ONCE} watches at once, and none of them has ended`);
  }

  /** The kubelet has come. */
  visit(atMs: number): void {
    for (const watch of this.#watches.values()) watch.visit(atMs);
  }

  /** What there is to say. @throws InputError where a watch cannot be begun */
  async answer(request: WatchRequest | CollectRequest): Promise<readonly (WatchLine | WatchEndLine)[]> {
    const clockMs = nodeClockMs();
    if (request.kind === 'watch') this.begin(request);
    const watch = this.#watches.get(request.watch);
    watch?.asked();
    const lines: WatchLine[] = [];
    if (request.kind === 'collect' && watch !== undefined) {
      if (request.ends === true) await watch.end();
      watch.ledger.forget(request.received);
      lines.push(...watch.ledger.lines());
    }
    const end: WatchEndLine = {
      kind: 'end',
      watch: request.watch,
      agent: this.#agent,
      ...(watch === undefined ? {} : { state: watch.state }),
      lines: lines.length,
      clockMs: round(clockMs),
      elapsedMs: round(nodeClockMs() - clockMs),
    };
    return [...lines, end];
  }
}
