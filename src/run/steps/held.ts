/**
 * Connections that are held open while a step cuts their pairs off. The agents of their sources open them before the step acts, and keep
 * them until it has settled and long enough has passed to tell what became of them.
 */
import type { CheckDraft } from '../../record/draft.ts';
import type { Trying } from '../context.ts';
import { onNodes } from '../directions.ts';
import type { Outpost } from '../outposts.ts';
import { endKeyOf, type RunningPod } from '../provision.ts';
import type { HeardEvent } from '../watching/heard.ts';
import { heardListeners, heardPods, heardWays } from '../watching/heard-pods.ts';
import { fateOfHeld } from '../watching/held-fate.ts';
import { type WatchedCheck, type WatchedWay, WatchPlan } from '../watching/plan-watches.ts';
import { type Collecting, type PodWatch, watchesOf } from '../watching/pod-watch.ts';
import { Tracks } from '../watching/tracks.ts';
import type { PlacedEnds } from '../ways.ts';

/**
 * From when a step has settled. An agent tells a stall after a second, and what gets lost on the way is sent again within as much time as
 * its loss took: what lives shows it by then.
 */
const HELD_ON_MS = 3_000;
/** How often destinations reach their own ports meanwhile, and outposts the other nodes: where they do not, silence is no wonder. */
const EVERY_MS = 1_000;
const POLL_MS = 100;

/** When the step acted and settled, on the run's clock. */
export interface HeldTimes {
  readonly actedMs: number;
  readonly settledMs: number;
}

/** A check of which a connection is held. */
interface HeldCheck extends WatchedCheck {
  readonly ways: readonly WatchedWay[];
}

/**
 * Opens a connection for each check that asks what becomes of one, and waits until all are open, or do not come to be.
 * @param name unlike that of any other step of the run
 * @param before what there is before the step acts
 * @returns undefined where no check asks
 */
export async function holdOpen(
  checks: readonly CheckDraft[],
  name: string,
  before: PlacedEnds,
  outposts: readonly Outpost[],
  context: Trying,
): Promise<HeldConnections | undefined> {
  const plan = new WatchPlan();
  const places = onNodes(outposts);
  const held = checks.flatMap((check): readonly HeldCheck[] => {
    if (check.held === undefined) return [];
    const dialled = answeredBefore(check, before);
    const added = plan.addHeld(dialled, before);
    if (added === undefined) {
      check.held.unseen = 'one of its pods did not run before the step acted';
      return [];
    }
    return [{ ...added, check, ways: plan.addWays(dialled, added.from, before, places) }];
  });
  if (held.length === 0) return undefined;
  const connections = new HeldConnections(plan, held, name, context);
  await connections.open();
  return connections;
}

/** A pod that the step only brings answers nobody before it acts. */
function answeredBefore({ backends, ...check }: CheckDraft, { pods }: PlacedEnds): CheckDraft {
  return backends === undefined ? check : { ...check, backends: backends.filter(({ pod }) => pods.has(pod)) };
}

export class HeldConnections {
  readonly #plan: WatchPlan;
  readonly #checks: readonly HeldCheck[];
  readonly #watches: ReadonlyMap<RunningPod, PodWatch>;
  readonly #context: Collecting;
  /** How many events had been heard of each when it was left to the step. */
  readonly #known = new Map<HeldCheck, number>();
  #leftMs = 0;

  constructor(plan: WatchPlan, checks: readonly HeldCheck[], name: string, context: Trying) {
    this.#plan = plan;
    this.#checks = checks;
    this.#context = { ...context, zeroMs: context.clock.now() };
    this.#watches = watchesOf(plan, { name: `${context.runId}-${name}`, everyMs: EVERY_MS }, context);
  }

  async open(): Promise<void> {
    const { clock, signal, timing } = this.#context;
    await Promise.all([...this.#watches.values()].map((watch) => watch.begin(this.#context)));
    const deadlineMs = clock.now() + 2 * timing.timeoutMs + EVERY_MS;
    for (;;) {
      await this.#collectFrom(this.#checks.filter((one) => !this.#isOpen(one)));
      if (this.#checks.every((one) => this.#isOpen(one)) || clock.now() > deadlineMs) break;
      await clock.sleep(POLL_MS, signal);
    }
    for (const one of this.#checks) this.#known.set(one, this.#eventsOf(one).length);
    this.#leftMs = clock.now() - this.#context.zeroMs;
  }

  /** Holds them until it can be told what became of them, and writes that down. */
  async letGo({ actedMs, settledMs }: HeldTimes): Promise<void> {
    const { clock, signal, zeroMs } = this.#context;
    await clock.sleep(Math.max(0, settledMs + HELD_ON_MS - clock.now()), signal);
    const endMs = clock.now() - zeroMs;
    await Promise.all([...this.#watches.values()].map((watch) => watch.collect(true, this.#context)));
    const tracks = new Tracks(EVERY_MS, { fromMs: this.#leftMs, toMs: endMs });
    const pods = heardPods(this.#watches);
    const allWays = heardWays(this.#plan.ways, this.#watches);
    for (const one of this.#checks) {
      const from = pods.get(one.from);
      if (one.check.held === undefined || from === undefined) continue;
      const pod = this.#podBehind(one);
      const held = { ...one.check.held, ...(pod === undefined ? {} : { pod }) };
      const answering = one.listeners.filter(({ to }) => pod === undefined || endKeyOf(to) === pod);
      const listeners = heardListeners(answering, pods);
      const ways = one.ways.flatMap((way) => allWays.get(way) ?? []);
      const { dark } = tracks.of({ from, target: one.target, listeners, ways });
      const seen = fateOfHeld(this.#eventsOf(one), this.#known.get(one) ?? 0, dark);
      const afterActing = (ms: number): number => Math.round(zeroMs + ms - actedMs);
      if ('unseen' in seen) {
        one.check.held = { ...held, unseen: seen.unseen };
        continue;
      }
      const { endedMs, heldMs, longestStallMs, ...rest } = seen;
      one.check.held = {
        ...held,
        ...rest,
        ...(endedMs === undefined ? {} : { endedMs: afterActing(endedMs) }),
        heldMs: afterActing(heldMs),
        ...(longestStallMs === undefined ? {} : { longestStallMs: Math.round(longestStallMs) }),
      };
    }
  }

  async #collectFrom(checks: readonly HeldCheck[]): Promise<void> {
    const sources = new Set(checks.map(({ from }) => from));
    await Promise.all([...sources].map((pod) => this.#watches.get(pod)?.collect(false, this.#context)));
  }

  /** The pod behind a Service that a connection was open to before the step acted: it stays with that. */
  #podBehind(one: HeldCheck): string | undefined {
    const before = this.#eventsOf(one).slice(0, this.#known.get(one));
    const opened = before.findLast(({ event }) => event === 'opened');
    if (one.check.backends === undefined || opened === undefined) return undefined;
    // Which of several is told.
    const [sole] = one.listeners;
    return opened.detail ?? (sole && endKeyOf(sole.to));
  }

  #isOpen(one: HeldCheck): boolean {
    const last = this.#eventsOf(one).at(-1)?.event;
    return last === 'opened' || last === 'resumed';
  }

  #eventsOf({ from, target }: HeldCheck): readonly HeardEvent[] {
    return (this.#watches.get(from)?.agents ?? []).flatMap((agent) => agent.heldOf(target));
  }
}
