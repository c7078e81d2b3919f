/** JSON patches (RFC 6902), with the complaints of the library that real API servers use. */
import { isDeepStrictEqual } from 'node:util';
import { copyJson, isJsonObject, type JsonObject } from '../json.ts';
import { badRequest, unprocessablePatch } from '../status.ts';

/**
 * Applies a list of operations to a copy of a document.
 * @throws StatusError BadRequest for what is no patch; Invalid where an operation does not apply
 */
export function jsonPatch(document: JsonObject, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw badRequest('error decoding patch: json: cannot unmarshal object into a list of operations');
  const root = { '': copyJson<unknown>(document) };
  for (const operation of patch) {
    if (!isJsonObject(operation))
      throw badRequest('error decoding patch: an operation of a JSON patch is an object');
    applyOperation(root, operation);
  }
  return root[''];
}

/** `root` holds the document under the empty name, so that the path "" can be replaced as any other. */
function applyOperation(root: JsonObject, operation: JsonObject): void {
  const { op, path, from, value } = operation;
  if (typeof path !== 'string') throw badRequest(`${String(op)} operation: missing path`);
  switch (op) {
    case 'add':
      add(root, path, copyJson(value));
      break;
    case 'remove':
      remove(root, path, 'remove');
      break;
    case 'replace':
      replace(root, path, copyJson(value));
      break;
    case 'test':
      test(root, path, value);
      break;
    case 'copy':
      add(root, path, copyJson(valueAt(root, sourceOf(from), 'copy')));
      break;
    case 'move': {
      const moved = valueAt(root, sourceOf(from), 'move');
      remove(root, sourceOf(from), 'move');
      add(root, path, moved);
      break;
    }
    default:
      throw unprocessablePatch(`Unexpected kind: ${String(op)}`);
  }
}

function sourceOf(from: unknown): string {
  if (typeof from !== 'string') throw badRequest('copy and move operations need "from"');
  return from;
}

interface Place {
  readonly container: unknown;
  readonly name: string;
}

function placeOf(root: JsonObject, path: string, operation: string): Place {
  const segments = path.split('/').map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  const name = segments.pop() ?? '';
  const container = segments.reduce<unknown>((value, segment) => memberOf(value, segment), root);
  if (typeof container !== 'object' || container === null)
    throw missing(operation, 'path', JSON.stringify(path));
  return { container, name };
}

function missing(operation: string, what: string, path: string): Error {
  return unprocessablePatch(
    `${operation} operation does not apply: doc is missing ${what}: ${path}: missing value`,
  );
}

function memberOf(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return /^\d+$/.test(name) ? value[Number(name)] : undefined;
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function valueAt(root: JsonObject, path: string, operation: string): unknown {
  const { container, name } = placeOf(root, path, operation);
  const value = memberOf(container, name);
  if (value === undefined) throw missing(operation, 'key', path);
  return value;
}

function add(root: JsonObject, path: string, value: unknown): void {
  const { container, name } = placeOf(root, path, 'add');
  if (Array.isArray(container)) {
    const index = name === '-' ? container.length : indexOf(name, container.length, 'add', path);
    container.splice(index, 0, value);
  } else if (isJsonObject(container)) {
    container[name] = value;
  }
}

function remove(root: JsonObject, path: string, operation: string): void {
  const { container, name } = placeOf(root, path, operation);
  if (memberOf(container, name) === undefined) throw missing(operation, 'key', path);
  if (Array.isArray(container)) container.splice(Number(name), 1);
  else if (isJsonObject(container)) delete container[name];
}

function replace(root: JsonObject, path: string, value: unknown): void {
  const { container, name } = placeOf(root, path, 'replace');
  if (memberOf(container, name) === undefined) throw missing('replace', 'key', path);
  if (Array.isArray(container)) container[Number(name)] = value;
  else if (isJsonObject(container)) container[name] = value;
}

function test(root: JsonObject, path: string, value: unknown): void {
  const { container, name } = placeOf(root, path, 'test');
  if (!isDeepStrictEqual(memberOf(container, name) ?? null, value ?? null)) {
    throw unprocessablePatch(`testing value ${path} failed: test failed`);
  }
}

function indexOf(name: string, length: number, operation: string, path: string): number {
  if (!/^\d+$/.test(name) || Number(name) > length) {
    throw unprocessablePatch(
      `${operation} operation does not apply: doc is missing path: ${path}: invalid index referenced`,
    );
  }
  return Number(name);
}
