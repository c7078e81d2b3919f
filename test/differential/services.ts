/** Services in front of the pods of an arena: what the oracle predicts of each pod behind them against who answers. */

import { addressIn, FAMILIES, type Family } from '../../src/model/family.ts';
import { backendsOf, type PlannedService, type ServiceBackend, serviceKey } from '../../src/model/service.ts';
import type { PolicyVerdict } from '../../src/policy/match.ts';
import type { Flow, World } from '../../src/policy/model.ts';
import type { Oracle } from '../../src/policy/oracle.ts';
import { flowsOf } from '../../src/policy/through-service.ts';
import type { SpreadRequest } from '../../src/probe/protocol.ts';
import { connectionsFor } from '../../src/run/dial.ts';
import type { PlannedPod } from '../../src/scenario/scenario.ts';
import type { Declared } from '../../src/scenario/state.ts';

/** So many stand in front of each arena. */
const SERVICES = 3;
/** The port of the first of a Service. */
const FIRST_PORT = 1000;

/** Services that go by the labels that pods have at first: steps change who stands behind them. */
export function servicesBefore({ pods }: Declared): readonly PlannedService[] {
  const selectors = new Map(
    [...pods.values()].flatMap(({ namespace, labels }) =>
      Object.entries(labels).map(
        ([key, value]) => [`${namespace} ${key}=${value}`, { namespace, key, value }] as const,
      ),
    ),
  );
  return [...selectors.values()].slice(0, SERVICES).map(({ namespace, key, value }, index) => {
    const neighbours = [...pods.values()].filter((pod) => pod.namespace === namespace);
    const ports = new Map(
      neighbours.flatMap((pod) =>
        pod.ports.map(({ port, protocol }) => [`${port} ${protocol}`, { port, protocol }]),
      ),
    );
    return {
      namespace,
      name: `service-${index}`,
      selector: { [key]: value },
      ports: [...ports.values()].map(({ port, protocol }, place) => ({
        port: FIRST_PORT + place,
        protocol,
        targetPort: port,
      })),
    };
  });
}

/** One port of a Service, from one pod. */
export interface ServiceAim {
  readonly family: Family;
  readonly request: Omit<SpreadRequest, 'id'>;
  readonly flows: readonly { readonly flow: Flow; readonly pod: string; readonly predicted: PolicyVerdict }[];
}

/**
 * @param addresses of the Services, by their keys
 * @returns those of which some pod listens on the port that they lead to: nobody else answers, whatever policies say
 */
export function aimsFrom(
  from: string,
  services: readonly PlannedService[],
  addresses: ReadonlyMap<string, readonly string[]>,
  { pods }: Pick<World, 'pods'>,
  oracles: Readonly<Record<Family, Pick<Oracle, 'evaluate'>>>,
): readonly ServiceAim[] {
  const planned = pods.map(asPlanned);
  return services.flatMap((service) =>
    service.ports.flatMap((port): readonly ServiceAim[] => {
      const all = backendsOf(service, port, planned);
      const backends = all.filter((one) => listens(one, port.protocol, planned));
      if (backends.length === 0) return [];
      const pair = { from, to: serviceKey(service), port: port.port, protocol: port.protocol, backends };
      return FAMILIES.flatMap((family): readonly ServiceAim[] => {
        const host = addressIn(family, addresses.get(serviceKey(service)) ?? []);
        if (host === undefined) return [];
        return [
          {
            family,
            request: {
              host,
              port: port.port,
              protocol: port.protocol,
              pods: backends.map(({ pod }) => pod),
              connections: connectionsFor(all.length),
            },
            flows: flowsOf(pair, { address: host }).map((flow, index) => ({
              flow,
              pod: backends[index]?.pod ?? '',
              predicted: oracles[family].evaluate(flow).verdict,
            })),
          },
        ];
      });
    }),
  );
}

function asPlanned({ namespace, name, labels, ports }: World['pods'][number]): PlannedPod {
  return {
    namespace,
    name,
    labels,
    ports: ports.flatMap(({ protocol, ...port }) => (protocol === 'SCTP' ? [] : [{ ...port, protocol }])),
  };
}

function listens({ pod, port }: ServiceBackend, protocol: string, pods: readonly PlannedPod[]): boolean {
  return pods.some(
    ({ namespace, name, ports }) =>
      `${namespace}/${name}` === pod && ports.some((own) => own.port === port && own.protocol === protocol),
  );
}
