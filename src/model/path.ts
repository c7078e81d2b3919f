/** How a destination is addressed: a pod by its address, a host by its address or name, a Service by one of the ways to it. */

/**
 * `clusterIP`: by the address of the Service. `dns`: by its name, which the source resolves. `nodePort`: by the addresses of the nodes, on
 * the port that the Service has there.
 */
export const SERVICE_PATHS = ['clusterIP', 'dns', 'nodePort'] as const;
export type ServicePath = (typeof SERVICE_PATHS)[number];

export const CHECK_PATHS = ['podIP', 'host', ...SERVICE_PATHS] as const;
export type CheckPath = (typeof CHECK_PATHS)[number];
