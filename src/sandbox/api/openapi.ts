/**
 * As much of OpenAPI as kubectl needs: to leave validation to the server, for which it looks for the query parameters of each kind's
 * patch operation, and to explain a kind's fields.
 */
import { apiVersionOf } from './kinds/definition.ts';
import { ALL_KINDS, type Kind } from './kinds/kinds.ts';
import type { ScalarSchema, Schema, StructSchema } from './schema/schema.ts';

const PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
  name,
  in: 'query',
  schema: { type: name === 'force' ? 'boolean' : 'string' },
}));

const INFO = { title: 'podreach sandbox', version: 'v1' };

function rootOf(kind: Kind): string {
  return kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`;
}

function pathOf(kind: Kind): string {
  return `/${rootOf(kind)}/${kind.namespaced ? 'namespaces/{namespace}/' : ''}${kind.resource}/{name}`;
}

function patchOf(kind: Kind): object {
  const { group, version } = kind;
  return {
    operationId: `patch${apiVersionOf(kind)}${kind.kind}`,
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group, version, kind: kind.kind },
    parameters: PARAMETERS,
    responses: { 200: { description: 'OK' } },
  };
}

/**
 * The second version's document in protobuf, the only form in which kubectl reads it: an empty one. kubectl looks there for the kinds
 * that the third version does not have, to find that there are none.
 */
export const OPENAPI_V2_PROTOBUF = {
  type: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
  body: Buffer.alloc(0),
};

/** @returns the document at `/openapi/v2`, `/openapi/v3` or below; undefined where there is none */
export function openApi(path: string): object | undefined {
  if (path === '/openapi/v2') {
    const paths = ALL_KINDS.map((kind) => [pathOf(kind), { patch: patchOf(kind) }]);
    return { swagger: '2.0', info: INFO, paths: Object.fromEntries(paths), definitions: {} };
  }
  if (path === '/openapi/v3') {
    const roots = [...new Set(ALL_KINDS.map(rootOf))];
    return {
      paths: Object.fromEntries(roots.map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}` }])),
    };
  }
  const kinds = ALL_KINDS.filter((kind) => path === `/openapi/v3/${rootOf(kind)}`);
  if (kinds.length === 0) return undefined;
  const paths = kinds.map((kind) => [pathOf(kind), { patch: patchOf(kind) }]);
  const schemas = Object.assign({}, INT_OR_STRING, ...kinds.map(schemasOf));
  return { openapi: '3.0.0', info: INFO, paths: Object.fromEntries(paths), components: { schemas } };
}

const SCALARS: Readonly<Record<ScalarSchema['type'], object>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  'int-or-string': refTo('IntOrString'),
};
const INT_OR_STRING = {
  IntOrString: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
};

function refTo(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

/** The structs that a kind is made of, by their names. */
function schemasOf({ group, version, kind, schema }: Kind): Record<string, object> {
  const schemas: Record<string, object> = {};
  const addStruct = ({ name, fields }: StructSchema): void => {
    const properties = Object.entries(fields).map(([field, child]) => [field, typeOf(child)]);
    schemas[name] = { type: 'object', properties: Object.fromEntries(properties) };
  };
  const typeOf = (child: Schema): object => {
    switch (child.kind) {
      case 'any':
        return { type: 'object' };
      case 'scalar':
        return SCALARS[child.type];
      case 'list':
        return { type: 'array', items: typeOf(child.items) };
      case 'map':
        return { type: 'object', additionalProperties: typeOf(child.values) };
      case 'struct':
        addStruct(child);
        return refTo(child.name);
    }
  };
  addStruct(schema);
  schemas[kind] = { ...schemas[kind], 'x-kubernetes-group-version-kind': [{ group, version, kind }] };
  return schemas;
}
