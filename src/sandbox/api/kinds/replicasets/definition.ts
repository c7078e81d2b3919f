/** ReplicaSets. */
import { labelSelector } from '../../schema/meta.ts';
import { int32 } from '../../schema/schema.ts';
import { containersColumn, countColumn, imagesColumn, selectorColumn } from '../../workloads/columns.ts';
import { workload } from '../../workloads/definition.ts';
import { scaleOf } from '../../workloads/scale.ts';
import {
  countProblems,
  immutableProblems,
  podTemplate,
  selectorAndTemplateProblems,
  withTemplateDefaults,
} from '../../workloads/template.ts';
import { ageColumn, inColumns, nameColumn } from '../columns.ts';
import { runReplicaSets } from './controller.ts';
import type { ReplicaSet } from './object.ts';

export const replicasets = workload<'replicasets', ReplicaSet>({
  resource: 'replicasets',
  kind: 'ReplicaSet',
  singular: 'replicaset',
  shortNames: ['rs'],
  group: 'apps',
  spec: {
    replicas: int32,
    minReadySeconds: int32,
    selector: labelSelector,
    template: podTemplate,
  },

  specWithDefaults: (given) => ({ replicas: 1, ...given, template: withTemplateDefaults(given?.template) }),
  specProblems: (spec) => [
    ...countProblems('spec.replicas', spec.replicas),
    ...selectorAndTemplateProblems(spec, 'replicaset'),
  ],
  fixedProblems: ({ selector }, before) => immutableProblems('spec.selector', selector, before.selector),

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

  subresources: [scaleOf('replicasets')],
  controller: runReplicaSets,
});
