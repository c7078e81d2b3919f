/** What the policies that isolate a pod in one direction let through. Pods with the same policies share a gate. */
import type { CompiledPolicy } from './compiled-policy.ts';
import type { Direction } from './isolation.ts';
import { either, type Match } from './match.ts';
import { type Counterpart, knownPlaceOf } from './peers.ts';
import type { Responsible } from './policy.ts';
import type { DestinationPort } from './ports.ts';
import { eitherRow, type MatchRow } from './rows.ts';

export class Gate {
  readonly #policies: readonly CompiledPolicy[];
  readonly #direction: Direction;
  readonly #rows = new Map<string, MatchRow>();

  constructor(policies: readonly CompiledPolicy[], direction: Direction) {
    this.#policies = policies;
    this.#direction = direction;
  }

  has(policy: CompiledPolicy): boolean {
    return this.#policies.includes(policy);
  }

  /** The gate without a policy that it has; none where it has no other. */
  without(policy: CompiledPolicy): Gate | undefined {
    const others = this.#policies.filter((one) => one !== policy);
    return others.length === 0 ? undefined : new Gate(others, this.#direction);
  }

  /** Whether any rule of any policy matches (D6). */
  admits(target: DestinationPort, counterpart: Counterpart): Match {
    const place = knownPlaceOf(counterpart);
    if (place !== undefined) return this.#admittedPods(target)[place] ?? 'no';
    const rules = this.#policies.flatMap((policy) => policy.rules[this.#direction]);
    return either(rules.map((rule) => rule.matches(target, counterpart)));
  }

  /** What makes the gate answer as it does: its policies where no rule matches, otherwise the rules that match just so. */
  deciding(target: DestinationPort, counterpart: Counterpart, match: Match): readonly Responsible[] {
    if (match === 'no') return this.#policies.map(({ responsible }) => responsible[this.#direction]);
    return this.#policies.flatMap(({ rules }) =>
      rules[this.#direction]
        .filter((rule) => rule.matches(target, counterpart) === match)
        .map(({ responsible }) => responsible),
    );
  }

  #admittedPods(target: DestinationPort): MatchRow {
    let row = this.#rows.get(target.key);
    if (row === undefined) {
      row = eitherRow(this.#policies.map((policy) => policy.admittedPods(this.#direction, target)));
      this.#rows.set(target.key, row);
    }
    return row;
  }
}
