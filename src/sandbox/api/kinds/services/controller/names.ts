/** Tells the cluster's DNS server which Services there are. */
import { type Zone, zoneOf } from '../../../../dns/zone.ts';
import type { Store } from '../../../store.ts';

/**
 * Listens to the store from now on. Many changes at once are told as one.
 * @param tell takes all that there is
 */
export function tellNames(store: Store, tell: (zone: Zone) => void): void {
  let isDue = false;
  const tellAll = (): void => {
    isDue = false;
    tell(zoneOf(store.list('namespaces'), store.list('services'), store.list('endpointslices')));
  };
  store.listen(({ resource, type }) => {
    const matters =
      resource === 'services' ||
      resource === 'endpointslices' ||
      (resource === 'namespaces' && type !== 'MODIFIED');
    if (!matters || isDue) return;
    isDue = true;
    // Before any packet of whoever was told of the change.
    setImmediate(tellAll);
  });
  tellAll();
}
