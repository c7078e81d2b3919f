/** Policies of other kinds: what they mean is not for the oracle to say, only which flows they may decide about. */
import { listNames } from './list-names.ts';
import type { PolicyAnswer } from './match.ts';
import type { ForeignPolicy } from './model.ts';
import type { FoundEnd } from './parties.ts';

/**
 * Those that may decide about a flow: one of the whole cluster may decide about every flow, one of a namespace about those that begin or
 * end in it.
 */
export class ForeignPolicies {
  readonly #all: readonly ForeignPolicy[];
  /** By the namespaces of both ends: many flows have the same. */
  readonly #answers = new Map<string, PolicyAnswer | undefined>();

  constructor(all: readonly ForeignPolicy[]) {
    this.#all = all;
  }

  /** What they leave open; undefined where none of them may decide. */
  answer(from: FoundEnd, to: FoundEnd): PolicyAnswer | undefined {
    if (this.#all.length === 0) return undefined;
    const namespaces = [namespaceOf(from), namespaceOf(to)];
    const key = namespaces.join('/');
    if (!this.#answers.has(key)) this.#answers.set(key, this.#answerFor(namespaces));
    return this.#answers.get(key);
  }

  #answerFor(namespaces: readonly (string | undefined)[]): PolicyAnswer | undefined {
    const deciding = this.#all.filter(
      ({ namespace }) => namespace === undefined || namespaces.includes(namespace),
    );
    if (deciding.length === 0) return undefined;
    return {
      verdict: 'undefined',
      reason: `it is decided by ${listNames(deciding.map(({ title }) => title))}`,
    };
  }
}

function namespaceOf(end: FoundEnd): string | undefined {
  const party = end.kind === 'certain' ? end.party : end.asPod;
  return party.kind === 'pod' ? party.namespace : undefined;
}
