/** Policies whose removal would change no check, so that nothing tests them (D6). */
import { flowBetween, type PodPair } from '../model.ts';
import type { Oracle } from '../oracle.ts';
import { DIRECTIONS, isolates, type Policy } from '../policy.ts';
import { findingAt, type Lint, type LintCheck, type LintContext } from './finding.ts';

export const lintUntested: Lint = (policy, context) => {
  const { oracle, checks } = context;
  const subjects = oracle.subjectsOf(policy).map(({ name }) => name);
  if (checks.length === 0 || subjects.length === 0) return [];
  const without = oracle.without(policy);
  const decides = (pair: PodPair): boolean => predict(pair, oracle) !== predict(pair, without);
  // What others cut is cut with and without the policy: such a check is never a test of it.
  const cutByOthers = new Set(checks.filter(({ cutBy }) => cutBy !== undefined).map(describe));
  const isTested = (pair: PodPair): boolean => !cutByOthers.has(describe(pair)) && decides(pair);
  if (checksOf(policy, subjects, context).some(isTested)) return [];
  const testable = findPair(policy, subjects, oracle, isTested);
  const finding = { code: 'untested-policy', rule: 'D6' } as const;
  if (testable !== undefined) {
    return [
      findingAt(policy, [], {
        ...finding,
        message: 'without this policy every check would be predicted the same: nothing tests it',
        advice: `Add a check of something that it decides, such as ${describe(testable)}, or take the policy out.`,
      }),
    ];
  }
  return [
    findingAt(policy, [], {
      ...finding,
      ...(checks.some((check) => check.cutBy !== undefined && decides(check))
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
              'Add the pods or ports that it is about. If another policy says the same, take one of the two out, and validate again.',
          }),
    }),
  ];
};

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

function describe({ from, to, port, protocol }: PodPair): string {
  return `${from} → ${to}:${port}/${protocol}`;
}
