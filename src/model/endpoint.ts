/** What can be an end of a connection, and its key: the text that names it in scenarios, and by which it is looked up. */

export type Endpoint =
  | { readonly kind: 'pod'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string }
  /** Outside the cluster. */
  | { readonly kind: 'host'; readonly name: string }
  /** Runs already, whoever made it. */
  | { readonly kind: 'workload'; readonly namespace: string; readonly name: string };

/** How the keys of endpoints begin that are no pods; a pod's begins with its namespace, which may not be called so. */
export const ENDPOINT_PREFIXES = [
  'service',
  'host',
  'workload',
] as const satisfies readonly Endpoint['kind'][];

/** Where a host is: at an address of each family that it has, or wherever its name leads. */
export type HostPlace =
  | { readonly kind: 'address'; readonly addresses: readonly [string, ...string[]] }
  /** In DNS, and the addresses to which it leads, where these are known. */
  | { readonly kind: 'name'; readonly name: string; readonly addresses?: readonly [string, ...string[]] };

/** As far as they are known. */
export function addressesAt({ addresses }: Pick<HostPlace, 'addresses'>): readonly string[] {
  return addresses ?? [];
}

/** Whether a key names a pod. */
export function isPod(key: string): boolean {
  return !ENDPOINT_PREFIXES.some((prefix) => key.startsWith(`${prefix}/`));
}

/** Whether a key names a Service. */
export function isService(key: string): boolean {
  return key.startsWith('service/');
}

/** Whether a key names a host. */
export function isHost(key: string): boolean {
  return key.startsWith('host/');
}

/** `shop/web`, `service/shop/api`, `host/bank`, `workload/prod/db` */
export function endpointKey(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'pod':
      return `${endpoint.namespace}/${endpoint.name}`;
    case 'host':
      return `host/${endpoint.name}`;
    case 'service':
    case 'workload':
      return `${endpoint.kind}/${endpoint.namespace}/${endpoint.name}`;
  }
}

/** What a key names; undefined for a text that is none. */
export function parseEndpoint(key: string): Endpoint | undefined {
  const parts = key.split('/');
  if (parts.includes('')) return undefined;
  const kind = ENDPOINT_PREFIXES.find((prefix) => prefix === parts[0]) ?? 'pod';
  const names = kind === 'pod' ? parts : parts.slice(1);
  const [first, second, ...more] = names;
  if (first === undefined || more.length > 0) return undefined;
  if (kind === 'host') return second === undefined ? { kind, name: first } : undefined;
  return second === undefined ? undefined : { kind, namespace: first, name: second };
}
