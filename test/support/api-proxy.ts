/**
 * A proxy between podreach and the sandbox's API, for tests of what a real API server may do: it can answer by itself, change what
 * passes as an admission controller does, break execs on their way, and go away for a while.
 */
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { generate } from 'selfsigned';
import { WebSocket, WebSocketServer } from 'ws';
import { parse, stringify } from 'yaml';
import type { Cluster, ClusterProvider } from '../../src/cluster/cluster.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
}

interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What becomes of the handshake of an exec. */
export type HandshakeFault =
  /** It is answered with an error. */
  | { readonly kind: 'refuse'; readonly answer: Answer }
  /** The connection is reset in place of an answer. */
  | { readonly kind: 'cut' }
  /** It is never answered. */
  | { readonly kind: 'stall-handshake' };

/** What becomes of an exec from one of its questions on. */
export type QuestionFault =
  /** Nothing more is heard. */
  | { readonly kind: 'stall-stream' }
  /** The second half of the answer is lost. */
  | { readonly kind: 'truncate' }
  /** The connection ends in place of the answer. */
  | { readonly kind: 'drop' };

export interface Intervention {
  /** Is shown every request, whatever becomes of it. */
  readonly see?: (call: Call & { readonly body: string }) => void;
  /** Answers instead of the server; `cut` resets the connection, `stall` never answers. */
  readonly answer?: (call: Call & { readonly body: string }) => Answer | 'cut' | 'stall' | undefined;
  /** What a controller of the cluster creates, with the caller's rights, before the call goes on. */
  readonly before?: (call: Call) => { readonly path: string; readonly body: object } | undefined;
  /** Changes the body of a request on its way. */
  readonly change?: (call: Call & { readonly body: string }) => string;
  /** Changes the body of an answer on its way back. */
  readonly changeAnswer?: (call: Call & { readonly body: string }) => string;
  /** What becomes of the handshake of an exec; undefined: nothing. It is held until that is known. */
  readonly exec?: (call: Call) => HandshakeFault | undefined | Promise<undefined>;
  /** What becomes of a question to an exec, of which each is one message; undefined: nothing. It is held until that is known. */
  readonly question?: (call: Call) => QuestionFault | undefined | Promise<undefined>;
  /** Is given the means to take the server away, and to bring it back at the same address. */
  readonly attach?: (proxy: { readonly down: () => void; readonly up: () => void }) => void;
}

/** The same cluster, reached through the proxy. */
export function throughProxy(provider: ClusterProvider, intervention: Intervention): ClusterProvider {
  return {
    kind: provider.kind,
    async start(options) {
      const cluster = await provider.start(options);
      const proxy = await startProxy(cluster, intervention);
      return {
        ...cluster,
        lost: cluster.lost,
        kubeconfig: proxy.kubeconfig,
        async stop() {
          proxy.close();
          await cluster.stop();
        },
      };
    },
  };
}

/** An API server's own words for a failure. */
export function failure(
  status: number,
  reason: string,
  message: string,
  headers?: Readonly<Record<string, string>>,
): Answer {
  return {
    status,
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      code: status,
      reason,
      message,
    },
    ...(headers === undefined ? {} : { headers }),
  };
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
}

/** One for all: making it takes longer than many tests do. */
const CERTIFICATE = generate([{ name: 'commonName', value: 'localhost' }], {
  extensions: [
    { name: 'basicConstraints', cA: true },
    { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
  ],
});

async function startProxy(
  { kubeconfig }: Pick<Cluster, 'kubeconfig'>,
  intervention: Intervention,
): Promise<{ kubeconfig: string; close(): void }> {
  // Written by the sandbox itself a moment ago: the shape is known.
  const config = parse(kubeconfig) as Kubeconfig;
  const entry = config.clusters[0]?.cluster;
  if (entry === undefined) throw new Error('the kubeconfig names no cluster');
  const upstream = new URL(entry.server);
  const ca = Buffer.from(entry['certificate-authority-data'], 'base64');
  const own = await CERTIFICATE;

  const forward = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const given = await textOf(incoming);
    intervention.see?.({ method, path, body: given });
    const answer = intervention.answer?.({ method, path, body: given });
    if (answer === 'stall') return;
    if (answer === 'cut') {
      response.destroy();
      return;
    }
    if (answer !== undefined) {
      response
        .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
        .end(JSON.stringify(answer.body));
      return;
    }
    const send = (to: string, verb: string, content: string): ClientRequest =>
      request(new URL(to, upstream), {
        method: verb,
        ca,
        headers: {
          ...headers,
          'content-type': headers['content-type'] ?? 'application/json',
          'content-length': Buffer.byteLength(content),
        },
      }).end(content);
    const first = intervention.before?.({ method, path });
    if (first !== undefined) {
      const [created] = (await once(send(first.path, 'POST', JSON.stringify(first.body)), 'response')) as [
        IncomingMessage,
      ];
      if (created.statusCode !== 201) throw new Error(await textOf(created));
      created.resume();
    }
    const outgoing = send(path, method, intervention.change?.({ method, path, body: given }) ?? given);
    outgoing.on('response', async (answered) => {
      if (intervention.changeAnswer === undefined) {
        response.writeHead(answered.statusCode ?? 500, answered.headers);
        answered.pipe(response);
        return;
      }
      const changed = intervention.changeAnswer({ method, path, body: await textOf(answered) });
      const { 'content-length': _length, 'transfer-encoding': _encoding, ...rest } = answered.headers;
      response.writeHead(answered.statusCode ?? 500, rest).end(changed);
    });
    outgoing.on('error', () => response.destroy());
  };

  const server = createServer(
    { key: own.private, cert: own.cert },
    (incoming, response) => void forward(incoming, response),
  );
  const sockets = new WebSocketServer({ noServer: true });
  const open = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.on('upgrade', async (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const { method = 'GET', url: path = '/' } = incoming;
    const fault = await intervention.exec?.({ method, path });
    if (fault?.kind === 'stall-handshake') return;
    if (fault?.kind === 'cut') {
      socket.destroy();
      return;
    }
    if (fault?.kind === 'refuse') {
      refuse(socket, fault.answer);
      return;
    }
    const accept = (then: (client: WebSocket) => void): void =>
      sockets.handleUpgrade(incoming, socket, head, then);
    const address = new URL(path, upstream);
    address.protocol = 'wss:';
    const { authorization, 'sec-websocket-protocol': protocols = '' } = incoming.headers;
    const stream = new WebSocket(address, protocols.split(/, */)[0], { ca, headers: { authorization } });
    stream.on('unexpected-response', async (_, answered) => {
      refuse(socket, { status: answered.statusCode ?? 500, body: JSON.parse(await textOf(answered)) });
    });
    stream.on('error', () => socket.destroy());
    stream.on('open', () =>
      accept((client) => relay(client, stream, () => intervention.question?.({ method, path }))),
    );
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const down = (): void => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  intervention.attach?.({ down, up: () => void listen(port) });
  entry.server = `https://127.0.0.1:${port}`;
  entry['certificate-authority-data'] = Buffer.from(own.cert).toString('base64');
  return { kubeconfig: stringify(config), close: down };
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function refuse(socket: Duplex, { status, body, headers = {} }: Answer): void {
  const text = JSON.stringify(body);
  const lines = Object.entries({ 'content-length': String(text.length), ...headers });
  socket.end(
    `HTTP/1.1 ${status} Refused\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`,
  );
}

const STDIN = 0;
const STDOUT = 1;

/** Passes the frames of an exec in both directions, but for what a fault takes away. */
function relay(
  client: WebSocket,
  server: WebSocket,
  faultOf: () => ReturnType<NonNullable<Intervention['question']>>,
): void {
  let fault: QuestionFault | undefined;
  const forward = async (data: Buffer): Promise<void> => {
    if (data[0] === STDIN) fault ??= await faultOf();
    if (fault?.kind === 'stall-stream') client.pause();
    server.send(data);
  };
  client.on('message', (data: Buffer) => void forward(data));
  server.on('message', (data: Buffer) => {
    if (fault === undefined) client.send(data);
    else if (fault.kind === 'drop') client.terminate();
    else if (fault.kind === 'truncate' && data[0] === STDOUT) client.send(data.subarray(0, data.length / 2));
  });
  server.on('close', () => client.close());
  server.on('error', () => client.terminate());
  client.on('close', () => server.close());
  client.on('error', () => server.terminate());
}
