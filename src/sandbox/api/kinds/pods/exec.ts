/** `pods/exec`: runs a command in a container over a WebSocket. */
import type { IncomingMessage } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ContainerAddress, ExecProcess } from '../../../runtime/runtime.ts';
import type { Api } from '../../api.ts';
import { readBoolean } from '../../requests/options.ts';
import { badRequest, internalError, type Status } from '../../status.ts';
import type { ObjectName, Subresource, UpgradeEndpoint } from '../subresource.ts';
import { chooseContainer, findPod } from './container.ts';
import { isPlaced } from './outside.ts';

/** The protocols that are spoken, the best first. They differ in one thing: v5 can close single channels. */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const CLOSE = 255;

interface Streams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

interface ExecCall {
  readonly container: ContainerAddress;
  readonly command: readonly string[];
  readonly streams: Streams;
}

export const exec: Subresource = {
  name: 'exec',
  kind: 'PodExecOptions',
  verbs: ['create', 'get'],
  answer(api, address, query, request) {
    readExec(api, address, query, request);
    throw badRequest('Upgrade request required');
  },
  createEndpoint: createExecEndpoint,
};

/**
 * Checks everything that can be answered with a `Status`, starts the command, and only then makes the connection a
 * WebSocket. The command goes on when the client leaves; its input then ends and its output is thrown away.
 */
function createExecEndpoint(api: Api): UpgradeEndpoint {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });
  return {
    upgrade(address, query, { request, socket, head }) {
      const { container, command, streams } = readExec(api, address, query, request);
      const process = api.runtime.exec(container, command);
      if (process === undefined)
        throw badRequest(`container ${container.container} of pod ${address.name} is not running`);
      let isOpen = false;
      sockets.handleUpgrade(request, socket, head, (connection) => {
        isOpen = true;
        void attach(connection, process, streams, command);
      });
      // A malformed handshake was answered already; nobody will hear of the command.
      if (!isOpen) void abandon(process);
    },
    close() {
      for (const connection of sockets.clients) connection.terminate();
    },
  };
}

/** @throws StatusError NotFound, BadRequest; always for a request that is no WebSocket handshake */
function readExec(api: Api, address: ObjectName, query: URLSearchParams, request: IncomingMessage): ExecCall {
  const pod = findPod(api, address);
  const container = chooseContainer(pod, query.get('container') ?? '');
  if (!isPlaced(pod)) throw badRequest(`pod ${address.name} does not have a host assigned`);
  const command = query.getAll('command');
  if (command.length === 0) throw badRequest('you must specify a command for the container');
  if (readBoolean(query, 'tty')) {
    throw badRequest('the sandbox has no terminals: run the command without one (kubectl exec without -t)');
  }
  const streams = readStreams(query);
  assertWebSocket(request);
  return { container, command, streams };
}

function readStreams(query: URLSearchParams): Streams {
  const streams = {
    stdin: readBoolean(query, 'stdin'),
    stdout: readBoolean(query, 'stdout'),
    stderr: readBoolean(query, 'stderr'),
  };
  if (!streams.stdin && !streams.stdout && !streams.stderr) {
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  }
  return streams;
}

function assertWebSocket({ headers }: IncomingMessage): void {
  const upgrade = headers.upgrade?.toLowerCase();
  if (upgrade === undefined) throw badRequest('Upgrade request required');
  if (upgrade !== 'websocket')
    throw badRequest(`the sandbox speaks exec over WebSocket only, not ${headers.upgrade}`);
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
  if (!PROTOCOLS.some((protocol) => offered.includes(protocol))) {
    throw badRequest(`unable to upgrade: exec needs one of the subprotocols ${PROTOCOLS.join(', ')}`);
  }
}

async function attach(
  socket: WebSocket,
  process: ExecProcess,
  streams: Streams,
  command: readonly string[],
): Promise<void> {
  socket.on('error', () => socket.terminate());
  process.stdin.on('error', () => {}); // a command may end without reading its input
  if (streams.stdin) receive(socket, process);
  else process.stdin.end();
  // As a kubelet does, to say that the streams are there.
  void sendFrame(socket, streams.stdout ? STDOUT : streams.stderr ? STDERR : STATUS, Buffer.alloc(0));
  const [outcome] = await Promise.allSettled([
    process.exited,
    pump(socket, process.stdout, streams.stdout ? STDOUT : undefined),
    pump(socket, process.stderr, streams.stderr ? STDERR : undefined),
  ]);
  const status = outcome.status === 'fulfilled' ? statusOf(outcome.value, command) : failed(outcome.reason);
  await sendFrame(socket, STATUS, Buffer.from(JSON.stringify(status)));
  socket.resume(); // the client's own goodbye may be behind input that nobody read
  socket.close(1000);
}

/** Input from the client, no faster than the command reads it. */
function receive(socket: WebSocket, { stdin }: ExecProcess): void {
  stdin.on('drain', () => socket.resume());
  socket.on('message', (data) => {
    const frame = Buffer.isBuffer(data)
      ? data
      : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
    const content = frame.subarray(1);
    if (frame[0] === CLOSE && content[0] === STDIN && socket.protocol === PROTOCOLS[0]) stdin.end();
    if (frame[0] === STDIN && content.length > 0 && stdin.writable && !stdin.write(content)) socket.pause();
  });
  socket.on('close', () => stdin.end());
}

/** Output to the client, no faster than it takes it; without a channel, or after the client has left, to nobody. */
async function pump(
  socket: WebSocket,
  stream: ExecProcess['stdout'],
  channel: number | undefined,
): Promise<void> {
  for await (const chunk of stream) {
    if (channel !== undefined && Buffer.isBuffer(chunk)) await sendFrame(socket, channel, chunk);
  }
}

function sendFrame(socket: WebSocket, channel: number, content: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) resolve();
    else socket.send(Buffer.concat([Buffer.of(channel), content]), () => resolve());
  });
}

type ExecStatus = Pick<Status, 'metadata' | 'status'> & Partial<Status>;

function statusOf(exitCode: number, command: readonly string[]): ExecStatus {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: error executing command [${command.join(' ')}], exit code ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

function failed(reason: unknown): ExecStatus {
  const why = reason instanceof Error ? reason.message : String(reason);
  return internalError(`error executing command in container: ${why}`).status;
}

async function abandon(process: ExecProcess): Promise<void> {
  process.stdin.on('error', () => {});
  process.stdin.end();
  process.stdout.resume();
  process.stderr.resume();
  await process.exited.catch(() => {});
}
