/** Attempts, as a run notes them, one by one: what a record keeps of them is less. */
import type { Attempt } from '../../src/model/attempt.ts';
import { Attempts, type CheckDraft, type NotedAttempt } from '../../src/record/draft.ts';

export class RememberedAttempts extends Attempts {
  readonly #noted = new Map<CheckDraft, NotedAttempt[]>();

  override note(check: CheckDraft, attempt: Attempt): NotedAttempt {
    const noted = super.note(check, attempt);
    this.#noted.set(check, [...(this.#noted.get(check) ?? []), noted]);
    return noted;
  }

  /** As they are known by now. */
  of(check: CheckDraft): Attempt[] {
    return (this.#noted.get(check) ?? []).map(({ attempt }) => attempt);
  }
}
