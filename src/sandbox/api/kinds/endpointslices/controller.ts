/** Keeps the EndpointSlices of every Service that has a selector. */
import { isDeepStrictEqual } from 'node:util';
import { selectorMatches } from '../../../selectors.ts';
import type { Change, Store } from '../../store.ts';
import type { Pod } from '../pods/object.ts';
import { isHeadless, type Service } from '../services/object.ts';
import { isSameEndpoint, type SliceContent, slicesOf } from './endpoints.ts';
import { type EndpointSlice, MANAGED_BY, SERVICE_NAME } from './object.ts';

const CONTROLLER = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';

/** @returns a function that ends it */
export function runEndpointSlices(store: Store): () => void {
  return store.listen((change) => {
    for (const service of servicesConcerned(store, change)) reconcile(store, service);
  });
}

/** The Services whose endpoints may be others after a change. One that is gone is among them. */
function servicesConcerned(store: Store, { resource, type, object, before }: Change): Service[] {
  switch (resource) {
    case 'services':
      return [object as Service]; // a change of Services carries a Service
    case 'pods': {
      const [now, then] = [type === 'DELETED' ? undefined : (object as Pod), before as Pod | undefined];
      if (isSameEndpoint(now, then)) return [];
      return store
        .list('services', object.metadata.namespace)
        .filter((service) => [now, then].some((pod) => pod !== undefined && selects(service, pod)));
    }
    case 'endpointslices': {
      // Whoever changes what the controller keeps, or takes it away, finds it as it was.
      const { namespace, labels = {} } = (before ?? object).metadata;
      const name = labels[SERVICE_NAME] ?? '';
      const service = labels[MANAGED_BY] === CONTROLLER ? store.get('services', namespace, name) : undefined;
      return service === undefined ? [] : [service];
    }
    default:
      return [];
  }
}

function selects({ spec }: Service, { metadata }: Pod): boolean {
  const { selector, type } = spec;
  return (
    type !== 'ExternalName' &&
    selector !== undefined &&
    Object.keys(selector).length > 0 &&
    selectorMatches({ matchLabels: selector }, metadata.labels ?? {})
  );
}

function reconcile(store: Store, { metadata: { namespace, name } }: Service): void {
  const service = store.get('services', namespace, name);
  const wanted = service === undefined ? [] : wantedSlices(store, service);
  const kept = new Map(
    store
      .list('endpointslices', namespace)
      .filter(
        ({ metadata: { labels } }) => labels?.[SERVICE_NAME] === name && labels[MANAGED_BY] === CONTROLLER,
      )
      .map((slice) => [slice.metadata.name, slice]),
  );
  for (const slice of wanted) put(store, slice);
  for (const slice of wanted) kept.delete(slice.metadata.name);
  for (const gone of kept.keys()) store.remove('endpointslices', namespace, gone);
}

function wantedSlices(store: Store, service: Service): EndpointSlice[] {
  const { selector, type } = service.spec;
  // Without a selector the slices are the user's. A Service that is being deleted may wait for its slices to go.
  const isLeaving = service.metadata.deletionTimestamp !== undefined;
  if (type === 'ExternalName' || selector === undefined || isLeaving) return [];
  const pods = store.list('pods', service.metadata.namespace).filter((pod) => selects(service, pod));
  return slicesOf(service, pods).map((content) => sliceOf(service, content));
}

/** What somebody else has under the name stays: only what the controller keeps is its own. */
function put(store: Store, slice: EndpointSlice): void {
  const { namespace, name, labels, ownerReferences } = slice.metadata;
  const found = store.get('endpointslices', namespace, name);
  if (found === undefined) store.create('endpointslices', slice);
  else if (found.metadata.labels?.[MANAGED_BY] === CONTROLLER && !isAsWanted(found, slice))
    store.update('endpointslices', namespace, name, ({ metadata }) => ({
      ...slice,
      metadata: { ...metadata, ...(labels && { labels }), ...(ownerReferences && { ownerReferences }) },
    }));
}

function isAsWanted(found: EndpointSlice, wanted: EndpointSlice): boolean {
  const contentOf = ({ metadata: { labels, ownerReferences }, ports, endpoints }: EndpointSlice): unknown => [
    labels,
    ownerReferences,
    ports,
    endpoints,
  ];
  return isDeepStrictEqual(contentOf(found), contentOf(wanted));
}

function sliceOf({ metadata, spec }: Service, content: SliceContent): EndpointSlice {
  const { suffix, addressType, ports, endpoints } = content;
  const { name, namespace, uid = '' } = metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${suffix}`,
      ...(namespace === undefined ? {} : { namespace }),
      generateName: `${name}-`,
      labels: {
        ...metadata.labels,
        [MANAGED_BY]: CONTROLLER,
        [SERVICE_NAME]: name,
        ...(isHeadless(spec) ? { [HEADLESS]: '' } : {}),
      },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    addressType,
    ports,
    endpoints,
  };
}
