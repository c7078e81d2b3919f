/** From a request's JSON to an object of its kind. */
import { isJsonObject, type JsonObject } from '../json.ts';
import { apiVersionOf } from '../kinds/definition.ts';
import type { AnyObject, Kind } from '../kinds/kinds.ts';
import { decode } from '../schema/decode.ts';
import { firstMismatch, unknownFields } from '../schema/messages.ts';
import { tidy } from '../schema/tidy.ts';
import { badRequest } from '../status.ts';
import type { WriteOptions } from './options.ts';

export interface DecodedObject {
  readonly object: AnyObject;
  /** For the client, as `Warning` headers. */
  readonly warnings: readonly string[];
}

/**
 * Reads an object that was sent as a whole.
 * @throws StatusError BadRequest for another kind, a value of a wrong type, or (Strict) an unknown field
 */
export function decodeObject(
  kind: Kind,
  sent: unknown,
  validation: WriteOptions['validation'],
): DecodedObject {
  if (!isJsonObject(sent)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind`,
    );
  }
  assertType(kind, sent);
  const cannot = `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}`;
  return decodeWith(kind, sent, validation, (why) => badRequest(`${cannot}: ${why}`));
}

/** {@link decodeObject} for an object that a patch made; `fail` words the failure. @throws what `fail` returns */
export function decodeWith(
  kind: Kind,
  sent: JsonObject,
  validation: WriteOptions['validation'],
  fail: (why: string) => Error,
): DecodedObject {
  const { value, findings } = decode(kind.schema, sent);
  const mismatch = firstMismatch(findings);
  if (mismatch !== undefined) throw fail(mismatch);
  const unknown = unknownFields(findings);
  if (unknown.length > 0 && validation === 'Strict')
    throw fail(`strict decoding error: ${unknown.join(', ')}`);
  return { object: asObject(kind, value), warnings: validation === 'Warn' ? unknown : [] };
}

/** The stored form of decoded JSON: with apiVersion, kind and metadata, without empty lists and maps. */
export function asObject(kind: Kind, decoded: JsonObject): AnyObject {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = tidy(kind.schema, decoded);
  const object = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name: '', ...(isJsonObject(metadata) ? metadata : {}) },
    ...rest,
  };
  return object as unknown as AnyObject; // the schema that decoded it is the type's
}

function assertType(kind: Kind, sent: JsonObject): void {
  const { apiVersion = apiVersionOf(kind), kind: name = kind.kind } = sent;
  if (apiVersion !== apiVersionOf(kind)) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${apiVersionOf(kind)})`,
    );
  }
  if (name !== kind.kind) {
    throw badRequest(
      `${name} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: converting (${kind.version}.${name}) to (${kind.kind}): unknown conversion`,
    );
  }
}
