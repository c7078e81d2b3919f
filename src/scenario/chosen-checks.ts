/** Some checks of scenarios, chosen by their ends: `shop/web → shop/db:5432`. */
import { PodreachError } from '../errors.ts';
import { objectKey } from '../keys.ts';
import type { Check } from '../model/check.ts';
import { SERVICE_PATHS } from '../model/path.ts';
import { describeConnection } from '../pair.ts';
import { destinationText, sourceText } from './grammar/rules.ts';
import { readDestination, readEnd } from './read-rules.ts';
import type { DestinationSelection, EndSelection, Plan, PlannedStep, Port } from './scenario.ts';
import {
  arrangeTopology,
  hostKey,
  keyInAnyFamily,
  keyOfCheck,
  selectEnds,
  selectTargets,
  type Topology,
  targetsOf,
} from './select.ts';
import type { Selected } from './selected.ts';
import { quote } from './suggest.ts';

const FORM =
  'Write FROM → TO:PORT with pods and hosts as the scenario names them, such as "shop/web -> shop/db:5432".';
/** As reports write a pair, with its way and family and the name of the port behind it. */
const PAIR =
  /^(?<from>.+?)\s*(?:→|->)\s*(?<to>.+?)(?:\s+via\s+(?<path>\S+))?(?:\s+over (?<family>IPv[46]))?(?:\s+\([^)]*\))?$/s;
/** The most checks that a hint lists. */
const LISTED = 4;

/** What one `--check` asks for. */
interface WantedCheck {
  readonly text: string;
  readonly from: EndSelection;
  readonly to: DestinationSelection;
  /** Absent: whichever. */
  readonly path?: string | undefined;
  readonly family?: string | undefined;
}

/**
 * The plans with those of their checks that are asked for; plans without any are left out. Pods and policies stay as they are:
 * what a check shows depends on them.
 *
 * @param texts `FROM → TO:PORT`, with `->` in place of the arrow if need be; the ends are written as in a rule
 * @throws PodreachError `usage` where one of them chooses nothing
 */
export function chooseChecks(plans: readonly Plan[], texts: readonly string[]): readonly Plan[] {
  const wanted = texts.map(readWanted);
  const chosen = new Map<Plan, Set<Check>>(plans.map((plan) => [plan, new Set()]));
  for (const one of wanted) {
    const matches = plans.map((plan) => ({ plan, checks: matching(one, plan) }));
    if (matches.every(({ checks }) => checks.length === 0)) throw chosenNothing(one, plans);
    for (const { plan, checks } of matches) for (const check of checks) chosen.get(plan)?.add(check);
  }
  return plans.flatMap((plan) => {
    const own = chosen.get(plan);
    if (own === undefined || own.size === 0) return [];
    const [first, ...later] = plan.steps;
    const chosenOf = (step: PlannedStep): PlannedStep => ({
      ...step,
      checks: step.checks.filter((check) => own.has(check)),
      declaredChecks: step.checks,
    });
    return [{ ...plan, steps: [chosenOf(first), ...later.map(chosenOf)] }];
  });
}

function readWanted(text: string): WantedCheck {
  const { from, to, path, family } = PAIR.exec(text.trim())?.groups ?? {};
  if (from === undefined || to === undefined) {
    throw new PodreachError('usage', `--check ${quote(text)} names no two ends`, { hint: FORM });
  }
  for (const [end, schema] of [
    [from, sourceText],
    [to, destinationText],
  ] as const) {
    const issue = schema.safeParse(end).error?.issues[0];
    if (issue !== undefined) {
      throw new PodreachError('usage', `--check ${quote(text)}: ${issue.message}`, { hint: FORM });
    }
  }
  if (path !== undefined && !SERVICE_PATHS.some((way) => way === path)) {
    throw new PodreachError('usage', `--check ${quote(text)}: there is no way ${quote(path)}`, {
      hint: `The ways to a Service are: ${SERVICE_PATHS.join(', ')}.`,
    });
  }
  return { text, from: readEnd(from), to: readDestination(to), path, family };
}

function matching({ from, to, path, family }: WantedCheck, plan: Plan): readonly Check[] {
  const topology = arrangeTopology(plan);
  const sources = new Set(found(selectEnds(from, topology)).map(({ key }) => key));
  const targets = new Set(found(selectTargets(to, topology)).flatMap(targetsOf).map(keyInAnyFamily));
  return plan.steps
    .flatMap(({ checks }) => checks)
    .filter((check) => sources.has(check.from) && targets.has(keyOfCheck(check)))
    .filter((check) => (path ?? check.path) === check.path && isIn(family, check));
}

/** One whose family is for the cluster to say may be in any. */
function isIn(family: string | undefined, check: Check): boolean {
  return family === undefined || check.family === undefined || check.family === family;
}

function found<T>(selected: Selected<T>): readonly T[] {
  return selected.kind === 'found' ? selected.found : [];
}

/** An end that no scenario has is the reason; otherwise nothing is said about this pair. */
function chosenNothing({ text, from, to }: WantedCheck, plans: readonly Plan[]): PodreachError {
  const all = arrangeTopology({
    namespaces: plans.flatMap(({ namespaces }) => namespaces),
    pods: withAllPorts(
      plans.flatMap(({ pods }) => pods),
      objectKey,
    ),
    hosts: withAllPorts(
      plans.flatMap(({ hosts = [] }) => hosts),
      hostKey,
    ),
    services: plans.flatMap(({ services = [] }) => services),
    existingServices: plans.flatMap(({ existingServices = [] }) => existingServices),
  });
  const missing = [selectEnds(from, all), selectTargets(to, all)].find(({ kind }) => kind === 'nothing');
  if (missing?.kind === 'nothing') {
    return new PodreachError('usage', `--check ${quote(text)}: ${missing.message}`, {
      hint: missing.hint ?? FORM,
    });
  }
  return new PodreachError('usage', `no check is ${quote(text)}: nothing is said about it`, {
    hint: listNearest({ from, to }, all, plans),
  });
}

/** One name may be in several scenarios, with other ports in each. */
function withAllPorts<End extends { readonly ports: readonly Port[] }>(
  ends: readonly End[],
  keyOf: (end: End) => string,
): readonly End[] {
  const byKey = Map.groupBy(ends, keyOf);
  return ends.map((end) => ({ ...end, ports: byKey.get(keyOf(end))?.flatMap(({ ports }) => ports) ?? [] }));
}

/** The checks between the same pods, else those to the same, else those from the same. */
function listNearest(
  { from, to }: Pick<WantedCheck, 'from' | 'to'>,
  topology: Topology,
  plans: readonly Plan[],
): string {
  const sources = new Set(found(selectEnds(from, topology)).map(({ key }) => key));
  const { end } = to;
  const destinations = new Set(
    end.kind === 'service' ? [end.key] : found(selectEnds(end, topology)).map(({ key }) => key),
  );
  const checks = plans.flatMap(({ steps }) => steps.flatMap(({ checks }) => checks));
  const near =
    [
      checks.filter((check) => sources.has(check.from) && destinations.has(check.to)),
      checks.filter((check) => destinations.has(check.to)),
      checks.filter((check) => sources.has(check.from)),
      checks,
    ].find(({ length }) => length > 0) ?? [];
  const pairs = [...new Set(near.map(describeConnection))];
  const more = pairs.length > LISTED ? `, and ${pairs.length - LISTED} more` : '';
  return `The nearest there are: ${pairs.slice(0, LISTED).join(', ')}${more}.`;
}
