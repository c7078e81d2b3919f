/** Label selectors of the Kubernetes API, as pure functions (D9, D11). */
import type { Labels } from '../model/labels.ts';

export type SelectorOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';

export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values?: readonly string[] | null;
}

export interface LabelSelector {
  readonly matchLabels?: Labels | null;
  readonly matchExpressions?: readonly LabelSelectorRequirement[] | null;
}

/**
 * Says whether a selector matches labels. The empty selector `{}` matches everything; all requirements are
 * ANDed; `NotIn` and `DoesNotExist` match when the key is absent (D11).
 */
export function selectorMatches(selector: LabelSelector, labels: Labels): boolean {
  const exact = Object.entries(selector.matchLabels ?? {});
  return (
    exact.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value) &&
    (selector.matchExpressions ?? []).every((requirement) => requirementMatches(requirement, labels))
  );
}

/** Whether a selector matches something of which only some labels are known: of every other key anything may be true. */
export function selectorMayMatch({ matchLabels, matchExpressions }: LabelSelector, known: Labels): boolean {
  const isKnown = (key: string): boolean => Object.hasOwn(known, key);
  const exact = Object.entries(matchLabels ?? {}).filter(([key]) => isKnown(key));
  const requirements = (matchExpressions ?? []).filter(({ key }) => isKnown(key));
  return selectorMatches({ matchLabels: Object.fromEntries(exact), matchExpressions: requirements }, known);
}

function requirementMatches(requirement: LabelSelectorRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
