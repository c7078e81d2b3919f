/** The ends of flows as policies see them, looked up in a world. */
import { objectKey } from '../keys.ts';
import { NAMESPACE_NAME_LABEL } from '../labels.ts';
import type { Family } from '../model/family.ts';
import type { Labels } from '../model/labels.ts';
import { API_SERVER, serviceKey } from '../model/service.ts';
import { type Address, parseAddress } from './addresses.ts';
import {
  type Destination,
  destinationOf,
  type PodPort,
  type PolicyHost,
  type PolicyNode,
  type PolicyPod,
  type ThroughExisting,
  type World,
} from './model.ts';

/** A pod that policies see as one. */
export interface PodParty {
  readonly kind: 'pod';
  /** `namespace/name` */
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly namespaceLabels: Labels;
  readonly ports: readonly PodPort[];
  readonly hostNetwork: boolean;
  readonly node: string | undefined;
  readonly address: Located;
  /** Its place among the pods of the world; negative: it is none of them. */
  readonly index: number;
  /** The place of its group, all pods of one namespace with the same labels: selectors cannot tell them apart. */
  readonly group: number;
}

/** A node, or a host-network pod that counts as its node (I5). */
export interface NodeParty {
  readonly kind: 'node';
  /** As a reader knows it: `node worker-1`, or `namespace/name` of a host-network pod. */
  readonly name: string;
  readonly hostNetworkPod: boolean;
  readonly node: string | undefined;
  readonly address: Located;
}

export interface OutsideParty {
  readonly kind: 'outside';
  readonly name: string;
  readonly address: Located;
}

/** What is behind a Service that is there already, before a cluster has said it. */
export interface UnknownParty {
  readonly kind: 'unknown';
  /** The key of the Service. */
  readonly name: string;
  readonly mayBePod: boolean;
  readonly address: Located;
}

export type Party = PodParty | NodeParty | OutsideParty | UnknownParty;

/** An address, or that it is not known; then its family may be known all the same. */
export type Located =
  | { readonly known: true; readonly text: string; readonly address: Address }
  | { readonly known: false; readonly family?: Family };

/** An end that was looked up. A host-network pod can be taken as a pod or as its node (I5). */
export type FoundEnd =
  | { readonly kind: 'certain'; readonly party: Party }
  | { readonly kind: 'host-network'; readonly asPod: PodParty; readonly asNode: NodeParty };

/** Who is in a world, whatever its policies are. */
type Inhabitants = Omit<World, 'policies'>;

/** Where pods are, by `namespace/name`: what is known only when they run. */
export type Places = ReadonlyMap<string, Pick<PolicyPod, 'address' | 'node'>>;

/** The pods, namespaces and nodes of a world, arranged for looking them up. */
export class Parties {
  /** All pods, each as a pod, in the order of the world. */
  readonly pods: readonly PodParty[];
  /** One pod of each group. */
  readonly groups: readonly PodParty[];
  /** The labels of every namespace that is declared or has a pod (D9). */
  readonly namespaces: ReadonlyMap<string, Labels>;
  /** See `World`. */
  readonly family: Family | undefined;
  readonly #world: Inhabitants;
  readonly #pods: ReadonlyMap<string, PodParty>;
  readonly #nodes: ReadonlyMap<string, FoundEnd>;
  readonly #hosts: ReadonlyMap<string, FoundEnd>;

  constructor(world: Inhabitants) {
    const { pods, namespaces = [], nodes = [], hosts = [], family } = world;
    this.#world = world;
    this.family = family;
    this.namespaces = new Map([
      ...pods.map(({ namespace }) => [namespace, { [NAMESPACE_NAME_LABEL]: namespace }] as const),
      ...namespaces.map(({ name, labels }) => [name, { ...labels, [NAMESPACE_NAME_LABEL]: name }] as const),
    ]);
    const nodeAddresses = new Map(nodes.map(({ name, address }) => [name, address]));
    const groups = new Map<string, number>();
    this.pods = pods.map((pod, index): PodParty => {
      const { namespace, labels, ports, node, hostNetwork = false } = pod;
      const signature = JSON.stringify([namespace, Object.entries(labels).toSorted()]);
      const group = groups.get(signature) ?? groups.size;
      groups.set(signature, group);
      // A pod on the host's network has the address of its node.
      const address = locate(
        pod.address ?? (hostNetwork ? nodeAddresses.get(node ?? '') : undefined),
        family,
      );
      return {
        kind: 'pod',
        name: objectKey(pod),
        namespace,
        labels,
        namespaceLabels: this.namespaces.get(namespace) ?? {},
        ports,
        hostNetwork,
        node,
        address,
        index,
        group,
      };
    });
    this.groups = [...groups.values()].flatMap((group) => this.pods.find((pod) => pod.group === group) ?? []);
    this.#pods = new Map(this.pods.map((party) => [party.name, party]));
    this.#nodes = new Map(
      nodes.map((node) => [node.name, { kind: 'certain', party: nodeParty(node, family) }]),
    );
    this.#hosts = new Map(
      hosts.map((host) => [host.key, { kind: 'certain', party: hostParty(host, family) }]),
    );
  }

  /** The same pods, in the same groups, now that it is known where they are. */
  placed(places: Places): Parties {
    const pods = this.#world.pods.map((pod) => ({ ...pod, ...places.get(objectKey(pod)) }));
    return new Parties({ ...this.#world, pods });
  }

  /**
   * Looks up an end of a flow.
   *
   * @throws RangeError for a pod, node or host that the world does not have, and for an address that is none
   */
  find(end: Destination): FoundEnd {
    switch (end.kind) {
      case 'pod':
      case 'service':
        return takePod(this.findPod(end.pod));
      case 'node':
        return this.#nodes.get(end.node) ?? fail(`there is no node ${end.node}`);
      case 'host':
        return this.#hosts.get(end.host) ?? fail(`there is no ${end.host}`);
      case 'existing-service':
        return findEndpoint(end);
      case 'address': {
        const address = locate(end.address);
        if (!address.known) fail(`${end.address} is not an address`);
        return { kind: 'certain', party: { kind: 'outside', name: end.address, address } };
      }
    }
  }

  /**
   * Looks up an end by its key, a pod taken as a pod.
   *
   * @throws RangeError as {@link find}
   */
  findEnd(key: string): Party {
    const found = this.find(destinationOf(key));
    return found.kind === 'certain' ? found.party : found.asPod;
  }

  /**
   * Looks up a pod, taken as a pod.
   *
   * @throws RangeError for a pod that the world does not have
   */
  findPod(key: string): PodParty {
    return this.#pods.get(key) ?? fail(`there is no pod ${key}`);
  }
}

/** The address that a text stands for. @param family of it, where that is known */
export function locate(text: string | undefined, family?: Family): Located {
  const address = text === undefined ? undefined : parseAddress(text);
  if (text !== undefined && address !== undefined) return { known: true, text, address };
  return family === undefined ? { known: false } : { known: false, family };
}

function takePod(party: PodParty): FoundEnd {
  const { name, hostNetwork, node, address } = party;
  if (!hostNetwork) return { kind: 'certain', party };
  return {
    kind: 'host-network',
    asPod: party,
    asNode: { kind: 'node', name, hostNetworkPod: true, node, address },
  };
}

function nodeParty({ name, address }: PolicyNode, family: Family | undefined): NodeParty {
  return {
    kind: 'node',
    name: `node ${name}`,
    hostNetworkPod: false,
    node: name,
    address: locate(address, family),
  };
}

function hostParty({ key, address }: PolicyHost, family: Family | undefined): OutsideParty {
  return { kind: 'outside', name: key, address: locate(address, family) };
}

/** What answers at the address of a node is a process on its network: policies see it as they see a pod there (I5, I8), whether it is one. */
function findEndpoint({ service, endpoint }: ThroughExisting): FoundEnd {
  if (endpoint === undefined) {
    const mayBePod = service !== serviceKey(API_SERVER);
    return {
      kind: 'certain',
      party: { kind: 'unknown', name: service, mayBePod, address: { known: false } },
    };
  }
  const { node, pod } = endpoint;
  const name = `${endpoint.address}, behind ${service}`;
  const address = locate(endpoint.address);
  if (pod !== undefined) {
    const own = { ...pod, name, hostNetwork: node !== undefined, node, address };
    return takePod({ kind: 'pod', ...own, index: -1, group: -1 });
  }
  const party: Party =
    node === undefined
      ? { kind: 'outside', name, address }
      : { kind: 'node', name, hostNetworkPod: true, node, address };
  return { kind: 'certain', party };
}

function fail(message: string): never {
  throw new RangeError(message);
}
