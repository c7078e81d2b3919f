/** What is the same thing in two records: scenarios and steps by their names, checks by what is connected to what. */
import type { CheckRecord, RunRecord, ScenarioRecord, StepRecord } from '../record/schema.ts';

/** One thing in two records; it may be in only one of them. */
export type Sides<One> =
  | { readonly before: One; readonly after: One }
  | { readonly before: undefined; readonly after: One }
  | { readonly before: One; readonly after: undefined };

/** Where a difference is. */
export interface ScenarioPlace {
  readonly scenario: string;
  /** Absent where the scenario has but one. */
  readonly step?: {
    /** Counts from 1, in the second record where it is there. */
    readonly number: number;
    /** Absent: the first. */
    readonly name?: string;
  };
}

/** A step of a record, with what is in it. */
export interface PlacedStep {
  readonly place: ScenarioPlace;
  /** Counts from 1. */
  readonly number: number;
  readonly step: StepRecord;
  /** The step before; undefined for the first. */
  readonly previous: StepRecord | undefined;
  /** In force in it. */
  readonly policies: ScenarioRecord['policies'];
  /** Of its scenario; absent: none are listed. */
  readonly knownIssues?: NonNullable<ScenarioRecord['knownIssues']>;
  /** Of its scenario; absent: there are none. */
  readonly existingServices?: NonNullable<ScenarioRecord['existingServices']>;
}

/** The things of two records, the same ones together: in the order of the second, and then what is there no more. */
export function pairUp<One extends object>(
  before: readonly One[],
  after: readonly One[],
  keyOf: (one: One) => string,
): Sides<One>[] {
  const left = byKey(before, keyOf);
  const sides = [...byKey(after, keyOf)].map(([key, one]): Sides<One> => {
    const other = left.get(key);
    left.delete(key);
    return other === undefined ? { before: undefined, after: one } : { before: other, after: one };
  });
  return [...sides, ...[...left.values()].map((one) => ({ before: one, after: undefined }))];
}

/** All steps of a record, those of each scenario in their order. */
export function stepsOf({ scenarios }: Pick<RunRecord, 'scenarios'>): PlacedStep[] {
  return scenarios.flatMap((scenario) => {
    let { policies } = scenario;
    const { knownIssues, existingServices } = scenario;
    return scenario.steps.map((step, index): PlacedStep => {
      policies = step.policies ?? policies;
      const number = index + 1;
      const place = {
        scenario: scenario.name,
        ...(scenario.steps.length === 1
          ? {}
          : { step: { number, ...(step.name === undefined ? {} : { name: step.name }) } }),
      };
      return {
        place,
        number,
        step,
        previous: scenario.steps[index - 1],
        policies,
        ...(knownIssues === undefined ? {} : { knownIssues }),
        ...(existingServices === undefined ? {} : { existingServices }),
      };
    });
  });
}

/** A scenario's steps are told apart by name: a step that is put before others is none of them. */
export function stepKey({ place, step: { name } }: PlacedStep): string {
  return JSON.stringify([place.scenario, name ?? null]);
}

/** What a check is about. Its number says nothing: another record may count otherwise. */
export function checkKey({ from, to, port, protocol, family, path }: CheckRecord): string {
  return JSON.stringify([from, to, port, protocol, family, path]);
}

/** What has the same key is told apart by its turn. */
function byKey<One>(all: readonly One[], keyOf: (one: One) => string): Map<string, One> {
  const turns = new Map<string, number>();
  return new Map(
    all.map((one) => {
      const key = keyOf(one);
      const turn = turns.get(key) ?? 0;
      turns.set(key, turn + 1);
      return [turn === 0 ? key : `${key} ${turn}`, one];
    }),
  );
}
