/**
 * As much of OpenAPI as kubectl needs to leave validation to the server: it looks for the query parameters of each
 * kind's patch operation. The documents hold no schemas.
 */
import { apiVersionOf, type Kind } from './kinds/kind.ts';
import { KINDS } from './resources.ts';

const PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
  name,
  in: 'query',
  schema: { type: name === 'force' ? 'boolean' : 'string' },
}));

const KIND_LIST = Object.values(KINDS);
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
    const paths = KIND_LIST.map((kind) => [pathOf(kind), { patch: patchOf(kind) }]);
    return { swagger: '2.0', info: INFO, paths: Object.fromEntries(paths), definitions: {} };
  }
  if (path === '/openapi/v3') {
    const roots = [...new Set(KIND_LIST.map(rootOf))];
    return {
      paths: Object.fromEntries(roots.map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}` }])),
    };
  }
  const kinds = KIND_LIST.filter((kind) => path === `/openapi/v3/${rootOf(kind)}`);
  if (kinds.length === 0) return undefined;
  const paths = kinds.map((kind) => [pathOf(kind), { patch: patchOf(kind) }]);
  return { openapi: '3.0.0', info: INFO, paths: Object.fromEntries(paths), components: { schemas: {} } };
}
