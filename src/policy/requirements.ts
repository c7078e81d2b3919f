/** A label selector taken apart, to say what labels miss (D11). */

import type { Labels } from '../model/labels.ts';
import { type LabelSelector, type LabelSelectorRequirement, selectorMatches } from './selectors.ts';

/** One requirement of a selector; `Equals` is an entry of `matchLabels`. */
export interface Requirement {
  readonly key: string;
  readonly operator: LabelSelectorRequirement['operator'] | 'Equals';
  readonly values: readonly string[];
}

/** A requirement and the value that does not meet it; no value where the label is absent. */
export interface Unmet extends Requirement {
  readonly actual?: string;
}

/** The first requirement of a selector that labels do not meet, or undefined where the selector matches them. */
export function findUnmet(selector: LabelSelector, labels: Labels): Unmet | undefined {
  if (selectorMatches(selector, labels)) return undefined;
  const unmet = takeApart(selector).find((part) => !selectorMatches(part.selector, labels));
  if (unmet === undefined) return undefined;
  const actual = Object.hasOwn(labels, unmet.requirement.key) ? labels[unmet.requirement.key] : undefined;
  return { ...unmet.requirement, ...(actual === undefined ? {} : { actual }) };
}

/** What a selector requires, in its order; nothing where it matches everything. */
export function requirementsOf(selector: LabelSelector): readonly Requirement[] {
  return takeApart(selector).map(({ requirement }) => requirement);
}

/** `app=web`, `app in (web, api)`, `no label app` */
export function describeRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'Equals':
      return describeLabel(key, values[0]);
    case 'In':
      return `${key} in (${values.join(', ')})`;
    case 'NotIn':
      return `${key} not in (${values.join(', ')})`;
    case 'Exists':
      return `a label ${key}`;
    case 'DoesNotExist':
      return `no label ${key}`;
  }
}

/** What a selector requires as one phrase; empty where it requires nothing. */
export function describeSelector(selector: LabelSelector): string {
  return requirementsOf(selector).map(describeRequirement).join(' and ');
}

/** What is there instead of what was required: `app=api`, `no label app`. */
export function describeActual({ key, actual }: Unmet): string {
  return describeLabel(key, actual);
}

function describeLabel(key: string, value: string | undefined): string {
  if (value === undefined) return `no label ${key}`;
  return `${key}=${value === '' ? '""' : value}`;
}

/** Each requirement with the selector that consists of it alone, so that there is one code that matches. */
function takeApart({
  matchLabels,
  matchExpressions,
}: LabelSelector): readonly { readonly requirement: Requirement; readonly selector: LabelSelector }[] {
  return [
    ...Object.entries(matchLabels ?? {}).map(([key, value]) => ({
      requirement: { key, operator: 'Equals' as const, values: [value] },
      selector: { matchLabels: { [key]: value } },
    })),
    ...(matchExpressions ?? []).map((expression) => ({
      requirement: { key: expression.key, operator: expression.operator, values: expression.values ?? [] },
      selector: { matchExpressions: [expression] },
    })),
  ];
}
