/**
 * Services in front of the pods of an arena, of both families and of one, some with ports on the nodes: each pod connects to them at their
 * addresses, and each pod and host at the ports of all nodes.
 */
import { addressIn, FAMILIES, type Family } from '../../src/model/family.ts';
import type { LeadingNode, NodePlaces } from '../../src/model/node-port.ts';
import {
  backendsOf,
  familiesOfService,
  type PlannedService,
  type ServiceBackend,
  serviceKey,
} from '../../src/model/service.ts';
import { describeTarget } from '../../src/pair.ts';
import type { Flow, World } from '../../src/policy/model.ts';
import { flowsOf } from '../../src/policy/through-service.ts';
import { connectionsFor } from '../../src/run/dial.ts';
import type { PlannedPod } from '../../src/scenario/scenario.ts';
import type { Declared } from '../../src/scenario/state.ts';
import type { Aim } from './aims.ts';
import { familiesInTurn } from './families.ts';

/** So many stand in front of each arena. */
const SERVICES = 3;
/** The first port of each: nobody listens on it. */
export const FIRST_PORT = 1000;

/** An arena whose pods have labels enough has all of them: both external traffic policies at the ports of nodes, and one family alone, now the one and now the other. */
function kindsOf(turn: number): readonly Partial<PlannedService>[] {
  const both = { type: 'NodePort', ipFamilyPolicy: 'RequireDualStack' } as const;
  const [, second] = familiesInTurn(turn);
  return [
    both,
    { ...both, externalTrafficPolicy: 'Local' },
    { ipFamilyPolicy: 'SingleStack', ipFamilies: [second] },
  ];
}

/** Services that go by the labels that pods have at first: steps change who stands behind them. @param turn of the families */
export function servicesBefore({ pods }: Declared, turn: number): readonly PlannedService[] {
  const kinds = kindsOf(turn);
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
      ...kinds[index % kinds.length],
    };
  });
}

/** The families in which each is dialled. */
export function dialledFamilies(
  services: readonly PlannedService[],
): readonly { readonly to: string; readonly family: Family }[] {
  return services.flatMap((service) =>
    (familiesOfService(service, FAMILIES) ?? []).map((family) => ({ to: serviceKey(service), family })),
  );
}

/** Services, and where they are. */
export interface ServiceGround {
  readonly services: readonly PlannedService[];
  /** By their keys. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  /** By what `describeTarget` calls the ports of the Services. */
  readonly nodePorts: ReadonlyMap<string, number>;
  readonly nodes: NodePlaces;
}

/**
 * @param from the key of a pod; of a host, which reaches the ports of nodes alone
 * @returns all ports of which some pod listens on the port that they lead to: nobody else answers, whatever policies say
 */
export function aimsAtServices(
  from: string,
  { services, addresses, nodePorts, nodes }: ServiceGround,
  { pods }: Pick<World, 'pods'>,
): readonly Aim[] {
  const planned = pods.map(asPlanned);
  const places = new Map(pods.map(({ namespace, name, node }) => [`${namespace}/${name}`, node]));
  return services.flatMap((service) =>
    service.ports.flatMap((port): readonly Aim[] => {
      const all = backendsOf(service, port, planned);
      const backends = all.filter((one) => listens(one, port.protocol, planned));
      if (backends.length === 0) return [];
      const to = serviceKey(service);
      const { port: number, protocol } = port;
      const door: Door = {
        ...{ from, to, port: number, protocol, all, backends },
        isLocal: service.externalTrafficPolicy === 'Local',
        nodePort: nodePorts.get(describeTarget({ to, port: number, protocol })),
      };
      return FAMILIES.flatMap((family) => {
        const host = addressIn(family, addresses.get(to) ?? []);
        if (host === undefined) return [];
        return [
          ...(places.has(from) ? [atAddress(door, family, host)] : []),
          ...atNodes(door, family, nodes, places),
        ];
      });
    }),
  );
}

/** One port of a Service, from one end. */
interface Door {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly all: readonly ServiceBackend[];
  /** Those that listen. */
  readonly backends: readonly ServiceBackend[];
  readonly isLocal: boolean;
  readonly nodePort: number | undefined;
}

function atAddress(door: Door, family: Family, host: string): Aim {
  const { from, to, port, protocol, all, backends } = door;
  return {
    family,
    request: {
      ...{ host, port, protocol },
      pods: backends.map(({ pod }) => pod),
      connections: connectionsFor(all.length),
    },
    flows: flowsOf({ from, to, port, protocol, backends }, { address: host }).map((flow) => ({
      flow,
      answerer: podOf(flow),
    })),
    way: { to, port, protocol, path: 'clusterIP', isOrdinary: all.length === backends.length },
  };
}

function atNodes(
  { from, to, port, protocol, all, backends, isLocal, nodePort }: Door,
  family: Family,
  nodes: NodePlaces,
  places: ReadonlyMap<string, string | undefined>,
): readonly Aim[] {
  if (nodePort === undefined) return [];
  const home = places.get(from);
  // With the policy Local a node leads to its own pods, and those to all.
  const led = (node: string, some: readonly ServiceBackend[]): readonly string[] =>
    some.map(({ pod }) => pod).filter((pod) => !isLocal || places.get(pod) === node || home === node);
  const leading = [...nodes].flatMap(([name, addresses]): readonly LeadingNode[] => {
    const address = addressIn(family, addresses);
    const pods = led(name, backends);
    return address === undefined || pods.length === 0 ? [] : [{ name, address, pods }];
  });
  const [first] = leading;
  if (first === undefined) return [];
  const most = Math.max(...leading.map(({ name }) => led(name, all).length));
  const pair = { from, to, port, protocol, backends, path: 'nodePort' as const };
  const flows = flowsOf(isLocal ? { ...pair, externalTrafficPolicy: 'Local' } : pair, {
    nodes: leading,
    nodePort,
  });
  return [
    {
      family,
      request: {
        ...{ host: first.address, port: nodePort, protocol },
        pods: backends.map(({ pod }) => pod),
        connections: leading.length * connectionsFor(most, leading.length),
        nodes: leading.map(({ address, pods }) => ({ address, pods })),
      },
      flows: flows.map((flow) => ({
        flow,
        answerer: podOf(flow),
        ...(flow.through?.address === undefined ? {} : { node: flow.through.address }),
      })),
      way: {
        ...{ to, port, protocol, path: 'nodePort' },
        // A scenario does not ask what a node does with its own pods.
        isOrdinary: all.length === backends.length && !(isLocal && leading.some(({ name }) => name === home)),
      },
    },
  ];
}

function podOf({ to }: Flow): string {
  return to.kind === 'pod' || to.kind === 'service' ? to.pod : '';
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
