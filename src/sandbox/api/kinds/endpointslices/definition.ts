/** EndpointSlices. */
import { deletionOf } from '../../deletion.ts';
import { metadataProblems, newMetadataProblems } from '../../validate/metadata.ts';
import { dnsSubdomainProblems } from '../../validate/names.ts';
import type { Definition } from '../definition.ts';
import { endpointSliceColumns } from './columns.ts';
import { runEndpointSlices } from './controller.ts';
import type { EndpointSlice } from './object.ts';
import { endpointSliceSchema } from './schema.ts';
import { endpointSliceProblems, endpointSliceUpdateProblems } from './validation.ts';

export const endpointslices: Definition<'endpointslices', EndpointSlice> = {
  resource: 'endpointslices',
  kind: 'EndpointSlice',
  singular: 'endpointslice',
  shortNames: [],
  categories: [],
  group: 'discovery.k8s.io',
  version: 'v1',
  namespaced: true,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  schema: endpointSliceSchema,
  countsGenerations: false,

  withDefaults({ ports, ...slice }) {
    if (ports === undefined) return slice;
    return { ...slice, ports: ports.map((port) => ({ name: '', protocol: 'TCP', ...port })) };
  },
  initial: (slice) => slice,
  problems: (slice) => [
    ...newMetadataProblems(slice.metadata, true, dnsSubdomainProblems),
    ...endpointSliceProblems(slice),
  ],
  updateProblems: (slice, before) => [
    ...metadataProblems(slice.metadata),
    ...endpointSliceUpdateProblems(slice, before),
  ],
  deletion: deletionOf(),

  selectableFields: [],
  fieldOf: () => '',
  ...endpointSliceColumns,

  hasStatus: false,
  subresources: [],
  controller: runEndpointSlices,
};
