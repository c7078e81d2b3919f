/** What many checks that went wrong have in common: one cause mostly has many of them. */
import { isDecidedByHeld } from '../../judge/held.ts';
import type { Verdict } from '../../model/verdict.ts';
import { formatNumber } from '../text/text.ts';
import { COINCIDENCE, type Feature, featuresOf, telling } from '../view/features.ts';
import type { CheckView, RunView, ScenarioView, StepView } from '../view/view.ts';
import { groupBy } from './group.ts';

/** Of fewer checks everything is a coincidence. */
const FEWEST = 3;
const PATTERNS_TOLD = 3;

type Wrong = Exclude<Verdict, 'pass'>;

const VERDICTS: readonly Wrong[] = ['leaked', 'broken', 'flapping', 'late', 'inconclusive'];
const WORDS: Readonly<Record<Wrong, { readonly many: string; readonly did: string }>> = {
  leaked: { many: 'leaks', did: 'leaked' },
  broken: { many: 'broken checks', did: 'is broken' },
  flapping: { many: 'flapping checks', did: 'is flapping' },
  late: { many: 'late checks', did: 'is late' },
  inconclusive: { many: 'inconclusive checks', did: 'is inconclusive' },
};

interface Counted {
  readonly feature: Feature;
  readonly wrong: Set<CheckView>;
  tested: number;
}

interface Pattern {
  /** Of what, and what it has in common. */
  readonly key: string;
  readonly wrong: ReadonlySet<CheckView>;
  /** @param where in how many scenarios, or nothing */
  readonly describe: (where: string) => string;
}

/**
 * Sentences such as `all 6 leaks end on node worker-2 (6 of the 6 checks that do)` and `every check into
 * shop/db:5432/TCP leaked (4 of 4)`, the most dangerous verdict first. What all tested checks have in common is no pattern.
 */
export function findPatterns(step: Pick<StepView, 'checks'>): string[] {
  return patternsIn(judged(step.checks), 1).map(({ describe }) => describe(''));
}

/** Those of all steps of a scenario; where it goes on in steps, each says of which. */
export function findStepPatterns({ steps, hasSteps }: ScenarioView): string[] {
  return steps.flatMap((step) =>
    findPatterns(step).map((text) => (hasSteps ? `in ${step.title} ${text}` : text)),
  );
}

/**
 * What only several scenarios together show, such as `all 6 leaks, in 3 scenarios, end on node worker-2 (6 of the 18 checks that
 * do)`: where each of them shows the same by itself, nothing.
 */
export function findRunPatterns({ scenarios }: RunView): string[] {
  const alone = new Map(
    scenarios.map((scenario) => [scenario, new Set(patternsIn(judgedOf(scenario), 1).map(({ key }) => key))]),
  );
  return patternsIn(scenarios.flatMap(judgedOf), 2).flatMap(({ key, wrong, describe }) => {
    const involved = scenariosOf(wrong);
    return [...involved].every((scenario) => alone.get(scenario)?.has(key))
      ? []
      : [describe(`, in ${formatNumber(involved.size)} scenarios`)];
  });
}

function judged(checks: readonly CheckView[]): CheckView[] {
  // What became of connections that were open before has no pattern in who may reach whom.
  return checks.filter((check) => check.verdict !== undefined && !isDecidedByHeld(check));
}

/** A pair that went wrong in several steps counts once, as it was at worst: otherwise it would make a pattern by itself. */
function judgedOf({ checks, hasSteps }: ScenarioView): CheckView[] {
  if (!hasSteps) return judged(checks);
  return groupBy(judged(checks), ({ id }) => id).map((group) =>
    group.reduce((worst, check) => (rankOf(check) < rankOf(worst) ? check : worst)),
  );
}

function rankOf({ countsAs = 'pass' }: CheckView): number {
  return ['pass', 'known', ...VERDICTS.toReversed()].toReversed().indexOf(countsAs);
}

function scenariosOf(checks: Iterable<CheckView>): Set<ScenarioView> {
  return new Set(Array.from(checks, ({ scenario }) => scenario));
}

/** @param fewest a pattern must be made of wrong checks of so many scenarios */
function patternsIn(among: readonly CheckView[], fewest: number): Pattern[] {
  return VERDICTS.flatMap((verdict) => {
    const wrong = among.filter((check) => check.countsAs === verdict);
    if (wrong.length < FEWEST || scenariosOf(wrong).size < fewest) return [];
    const tested = among.filter((check) => isComparable(check, verdict));
    if (wrong.length === tested.length) return [patternOfAll(verdict, new Set(wrong))];
    const counted = countFeatures(tested, verdict);
    const shared = sharedByAll(counted, wrong.length, tested.length);
    if (shared.length > 0) return shared.map((one) => patternShared(one, verdict));
    return wholeGroups(counted, wrong.length / tested.length, fewest).map((one) =>
      patternOfGroup(one, verdict),
    );
  });
}

/** A leak is one among the checks that must be unreachable, a broken check among those that must be reachable. */
function isComparable(check: CheckView, verdict: Wrong): boolean {
  if (verdict === 'leaked') return check.expected === 'unreachable';
  return verdict === 'broken' ? check.expected === 'reachable' : true;
}

function countFeatures(tested: readonly CheckView[], verdict: Wrong): Counted[] {
  const counted = new Map<string, Counted>();
  for (const check of tested) {
    for (const feature of featuresOf(check)) {
      const entry = counted.get(feature.key) ?? { feature, wrong: new Set(), tested: 0 };
      entry.tested += 1;
      if (check.countsAs === verdict) entry.wrong.add(check);
      counted.set(feature.key, entry);
    }
  }
  return [...counted.values()];
}

/** What all the wrong ones have, and few of the others. */
function sharedByAll(counted: readonly Counted[], wrong: number, tested: number): Counted[] {
  const shared = counted.filter((one) => one.wrong.size === wrong);
  return telling(shared, { among: wrong, tested }).slice(0, PATTERNS_TOLD);
}

/** Features without a single exception, those with the most checks first, each with enough that the others have not told. */
function wholeGroups(counted: readonly Counted[], shareOfWrong: number, fewest: number): Counted[] {
  const told = new Set<CheckView>();
  const groups: Counted[] = [];
  const whole = counted
    .filter((one) => one.wrong.size === one.tested && shareOfWrong ** one.tested < COINCIDENCE)
    .filter((one) => scenariosOf(one.wrong).size >= fewest)
    .sort((left, right) => right.tested - left.tested);
  for (const group of whole) {
    if (groups.length === PATTERNS_TOLD) break;
    if ([...group.wrong].filter((check) => !told.has(check)).length < FEWEST) continue;
    for (const check of group.wrong) told.add(check);
    groups.push(group);
  }
  return groups;
}

function patternShared({ feature, wrong, tested }: Counted, verdict: Wrong): Pattern {
  const number = formatNumber(wrong.size);
  return {
    key: `${verdict} ${feature.key}`,
    wrong,
    describe: (where) =>
      `all ${number} ${WORDS[verdict].many}${where === '' ? '' : `${where},`} ${feature.all} (${number} of the ${formatNumber(tested)} checks that do)`,
  };
}

function patternOfGroup({ feature, wrong }: Counted, verdict: Wrong): Pattern {
  const number = formatNumber(wrong.size);
  return {
    key: `${verdict} ${feature.key}`,
    wrong,
    describe: (where) =>
      `every check ${feature.every} ${WORDS[verdict].did}${where} (${number} of ${number})`,
  };
}

function patternOfAll(verdict: Wrong, wrong: ReadonlySet<CheckView>): Pattern {
  const which =
    verdict === 'leaked'
      ? ' that must be unreachable'
      : verdict === 'broken'
        ? ' that must be reachable'
        : '';
  const number = formatNumber(wrong.size);
  return {
    key: verdict,
    wrong,
    describe: (where) => `every check${which} ${WORDS[verdict].did}${where} (${number} of ${number})`,
  };
}
