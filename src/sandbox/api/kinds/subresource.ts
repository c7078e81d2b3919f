/** What stands below the address of an object and has a handler of its own, such as `pods/log`. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Api } from '../api.ts';
import type { Reply } from '../requests/reply.ts';

export interface ObjectName {
  /** Empty for a kind without namespaces. */
  readonly namespace: string;
  readonly name: string;
}

export interface Subresource {
  readonly name: string;
  /** The kind that discovery gives it. */
  readonly kind: string;
  /** Where the kind is of another group than the object's. */
  readonly of?: { readonly group: string; readonly version: string };
  /** What is answered: a GET is a `get`, a POST a `create`, a PUT an `update`. */
  readonly verbs: readonly ('create' | 'get' | 'patch' | 'update')[];
  /** @throws StatusError */
  answer(
    api: Api,
    address: ObjectName,
    query: URLSearchParams,
    request: IncomingMessage,
  ): Reply | Promise<Reply>;
  /** For a subresource that takes requests which ask to leave HTTP. Called once for each server. */
  createEndpoint?(api: Api): UpgradeEndpoint;
}

/** Takes requests that leave HTTP, and keeps their connections. */
export interface UpgradeEndpoint {
  /** @throws StatusError for everything that can be answered before the connection is another one */
  upgrade(address: ObjectName, query: URLSearchParams, upgrade: Upgrade): void;
  /** Ends all connections. */
  close(): void;
}

/** A request that asks to leave HTTP. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}
