/** Policies whose removal would change no check, so that nothing tests them (D6). */
import { describeConnection } from '../../pair.ts';
import { flowBetween, type PodPair } from '../model.ts';
import type { Oracle } from '../oracle.ts';
import { DIRECTIONS, isolates, type Policy } from '../policy.ts';
import { requirementsOf } from '../requirements.ts';
import {
  findingAt,
  isAboutOthers,
  type Lint,
  type LintCheck,
  type LintContext,
  type LintFinding,
  placedRules,
} from './finding.ts';
import { findUntestedRules } from './untested-rules.ts';

export const lintUntested: Lint = (policy, context) => {
  const { oracle, checks, cutByOthers } = context;
  const subjects = oracle.subjectsOf(policy).map(({ name }) => name);
  if (checks.length === 0 || subjects.length === 0) return [];
  const without = oracle.without(policy);
  const decides = (pair: PodPair): boolean => predict(pair, oracle) !== predict(pair, without);
  const isCutByOthers = (pair: PodPair): boolean =>
    cutByOthers.size > 0 && cutByOthers.has(describeConnection(pair));
  const isTested = (pair: PodPair): boolean => !isCutByOthers(pair) && decides(pair);
  const own = checksOf(policy, subjects, context).filter((check) => check.cutBy === undefined);
  if (own.some(decides)) return findUntestedRules(policy, isCutByOthers, context);
  const testable = findPair(policy, subjects, oracle, isTested);
  const isAllCut = [...cutByOthers.values()].some(decides);
  if (testable === undefined && !isAllCut && isAboutOthers(policy, context.existingNamespaces)) return [];
  return [
    findingAt(policy, [], { code: 'untested-policy', rule: 'D6', ...describe(policy, testable, isAllCut) }),
  ];
};

/**
 * @param testable a pair that the policy decides, and that no check looks at
 * @param isAllCut whether it decides checks, all of which are of what others cut
 */
function describe(
  policy: Policy,
  testable: PodPair | undefined,
  isAllCut: boolean,
): Pick<LintFinding, 'message' | 'advice'> {
  const add = testable && `Add a check of something that it decides, such as ${describeConnection(testable)}`;
  const guards = isDefaultDeny(policy);
  if (add !== undefined) {
    return {
      message: 'without this policy every check would be predicted the same: nothing tests it',
      advice: guards ? `${add}.` : `${add}, or take the policy out.`,
    };
  }
  if (guards && !isAllCut) {
    return {
      message:
        'nothing tests this default deny, since other policies deny the same today: it guards the pods that are yet to come',
    };
  }
  return isAllCut
    ? {
        message:
          'all that this policy decides between the pods and ports of the scenario is cut by others: no check can test it',
        advice:
          'Add other pods or ports that it is about. If there are none, accept this finding, with a reason.',
      }
    : {
        message:
          'without this policy nothing between the pods and ports of the scenario would change: no check can test it',
        advice:
          'Add the pods or ports that it is about. If another policy says the same, take one of the two out, but not a default deny, and validate again.',
      };
}

/** A policy that denies all of a direction to every pod of its namespace, and so to those that do not exist yet. */
function isDefaultDeny(policy: Policy): boolean {
  return requirementsOf(policy.podSelector).length === 0 && placedRules(policy).length === 0;
}

/** The checks that the policy could decide. */
function checksOf(
  policy: Policy,
  subjects: readonly string[],
  { checksOn }: LintContext,
): readonly LintCheck[] {
  return DIRECTIONS.filter((direction) => isolates(policy, direction)).flatMap((direction) =>
    subjects.flatMap((subject) => checksOn(subject, direction)),
  );
}

/** The first of all flows that a check could look at and the policy could decide, for which a condition holds. */
function findPair(
  policy: Policy,
  subjects: readonly string[],
  { parties: { pods } }: Oracle,
  holds: (pair: PodPair) => boolean,
): PodPair | undefined {
  const isSubject = new Set(subjects);
  const sources = isolates(policy, 'egress') ? pods.filter(({ name }) => isSubject.has(name)) : [];
  for (const to of pods) {
    const tried = isolates(policy, 'ingress') && isSubject.has(to.name) ? pods : sources;
    for (const { port, protocol } of to.ports) {
      const from = tried.find(({ name }) => holds({ from: name, to: to.name, port, protocol }));
      if (from !== undefined) return { from: from.name, to: to.name, port, protocol };
    }
  }
  return undefined;
}

function predict(pair: PodPair, oracle: Oracle): string {
  return oracle.evaluate(flowBetween(pair)).verdict;
}
