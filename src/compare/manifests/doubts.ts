/** What a reader of a comparison must know besides: what is not taken into account, and what a cluster makes otherwise. */
import { objectKey } from '../../keys.ts';
import type { DeployedDoubt, DeployedState } from '../../policy/deployed.ts';
import { keptPolicyTypes } from '../../policy/isolation.ts';
import type { Oracle } from '../../policy/oracle.ts';
import { pairUp } from '../sides.ts';

/** Of one state: what its manifests leave in doubt, and policies that the API server refuses. */
export function doubtsOf({
  doubts,
  oracle,
}: Pick<DeployedState, 'doubts'> & { readonly oracle: Oracle }): readonly DeployedDoubt[] {
  return [
    ...doubts,
    ...oracle.problems.map(({ policy, message, location, advice }) => ({
      message: `policy ${policy} is left out, since the API server will refuse it: ${message}`,
      ...(location === undefined ? {} : { location }),
      ...(advice === undefined ? {} : { advice }),
    })),
  ];
}

/** Policies that isolate something else where they are applied over the earlier ones than by themselves (D1). */
export function findKept(
  before: Pick<DeployedState, 'policies'>,
  after: Pick<DeployedState, 'policies'>,
): readonly DeployedDoubt[] {
  return pairUp(before.policies, after.policies, objectKey).flatMap((sides) => {
    if (sides.before === undefined || sides.after === undefined) return [];
    const { before: earlier, after: policy } = sides;
    const kept = keptPolicyTypes(
      { spec: earlier.object.spec, keptTypes: earlier.keptTypes },
      policy.object.spec,
    );
    if (kept === undefined) return [];
    return [
      {
        message: `policy ${objectKey(policy)} names no policyTypes: applied over what is there it keeps ${kept.join(' and ')}, and is not what is compared here`,
        location: policy.location,
        advice: 'Write policyTypes.',
      },
    ];
  });
}
