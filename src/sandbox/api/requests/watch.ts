/** Watches: changes as a stream of JSON lines. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Api } from '../api.ts';
import { type JsonObject, textOf } from '../json.ts';
import { apiVersionOf } from '../kinds/definition.ts';
import type { AnyObject, Kind } from '../kinds/kinds.ts';
import { createMatcher, type Matcher } from '../selectors.ts';
import { expired } from '../status.ts';
import type { Change, ChangeType } from '../store.ts';
import { includedObject, tableOf, wantsTable } from '../table.ts';
import { readBoolean, readCount } from './options.ts';
import { assertReached, select, type Wishes } from './read.ts';
import type { Reply } from './reply.ts';

const DEFAULT_TIMEOUT_SECONDS = 3600;
const BOOKMARK_EVERY_MS = 60_000;
/** A client that lags behind by this much is cut off; it can list again. */
const LAG_LIMIT_BYTES = 64 * 1024 * 1024;

type EventType = ChangeType | 'BOOKMARK' | 'ERROR';

/**
 * Starts with the objects as they are where the client names no resourceVersion (or 0, or asks with `sendInitialEvents`),
 * and goes on with every change until `timeoutSeconds` or the client ends it.
 * @throws StatusError BadRequest for selectors, 504 for a resourceVersion that is not reached
 */
export function watch(api: Api, kind: Kind, namespace: string | undefined, wishes: Wishes): Reply {
  const { query } = wishes;
  const since = assertReached(api, query);
  const matches = createMatcher(kind, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');
  const isInScope: Matcher = (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) && matches(object);
  const timeoutMs = (readCount(query, 'timeoutSeconds') || DEFAULT_TIMEOUT_SECONDS) * 1000;
  return {
    kind: 'stream',
    open(response) {
      const stream = new EventStream(response, createRenderer(api, kind, wishes));
      const bookmark = (annotations?: Readonly<Record<string, string>>): void => {
        if (readBoolean(query, 'allowWatchBookmarks')) stream.bookmark(api.store.revision, annotations);
      };

      const isInitial = readBoolean(query, 'sendInitialEvents');
      if (isInitial || since === undefined || since === 0) {
        for (const object of select(api, kind, namespace, query)) stream.send('ADDED', object);
        if (isInitial) bookmark({ 'k8s.io/initial-events-end': 'true' });
      } else if (!resume(api, kind, since, isInScope, stream)) {
        return;
      }
      const ends = [
        api.store.listen((change) => {
          if (change.resource === kind.resource) forward(change, isInScope, stream);
        }),
        every(BOOKMARK_EVERY_MS, bookmark),
        after(timeoutMs, () => {
          bookmark();
          response.end();
        }),
      ];
      response.on('close', () => {
        for (const end of ends) end();
      });
    },
  };
}

/** Tells what happened since a revision. @returns false where that is forgotten; the client was told so */
function resume(api: Api, kind: Kind, since: number, isInScope: Matcher, stream: EventStream): boolean {
  const changes = api.store.changesSince(kind.resource, since);
  if (changes === undefined) {
    const { status } = expired(`too old resource version: ${since} (${api.store.revision})`);
    stream.fail(status);
    return false;
  }
  for (const change of changes) forward(change, isInScope, stream);
  return true;
}

/** An object that starts to match counts as added, one that no longer does as deleted. */
function forward({ type, object, before, revision }: Change, isInScope: Matcher, stream: EventStream): void {
  const isIn = type !== 'DELETED' && isInScope(object);
  const wasIn = before !== undefined && isInScope(before);
  if (isIn) stream.send(wasIn ? 'MODIFIED' : 'ADDED', object);
  else if (wasIn) stream.send('DELETED', type === 'DELETED' ? object : atRevision(before, revision));
}

function atRevision(object: AnyObject, revision: number): AnyObject {
  return Object.assign(
    { ...object },
    { metadata: { ...object.metadata, resourceVersion: String(revision) } },
  );
}

/** The two forms of what a watch sends. */
interface EventRenderer {
  object(object: AnyObject): Buffer;
  /** Nothing but the list's metadata. */
  bookmark(metadata: JsonObject): Buffer;
}

/** Objects as they are, or as tables of one row; only the first table says what its columns mean. */
function createRenderer(api: Api, kind: Kind, { query, accept }: Wishes): EventRenderer {
  if (!wantsTable(accept)) {
    const bare = { kind: kind.kind, apiVersion: apiVersionOf(kind) };
    return {
      object: (object) => (Object.isFrozen(object) ? textOf(object) : bytes(object)),
      bookmark: (metadata) => bytes({ ...bare, metadata }),
    };
  }
  const included = includedObject(query);
  let isFirst = true;
  const table = (objects: readonly AnyObject[], metadata: JsonObject): Buffer => {
    const rendered = tableOf(kind, objects, metadata, included, api.now(), isFirst);
    isFirst = false;
    return bytes(rendered);
  };
  return {
    object: (object) => table([object], { resourceVersion: object.metadata.resourceVersion }),
    bookmark: (metadata) => table([], metadata),
  };
}

function bytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

class EventStream {
  readonly #response: ServerResponse<IncomingMessage>;
  readonly #renderer: EventRenderer;

  constructor(response: ServerResponse<IncomingMessage>, renderer: EventRenderer) {
    this.#response = response;
    this.#renderer = renderer;
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
    response.flushHeaders();
  }

  send(type: ChangeType, object: AnyObject): void {
    this.#write(type, this.#renderer.object(object));
  }

  bookmark(revision: number, annotations?: Readonly<Record<string, string>>): void {
    const metadata = {
      resourceVersion: String(revision),
      ...(annotations === undefined ? {} : { annotations }),
    };
    this.#write('BOOKMARK', this.#renderer.bookmark(metadata));
  }

  /** Says why there is nothing more to come, and ends. */
  fail(status: object): void {
    this.#write('ERROR', bytes(status));
    this.#response.end();
  }

  #write(type: EventType, object: Buffer): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    if (this.#response.writableLength > LAG_LIMIT_BYTES) {
      this.#response.destroy();
      return;
    }
    this.#response.write(Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, LINE_END]));
  }
}

const LINE_END = Buffer.from('}\n');

function every(ms: number, act: () => void): () => void {
  const timer = setInterval(act, ms).unref();
  return () => clearInterval(timer);
}

function after(ms: number, act: () => void): () => void {
  const timer = setTimeout(act, Math.min(ms, 2 ** 31 - 1)).unref();
  return () => clearTimeout(timer);
}
