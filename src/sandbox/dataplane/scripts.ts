/**
 * The shell scripts that build the sandbox's network, as text. One script does the work for many pods, because starting a
 * program costs more than what `ip` does in it.
 *
 * Pods and nodes are attached in the same way, which is Calico's: the outer side has a route to the one address behind the
 * link, the inner side sends everything to 169.254.1.1 or fe80::1, and neighbours are entered by hand, so that no connection ever
 * waits for ARP or neighbour discovery and no table of neighbours overflows. For the same reason there are no link-local addresses of
 * IPv6, and no address is looked for twice (`nodad`).
 */
import type { ToolPaths } from '../host.ts';
import { familyOf, type IPFamily } from '../ip-family.ts';
import { FABRIC_ADDRESSES, familiesOf, type NodePlan } from './addresses.ts';

/** The outer and the inner side of every link. */
const OUTER_MAC = 'ee:ee:ee:ee:ee:ee';
const INNER_MAC = '02:00:00:00:00:01';
const NEXT_HOPS: Readonly<Record<IPFamily, string>> = { IPv4: '169.254.1.1', IPv6: 'fe80::1' };
const EVERYWHERE: Readonly<Record<IPFamily, string>> = { IPv4: '0.0.0.0/0', IPv6: '::/0' };

/** A pod's place in the network. */
export interface PodLink {
  /** The name of the network namespace and of the outer side of the link; unique in the life of the sandbox. */
  readonly link: string;
  /** One of each family, or of one of them. */
  readonly addresses: readonly string[];
}

/**
 * Makes the fabric and the nodes. Runs in the supervisor's network namespace, which is the fabric, and in the mount
 * namespace that holds the files of the network namespaces.
 * @param rules what each node starts with, for `nft -f`
 * @param groupId who may send ICMP echo requests
 */
export function fabricScript(
  tools: ToolPaths,
  nodes: readonly NodePlan[],
  rules: string,
  groupId: number,
): string {
  const families = familiesOf(nodes);
  const fabric = ipBatch(tools, [
    'link set lo up',
    ...families.map((family) => addAddress(FABRIC_ADDRESSES[family], 'lo')),
    ...nodes.flatMap((node) => [
      `netns add ${node.name}`,
      ...addLink(linkOf(node)),
      ...connectLink(linkOf(node)),
      ...node.networks.map(
        ({ podCidr, address }) => `route add ${podCidr} via ${address} dev ${node.name} onlink`,
      ),
    ]),
  ]);
  const firewall = `${tools.nft} -f - <<'NFT'\n${rules}NFT\n`;
  const configureNodes = nodes.map(
    (node) =>
      `${inNamespace(tools, node.name)} ${tools.sh} -e <<'NODE'\n${routerSettings(families)}${podSettings(groupId)}${ipBatch(tools, configureNode(node))}${firewall}${FORGET_ENDED_CONNECTIONS}NODE\n`,
  );
  return `set -e\n${routerSettings(families)}${fabric}${configureNodes.join('')}`;
}

/**
 * Makes network namespaces with an `eth0` for pods. Runs in the network namespace of their node, where the outer sides of
 * the links stay down: no packet passes yet.
 * @param groupId who may send ICMP echo requests
 */
export function attachScript(tools: ToolPaths, pods: readonly PodLink[], groupId: number): string {
  const links = ipBatch(
    tools,
    pods.flatMap((pod) => [`netns add ${pod.link}`, ...addLink(pod)]),
  );
  const configure = pods.map(
    (pod) =>
      `${inNamespace(tools, pod.link)} ${tools.sh} -e <<'POD'\n${podSettings(groupId)}exec ${ipBatch(tools, configureLink(pod.addresses))}POD\n`,
  );
  return `set -e\n${links}${configure.join('')}`;
}

/** Lets packets pass to and from pods. Runs in the network namespace of their node. */
export function connectScript(tools: ToolPaths, pods: readonly PodLink[]): string {
  return ipBatch(tools, pods.flatMap(connectLink));
}

/**
 * Lets go of pods' network namespaces. With the last process in it a namespace ends, and its link with it; the kernel
 * does that by itself a little later, and much faster than one by one.
 */
export function detachScript(tools: ToolPaths, pods: readonly PodLink[]): string {
  // -force: the rest is let go even where one never came to be.
  return `${tools.ip} -force -batch - <<'IP' 2>/dev/null || :\n${pods.map(({ link }) => `netns delete ${link}\n`).join('')}IP\n`;
}

/** What a node's connection tracking remembers, shortened: probes leave thousands of ended connections behind. */
const FORGET_ENDED_CONNECTIONS = [
  ['time_wait', 1],
  ['close', 1],
  ['syn_sent', 5],
]
  .map(([state, seconds]) => setting(`netfilter/nf_conntrack_tcp_timeout_${state}`, String(seconds)))
  .join('');

function linkOf({ name, networks }: NodePlan): PodLink {
  return { link: name, addresses: networks.map(({ address }) => address) };
}

function addLink({ link }: PodLink): string[] {
  return [
    `link add ${link} address ${OUTER_MAC} type veth peer name eth0 address ${INNER_MAC} netns ${link}`,
  ];
}

function connectLink({ link, addresses }: PodLink): string[] {
  return [
    `link set ${link} up`,
    ...addresses.flatMap((address) => [
      `route replace ${address} dev ${link} scope link`,
      `neighbour replace ${address} lladdr ${INNER_MAC} dev ${link} nud permanent`,
    ]),
  ];
}

function configureLink(addresses: readonly string[]): string[] {
  return [
    'link set lo up',
    ...addresses.map((address) => addAddress(address, 'eth0')),
    'link set eth0 up',
    ...addresses
      .map(familyOf)
      .flatMap((family) => [
        `route add ${NEXT_HOPS[family]} dev eth0 scope link`,
        `route add ${EVERYWHERE[family]} via ${NEXT_HOPS[family]} dev eth0`,
        `neighbour add ${NEXT_HOPS[family]} lladdr ${OUTER_MAC} dev eth0 nud permanent`,
      ]),
  ];
}

function addAddress(address: string, device: string): string {
  return `address add ${address}${familyOf(address) === 'IPv4' ? '/32' : '/128'} dev ${device}${familyOf(address) === 'IPv6' ? ' nodad' : ''}`;
}

/** What goes to a pod address that no pod has must not travel back and forth between node and fabric. */
function configureNode(node: NodePlan): string[] {
  return [
    ...configureLink(linkOf(node).addresses),
    ...node.networks.map(({ podCidr }) => `route add unreachable ${podCidr}`),
  ];
}

function inNamespace(tools: ToolPaths, name: string): string {
  return `${tools.nsenter} --net=/var/run/netns/${name}`;
}

function ipBatch(tools: ToolPaths, commands: readonly string[]): string {
  return `${tools.ip} -batch - <<'IP'\n${commands.join('\n')}\nIP\n`;
}

/** Not every kernel has every setting: one that is missing is passed over. */
function setting(name: string, value: string): string {
  return `{ echo '${value}' > /proc/sys/net/${name}; } 2>/dev/null || :\n`;
}

/**
 * ICMP errors for everybody at any rate: a probe tells them from silence. IPv6 also where new links have none, and no address of it but
 * those that a link is given.
 */
const COMMON_SETTINGS = [
  setting('ipv4/icmp_ratemask', '0'),
  setting('ipv6/icmp/ratemask', ''),
  setting('ipv6/conf/all/disable_ipv6', '0'),
  setting('ipv6/conf/default/addr_gen_mode', '1'),
].join('');

function routerSettings(families: readonly IPFamily[]): string {
  const switches = { IPv4: 'ipv4/ip_forward', IPv6: 'ipv6/conf/all/forwarding' };
  return `${COMMON_SETTINGS}${families.map((family) => `echo 1 > /proc/sys/net/${switches[family]}\n`).join('')}`;
}

function podSettings(groupId: number): string {
  return [
    COMMON_SETTINGS,
    setting('ipv6/conf/eth0/addr_gen_mode', '1'),
    setting('ipv4/ip_unprivileged_port_start', '0'),
    setting('ipv4/ping_group_range', `${groupId} ${groupId}`),
  ].join('');
}
