/**
 * A run as suites of test cases, for the formats that other tools read as test results. Whatever keeps a run from being
 * `PASSED` shows as a case that failed or errored, so that none of these formats is ever green where the run was not.
 */
import { tookOf } from '../../model/observation.ts';
import type { Fact } from '../text/block.ts';
import { isMismatch } from '../view/mismatch.ts';
import type { CheckView, LocationView, RunView, ScenarioView } from '../view/view.ts';
import { allObservations, describeAttempts, underPolicies } from './attempts.ts';
import { describeContrary, isPassedContrary } from './contrary.ts';
import { describeExpected } from './expectation.ts';
import { endFacts, failureFacts, manifestOf } from './failure.ts';
import { firstInstantFacts } from './first-instant.ts';
import { heldFacts } from './held-connections.ts';
import { describeKnown } from './known-issues.ts';
import { factsOf } from './mismatch.ts';
import { isDecidedBesides } from './shown.ts';
import { timeFacts } from './steps.ts';
import { describeExtent, runWord } from './summary.ts';
import { commandFacts, describeCommandFailure } from './watch.ts';
import { watchedFacts } from './watched.ts';

export interface Suite {
  readonly name: string;
  /** Absent for what concerns the run as a whole. */
  readonly scenario?: ScenarioView;
  readonly cases: readonly Case[];
}

export type Case = CaseName &
  (
    | {
        readonly result: 'passed';
        /** How long it took, where its step cuts it off or opens it, and what became of a connection that was open before. */
        readonly facts: readonly Fact[];
        /** What was seen besides what is expected; absent where nothing was. */
        readonly contrary?: string;
        /** What the watch found that was within its budgets; absent where it found nothing. */
        readonly watched?: string;
      }
    | { readonly result: 'skipped'; readonly message: string }
    /** A mismatch that somebody answers for. */
    | ({ readonly result: 'known'; readonly check: CheckView } & CaseProblem)
    | ({ readonly result: 'failed' | 'errored' } & CaseProblem)
  );

interface CaseName {
  readonly name: string;
  /** Absent where the case stands for a scenario or a run itself. */
  readonly check?: CheckView;
  /** What all of its attempts took together. */
  readonly durationMs: number;
}

/** Why a case is not as it should be. */
export interface CaseProblem {
  /** A verdict, an error code, or how the run ended. */
  readonly kind: string;
  /** One sentence that can be understood without anything else. */
  readonly message: string;
  readonly facts: readonly Fact[];
  /** Lines of YAML that would mend it, which a hint may speak of. */
  readonly manifest?: readonly string[];
  readonly location?: LocationView;
}

/** A suite per scenario and, where something is wrong with the run itself, one for that, which comes first. */
export function suitesOf(view: RunView): Suite[] {
  const suites = view.scenarios.map(suiteOf);
  const problem = runProblem(view, suites);
  if (problem === undefined) return suites;
  const itself: Case = { name: 'the run itself', durationMs: 0, result: 'errored', ...problem };
  return [{ name: 'podreach', cases: [itself] }, ...suites];
}

/** A case per check and, where the scenario itself failed, one for that, which comes first. */
function suiteOf(scenario: ScenarioView): Suite {
  const { name, error, checks } = scenario;
  const cases = checks.map(caseOf);
  if (error === undefined) return { name, scenario, cases };
  const itself: Case = {
    name: 'the scenario itself',
    durationMs: 0,
    result: 'errored',
    kind: error.code,
    message: `scenario ${name}: ${error.message}`,
    facts: failureFacts(error),
    ...manifestOf(error),
    location: error.location ?? scenario.location,
  };
  return { name, scenario, cases: [itself, ...cases] };
}

function caseOf(check: CheckView): Case {
  const name: CaseName = {
    name: `${check.scenario.hasSteps ? `${check.step.label}: ` : ''}${check.pair} is ${check.expected}`,
    check,
    durationMs: allObservations(check).reduce((sum, stretch) => sum + (tookOf(stretch)?.totalMs ?? 0), 0),
  };
  if (check.verdict === 'pass') {
    return {
      ...name,
      result: 'passed',
      facts: [...timeFacts(check), ...firstInstantFacts(check), ...heldFacts(check)],
      ...(isPassedContrary(check) ? { contrary: describeContrary(check) } : {}),
      ...watchedOf(check),
    };
  }
  if (check.verdict === undefined && check.scenario.status !== 'finished')
    return { ...name, result: 'skipped', message: 'not judged: the run ended before' };
  return {
    ...name,
    check,
    result: resultOf(check),
    kind: check.verdict ?? 'not-judged',
    message: describeCheck(check),
    facts: factsOf(check),
    location: check.declared,
  };
}

function resultOf(check: CheckView): 'known' | 'failed' | 'errored' {
  if (check.known !== undefined) return 'known';
  return isMismatch(check) ? 'failed' : 'errored';
}

function watchedOf(check: CheckView): { readonly watched?: string } {
  const told = check.watched?.windows.length === 0 ? undefined : watchedFacts(check)[0]?.text;
  return told === undefined ? {} : { watched: told };
}

/** `leaked: shop/web → shop/db:5432/TCP: expected unreachable, seen connected 3 of 3 (in 0.4 ms)` */
function describeCheck(check: CheckView): string {
  const { verdict, reason } = check;
  // What was late was seen at last, and what was so only for a time was not seen then: why it is amiss says what is.
  const seen =
    isMismatch(check) && verdict !== 'late' && !isDecidedBesides(check)
      ? `seen ${describeAttempts(underPolicies(check))}`
      : `but ${reason ?? 'it was not judged'}`;
  const text = `${verdict ?? 'not judged'}: ${check.title}: expected ${describeExpected(check)}, ${seen}`;
  const known = describeKnown(check);
  return known === undefined ? text : `${text}; ${known}`;
}

function runProblem(view: RunView, suites: readonly Suite[]): CaseProblem | undefined {
  const { error, interruptedBy, incomplete } = view.run;
  const extent = `${describeExtent(view)}; nothing is proven about the rest`;
  if (error !== undefined && error.code !== 'interrupted') {
    const { code, message, location } = error;
    const facts = [...failureFacts(error), ...endFacts(view)];
    return {
      kind: code,
      message,
      facts,
      ...manifestOf(error),
      ...(location === undefined ? {} : { location }),
    };
  }
  if (interruptedBy !== undefined)
    return { kind: 'interrupted', message: `interrupted by ${interruptedBy}, ${extent}`, facts: [] };
  if (incomplete) {
    return {
      kind: 'incomplete',
      message: `the run did not come to its own end, ${extent}`,
      facts: [],
    };
  }
  const message = describeCommandFailure(view);
  if (message !== undefined) return { kind: 'command-failed', message, facts: commandFacts(view) };
  const isExplained = suites.some(({ cases }) => cases.some(isBad));
  if (isExplained || runWord(view).word === 'PASSED') return undefined;
  return { kind: 'nothing-proven', message: `nothing was proven: ${describeExtent(view)}`, facts: [] };
}

/** What kept podreach itself from going on: what is wrong with the run, then with whole scenarios. */
export function problemsOf(view: RunView): CaseProblem[] {
  return suitesOf(view).flatMap(({ cases }) =>
    cases.flatMap((one) => (one.check === undefined && 'message' in one && 'facts' in one ? [one] : [])),
  );
}

/** Whether a case keeps its run from being green. */
export function isBad(testCase: Case): testCase is Extract<Case, { readonly result: 'failed' | 'errored' }> {
  return testCase.result === 'failed' || testCase.result === 'errored';
}
