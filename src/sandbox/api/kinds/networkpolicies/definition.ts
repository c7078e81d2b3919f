/** NetworkPolicies. */
import { deletionOf } from '../../deletion.ts';
import { selectorText } from '../../selector-text.ts';
import { metadataProblems, newMetadataProblems } from '../../validate/metadata.ts';
import { dnsSubdomainProblems } from '../../validate/names.ts';
import { ageColumn, column, inColumns, nameColumn } from '../columns.ts';
import type { Definition } from '../definition.ts';
import { withPolicyDefaults } from './defaults.ts';
import type { NetworkPolicy } from './object.ts';
import { networkPolicySchema } from './schema.ts';
import { policySpecProblems } from './validation.ts';

export const networkpolicies: Definition<'networkpolicies', NetworkPolicy> = {
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

  withDefaults: withPolicyDefaults,
  initial: ({ status: _status, ...policy }) => policy,
  problems: (policy) => [
    ...newMetadataProblems(policy.metadata, true, dnsSubdomainProblems),
    ...policySpecProblems(policy.spec),
  ],
  updateProblems: (policy) => [...metadataProblems(policy.metadata), ...policySpecProblems(policy.spec)],
  deletion: deletionOf(),

  selectableFields: [],
  fieldOf: () => '',
  ...inColumns<NetworkPolicy>(
    nameColumn,
    column('Pod-Selector', 'The pods that the policy selects', ({ spec }) =>
      selectorText(spec.podSelector ?? {}),
    ),
    ageColumn,
  ),

  hasStatus: false,
  subresources: [],
};
