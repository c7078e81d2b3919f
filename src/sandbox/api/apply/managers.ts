/** Who owns which fields: `metadata.managedFields`. */
import type { ManagedFields } from '../../objects.ts';
import { isJsonObject } from '../json.ts';
import type { Schema } from '../schema/schema.ts';
import { type FieldSet, fromFieldsV1, type Segment } from './fieldset.ts';
import { compare } from './parts.ts';

/** A way in which someone writes. The same name owns separately what it applies and what it updates. */
export interface ManagerIdentity {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string | undefined;
}

export interface Manager extends ManagerIdentity {
  readonly time: string;
  readonly fields: FieldSet;
}

/** Fields that belong to the server or to the address, whoever sends them. */
const UNOWNED: readonly [Segment, ...Segment[]][] = [
  ['f:apiVersion'],
  ['f:kind'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'generation',
    'managedFields',
    'resourceVersion',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ].map((name): [Segment, ...Segment[]] => ['f:metadata', `f:${name}`]),
];

export function ownable(fields: FieldSet): FieldSet {
  return UNOWNED.reduce((left, path) => left.without(path), fields);
}

export function isSame(a: ManagerIdentity, b: ManagerIdentity): boolean {
  const sameVersion = a.operation === 'Apply' || a.apiVersion === b.apiVersion;
  return (
    a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource && sameVersion
  );
}

export function decodeManagers(managedFields: unknown): Manager[] {
  if (!Array.isArray(managedFields)) return [];
  return managedFields.filter(isManagedFields).map((entry) => ({
    manager: entry.manager,
    operation: entry.operation,
    apiVersion: entry.apiVersion,
    subresource: entry.subresource,
    time: entry.time ?? '',
    fields: fromFieldsV1(entry.fieldsV1),
  }));
}

function isManagedFields(value: unknown): value is ManagedFields {
  if (!isJsonObject(value)) return false;
  const { manager, operation, apiVersion, fieldsV1 } = value;
  return (
    typeof manager === 'string' &&
    (operation === 'Apply' || operation === 'Update') &&
    typeof apiVersion === 'string' &&
    isJsonObject(fieldsV1)
  );
}

/** Appliers come first, then the older ones. */
export function encodeManagers(managers: readonly Manager[]): ManagedFields[] {
  const order = ({ operation, time, manager }: Manager): string => `${operation} ${time} ${manager}`;
  return managers
    .filter(({ fields }) => !fields.isEmpty)
    .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
    .map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      ...(time === '' ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: fields.toFieldsV1(),
      ...(subresource === undefined ? {} : { subresource }),
    }));
}

/**
 * Ownership after a create, replace or patch: who writes owns what it added and changed, and nobody else does any longer.
 * @param time when, as a timestamp of the API
 */
export function afterUpdate(
  schema: Schema,
  before: object,
  after: object,
  managers: readonly Manager[],
  who: ManagerIdentity,
  time: string,
): Manager[] {
  const comparison = compare(schema, before, after);
  const changed = ownable(comparison.changed);
  const removed = ownable(comparison.removed);
  if (changed.isEmpty && removed.isEmpty) return [...managers];
  const mine = managers.find((manager) => isSame(manager, who));
  const others = managers
    .filter((manager) => manager !== mine)
    .map((manager) => ({ ...manager, fields: manager.fields.difference(changed).difference(removed) }));
  const fields = mine === undefined ? changed : mine.fields.union(changed).difference(removed);
  const isNews = mine === undefined || !mine.fields.equals(fields);
  return [...others, { ...who, time: isNews ? time : mine.time, fields }];
}
