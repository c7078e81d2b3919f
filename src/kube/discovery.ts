/** Which kinds an API server serves, by its own word (discovery). Every user may ask. */
import { fieldOf } from './answers.ts';
import type { Kube, ServedKind } from './kube.ts';

/** The kinds of a version of a group, such as `cilium.io/v2`; none where it is not served. @throws what the API server says */
export async function kindsOf(
  apiVersion: string,
  kube: Pick<Kube, 'read'>,
  signal?: AbortSignal,
): Promise<readonly ServedKind[]> {
  const answer = await kube.read(`/apis/${apiVersion}`, signal === undefined ? {} : { signal });
  return listOf(answer, 'resources').flatMap((resource) => {
    const [plural, kind] = [fieldOf(resource, 'name'), fieldOf(resource, 'kind')];
    if (typeof plural !== 'string' || typeof kind !== 'string' || plural.includes('/')) return [];
    return [{ apiVersion, kind, plural }];
  });
}

/** The versions of each group, the one that the server prefers first. @throws what the API server says */
export async function versionsByGroup(
  kube: Pick<Kube, 'read'>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const answer = await kube.read('/apis', signal === undefined ? {} : { signal });
  return new Map(
    listOf(answer, 'groups').map((group) => [
      String(fieldOf(group, 'name')),
      listOf(group, 'versions').map((version) => String(fieldOf(version, 'groupVersion'))),
    ]),
  );
}

function listOf(value: unknown, key: string): readonly unknown[] {
  const list = fieldOf(value, key);
  return Array.isArray(list) ? list : [];
}
