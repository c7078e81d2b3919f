/** Pods. */
import { ageOf } from '../../time.ts';
import { metadataProblems, newMetadataProblems } from '../../validate/metadata.ts';
import { dnsSubdomainProblems } from '../../validate/names.ts';
import { AGE_COLUMN, column, type Kind, NAME_COLUMN } from '../kind.ts';
import type { Container, ContainerStatus, Pod, PodStatus } from './object.ts';
import { probesWithDefaults } from './probe-defaults.ts';
import { podSchema } from './schema.ts';
import { podSpecProblems, podUpdateProblems } from './validation.ts';

export const pods: Kind<Pod> = {
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

  withDefaults(pod) {
    const { containers = [], ...given } = pod.spec ?? {};
    const spec: Pod['spec'] = {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
      ...given,
      containers: containers.map(withContainerDefaults),
    };
    return { ...pod, spec };
  },
  initial: (pod) => ({ ...pod, status: { phase: 'Pending' } }),
  problems: (pod) => [
    ...newMetadataProblems(pod.metadata, true, dnsSubdomainProblems),
    ...podSpecProblems(pod.spec),
  ],
  updateProblems: (pod, before) => [
    ...metadataProblems(pod.metadata),
    ...podSpecProblems(pod.spec),
    ...podUpdateProblems(pod.spec, before.spec),
  ],
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
  columns: [
    NAME_COLUMN,
    column('Ready', 'How many of the containers are ready'),
    column('Status', 'The state of the pod'),
    column('Restarts', 'How often containers were started again'),
    AGE_COLUMN,
    column('IP', 'The address of the pod', 1),
    column('Node', 'The node of the pod', 1),
    column('Nominated Node', 'Not used by the sandbox', 1),
    column('Readiness Gates', 'Not used by the sandbox', 1),
  ],
  cells(pod, now) {
    const { metadata, spec, status } = pod;
    const statuses = status?.containerStatuses ?? [];
    return [
      metadata.name,
      `${statuses.filter(isReady).length}/${spec.containers.length}`,
      stateOf(pod),
      String(statuses.reduce((sum, { restartCount }) => sum + restartCount, 0)),
      ageOf(metadata.creationTimestamp, now),
      status?.podIP ?? '<none>',
      spec.nodeName ?? '<none>',
      '<none>',
      '<none>',
    ];
  },
};

function withContainerDefaults(container: Container): Container {
  const { ports, image = '', ...rest } = container;
  const pullsAlways = /:latest$|^[^:]*(:\d+\/[^:]*)?$/.test(image);
  return {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullsAlways ? 'Always' : 'IfNotPresent',
    resources: {},
    ...rest,
    ...probesWithDefaults(container),
    image,
    ...(ports === undefined ? {} : { ports: ports.map((port) => ({ protocol: 'TCP', ...port })) }),
  } as Container; // the defaults are fields that the sandbox keeps without reading them
}

function isReady({ ready, state }: ContainerStatus): boolean {
  return ready && 'running' in state;
}

/** The word in the column "Status": what holds the first container up, else the phase. */
function stateOf({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const statuses = status?.containerStatuses ?? [];
  const troubles = statuses.flatMap(({ state }) => troubleOf(state) ?? []);
  const trouble = troubles[0] ?? status?.reason ?? status?.phase ?? 'Unknown';
  if (trouble !== 'Completed' || !statuses.some(isReady)) return trouble;
  return isPodReady(status) ? 'Running' : 'NotReady';
}

function troubleOf(state: ContainerStatus['state']): string | undefined {
  if ('waiting' in state) return state.waiting.reason;
  if (!('terminated' in state)) return undefined;
  const { reason, signal, exitCode } = state.terminated;
  if (reason !== '') return reason;
  return signal === undefined ? `ExitCode:${exitCode}` : `Signal:${signal}`;
}

function isPodReady(status: PodStatus | undefined): boolean {
  return (status?.conditions ?? []).some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );
}
