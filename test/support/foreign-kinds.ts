/** A cluster that serves kinds of other network plugins: a proxy in front of the sandbox keeps their objects, as custom resources are kept. */
import { failure, type Intervention } from './api-proxy.ts';

export interface ForeignKind {
  /** Such as `cilium.io/v2`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
}

interface StoredObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

export interface ForeignStore {
  /** By their paths. */
  readonly objects: Map<string, StoredObject>;
  /** What was created and deleted, in its order: `POST /apis/…`. */
  readonly writes: string[];
  readonly answer: NonNullable<Intervention['answer']>;
}

const ok = (body: object, status = 200) => ({ status, body });

export function foreignStore(kinds: readonly ForeignKind[]): ForeignStore {
  const objects = new Map<string, StoredObject>();
  const writes: string[] = [];
  const answer: ForeignStore['answer'] = (call) => {
    const { pathname, searchParams } = new URL(call.path, 'https://server');
    const kind = kinds.find((one) => collectionOf(one, pathname) !== undefined);
    if (kind === undefined) return discovery(kinds, pathname);
    const { method, body } = call;
    if (method === 'GET') return list(kind, objects, searchParams.get('labelSelector') ?? '');
    writes.push(`${method} ${pathname}`);
    return method === 'POST' ? create(pathname, body, objects) : remove(pathname, objects);
  };
  return { objects, writes, answer };
}

/** The collection that a path is, or is in. */
function collectionOf({ apiVersion, plural }: ForeignKind, path: string): string | undefined {
  return new RegExp(`^/apis/${apiVersion}/(?:namespaces/[^/]+/)?${plural}(?=/|$)`).exec(path)?.[0];
}

function discovery(kinds: readonly ForeignKind[], path: string): ReturnType<ForeignStore['answer']> {
  if (path === '/apis') {
    const versions = Map.groupBy(new Set(kinds.map(({ apiVersion }) => apiVersion)), (version) =>
      version.replace(/\/.*/, ''),
    );
    return ok({
      kind: 'APIGroupList',
      groups: [...versions].map(([name, own]) => ({
        name,
        versions: own.map((groupVersion) => ({ groupVersion })),
      })),
    });
  }
  const own = kinds.filter(({ apiVersion }) => path === `/apis/${apiVersion}`);
  if (own.length === 0) return undefined;
  return ok({
    kind: 'APIResourceList',
    resources: own.flatMap(({ kind, plural }) => [
      { name: plural, kind },
      { name: `${plural}/status`, kind },
    ]),
  });
}

function list(kind: ForeignKind, objects: ForeignStore['objects'], selector: string) {
  const [label = '', value] = selector.split('=');
  const items = [...objects]
    .filter(([path]) => collectionOf(kind, path) !== undefined)
    .map(([, object]) => object)
    .filter(({ metadata: { labels = {} } }) => {
      if (label === '') return true;
      return value === undefined ? label in labels : labels[label] === value;
    });
  return ok({ kind: `${kind.kind}List`, apiVersion: kind.apiVersion, items });
}

function create(collection: string, body: string, objects: ForeignStore['objects']) {
  // Sent by podreach itself: the shape is known.
  const object = JSON.parse(body) as StoredObject;
  const path = `${collection}/${object.metadata.name}`;
  if (objects.has(path)) return failure(409, 'AlreadyExists', `${object.metadata.name} already exists`);
  objects.set(path, object);
  return ok(object, 201);
}

function remove(path: string, objects: ForeignStore['objects']) {
  return objects.delete(path)
    ? ok({ kind: 'Status', status: 'Success' })
    : failure(404, 'NotFound', 'not found');
}

export const CILIUM_POLICY: ForeignKind = {
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  plural: 'ciliumnetworkpolicies',
};
export const GLOBAL_POLICY: ForeignKind = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  plural: 'globalnetworkpolicies',
};
