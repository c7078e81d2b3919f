/** Pods. */
import { metadataProblems, newMetadataProblems } from '../../validate/metadata.ts';
import { dnsSubdomainProblems } from '../../validate/names.ts';
import type { Definition } from '../definition.ts';
import { podAnnotationProblems } from './annotations.ts';
import { podColumns } from './columns.ts';
import { withPodDefaults } from './defaults.ts';
import { podDeletion } from './deletion.ts';
import { exec } from './exec.ts';
import { log } from './log.ts';
import type { Pod } from './object.ts';
import { outsideConflicts, outsideProblems, outsideUpdateProblems } from './outside.ts';
import { podSchema } from './schema.ts';
import { podSpecProblems, podUpdateProblems } from './validation.ts';

export const pods: Definition<'pods', Pod> = {
  resource: 'pods',
  kind: 'Pod',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  group: '',
  version: 'v1',
  namespaced: true,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  schema: podSchema,
  countsGenerations: true,

  withDefaults: withPodDefaults,
  initial: (pod) => ({ ...pod, status: { phase: 'Pending' } }),
  problems: (pod) => [
    ...newMetadataProblems(pod.metadata, true, dnsSubdomainProblems),
    ...podAnnotationProblems(pod.metadata),
    ...podSpecProblems(pod.spec),
    ...outsideProblems(pod),
  ],
  conflicts: outsideConflicts,
  updateProblems: (pod, before) => [
    ...metadataProblems(pod.metadata),
    ...podAnnotationProblems(pod.metadata),
    ...podSpecProblems(pod.spec),
    ...podUpdateProblems(pod.spec, before.spec),
    ...outsideUpdateProblems(pod, before),
  ],
  deletion: podDeletion,

  selectableFields: ['spec.nodeName', 'spec.restartPolicy', 'status.phase', 'status.podIP'],
  fieldOf({ spec, status }, field) {
    switch (field) {
      case 'spec.nodeName':
        return spec.nodeName ?? '';
      case 'spec.restartPolicy':
        return spec.restartPolicy ?? '';
      case 'status.phase':
        return status?.phase ?? '';
      default:
        return status?.podIP ?? '';
    }
  },
  ...podColumns,

  hasStatus: true,
  subresources: [exec, log],
};
