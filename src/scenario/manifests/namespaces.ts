/** Namespaces that a scenario declares and those of its manifests are one list. */
import type { Problem } from '../../errors.ts';
import type { Labels } from '../../model/labels.ts';
import { problemAt } from '../mark.ts';
import type { Mark, Marked, ScenarioNamespace } from '../scenario.ts';
import { quote } from '../suggest.ts';
import type { FoundNamespace } from './take.ts';

/** Labels of all declarations of one namespace add up. Two that give a label different values contradict each other. */
export function mergeNamespaces(
  declared: readonly Marked<ScenarioNamespace>[],
  found: readonly FoundNamespace[],
): { readonly namespaces: readonly Marked<ScenarioNamespace>[]; readonly problems: readonly Problem[] } {
  const merged = new Map<string, Marked<ScenarioNamespace>>();
  /** Where each label of a namespace was given first. */
  const places = new Map<string, Mark>();
  const problems: Problem[] = [];
  const add = (namespace: ScenarioNamespace, mark: Mark): void => {
    const { name } = namespace;
    const before = merged.get(name);
    const labels: Record<string, string> = { ...before?.value.labels };
    for (const [key, value] of Object.entries(namespace.labels)) {
      const place = places.get(`${name} ${key}`);
      if (place !== undefined && labels[key] !== value)
        problems.push(contradiction(name, key, [labels[key] ?? '', value], [place, mark]));
      else {
        labels[key] = value;
        places.set(`${name} ${key}`, mark);
      }
    }
    const value = { ...namespace, ...before?.value, labels: labels satisfies Labels };
    merged.set(name, { value, mark: before?.mark ?? mark });
  };
  for (const { value, mark } of declared) add(value, mark);
  for (const { mark, ...namespace } of found) add(namespace, mark);
  return { namespaces: [...merged.values()], problems };
}

function contradiction(
  namespace: string,
  label: string,
  [value, other]: readonly [string, string],
  [first, second]: readonly [Mark, Mark],
): Problem {
  return problemAt(
    second,
    `the label ${label} of the namespace ${quote(namespace)} is ${quote(other)} here, and ${quote(value)} elsewhere`,
    {
      hint: 'Leave it out in one of the two.',
      related: [{ message: 'first here', mark: first }],
    },
  );
}
