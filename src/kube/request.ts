/** One request to the API server: bodies pass untouched, time is bounded, and what is safe to repeat is repeated. */
import * as http from 'node:http';
import * as https from 'node:https';
import { text } from 'node:stream/consumers';
import type { Clock } from '../clock.ts';
import type { Access, ConnectionOptions } from './access.ts';
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

/** What retries need of the world. */
export interface Patience {
  readonly clock: Clock;
  /** From 0 to 1: spreads the retries of many clients. */
  readonly random: () => number;
}

interface Answer {
  readonly httpStatus: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

type Exchange =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failure'; readonly thrown: unknown };

const DEFAULT_TIMEOUT_MS = 30_000;
const TRIES = 4;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Sends a request, again where that is safe, until it has an answer.
 * @returns the body of a successful answer
 * @throws ApiStatusError for any other answer
 * @throws PodreachError `cluster-unavailable` without one, `interrupted` (or the signal's own reason) when aborted
 */
export async function send(
  access: Access,
  request: ApiRequest,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions,
  { clock, random }: Patience,
): Promise<string> {
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
    const exchange = await tryOnce(access, request, stop);
    if (exchange.kind === 'answer' && exchange.answer.httpStatus >= 200 && exchange.answer.httpStatus < 300) {
      return exchange.answer.body;
    }
    if (stop.aborted) throw stopped(exchange.kind === 'failure' ? exchange.thrown : undefined);
    if (tries === TRIES || !mayRepeat(request, exchange)) throw failureOf(access, request, exchange);
    await clock.sleep(pauseMs(exchange, tries, random), stop).catch(() => undefined); // the next turn sees why
  }
}

async function tryOnce(access: Access, request: ApiRequest, signal: AbortSignal): Promise<Exchange> {
  const { headers, ...options } = await optionsFor(access, request);
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
function optionsFor(access: Access, { method }: ApiRequest): Promise<ConnectionOptions> {
  return method === 'POST' ? access.alone() : access.shared();
}

function mayRepeat({ method }: ApiRequest, exchange: Exchange): boolean {
  if (exchange.kind === 'failure') return method !== 'POST' && isTransient(exchange.thrown);
  const { httpStatus, body } = exchange.answer;
  return httpStatus === 429 || (httpStatus >= 500 && method !== 'POST' && !isAboutTheObject(body));
}

/** Server-side apply answers an unknown field with a 500 (kubernetes/kubernetes#122480); asking again changes nothing. */
function isAboutTheObject(body: string): boolean {
  return parseStatus(body)?.message?.startsWith('failed to create typed patch object') === true;
}

function pauseMs(exchange: Exchange, tries: number, random: () => number): number {
  const asked = exchange.kind === 'answer' ? Number(exchange.answer.retryAfter) * 1000 : Number.NaN;
  const backoff = FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + random());
  return Math.min(asked >= 0 ? asked : backoff, LONGEST_PAUSE_MS);
}

function failureOf(access: Access, request: ApiRequest, exchange: Exchange): Error {
  return exchange.kind === 'answer'
    ? statusError(exchange.answer.httpStatus, exchange.answer.body, request.purpose, access.context)
    : unavailableError(describeFailure(exchange.thrown, access.server), request.purpose, exchange.thrown);
}
