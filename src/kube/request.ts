/** One request to the API server: bodies pass untouched, time is bounded, and what is safe to repeat is repeated. */
import * as http from 'node:http';
import * as https from 'node:https';
import { text } from 'node:stream/consumers';
import type { Clock } from '../clock.ts';
import type { Access, ConnectionOptions } from './access.ts';
import { pauseMs, retryAfterMs, tooLongWords } from './backoff.ts';
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
  /** Of a POST: it changes nothing on the server. */
  readonly isSafe?: boolean;
  /** Of a POST: is told before it is repeated though the server may have carried it out. Absent: it is not repeated then. */
  readonly onDoubt?: () => void;
}

/** What retries need of the world, and how long a server is waited for. */
export interface Retrying {
  readonly clock: Clock;
  /** From 0 to 1: spreads the retries of many clients. */
  readonly random: () => number;
  /** For one call with all its tries, where the call itself does not say: an API server that restarts is back in this time. */
  readonly answerMs: number;
}

interface HttpAnswer {
  readonly httpStatus: number;
  /** How long the server asks to be left alone. */
  readonly askedMs: number | undefined;
  readonly body: string;
}

type HttpExchange =
  | { readonly kind: 'answer'; readonly answer: HttpAnswer }
  /** `isSent` where a part of the request may have reached the server. */
  | { readonly kind: 'failure'; readonly thrown: unknown; readonly isSent: boolean };

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
  { clock, random, answerMs }: Retrying,
): Promise<string> {
  const limitMs = call.answerMs ?? answerMs;
  const deadline = clock.now() + (call.outageMs ?? limitMs);
  const limit = AbortSignal.timeout(limitMs);
  const stop = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  let said: HttpExchange | undefined;
  const stopped = (cause?: unknown): Error =>
    signal?.aborted
      ? abortError(signal, request.purpose)
      : overdueError(access, request, { limitMs, said, cause });

  let failures = 0;
  for (let tries = 1; ; tries += 1) {
    if (stop.aborted) throw stopped();
    const exchange = await tryAuthorized(access, request, stop).catch((thrown: unknown) => {
      throw thrown === stop.reason ? stopped(thrown) : thrown;
    });
    const body = successIn(exchange);
    if (body !== undefined) return body;
    said = lastSaid(said, exchange);
    if (stop.aborted) throw stopped(exchange.kind === 'failure' ? exchange.thrown : undefined);
    const pause = pauseMs({ tries, random, askedMs: askedMsOf(exchange) });
    failures += Number(!isOutage(exchange));
    const isOver = clock.now() + pause > deadline || failures === TRIES;
    const prospect = prospectOf(request, exchange);
    if (isOver || prospect === 'final') throw failureOf(access, request, exchange, deadline - clock.now());
    if (prospect === 'doubtful') request.onDoubt?.();
    await clock.sleep(pause, stop).catch(() => undefined); // the next turn sees why
  }
}

/** Once more with credentials that are read anew where the server did not take them; it has done nothing then. */
async function tryAuthorized(
  access: Access,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<HttpExchange> {
  const { generation } = access;
  const exchange = await tryOnce(access, request, signal);
  if (exchange.kind === 'failure' || exchange.answer.httpStatus !== 401) return exchange;
  access.renew(generation);
  return tryOnce(access, request, signal);
}

async function tryOnce(access: Access, request: ApiRequest, signal: AbortSignal): Promise<HttpExchange> {
  const { headers, ...options } = await optionsFor(access, request, signal);
  const url = new URL(access.server + request.path);
  const { request: open } = url.protocol === 'http:' ? http : https;
  return await new Promise((resolve) => {
    // A connection that is kept holds on to its first request for good: not to the answer as well.
    let settle: typeof resolve | undefined = resolve;
    const end = (exchange: HttpExchange): void => {
      settle?.(exchange);
      settle = undefined;
    };
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
    // Of the others it does not matter; and a connection that is kept would gather listeners.
    let isSent = !creates(request);
    const fail = (thrown: unknown): void => end({ kind: 'failure', thrown, isSent });
    if (!isSent) {
      onceConnected(message, url.protocol, () => {
        isSent = true;
      });
    }
    message.on('error', fail);
    message.on('response', (response) => {
      const { statusCode: httpStatus = 0 } = response;
      const askedMs = retryAfterMs(response.headers);
      text(response).then((body) => end({ kind: 'answer', answer: { httpStatus, askedMs, body } }), fail);
    });
    message.end(request.body?.text);
  });
}

/** Tells from when on a request that has a connection of its own may be on its way to the server. */
function onceConnected(message: http.ClientRequest, protocol: string, tell: () => void): void {
  message.on('socket', (socket) => {
    if (protocol === 'https:') socket.once('secureConnect', tell);
    else if (socket.connecting) socket.once('connect', tell);
    else tell();
  });
}

/** Node.js sends the body of a DELETE without saying how long it is, unless it is told to. */
function bodyHeaders({ body }: ApiRequest): Record<string, string | number> {
  return body === undefined
    ? {}
    : { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) };
}

/**
 * A server may close an idle connection in the moment in which it is used again. Whoever may repeat need not care; a request that
 * creates must not simply be repeated once the server may have read it, and so gets a connection of its own.
 */
function optionsFor(access: Access, request: ApiRequest, signal: AbortSignal): Promise<ConnectionOptions> {
  return creates(request) ? access.alone(signal) : access.shared(signal);
}

function creates({ method, isSafe = false }: ApiRequest): boolean {
  return method === 'POST' && !isSafe;
}

/** Whether a request may be sent again: without a second thought, or only by who can tell what has become of the first. */
function prospectOf(request: ApiRequest, exchange: HttpExchange): 'final' | 'repeatable' | 'doubtful' {
  if (exchange.kind === 'failure' && !isTransient(exchange.thrown)) return 'final';
  if (isUntouched(exchange)) return 'repeatable';
  if (creates(request)) return request.onDoubt !== undefined && isOutage(exchange) ? 'doubtful' : 'final';
  if (exchange.kind === 'failure') return 'repeatable';
  const { httpStatus, body } = exchange.answer;
  return httpStatus >= 500 && !isAboutTheObject(body) ? 'repeatable' : 'final';
}

/** Whether the server cannot have carried it out. */
function isUntouched(exchange: HttpExchange): boolean {
  return exchange.kind === 'failure' ? !exchange.isSent : exchange.answer.httpStatus === 429;
}

/** The body of a successful answer. */
function successIn(exchange: HttpExchange): string | undefined {
  if (exchange.kind === 'failure') return undefined;
  const { httpStatus, body } = exchange.answer;
  return httpStatus >= 200 && httpStatus < 300 ? body : undefined;
}

function askedMsOf(exchange: HttpExchange): number | undefined {
  return exchange.kind === 'answer' ? exchange.answer.askedMs : undefined;
}

function isOutage(exchange: HttpExchange): boolean {
  return exchange.kind === 'failure' || OUTAGES.has(exchange.answer.httpStatus);
}

/** Server-side apply answers an unknown field with a 500 (kubernetes/kubernetes#122480); asking again changes nothing. */
function isAboutTheObject(body: string): boolean {
  return parseStatus(body)?.message?.startsWith('failed to create typed patch object') === true;
}

/** The last that the server has answered, if anything. */
function lastSaid(before: HttpExchange | undefined, exchange: HttpExchange): HttpExchange | undefined {
  return exchange.kind === 'answer' ? exchange : before;
}

/** The time of a call is up. What the server said before says more than that it did not get round to saying it again. */
function overdueError(
  access: Access,
  request: ApiRequest,
  {
    limitMs,
    said,
    cause,
  }: { readonly limitMs: number; readonly said: HttpExchange | undefined; readonly cause: unknown },
): Error {
  if (said !== undefined) return failureOf(access, request, said, Number.POSITIVE_INFINITY);
  const words = `no answer from ${access.server} within ${limitMs / 1000} s`;
  return unavailableError(words, request.purpose, cause);
}

function failureOf(access: Access, { purpose }: ApiRequest, exchange: HttpExchange, leftMs: number): Error {
  if (exchange.kind === 'failure')
    return unavailableError(describeFailure(exchange.thrown, access.place), purpose, exchange.thrown);
  const { httpStatus, body, askedMs = 0 } = exchange.answer;
  const more = askedMs > leftMs ? tooLongWords(askedMs) : '';
  return statusError({ httpStatus, body, more }, purpose, access.context);
}
