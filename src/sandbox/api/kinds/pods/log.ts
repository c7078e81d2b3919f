/** The output of containers: `pods/log`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ContainerAddress } from '../../../runtime/runtime.ts';
import type { Api } from '../../api.ts';
import { readBoolean, readCount } from '../../requests/options.ts';
import { type Reply, text } from '../../requests/reply.ts';
import { badRequest } from '../../status.ts';
import type { ObjectName, Subresource } from '../subresource.ts';
import { chooseContainer, findPod, statusOf } from './container.ts';

/** Wishes that need times or streams, which the sandbox does not keep apart. Refusing them beats a wrong answer. */
const UNSUPPORTED = ['sinceSeconds', 'sinceTime', 'timestamps', 'stream'];
/** A client that lags behind by this much is cut off. */
const LAG_LIMIT_BYTES = 16 * 1024 * 1024;

export const log: Subresource = {
  name: 'log',
  kind: 'Pod',
  verbs: ['get'],
  answer: readLog,
};

/** @throws StatusError NotFound, BadRequest */
function readLog(api: Api, address: ObjectName, query: URLSearchParams): Reply {
  const pod = findPod(api, address);
  const container = chooseContainer(pod, query.get('container') ?? '');
  const name = container.container;
  assertSupported(query);
  if (readBoolean(query, 'previous')) {
    throw badRequest(
      `previous terminated container ${JSON.stringify(name)} in pod ${JSON.stringify(address.name)} not found`,
    );
  }
  const tailLines = readCount(query, 'tailLines');
  const limitBytes = readCount(query, 'limitBytes') ?? Number.POSITIVE_INFINITY;
  const printed = api.runtime.logs(container);
  if (printed === undefined) {
    const state = statusOf(pod, name)?.state;
    const reason = state !== undefined && 'waiting' in state ? state.waiting.reason : 'ContainerCreating';
    throw badRequest(
      `container ${JSON.stringify(name)} in pod ${JSON.stringify(address.name)} is waiting to start: ${reason}`,
    );
  }
  const start = tail(printed, tailLines).subarray(0, Math.min(limitBytes, printed.length));
  if (!readBoolean(query, 'follow')) return text(200, start);
  return {
    kind: 'stream',
    open: (response) => follow(api, container, start, limitBytes - start.length, response),
  };
}

function assertSupported(query: URLSearchParams): void {
  for (const name of UNSUPPORTED) {
    const value = query.get(name);
    if (value === null || value === '' || value === 'false' || value === 'All') continue;
    throw badRequest(
      `the sandbox keeps the output of containers without times and as one stream: ${name} is not supported`,
    );
  }
}

/** The last lines; a line without its end counts as one. */
function tail(printed: Buffer, lines: number | undefined): Buffer {
  if (lines === undefined) return printed;
  if (lines === 0) return printed.subarray(printed.length);
  const NEWLINE = 0x0a;
  let end = printed.length - (printed.at(-1) === NEWLINE ? 1 : 0);
  for (let left = lines; left > 0; left -= 1) {
    end = printed.lastIndexOf(NEWLINE, end - 1);
    if (end < 0) return printed;
  }
  return printed.subarray(end + 1);
}

/** Sends what is there, and then whatever comes until the container ends, the limit is reached or the client leaves. */
function follow(
  api: Api,
  container: ContainerAddress,
  start: Buffer,
  limitBytes: number,
  response: ServerResponse<IncomingMessage>,
): void {
  response.writeHead(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-cache, private',
  });
  response.flushHeaders();
  if (start.length > 0) response.write(start);
  let left = limitBytes;
  const stop = api.runtime.followLogs(container, (chunk) => {
    if (chunk === 'end') {
      response.end();
    } else if (response.writableLength > LAG_LIMIT_BYTES) {
      response.destroy();
    } else if (!response.writableEnded) {
      response.write(chunk.subarray(0, Math.min(left, chunk.length)));
      left -= chunk.length;
      if (left <= 0) response.end();
    }
  });
  if (stop === undefined || left <= 0) response.end();
  response.on('close', () => stop?.());
}
