/**
 * In which families Services that are there already are tried: where a scenario asks for several, in those that each has. On most clusters
 * `default/kubernetes` has one, whatever the pods have.
 */
import { PodreachError } from '../errors.ts';
import type { Check } from '../model/check.ts';
import type { Family } from '../model/family.ts';
import { serviceKey } from '../model/service.ts';
import { describeConnection } from '../pair.ts';
import type { ScenarioDraft } from '../record/draft.ts';
import type { Plan, PlannedStep } from '../scenario/scenario.ts';
import type { MetServices } from './existing-services.ts';
import type { Planned } from './job.ts';

/**
 * A scenario with the checks that can be made. Those in families that their Service lacks are taken out of its record, too, which says how
 * many they were. One whose family is left to the cluster is made in the first of its Service.
 * @throws PodreachError `not-supported` for a rule, or a check that was chosen, that asks for a connection to a Service in no family that
 *   this has
 */
export function tryInOwnFamilies({ plan, scenario }: Planned, met: MetServices): Planned {
  if (met.size === 0) return { plan, scenario };
  const checks = plan.steps.flatMap((step) => step.checks);
  const lacking = checks.filter((check) => !isMade(check, met));
  refuseMeant(plan, lacking, met);
  refuseChosen(plan, checks, lacking, met);
  noteUntried(scenario, lacking);
  if (scenario.declaredChecks !== undefined)
    scenario.declaredChecks = plan.steps
      .flatMap((step) => step.declaredChecks ?? step.checks)
      .filter((check) => isMade(check, met)).length;
  const [first, ...later] = plan.steps.map((step, index): PlannedStep => {
    const made = step.checks.map((check) => (isMade(check, met) ? inFirst(check, met) : undefined));
    const draft = scenario.steps[index];
    if (draft !== undefined)
      draft.checks = draft.checks.flatMap((check, place) => {
        const { family = check.family } = made[place] ?? {};
        return made[place] === undefined ? [] : [{ ...check, family }];
      });
    return { ...step, checks: made.filter((check) => check !== undefined) };
  });
  return first === undefined ? { plan, scenario } : { plan: { ...plan, steps: [first, ...later] }, scenario };
}

function isMade({ to, family }: Check, met: MetServices): boolean {
  return family === undefined || (met.get(to)?.families.includes(family) ?? true);
}

function inFirst(check: Check, met: MetServices): Check {
  const family = check.family ?? met.get(check.to)?.families[0];
  return family === undefined ? check : { ...check, family };
}

/** A rule that speaks of several families means those that there are; what it asks for in others alone would be left untried without a word. */
function refuseMeant({ triedFamilies }: Plan, lacking: readonly Check[], met: MetServices): void {
  const untried = lacking.find(({ to, meantFamilies = triedFamilies?.listed ?? [] }) => {
    const own: readonly Family[] = met.get(to)?.families ?? [];
    return !meantFamilies.some((family) => own.includes(family));
  });
  if (untried !== undefined)
    throw refusal(
      untried,
      met,
      (only) => `Have it tried in ${only}, by "families" of the scenario and of its rule, or leave it out.`,
    );
}

/** Whoever chooses a connection with `--check` means it, whatever its rule means besides. */
function refuseChosen(
  { steps }: Plan,
  checks: readonly Check[],
  lacking: readonly Check[],
  met: MetServices,
): void {
  if (steps.every(({ declaredChecks }) => declaredChecks === undefined)) return;
  const made = new Set(checks.filter((check) => isMade(check, met)).map(inAnyFamily));
  const untried = lacking.find((check) => !made.has(inAnyFamily(check)));
  if (untried !== undefined)
    throw refusal(untried, met, (only) => `Leave the family out of --check: then it is tried in ${only}.`);
}

function inAnyFamily({ family: _, ...check }: Check): string {
  return describeConnection(check);
}

/** @param advise what to do, by the families that the Service has */
function refusal(untried: Check, met: MetServices, advise: (only: string) => string): PodreachError {
  const only = (met.get(untried.to)?.families ?? []).join(' and ');
  return new PodreachError(
    'not-supported',
    `${describeConnection(untried)}: the Service has only ${only} on this cluster`,
    { hint: advise(only), location: untried.declared },
  );
}

/** With what was left out, known issues speak of fewer checks: the rest can show that they are gone. */
function noteUntried(
  { existingServices = [], knownIssues = [] }: ScenarioDraft,
  lacking: readonly Check[],
): void {
  for (const [place, issue] of knownIssues.entries())
    issue.checks -= lacking.filter((check) => check.knownIssues?.includes(place) === true).length;
  for (const service of existingServices) {
    const own = lacking.filter(({ to }) => to === serviceKey(service));
    const [family] = own.flatMap((check) => check.family ?? []);
    if (family !== undefined) service.untried = { family, checks: own.length };
  }
}
