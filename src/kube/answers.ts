/** What the API server's JSON is taken for. Nothing is renamed or dropped; only what podreach relies on is checked. */
import { PodreachError } from '../errors.ts';
import type { Purpose } from './errors.ts';
import type { KubeObject } from './kube.ts';

function notUnderstood(purpose: Purpose): PodreachError {
  return new PodreachError(
    'api-error',
    `cannot ${purpose.action}: the answer is not one of a Kubernetes API server`,
  );
}

/** Whatever JSON a body holds. @throws PodreachError `api-error` where it holds anything else */
export function toJson(body: string, purpose: Purpose): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw notUnderstood(purpose);
  }
}

/** A field of an answer, whatever that is. */
export function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function isKubeObject(value: unknown): value is KubeObject {
  return [
    fieldOf(value, 'apiVersion'),
    fieldOf(value, 'kind'),
    fieldOf(fieldOf(value, 'metadata'), 'name'),
  ].every((text) => typeof text === 'string');
}

/** The one object in a body. @throws PodreachError `api-error` where it holds anything else */
export function toObject(body: string, purpose: Purpose): KubeObject {
  const answer = toJson(body, purpose);
  if (!isKubeObject(answer)) throw notUnderstood(purpose);
  return answer;
}

/** The items of a list, with the kind and version that a server leaves out of them. @throws PodreachError `api-error` */
export function toList(body: string, purpose: Purpose): readonly KubeObject[] {
  const answer = toJson(body, purpose);
  const items = fieldOf(answer, 'items');
  if (!Array.isArray(items)) throw notUnderstood(purpose);
  const kind = String(fieldOf(answer, 'kind')).replace(/List$/, '');
  const apiVersion = fieldOf(answer, 'apiVersion');
  return items.map((item: object) => {
    const object: unknown = { apiVersion, kind, ...item };
    if (!isKubeObject(object)) throw notUnderstood(purpose);
    return object;
  });
}

/** The version of the server, from `GET /version`. @throws PodreachError `api-error` */
export function toVersion(body: string, purpose: Purpose): string {
  const version = fieldOf(toJson(body, purpose), 'gitVersion');
  if (typeof version !== 'string') throw notUnderstood(purpose);
  return version;
}
