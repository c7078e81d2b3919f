/** Nodes. The sandbox makes them; users read them and set labels and annotations. */
import { isDeepStrictEqual } from 'node:util';
import { deletionOf } from '../../deletion.ts';
import { typeMeta } from '../../schema/meta.ts';
import { any, bool, listOf, string, struct } from '../../schema/schema.ts';
import { forbiddenValue } from '../../validate/fields.ts';
import { metadataProblems, newMetadataProblems } from '../../validate/metadata.ts';
import { dnsSubdomainProblems } from '../../validate/names.ts';
import type { Definition } from '../definition.ts';
import { nodeColumns } from './columns.ts';
import { faultProblems } from './faults.ts';
import type { Node } from './object.ts';

export const nodes: Definition<'nodes', Node> = {
  resource: 'nodes',
  kind: 'Node',
  singular: 'node',
  shortNames: ['no'],
  categories: [],
  group: '',
  version: 'v1',
  namespaced: false,
  verbs: ['get', 'list', 'patch', 'update', 'watch'],
  schema: struct('Node', {
    ...typeMeta,
    spec: struct('NodeSpec', {
      podCIDR: string,
      podCIDRs: listOf(string),
      providerID: string,
      unschedulable: bool,
      taints: listOf(any),
      configSource: any,
      externalID: string,
    }),
    status: any,
  }),
  countsGenerations: false,

  withDefaults: (node) => node,
  initial: (node) => node,
  problems: (node) => [
    ...newMetadataProblems(node.metadata, false, dnsSubdomainProblems),
    ...faultProblems(node.metadata),
  ],
  updateProblems: (node, before) => [
    ...metadataProblems(node.metadata),
    ...faultProblems(node.metadata),
    ...(isDeepStrictEqual(node.spec, before.spec)
      ? []
      : [
          forbiddenValue(
            'spec',
            'updates of a node of the sandbox may only change its labels and annotations',
          ),
        ]),
  ],
  deletion: deletionOf(),

  selectableFields: ['spec.unschedulable'],
  fieldOf: () => 'false',
  ...nodeColumns,

  hasStatus: false,
  subresources: [],
};
