/** Namespaces. */
import { deletionOf, marked } from '../../deletion.ts';
import { typeMeta } from '../../schema/meta.ts';
import { withSpec } from '../../schema/protobuf.ts';
import { any, listOf, named, struct } from '../../schema/schema.ts';
import { forbidden } from '../../status.ts';
import { metadataProblems, newMetadataProblems } from '../../validate/metadata.ts';
import { dnsLabelProblems } from '../../validate/names.ts';
import { ageColumn, column, inColumns, nameColumn } from '../columns.ts';
import type { Definition } from '../definition.ts';
import { FIRST_NAMESPACES, runNamespaces } from './controller.ts';
import type { Namespace } from './object.ts';

const phaseOf = ({ status }: Namespace): string => status?.phase ?? '';

export const namespaces: Definition<'namespaces', Namespace> = {
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
  protobuf: withSpec({ 1: { name: 'finalizers', type: 'strings' } }),
  countsGenerations: false,

  /** Every namespace carries its name as a label (D9). */
  withDefaults({ spec: _spec, ...namespace }) {
    const labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name };
    return { ...namespace, metadata: { ...namespace.metadata, labels } };
  },
  initial: (namespace) => ({ ...namespace, status: { phase: 'Active' } }),
  problems: (namespace) => newMetadataProblems(namespace.metadata, false, dnsLabelProblems),
  updateProblems: (namespace) => metadataProblems(namespace.metadata),
  deletion: deletionOf<Namespace>({
    assertAllowed({ metadata: { name } }) {
      if (!FIRST_NAMESPACES.includes(name)) return;
      throw forbidden({ group: '', name: 'namespaces' }, name, 'this namespace may not be deleted');
    },
    /** The controller takes it away when it is empty. */
    isFree: () => false,
    marked: (namespace, _graceSeconds, now) => ({
      ...marked(namespace, now),
      status: { phase: 'Terminating' },
    }),
  }),

  selectableFields: ['status.phase'],
  fieldOf: phaseOf,
  ...inColumns(nameColumn, column('Status', 'The status of the namespace', phaseOf), ageColumn),

  hasStatus: false,
  subresources: [],
  controller: runNamespaces,
};
