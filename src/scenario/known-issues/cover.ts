/** Which checks of a scenario a known issue speaks of. */
import type { Problem } from '../../errors.ts';
import { objectKey } from '../../keys.ts';
import type { Check } from '../../model/check.ts';
import { FIRST_STEP } from '../../model/step.ts';
import type { MismatchVerdict } from '../../model/verdict.ts';
import { problemAt } from '../mark.ts';
import type { Plan, PlannedStep, WrittenIssue } from '../scenario.ts';
import {
  arrangeTopology,
  keyInAnyFamily,
  keyOfCheck,
  selectAll,
  selectEnds,
  selectTargets,
  type Topology,
  targetsOf,
} from '../select.ts';
import { quote, suggest } from '../suggest.ts';

/** The checks, each in its step; or why there are none, which is always a mistake. */
export type Covered =
  | { readonly kind: 'found'; readonly checks: readonly CoveredCheck[] }
  | { readonly kind: 'nothing'; readonly problems: readonly Problem[] };

export interface CoveredCheck {
  readonly check: Check;
  readonly step: PlannedStep;
}

/** Finds the checks of one scenario. */
export class Coverer {
  readonly #plan: Plan;
  readonly #topologies = new Map<PlannedStep, Topology>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  cover(issue: WrittenIssue): Covered {
    const steps = this.#stepsOf(issue);
    if (steps.length === 0) return nothing(this.#unknownStep(issue));
    const found = steps.map((step) => this.#between(issue, step));
    const checks = found.flatMap((one) => one.checks);
    const fitting = checks.filter(({ check, step }) => canBe(issue.is.value, check, step));
    if (fitting.length > 0) return { kind: 'found', checks: fitting };
    const [first, ...others] = found;
    // Labels change: what is nobody in one step may be somebody in another.
    const isElsewhere = others.some(({ problems }) => problems.length === 0);
    if (first !== undefined && first.problems.length > 0 && !isElsewhere) return nothing(first.problems);
    return nothing([checks.length === 0 ? saysNothing(issue) : cannotBe(issue, checks)]);
  }

  #stepsOf({ step: wanted }: WrittenIssue): readonly PlannedStep[] {
    const { steps } = this.#plan;
    return wanted === undefined ? steps : steps.filter(({ name = FIRST_STEP }) => name === wanted.value);
  }

  #unknownStep({ step, mark }: WrittenIssue): readonly Problem[] {
    const names = this.#plan.steps.map(({ name = FIRST_STEP }) => name);
    const { value: name = '', mark: place = mark } = step ?? {};
    return [problemAt(place, `unknown step ${quote(name)}`, { hint: suggest(name, names, 'steps') })];
  }

  #between(
    { from, to, families }: WrittenIssue,
    step: PlannedStep,
  ): { readonly checks: readonly CoveredCheck[]; readonly problems: readonly Problem[] } {
    const topology = this.#topologyIn(step);
    const sources = selectAll(from, selectEnds, topology);
    const targets = selectAll(to, selectTargets, topology);
    const names = new Set(sources.found.map(({ key }) => key));
    const keys = new Set(targets.found.flatMap(targetsOf).map(keyInAnyFamily));
    return {
      checks: step.checks
        .filter((check) => names.has(check.from) && keys.has(keyOfCheck(check)))
        .filter(({ family }) => families === undefined || (family && families.includes(family)))
        .map((check) => ({ check, step })),
      problems: [...sources.problems, ...targets.problems],
    };
  }

  /** All that is declared, with the labels of that time, as for the rules of a step. */
  #topologyIn(step: PlannedStep): Topology {
    const known = this.#topologies.get(step);
    if (known !== undefined) return known;
    const namespaces = new Map(step.namespaces.map((namespace) => [namespace.name, namespace]));
    const pods = new Map(step.pods.map((pod) => [objectKey(pod), pod]));
    const topology = arrangeTopology({
      namespaces: this.#plan.namespaces.map((namespace) => namespaces.get(namespace.name) ?? namespace),
      pods: this.#plan.pods.map((pod) => pods.get(objectKey(pod)) ?? pod),
      hosts: this.#plan.hosts,
      services: this.#plan.services,
      existingServices: this.#plan.existingServices,
    });
    this.#topologies.set(step, topology);
    return topology;
  }
}

function nothing(problems: readonly Problem[]): Covered {
  return { kind: 'nothing', problems };
}

/** Whether a check can come to a mismatch of this kind at all. */
function canBe(is: MismatchVerdict, { expected, held }: Check, { withinMs }: PlannedStep): boolean {
  switch (is) {
    case 'leaked':
      return expected === 'unreachable';
    case 'broken':
      return expected === 'reachable' || held === 'kept';
    case 'flapping':
      return true;
    case 'late':
      return withinMs !== undefined;
  }
}

function saysNothing({ step, mark }: WrittenIssue): Problem {
  const where = step === undefined ? '' : ` in the step ${quote(step.value)}`;
  return problemAt(mark, `this known issue speaks of no check: nothing is expected of these pairs${where}`, {
    hint: 'Name pairs of which a rule or "otherwise" says what is expected.',
  });
}

function cannotBe({ is }: WrittenIssue, checks: readonly CoveredCheck[]): Problem {
  if (is.value === 'late')
    return problemAt(is.mark, 'no check of this known issue can be late: its steps have no budget', {
      hint: 'Give the step a "within", or say what else is wrong.',
    });
  const expected = checks[0]?.check.expected ?? 'reachable';
  return problemAt(
    is.mark,
    `no check of this known issue can be ${is.value}: ${checks.length === 1 ? 'it is' : 'they are'} expected to be ${expected}`,
    { hint: `Did you mean ${quote(expected === 'reachable' ? 'broken' : 'leaked')}?` },
  );
}
