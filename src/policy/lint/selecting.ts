/** What to write to select some pods and no others (D9, D11). */
import { stringify } from 'yaml';
import { NAMESPACE_NAME_LABEL } from '../../labels.ts';
import type { Oracle } from '../oracle.ts';
import type { PodParty } from '../parties.ts';
import { type LabelSelector, selectorMatches } from '../selectors.ts';

/** A selector with more values than this would be a list of names, and nothing that the pods have in common. */
const MOST_VALUES = 5;

/** A podSelector, as YAML, that selects these pods of a namespace and no other one; undefined where no label tells them apart. */
export function writePodSelector(
  wanted: readonly PodParty[],
  others: readonly PodParty[],
): string | undefined {
  const selector = findSelector(wanted, others);
  return selector && `podSelector: ${write(selector)}`;
}

/**
 * Entries of `from` or `to`, as YAML, that match these pods and no other one of the world, one for each namespace; undefined
 * where no label tells them apart.
 *
 * @param own the namespace of the policy
 */
export function writePeers(
  wanted: readonly PodParty[],
  own: string,
  { parties }: Oracle,
): string | undefined {
  const isWanted = new Set(wanted);
  const peers = [...new Set(wanted.map(({ namespace }) => namespace))].map((namespace) => {
    const others = parties.pods.filter((pod) => pod.namespace === namespace && !isWanted.has(pod));
    const podSelector = findSelector(
      wanted.filter((pod) => pod.namespace === namespace),
      others,
    );
    if (podSelector === undefined) return undefined;
    const namespaceSelector = { matchLabels: { [NAMESPACE_NAME_LABEL]: namespace } };
    return write(namespace === own ? { podSelector } : { namespaceSelector, podSelector });
  });
  return peers.length === 0 || peers.includes(undefined) ? undefined : peers.join(' and ');
}

/** The simplest of: a label that all have, values of one label, all labels that they share. */
function findSelector(wanted: readonly PodParty[], others: readonly PodParty[]): LabelSelector | undefined {
  const [first, ...rest] = wanted.map(({ labels }) => Object.entries(labels));
  if (first === undefined) return undefined;
  const shared = first.filter(([key, value]) =>
    rest.every((labels) => labels.some((label) => label[0] === key && label[1] === value)),
  );
  const candidates: readonly LabelSelector[] = [
    ...shared.map(([key, value]) => ({ matchLabels: { [key]: value } })),
    ...first.map(([key]) => {
      const all = [first, ...rest].flatMap((labels) => labels.filter((label) => label[0] === key));
      const values = [...new Set(all.map(([, value]) => value))];
      return { matchExpressions: [{ key, operator: 'In' as const, values: values.slice(0, MOST_VALUES) }] };
    }),
    shared.length === 0 ? {} : { matchLabels: Object.fromEntries(shared) },
  ];
  return candidates.find(
    (selector) =>
      wanted.every(({ labels }) => selectorMatches(selector, labels)) &&
      !others.some(({ labels }) => selectorMatches(selector, labels)),
  );
}

function write(value: object): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}
