/** Deployments. */
import { labelSelector } from '../../schema/meta.ts';
import { bool, int32, intOrString, named, struct } from '../../schema/schema.ts';
import type { Invalidity } from '../../status.ts';
import { forbiddenValue, notSupported } from '../../validate/fields.ts';
import { containersColumn, countColumn, imagesColumn, selectorColumn } from '../../workloads/columns.ts';
import { workload } from '../../workloads/definition.ts';
import { countOrPercentProblems } from '../../workloads/percent.ts';
import { scaleOf } from '../../workloads/scale.ts';
import {
  countProblems,
  immutableProblems,
  podTemplate,
  selectorAndTemplateProblems,
  withTemplateDefaults,
} from '../../workloads/template.ts';
import { ageColumn, column, inColumns, nameColumn } from '../columns.ts';
import { runDeployments } from './controller.ts';
import type { Deployment } from './object.ts';

const STRATEGIES = ['Recreate', 'RollingUpdate'];

export const deployments = workload<'deployments', Deployment>({
  resource: 'deployments',
  kind: 'Deployment',
  singular: 'deployment',
  shortNames: ['deploy'],
  group: 'apps',
  spec: {
    replicas: int32,
    selector: labelSelector,
    template: podTemplate,
    strategy: struct('DeploymentStrategy', {
      type: named('v1.DeploymentStrategyType'),
      rollingUpdate: struct('RollingUpdateDeployment', {
        maxUnavailable: intOrString,
        maxSurge: intOrString,
      }),
    }),
    minReadySeconds: int32,
    revisionHistoryLimit: int32,
    paused: bool,
    progressDeadlineSeconds: int32,
  },

  specWithDefaults,
  specProblems,
  fixedProblems: ({ selector }, before) => immutableProblems('spec.selector', selector, before.selector),

  ...inColumns<Deployment>(
    nameColumn,
    column(
      'Ready',
      'How many of the pods are ready',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    ),
    countColumn(
      'Up-to-date',
      'How many pods have the newest template',
      ({ status }) => status?.updatedReplicas,
    ),
    countColumn('Available', 'How many pods can be used', ({ status }) => status?.availableReplicas),
    ageColumn,
    containersColumn,
    imagesColumn,
    selectorColumn,
  ),

  subresources: [scaleOf('deployments')],
  controller: runDeployments,
});

function specWithDefaults(given: Partial<Deployment['spec']> = {}): Deployment['spec'] {
  const strategy = { type: 'RollingUpdate', ...given.strategy };
  const rollingUpdate = { maxUnavailable: '25%', maxSurge: '25%', ...strategy.rollingUpdate };
  return {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...given,
    strategy: strategy.type === 'RollingUpdate' ? { ...strategy, rollingUpdate } : strategy,
    template: withTemplateDefaults(given.template),
  } as Deployment['spec']; // the deadline is a field that the sandbox keeps without reading it
}

function specProblems(spec: Deployment['spec']): Invalidity[] {
  return [
    ...countProblems('spec.replicas', spec.replicas),
    ...countProblems('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...selectorAndTemplateProblems(spec, 'deployment'),
    ...strategyProblems(spec.strategy),
  ];
}

function strategyProblems({ type = '', rollingUpdate }: Deployment['spec']['strategy'] = {}): Invalidity[] {
  const field = 'spec.strategy';
  if (!STRATEGIES.includes(type)) return [notSupported(`${field}.type`, type, STRATEGIES)];
  if (type === 'Recreate') {
    return rollingUpdate === undefined
      ? []
      : [forbiddenValue(`${field}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")];
  }
  return [
    ...countOrPercentProblems(`${field}.rollingUpdate.maxUnavailable`, rollingUpdate?.maxUnavailable),
    ...countOrPercentProblems(`${field}.rollingUpdate.maxSurge`, rollingUpdate?.maxSurge),
  ];
}
