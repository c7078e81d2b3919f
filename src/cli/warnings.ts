/** What is doubtful about scenarios before anything has started, as the commands tell it. */
import { dayOf } from '../model/known-issue.ts';
import type { ScenarioWarning } from '../policy/review.ts';
import { neutralise } from '../report/text/text.ts';
import { type Plan, policiesOf } from '../scenario/scenario.ts';

/** How many warnings are told where some can wait: policies that miss the point altogether show it by their first few. */
const SHOWN = 10;

/** A warning and the scenarios for which it holds: what is wrong with a policy by itself holds for all that use it. */
interface ToldWarning extends ScenarioWarning {
  readonly scenarios: readonly string[];
}

/**
 * All warnings of all scenarios. What will go wrong in a run comes before what may be meant.
 * @param now what expires is held against this day
 */
export async function warningsFor(plans: readonly Plan[], now: Date): Promise<readonly ToldWarning[]> {
  const { reviewExpiry, reviewPlan } = await import('../policy/review.ts');
  const day = dayOf(now);
  const found = plans.flatMap((plan) =>
    [...reviewExpiry(plan, day), ...reviewPlan(plan)].map((warning) => ({
      warning,
      scenario: plan.scenario.name,
    })),
  );
  const warnings = [...Map.groupBy(found, ({ warning }) => JSON.stringify(warning)).values()].flatMap(
    (same) =>
      same.slice(0, 1).map(({ warning }) => ({
        ...warning,
        scenarios: [...new Set(same.map(({ scenario }) => scenario))],
      })),
  );
  return [...warnings.filter(isCertain), ...warnings.filter((warning) => !isCertain(warning))];
}

/**
 * A few lines for each, and how to see those that are left out: never one of what will go wrong in a run.
 *
 * @param plans of all scenarios: a warning about a file that several of them read names its own
 */
export function describeWarnings(
  warnings: readonly ToldWarning[],
  plans: readonly Plan[],
  shown = SHOWN,
): string[] {
  const readers = countReaders(plans);
  const told = warnings.slice(0, Math.max(shown, warnings.filter(isCertain).length));
  const more = warnings.length - told.length;
  return [
    ...told.flatMap((warning) => describeWarning(warning, readers.get(warning.location.file) ?? 0)),
    ...(more > 0 ? [`… and ${more} more: podreach validate --verbose shows all.`] : []),
  ];
}

/** How many scenarios read each file. */
function countReaders(plans: readonly Plan[]): ReadonlyMap<string, number> {
  const files = plans.flatMap((plan) => [
    ...new Set([plan.scenario, ...policiesOf(plan)].map(({ location }) => location.file)),
  ]);
  return new Map([...Map.groupBy(files, (file) => file)].map(([file, all]) => [file, all.length]));
}

/** Policies that no API server takes, or none since Kubernetes 1.36, checks that cannot be met, and what excuses nothing any more. */
function isCertain({ code }: ScenarioWarning): boolean {
  return CERTAIN.has(code);
}

const CERTAIN: ReadonlySet<ScenarioWarning['code']> = new Set([
  'refused-policy',
  'lax-cidr',
  'contradicted-check',
  'expired-known-issue',
]);

/** @param readers how many scenarios read the file: where it is one, the place says which one is meant */
function describeWarning(
  { code, rule, message, location, advice, scenarios }: ToldWarning,
  readers: number,
): string[] {
  const name = rule === undefined ? code : `${code}, ${rule}`;
  const whose = readers > 1 ? `in ${describeScenarios(scenarios)}: ` : '';
  return [
    `${neutralise(location.file)}:${location.line}:${location.column}: warning: ${neutralise(whose + message)} [${name}]`,
    ...(advice === undefined ? [] : [`  next: ${neutralise(advice)}`]),
  ];
}

/** How many scenarios a warning names. */
const NAMED = 3;

function describeScenarios(names: readonly string[]): string {
  const more = names.length - NAMED;
  const named = more > 0 ? `${names.slice(0, NAMED).join(', ')} and ${more} more` : names.join(', ');
  return `${names.length === 1 ? 'scenario' : 'scenarios'} ${named}`;
}
