/** Pods and policies of a scenario by their keys. A large report looks up every check's, so each list is indexed once. */
import { objectKey } from '../../keys.ts';

interface Named {
  readonly namespace: string;
  readonly name: string;
}

const indexes = new WeakMap<readonly Named[], ReadonlyMap<string, Named>>();

/** The first object of a list that has this key, `namespace/name`. The list must not change afterwards: a record that is rendered does not. */
export function findByKey<One extends Named>(objects: readonly One[], key: string): One | undefined {
  const index = indexes.get(objects) ?? new Map(objects.toReversed().map((one) => [objectKey(one), one]));
  indexes.set(objects, index);
  return index.get(key) as One | undefined;
}
