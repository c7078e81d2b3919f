/** A real HTTPS and WebSocket server that a test makes behave like an API server, or misbehave. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { generate } from 'selfsigned';
import { type WebSocket, WebSocketServer } from 'ws';

export const TOKEN = 'a-token';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly type: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

type Answer =
  | {
      readonly status: number;
      readonly body: string | object;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | ((response: ServerResponse, request: IncomingMessage) => void);

export interface Behaviour {
  /** The answer to the n-th request, counted from 0. */
  readonly answer?: (received: Received, count: number) => Answer;
  /** Whether a WebSocket may open; refused with 401 where it may not. */
  readonly admit?: (request: IncomingMessage) => boolean;
  /** What happens once a WebSocket is open. */
  readonly exec?: (socket: WebSocket, request: IncomingMessage) => void;
  /** What happens instead of opening the WebSocket. */
  readonly upgrade?: (socket: Duplex) => void;
  /** The subprotocols that the server speaks. */
  readonly protocols?: readonly string[];
}

const certificates = generate([{ name: 'commonName', value: 'localhost' }], {
  extensions: [
    { name: 'basicConstraints', cA: true },
    { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
  ],
});

export class ApiServer implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly address: string;
  readonly kubeconfig: string;
  readonly #close: () => Promise<void>;

  private constructor(
    address: string,
    certificate: string,
    received: Received[],
    close: () => Promise<void>,
  ) {
    this.address = address;
    this.received = received;
    this.#close = close;
    this.kubeconfig = kubeconfigOf({ server: address, certificate });
  }

  static async start({ answer, admit, exec, upgrade, protocols }: Behaviour): Promise<ApiServer> {
    const { private: key, cert } = await certificates;
    const received: Received[] = [];
    const server = createServer({ key, cert });
    server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
      const { method = '', url: path = '', headers } = request;
      const body = String(await buffer(request));
      const one = { method, path, type: headers['content-type'], authorization: headers.authorization, body };
      const reply = answer?.(one, received.push(one) - 1) ?? status(404, 'NotFound', `${path} not found`);
      if (typeof reply === 'function') {
        reply(response, request);
        return;
      }
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
    });
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) =>
        (protocols ?? ['v5.channel.k8s.io', 'v4.channel.k8s.io']).find((protocol) => offered.has(protocol)) ??
        false,
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => {});
      if (upgrade !== undefined) {
        upgrade(socket);
        return;
      }
      if (admit?.(request) === false) {
        const body = JSON.stringify(status(401, 'Unauthorized', 'Unauthorized').body);
        socket.end(`HTTP/1.1 401 Unauthorized\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (opened) => exec?.(opened, request));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new ApiServer(`https://127.0.0.1:${port}`, cert, received, async () => {
      for (const socket of sockets.clients) socket.terminate();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

export function kubeconfigOf({ server, certificate }: { server: string; certificate?: string }): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [
      {
        name: 'test',
        cluster: {
          server,
          ...(certificate === undefined
            ? {}
            : { 'certificate-authority-data': Buffer.from(certificate).toString('base64') }),
        },
      },
    ],
    users: [{ name: 'test', user: { token: TOKEN } }],
  });
}

/** The answer that a real server gives for a failure. */
export function status(
  code: number,
  reason: string,
  message: string,
): { status: number; body: object; headers?: Record<string, string> } {
  return {
    status: code,
    body: { apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure', code, reason, message },
  };
}

/** One frame of the exec protocol. */
export function frame(channel: number, data: string | object): Buffer {
  return Buffer.concat([
    Buffer.of(channel),
    Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)),
  ]);
}
