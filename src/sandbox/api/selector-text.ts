/** Label selectors as `kubectl get` shows them. */
import type { LabelSelector, LabelSelectorRequirement } from '../selectors.ts';

/** `app=db,tier in (a,b),!canary`. */
export function selectorText({ matchLabels, matchExpressions }: LabelSelector): string {
  const parts = [
    ...Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(matchExpressions ?? []).map(requirementText),
  ];
  return parts.length === 0 ? '<none>' : parts.toSorted().join(',');
}

function requirementText({ key, operator, values }: LabelSelectorRequirement): string {
  const list = `(${(values ?? []).toSorted().join(',')})`;
  return { In: `${key} in ${list}`, NotIn: `${key} notin ${list}`, Exists: key, DoesNotExist: `!${key}` }[
    operator
  ];
}
