/** ReplicaSets. */
import { deletionOf } from '../../deletion.ts';
import { labelSelector, typeMeta } from '../../schema/meta.ts';
import { any, int32, struct } from '../../schema/schema.ts';
import { metadataProblems, newMetadataProblems } from '../../validate/metadata.ts';
import { dnsSubdomainProblems } from '../../validate/names.ts';
import { containersColumn, countColumn, imagesColumn, selectorColumn } from '../../workloads/columns.ts';
import { scaleOf } from '../../workloads/scale.ts';
import {
  countProblems,
  immutableProblems,
  podTemplate,
  selectorAndTemplateProblems,
  withTemplateDefaults,
} from '../../workloads/template.ts';
import { ageColumn, inColumns, nameColumn } from '../columns.ts';
import type { Definition } from '../definition.ts';
import { runReplicaSets } from './controller.ts';
import type { ReplicaSet } from './object.ts';

const specProblems = ({ spec }: ReplicaSet) => [
  ...countProblems('spec.replicas', spec.replicas),
  ...selectorAndTemplateProblems(spec, 'replicaset'),
];

export const replicasets: Definition<'replicasets', ReplicaSet> = {
  resource: 'replicasets',
  kind: 'ReplicaSet',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  group: 'apps',
  version: 'v1',
  namespaced: true,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  schema: struct('ReplicaSet', {
    ...typeMeta,
    spec: struct('ReplicaSetSpec', {
      replicas: int32,
      minReadySeconds: int32,
      selector: labelSelector,
      template: podTemplate,
    }),
    status: any,
  }),
  countsGenerations: true,

  withDefaults: (set) => ({
    ...set,
    spec: { replicas: 1, ...set.spec, template: withTemplateDefaults(set.spec?.template) },
  }),
  initial: ({ status: _status, ...set }) => set,
  problems: (set) => [...newMetadataProblems(set.metadata, true, dnsSubdomainProblems), ...specProblems(set)],
  updateProblems: (set, before) => [
    ...metadataProblems(set.metadata),
    ...specProblems(set),
    ...immutableProblems('spec.selector', set.spec.selector, before.spec.selector),
  ],
  deletion: deletionOf(),

  selectableFields: [],
  fieldOf: () => '',
  ...inColumns<ReplicaSet>(
    nameColumn,
    countColumn('Desired', 'How many pods are wanted', ({ spec }) => spec.replicas),
    countColumn('Current', 'How many pods there are', ({ status }) => status?.replicas),
    countColumn('Ready', 'How many pods are ready', ({ status }) => status?.readyReplicas),
    ageColumn,
    containersColumn,
    imagesColumn,
    selectorColumn,
  ),

  hasStatus: true,
  subresources: [scaleOf('replicasets')],
  controller: runReplicaSets,
};
