/** What the kernel tells of the connections of this pod. */

import { readFileSync } from 'node:fs';
import net from 'node:net';
import type { AgentConfig } from '../agent-config.ts';

/**
 * How many segments of open connections this pod's network had to send again: packets get lost on its link. The first packets of
 * connections are not counted, because what a policy cuts off is sent again as well. None on the network of a node: the kernel counts there what
 * the kubelet and everybody else sent again, to wherever.
 */
export function retransmissions({ hostNetwork }: Pick<AgentConfig, 'hostNetwork'>): number {
  if (hostNetwork === true) return 0;
  const sent = counter('/proc/net/snmp', 'Tcp', 'RetransSegs');
  const first = counter('/proc/net/netstat', 'TcpExt', 'TCPSynRetrans');
  return sent === undefined || first === undefined ? 0 : Math.max(0, sent - first);
}

/** The state of a socket whose SYN has come and whose handshake is not through, as `/proc/net/tcp` writes it. */
const SYN_RECEIVED = '03';
/** More are not told: whoever floods a pod must not fill the memory of the one who tests it. */
const HALF_OPEN_TOLD = 10_000;
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * Connections that have arrived in this pod and hear no more from where they came from: policies decide about the first packet, and
 * that one is here. The kernel keeps each for as long as it answers it again, a minute by default.
 * @param address the pod's own
 * @returns `ADDRESS:PORT>PORT` for each; nothing where the kernel does not tell
 */
export function halfOpenConnections(address: string): readonly string[] {
  let table: string;
  try {
    table = readFileSync(net.isIPv6(address) ? '/proc/net/tcp6' : '/proc/net/tcp', 'utf8');
  } catch {
    return [];
  }
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === SYN_RECEIVED)
    .slice(0, HALF_OPEN_TOLD)
    .map(([, local = '', remote = '']) => {
      const [, port = ''] = local.split(':');
      const [from = '', localPort = ''] = remote.split(':');
      return `${addressOf(from)}:${Number.parseInt(localPort, 16)}>${Number.parseInt(port, 16)}`;
    });
}

/** The kernel writes an address as words of 32 bits in the machine's own order: `0100007F` is 127.0.0.1 on most. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => {
    const ordered = word.match(/../g) ?? [];
    return (IS_LITTLE_ENDIAN ? ordered.reverse() : ordered).map((byte) => Number.parseInt(byte, 16));
  });
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, group) =>
    (((bytes[2 * group] ?? 0) << 8) | (bytes[2 * group + 1] ?? 0)).toString(16),
  );
  return new net.SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

/** A counter of the kernel; undefined where it has no such thing, or does not tell. */
function counter(file: string, group: string, name: string): number | undefined {
  try {
    const [names, values] = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`${group}: `))
      .map((line) => line.split(' '));
    const value = values?.[names?.indexOf(name) ?? -1];
    return value === undefined ? undefined : Number(value);
  } catch {
    return undefined;
  }
}
