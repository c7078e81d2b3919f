/**
 * Hosts outside the cluster. Where they are simulated, each is an agent at its address, in a pod or in a container (`host-containers.ts`), which
 * is asked and may be a source as a pod's is.
 * Elsewhere it is the real one, which only answers by opening the connection.
 */
import type { Cluster, OutsideAnnotations } from '../cluster/cluster.ts';
import { PodreachError } from '../errors.ts';
import type { KubeObject } from '../kube/kube.ts';
import type { Check } from '../model/check.ts';
import { addressesAt, isHost } from '../model/endpoint.ts';
import { describeConnection } from '../pair.ts';
import { parseAddress, parseCidr, placeAddress } from '../policy/addresses.ts';
import type { SimulatedHost } from '../probe/manifest.ts';
import type { ScenarioDraft } from '../record/draft.ts';
import type { Plan, PlannedHost } from '../scenario/scenario.ts';
import { hostKey } from '../scenario/select.ts';
import type { Owning } from './context.ts';
import type { RealHosts } from './dial.ts';
import type { RunningPods, Wanted } from './provision.ts';

/** How hosts come to be on a cluster. */
type HostSupply = Pick<Cluster, 'outside'>;

/**
 * Addresses and names of simulated hosts: no two scenarios can have the same at once. A real host is there for all of them.
 */
export function placesTaken(plan: Pick<Plan, 'hosts'>, { outside }: HostSupply): readonly string[] {
  return outside === undefined ? [] : placesOf(plan);
}

/** Addresses and names of hosts, whether or not they are simulated. */
export function placesOf({ hosts = [] }: Pick<Plan, 'hosts'>): readonly string[] {
  return hosts.flatMap(({ place }) => {
    const addresses = addressesAt(place);
    return place.kind === 'name' && addresses.length > 0 ? [...addresses, place.name] : addresses;
  });
}

/**
 * The pods that are to be created for the hosts of a scenario; none where they are real, or containers.
 * @param number of the scenario within its run, which names the namespace of their agents
 */
export function agentsFor(
  { hosts = [] }: Pick<Plan, 'hosts'>,
  number: number,
  { outside }: HostSupply,
  { runId }: Owning,
): Pick<Wanted, 'namespaces' | 'pods'> {
  if (hosts.length === 0 || outside?.kind !== 'pods') return { namespaces: [], pods: [] };
  const namespace = hostsNamespace(runId, number);
  return {
    namespaces: [{ name: namespace, labels: {} }],
    pods: hosts.map((host) => ({
      namespace,
      name: host.name,
      labels: {},
      ports: host.ports,
      host: simulated(host, outside),
    })),
  };
}

/** What the agents of hosts are known by within a run. */
export function hostsNamespace(runId: string, number: number): string {
  return `podreach-hosts-${runId}-${number}`;
}

function simulated(host: PlannedHost, annotations: OutsideAnnotations): SimulatedHost {
  const { place } = host;
  const at = { key: hostKey(host), annotations: { [annotations.address]: addressesAt(place).join(',') } };
  return place.kind === 'address'
    ? at
    : { ...at, dnsName: place.name, annotations: { ...at.annotations, [annotations.name]: place.name } };
}

/** Those that a scenario meets as they are. */
export function realHostsOf({ hosts = [] }: Pick<Plan, 'hosts'>, { outside }: HostSupply): RealHosts {
  return outside === undefined ? new Map(hosts.map((host) => [hostKey(host), host.place])) : new Map();
}

/** Notes which agents stand for hosts. */
export function noteAgents(hosts: ScenarioDraft['hosts'], running: RunningPods): void {
  for (const host of hosts ?? []) {
    const agent = running.get(hostKey(host));
    if (agent !== undefined && agent.container === undefined)
      host.agent = { namespace: agent.namespace, pod: agent.name };
  }
}

/** Refuses what a cluster cannot show of hosts. @throws PodreachError `not-supported` with the place */
export function refuseHosts(plans: readonly Plan[], { outside }: HostSupply): void {
  for (const plan of plans) {
    if (plan.hosts === undefined) continue;
    if (outside === undefined) refuseOfReal(plan);
    else refuseNames(plan);
    if (outside?.kind === 'containers') refuseDirect(plan);
  }
}

/** A simulated host is where its address is: to its name alone nothing leads. */
function refuseNames({ hosts = [] }: Plan): void {
  const named = hosts.find(({ place }) => place.addresses === undefined);
  if (named === undefined) return;
  throw new PodreachError(
    'not-supported',
    `${hostKey(named)} has a name and no address: on this cluster hosts are simulated, at their addresses`,
    {
      hint: 'Give it an "address" beside the name, to which the name then leads, or run it on a real cluster.',
      location: named.location,
    },
  );
}

/** No route leads from a container beside the nodes to the addresses of pods. */
function refuseDirect({ steps }: Plan): void {
  const direct = steps
    .flatMap((step) => step.checks)
    .find(({ from, path }) => isHost(from) && path !== 'nodePort');
  if (direct === undefined) return;
  throw new PodreachError(
    'not-supported',
    `${describeConnection(direct)}: hosts of a kind cluster reach its pods by ports of nodes alone`,
    {
      hint: 'Let a Service of type NodePort lead to the pods and name it with "via: nodePort", or run it on the sandbox.',
      location: direct.declared,
    },
  );
}

/** Nothing of podreach runs on a real host: it starts no connections, and of a datagram it does not tell whether it came. */
function refuseOfReal({ steps }: Plan): void {
  const checks = steps.flatMap((step) => step.checks);
  const source = checks.find(({ from }) => isHost(from));
  if (source !== undefined)
    throw new PodreachError(
      'not-supported',
      `${describeConnection(source)}: ${source.from} is the real host on this cluster, and podreach starts no connections there`,
      {
        hint: 'Run it on the sandbox, where hosts are simulated, or leave out rules that start at hosts.',
        location: source.declared,
      },
    );
  const lasting = checks.find(
    ({ to, held, firstInstant }) => isHost(to) && (held ?? firstInstant) !== undefined,
  );
  if (lasting !== undefined) throw refuseLasting(lasting);
  const datagram = checks.find(({ to, protocol }) => isHost(to) && protocol === 'UDP');
  if (datagram !== undefined)
    throw new PodreachError(
      'not-supported',
      `${describeConnection(datagram)}: ${datagram.to} is the real host on this cluster, and nothing proves that it has got a datagram`,
      {
        hint: 'Name its TCP ports, or run it on the sandbox, where hosts are simulated.',
        location: datagram.declared,
      },
    );
}

/** What takes a probe at the other end all the time. */
function refuseLasting({ held, declared, ...check }: Check): PodreachError {
  const [word, why] =
    held === undefined
      ? ['firstInstant', 'tell at each moment whether they listen']
      : ['held', 'send heartbeats back'];
  return new PodreachError(
    'not-supported',
    `${describeConnection(check)}: ${check.to} is the real host on this cluster, and only podreach's own probes ${why}`,
    {
      hint: `Run it on the sandbox, where hosts are simulated, or write a rule of its own for hosts, without "${word}".`,
      location: declared,
    },
  );
}

/**
 * Refuses hosts whose address something inside the cluster has: what answers there is no host, and policies see something else.
 * @throws PodreachError `not-supported` with the place
 */
export function refuseInside(plans: readonly Plan[], nodes: readonly KubeObject[]): void {
  for (const host of plans.flatMap(({ hosts = [] }) => hosts)) {
    for (const address of addressesAt(host.place)) {
      const owner = nodes.flatMap((node) => ownerIn(node, address) ?? [])[0];
      if (owner === undefined) continue;
      throw new PodreachError('not-supported', `${hostKey(host)} is at ${address}, and that is ${owner}`, {
        hint: 'A host is outside the cluster: give it an address that is, or declare a pod.',
        location: host.location,
      });
    }
  }
}

/** As much of a Node as is read; every field may be missing. */
interface NodeAddresses {
  readonly spec?: { readonly podCIDR?: string; readonly podCIDRs?: readonly string[] };
  readonly status?: { readonly addresses?: readonly { readonly address?: string }[] };
}

/** What of a node an address belongs to, in words. */
function ownerIn({ metadata, ...node }: KubeObject, address: string): string | undefined {
  const { spec = {}, status = {} } = node as NodeAddresses;
  if (status.addresses?.some((one) => one.address === address)) return `the node ${metadata.name}`;
  const ranges = spec.podCIDRs ?? (spec.podCIDR === undefined ? [] : [spec.podCIDR]);
  const range = ranges.find((text) => isIn(address, text));
  return range && `in ${range}, where the pods of ${metadata.name} are`;
}

function isIn(address: string, range: string): boolean {
  const all = parseCidr(range);
  const one = parseAddress(address);
  return (
    one !== undefined && all !== undefined && placeAddress(one, { cidr: all, except: [] }).kind === 'inside'
  );
}
