/** Which endpoints a connection to a Service may get, as kube-proxy chooses them. */
import { type EndpointSlice, SERVICE_NAME, type SliceEndpoint } from '../api/kinds/endpointslices/object.ts';
import type { ServicePort } from '../api/kinds/services/object.ts';
import type { IPFamily } from '../ip-family.ts';

export interface ServiceEndpoint {
  readonly address: string;
  readonly port: number;
  /** Undefined outside of the nodes. */
  readonly node: string | undefined;
  readonly isReady: boolean;
  /** It is leaving, and answers still. */
  readonly isLeaving: boolean;
}

/** @returns the slices of each Service, by {@link serviceKey} */
export function slicesByService(slices: readonly EndpointSlice[]): ReadonlyMap<string, EndpointSlice[]> {
  return Map.groupBy(slices, ({ metadata: { namespace, labels } }) =>
    serviceKey({ namespace, name: labels?.[SERVICE_NAME] ?? '' }),
  );
}

export function serviceKey({
  namespace = '',
  name,
}: {
  namespace?: string | undefined;
  name: string;
}): string {
  return `${namespace}/${name}`;
}

/** All that the slices of a Service tell about one of its ports in a family, each once. */
export function endpointsOf(
  { name = '', protocol = 'TCP' }: ServicePort,
  family: IPFamily,
  slices: readonly EndpointSlice[],
): ServiceEndpoint[] {
  const found = new Map<string, ServiceEndpoint>();
  for (const { addressType, ports = [], endpoints = [] } of slices) {
    const port = ports.find((one) => (one.name ?? '') === name && (one.protocol ?? 'TCP') === protocol)?.port;
    if (addressType !== family || !isPort(port)) continue;
    for (const endpoint of endpoints) {
      const [address] = endpoint.addresses;
      if (address !== undefined) found.set(`${address}:${port}`, { address, port, ...stateOf(endpoint) });
    }
  }
  return [...found.values()];
}

/** Slices may have any number, which API servers do not look at, or none for all ports: there is nothing to translate to. */
function isPort(port: number | undefined): port is number {
  return port !== undefined && port >= 1 && port <= 65_535;
}

/** What is not told counts as ready. */
function stateOf({ conditions = {}, nodeName }: SliceEndpoint): Omit<ServiceEndpoint, 'address' | 'port'> {
  const { ready = true, serving = ready, terminating = false } = conditions;
  return { node: nodeName, isReady: ready, isLeaving: serving && terminating };
}

/**
 * Those that are ready; where none is, those that are leaving and still answer.
 * @param node only endpoints on this node
 */
export function reachableFrom(
  endpoints: readonly ServiceEndpoint[],
  node?: string,
): readonly ServiceEndpoint[] {
  const near = node === undefined ? endpoints : endpoints.filter((endpoint) => endpoint.node === node);
  const ready = near.filter(({ isReady }) => isReady);
  return ready.length > 0 ? ready : near.filter(({ isLeaving }) => isLeaving);
}
