/** Listens on the ports of the pod, and for the kubelet. */
import dgram from 'node:dgram';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import type { AgentConfig } from '../agent-config.ts';
import { codeOf } from './dial.ts';
import { type Memory, NONCES_KEPT, remember } from './memory.ts';
import { type AgentIdentity, HOLD_PREFIX, LONGEST_MESSAGE, REQUEST_PREFIX, replyTo } from './messages.ts';
import { nodeClockMs } from './time.ts';

/** So many visits of the kubelet are remembered: two minutes of them. */
const VISITS_KEPT = 120;

/** Pending handshakes per listener: a burst of probes must not overflow it, or the kernel drops a SYN and a second is lost. */
const BACKLOG = 4096;

/** How long the listener waits for a client that says nothing. */
const IDLE_CLIENT_MS = 10_000;
/** The same for one that holds its connection: it has given up long before. */
const IDLE_HOLDER_MS = 60_000;
/** So many connections are held at most: file descriptors are few. */
const HELD_AT_ONCE = 1024;

export function answerConnection(socket: net.Socket, self: AgentIdentity, memory: Memory): void {
  let text = '';
  let isHeld = false;
  socket.setTimeout(IDLE_CLIENT_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    if (isHeld) return;
    text += chunk.toString('latin1');
    if (text.includes('\n') || text.length > LONGEST_MESSAGE) {
      const reply = replyTo(text, self);
      isHeld = text.startsWith(HOLD_PREFIX);
      if (reply === undefined) {
        socket.destroy();
      } else if (isHeld) {
        hold(socket, text, reply, memory);
      } else {
        socket.end(reply, 'latin1');
      }
    }
  });
}

/** Answers the same request as often as it comes. */
function hold(socket: net.Socket, request: string, reply: string, memory: Memory): void {
  if (memory.held >= HELD_AT_ONCE) {
    socket.destroy();
    return;
  }
  memory.held += 1;
  socket.setTimeout(IDLE_HOLDER_MS);
  socket.on('close', () => {
    memory.held -= 1;
  });
  socket.write(reply, 'latin1');
  let received = 0;
  socket.on('data', (chunk) => {
    received += chunk.length;
    const requests = Math.floor(received / request.length);
    received -= requests * request.length;
    if (requests > 0) socket.write(reply.repeat(requests), 'latin1');
  });
}

export function listenTcp(port: number, ipv6: boolean, answer: (socket: net.Socket) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ noDelay: true }, answer);
    server.on('error', reject); // after the start, what fails is one connection, and its client tells it
    server.listen({ port, host: ipv6 ? '::' : '0.0.0.0', ipv6Only: ipv6, backlog: BACKLOG }, resolve);
  });
}

/**
 * Answers every datagram from the address that it came to: a pod has one of each family. A node may have several, of which the kernel
 * would choose: there each has a socket of its own.
 */
export async function listenUdp(
  port: number,
  ipv6: boolean,
  self: AgentIdentity & Pick<AgentConfig, 'hostNetwork'>,
  memory: Memory,
): Promise<void> {
  const own = self.hostNetwork === true ? ownAddresses(ipv6) : [ipv6 ? '::' : '0.0.0.0'];
  await Promise.all(own.map((address) => listenUdpAt(address, port, ipv6, self, memory)));
}

/** Without those that mean something on one link alone. */
function ownAddresses(ipv6: boolean): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  const ofFamily = all.filter(
    ({ family, scopeid = 0 }) => family === (ipv6 ? 'IPv6' : 'IPv4') && scopeid === 0,
  );
  return [...new Set(ofFamily.map(({ address }) => address))];
}

function listenUdpAt(
  address: string,
  port: number,
  ipv6: boolean,
  self: AgentIdentity,
  { nonces }: Memory,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6 });
    socket.on('error', reject); // after the start, what fails is one datagram, and its sender tells it
    socket.on('message', (message, sender) => {
      const text = message.toString('latin1');
      const reply = replyTo(text, self);
      if (reply !== undefined && text.startsWith(REQUEST_PREFIX)) {
        remember(nonces, text.slice(REQUEST_PREFIX.length, -1), NONCES_KEPT);
        socket.send(reply, sender.port, sender.address, () => {});
      }
    });
    socket.bind(port, address, resolve);
  });
}

/**
 * Answers the kubelet's readiness probe, an HTTP request a second, and notes when it came: it proves that the pod's link works in both
 * directions, and no policy may stop it (D18). What comes from inside the pod proves nothing about its link; one on the network of its
 * node has none, and the kubelet is inside.
 */
export function answerVisit(
  socket: net.Socket,
  { hostNetwork }: Pick<AgentConfig, 'hostNetwork'>,
  { visits, watches }: Memory,
): void {
  let text = '';
  socket.setTimeout(IDLE_CLIENT_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    if (!text.includes('\r\n\r\n') && text.length <= LONGEST_MESSAGE) {
      return;
    }
    const isOfKubelet = hostNetwork === true || socket.remoteAddress !== socket.localAddress;
    if (isOfKubelet && text.startsWith('GET ')) {
      const nowMs = nodeClockMs();
      visits.push(nowMs);
      watches.visit(nowMs);
      visits.splice(0, visits.length - VISITS_KEPT);
    }
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
}

/** Listens on IPv4, and on IPv6 where the machine has it: two sockets, so that neither depends on how the other is set up. */
export async function listenOn(what: string, start: (ipv6: boolean) => Promise<void>): Promise<void> {
  try {
    await start(false);
    await start(true).catch((error) => {
      if (!['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(codeOf(error))) {
        throw error;
      }
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^(listen|bind) /, '') : String(error);
    throw new Error(`cannot listen on ${what}: ${reason}`);
  }
}
