/** What of the store decides which rules the nodes have. */
import { isDeepStrictEqual } from 'node:util';
import { type EnforcedPod, enforcedAddress, type PolicyState } from '../../../../dataplane/allowances.ts';
import type { Change, Store } from '../../../store.ts';
import type { ResourceName } from '../../kinds.ts';
import { hasEnded } from '../../pods/ending.ts';
import type { Pod } from '../../pods/object.ts';

/** The kinds that {@link policyStateOf} looks at. */
const LOOKED_AT: readonly ResourceName[] = ['networkpolicies', 'namespaces', 'pods'];

/** Whether a change belongs to what {@link policyStateOf} looks at, be it of importance or not. */
export function concernsPolicies({ resource }: Change): boolean {
  return LOOKED_AT.includes(resource);
}

/** Whether rules may be others after a change. */
export function mattersToPolicies({ resource, object, before }: Change): boolean {
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
    default:
      return false;
  }
}

export function policyStateOf(store: Store): PolicyState {
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
function policyPodOf({ metadata, spec, status }: Pod): EnforcedPod | undefined {
  if (
    status?.podIPs === undefined ||
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
    addresses: status.podIPs.map(({ ip }) => enforcedAddress(ip)),
    ports: spec.containers.flatMap(({ ports }) => ports ?? []),
  };
}
