/** Hosts that are containers beside the nodes: their networks stand as long as the run, and the containers as long as their scenario. */
import type { Cluster, HostNetworks } from '../cluster/cluster.ts';
import { addressesAt, isHost } from '../model/endpoint.ts';
import { agentProcess, freePort, isLowPort, VISIT_PORT } from '../probe/manifest.ts';
import { AGENT_SOCKET } from '../probe/protocol.ts';
import { agentSource } from '../probe/source.ts';
import type { ScenarioDraft } from '../record/draft.ts';
import type { Plan, PlannedHost } from '../scenario/scenario.ts';
import { hostKey } from '../scenario/select.ts';
import { allEnded } from './all-ended.ts';
import type { Bounded, Ending, Owning, Probing } from './context.ts';
import { hostsNamespace } from './hosts.ts';
import { OUTSIDE, type RunningPod, type RunningPods } from './provision.ts';

/** Exits with 0 once an agent takes batches. */
const IS_SERVING = [
  ...['node', '--input-type=commonjs', '-e'],
  "process.exit(require('node:fs').existsSync(process.argv[1]) ? 0 : 1)",
  AGENT_SOCKET,
];

type Supply = Pick<Cluster, 'outside'>;
type Hosting = Ending & Owning & Probing & Bounded<'readyWithinMs'>;

/**
 * Makes the networks for the hosts of all scenarios.
 * @param nodes those that take probe pods, by their names
 * @returns undefined where there are no hosts, or none that are containers
 * @throws PodreachError `provision-failed`
 */
export async function connectHosts(
  plans: readonly Plan[],
  { outside }: Supply,
  nodes: Iterable<string>,
  { runId, signal }: Ending & Owning,
): Promise<HostNetworks | undefined> {
  const addresses = plans.flatMap(({ hosts = [] }) => hosts.flatMap(({ place }) => addressesAt(place)));
  if (outside?.kind !== 'containers' || addresses.length === 0) return undefined;
  return await outside.connect({ runId, addresses, nodes: [...nodes], signal });
}

/** Whether hosts come to the cluster by ports of nodes alone: then the outposts that prove their way are reached so, too. */
export function comeByNodePorts(plans: readonly Plan[], { outside }: Supply): boolean {
  return (
    outside?.kind === 'containers' &&
    plans.some(({ steps }) => steps.some(({ checks }) => checks.some(({ from }) => isHost(from))))
  );
}

/**
 * Makes the containers for the hosts of a scenario, and notes them.
 * @param number of the scenario within its run
 * @throws as `HostNetworks.create`
 */
export async function createHosts(
  { hosts = [] }: Pick<Plan, 'hosts'>,
  drafts: ScenarioDraft['hosts'],
  number: number,
  networks: HostNetworks | undefined,
  context: Hosting,
): Promise<RunningPods> {
  if (networks === undefined) return new Map();
  for (const draft of drafts ?? []) {
    draft.agent = { container: containerName(draft.name, number, context) };
    // No name leads to it: it is dialled by its address.
    delete draft.dnsName;
  }
  const running = hosts.map((host) => createHost(host, number, networks, context));
  // One that is still on its way when the run cleans up would come after that, and stay.
  return new Map((await allEnded(running)).map((pod) => [pod.host ?? '', pod]));
}

async function createHost(
  host: PlannedHost,
  number: number,
  networks: HostNetworks,
  { runId, probe, timing, signal }: Hosting,
): Promise<RunningPod> {
  const key = hostKey(host);
  const container = containerName(host.name, number, { runId });
  const addresses = addressesAt(host.place);
  const ports = host.ports.map(({ port, protocol }) => ({ port, protocol }));
  const config = { runId, pod: key, visitPort: freePort(VISIT_PORT, [host]), ports };
  await networks.create(
    {
      name: container,
      addresses,
      image: probe.image,
      ...agentProcess(config, agentSource()),
      hasLowPorts: ports.some(({ port }) => isLowPort(port)),
      readyWhen: IS_SERVING,
      readyWithinMs: timing.readyWithinMs,
    },
    signal,
  );
  const [ip = '', ...otherIps] = addresses;
  return {
    namespace: hostsNamespace(runId, number),
    name: host.name,
    ip,
    ...(otherIps.length === 0 ? {} : { otherIps }),
    node: OUTSIDE,
    host: key,
    container,
    nodes: networks.nodesAround(addresses),
  };
}

function containerName(host: string, number: number, { runId }: Owning): string {
  return `podreach-host-${runId}-${number}-${host}`;
}

/** Takes the containers of a scenario away. @throws as `HostNetworks.remove` */
export async function removeHosts(
  { hosts = [] }: Pick<ScenarioDraft, 'hosts'>,
  networks: HostNetworks | undefined,
): Promise<void> {
  const containers = hosts.flatMap(({ agent }) =>
    agent !== undefined && 'container' in agent ? agent.container : [],
  );
  await networks?.remove(containers);
}
