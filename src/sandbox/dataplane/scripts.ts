/**
 * The shell scripts that build the sandbox's network, as text. One script does the work for many pods, because starting a
 * program costs more than what `ip` does in it.
 *
 * Pods and nodes are attached in the same way, which is Calico's: the outer side has a route to the one address behind the
 * link, the inner side sends everything to 169.254.1.1, and neighbours are entered by hand, so that no connection ever
 * waits for ARP and no table of neighbours overflows.
 */
import type { ToolPaths } from '../host.ts';
import { FABRIC_ADDRESS, type NodePlan } from './addresses.ts';

/** The outer side of every link. */
const OUTER_MAC = 'ee:ee:ee:ee:ee:ee';
const NEXT_HOP = '169.254.1.1';

/** A pod's place in the network. */
export interface PodLink {
  /** The name of the network namespace and of the outer side of the link; unique in the life of the sandbox. */
  readonly link: string;
  readonly address: string;
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
  const fabric = ipBatch(tools, [
    'link set lo up',
    `address add ${FABRIC_ADDRESS}/32 dev lo`,
    ...nodes.flatMap((node) => [
      `netns add ${node.name}`,
      ...addLink({ link: node.name, address: node.address }),
      ...connectLink({ link: node.name, address: node.address }),
      `route add ${node.podCidr} via ${node.address} dev ${node.name} onlink`,
    ]),
  ]);
  const firewall = `${tools.nft} -f - <<'NFT'\n${rules}NFT\n`;
  const configureNodes = nodes.map(
    (node) =>
      `${inNamespace(tools, node.name)} ${tools.sh} -e <<'NODE'\n${ROUTER_SETTINGS}${podSettings(groupId)}${ipBatch(tools, configureNode(node))}${firewall}${FORGET_ENDED_CONNECTIONS}NODE\n`,
  );
  return `set -e\n${ROUTER_SETTINGS}${fabric}${configureNodes.join('')}`;
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
      `${inNamespace(tools, pod.link)} ${tools.sh} -e <<'POD'\n${podSettings(groupId)}${ipBatch(tools, configureLink(pod.address))}POD\n`,
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

function addLink({ link, address }: PodLink): string[] {
  return [
    `link add ${link} address ${OUTER_MAC} type veth peer name eth0 address ${macOf(address)} netns ${link}`,
  ];
}

function connectLink({ link, address }: PodLink): string[] {
  return [
    `link set ${link} up`,
    `route replace ${address} dev ${link} scope link`,
    `neighbour replace ${address} lladdr ${macOf(address)} dev ${link} nud permanent`,
  ];
}

function configureLink(address: string): string[] {
  return [
    'link set lo up',
    `address add ${address}/32 dev eth0`,
    'link set eth0 up',
    `route add ${NEXT_HOP} dev eth0 scope link`,
    `route add default via ${NEXT_HOP} dev eth0`,
    `neighbour add ${NEXT_HOP} lladdr ${OUTER_MAC} dev eth0 nud permanent`,
  ];
}

/** What goes to a pod address that no pod has must not travel back and forth between node and fabric. */
function configureNode({ address, podCidr }: NodePlan): string[] {
  return [...configureLink(address), `route add unreachable ${podCidr}`];
}

/** A locally administered MAC address that tells the IPv4 address. */
function macOf(address: string): string {
  return ['02', '00', ...address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))].join(
    ':',
  );
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

/** No IPv6 on links made from here on, and ICMP errors for everybody at any rate: a probe tells them from silence. */
const COMMON_SETTINGS = setting('ipv6/conf/default/disable_ipv6', '1') + setting('ipv4/icmp_ratemask', '0');
const ROUTER_SETTINGS = `${COMMON_SETTINGS}echo 1 > /proc/sys/net/ipv4/ip_forward\n`;

function podSettings(groupId: number): string {
  return [
    COMMON_SETTINGS,
    setting('ipv6/conf/eth0/disable_ipv6', '1'),
    setting('ipv4/ip_unprivileged_port_start', '0'),
    setting('ipv4/ping_group_range', `${groupId} ${groupId}`),
  ].join('');
}
