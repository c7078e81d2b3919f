/** The rules of all nodes as the store has them now. */
import { familiesOf, type NodePlan } from '../../../../dataplane/addresses.ts';
import { rulesFor } from '../../../../dataplane/rules.ts';
import type { NodeTable } from '../../../../dataplane/table.ts';
import type { Store } from '../../../store.ts';
import { concernsPolicies, mattersToPolicies, policyStateOf } from './policy-state.ts';

export interface Rulebook {
  /** The revision of the newest policy, pod or namespace. */
  revision(): number;
  /** The rules of each node at this revision. They are computed anew only when something has changed that matters. */
  read(): { readonly revision: number; readonly rules: ReadonlyMap<string, readonly NodeTable[]> };
}

/**
 * Listens to the store from now on.
 * @param onChange called after every change of a policy, a pod or a namespace. One of a node is none: it may be what the node has
 * told of the rules themselves
 */
export function keepRulebook(store: Store, nodes: readonly NodePlan[], onChange: () => void): Rulebook {
  const names = nodes.map(({ name }) => name);
  const families = familiesOf(nodes);
  let { revision } = store;
  let rules: ReadonlyMap<string, readonly NodeTable[]> | undefined;
  store.listen((change) => {
    if (!concernsPolicies(change)) return;
    revision = change.revision;
    if (mattersToPolicies(change)) rules = undefined;
    onChange();
  });
  return {
    revision: () => revision,
    read() {
      rules ??= rulesFor(names, families, policyStateOf(store));
      return { revision, rules };
    },
  };
}
