/** One fresh socket, and what it shows. */
import dgram from 'node:dgram';
import net from 'node:net';
import type { Outcome } from '../../model/attempt.ts';
import type { Family } from '../../model/family.ts';
import type { Protocol } from '../../model/protocol.ts';
import { field } from './input.ts';
import { type AgentIdentity, type PeerReply, readReply } from './messages.ts';
import { UsedPorts } from './used-ports.ts';

export interface DialAddress {
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** Of a name: see `DialRequest`. */
  readonly family?: Family;
}

/** What a dial showed. */
export interface Sign {
  readonly outcome: Outcome;
  readonly detail?: string;
  /** Who answered, whenever an agent did. */
  readonly peer?: AgentIdentity;
}

/** The pods or hosts of a run of which one must answer. */
export interface ExpectedPeers {
  readonly runId: string;
  readonly pods: readonly string[];
}

/** Who must answer; undefined accepts any agent, `anybody` whoever opens the connection. */
export type Addressee = ExpectedPeers | 'anybody' | undefined;

/** Who must answer one that names a pod; whoever does, one that names none. */
export function addresseeOf({ pod }: { readonly pod?: string }, runId: string): Addressee {
  return pod === undefined ? 'anybody' : { runId, pods: [pod] };
}

/**
 * Which outcome a system error is. An `error` says nothing about the path: what the source's own system refuses to send, for want of
 * a route, an address or a right, has met no policy. Over IPv6 EACCES is how Linux tells a router's *administratively prohibited*.
 */
function outcomeOf(code: string, ip: string): Outcome {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'EHOSTUNREACH':
      return 'prohibited';
    case 'EACCES':
      return net.isIPv6(ip) ? 'prohibited' : 'error';
    case 'ETIMEDOUT':
      return 'timeout';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset';
    default:
      return 'error';
  }
}

export function codeOf(error: unknown): string {
  const code = field(error, 'code');
  return typeof code === 'string' ? code : String(error);
}

/** What a complete reply means for the one who asked. */
export function judgeReply(reply: Exclude<PeerReply, { kind: 'partial' }>, expected: Addressee): Sign {
  if (reply.kind === 'foreign') {
    return { outcome: 'wrong-peer', detail: reply.detail };
  }
  const peer = reply.identity;
  if (expected === undefined || expected === 'anybody') return { outcome: 'connected', peer };
  if (peer.runId !== expected.runId) {
    return { outcome: 'wrong-peer', detail: `${peer.pod} of run ${peer.runId}`, peer };
  }
  if (!expected.pods.includes(peer.pod)) {
    return { outcome: 'wrong-peer', detail: peer.pod, peer };
  }
  return { outcome: 'connected', peer };
}

/** What a dial tells while it is open. */
interface DialEvents {
  /** Something answered, or the system refused to send. */
  readonly onSign: (sign: Sign) => void;
  /** A handshake is through, or a datagram came that is no answer: whatever follows, the way is not blocked. */
  readonly onTrace: (sign: Sign) => void;
}

/** One fresh socket. */
export interface OpenDial {
  readonly close: () => void;
  /** Undefined where the system gave it none. */
  readonly localPort: () => number | undefined;
}

export type Dialler = (
  ip: string,
  port: number,
  nonce: string,
  expected: Addressee,
  events: DialEvents,
) => OpenDial;

export const dialTcp: Dialler = (ip, port, nonce, expected, { onSign, onTrace }) => {
  let connected = false;
  let text = '';
  const socket = net.connect({ host: ip, port, noDelay: true });
  socket.on('connect', () => {
    connected = true;
    if (expected === 'anybody') {
      onSign({ outcome: 'connected' });
      return;
    }
    onTrace({ outcome: 'reset', detail: 'connected, then no reply in time' });
    socket.write(`podreach ${nonce}\n`, 'latin1');
  });
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    const reply = readReply(text, nonce);
    if (reply.kind !== 'partial' && expected !== 'anybody') {
      onSign(judgeReply(reply, expected));
    }
  });
  socket.on('end', () => onSign({ outcome: 'reset', detail: 'closed before the reply' }));
  socket.on('error', (error) => {
    const code = codeOf(error);
    onSign({ outcome: connected ? 'reset' : outcomeOf(code, ip), detail: code });
  });
  return { close: () => void socket.destroy(), localPort: () => socket.localPort };
};

/** Of all dials of this process: they share the addresses of its pod. */
const usedPorts = new UsedPorts();
/** So many sockets a dial opens at most: where nine of ten ports were used lately, one dial in a thousand finds no other. */
const SOCKETS_OF_DIAL = 64;

/**
 * The socket is connected, so that ICMP errors reach it. Only a reply with the nonce is an answer. A socket whose port was used towards the same
 * destination lately is closed before it sends anything, and another one is opened.
 */
export const dialUdp: Dialler = (ip, port, nonce, expected, { onSign, onTrace }) => {
  let isOver = false;
  let socket: dgram.Socket | undefined;
  const close = (): void => {
    socket?.close();
    socket = undefined;
  };
  const fail = (error: Error | null): void => {
    if (error !== null && !isOver) {
      const code = codeOf(error);
      onSign({ outcome: outcomeOf(code, ip), detail: code });
    }
  };
  const open = (left: number): void => {
    if (isOver) return;
    const opened = dgram.createSocket(net.isIPv6(ip) ? 'udp6' : 'udp4');
    socket = opened;
    opened.on('error', fail);
    opened.on('message', (message) => {
      const reply = readReply(message.toString('latin1'), nonce);
      if (reply.kind === 'agent' && expected !== 'anybody') {
        onSign(judgeReply(reply, expected));
      } else {
        onTrace({ outcome: 'wrong-peer', detail: 'a reply without the nonce' });
      }
    });
    opened.on('connect', () => {
      if (isOver) return;
      if (usedPorts.take(opened.address().port, ip, port, performance.now())) {
        opened.send(`podreach ${nonce}\n`, fail);
        return;
      }
      close();
      if (left > 1) setImmediate(open, left - 1);
      else
        onSign({
          outcome: 'error',
          detail: 'every local port offered was used for this destination in the last 3 minutes',
        });
    });
    opened.connect(port, ip);
  };
  open(SOCKETS_OF_DIAL);
  return {
    close: () => {
      isOver = true;
      close();
    },
    localPort: () => undefined,
  };
};
