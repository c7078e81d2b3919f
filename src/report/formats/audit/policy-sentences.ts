/**
 * NetworkPolicies in plain language. What is said follows the numbered rules of `docs/semantics.md`; whatever cannot be
 * read as a policy is not guessed at.
 */
import { NAMESPACE_NAME_LABEL } from '../../../labels.ts';
import type { PolicyRule } from '../../../policy/manifest.ts';
import type { Peer } from '../../../policy/peers.ts';
import { isolates, type Policy } from '../../../policy/policy.ts';
import type { PortEntry } from '../../../policy/ports.ts';
import type { LabelSelector, LabelSelectorRequirement } from '../../../policy/selectors.ts';
import { list, name, type Phrase, say } from './phrase.ts';

/**
 * What a policy says, a sentence each: whom it concerns, who may connect to them, whom they may connect to.
 *
 * @param policy as its text was read; undefined where it could not be
 */
export function describePolicy(policy: Policy | undefined): Phrase[] {
  if (policy === undefined)
    return [say`Its text could not be read as a NetworkPolicy, so it is not described here.`];
  const { namespace } = policy;
  return [
    say`It concerns ${describeSubjects(policy.podSelector, namespace)}.`,
    ...(isolates(policy, 'ingress')
      ? describeIngress(policy.ingress, namespace)
      : [say`It does not restrict who may connect to them.`]),
    ...(isolates(policy, 'egress')
      ? describeEgress(policy.egress, namespace)
      : [say`It does not restrict whom they may connect to.`]),
  ];
}

/** Without any rule nobody is admitted; what no rule of any policy admits is blocked (D6, D7). */
function describeIngress(rules: readonly PolicyRule[], namespace: string): Phrase[] {
  if (rules.length === 0) return [say`It lets nobody connect to them.`];
  const sentences = rules.map(
    (rule) => say`It lets ${describePeers(rule, namespace)} connect to them${describePorts(rule)}.`,
  );
  return [...sentences, ...(rules.some(admitsAll) ? [] : [say`It lets nobody else connect to them.`])];
}

function describeEgress(rules: readonly PolicyRule[], namespace: string): Phrase[] {
  if (rules.length === 0) return [say`It lets them connect to nobody.`];
  const sentences = rules.map(
    (rule) => say`It lets them connect to ${describePeers(rule, namespace)}${describePorts(rule)}.`,
  );
  return [...sentences, ...(rules.some(admitsAll) ? [] : [say`It lets them connect to nobody else.`])];
}

function admitsAll({ peers, ports }: PolicyRule): boolean {
  return peers.length === 0 && ports.length === 0;
}

function describeSubjects(selector: LabelSelector, namespace: string): Phrase {
  const conditions = describeConditions(selector);
  return conditions === undefined
    ? say`all pods in ${name(namespace)}`
    : say`pods in ${name(namespace)} ${conditions}`;
}

/** Peers are alternatives; a rule without any is open to everybody (D7, D8). */
function describePeers({ peers }: PolicyRule, namespace: string): Phrase {
  return peers.length === 0 ? say`everybody` : list(peers.map((peer) => describePeer(peer, namespace)));
}

/** D9, D12. */
function describePeer(peer: Peer, namespace: string): Phrase {
  switch (peer.kind) {
    case 'block': {
      const except = peer.except.map((hole) => name(hole.text));
      const hole = except.length === 0 ? [] : say` except ${list(except)}`;
      return say`addresses in ${name(peer.cidr.text)}${hole}`;
    }
    case 'pods':
      return describeSubjects(peer.podSelector, namespace);
    case 'namespaces':
      return say`all pods in ${describeNamespaces(peer.namespaceSelector)}`;
    case 'pods-of-namespaces': {
      const pods = describeConditions(peer.podSelector);
      const where = describeNamespaces(peer.namespaceSelector);
      return pods === undefined ? say`all pods in ${where}` : say`pods ${pods} in ${where}`;
    }
  }
}

function describeNamespaces(selector: LabelSelector): Phrase {
  const labels = Object.entries(selector.matchLabels ?? {});
  const [first] = labels;
  if (
    labels.length === 1 &&
    first?.[0] === NAMESPACE_NAME_LABEL &&
    (selector.matchExpressions ?? []).length === 0
  )
    return name(first[1]);
  const conditions = describeConditions(selector);
  return conditions === undefined ? say`any namespace` : say`namespaces ${conditions}`;
}

/** All of them must hold (D8); `undefined` where there are none, which selects everything (D9). */
function describeConditions({ matchLabels, matchExpressions }: LabelSelector): Phrase | undefined {
  const exact = Object.entries(matchLabels ?? {}).map(([key, value]) => name(`${key}=${value}`));
  const conditions = [
    ...(exact.length === 0 ? [] : [say`labelled ${list(exact)}`]),
    ...(matchExpressions ?? []).map(describeRequirement),
  ];
  return conditions.length === 0 ? undefined : list(conditions);
}

function describeRequirement({ key, operator, values }: LabelSelectorRequirement): Phrase {
  const words = (values ?? []).map(name);
  switch (operator) {
    case 'In':
      return say`whose label ${name(key)} is ${list(words, 'or')}`;
    case 'NotIn':
      // Also where the label is missing (D11).
      return say`whose label ${name(key)} is not ${list(words, 'or')}`;
    case 'Exists':
      return say`that have a label ${name(key)}`;
    case 'DoesNotExist':
      return say`without a label ${name(key)}`;
  }
}

/** Nothing where a rule names no ports: then all of them are meant (D7). */
function describePorts({ ports }: PolicyRule): Phrase {
  return ports.length === 0 ? [] : say` on ${list(ports.map(sayPort))}`;
}

/** D2, D13–D15. */
function sayPort(entry: PortEntry): Phrase {
  switch (entry.kind) {
    case 'every':
      return say`any ${entry.protocol} port`;
    case 'name':
      return say`the ${entry.protocol} port named ${name(entry.name)}`;
    case 'numbers':
      return entry.first === entry.last
        ? say`${entry.protocol} ${entry.first}`
        : say`${entry.protocol} ${entry.first} to ${entry.last}`;
  }
}
