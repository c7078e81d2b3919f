/** Which policies isolate a pod (D1, D4). Nothing here takes a policy for valid: the API server may yet refuse it. */
import { type LabelSelector, type LabelSelectorRequirement, selectorMatches } from './selectors.ts';

export type Direction = 'ingress' | 'egress';
export type PolicyType = 'Ingress' | 'Egress';

/** As much of a pod as decides which policies select it. */
interface Subject {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** As much of a policy as decides which pods it isolates. */
interface IsolatingPolicy {
  readonly namespace: string;
  readonly object: { readonly spec?: unknown };
}

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
 * The policies that isolate a pod in a direction (D4): those of its own namespace that select it and have the direction
 * among their effective policy types. In their order. A selector that is not of its form selects nothing.
 */
export function policiesIsolating<Policy extends IsolatingPolicy>(
  pod: Subject,
  policies: readonly Policy[],
  direction: Direction,
): readonly Policy[] {
  const type: PolicyType = direction === 'ingress' ? 'Ingress' : 'Egress';
  return policies.filter(({ namespace, object }) => {
    if (namespace !== pod.namespace || !effectivePolicyTypes(object.spec).includes(type)) return false;
    const selector = podSelectorOf(object.spec);
    return selector !== undefined && selectorMatches(selector, pod.labels);
  });
}

/** The selector of a policy's subjects; absent, it selects all pods (D2). */
function podSelectorOf(spec: unknown): LabelSelector | undefined {
  const selector = isRecord(spec) ? spec['podSelector'] : undefined;
  if (isAbsent(selector)) return {};
  return isSelector(selector) ? selector : undefined;
}

function isSelector(value: unknown): value is LabelSelector {
  if (!isRecord(value)) return false;
  const { matchLabels, matchExpressions } = value;
  return (
    (isAbsent(matchLabels) || (isRecord(matchLabels) && Object.values(matchLabels).every(isText))) &&
    (isAbsent(matchExpressions) || (Array.isArray(matchExpressions) && matchExpressions.every(isRequirement)))
  );
}

function isRequirement(value: unknown): value is LabelSelectorRequirement {
  if (!isRecord(value) || !isText(value['key'])) return false;
  const { operator, values } = value;
  if (operator === 'In' || operator === 'NotIn')
    return Array.isArray(values) && values.length > 0 && values.every(isText);
  if (operator !== 'Exists' && operator !== 'DoesNotExist') return false;
  return isAbsent(values) || (Array.isArray(values) && values.length === 0);
}

/** A policy without a `spec` is one with an empty one. */
function isSpec(value: unknown): value is Readonly<Record<string, unknown>> | null | undefined {
  return isAbsent(value) || isRecord(value);
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
