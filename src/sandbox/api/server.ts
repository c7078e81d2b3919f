/** The sandbox's Kubernetes API server: HTTPS, who may come in, and how failures are answered. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import type { Api } from './api.ts';
import { answer, readCall } from './dispatch.ts';
import { failure, headersOf, type Reply, send } from './requests/reply.ts';
import type { Route } from './route.ts';
import { internalError, StatusError, unauthorized } from './status.ts';
import type { Store } from './store.ts';
import { newSuffix } from './suffix.ts';
import { createUpgrades, type Upgrades } from './upgrades.ts';

export interface ApiServerOptions {
  readonly store: Store;
  readonly runtime: ContainerRuntime;
  /** In PEM. */
  readonly tls: { readonly key: string; readonly cert: string };
  /** Who has this bearer token may do everything; nobody else anything. */
  readonly token: string;
  /** What `/version` says, such as `v1.36.0`. */
  readonly version: string;
  /** The wall clock. */
  readonly now?: () => Date;
  /** Told of each request that is let in, before it is answered. */
  readonly onRoute?: (route: Route) => void;
}

export interface ApiServer {
  /** Not listening yet. */
  readonly server: Server;
  /** Ends all connections, watches and exec streams among them, and stops listening. Safe to call twice. */
  close(): Promise<void>;
}

/** Longer than clients keep their idle connections, so that no request meets a connection that is just being closed. */
const KEEP_ALIVE_MS = 120_000;

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { store, runtime, tls, token, version, now = () => new Date(), onRoute } = options;
  const api: Api = { store, runtime, version, now, newSuffix };
  const upgrades = createUpgrades(api);
  const isAllowed = createAuthenticator(token);
  const server = createServer({ ...tls, keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    void handle(api, { isAllowed, onRoute }, request, response);
  });
  server.on('upgrade', (request, socket, head) => upgrade(upgrades, isAllowed, request, socket, head));
  return {
    server,
    close() {
      upgrades.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

type Authenticator = (request: IncomingMessage) => boolean;

/** Compares digests, in constant time: neither the token's length nor its beginning can be found out by trying. */
function createAuthenticator(token: string): Authenticator {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return ({ headers }) => timingSafeEqual(digest(headers.authorization ?? ''), expected);
}

/** What is between a request and its answer. */
interface Door {
  readonly isAllowed: Authenticator;
  readonly onRoute: ApiServerOptions['onRoute'];
}

async function handle(
  api: Api,
  door: Door,
  request: IncomingMessage,
  response: ServerResponse<IncomingMessage>,
): Promise<void> {
  response.on('error', () => {}); // the client left
  const reply = await answerOrFail(api, door, request);
  if (!response.destroyed) send(response, reply);
}

async function answerOrFail(
  api: Api,
  { isAllowed, onRoute }: Door,
  request: IncomingMessage,
): Promise<Reply> {
  try {
    if (!isAllowed(request)) throw unauthorized();
    const call = readCall(request);
    onRoute?.(call.route);
    return await answer(api, call);
  } catch (thrown) {
    return failure(asStatusError(thrown));
  }
}

function asStatusError(thrown: unknown): StatusError {
  if (thrown instanceof StatusError) return thrown;
  return internalError(thrown instanceof Error ? thrown.message : String(thrown));
}

function upgrade(
  upgrades: Upgrades,
  isAllowed: Authenticator,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  socket.on('error', () => socket.destroy());
  try {
    if (!isAllowed(request)) throw unauthorized();
    const { route, query } = readCall(request);
    upgrades.upgrade(route, query, { request, socket, head });
  } catch (thrown) {
    refuse(socket, asStatusError(thrown));
  }
}

/** Answers on a connection that Node.js has already let go of. */
function refuse(socket: Duplex, error: StatusError): void {
  const reply = failure(error);
  if (reply.kind === 'stream') return;
  const headers = Object.entries({ ...headersOf(reply), Connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.write([`HTTP/1.1 ${reply.code} ${error.status.reason ?? 'Error'}`, ...headers, '', ''].join('\r\n'));
  socket.end(reply.body);
}
