/**
 * New pods while checks are watched: so many a minute, each a copy of a pod that checks start at. A cluster that cannot keep up gets fewer,
 * which is told, as is every reason for which one could not be made. It never ends the watch.
 */
import { messageOf, PodreachError } from '../../errors.ts';
import { objectKey } from '../../keys.ts';
import type { NewPod } from './copies.ts';
import { liveOnce, type MakingPods, type SeenNewPod } from './new-pod.ts';
import type { CopyPlan } from './plan.ts';

/** So many are there at once at most. */
const AT_ONCE = 8;
/** Of more reasons, those that came last are counted together. */
const REASONS_KEPT = 20;
const OTHER_REASONS = 'other reasons';
const MINUTE_MS = 60_000;

interface MissingPods {
  readonly reason: string;
  pods: number;
}

export class Churn {
  readonly perMinute: number;
  /** How many there should have been, as far as that has ended, but for those that the end of the watch cut off. */
  due = 0;
  /** How many of them the cluster took. */
  made = 0;
  readonly plan: CopyPlan;
  readonly #context: MakingPods;
  readonly #onSeen: (pod: SeenNewPod) => void;
  readonly #own = new Set<string>();
  readonly #failures = new Map<string, MissingPods>();

  /** @param onSeen hears of each new pod that has told what it saw */
  constructor(perMinute: number, plan: CopyPlan, onSeen: (pod: SeenNewPod) => void, context: MakingPods) {
    this.perMinute = perMinute;
    this.plan = plan;
    this.#onSeen = onSeen;
    this.#context = context;
  }

  get failures(): readonly MissingPods[] {
    return [...this.#failures.values()];
  }

  /** Whether a pod is, or was, one of these: `namespace/name`. */
  isNewPod(key: string): boolean {
    return this.#own.has(key);
  }

  /** Makes new pods until the watch ends. Ends when all have told what they saw, and are taken away. Never throws. */
  async go(stop: AbortSignal): Promise<void> {
    const { clock, signal } = this.#context;
    const over = AbortSignal.any([stop, signal]);
    const everyMs = MINUTE_MS / this.perMinute;
    const living = new Set<Promise<void>>();
    for (let nextMs = clock.now(); !over.aborted; ) {
      if (this.plan.copies === undefined) {
        this.due += 1;
        this.#note(this.plan.none);
      } else if (living.size >= AT_ONCE) {
        this.due += 1;
        this.#note(`the cluster did not keep up, ${AT_ONCE} others were still there`);
      } else {
        const wanted = this.plan.copies.next();
        this.#own.add(objectKey(wanted.pod));
        const life = this.#live(wanted, stop).finally(() => living.delete(life));
        living.add(life);
      }
      nextMs = Math.max(nextMs + everyMs, clock.now());
      await clock.sleep(nextMs - clock.now(), over).catch(() => undefined);
    }
    await Promise.all(living);
  }

  async #live(wanted: NewPod, stop: AbortSignal): Promise<void> {
    let made = 0;
    try {
      const seen = await liveOnce(wanted, this.#context, stop, () => {
        made = 1;
      });
      if (seen === undefined) return;
      this.due += 1;
      this.made += made;
      this.#onSeen(seen);
    } catch (thrown) {
      if (this.#context.signal.aborted) return;
      this.due += 1;
      this.made += made;
      // Of many pods the same reason is told once.
      const { name } = wanted.pod;
      const hint = thrown instanceof PodreachError ? thrown.hint : undefined;
      this.#note(messageOf(thrown).replaceAll(name, name.replace(/\d+$/, 'N')), hint);
    }
  }

  /** Counts a pod that was not made or told nothing, and says why where that is new. */
  #note(reason: string, hint?: string): void {
    const alike = reason.replaceAll(/\d+/g, '0');
    const known = this.#failures.get(alike);
    if (known !== undefined) {
      known.pods += 1;
      return;
    }
    if (this.#failures.size >= REASONS_KEPT) {
      const others = this.#failures.get(OTHER_REASONS) ?? { reason: OTHER_REASONS, pods: 0 };
      others.pods += 1;
      this.#failures.set(OTHER_REASONS, others);
      return;
    }
    this.#failures.set(alike, { reason, pods: 1 });
    const advice = hint === undefined ? '' : `. ${hint}`;
    this.#context.progress({ type: 'note', text: `a new pod is missing: ${reason}${advice}` });
  }
}
