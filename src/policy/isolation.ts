/** Which directions a policy isolates (D1). Nothing here takes a policy for valid: the API server may yet refuse it. */

export type Direction = 'ingress' | 'egress';
export type PolicyType = 'Ingress' | 'Egress';

/**
 * The directions that a policy isolates (D1): those of `policyTypes` or, where it is absent or empty, Ingress, and Egress
 * if and only if `egress` has at least one rule.
 *
 * @param spec the policy's `spec` as it was written; what is not of its form isolates nothing
 */
export function effectivePolicyTypes(spec: unknown): readonly PolicyType[] {
  if (!isSpec(spec)) return [];
  const { policyTypes, egress } = spec ?? {};
  if (isAbsent(policyTypes) || (Array.isArray(policyTypes) && policyTypes.length === 0)) {
    return Array.isArray(egress) && egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  }
  return Array.isArray(policyTypes)
    ? (['Ingress', 'Egress'] as const).filter((type) => policyTypes.includes(type))
    : [];
}

/**
 * The policyTypes that a policy keeps when a text is applied over another (D1): what the API server has filled in for the earlier one
 * stays, where the new one names none either. What the earlier one has named goes with it.
 *
 * @param before the earlier text's `spec`, and what that has kept itself
 * @returns undefined where it isolates what the new text alone would
 */
export function keptPolicyTypes(
  before: { readonly spec: unknown; readonly keptTypes: readonly PolicyType[] | undefined },
  spec: unknown,
): readonly PolicyType[] | undefined {
  if (namesTypes(before.spec) || namesTypes(spec)) return undefined;
  const kept = before.keptTypes ?? effectivePolicyTypes(before.spec);
  const own = effectivePolicyTypes(spec);
  return kept.length === own.length ? undefined : kept;
}

/** Whether it has the field at all: an empty list is filled in as an absent one, but goes with the text. */
function namesTypes(spec: unknown): boolean {
  return isRecord(spec) && !isAbsent(spec['policyTypes']);
}

/** A policy without a `spec` is one with an empty one. */
function isSpec(value: unknown): value is Readonly<Record<string, unknown>> | null | undefined {
  return isAbsent(value) || isRecord(value);
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
