/** Namespaces. */
import { typeMeta } from '../../schema/meta.ts';
import { any, listOf, named, struct } from '../../schema/schema.ts';
import { ageOf } from '../../time.ts';
import { metadataProblems, newMetadataProblems } from '../../validate/metadata.ts';
import { dnsLabelProblems } from '../../validate/names.ts';
import { AGE_COLUMN, column, type Kind, NAME_COLUMN } from '../kind.ts';
import type { Namespace } from './object.ts';

export const namespaces: Kind<Namespace> = {
  resource: 'namespaces',
  kind: 'Namespace',
  singular: 'namespace',
  shortNames: ['ns'],
  categories: [],
  group: '',
  version: 'v1',
  namespaced: false,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  schema: struct('Namespace', {
    ...typeMeta,
    spec: struct('NamespaceSpec', { finalizers: listOf(named('v1.FinalizerName')) }),
    status: any,
  }),
  countsGenerations: false,

  /** Every namespace carries its name as a label (D9). */
  withDefaults({ spec: _spec, ...namespace }) {
    const labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name };
    return { ...namespace, metadata: { ...namespace.metadata, labels } };
  },
  initial: (namespace) => ({ ...namespace, status: { phase: 'Active' } }),
  problems: (namespace) => newMetadataProblems(namespace.metadata, false, dnsLabelProblems),
  updateProblems: (namespace) => metadataProblems(namespace.metadata),
  selectableFields: ['status.phase'],
  fieldOf: (namespace) => namespace.status?.phase ?? '',
  columns: [NAME_COLUMN, column('Status', 'The status of the namespace'), AGE_COLUMN],
  cells: ({ metadata, status }, now) => [
    metadata.name,
    status?.phase ?? '',
    ageOf(metadata.creationTimestamp, now),
  ],
};
