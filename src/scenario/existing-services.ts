/** Services that are there already, as destinations: what can be said of them before a cluster has told their ports. */
import type { Family } from '../model/family.ts';
import { type ExistingService, serviceKey } from '../model/service.ts';
import { describePort } from '../pair.ts';
import type { PortSelection, Rule, Scenario, ServiceSelection } from './scenario.ts';
import type { Selected, SelectedEnd } from './selected.ts';
import { quote } from './suggest.ts';

/** Their keys. */
export type ExistingServices = ReadonlySet<string>;

/** What to write for the API server, which every cluster has, and no scenario by itself. */
export const DECLARE_API_SERVER =
  'It is there already: declare it under "services", as "default/kubernetes: existing".';

export function arrangeExisting(services: readonly ExistingService[]): ExistingServices {
  return new Set(services.map(serviceKey));
}

/**
 * The ports and the ways that a destination speaks of: each port by its number, since nothing else is known of it.
 * @param tried all of these families, as far as it has them: that is for a cluster to say; absent: its first
 */
export function selectExisting(
  { key, paths }: ServiceSelection,
  ports: readonly PortSelection[],
  tried: readonly Family[] | undefined,
): Selected<SelectedEnd> {
  const isThere = `${key} is there already`;
  if (ports.length === 0)
    return nothing(
      `${isThere}, and its ports are known only on a cluster`,
      `Write one of them, such as ${quote(`${key}:443`)}.`,
    );
  const numbered = ports.flatMap((port) => (port.kind === 'number' ? [port] : []));
  const [named] = ports.flatMap((port) => (port.kind === 'name' ? [port] : []));
  if (named !== undefined)
    return nothing(
      `${isThere}, and the names of its ports are known only on a cluster: ${quote(named.name)}`,
      `Write the number of the port, such as ${quote(`${key}:443`)}.`,
    );
  const datagrams = numbered.find(({ protocol }) => protocol === 'UDP');
  if (datagrams !== undefined)
    return nothing(
      `${isThere}, and nothing proves that a datagram came to it`,
      `Name one of its TCP ports in place of ${datagrams.port}/UDP.`,
    );
  if (typeof paths !== 'string' && paths.includes('nodePort'))
    return nothing(
      `${isThere}, and which ports it has on the nodes is known only on a cluster: nothing goes there via nodePort`,
      'Leave the way out, or write "via: clusterIP" or "via: dns".',
    );
  return {
    kind: 'found',
    found: [
      {
        key,
        ports: numbered.map(({ port, protocol }) => ({ port, protocol })),
        paths: typeof paths !== 'string' ? paths : paths === 'every' ? ['clusterIP', 'dns'] : ['clusterIP'],
        ...(tried === undefined ? {} : { families: tried }),
      },
    ],
  };
}

/** All of them with the ports that rules name, at any time, whatever else they may have. */
export function existingEnds(scenario: Scenario, existing: ExistingServices): readonly SelectedEnd[] {
  const rules: readonly Rule[] = [scenario, ...scenario.steps].flatMap((one) => one.rules);
  const destinations = rules.flatMap(({ to }) => to.map(({ value }) => value));
  return [...existing].flatMap((key) => {
    const selected = destinations.flatMap(({ end, ports }) =>
      end.kind === 'service' && end.key === key
        ? [selectExisting({ ...end, paths: 'every' }, ports, scenario.families?.value)]
        : [],
    );
    const found = selected.flatMap((one) => (one.kind === 'found' ? one.found : []));
    const ports = new Map(
      found.flatMap((end) => end.ports.map((port) => [describePort(port), port] as const)),
    );
    const inOrder = [...ports.values()].toSorted((one, other) => one.port - other.port);
    return found.slice(0, 1).map((end) => ({ ...end, ports: inOrder }));
  });
}

function nothing(message: string, hint: string): Selected<never> {
  return { kind: 'nothing', message, hint };
}
