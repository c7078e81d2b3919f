/** Whatever goes wrong between podreach and the API server, as one error with one line and what to do next. */
import { STATUS_CODES } from 'node:http';
import { messageOf, PodreachError } from '../errors.ts';

/** What a request was for, in words for a person and in those of RBAC. */
export interface Purpose {
  /** Follows "cannot": `create pod shop/db`. */
  readonly action: string;
  /** The RBAC verbs and the resource that it takes, for the hint; absent where every user may. */
  readonly permission?: { readonly verbs: string; readonly resource: string };
}

/** An answer of the API server that is not a success. */
export class ApiStatusError extends PodreachError {
  readonly httpStatus: number;
  /** The `reason` of the Status, such as `AlreadyExists`; empty where the answer was none. */
  readonly reason: string;
  /** The server's own words, without what they stood in the way of. */
  readonly words: string;

  constructor(
    code: 'permission-denied' | 'api-error',
    purpose: Purpose,
    answer: { readonly httpStatus: number; readonly reason: string; readonly words: string },
    hint?: string,
  ) {
    super(code, `cannot ${purpose.action}: ${answer.words}`, { hint });
    this.name = 'ApiStatusError';
    this.httpStatus = answer.httpStatus;
    this.reason = answer.reason;
    this.words = answer.words;
  }
}

/** Whether something thrown says that the object to create is there already. */
export function isAlreadyExists(thrown: unknown): boolean {
  return thrown instanceof ApiStatusError && thrown.reason === 'AlreadyExists';
}

/** Why something went wrong, without what it stood in the way of. */
export function wordsOf(thrown: unknown): string {
  return thrown instanceof ApiStatusError ? thrown.words : messageOf(thrown);
}

/** As much of a `Status` as podreach reads. */
export interface ErrorStatus {
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

/** The `Status` in a body, or undefined where it holds anything else, as the answers of proxies do. */
export function parseStatus(body: string): ErrorStatus | undefined {
  return parseJson(body, (parsed) => 'kind' in parsed && parsed.kind === 'Status');
}

/** The `Status` that ends an exec, or undefined while it is not complete. On a stream it comes without a `kind`. */
export function parseStreamStatus(text: string): ErrorStatus | undefined {
  return parseJson(
    text,
    (parsed) => 'status' in parsed && (parsed.status === 'Success' || parsed.status === 'Failure'),
  );
}

function parseJson(text: string, isStatus: (parsed: object) => boolean): ErrorStatus | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    // The shape is the API's own; every field is read as optional, and no text is taken for granted.
    return typeof parsed === 'object' && parsed !== null && isStatus(parsed)
      ? (parsed as ErrorStatus)
      : undefined;
  } catch {
    return undefined;
  }
}

/** `404 Not Found`, and what the server says about it, on one line. */
export function describeAnswer(httpStatus: number, body: string): string {
  const name = `${httpStatus} ${STATUS_CODES[httpStatus] ?? ''}`.trim();
  const words = oneLine(parseStatus(body)?.message ?? (/<\w/.test(body) ? '' : body));
  return words === '' ? `the API server answered ${name}` : `${words} (${name})`;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 1000 ? `${line.slice(0, 1000)}…` : line;
}

/** The error for an answer that is not a success. @param answer `more` follows its words */
export function statusError(
  { httpStatus, body, more }: { readonly httpStatus: number; readonly body: string; readonly more: string },
  purpose: Purpose,
  context: string,
): ApiStatusError {
  const status = parseStatus(body);
  const answer = { httpStatus, reason: status?.reason ?? '', words: describeAnswer(httpStatus, body) + more };
  if (httpStatus === 401) {
    const hint = `The credentials of context "${context}" are missing, wrong or expired: log in again.`;
    return new ApiStatusError('permission-denied', purpose, answer, hint);
  }
  // Admission answers 403 too, with words about the object; authorization says what the user cannot do.
  if (httpStatus === 403 && (status?.message === undefined || /\bUser ".*" cannot /.test(status.message))) {
    const { permission } = purpose;
    const needed = permission === undefined ? 'this' : `${permission.verbs} on ${permission.resource}`;
    const hint = `Allow ${needed} to the user of context "${context}", with a Role or a ClusterRole.`;
    return new ApiStatusError('permission-denied', purpose, answer, hint);
  }
  return new ApiStatusError('api-error', purpose, answer);
}

/** System errors in plain words. Node.js and OpenSSL name them by code. */
const TRANSPORT_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'no API server answers at',
  ENOTFOUND: 'cannot resolve the host name in',
  EAI_AGAIN: 'no name server answers for the host name in',
  EHOSTUNREACH: 'there is no route to',
  ENETUNREACH: 'there is no route to',
  ETIMEDOUT: 'no answer came from',
  ECONNRESET: 'the connection was cut by',
  EPIPE: 'the connection was cut by',
};
const CERTIFICATE_ERROR = /CERT|ISSUER|SELF_SIGNED|UNABLE_TO_VERIFY/;

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}

/** Whether a failed exchange may succeed when it is tried again: everything but a certificate that is not trusted. */
export function isTransient(thrown: unknown): boolean {
  return !CERTIFICATE_ERROR.test(codeOf(thrown));
}

/** Why an exchange with the server brought no answer, in one line. */
export function describeFailure(thrown: unknown, server: string): string {
  const code = codeOf(thrown);
  if (CERTIFICATE_ERROR.test(code)) return `the certificate of ${server} is not trusted (${code})`;
  const words = TRANSPORT_ERRORS[code];
  return words === undefined
    ? `talking to ${server} failed: ${messageOf(thrown)}`
    : `${words} ${server} (${code})`;
}

/** The error for an exchange that brought no answer. */
export function unavailableError(reason: string, purpose: Purpose, cause?: unknown): PodreachError {
  return new PodreachError('cluster-unavailable', `cannot ${purpose.action}: ${reason}`, {
    hint: 'Check that the cluster runs and that the kubeconfig leads to it.',
    cause,
  });
}

/** The error that an aborted signal stands for. */
export function abortError(signal: AbortSignal, purpose: Purpose): PodreachError {
  const reason: unknown = signal.reason;
  return reason instanceof PodreachError
    ? reason
    : new PodreachError('interrupted', `interrupted: did not ${purpose.action}`, { cause: reason });
}
