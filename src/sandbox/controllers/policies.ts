/** Brings the policies in the store into force on every node. */
import { isDeepStrictEqual } from 'node:util';
import type { Change, Store } from '../api/store.ts';
import type { NodePlan } from '../network/addresses.ts';
import type { PolicyPod, PolicyState } from '../network/allowances.ts';
import { rulesFor } from '../network/rules.ts';
import type { Pod } from '../objects.ts';
import { hasEnded } from './pod-status.ts';

export interface PolicyEnforcement {
  /** Resolves when what the store holds now is in force on all nodes. */
  inForce(): Promise<void>;
}

export interface PolicyDependencies {
  readonly store: Store;
  readonly nodes: readonly NodePlan[];
  /** Replaces a node's rules in one transaction. */
  readonly enforce: (node: string, rules: string) => Promise<void>;
  /** Called when a node does not take its rules. What is in force is then unknown: the sandbox must end. */
  readonly onFailure: (error: unknown) => void;
}

/** A sandbox whose network plugin has no policy engine: policies are stored and mean nothing. */
export const NO_ENFORCEMENT: PolicyEnforcement = { inForce: async () => {} };

/**
 * Listens to the store from now on. Changes that come while a transaction runs end up together in the next one, and nodes whose
 * rules stay the same are left alone.
 */
export function enforcePolicies({ store, nodes, enforce, onFailure }: PolicyDependencies): PolicyEnforcement {
  const names = nodes.map(({ name }) => name);
  const rulesInForce = new Map<string, string>();
  const waiting: { readonly revision: number; readonly resolve: () => void }[] = [];
  let isBehind = false;
  let isWorking = false;

  async function catchUp(): Promise<void> {
    isWorking = true;
    while (isBehind) {
      // Whatever changes in the same breath belongs to the same transaction.
      await new Promise(setImmediate);
      isBehind = false;
      const { revision } = store;
      const rules = rulesFor(names, policyStateOf(store));
      await Promise.all([...rules].map(([node, text]) => replace(node, text)));
      for (const waiter of waiting.splice(0)) {
        if (waiter.revision <= revision) waiter.resolve();
        else waiting.push(waiter);
      }
    }
    isWorking = false;
  }

  async function replace(node: string, rules: string): Promise<void> {
    if (rulesInForce.get(node) === rules) return;
    await enforce(node, rules);
    rulesInForce.set(node, rules);
  }

  function wake(): void {
    isBehind = true;
    if (!isWorking) catchUp().catch(onFailure);
  }

  store.listen((change) => {
    if (mattersToPolicies(change)) wake();
  });

  return {
    inForce: () =>
      new Promise((resolve) => {
        waiting.push({ revision: store.revision, resolve });
        wake();
      }),
  };
}

function mattersToPolicies({ resource, object, before }: Change): boolean {
  switch (resource) {
    case 'networkpolicies':
      return true;
    case 'namespaces':
      return !isDeepStrictEqual(object.metadata.labels, before?.metadata.labels);
    case 'pods':
      // Other resources have no address. A pod that is gone only makes rules shorter, and may wait for the next change.
      return !isDeepStrictEqual(
        policyPodOf(object as Pod),
        before === undefined ? undefined : policyPodOf(before as Pod),
      );
    case 'nodes':
      return false;
  }
}

function policyStateOf(store: Store): PolicyState {
  return {
    pods: store
      .list('pods')
      .map(policyPodOf)
      .filter((pod) => pod !== undefined),
    namespaces: new Map(
      store.list('namespaces').map(({ metadata }) => [metadata.name, metadata.labels ?? {}]),
    ),
    policies: store.list('networkpolicies'),
  };
}

/** @returns undefined for a pod that policies do not see: without an address, ended, or on its node's own network (I5) */
function policyPodOf({ metadata, spec, status }: Pod): PolicyPod | undefined {
  if (
    status?.podIP === undefined ||
    spec.nodeName === undefined ||
    spec.hostNetwork === true ||
    hasEnded(status)
  ) {
    return undefined;
  }
  return {
    namespace: metadata.namespace ?? 'default',
    labels: metadata.labels ?? {},
    node: spec.nodeName,
    address: status.podIP,
    ports: spec.containers.flatMap(({ ports }) => ports ?? []),
  };
}
