/**
 * Label selectors as the sandbox's API and its network read them. Not those of `src/policy/`, on purpose: what the oracle predicts
 * is held against what the sandbox does, and an error in both would be seen by neither.
 */

export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[] | null;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | null;
  readonly matchExpressions?: readonly LabelSelectorRequirement[] | null;
}

/** Whether labels meet every requirement; there need not be any. `NotIn` and `DoesNotExist` are met by a missing key (D11). */
export function selectorMatches(
  { matchLabels, matchExpressions }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  const carried = new Map(Object.entries(labels));
  const exact = Object.entries(matchLabels ?? {}).map(
    ([key, value]): LabelSelectorRequirement => ({ key, operator: 'In', values: [value] }),
  );
  return [...exact, ...(matchExpressions ?? [])].every(({ key, operator, values }) => {
    const value = carried.get(key);
    const isAboutValues = operator === 'In' || operator === 'NotIn';
    const isFound = value !== undefined && (!isAboutValues || (values ?? []).includes(value));
    const isNegated = operator === 'NotIn' || operator === 'DoesNotExist';
    return isFound !== isNegated;
  });
}
