/** StatefulSets. */
import { isDeepStrictEqual } from 'node:util';
import { labelSelector } from '../../schema/meta.ts';
import { any, int32, intOrString, listOf, named, string, struct } from '../../schema/schema.ts';
import type { Invalidity } from '../../status.ts';
import { forbiddenValue, notSupported } from '../../validate/fields.ts';
import { dnsLabelProblems } from '../../validate/names.ts';
import { containersColumn, imagesColumn } from '../../workloads/columns.ts';
import { workload } from '../../workloads/definition.ts';
import { scaleOf } from '../../workloads/scale.ts';
import {
  countProblems,
  podTemplate,
  selectorAndTemplateProblems,
  withTemplateDefaults,
} from '../../workloads/template.ts';
import { ageColumn, column, inColumns, nameColumn } from '../columns.ts';
import { runStatefulSets } from './controller.ts';
import type { StatefulSet } from './object.ts';

const MANAGEMENT_POLICIES = ['OrderedReady', 'Parallel'];
const UPDATE_STRATEGIES = ['OnDelete', 'RollingUpdate'];

export const statefulsets = workload<'statefulsets', StatefulSet>({
  resource: 'statefulsets',
  kind: 'StatefulSet',
  singular: 'statefulset',
  shortNames: ['sts'],
  group: 'apps',
  spec: {
    replicas: int32,
    selector: labelSelector,
    template: podTemplate,
    volumeClaimTemplates: listOf(any),
    serviceName: string,
    podManagementPolicy: named('v1.PodManagementPolicyType'),
    updateStrategy: struct('StatefulSetUpdateStrategy', {
      type: named('v1.StatefulSetUpdateStrategyType'),
      rollingUpdate: struct('RollingUpdateStatefulSetStrategy', {
        partition: int32,
        maxUnavailable: intOrString,
      }),
    }),
    revisionHistoryLimit: int32,
    minReadySeconds: int32,
    persistentVolumeClaimRetentionPolicy: any,
    ordinals: struct('StatefulSetOrdinals', { start: int32 }),
  },

  nameProblems: dnsLabelProblems,
  specWithDefaults,
  specProblems,
  fixedProblems,

  ...inColumns<StatefulSet>(
    nameColumn,
    column(
      'Ready',
      'How many of the pods are ready',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    ),
    ageColumn,
    containersColumn,
    imagesColumn,
  ),

  subresources: [scaleOf('statefulsets')],
  controller: runStatefulSets,
});

function specWithDefaults(given: Partial<StatefulSet['spec']> = {}): StatefulSet['spec'] {
  const updateStrategy = { type: 'RollingUpdate', ...given.updateStrategy };
  return {
    replicas: 1,
    podManagementPolicy: 'OrderedReady',
    revisionHistoryLimit: 10,
    ...given,
    updateStrategy:
      updateStrategy.type === 'RollingUpdate'
        ? { ...updateStrategy, rollingUpdate: { partition: 0, ...updateStrategy.rollingUpdate } }
        : updateStrategy,
    template: withTemplateDefaults(given.template),
  } as StatefulSet['spec']; // the history's limit is a field that the sandbox keeps without reading it
}

function specProblems(spec: StatefulSet['spec']): Invalidity[] {
  const { podManagementPolicy = '', updateStrategy: { type = '', rollingUpdate } = {} } = spec;
  return [
    ...(MANAGEMENT_POLICIES.includes(podManagementPolicy)
      ? []
      : [notSupported('spec.podManagementPolicy', podManagementPolicy, MANAGEMENT_POLICIES)]),
    ...(UPDATE_STRATEGIES.includes(type)
      ? []
      : [notSupported('spec.updateStrategy.type', type, UPDATE_STRATEGIES)]),
    ...((rollingUpdate?.partition ?? 0) === 0
      ? []
      : [
          forbiddenValue(
            'spec.updateStrategy.rollingUpdate.partition',
            'the sandbox keeps no older revisions of StatefulSets, so it cannot update a part of one',
          ),
        ]),
    ...((spec.volumeClaimTemplates ?? []).length === 0
      ? []
      : [forbiddenValue('spec.volumeClaimTemplates', 'the sandbox has no volumes')]),
    ...countProblems('spec.replicas', spec.replicas),
    ...countProblems('spec.ordinals.start', spec.ordinals?.start),
    ...selectorAndTemplateProblems(spec, 'statefulset'),
  ];
}

const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

function fixedProblems(spec: StatefulSet['spec'], before: StatefulSet['spec']): Invalidity[] {
  const fixed = (of: object): object =>
    Object.fromEntries(Object.entries(of).filter(([name]) => !MUTABLE.includes(name)));
  return isDeepStrictEqual(fixed(spec), fixed(before))
    ? []
    : [
        forbiddenValue(
          'spec',
          "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ),
      ];
}
