/**
 * The record of a run that goes on: the only form of it that can be written on. Only `src/run` does, and everybody else is handed the
 * same as a `RunRecord`, to be read.
 */
import type { z } from 'zod';
import type { Attempt } from '../model/attempt.ts';
import { type Observation, type Observations, observationOf, observe } from '../model/observation.ts';
import type { checkSchema, runRecordSchema, scenarioSchema, stepSchema } from './schema.ts';

/** What was observed is replaced as a whole, and never written into. */
export type CheckDraft = Omit<z.infer<typeof checkSchema>, keyof Observations> & {
  -readonly [Key in keyof Observations]: Observations[Key];
};
export type StepDraft = Omit<z.infer<typeof stepSchema>, 'checks'> & { checks: CheckDraft[] };
export type ScenarioDraft = Omit<z.infer<typeof scenarioSchema>, 'steps'> & { readonly steps: [StepDraft] };
export type RunDraft = Omit<z.infer<typeof runRecordSchema>, 'scenarios'> & {
  readonly scenarios: readonly ScenarioDraft[];
};

/** Writes attempts into the observations of checks, and keeps apart those of which more may become known. */
export class Attempts {
  readonly #logs = new Map<CheckDraft, Map<keyof Observations, Log>>();

  /** Adds an attempt to what its check showed. */
  note(check: CheckDraft, attempt: Attempt): NotedAttempt {
    const logs = this.#logs.get(check) ?? new Map<keyof Observations, Log>();
    this.#logs.set(check, logs);
    const key = observationOf(attempt.phase);
    const log = logs.get(key) ?? new Log(check, key);
    logs.set(key, log);
    return log.note(attempt);
  }
}

/** An attempt that has been noted. Whoever may learn more of it holds it until then. */
export class NotedAttempt {
  #attempt: Attempt;
  #holders = 0;
  readonly #rewrite: () => void;

  constructor(attempt: Attempt, rewrite: () => void) {
    this.#attempt = attempt;
    this.#rewrite = rewrite;
  }

  get attempt(): Attempt {
    return this.#attempt;
  }

  get isHeld(): boolean {
    return this.#holders > 0;
  }

  hold(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
  }

  /** More is known of it. */
  amend(change: Partial<Attempt>): void {
    if (!this.isHeld)
      throw new Error('an attempt that nobody holds is part of a stretch, and does not change');
    this.#attempt = { ...this.#attempt, ...change };
    this.#rewrite();
  }
}

/** One observation of one check. */
class Log {
  readonly #check: CheckDraft;
  readonly #key: keyof Observations;
  /** What will not change any more. */
  #final: Observation;
  /** Attempts after that, from the first one that is held. */
  #open: readonly NotedAttempt[] = [];

  constructor(check: CheckDraft, key: keyof Observations) {
    this.#check = check;
    this.#key = key;
    this.#final = check[key] ?? [];
  }

  note(attempt: Attempt): NotedAttempt {
    this.#finish();
    const noted = new NotedAttempt(attempt, () => this.#write());
    this.#open = [...this.#open, noted];
    this.#write();
    return noted;
  }

  #finish(): void {
    const held = this.#open.findIndex(({ isHeld }) => isHeld);
    const end = held === -1 ? this.#open.length : held;
    this.#final = extend(this.#final, this.#open.slice(0, end));
    this.#open = this.#open.slice(end);
  }

  #write(): void {
    this.#check[this.#key] = extend(this.#final, this.#open);
  }
}

function extend(observation: Observation, noted: readonly NotedAttempt[]): Observation {
  return noted.reduce((longer, { attempt }) => observe(longer, attempt), observation);
}
