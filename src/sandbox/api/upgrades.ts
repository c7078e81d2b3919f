/** Requests that ask to leave HTTP, and the subresources that take them. */
import type { Api } from './api.ts';
import { ALL_KINDS } from './kinds/kinds.ts';
import type { Upgrade, UpgradeEndpoint } from './kinds/subresource.ts';
import type { Route } from './route.ts';
import { badRequest } from './status.ts';

export interface Upgrades {
  /** @throws StatusError for everything that can be answered before the connection is another one */
  upgrade(route: Route, query: URLSearchParams, upgrade: Upgrade): void;
  /** Ends all connections. */
  close(): void;
}

export function createUpgrades(api: Api): Upgrades {
  const endpoints = new Map<string, UpgradeEndpoint>();
  for (const { resource, subresources } of ALL_KINDS) {
    for (const { name, createEndpoint } of subresources) {
      if (createEndpoint !== undefined) endpoints.set(`${resource}/${name}`, createEndpoint(api));
    }
  }
  return {
    upgrade(route, query, upgrade) {
      const endpoint =
        route.kind === 'object' ? endpoints.get(`${route.of.resource}/${route.subresource}`) : undefined;
      if (route.kind !== 'object' || endpoint === undefined) {
        throw badRequest(`the sandbox upgrades connections for ${[...endpoints.keys()].join(', ')} only`);
      }
      endpoint.upgrade({ namespace: route.namespace ?? '', name: route.name }, query, upgrade);
    },
    close() {
      for (const endpoint of endpoints.values()) endpoint.close();
    },
  };
}
