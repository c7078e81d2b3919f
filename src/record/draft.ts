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
export type ScenarioDraft = Omit<z.infer<typeof scenarioSchema>, 'steps'> & {
  readonly steps: [StepDraft, ...StepDraft[]];
};
export type RunDraft = Omit<z.infer<typeof runRecordSchema>, 'scenarios'> & {
  readonly scenarios: readonly ScenarioDraft[];
};

/** Writes attempts into the observations of checks, and keeps apart those of which more may become known. */
export class Attempts {
  /** One map for each observation: a map for each check would take more room than what it holds. */
  readonly #logs = {
    control: new Map<CheckDraft, Log>(),
    turning: new Map<CheckDraft, Log>(),
    observed: new Map<CheckDraft, Log>(),
    closing: new Map<CheckDraft, Log>(),
  };

  /** Adds an attempt to what its check showed. */
  note(check: CheckDraft, attempt: Attempt): NotedAttempt {
    const key = observationOf(attempt.phase);
    const log = this.#logs[key].get(check) ?? new Log(check, key);
    this.#logs[key].set(check, log);
    return log.note(attempt);
  }
}

/** An attempt that has been noted. Whoever may learn more of it holds it until then. */
export class NotedAttempt {
  #attempt: Attempt;
  #holders = 0;
  readonly #log: Pick<Log, 'write'>;

  constructor(attempt: Attempt, log: Pick<Log, 'write'>) {
    this.#attempt = attempt;
    this.#log = log;
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
    this.#log.write();
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
    const noted = new NotedAttempt(attempt, this);
    this.#open = this.#open.concat(noted);
    this.write();
    return noted;
  }

  #finish(): void {
    const held = this.#open.findIndex(({ isHeld }) => isHeld);
    const end = held === -1 ? this.#open.length : held;
    this.#final = extend(this.#final, this.#open.slice(0, end));
    this.#open = this.#open.slice(end);
  }

  write(): void {
    this.#check[this.#key] = extend(this.#final, this.#open);
  }
}

function extend(observation: Observation, noted: readonly NotedAttempt[]): Observation {
  return noted.reduce((longer, { attempt }) => observe(longer, attempt), observation);
}
