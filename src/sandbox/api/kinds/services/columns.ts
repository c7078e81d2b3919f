/** The columns of Services. */

import { selectorText } from '../../selector-text.ts';
import { ageColumn, column, inColumns, nameColumn, wideColumn } from '../columns.ts';
import type { Service } from './object.ts';

export const serviceColumns = inColumns<Service>(
  nameColumn,
  column('Type', 'Who can reach the Service', ({ spec }) => spec.type ?? ''),
  column('Cluster-IP', 'The address inside of the cluster', ({ spec }) => spec.clusterIPs?.[0] ?? '<none>'),
  column('External-IP', 'Where it is reached from outside', externalAddress),
  column('Port(s)', 'The ports, with those of the nodes', ({ spec }) => portsText(spec.ports ?? [])),
  ageColumn,
  wideColumn('Selector', 'The pods behind the Service', ({ spec }) =>
    selectorText({ matchLabels: spec.selector ?? {} }),
  ),
);

/** The sandbox has no load balancers: they stay pending, as on a cluster without any. */
function externalAddress({ spec }: Service): string {
  const { externalIPs } = spec;
  if (spec.type === 'ExternalName') return spec.externalName ?? '';
  if (Array.isArray(externalIPs) && externalIPs.length > 0) return externalIPs.join(',');
  return spec.type === 'LoadBalancer' ? '<pending>' : '<none>';
}

function portsText(ports: NonNullable<Service['spec']['ports']>): string {
  if (ports.length === 0) return '<none>';
  return ports
    .map(
      ({ port, nodePort, protocol }) => `${port}${nodePort === undefined ? '' : `:${nodePort}`}/${protocol}`,
    )
    .join(',');
}
