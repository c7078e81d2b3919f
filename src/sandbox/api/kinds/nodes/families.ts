/** Which families a cluster has, by its Node objects. */
import { familyOf, IP_FAMILIES, type IPFamily } from '../../../ip-family.ts';
import type { Store } from '../../store.ts';

/** Those in which nodes have addresses for pods, the cluster's primary first. */
export function familiesOfCluster(store: Pick<Store, 'list'>): readonly IPFamily[] {
  const families = store.list('nodes').flatMap(({ spec }) => spec.podCIDRs.map(familyOf));
  return IP_FAMILIES.filter((family) => families.includes(family));
}
