/** Tells the cluster's DNS server which Services there are, and which hosts outside. */
import { type NamedHost, type Zone, zoneOf } from '../../../../dns/zone.ts';
import type { Change, Store } from '../../../store.ts';
import { outsideAddressesOf, outsideNameOf } from '../../pods/outside.ts';

/**
 * Listens to the store from now on. Many changes at once are told as one.
 * @param tell takes all that there is
 */
export function tellNames(store: Store, tell: (zone: Zone) => void): void {
  let isDue = false;
  const tellAll = (): void => {
    isDue = false;
    const [namespaces, services, slices] = [
      store.list('namespaces'),
      store.list('services'),
      store.list('endpointslices'),
    ];
    tell(zoneOf(namespaces, services, slices, hostsIn(store)));
  };
  store.listen((change) => {
    if (isDue || !matters(change)) return;
    isDue = true;
    // Before any packet of whoever was told of the change.
    setImmediate(tellAll);
  });
  tellAll();
}

function matters({ resource, type, object }: Change): boolean {
  switch (resource) {
    case 'services':
    case 'endpointslices':
      return true;
    case 'namespaces':
      return type !== 'MODIFIED';
    case 'pods':
      // It keeps its name and its address as long as it is there.
      return type !== 'MODIFIED' && outsideNameOf(object.metadata) !== undefined;
    default:
      return false;
  }
}

function hostsIn(store: Store): readonly NamedHost[] {
  return store.list('pods').flatMap(({ metadata }) => {
    const [name, addresses = []] = [outsideNameOf(metadata), outsideAddressesOf(metadata)];
    return name === undefined ? [] : addresses.map((address) => ({ name, address }));
  });
}
