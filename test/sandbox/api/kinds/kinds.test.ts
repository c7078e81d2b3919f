/** What makes a kind whole: its folder, its place in the list, and that all that is said of it is served. */
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { discover } from '../../../../src/sandbox/api/discovery.ts';
import { isJsonObject } from '../../../../src/sandbox/api/json.ts';
import { apiVersionOf } from '../../../../src/sandbox/api/kinds/definition.ts';
import { ALL_KINDS, KINDS, type Kind } from '../../../../src/sandbox/api/kinds/kinds.ts';
import { createStore } from '../../../../src/sandbox/api/memory-store.ts';
import { openApi } from '../../../../src/sandbox/api/openapi.ts';
import { routeOf } from '../../../../src/sandbox/api/route.ts';

const FOLDER = new URL('../../../../src/sandbox/api/kinds/', import.meta.url);

function rootOf(kind: Kind): string {
  return kind.group === '' ? `/api/${kind.version}` : `/apis/${apiVersionOf(kind)}`;
}

/** The names that discovery lists beside a kind's objects, the kind's own among them. */
function discovered(kind: Kind): string[] {
  const document = discover(rootOf(kind));
  const resources = isJsonObject(document) ? document['resources'] : undefined;
  return (Array.isArray(resources) ? resources : []).map(({ name }: { name: string }) => name);
}

it('every folder is a kind of the list, and every kind a folder', () => {
  const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).toSorted()).toEqual(Object.keys(KINDS).toSorted());
});

it.each(Object.entries(KINDS))(
  '%s is called so by its own definition',
  (name, { resource, kind, schema }) => {
    expect({ resource, schema: schema.name }).toEqual({ resource: name, schema: kind });
  },
);

describe.each(ALL_KINDS.map((kind) => [kind.resource, kind] as const))('%s', (resource, kind) => {
  const collection = `${rootOf(kind)}${kind.namespaced ? '/namespaces/shop' : ''}/${resource}`;

  it('has its definition and its types where every kind has them', () => {
    const missing = ['definition.ts', 'object.ts'].filter(
      (file) => !existsSync(new URL(`${resource}/${file}`, FOLDER)),
    );
    expect(missing).toEqual([]);
  });

  it('is found at its paths', () => {
    expect(routeOf(collection)).toMatchObject({ kind: 'collection', of: { resource } });
    expect(routeOf(`${collection}/web`)).toMatchObject({ kind: 'object', name: 'web', of: { resource } });
  });

  it('is discovered with all its subresources', () => {
    const below = [...kind.subresources.map(({ name }) => name), ...(kind.hasStatus ? ['status'] : [])];
    const expected = [resource, ...below.toSorted().map((name) => `${resource}/${name}`)];
    expect(discovered(kind).filter((name) => name.split('/')[0] === resource)).toEqual(expected);
  });

  it('is described by OpenAPI', () => {
    expect(openApi(`/openapi/v3${rootOf(kind)}`)).toMatchObject({
      components: { schemas: { [kind.kind]: { type: 'object' } } },
    });
  });

  it('is kept by the store', () => {
    expect(createStore().list(resource)).toEqual([]);
  });
});
