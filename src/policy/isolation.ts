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
