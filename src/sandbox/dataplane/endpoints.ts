/** Which endpoints a connection to a Service may get, as kube-proxy chooses them. */
import {
  type EndpointSlice,
  SERVICE_NAME,
  type Endpoint as SliceEndpoint,
} from '../api/kinds/endpointslices/object.ts';
import type { Service, ServicePort } from '../api/kinds/services/object.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** Undefined outside of the nodes. */
  readonly node: string | undefined;
  readonly isReady: boolean;
  /** It is leaving, and answers still. */
  readonly isLeaving: boolean;
}

/** All that the slices of a Service tell about one of its ports, each once. */
export function endpointsOf(
  { metadata }: Service,
  { name = '', protocol = 'TCP' }: ServicePort,
  slices: readonly EndpointSlice[],
): Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    const { namespace, labels = {} } = slice.metadata;
    if (namespace !== metadata.namespace || labels[SERVICE_NAME] !== metadata.name) continue;
    const port = slice.ports?.find(
      (one) => (one.name ?? '') === name && (one.protocol ?? 'TCP') === protocol,
    )?.port;
    // No port means all, which no Service can be translated to.
    if (slice.addressType !== 'IPv4' || port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const [address] = endpoint.addresses;
      if (address !== undefined) found.set(`${address}:${port}`, { address, port, ...stateOf(endpoint) });
    }
  }
  return [...found.values()];
}

/** What is not told counts as ready. */
function stateOf({ conditions = {}, nodeName }: SliceEndpoint): Omit<Endpoint, 'address' | 'port'> {
  const { ready = true, serving = ready, terminating = false } = conditions;
  return { node: nodeName, isReady: ready, isLeaving: serving && terminating };
}

/**
 * Those that are ready; where none is, those that are leaving and still answer.
 * @param node only endpoints on this node
 */
export function reachableFrom(endpoints: readonly Endpoint[], node?: string): readonly Endpoint[] {
  const near = node === undefined ? endpoints : endpoints.filter((endpoint) => endpoint.node === node);
  const ready = near.filter(({ isReady }) => isReady);
  return ready.length > 0 ? ready : near.filter(({ isLeaving }) => isLeaving);
}
