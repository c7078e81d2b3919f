/** All that works on objects behind the API and needs nothing but the store. */
import { collectGarbage } from './garbage.ts';
import type { Store } from './store.ts';

/**
 * Listens to the store from now on.
 * @param now the wall clock
 * @returns a function that ends it
 */
export function runControllers(store: Store, now: () => Date): () => void {
  const ends = store.kinds.flatMap(({ controller }) => controller?.(store, now) ?? []);
  ends.push(collectGarbage(store, now));
  return () => {
    for (const end of ends) end();
  };
}
