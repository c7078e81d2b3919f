/** What the lints find in a policy over all states of the cluster in which it is in force. */
import { objectKey } from '../../keys.ts';
import type { ManifestPath } from '../model.ts';
import type { Oracle } from '../oracle.ts';
import type { LintCode } from './codes.ts';
import type { LintCheck, LintFinding, LintSurroundings } from './finding.ts';
import { lintPolicies } from './lint.ts';

export interface LintState extends LintSurroundings {
  readonly oracle: Oracle;
  readonly checks: readonly LintCheck[];
}

export interface LastingFinding<State extends LintState> {
  /** As in that of the states in which there are most pods: there it can say best what to do. */
  readonly finding: LintFinding;
  /** Those in which it holds. */
  readonly states: readonly State[];
}

/**
 * What is missing in one state may be there in another: such a finding counts where it holds in all states in which its policy is in
 * force. All others count where they hold in one.
 */
export function lintOverStates<State extends LintState>(
  states: readonly State[],
): readonly LastingFinding<State>[] {
  const linted = states.map((state): LintedState<State> => {
    const specs = state.oracle.policies.map(
      (policy) => [objectKey(policy), JSON.stringify(policy.written.object.spec)] as const,
    );
    return {
      state,
      specs: new Map(specs),
      findings: lintPolicies(state.oracle, state.checks, state),
    };
  });
  const all = linted.flatMap((one) => one.findings.map((finding) => ({ finding, where: one })));
  const groups = Map.groupBy(all, ({ finding, where: { specs } }) =>
    JSON.stringify([finding.policy, specs.get(finding.policy), finding.code, finding.path, finding.location]),
  );
  return [...groups.values()].flatMap((same) => {
    const [fullest] = same.toSorted((a, b) => podsIn(b.where) - podsIn(a.where));
    if (fullest === undefined) return [];
    const { finding, where } = fullest;
    const inForce = linted.filter(
      ({ specs }) => specs.get(finding.policy) === where.specs.get(finding.policy),
    );
    if (finding.code in MISSING && inForce.some((one) => isThere(finding, one))) return [];
    return [{ finding, states: same.map((one) => one.where.state) }];
  });
}

interface LintedState<State extends LintState> {
  readonly state: State;
  /** What the policies of this state say, by their names: a policy that is updated is another one, one that is applied again is not. */
  readonly specs: ReadonlyMap<string, string>;
  readonly findings: readonly LintFinding[];
}

function podsIn({ state }: LintedState<LintState>): number {
  return state.oracle.parties.pods.length;
}

/** Findings of something that is missing, each with those that keep a lint from looking for it: more than that is missing then. */
const MISSING: Partial<Record<LintCode, readonly LintCode[]>> = {
  'selects-no-pod': [],
  'peer-matches-no-pod': [],
  'untested-policy': ['selects-no-pod'],
  'untested-rule': ['selects-no-pod', 'peer-matches-no-pod', 'untested-policy', 'untested-rule'],
  'unknown-port-name': ['selects-no-pod', 'peer-matches-no-pod'],
  'unused-port': ['selects-no-pod', 'peer-matches-no-pod'],
};

/** Whether a state has what a finding misses. */
function isThere(finding: LintFinding, { findings, state }: LintedState<LintState>): boolean {
  if (state.checks.length === 0 && finding.code.startsWith('untested-')) return false;
  return !findings.some(
    (other) =>
      other.policy === finding.policy &&
      (other.code === finding.code
        ? isWithin(finding.path, other.path)
        : (MISSING[finding.code]?.includes(other.code) ?? false) && isWithin(finding.path, extentOf(other))),
  );
}

/** The part of a policy that a lint does not look at because of a finding. */
function extentOf({ code, path }: LintFinding): ManifestPath {
  // spec, direction, index of the rule
  return code === 'peer-matches-no-pod' ? path.slice(0, 3) : [];
}

function isWithin(path: ManifestPath, outer: ManifestPath): boolean {
  return outer.every((step, index) => path[index] === step);
}
