/** Nodes. The sandbox makes them; users read them and set labels and annotations. */
import { isDeepStrictEqual } from 'node:util';
import { typeMeta } from '../../schema/meta.ts';
import { any, bool, listOf, string, struct } from '../../schema/schema.ts';
import { ageOf } from '../../time.ts';
import { forbiddenValue } from '../../validate/fields.ts';
import { metadataProblems, newMetadataProblems } from '../../validate/metadata.ts';
import { dnsSubdomainProblems } from '../../validate/names.ts';
import { AGE_COLUMN, column, type Kind, NAME_COLUMN } from '../kind.ts';
import type { Node } from './object.ts';

const ROLE_LABEL = 'node-role.kubernetes.io/';

export const nodes: Kind<Node> = {
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
  problems: (node) => newMetadataProblems(node.metadata, false, dnsSubdomainProblems),
  updateProblems: (node, before) => [
    ...metadataProblems(node.metadata),
    ...(isDeepStrictEqual(node.spec, before.spec)
      ? []
      : [
          forbiddenValue(
            'spec',
            'updates of a node of the sandbox may only change its labels and annotations',
          ),
        ]),
  ],
  selectableFields: ['spec.unschedulable'],
  fieldOf: () => 'false',
  columns: [
    NAME_COLUMN,
    column('Status', 'The status of the node'),
    column('Roles', 'The roles of the node'),
    AGE_COLUMN,
    column('Version', 'Kubelet version reported by the node'),
    column('Internal-IP', 'Internal address of the node', 1),
    column('External-IP', 'External address of the node', 1),
    column('OS-Image', 'Operating system of the node', 1),
    column('Kernel-Version', 'Kernel version of the node', 1),
    column('Container-Runtime', 'What runs the containers', 1),
  ],
  cells({ metadata, status }, now) {
    const info = status.nodeInfo;
    return [
      metadata.name,
      readiness(status.conditions),
      rolesOf(metadata.labels ?? {}),
      ageOf(metadata.creationTimestamp, now),
      info['kubeletVersion'] ?? '<unknown>',
      status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '<none>',
      '<none>',
      info['osImage'] ?? '<unknown>',
      info['kernelVersion'] ?? '<unknown>',
      info['containerRuntimeVersion'] ?? '<unknown>',
    ];
  },
};

function readiness(conditions: Node['status']['conditions']): string {
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready === undefined) return 'Unknown';
  return ready.status === 'True' ? 'Ready' : 'NotReady';
}

function rolesOf(labels: Readonly<Record<string, string>>): string {
  const roles = Object.keys(labels).flatMap((key) =>
    key.startsWith(ROLE_LABEL) ? [key.slice(ROLE_LABEL.length)] : [],
  );
  return roles.length === 0 ? '<none>' : roles.toSorted().join(',');
}
