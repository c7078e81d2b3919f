/** Brings the policies in the store into force on every node. */
import type { NodePlan } from '../../../../dataplane/addresses.ts';
import { NO_RULES, type NodeRules, replaceRules } from '../../../../dataplane/rules.ts';
import type { Store } from '../../../store.ts';
import { keepRulebook } from './rulebook.ts';

export interface PolicyEnforcement {
  /** Resolves when what the store holds now is in force on all nodes. */
  inForce(): Promise<void>;
}

export interface PolicyDependencies {
  readonly store: Store;
  readonly nodes: readonly NodePlan[];
  /** Carries out transactions on a node that has {@link NO_RULES} from the start. */
  readonly enforce: (node: string, transactions: readonly string[]) => Promise<void>;
  /**
   * Called when a node enforces all policies, pods and namespaces as they are at a revision: also where its rules stayed the same.
   * @param revision that of the newest of these objects
   */
  readonly onCommit: (node: string, revision: number) => void;
  /** Called when a node does not take its rules. What is in force is then unknown: the sandbox must end. */
  readonly onFailure: (error: unknown) => void;
}

/** A sandbox whose network plugin has no policy engine: policies are stored and mean nothing. */
export const NO_ENFORCEMENT: PolicyEnforcement = { inForce: async () => {} };

/**
 * Listens to the store from now on. Changes that come while a transaction runs end up together in the next one, and nodes whose
 * rules stay the same are left alone. Each node is told of when it is done by itself, but all go in step: what is in force
 * anywhere follows on what is in force everywhere.
 */
export function enforcePolicies(dependencies: PolicyDependencies): PolicyEnforcement {
  const { store, nodes, enforce, onCommit, onFailure } = dependencies;
  const rulebook = keepRulebook(store, nodes, wake);
  const rulesInForce = new Map(nodes.map(({ name }) => [name, NO_RULES]));
  const waiting: { readonly revision: number; readonly resolve: () => void }[] = [];
  let isBehind = false;
  let isWorking = false;

  async function catchUp(): Promise<void> {
    isWorking = true;
    while (isBehind) {
      // Whatever changes in the same breath belongs to the same transaction.
      await new Promise(setImmediate);
      isBehind = false;
      const { revision, rules } = rulebook.read();
      await Promise.all([...rules].map(([node, after]) => replace(node, after, revision)));
      for (const waiter of waiting.splice(0)) {
        if (waiter.revision <= revision) waiter.resolve();
        else waiting.push(waiter);
      }
    }
    isWorking = false;
  }

  async function replace(node: string, after: NodeRules, revision: number): Promise<void> {
    const before = rulesInForce.get(node) ?? NO_RULES;
    if (before.table !== after.table) await enforce(node, replaceRules(before, after));
    rulesInForce.set(node, after);
    onCommit(node, revision);
  }

  function wake(): void {
    isBehind = true;
    if (!isWorking) catchUp().catch(onFailure);
  }

  wake();
  return {
    inForce: () =>
      new Promise((resolve) => {
        waiting.push({ revision: rulebook.revision(), resolve });
        wake();
      }),
  };
}
