/** Services. */
import { deletionOf } from '../../deletion.ts';
import { metadataProblems, newMetadataProblems } from '../../validate/metadata.ts';
import { dns1035LabelProblems } from '../../validate/names.ts';
import type { Definition } from '../definition.ts';
import { allocate } from './allocation.ts';
import { serviceColumns } from './columns.ts';
import { withServiceDefaults } from './defaults.ts';
import type { Service } from './object.ts';
import { serviceSchema } from './schema.ts';
import { serviceSpecProblems, serviceUpdateProblems } from './validation.ts';

export const services: Definition<'services', Service> = {
  resource: 'services',
  kind: 'Service',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  group: '',
  version: 'v1',
  namespaced: true,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  schema: serviceSchema,
  countsGenerations: false,

  withDefaults: withServiceDefaults,
  initial: (service) => ({ ...service, status: { loadBalancer: {} } }),
  problems: (service) => [
    ...newMetadataProblems(service.metadata, true, dns1035LabelProblems),
    ...serviceSpecProblems(service.spec),
  ],
  updateProblems: (service, before) => [
    ...metadataProblems(service.metadata),
    ...serviceUpdateProblems(service.spec, before.spec),
    ...serviceSpecProblems(service.spec),
  ],
  allocate,
  deletion: deletionOf(),

  selectableFields: ['spec.clusterIP', 'spec.type'],
  fieldOf: ({ spec }, field) => (field === 'spec.type' ? spec.type : spec.clusterIP) ?? '',
  ...serviceColumns,

  hasStatus: true,
  subresources: [],
};
