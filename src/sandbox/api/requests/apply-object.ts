/** Server-side apply. */
import type { Api } from '../api.ts';
import { applyConfig } from '../apply/apply.ts';
import { listProblems } from '../apply/check.ts';
import { decodeManagers, encodeManagers } from '../apply/managers.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { apiVersionOf, resourceNameOf } from '../kinds/definition.ts';
import type { AnyObject } from '../kinds/kinds.ts';
import { decode } from '../schema/decode.ts';
import { typedErrors } from '../schema/messages.ts';
import { badRequest, notFound, unclassified } from '../status.ts';
import { timestampOf } from '../time.ts';
import { update } from './change-object.ts';
import { insert, prepareNew } from './create-object.ts';
import { asObject } from './decode-object.ts';
import type { WriteOptions } from './options.ts';
import { assertAddress, identityOf, type ObjectPlace, ownedPart, type WrittenObject } from './written.ts';

/**
 * Applies a configuration; makes the object where there is none.
 * @param duplicates keys that the configuration has twice
 * @throws StatusError Conflict with other managers, Invalid, BadRequest, NotFound for the namespace; 500 for what does not
 * fit the schema, as a real server does
 */
export function applyObject(
  api: Api,
  target: ObjectPlace,
  sent: unknown,
  duplicates: readonly string[],
  options: WriteOptions,
): WrittenObject {
  const { kind, namespace, name, subresource } = target;
  const live = api.store.get(kind.resource, namespace, name);
  if (live === undefined && subresource !== undefined) throw notFound(resourceNameOf(kind), name);
  const config = readConfig(target, sent);
  const applied = applyConfig({
    schema: kind.schema,
    live: live === undefined ? {} : ownedPart(live, subresource),
    config: ownedPart(config, subresource),
    managers: decodeManagers(live?.metadata.managedFields),
    who: identityOf(kind, 'Apply', options.manager, subresource),
    force: options.force,
    time: timestampOf(api.now()),
  });
  const object = convert(target, applied.object, live);
  const warnings = duplicateWarnings(duplicates, options);
  const managedFields = encodeManagers(applied.managers);
  if (live !== undefined) {
    return { object: update(api, target, live, object, options, managedFields), isNew: false, warnings };
  }
  const ready = prepareNew(api, kind, namespace, object);
  return { object: insert(api, kind, ready, managedFields, options), isNew: true, warnings };
}

/** The configuration, held against its address and the schema. Nulls stay: they say "no value". */
function readConfig(target: ObjectPlace, sent: unknown): JsonObject {
  const { kind } = target;
  if (!isJsonObject(sent)) throw badRequest('error decoding YAML: the configuration is not an object');
  const version = sent['apiVersion'] ?? '';
  if (version !== apiVersionOf(kind)) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${version}, expected: ${apiVersionOf(kind)}`,
    );
  }
  if (sent['kind'] !== kind.kind)
    throw badRequest(`invalid object type: ${version}, Kind=${sent['kind'] ?? ''}`);
  const { value, findings } = decode(kind.schema, sent, 'apply');
  const errors = [...typedErrors(findings), ...listProblems(kind.schema, value)];
  if (errors.length > 0) {
    const all =
      errors.length === 1 ? errors[0] : `errors:\n${errors.map((error) => `  ${error}`).join('\n')}`;
    throw unclassified(`failed to create typed patch object (${describe(target)}): ${all}`);
  }
  const metadata = isJsonObject(value['metadata']) ? value['metadata'] : {};
  if ((metadata['managedFields'] ?? null) !== null) throw badRequest('metadata.managedFields must be nil');
  assertAddress(target, metadata);
  return value;
}

function describe({ kind, namespace = '', name }: ObjectPlace): string {
  return `${namespace}/${name}; ${kind.group}/${kind.version}, Kind=${kind.kind}`;
}

/** The merged JSON as an object of the kind. */
function convert(target: ObjectPlace, merged: JsonObject, live: AnyObject | undefined): AnyObject {
  const { kind, subresource } = target;
  const { value, findings } = decode(kind.schema, merged);
  if (findings.length > 0) {
    throw unclassified(
      `failed to convert merged object (${describe(target)}): ${typedErrors(findings).join(', ')}`,
    );
  }
  return asObject(kind, subresource === undefined ? value : { ...live, ...value });
}

function duplicateWarnings(duplicates: readonly string[], { validation }: WriteOptions): string[] {
  if (duplicates.length === 0 || validation === 'Ignore') return [];
  const lines = duplicates.map((one) => `  ${one}`).join('\n');
  const why = `error converting YAML to JSON: yaml: unmarshal errors:\n${lines}`;
  if (validation === 'Strict') throw badRequest(`error strict decoding YAML: ${why}`);
  return [why.replaceAll(/\s*\n\s*/g, ' ')];
}
