/** Policies whose `policyTypes` do not fit their rules (D1). */
import { DIRECTIONS, isolates, type Policy } from '../policy.ts';
import { findingAt, type Lint, type LintFinding } from './finding.ts';

export const lintIgnoredRules: Lint = (policy) =>
  DIRECTIONS.filter((direction) => policy[direction].length > 0 && !isolates(policy, direction)).map(
    (direction): LintFinding => {
      const type = direction === 'ingress' ? 'Ingress' : 'Egress';
      return findingAt(policy, ['spec', direction], {
        code: 'ignored-rules',
        rule: 'D1',
        message:
          policy.written.keptTypes === undefined
            ? `these ${direction} rules do nothing: policyTypes leaves ${type} out`
            : `these ${direction} rules do nothing: the policy names no policyTypes, and keeps those that its earlier text was given, which leave ${type} out`,
        advice: `Write policyTypes: [Ingress, Egress] to put them in force, or take them out.`,
      });
    },
  );

export const lintEmptyEgress: Lint = (policy) => {
  if (!writesEmptyEgress(policy)) return [];
  return [
    findingAt(policy, ['spec', 'egress'], {
      code: 'empty-egress',
      rule: 'D1',
      message:
        'an empty egress without policyTypes leaves egress open, and the policy isolates ingress alone',
      advice: 'Write policyTypes: [Egress] to deny egress alone, or [Ingress, Egress] to isolate both.',
    }),
  ];
};

function writesEmptyEgress({ types, typesByDefault, written }: Policy): boolean {
  const { spec } = written.object;
  return (
    typesByDefault &&
    !types.includes('Egress') &&
    typeof spec === 'object' &&
    spec !== null &&
    'egress' in spec
  );
}
