/** What a path addresses. */
import { ALL_KINDS, type Kind } from './kinds/kinds.ts';

export type Route =
  /** All objects of a kind: in one namespace, or everywhere. */
  | { readonly kind: 'collection'; readonly of: Kind; readonly namespace: string | undefined }
  | {
      readonly kind: 'object';
      readonly of: Kind;
      readonly namespace: string | undefined;
      readonly name: string;
      readonly subresource: string | undefined;
    }
  /** Anything outside of the resources: `/version`, `/apis/networking.k8s.io`. */
  | { readonly kind: 'other'; readonly path: string };

/**
 * Takes a path apart.
 * @param path without query; percent-encoded parts are decoded
 */
export function routeOf(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  const other: Route = { kind: 'other', path: `/${parts.join('/')}` };
  const [root, group = '', version = '', ...rest] =
    parts[0] === 'api' ? ['api', '', ...parts.slice(1)] : parts;
  const decoded = decodeParts(rest);
  if ((root !== 'api' && root !== 'apis') || decoded === undefined) return other;
  const [first = '', second, third = ''] = decoded;
  // Below a namespace stands a namespaced kind; anything else there is about the namespace itself.
  const inside = first === 'namespaces' && second !== undefined ? findKind(group, version, third) : undefined;
  if (inside?.namespaced === true) return address(inside, second, decoded.slice(3)) ?? other;
  const of = findKind(group, version, first);
  return of === undefined ? other : (address(of, undefined, decoded.slice(1)) ?? other);
}

function address(of: Kind, namespace: string | undefined, rest: readonly string[]): Route | undefined {
  const [name, subresource] = rest;
  if (name === undefined) return { kind: 'collection', of, namespace };
  const isComplete = of.namespaced === (namespace !== undefined) && rest.length <= 2;
  return isComplete ? { kind: 'object', of, namespace, name, subresource } : undefined;
}

function decodeParts(parts: readonly string[]): string[] | undefined {
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** The kind behind a plural name in an API group; undefined where none is served. */
function findKind(group: string, version: string, resource: string): Kind | undefined {
  return ALL_KINDS.find(
    (kind) => kind.resource === resource && kind.group === group && kind.version === version,
  );
}
