/** One request to the API server: bodies pass untouched, time is bounded, and what is safe to repeat is repeated. */
import * as http from 'node:http';
import * as https from 'node:https';
import { text } from 'node:stream/consumers';
import type { Clock } from '../clock.ts';
import type { Access, ConnectionOptions } from './access.ts';
import { pauseMs, retryAfterMs } from './backoff.ts';
import {
  abortError,
  describeFailure,
  isTransient,
  type Purpose,
  parseStatus,
  statusError,
  unavailableError,
} from './errors.ts';
import type { CallOptions } from './kube.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** From the root of the API, with its query. */
  readonly path: string;
  readonly body?: { readonly type: string; readonly text: string };
  readonly purpose: Purpose;
}

/** What retries need of the world, and how long a server is waited for. */
export interface Patience {
  readonly clock: Clock;
  /** From 0 to 1: spreads the retries of many clients. */
  readonly random: () => number;
  /** For one call with all its tries, where the call itself does not say: an API server that restarts is back in this time. */
  readonly answerMs: number;
}

interface Answer {
  readonly httpStatus: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

type Exchange =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failure'; readonly thrown: unknown };

/** Of a request that the server fails on, and not only for the moment. */
const TRIES = 4;
/** The server, or what stands before it, cannot serve anybody now. */
const OUTAGES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Sends a request, again where that is safe, until it has an answer.
 * @returns the body of a successful answer
 * @throws ApiStatusError for any other answer
 * @throws PodreachError `cluster-unavailable` without one, `interrupted` (or the signal's own reason) when aborted
 */
export async function send(
  access: Access,
  request: ApiRequest,
  { signal, ...call }: CallOptions,
  { clock, random, answerMs }: Patience,
): Promise<string> {
  const timeoutMs = call.timeoutMs ?? answerMs;
  const deadline = clock.now() + (call.outageMs ?? timeoutMs);
  const limit = AbortSignal.timeout(timeoutMs);
  const stop = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  const stopped = (cause?: unknown): Error =>
    signal?.aborted
      ? abortError(signal, request.purpose)
      : unavailableError(
          `no answer from ${access.server} within ${timeoutMs / 1000} s`,
          request.purpose,
          cause,
        );

  for (let tries = 1; ; tries += 1) {
    if (stop.aborted) throw stopped();
    const exchange = await tryAuthorized(access, request, stop).catch((thrown: unknown) => {
      throw thrown === stop.reason ? stopped(thrown) : thrown;
    });
    if (exchange.kind === 'answer' && exchange.answer.httpStatus >= 200 && exchange.answer.httpStatus < 300) {
      return exchange.answer.body;
    }
    if (stop.aborted) throw stopped(exchange.kind === 'failure' ? exchange.thrown : undefined);
    const pause = pauseMs({ tries, random, askedMs: askedMsOf(exchange) });
    const isOver = isOutage(exchange) ? clock.now() + pause > deadline : tries === TRIES;
    if (isOver || !mayRepeat(request, exchange)) throw failureOf(access, request, exchange);
    await clock.sleep(pause, stop).catch(() => undefined); // the next turn sees why
  }
}

/** Once more with credentials that are read anew where the server did not take them; it has done nothing then. */
async function tryAuthorized(access: Access, request: ApiRequest, signal: AbortSignal): Promise<Exchange> {
  const { generation } = access;
  const exchange = await tryOnce(access, request, signal);
  if (exchange.kind === 'failure' || exchange.answer.httpStatus !== 401) return exchange;
  access.renew(generation);
  return tryOnce(access, request, signal);
}

async function tryOnce(access: Access, request: ApiRequest, signal: AbortSignal): Promise<Exchange> {
  const { headers, ...options } = await optionsFor(access, request, signal);
  const url = new URL(access.server + request.path);
  const { request: open } = url.protocol === 'http:' ? http : https;
  return await new Promise((resolve) => {
    const message = open(url, {
      ...options,
      method: request.method,
      headers: {
        ...headers,
        accept: 'application/json',
        'user-agent': 'podreach',
        ...bodyHeaders(request),
      },
      signal,
    });
    const fail = (thrown: unknown): void => resolve({ kind: 'failure', thrown });
    message.on('error', fail);
    message.on('response', (response) => {
      const { statusCode: httpStatus = 0 } = response;
      const retryAfter = response.headers['retry-after'];
      text(response).then(
        (body) => resolve({ kind: 'answer', answer: { httpStatus, retryAfter, body } }),
        fail,
      );
    });
    message.end(request.body?.text);
  });
}

/** Node.js sends the body of a DELETE without saying how long it is, unless it is told to. */
function bodyHeaders({ body }: ApiRequest): Record<string, string | number> {
  return body === undefined
    ? {}
    : { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) };
}

/**
 * A server may close an idle connection in the moment in which it is used again. Whoever may repeat need not care; a POST
 * creates, must not be repeated once the server may have read it, and so gets a connection of its own.
 */
function optionsFor(access: Access, { method }: ApiRequest, signal: AbortSignal): Promise<ConnectionOptions> {
  return method === 'POST' ? access.alone(signal) : access.shared(signal);
}

function mayRepeat({ method }: ApiRequest, exchange: Exchange): boolean {
  if (exchange.kind === 'failure') return method !== 'POST' && isTransient(exchange.thrown);
  const { httpStatus, body } = exchange.answer;
  return httpStatus === 429 || (httpStatus >= 500 && method !== 'POST' && !isAboutTheObject(body));
}

function askedMsOf(exchange: Exchange): number | undefined {
  return exchange.kind === 'answer' ? retryAfterMs(exchange.answer.retryAfter) : undefined;
}

function isOutage(exchange: Exchange): boolean {
  return exchange.kind === 'failure' || OUTAGES.has(exchange.answer.httpStatus);
}

/** Server-side apply answers an unknown field with a 500 (kubernetes/kubernetes#122480); asking again changes nothing. */
function isAboutTheObject(body: string): boolean {
  return parseStatus(body)?.message?.startsWith('failed to create typed patch object') === true;
}

function failureOf(access: Access, request: ApiRequest, exchange: Exchange): Error {
  return exchange.kind === 'answer'
    ? statusError(exchange.answer.httpStatus, exchange.answer.body, request.purpose, access.context)
    : unavailableError(describeFailure(exchange.thrown, access.place), request.purpose, exchange.thrown);
}
