/** DaemonSets. */
import { labelSelector } from '../../schema/meta.ts';
import { int32, intOrString, named, struct } from '../../schema/schema.ts';
import { selectorText } from '../../selector-text.ts';
import type { Invalidity } from '../../status.ts';
import { forbiddenValue, notSupported } from '../../validate/fields.ts';
import { containersColumn, countColumn, imagesColumn, selectorColumn } from '../../workloads/columns.ts';
import { workload } from '../../workloads/definition.ts';
import { countOrPercentProblems } from '../../workloads/percent.ts';
import {
  immutableProblems,
  podTemplate,
  selectorAndTemplateProblems,
  withTemplateDefaults,
} from '../../workloads/template.ts';
import { ageColumn, column, inColumns, nameColumn } from '../columns.ts';
import { runDaemonSets } from './controller.ts';
import type { DaemonSet } from './object.ts';

const UPDATE_STRATEGIES = ['OnDelete', 'RollingUpdate'];

export const daemonsets = workload<'daemonsets', DaemonSet>({
  resource: 'daemonsets',
  kind: 'DaemonSet',
  singular: 'daemonset',
  shortNames: ['ds'],
  group: 'apps',
  spec: {
    selector: labelSelector,
    template: podTemplate,
    updateStrategy: struct('DaemonSetUpdateStrategy', {
      type: named('v1.DaemonSetUpdateStrategyType'),
      rollingUpdate: struct('RollingUpdateDaemonSet', {
        maxUnavailable: intOrString,
        maxSurge: intOrString,
      }),
    }),
    minReadySeconds: int32,
    revisionHistoryLimit: int32,
  },

  specWithDefaults,
  specProblems,
  fixedProblems: ({ selector }, before) => immutableProblems('spec.selector', selector, before.selector),

  ...inColumns<DaemonSet>(
    nameColumn,
    countColumn('Desired', 'How many nodes it is for', ({ status }) => status?.desiredNumberScheduled),
    countColumn('Current', 'How many nodes have a pod', ({ status }) => status?.currentNumberScheduled),
    countColumn('Ready', 'How many pods are ready', ({ status }) => status?.numberReady),
    countColumn(
      'Up-to-date',
      'How many pods have the newest template',
      ({ status }) => status?.updatedNumberScheduled,
    ),
    countColumn('Available', 'How many pods can be used', ({ status }) => status?.numberAvailable),
    column('Node Selector', 'The labels of its nodes', ({ spec }) =>
      selectorText({ matchLabels: spec.template.spec.nodeSelector ?? {} }),
    ),
    ageColumn,
    containersColumn,
    imagesColumn,
    selectorColumn,
  ),

  subresources: [],
  controller: runDaemonSets,
});

function specWithDefaults(given: Partial<DaemonSet['spec']> = {}): DaemonSet['spec'] {
  const updateStrategy = { type: 'RollingUpdate', ...given.updateStrategy };
  const rollingUpdate = { maxUnavailable: 1, maxSurge: 0, ...updateStrategy.rollingUpdate };
  return {
    revisionHistoryLimit: 10,
    ...given,
    updateStrategy:
      updateStrategy.type === 'RollingUpdate' ? { ...updateStrategy, rollingUpdate } : updateStrategy,
    template: withTemplateDefaults(given.template),
  } as DaemonSet['spec']; // the history's limit is a field that the sandbox keeps without reading it
}

function specProblems(spec: DaemonSet['spec']): Invalidity[] {
  const { type = '', rollingUpdate } = spec.updateStrategy ?? {};
  const { maxSurge = 0, maxUnavailable } = rollingUpdate ?? {};
  const field = 'spec.updateStrategy';
  return [
    ...selectorAndTemplateProblems(spec, 'daemonset'),
    ...(UPDATE_STRATEGIES.includes(type) ? [] : [notSupported(`${field}.type`, type, UPDATE_STRATEGIES)]),
    ...countOrPercentProblems(`${field}.rollingUpdate.maxUnavailable`, maxUnavailable),
    ...(maxSurge === 0 || maxSurge === '0%'
      ? []
      : [
          forbiddenValue(
            `${field}.rollingUpdate.maxSurge`,
            'the sandbox takes the pod of a DaemonSet away before it makes the next one',
          ),
        ]),
  ];
}
