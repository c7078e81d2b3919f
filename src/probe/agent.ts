/**
 * The probe agent: the one file that runs in every probe pod, on any Node.js from 18 on, with nothing beside it. So it imports
 * nothing but Node.js's own modules and types. Two ways to start it:
 *
 *   serve                                          listen on the pod's ports and answer with the pod's identity; try batches
 *   connect HOST PORT [TCP|UDP] [--timeout MS]     one attempt, told in one line, for people
 *
 * On the wire, the client sends `podreach NONCE\n` and the server answers `podreach NONCE RUN NAMESPACE/POD\n`. `docs/probe.md`
 * says what each outcome means and why.
 */
import dgram from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import type { Outcome } from '../model/attempt.ts';
import type { Protocol } from '../model/protocol.ts';
import type { AgentConfig, AgentLine, Batch, TurnRequest } from './protocol.ts';

/** How many attempts are open side by side; more wait for their turn. Keeps within the file descriptors of a container. */
const ATTEMPTS_AT_ONCE = 512;
/** When an attempt dials, as parts of its time: one lost packet is neither a block nor a failure. */
const DIALS_AT = [0, 0.4, 0.8] as const;
/** How often a connection that is to turn is tried, and how long that may take: it goes no further than the next pod of the same node. */
const TURN_EVERY_MS = 50;
const TURN_TIMEOUT_MS = 250;
/** So many visits of the kubelet are remembered: two minutes of them. */
const VISITS_KEPT = 120;
/**
 * For how long dials are open in all, so that late answers to them are heard. Before the kernel sends a SYN again, after a second: the
 * answer to that would say what is so then.
 */
const LATE_MS = { TCP: 900, UDP: 3_500 } as const;
/** So many dials of ended attempts are open at most: file descriptors are few. */
const LATE_DIALS = 600;
/** So many nonces of attempts that were answered late are remembered: each answer tells all of them. */
const LATE_KEPT = 10_000;
/** So many nonces of datagrams that have arrived are remembered. */
const NONCES_KEPT = 100_000;
/** Pending handshakes per listener: a burst of probes must not overflow it, or the kernel drops a SYN and a second is lost. */
const BACKLOG = 4096;
/** No message of the protocol is longer: names of namespaces and pods are bounded by the API. */
const LONGEST_MESSAGE = 1024;
/** How long the listener waits for a client that says nothing. */
const IDLE_CLIENT_MS = 10_000;

/** Anything that the caller did wrong: told on standard error, exit code 2. */
class InputError extends Error {}

// --- Messages -------------------------------------------------------------------------------------------------------

interface AgentIdentity {
  readonly runId: string;
  readonly pod: string;
}

type PeerReply =
  | { readonly kind: 'partial' }
  | { readonly kind: 'agent'; readonly identity: AgentIdentity }
  | { readonly kind: 'foreign'; readonly detail: string };

const REQUEST_PREFIX = 'podreach ';

/** Unlike any other, not secret: loading `node:crypto` for it would be a tenth of the time that a probe takes to start. */
function newNonce(): string {
  return Math.random().toString(16).slice(2, 18).padEnd(16, '0');
}

/** The answer to a request, or undefined for anything that is not one. */
function replyTo(request: string, self: AgentIdentity): string | undefined {
  const nonce = /^podreach ([0-9a-f]{16})\n$/.exec(request)?.[1];
  return nonce === undefined ? undefined : `podreach ${nonce} ${self.runId} ${self.pod}\n`;
}

/** Reads as much of a reply as has come; whatever cannot become one any more is foreign at once. */
function readReply(text: string, nonce: string): PeerReply {
  const prefix = `podreach ${nonce} `;
  if (!text.startsWith(prefix)) {
    return prefix.startsWith(text)
      ? { kind: 'partial' }
      : { kind: 'foreign', detail: 'not a podreach agent' };
  }
  const end = text.indexOf('\n');
  if (end === -1 && text.length < LONGEST_MESSAGE) {
    return { kind: 'partial' };
  }
  const [runId, pod, ...rest] = text.slice(prefix.length, Math.max(end, 0)).split(' ');
  return runId && pod && rest.length === 0
    ? { kind: 'agent', identity: { runId, pod } }
    : { kind: 'foreign', detail: 'not a podreach agent' };
}

// --- Attempts -------------------------------------------------------------------------------------------------------

interface DialAddress {
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
}

/** What a dial showed. */
interface Sign {
  readonly outcome: Outcome;
  readonly detail?: string;
  /** Who answered, whenever an agent did. */
  readonly peer?: AgentIdentity;
}

interface AttemptResult extends Sign {
  readonly durationMs: number;
  readonly dials: number;
  /**
   * How many dials had not been answered when a later one was. A process that is slow answers datagrams late, but in their order: one
   * that was passed over is lost, or its answer.
   */
  readonly lost: number;
  /** From the beginning of the attempt to its last dial. */
  readonly lastDialMs: number;
  /** What its dials carried, where no answer came back: they may have arrived all the same. */
  readonly nonce?: string;
  /** Of connections, where they came from. */
  readonly localPorts?: readonly number[];
}

/** Who must answer; undefined accepts any agent. */
type Addressee = AgentIdentity | undefined;

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

function codeOf(error: unknown): string {
  const code = field(error, 'code');
  return typeof code === 'string' ? code : String(error);
}

/**
 * Calls `decide` after `ms`, and not before every socket event that was already waiting by then has been handled: where the
 * process was held up, the timer is late too, and the answer may long be there. The check phase comes after the poll phase.
 * @returns a function that takes the call back
 */
function after(ms: number, decide: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    immediate = setImmediate(decide);
  }, ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}

/** What a complete reply means for the one who asked. */
function judgeReply(reply: Exclude<PeerReply, { kind: 'partial' }>, expected: Addressee): Sign {
  if (reply.kind === 'foreign') {
    return { outcome: 'wrong-peer', detail: reply.detail };
  }
  const peer = reply.identity;
  if (expected !== undefined && peer.runId !== expected.runId) {
    return { outcome: 'wrong-peer', detail: `${peer.pod} of run ${peer.runId}`, peer };
  }
  if (expected !== undefined && peer.pod !== expected.pod) {
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
interface OpenDial {
  readonly close: () => void;
  /** Undefined where the system gave it none. */
  readonly localPort: () => number | undefined;
}

type Dialler = (ip: string, port: number, nonce: string, expected: Addressee, events: DialEvents) => OpenDial;

const dialTcp: Dialler = (ip, port, nonce, expected, { onSign, onTrace }) => {
  let connected = false;
  let text = '';
  const socket = net.connect({ host: ip, port, noDelay: true });
  socket.on('connect', () => {
    connected = true;
    onTrace({ outcome: 'reset', detail: 'connected, then no reply in time' });
    socket.write(`podreach ${nonce}\n`);
  });
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    const reply = readReply(text, nonce);
    if (reply.kind !== 'partial') {
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

/** The socket is connected, so that ICMP errors reach it. Only a reply with the nonce is an answer. */
const dialUdp: Dialler = (ip, port, nonce, expected, { onSign, onTrace }) => {
  const socket = dgram.createSocket(net.isIPv6(ip) ? 'udp6' : 'udp4');
  let isOpen = true;
  const fail = (error: Error | null): void => {
    if (error !== null && isOpen) {
      const code = codeOf(error);
      onSign({ outcome: outcomeOf(code, ip), detail: code });
    }
  };
  socket.on('error', fail);
  socket.on('message', (message) => {
    const reply = readReply(message.toString('latin1'), nonce);
    if (reply.kind === 'agent') {
      onSign(judgeReply(reply, expected));
    } else {
      onTrace({ outcome: 'wrong-peer', detail: 'a reply without the nonce' });
    }
  });
  socket.on('connect', () => socket.send(`podreach ${nonce}\n`, fail));
  socket.connect(port, ip);
  const close = (): void => {
    if (isOpen) {
      isOpen = false;
      socket.close();
    }
  };
  return { close, localPort: () => undefined };
};

/** Dials of attempts that have ended without an answer, open for a while: what is answered late was not blocked, it was slow. */
class LateAnswers {
  /** Of the attempts that were answered after their end, the oldest first. */
  readonly nonces = new Set<string>();
  readonly #open = new Set<() => void>();

  note(nonce: string): void {
    remember(this.nonces, nonce, LATE_KEPT);
  }

  /** @param close called after `ms`, or sooner where too many are open */
  await(close: () => void, ms: number): void {
    this.#open.add(close);
    setTimeout(() => this.#close(close), ms).unref();
    for (const oldest of this.#open) {
      if (this.#open.size <= LATE_DIALS) {
        break;
      }
      this.#close(oldest);
    }
  }

  end(): void {
    for (const close of this.#open) {
      this.#close(close);
    }
  }

  #close(close: () => void): void {
    if (this.#open.delete(close)) {
      close();
    }
  }
}

/**
 * One attempt at an address: up to three dials, each from a fresh port, staggered within `timeoutMs`, until a handshake is through. The
 * first answer ends it. A dial that the source's own system refused to make proves nothing about the others, and without an answer makes the attempt an `error`.
 *
 * A handshake that is through has `timeoutMs` again for its reply: the port is reachable, so no silence after it may count as a block.
 *
 * @param late keeps the dials of an attempt that nobody answered, and takes down whether somebody does yet
 */
function dialRepeatedly(
  dial: Dialler,
  address: DialAddress,
  ip: string,
  timeoutMs: number,
  expected: Addressee,
  late: LateAnswers | undefined,
): Promise<AttemptResult> {
  return new Promise((resolve) => {
    const nonce = newNonce();
    const begun = performance.now();
    const dialled: (OpenDial & { readonly afterMs: number })[] = [];
    const timers: (() => void)[] = [];
    let dials = 0;
    let lost = 0;
    let isAnswered = false;
    let lastDialMs = 0;
    let refusal: Sign | undefined;
    let refusals = 0;
    let trace: Sign | undefined;
    let isOver = false;

    const closeAll = (): void => {
      for (const { close } of dialled) {
        close();
      }
    };
    const settle = (sign: Sign): void => {
      if (isOver) {
        return;
      }
      isOver = true;
      const localPorts = dialled.flatMap(({ localPort }) => localPort() ?? []);
      for (const cancel of timers) {
        cancel();
      }
      if (sign.outcome === 'timeout' && late !== undefined) {
        const endMs = begun + LATE_MS[address.protocol] - performance.now();
        for (const { close, afterMs } of dialled) {
          late.await(close, Math.max(0, endMs + afterMs));
        }
      } else {
        closeAll();
      }
      // Also where a later dial was refused: an earlier one may have been heard.
      const mayHaveArrived = sign.outcome !== 'connected' && sign.outcome !== 'wrong-peer';
      resolve({
        ...sign,
        durationMs: performance.now() - begun,
        dials,
        lost,
        lastDialMs,
        ...(mayHaveArrived ? { nonce, localPorts } : {}),
      });
    };
    const onLate = ({ outcome }: Sign): void => {
      if (outcome === 'connected' || outcome === 'reset' || outcome === 'wrong-peer') {
        late?.note(nonce);
        closeAll();
      }
    };
    /** @param earlier how many dials had been made before the one that tells */
    const onSign = (sign: Sign, earlier: number): void => {
      if (sign.outcome !== 'error') {
        noteAnswer(earlier);
        if (address.protocol === 'UDP' && earlier > 0) {
          // The answer to an earlier one may wait beside it, where this process was held up.
          setImmediate(settle, sign);
        } else {
          settle(sign);
        }
        return;
      }
      refusal = sign;
      refusals += 1;
      if (refusals === DIALS_AT.length) {
        settle(sign);
      }
    };
    const giveUp = (): void => {
      if (trace?.outcome === 'reset') {
        timers.push(after(timeoutMs, () => settle(trace ?? { outcome: 'reset' })));
      } else {
        settle(trace ?? refusal ?? { outcome: 'timeout' });
      }
    };
    const noteAnswer = (earlier: number): void => {
      lost = isAnswered ? Math.min(lost, earlier) : earlier;
      isAnswered = true;
    };
    const onTrace = (sign: Sign, earlier: number): void => {
      trace ??= sign;
      noteAnswer(earlier);
      // Through is through: what follows gets lost no more than TCP mends by itself.
      for (const cancel of sign.outcome === 'reset' ? furtherDials : []) {
        cancel();
      }
    };
    const dialOnce = (): void => {
      const earlier = dials;
      const events = {
        onTrace: (sign: Sign) => (isOver ? onLate(sign) : onTrace(sign, earlier)),
        onSign: (sign: Sign) => (isOver ? onLate(sign) : onSign(sign, earlier)),
      };
      dials += 1;
      lastDialMs = performance.now() - begun;
      try {
        dialled.push({ ...dial(ip, address.port, nonce, expected, events), afterMs: lastDialMs });
      } catch (error) {
        onSign({ outcome: 'error', detail: codeOf(error) }, earlier);
      }
    };

    dialOnce();
    const furtherDials = DIALS_AT.slice(1).map((part) => after(part * timeoutMs, dialOnce));
    timers.push(...furtherDials, after(timeoutMs, giveUp));
  });
}

/** The names that a name may stand for, in the order of resolv.conf(5). */
function searchNames(name: string, resolvConf: string): readonly string[] {
  const words = (keyword: string): string[] =>
    resolvConf
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([first]) => first === keyword)
      .at(-1)
      ?.slice(1) ?? [];
  const ndots = Number(
    /^ndots:(\d+)$/.exec(words('options').find((option) => option.startsWith('ndots:')) ?? '')?.[1] ?? 1,
  );
  if (name.endsWith('.')) {
    return [name];
  }
  const searched = words('search')
    .filter((domain) => domain !== '.')
    .map((domain) => `${name}.${domain}`);
  return name.split('.').length > ndots ? [name, ...searched] : [...searched, name];
}

/**
 * Asks the DNS for an address, IPv4 first. Not by `dns.lookup`: its few threads make names wait for each other, cannot be
 * called off, and keep the process from exiting for as long as a silent name server makes them wait.
 * @throws what the resolver says when there is no address within `timeoutMs`
 */
async function resolveName(name: string, timeoutMs: number): Promise<string> {
  const resolver = new Resolver({ timeout: Math.max(1, Math.ceil(timeoutMs / 3)), tries: 2 });
  const cancelTimer = after(timeoutMs, () => resolver.cancel());
  try {
    let failure: unknown = new Error('no name to ask for');
    for (const candidate of searchNames(name, readFileSync('/etc/resolv.conf', 'utf8'))) {
      for (const ask of [() => resolver.resolve4(candidate), () => resolver.resolve6(candidate)]) {
        try {
          const [address] = await ask();
          if (address !== undefined) {
            return address;
          }
        } catch (error) {
          failure = error;
          if (!['ENOTFOUND', 'ENODATA', 'ESERVFAIL'].includes(codeOf(error))) {
            throw error;
          }
        }
      }
    }
    throw failure;
  } finally {
    cancelTimer();
  }
}

/**
 * One attempt. Never rejects: whatever goes wrong is the outcome.
 * @param late takes down what answers after its end; absent: nobody wants to know
 */
async function attempt(
  address: DialAddress,
  timeoutMs: number,
  expected: Addressee,
  late?: LateAnswers,
): Promise<AttemptResult> {
  const begun = performance.now();
  let ip = address.host;
  if (net.isIP(ip) === 0) {
    try {
      ip = await resolveName(address.host, timeoutMs);
    } catch (error) {
      const code = codeOf(error);
      return {
        outcome: 'dns-failure',
        detail: code === 'ECANCELLED' ? 'ETIMEOUT' : code,
        durationMs: performance.now() - begun,
        dials: 1,
        lost: 0,
        lastDialMs: 0,
      };
    }
  }
  const dial = address.protocol === 'TCP' ? dialTcp : dialUdp;
  return await dialRepeatedly(dial, address, ip, timeoutMs, expected, late);
}

// --- Batches --------------------------------------------------------------------------------------------------------

interface DialJob {
  readonly address: DialAddress;
  readonly timeoutMs?: number | undefined;
  /** Whether it matters what answers after its end. */
  readonly mayBeLate: boolean;
  readonly expected: Addressee;
  /** The line that tells the finding of an attempt which began `startedMs` after the batch arrived. */
  readonly report: (finding: AttemptResult, startedMs: number) => AgentLine;
}

function jobsOf(batch: Batch, self: AgentIdentity): readonly DialJob[] {
  const listeners = batch.listeners.map(
    (address): DialJob => ({
      address,
      mayBeLate: false,
      expected: { runId: batch.runId, pod: self.pod },
      report: ({ outcome, detail }) => ({
        kind: 'listener',
        port: address.port,
        protocol: address.protocol,
        ...(outcome === 'connected'
          ? { alive: true }
          : { alive: false, detail: detail === undefined ? outcome : `${outcome}: ${detail}` }),
      }),
    }),
  );
  const targets = batch.targets.map(
    (target): DialJob => ({
      address: target,
      timeoutMs: target.timeoutMs,
      mayBeLate: true,
      expected: { runId: batch.runId, pod: target.pod },
      report: (
        { outcome, durationMs, dials, lost, lastDialMs, nonce, localPorts = [], detail },
        startedMs,
      ) => ({
        kind: 'attempt',
        id: target.id,
        outcome,
        startedMs: round(startedMs),
        durationMs: round(durationMs),
        ...(dials === 1 ? {} : { dials, lastDialMs: round(startedMs + lastDialMs) }),
        ...(lost === 0 ? {} : { lost }),
        ...(nonce === undefined ? {} : { nonce }),
        ...(localPorts.length === 0 ? {} : { localPorts }),
        ...(detail === undefined ? {} : { detail }),
      }),
    }),
  );
  return [...listeners, ...targets];
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** What happens in the pod whether or not anybody asks. */
interface Memory {
  /** Unlike any other agent's. */
  readonly agent: string;
  /** When the kubelet was here, in milliseconds on the node's clock. */
  readonly visits: number[];
  /** Of datagrams that have arrived, the oldest first. */
  readonly nonces: Set<string>;
  readonly late: LateAnswers;
}

/** The clock that all processes of a node share: it never goes back. */
function nodeClockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * How many segments of open connections this pod's network had to send again: packets get lost on its link. The first packets of
 * connections are not counted, because what a policy cuts off is sent again as well.
 */
function retransmissions(): number {
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
function halfOpenConnections(address: string): readonly string[] {
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

/** Works through a batch, and tells at its end what the pod has seen meanwhile. @param isWanted whether somebody still waits for it */
async function runBatch(
  batch: Batch,
  self: AgentIdentity,
  memory: Memory,
  isWanted: () => boolean,
): Promise<readonly AgentLine[]> {
  const clockMs = nodeClockMs();
  const arrived = performance.now();
  const held = new Promise<void>((resolve) => after(batch.holdMs, resolve));
  const [lines, turns] = await Promise.all([
    runJobs(batch, self, arrived, memory.late, isWanted),
    Promise.all(batch.turns.map((one) => awaitTurn(one, batch, arrived, isWanted))),
    held,
  ]);
  if (batch.endsDials) {
    memory.late.end();
  }
  return [
    ...lines,
    ...turns,
    {
      kind: 'end',
      agent: memory.agent,
      attempts: batch.targets.length,
      listeners: batch.listeners.length,
      clockMs: round(clockMs),
      elapsedMs: round(performance.now() - arrived),
      visitsMs: memory.visits.map((visit) => round(visit - clockMs)),
      retransmissions: retransmissions(),
      arrived: batch.asked.filter((nonce) => memory.nonces.has(nonce)),
      late: [...memory.late.nonces],
      halfOpen: batch.halfOpenAt === undefined ? [] : halfOpenConnections(batch.halfOpenAt),
    },
  ];
}

/** What is not finished at the batch's deadline is told as `error`: it could not be tried. */
async function runJobs(
  batch: Batch,
  self: AgentIdentity,
  arrived: number,
  late: LateAnswers,
  isWanted: () => boolean,
): Promise<readonly AgentLine[]> {
  const waiting = [...jobsOf(batch, self)];
  const open = new Map<DialJob, number>();
  const lines: AgentLine[] = [];
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined && isWanted(); job = waiting.shift()) {
      const startedMs = performance.now() - arrived;
      open.set(job, startedMs);
      const { address, expected, timeoutMs = batch.timeoutMs, mayBeLate } = job;
      const finding = await attempt(address, timeoutMs, expected, mayBeLate ? late : undefined);
      if (open.delete(job)) {
        lines.push(job.report(finding, startedMs));
      }
    }
  };
  const workers = Array.from({ length: Math.min(ATTEMPTS_AT_ONCE, waiting.length) }, work);
  let cancelDeadline = (): void => {};
  const deadline = new Promise<void>((resolve) => {
    cancelDeadline = after(batch.deadlineMs, resolve);
  });
  await Promise.race([Promise.all(workers), deadline]);
  cancelDeadline();

  const elapsedMs = performance.now() - arrived;
  const unfinished = [...open, ...waiting.map((job) => [job, elapsedMs] as const)];
  waiting.length = 0;
  open.clear();
  const detail = `not finished within the agent's deadline of ${batch.deadlineMs} ms`;
  for (const [job, startedMs] of unfinished) {
    const durationMs = elapsedMs - startedMs;
    lines.push(
      job.report({ outcome: 'error', durationMs, dials: 1, lost: 0, lastDialMs: 0, detail }, startedMs),
    );
  }
  return lines;
}

/** Tries a connection again and again until it shows what is wanted, or the batch's time for turns is over. */
async function awaitTurn(
  { id, pod, wanted, shutPort, ...address }: TurnRequest,
  batch: Batch,
  arrived: number,
  isWanted: () => boolean,
): Promise<AgentLine> {
  const timeoutMs = Math.min(batch.timeoutMs, TURN_TIMEOUT_MS);
  for (;;) {
    const startedMs = performance.now() - arrived;
    const look = async (port: number): Promise<Outcome> =>
      (await attempt({ ...address, port }, timeoutMs, { runId: batch.runId, pod })).outcome;
    const outcome = await look(address.port);
    const isSeen = wanted === 'open' ? outcome === 'connected' : CUT_OFF.includes(outcome);
    const isShown = isSeen && (shutPort === undefined || CUT_OFF.includes(await look(shutPort)));
    if (isShown) {
      return { kind: 'turn', id, turnedMs: round(startedMs) };
    }
    if (!isWanted() || performance.now() - arrived + TURN_EVERY_MS > batch.turnWithinMs) {
      return { kind: 'turn', id, last: outcome };
    }
    await new Promise<void>((resolve) => after(TURN_EVERY_MS, resolve));
  }
}

const CUT_OFF: readonly Outcome[] = ['timeout', 'refused', 'prohibited'];

/** What a relay is told where its batch makes no sense: begins a line that is no JSON. */
const COMPLAINT = '!';

/** Takes batches, one a connection, from what an exec starts (`relay.ts`). A relay that goes away takes its batch with it. */
function listenForBatches(self: AgentIdentity, memory: Memory): Promise<void> {
  const path = socketPath();
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => {
      let text = '';
      let isTaken = false;
      socket.setEncoding('utf8');
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        text += chunk;
        const end = text.indexOf('\n');
        if (end !== -1 && !isTaken) {
          isTaken = true;
          answerBatch(text.slice(0, end), self, memory, socket);
        }
      });
    });
    server.on('error', reject);
    rmSync(path, { force: true });
    server.listen(path, resolve);
  });
}

function answerBatch(line: string, self: AgentIdentity, memory: Memory, socket: net.Socket): void {
  let batch: Batch;
  try {
    batch = readBatch(line);
  } catch (error) {
    socket.end(`${COMPLAINT}${error instanceof Error ? error.message : error}\n`);
    return;
  }
  void runBatch(batch, self, memory, () => !socket.destroyed).then((answers) => {
    socket.end(answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
  });
}

/** Beside the agent's own file, where only its own pod finds it. */
function socketPath(): string {
  return `${process.argv[1]}.socket`;
}

// --- serve ----------------------------------------------------------------------------------------------------------

function answerConnection(socket: net.Socket, self: AgentIdentity): void {
  let text = '';
  socket.setTimeout(IDLE_CLIENT_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    if (text.includes('\n') || text.length > LONGEST_MESSAGE) {
      const reply = replyTo(text, self);
      if (reply === undefined) {
        socket.destroy();
      } else {
        socket.end(reply);
      }
    }
  });
}

function listenTcp(port: number, ipv6: boolean, answer: (socket: net.Socket) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ noDelay: true }, answer);
    server.on('error', reject); // after the start, what fails is one connection, and its client tells it
    server.listen({ port, host: ipv6 ? '::' : '0.0.0.0', ipv6Only: ipv6, backlog: BACKLOG }, resolve);
  });
}

function listenUdp(port: number, ipv6: boolean, self: AgentIdentity, { nonces }: Memory): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6 });
    socket.on('error', reject); // after the start, what fails is one datagram, and its sender tells it
    socket.on('message', (message, sender) => {
      const text = message.toString('latin1');
      const reply = replyTo(text, self);
      if (reply !== undefined) {
        remember(nonces, text.slice(REQUEST_PREFIX.length, -1), NONCES_KEPT);
        socket.send(reply, sender.port, sender.address, () => {});
      }
    });
    socket.bind(port, ipv6 ? '::' : '0.0.0.0', resolve);
  });
}

/** Forgets the oldest where there are too many. */
function remember(nonces: Set<string>, nonce: string, kept: number): void {
  nonces.add(nonce);
  if (nonces.size > kept) {
    for (const oldest of nonces) {
      nonces.delete(oldest);
      break;
    }
  }
}

/**
 * Answers the kubelet's readiness probe, an HTTP request a second, and notes when it came: it proves that the pod's link works in both
 * directions, and no policy may stop it (D18). What comes from inside the pod proves nothing about its link.
 */
function answerVisit(socket: net.Socket, { visits }: Memory): void {
  let text = '';
  socket.setTimeout(IDLE_CLIENT_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    if (!text.includes('\r\n\r\n') && text.length <= LONGEST_MESSAGE) {
      return;
    }
    const isFromOutside = socket.remoteAddress !== socket.localAddress;
    if (isFromOutside && text.startsWith('GET ')) {
      visits.push(nodeClockMs());
      visits.splice(0, visits.length - VISITS_KEPT);
    }
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
}

/** Listens on IPv4, and on IPv6 where the machine has it: two sockets, so that neither depends on how the other is set up. */
async function listenOn(what: string, start: (ipv6: boolean) => Promise<void>): Promise<void> {
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

async function serve(): Promise<void> {
  const config = readConfig();
  const memory: Memory = { agent: newNonce(), visits: [], nonces: new Set(), late: new LateAnswers() };
  // The kernel does nothing by itself with a signal to the first process of a container.
  process.on('SIGTERM', () => process.exit(0));
  for (const { port, protocol } of config.ports) {
    await listenOn(`${port}/${protocol}`, (ipv6) =>
      protocol === 'TCP'
        ? listenTcp(port, ipv6, (socket) => answerConnection(socket, config))
        : listenUdp(port, ipv6, config, memory),
    );
  }
  await listenForBatches(config, memory);
  // The last of all: the pod is ready when the kubelet gets its answer.
  await listenOn(`${config.visitPort}/TCP for the kubelet`, (ipv6) =>
    listenTcp(config.visitPort, ipv6, (socket) => answerVisit(socket, memory)),
  );
  const ports = config.ports.map(({ port, protocol }) => `${port}/${protocol}`).join(', ');
  process.stdout.write(
    `podreach agent: ${config.pod} of run ${config.runId} listens on ${ports || 'no port'}\n`,
  );
}

// --- connect --------------------------------------------------------------------------------------------------------

const USAGE = 'usage: connect HOST PORT [TCP|UDP] [--timeout MS]';

async function connect(args: readonly string[]): Promise<void> {
  const { address, timeoutMs } = readConnectArguments(args);
  const { outcome, durationMs, detail, peer } = await attempt(address, timeoutMs, undefined);
  const host = net.isIPv6(address.host) ? `[${address.host}]` : address.host;
  const who = peer === undefined ? '' : `, answered by ${peer.pod} of run ${peer.runId}`;
  const why = detail === undefined ? '' : ` (${detail})`;
  process.stdout.write(
    `${outcome}: ${host}:${address.port}/${address.protocol} after ${round(durationMs)} ms${who}${why}\n`,
  );
  process.exitCode = outcome === 'connected' ? 0 : 1;
}

function readConnectArguments(args: readonly string[]): { address: DialAddress; timeoutMs: number } {
  const words = [...args];
  const option = words.indexOf('--timeout');
  const [, timeout] = option === -1 ? ['--timeout', '3000'] : words.splice(option, 2);
  const [host, port, protocol = 'TCP', ...rest] = words;
  if (!host || rest.length > 0) {
    throw new InputError(USAGE);
  }
  try {
    return {
      address: {
        host,
        port: portNumber(Number(port), 'PORT'),
        protocol: protocolName(protocol.toUpperCase(), 'protocol'),
      },
      timeoutMs: milliseconds(Number(timeout), '--timeout'),
    };
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${error.message}; ${USAGE}`) : error;
  }
}

// --- Reading input --------------------------------------------------------------------------------------------------

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function word(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '' || /\s/.test(value)) {
    throw new InputError(`${name} must be a text without blanks`);
  }
  return value;
}

function portNumber(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 65_535) {
    throw new InputError(`${name} must be a port number`);
  }
  return value;
}

/** No longer than a timer can be. */
function milliseconds(value: unknown, name: string): number {
  if (typeof value !== 'number' || !(value > 0 && value < 2 ** 31)) {
    throw new InputError(`${name} must be a number of milliseconds`);
  }
  return value;
}

function protocolName(value: unknown, name: string): Protocol {
  if (value !== 'TCP' && value !== 'UDP') {
    throw new InputError(`${name} must be TCP or UDP`);
  }
  return value;
}

function list<Item>(
  value: unknown,
  name: string,
  read: (item: unknown, name: string) => Item,
): readonly Item[] {
  if (!Array.isArray(value)) {
    throw new InputError(`${name} must be a list`);
  }
  return value.map((item, index) => read(item, `${name}[${index}]`));
}

function parseJson(source: string, name: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new InputError(`${name} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function listener(item: unknown, name: string): { port: number; protocol: Protocol } {
  return {
    port: portNumber(field(item, 'port'), `${name}.port`),
    protocol: protocolName(field(item, 'protocol'), `${name}.protocol`),
  };
}

function readConfig(): AgentConfig {
  const name = 'PODREACH_CONFIG';
  const config = parseJson(process.env[name] ?? '', name);
  return {
    runId: word(field(config, 'runId'), `${name}.runId`),
    pod: word(field(config, 'pod'), `${name}.pod`),
    visitPort: portNumber(field(config, 'visitPort'), `${name}.visitPort`),
    ports: list(field(config, 'ports'), `${name}.ports`, listener),
  };
}

function identifier(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new InputError(`${name} must be an integer`);
  }
  return value;
}

function wantedState(value: unknown, name: string): TurnRequest['wanted'] {
  if (value !== 'open' && value !== 'cut') {
    throw new InputError(`${name} must be open or cut`);
  }
  return value;
}

function readBatch(line: string): Batch {
  const batch = parseJson(line, 'the batch');
  const address = (item: unknown, name: string): DialAddress => ({
    host: word(field(item, 'host'), `${name}.host`),
    ...listener(item, name),
  });
  const target = (item: unknown, name: string): Batch['targets'][number] => ({
    id: identifier(field(item, 'id'), `${name}.id`),
    pod: word(field(item, 'pod'), `${name}.pod`),
    ...address(item, name),
    ...(field(item, 'timeoutMs') === undefined
      ? {}
      : { timeoutMs: milliseconds(field(item, 'timeoutMs'), `${name}.timeoutMs`) }),
  });
  const halfOpenAt = field(batch, 'halfOpenAt');
  const orZero = (key: string): number =>
    field(batch, key) === 0 ? 0 : milliseconds(field(batch, key), key);
  return {
    runId: word(field(batch, 'runId'), 'runId'),
    timeoutMs: milliseconds(field(batch, 'timeoutMs'), 'timeoutMs'),
    deadlineMs: milliseconds(field(batch, 'deadlineMs'), 'deadlineMs'),
    holdMs: orZero('holdMs'),
    turnWithinMs: orZero('turnWithinMs'),
    listeners: list(field(batch, 'listeners'), 'listeners', address),
    targets: list(field(batch, 'targets'), 'targets', target),
    turns: list(field(batch, 'turns'), 'turns', (item, name) => {
      const shutPort = field(item, 'shutPort');
      return {
        ...target(item, name),
        wanted: wantedState(field(item, 'wanted'), `${name}.wanted`),
        ...(shutPort === undefined ? {} : { shutPort: portNumber(shutPort, `${name}.shutPort`) }),
      };
    }),
    asked: list(field(batch, 'asked'), 'asked', word),
    ...(field(batch, 'endsDials') === true ? { endsDials: true } : {}),
    ...(halfOpenAt === undefined ? {} : { halfOpenAt: word(halfOpenAt, 'halfOpenAt') }),
  };
}

// --- main -----------------------------------------------------------------------------------------------------------

async function main(mode: string | undefined, args: readonly string[]): Promise<void> {
  switch (mode) {
    case 'serve':
      return await serve();
    case 'connect':
      return await connect(args);
    default:
      throw new InputError(`unknown mode ${mode ?? '(none)'}: serve or connect`);
  }
}

process.stdout.on('error', () => process.exit(1)); // nobody reads any more
try {
  await main(process.argv[2], process.argv.slice(3));
} catch (error) {
  process.stderr.write(`podreach agent: ${error instanceof Error ? error.message : error}\n`);
  process.exit(error instanceof InputError ? 2 : 1);
}
