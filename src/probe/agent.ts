/**
 * The probe agent: the one file that runs in every probe pod, on any Node.js from 18 on, with nothing beside it. So it imports
 * nothing but Node.js's own modules and types. Three ways to start it:
 *
 *   serve                                          listen on the pod's ports and answer with the pod's identity
 *   probe                                          try the batch on standard input, print what each attempt showed
 *   connect HOST PORT [TCP|UDP] [--timeout MS]     one attempt, told in one line, for people
 *
 * On the wire, the client sends `podreach NONCE\n` and the server answers `podreach NONCE RUN NAMESPACE/POD\n`. `docs/probe.md`
 * says what each outcome means and why.
 */
import dgram from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import type { Outcome } from '../record.ts';
import type { AgentConfig, AgentLine, Batch, Protocol } from './protocol.ts';

/** How many attempts are open side by side; more wait for their turn. Keeps within the file descriptors of a container. */
const ATTEMPTS_AT_ONCE = 512;
/** Pending handshakes per listener: a burst of probes must not overflow it, or the kernel drops a SYN and a second is lost. */
const BACKLOG = 4096;
/** No message of the protocol is longer: names of namespaces and pods are bounded by the API. */
const LONGEST_MESSAGE = 1024;
/** How long the listener waits for a client that says nothing. */
const IDLE_CLIENT_MS = 10_000;
/** How long `probe` waits for its batch, so that an exec that lost its input leaves no process behind. */
const BATCH_ARRIVAL_MS = 30_000;

/** Anything that the caller did wrong: told on standard error, exit code 2. */
class InputError extends Error {}

// --- Messages -------------------------------------------------------------------------------------------------------

interface Identity {
  readonly runId: string;
  readonly pod: string;
}

type Reply =
  | { readonly kind: 'partial' }
  | { readonly kind: 'agent'; readonly identity: Identity }
  | { readonly kind: 'foreign'; readonly detail: string };

/** Unlike any other, not secret: loading `node:crypto` for it would be a tenth of the time that a probe takes to start. */
function newNonce(): string {
  return Math.random().toString(16).slice(2, 18).padEnd(16, '0');
}

/** The answer to a request, or undefined for anything that is not one. */
function replyTo(request: string, self: Identity): string | undefined {
  const nonce = /^podreach ([0-9a-f]{16})\n$/.exec(request)?.[1];
  return nonce === undefined ? undefined : `podreach ${nonce} ${self.runId} ${self.pod}\n`;
}

/** Reads as much of a reply as has come; whatever cannot become one any more is foreign at once. */
function readReply(text: string, nonce: string): Reply {
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

interface Address {
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
}

interface Finding {
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly detail?: string;
  /** Who answered, whenever an agent did. */
  readonly peer?: Identity;
}

/** Who must answer; undefined accepts any agent. */
type Expected = Identity | undefined;

/** Which outcome a system error is. Everything that is not known to say something about the path is an `error`. */
function outcomeOf(code: string): Outcome {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EACCES':
    case 'EPERM':
      return 'prohibited';
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
function judgeReply(
  reply: Exclude<Reply, { kind: 'partial' }>,
  expected: Expected,
): Omit<Finding, 'durationMs'> {
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

/**
 * One fresh TCP connection. The handshake has `timeoutMs`, and after it the reply has as long again: once a handshake is
 * through, the port is reachable, so no silence after it may count as a block.
 */
function tryTcp(ip: string, port: number, timeoutMs: number, expected: Expected): Promise<Finding> {
  return new Promise((resolve) => {
    const nonce = newNonce();
    const begun = performance.now();
    let connected = false;
    let text = '';
    const socket = net.connect({ host: ip, port, noDelay: true });
    const settle = (found: Omit<Finding, 'durationMs'>): void => {
      cancelTimer();
      socket.destroy();
      resolve({ ...found, durationMs: performance.now() - begun });
    };
    let cancelTimer = after(timeoutMs, () => settle({ outcome: 'timeout' }));
    socket.on('connect', () => {
      connected = true;
      cancelTimer();
      cancelTimer = after(timeoutMs, () =>
        settle({ outcome: 'reset', detail: 'connected, then no reply in time' }),
      );
      socket.write(`podreach ${nonce}\n`);
    });
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const reply = readReply(text, nonce);
      if (reply.kind !== 'partial') {
        settle(judgeReply(reply, expected));
      }
    });
    socket.on('end', () => settle({ outcome: 'reset', detail: 'closed before the reply' }));
    socket.on('error', (error) => {
      const code = codeOf(error);
      settle({ outcome: connected ? 'reset' : outcomeOf(code), detail: code });
    });
  });
}

/**
 * One fresh UDP socket, connected so that ICMP errors reach it. The question is sent three times within `timeoutMs`, because a
 * datagram may be lost for many reasons; only a reply with the nonce counts. Other datagrams are remembered: a peer that says
 * anything at all is not blocked.
 */
function tryUdp(ip: string, port: number, timeoutMs: number, expected: Expected): Promise<Finding> {
  return new Promise((resolve) => {
    const nonce = newNonce();
    const begun = performance.now();
    const socket = dgram.createSocket(net.isIPv6(ip) ? 'udp6' : 'udp4');
    let settled = false;
    let stray = false;
    const settle = (found: Omit<Finding, 'durationMs'>): void => {
      if (!settled) {
        settled = true;
        for (const cancel of timers) {
          cancel();
        }
        socket.close();
        resolve({ ...found, durationMs: performance.now() - begun });
      }
    };
    const fail = (error: Error | null): void => {
      if (error !== null) {
        const code = codeOf(error);
        settle({ outcome: outcomeOf(code), detail: code });
      }
    };
    const send = (): void => socket.send(`podreach ${nonce}\n`, fail);
    const giveUp = (): void =>
      settle(stray ? { outcome: 'wrong-peer', detail: 'a reply without the nonce' } : { outcome: 'timeout' });
    const timers = [after(timeoutMs, giveUp)];
    socket.on('error', fail);
    socket.on('message', (message) => {
      const reply = readReply(message.toString('latin1'), nonce);
      if (reply.kind === 'agent') {
        settle(judgeReply(reply, expected));
      }
      stray = true;
    });
    socket.on('connect', () => {
      send();
      timers.push(after(timeoutMs / 3, send), after((timeoutMs * 2) / 3, send));
    });
    socket.connect(port, ip);
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

/** One attempt. Never rejects: whatever goes wrong is the outcome. */
async function attempt(address: Address, timeoutMs: number, expected: Expected): Promise<Finding> {
  const begun = performance.now();
  let ip = address.host;
  if (net.isIP(ip) === 0) {
    try {
      ip = await resolveName(address.host, timeoutMs);
    } catch (error) {
      const code = codeOf(error);
      const detail = code === 'ECANCELLED' ? 'ETIMEOUT' : code;
      return { outcome: 'dns-failure', durationMs: performance.now() - begun, detail };
    }
  }
  const tryOnce = address.protocol === 'TCP' ? tryTcp : tryUdp;
  try {
    return await tryOnce(ip, address.port, timeoutMs, expected);
  } catch (error) {
    return { outcome: 'error', durationMs: performance.now() - begun, detail: codeOf(error) };
  }
}

// --- probe ----------------------------------------------------------------------------------------------------------

interface Job {
  readonly address: Address;
  readonly expected: Expected;
  /** The line that tells the finding of an attempt which began `startedMs` after the batch arrived. */
  readonly report: (finding: Finding, startedMs: number) => AgentLine;
}

function jobsOf(batch: Batch, self: Identity): readonly Job[] {
  const listeners = batch.listeners.map(
    (address): Job => ({
      address,
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
    (target): Job => ({
      address: target,
      expected: { runId: batch.runId, pod: target.pod },
      report: ({ outcome, durationMs, detail }, startedMs) => ({
        kind: 'attempt',
        id: target.id,
        outcome,
        startedMs: round(startedMs),
        durationMs: round(durationMs),
        ...(detail === undefined ? {} : { detail }),
      }),
    }),
  );
  return [...listeners, ...targets];
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** Works through a batch. What is not finished at the batch's deadline is told as `error`: it could not be tried. */
async function runBatch(batch: Batch, self: Identity): Promise<readonly AgentLine[]> {
  const arrived = performance.now();
  const waiting = [...jobsOf(batch, self)];
  const open = new Map<Job, number>();
  const lines: AgentLine[] = [];
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const startedMs = performance.now() - arrived;
      open.set(job, startedMs);
      const finding = await attempt(job.address, batch.timeoutMs, job.expected);
      if (open.delete(job)) {
        lines.push(job.report(finding, startedMs));
      }
    }
  };
  const workers = Array.from({ length: Math.min(ATTEMPTS_AT_ONCE, waiting.length) }, work);
  await Promise.race([
    Promise.all(workers),
    new Promise<void>((resolve) => after(batch.deadlineMs, resolve)),
  ]);

  const elapsedMs = performance.now() - arrived;
  const unfinished = [...open, ...waiting.map((job) => [job, elapsedMs] as const)];
  waiting.length = 0;
  open.clear();
  const detail = `not finished within the agent's deadline of ${batch.deadlineMs} ms`;
  for (const [job, startedMs] of unfinished) {
    lines.push(job.report({ outcome: 'error', durationMs: elapsedMs - startedMs, detail }, startedMs));
  }
  return lines;
}

/** The first line of standard input; does not wait for its end, which not every exec can signal. */
function readLine(): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const cancelTimer = after(BATCH_ARRIVAL_MS, () =>
      reject(new InputError(`no batch on standard input within ${BATCH_ARRIVAL_MS / 1000} s`)),
    );
    const done = (line: string): void => {
      cancelTimer();
      process.stdin.pause();
      resolve(line);
    };
    process.stdin.setEncoding('utf8');
    process.stdin.on('data', (chunk) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end !== -1) {
        done(text.slice(0, end));
      }
    });
    process.stdin.on('end', () => done(text));
  });
}

/** Prints everything at the end, in one piece: a slow reader in between would hold up the measurement. */
async function probe(): Promise<void> {
  const batch = readBatch(await readLine());
  const answers = await runBatch(batch, readConfig());
  const end: AgentLine = { kind: 'end', attempts: batch.targets.length, listeners: batch.listeners.length };
  const output = [...answers, end].map((line) => `${JSON.stringify(line)}\n`).join('');
  process.stdout.write(output, () => process.exit(0));
}

// --- serve ----------------------------------------------------------------------------------------------------------

function answerConnection(socket: net.Socket, self: Identity): void {
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

function listenTcp(port: number, ipv6: boolean, self: Identity): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ noDelay: true }, (socket) => answerConnection(socket, self));
    server.on('error', reject); // after the start, what fails is one connection, and its client tells it
    server.listen({ port, host: ipv6 ? '::' : '0.0.0.0', ipv6Only: ipv6, backlog: BACKLOG }, resolve);
  });
}

function listenUdp(port: number, ipv6: boolean, self: Identity): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6 });
    socket.on('error', reject); // after the start, what fails is one datagram, and its sender tells it
    socket.on('message', (message, sender) => {
      const reply = replyTo(message.toString('latin1'), self);
      if (reply !== undefined) {
        socket.send(reply, sender.port, sender.address, () => {});
      }
    });
    socket.bind(port, ipv6 ? '::' : '0.0.0.0', resolve);
  });
}

/** Listens on IPv4, and on IPv6 where the machine has it: two sockets, so that neither depends on how the other is set up. */
async function listen({ port, protocol }: AgentConfig['ports'][number], self: Identity): Promise<void> {
  const start = protocol === 'TCP' ? listenTcp : listenUdp;
  try {
    await start(port, false, self);
    await start(port, true, self).catch((error) => {
      if (!['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(codeOf(error))) {
        throw error;
      }
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^(listen|bind) /, '') : String(error);
    throw new Error(`cannot listen on ${port}/${protocol}: ${reason}`);
  }
}

async function serve(): Promise<void> {
  const config = readConfig();
  // The kernel does nothing by itself with a signal to the first process of a container.
  process.on('SIGTERM', () => process.exit(0));
  for (const port of config.ports) {
    await listen(port, config);
  }
  const ports = config.ports.map(({ port, protocol }) => `${port}/${protocol}`).join(', ');
  process.stdout.write(
    `podreach agent: ${config.pod} of run ${config.runId} listens on ${ports || 'no port'}\n`,
  );
  setInterval(() => {}, 2 ** 30); // a pod without ports stays up too
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

function readConnectArguments(args: readonly string[]): { address: Address; timeoutMs: number } {
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
    ports: list(field(config, 'ports'), `${name}.ports`, listener),
  };
}

function readBatch(line: string): Batch {
  const batch = parseJson(line, 'the batch');
  const address = (item: unknown, name: string): Address => ({
    host: word(field(item, 'host'), `${name}.host`),
    ...listener(item, name),
  });
  return {
    runId: word(field(batch, 'runId'), 'runId'),
    timeoutMs: milliseconds(field(batch, 'timeoutMs'), 'timeoutMs'),
    deadlineMs: milliseconds(field(batch, 'deadlineMs'), 'deadlineMs'),
    listeners: list(field(batch, 'listeners'), 'listeners', address),
    targets: list(field(batch, 'targets'), 'targets', (item, name) => {
      const id = field(item, 'id');
      if (typeof id !== 'number' || !Number.isSafeInteger(id)) {
        throw new InputError(`${name}.id must be an integer`);
      }
      return { id, pod: word(field(item, 'pod'), `${name}.pod`), ...address(item, name) };
    }),
  };
}

// --- main -----------------------------------------------------------------------------------------------------------

async function main(mode: string | undefined, args: readonly string[]): Promise<void> {
  switch (mode) {
    case 'serve':
      return await serve();
    case 'probe':
      return await probe();
    case 'connect':
      return await connect(args);
    default:
      throw new InputError(`unknown mode ${mode ?? '(none)'}: serve, probe or connect`);
  }
}

process.stdout.on('error', () => process.exit(1)); // nobody reads any more
try {
  await main(process.argv[2], process.argv.slice(3));
} catch (error) {
  process.stderr.write(`podreach agent: ${error instanceof Error ? error.message : error}\n`);
  process.exit(error instanceof InputError ? 2 : 1);
}
