/** Brings the policies in the store into force on every node. */
import { isDeepStrictEqual } from 'node:util';
import { familiesOf, type NodePlan } from '../../../../dataplane/addresses.ts';
import type { noRules } from '../../../../dataplane/rules.ts';
import type { Change, Store } from '../../../store.ts';
import { faultsOf } from '../../nodes/faults.ts';
import { type Committed, NodeEnforcer, type RulesAtRevision } from './node-enforcer.ts';
import { keepRulebook } from './rulebook.ts';

export interface PolicyEnforcement {
  /** Resolves when what the store holds now is in force on a node, and on all others that take up changes at once. */
  inForce(node: string): Promise<void>;
}

export interface PolicyDependencies {
  readonly store: Store;
  readonly nodes: readonly NodePlan[];
  /** Carries out transactions on a node that has {@link noRules} from the start. */
  readonly enforce: (node: string, transactions: readonly string[]) => Promise<void>;
  /**
   * Called when a node enforces all policies, pods and namespaces as they are at a revision, or fails to as it is told: also where
   * its rules stayed the same. The revision is that of the newest of these objects.
   */
  readonly onCommit: (node: string, committed: Committed) => void;
  /** Called when a node does not take its rules. What is in force is then unknown: the sandbox must end. */
  readonly onFailure: (error: unknown) => void;
  /** The wall clock. */
  readonly now: () => Date;
}

/** A sandbox whose network plugin has no policy engine: policies are stored and mean nothing. */
export const NO_ENFORCEMENT: PolicyEnforcement = { inForce: async () => {} };

/**
 * Listens to the store from now on. Changes that come while a transaction runs end up together in the next one, and nodes whose
 * rules stay the same are left alone. Each node is told of when it is done by itself, but all go in step: what is in force
 * anywhere follows on what is in force everywhere. Only a node that is told to be late, or stopped, is not waited for.
 */
export function enforcePolicies(dependencies: PolicyDependencies): PolicyEnforcement {
  const { store, nodes, enforce, onCommit, onFailure, now } = dependencies;
  const families = familiesOf(nodes);
  const rulebook = keepRulebook(store, nodes, wake);
  const waiting = new Set<{
    readonly node: string;
    readonly revision: number;
    readonly resolve: () => void;
  }>();
  let isBehind = false;
  let isWorking = false;

  const enforcers = new Map(
    nodes.map(({ name }) => [
      name,
      new NodeEnforcer({
        families,
        enforce: (transactions) => enforce(name, transactions),
        onCommit(committed) {
          onCommit(name, committed);
          resolveWaiting();
        },
        onFailure,
        now,
      }),
    ]),
  );

  async function catchUp(): Promise<void> {
    isWorking = true;
    while (isBehind) {
      // Whatever changes in the same breath belongs to the same transaction.
      await new Promise(setImmediate);
      isBehind = false;
      await Promise.all([...enforcers].map(([name, enforcer]) => enforcer.hear(rulesNow(name))));
    }
    isWorking = false;
  }

  function rulesNow(node: string): RulesAtRevision {
    const { revision, rules } = rulebook.read();
    return { revision, rules: rules.get(node) ?? [] };
  }

  function wake(): void {
    isBehind = true;
    if (!isWorking) catchUp().catch(onFailure);
  }

  function resolveWaiting(): void {
    for (const waiter of waiting) {
      const isInForce = [...enforcers].every(
        ([name, { keepsStep, revision }]) =>
          (name !== waiter.node && !keepsStep) || revision >= waiter.revision,
      );
      if (isInForce && waiting.delete(waiter)) waiter.resolve();
    }
  }

  function listenToFaults({ resource, type, object, before }: Change): void {
    const enforcer = resource === 'nodes' ? enforcers.get(object.metadata.name) : undefined;
    if (enforcer === undefined || type === 'DELETED') return;
    const faults = faultsOf(object.metadata);
    if (before !== undefined && isDeepStrictEqual(faults, faultsOf(before.metadata))) return;
    enforcer.suffer(faults, () => rulesNow(object.metadata.name)).catch(onFailure);
    // Who waited for this node to take up a change may have nothing to wait for any more.
    resolveWaiting();
  }

  store.listen(listenToFaults);
  wake();
  return {
    inForce: (node) =>
      new Promise((resolve) => {
        waiting.add({ node, revision: rulebook.revision(), resolve });
        wake();
      }),
  };
}
