/** NetworkPolicies. */
import type { LabelSelector, LabelSelectorRequirement } from '../../../selectors.ts';
import { ageOf } from '../../time.ts';
import { metadataProblems, newMetadataProblems } from '../../validate/metadata.ts';
import { dnsSubdomainProblems } from '../../validate/names.ts';
import { AGE_COLUMN, column, type Kind, NAME_COLUMN } from '../kind.ts';
import type { NetworkPolicy, PolicyPort } from './object.ts';
import { networkPolicySchema } from './schema.ts';
import { policySpecProblems } from './validation.ts';

export const networkpolicies: Kind<NetworkPolicy> = {
  resource: 'networkpolicies',
  kind: 'NetworkPolicy',
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  categories: [],
  group: 'networking.k8s.io',
  version: 'v1',
  namespaced: true,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  schema: networkPolicySchema,
  countsGenerations: true,

  /** D1 and D2. Stored policyTypes stay as they are, so they are not made up again when egress rules are added later. */
  withDefaults(policy) {
    const { podSelector = {}, ingress, egress, policyTypes = [], ...rest } = policy.spec ?? {};
    const spec: NetworkPolicy['spec'] = { ...rest, podSelector };
    if (ingress !== undefined) spec.ingress = ingress.map(withProtocols);
    if (egress !== undefined) spec.egress = egress.map(withProtocols);
    const implied: NetworkPolicy['spec']['policyTypes'] =
      (egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
    spec.policyTypes = policyTypes.length > 0 ? policyTypes : implied;
    return { ...policy, spec };
  },
  initial: ({ status: _status, ...policy }) => policy,
  problems: (policy) => [
    ...newMetadataProblems(policy.metadata, true, dnsSubdomainProblems),
    ...policySpecProblems(policy.spec),
  ],
  updateProblems: (policy) => [...metadataProblems(policy.metadata), ...policySpecProblems(policy.spec)],
  selectableFields: [],
  fieldOf: () => '',
  columns: [NAME_COLUMN, column('Pod-Selector', 'The pods that the policy selects'), AGE_COLUMN],
  cells: ({ metadata, spec }, now) => [
    metadata.name,
    selectorText(spec.podSelector ?? {}),
    ageOf(metadata.creationTimestamp, now),
  ],
};

function withProtocols<Rule extends { ports?: PolicyPort[] }>(rule: Rule): Rule {
  if (rule.ports === undefined) return rule;
  return { ...rule, ports: rule.ports.map((port) => ({ protocol: 'TCP' as const, ...port })) };
}

/** A selector as `kubectl get` shows it: `app=db,tier in (a,b),!canary`. */
function selectorText({ matchLabels, matchExpressions }: LabelSelector): string {
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
