/** The schemas that all kinds share. */
import {
  any,
  atomicStruct,
  bool,
  int64,
  keyedList,
  listOf,
  named,
  setOf,
  string,
  strings,
  struct,
} from './schema.ts';

const ownerReference = struct('OwnerReference', {
  apiVersion: string,
  kind: string,
  name: string,
  uid: named('types.UID'),
  controller: bool,
  blockOwnerDeletion: bool,
});

export const objectMeta = struct('ObjectMeta', {
  name: string,
  generateName: string,
  namespace: string,
  selfLink: string,
  uid: named('types.UID'),
  resourceVersion: string,
  generation: int64,
  creationTimestamp: string,
  deletionTimestamp: string,
  deletionGracePeriodSeconds: int64,
  labels: strings,
  annotations: strings,
  ownerReferences: keyedList(ownerReference, { name: 'uid' }),
  finalizers: setOf(string),
  managedFields: any,
});

const labelSelectorRequirement = struct('LabelSelectorRequirement', {
  key: string,
  operator: named('v1.LabelSelectorOperator'),
  values: listOf(string),
});

export const labelSelector = atomicStruct('LabelSelector', {
  matchLabels: strings,
  matchExpressions: listOf(labelSelectorRequirement),
});

/** The fields that every object has beside its own. */
export const typeMeta = { apiVersion: string, kind: string, metadata: objectMeta } as const;
