/** Stage 3: the policies, byte for byte what the user wrote. */
import { PodreachError } from '../errors.ts';
import { ApiStatusError } from '../kube/errors.ts';
import type { PlannedPolicy } from '../scenario/scenario.ts';
import type { Requesting } from './context.ts';

/** @throws PodreachError `policy-rejected` with the API server's own message and the policy's place */
export async function applyPolicies(
  policies: readonly PlannedPolicy[],
  context: Requesting<'apply'>,
): Promise<void> {
  await Promise.all(policies.map((policy) => applyPolicy(policy, context)));
}

async function applyPolicy(policy: PlannedPolicy, context: Requesting<'apply'>): Promise<void> {
  const { namespace, name, location } = policy;
  try {
    await context.kube.apply({ resource: 'networkpolicies', namespace, name }, policy.text, context);
  } catch (thrown) {
    if (!(thrown instanceof ApiStatusError) || thrown.code !== 'api-error') throw thrown;
    throw new PodreachError(
      'policy-rejected',
      `the API server refused the NetworkPolicy ${namespace}/${name}: ${thrown.words}`,
      {
        hint: `Correct the policy at ${location.file}:${location.line}.`,
        location,
        cause: thrown,
      },
    );
  }
}
