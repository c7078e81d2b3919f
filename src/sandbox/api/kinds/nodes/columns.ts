/** The columns of nodes. */
import { ageColumn, column, inColumns, nameColumn, wideColumn } from '../columns.ts';
import type { Node } from './object.ts';

const ROLE_LABEL = 'node-role.kubernetes.io/';

export const nodeColumns = inColumns<Node>(
  nameColumn,
  column('Status', 'The status of the node', readiness),
  column('Roles', 'The roles of the node', rolesOf),
  ageColumn,
  column('Version', 'Kubelet version reported by the node', infoOf('kubeletVersion')),
  wideColumn(
    'Internal-IP',
    'Internal address of the node',
    ({ status }) => status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '<none>',
  ),
  wideColumn('External-IP', 'External address of the node', () => '<none>'),
  wideColumn('OS-Image', 'Operating system of the node', infoOf('osImage')),
  wideColumn('Kernel-Version', 'Kernel version of the node', infoOf('kernelVersion')),
  wideColumn('Container-Runtime', 'What runs the containers', infoOf('containerRuntimeVersion')),
);

function readiness({ status }: Node): string {
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  if (ready === undefined) return 'Unknown';
  return ready.status === 'True' ? 'Ready' : 'NotReady';
}

function rolesOf({ metadata }: Node): string {
  const roles = Object.keys(metadata.labels ?? {}).flatMap((key) =>
    key.startsWith(ROLE_LABEL) ? [key.slice(ROLE_LABEL.length)] : [],
  );
  return roles.length === 0 ? '<none>' : roles.toSorted().join(',');
}

function infoOf(name: string): (node: Node) => string {
  return ({ status }) => status.nodeInfo[name] ?? '<unknown>';
}
