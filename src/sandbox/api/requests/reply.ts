/** Answers, as data, and the one place that sends them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { textOf } from '../json.ts';
import type { Status, StatusError } from '../status.ts';

export type Reply =
  | {
      readonly kind: 'json';
      readonly code: number;
      readonly body: Buffer;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'other'; readonly code: number; readonly type: string; readonly body: Buffer }
  /** Answers by itself, for as long as it takes. */
  | { readonly kind: 'stream'; readonly open: (response: ServerResponse<IncomingMessage>) => void };

/** An answer in JSON; the text of a stored object is made once. */
export function json(code: number, body: object, warnings: readonly string[] = []): Reply {
  return {
    kind: 'json',
    code,
    body: Object.isFrozen(body) ? textOf(body) : Buffer.from(JSON.stringify(body)),
    warnings,
  };
}

export function text(code: number, body: string | Buffer): Reply {
  return other(code, 'text/plain; charset=utf-8', Buffer.from(body));
}

/** @param type the media type */
export function other(code: number, type: string, body: Buffer): Reply {
  return { kind: 'other', code, type, body };
}

export function failure(error: StatusError): Reply {
  return json(error.code, error.status);
}

/** `Status` of a request that did what it was asked and has no object to show. */
export function success(details: Status['details']): Reply {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(details === undefined ? {} : { details }),
  };
  return json(200, status);
}

/** The head of a reply that is not a stream. */
export function headersOf(
  reply: Exclude<Reply, { kind: 'stream' }>,
): Record<string, string | number | string[]> {
  return {
    'Content-Type': reply.kind === 'json' ? 'application/json' : reply.type,
    'Content-Length': reply.body.length,
    'Cache-Control': 'no-cache, private',
    ...(reply.kind === 'json' && reply.warnings.length > 0
      ? { Warning: reply.warnings.map(warningHeader) }
      : {}),
  };
}

export function send(response: ServerResponse<IncomingMessage>, reply: Reply): void {
  if (reply.kind === 'stream') {
    reply.open(response);
    return;
  }
  response.writeHead(reply.code, headersOf(reply));
  response.end(reply.body);
}

/** RFC 7234: code 299, no agent, the text quoted. */
function warningHeader(warning: string): string {
  return `299 - "${warning.replaceAll(/["\\]/g, '\\$&').replaceAll(/[^\x20-\x7e]/g, '?')}"`;
}
