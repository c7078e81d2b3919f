/** What all kinds of workloads have in common: a spec with a template of pods, which a controller makes. */
import type { StoredObject } from '../../objects.ts';
import { deletionOf } from '../deletion.ts';
import type { Definition } from '../kinds/definition.ts';
import { typeMeta } from '../schema/meta.ts';
import { any, type Schema, struct } from '../schema/schema.ts';
import type { Invalidity } from '../status.ts';
import { metadataProblems, newMetadataProblems } from '../validate/metadata.ts';
import { dnsSubdomainProblems } from '../validate/names.ts';

interface WorkloadObject extends StoredObject {
  readonly spec: object;
  readonly status?: object;
}

/** What is a workload kind's own. */
interface WorkloadOwn<Name extends string, Workload extends WorkloadObject>
  extends Pick<
      Definition<Name, Workload>,
      'resource' | 'kind' | 'singular' | 'shortNames' | 'group' | 'columns' | 'cells' | 'subresources'
    >,
    Pick<Required<Definition<Name, Workload>>, 'controller'>,
    Partial<Pick<Definition<Name, Workload>, 'selectableFields' | 'fieldOf'>> {
  /** The fields of its spec. */
  readonly spec: Readonly<Record<string, Schema>>;
  /** What makes a name wrong. Absent: what makes that of most objects wrong. */
  readonly nameProblems?: typeof dnsSubdomainProblems;
  /** @param given the client may have left anything out, even the spec */
  readonly specWithDefaults: (given: Partial<Workload['spec']> | undefined) => Workload['spec'];
  readonly specProblems: (spec: Workload['spec']) => readonly Invalidity[];
  /** What is wrong with a new spec, beside what is wrong with any. */
  readonly newSpecProblems?: (spec: Workload['spec']) => readonly Invalidity[];
  /** What of a spec must not change, and has. */
  readonly fixedProblems: (spec: Workload['spec'], before: Workload['spec']) => readonly Invalidity[];
}

export function workload<Name extends string, Workload extends WorkloadObject>({
  spec,
  nameProblems = dnsSubdomainProblems,
  specWithDefaults,
  specProblems,
  newSpecProblems = () => [],
  fixedProblems,
  ...own
}: WorkloadOwn<Name, Workload>): Definition<Name, Workload> {
  return {
    selectableFields: [],
    fieldOf: () => '',
    ...own,
    categories: ['all'],
    version: 'v1',
    namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    schema: struct(own.kind, { ...typeMeta, spec: struct(`${own.kind}Spec`, spec), status: any }),
    countsGenerations: true,
    withDefaults: (object) => ({ ...object, spec: specWithDefaults(object.spec) }),
    initial: ({ status: _status, ...object }) => object as Workload, // it has one only later
    problems: (object) => [
      ...newMetadataProblems(object.metadata, true, nameProblems),
      ...newSpecProblems(object.spec),
      ...specProblems(object.spec),
    ],
    updateProblems: (object, before) => [
      ...metadataProblems(object.metadata),
      ...specProblems(object.spec),
      ...fixedProblems(object.spec, before.spec),
    ],
    deletion: deletionOf(),
    hasStatus: true,
  };
}
