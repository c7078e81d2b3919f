/**
 * A run may have something done while all of its scenarios stand as they are: each has settled in its last step, its policies are in force,
 * and nothing has been taken away yet. Scenarios arrive one by one, and go on when that is over.
 */
import type { WatchRules } from '../judge/windows/verdict.ts';
import type { ScenarioDraft } from '../record/draft.ts';
import type { Outpost } from './outposts.ts';
import type { StepRun } from './steps/steps.ts';

/** A scenario in its last step. */
export interface StandingScenario {
  readonly scenario: ScenarioDraft;
  readonly step: StepRun;
  /** Of the run: they stay as long as it stands. */
  readonly outposts: readonly Outpost[];
}

export class Stand {
  readonly #standing: StandingScenario[] = [];
  readonly #work: (standing: readonly StandingScenario[]) => Promise<WatchRules | undefined>;
  readonly #over = Promise.withResolvers<WatchRules | undefined>();
  #awaited: number;

  /**
   * @param awaited how many scenarios there are, each of which either arrives or stays away
   * @param work done when none is awaited any more, with those that stand; not at all where none does
   */
  constructor(
    awaited: number,
    work: (standing: readonly StandingScenario[]) => Promise<WatchRules | undefined>,
  ) {
    this.#awaited = awaited;
    this.#work = work;
    // Whoever stands hears of it.
    this.#over.promise.catch(() => {});
  }

  /**
   * One has arrived.
   * @returns when the work is over, by what its checks are to be judged that were watched meanwhile
   * @throws what the work throws, for all that stand
   */
  async arrive(standing: StandingScenario): Promise<WatchRules | undefined> {
    this.#standing.push(standing);
    this.#count();
    return await this.#over.promise;
  }

  /** One will not come: it has failed on its way, or was never started. */
  stayAway(): void {
    this.#count();
  }

  #count(): void {
    this.#awaited -= 1;
    if (this.#awaited > 0 || this.#standing.length === 0) return;
    this.#work(this.#standing).then(this.#over.resolve, this.#over.reject);
  }
}
