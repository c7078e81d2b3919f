/** The API's failures: `Status` objects with the codes, reasons and messages of a real API server. */

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  /** Absent where a real server gives none: a failure that it has no word for. */
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** A resource or a kind as messages name it: `pods`, `NetworkPolicy.networking.k8s.io`. */
export interface Named {
  readonly group: string;
  readonly name: string;
}

/** An answer of the API that is a failure. Its message is the `Status`' message. */
export class StatusError extends Error {
  readonly status: Status;
  readonly code: number;

  constructor(code: number, reason: string | undefined, message: string, details?: StatusDetails) {
    super(message);
    this.name = 'StatusError';
    this.code = code;
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason === undefined ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

function qualified(named: Named): string {
  return named.group === '' ? named.name : `${named.name}.${named.group}`;
}

function detailsOf(named: Named, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(named.group === '' ? {} : { group: named.group }),
    kind: named.name,
  };
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized');
}

export function forbidden(
  resource: Named,
  name: string,
  why: string,
  causes: readonly StatusCause[] = [],
): StatusError {
  return new StatusError(
    403,
    'Forbidden',
    `${qualified(resource)} ${JSON.stringify(name)} is forbidden: ${why}`,
    {
      ...detailsOf(resource, name),
      ...(causes.length === 0 ? {} : { causes }),
    },
  );
}

export function notFound(resource: Named, name: string): StatusError {
  const message = `${qualified(resource)} ${JSON.stringify(name)} not found`;
  return new StatusError(404, 'NotFound', message, detailsOf(resource, name));
}

/** For a path that leads to nothing that is served. */
export function noSuchPath(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

export function alreadyExists(resource: Named, name: string): StatusError {
  const message = `${qualified(resource)} ${JSON.stringify(name)} already exists`;
  return new StatusError(409, 'AlreadyExists', message, detailsOf(resource, name));
}

export function conflict(resource: Named, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} ${JSON.stringify(name)}: ${why}`;
  return new StatusError(409, 'Conflict', message, detailsOf(resource, name));
}

/** A server-side apply that would take fields from other managers. */
export function applyConflict(message: string, causes: readonly StatusCause[]): StatusError {
  return new StatusError(409, 'Conflict', message, { causes });
}

export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message);
}

export function tooLarge(limitBytes: number): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`);
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new StatusError(415, 'UnsupportedMediaType', message);
}

/** A patch that cannot be applied to the object: a real server hides the cause behind a general message. */
export function unprocessablePatch(why: string): StatusError {
  return new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {
    causes: [{ reason: 'UnexpectedServerResponse', message: why }],
  });
}

export function internalError(why: string): StatusError {
  return new StatusError(500, 'InternalError', `Internal error occurred: ${why}`, {
    causes: [{ message: why }],
  });
}

/** A failure that a real server has no reason for; it answers 500 with the bare message. */
export function unclassified(message: string): StatusError {
  return new StatusError(500, undefined, message);
}

/** A resourceVersion that this server has not reached: one of another, longer-lived server. */
export function resourceVersionTooLarge(asked: number, current: number): StatusError {
  return new StatusError(
    504,
    'Timeout',
    `Timeout: Too large resource version: ${asked}, current: ${current}`,
    {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  );
}

/** One thing wrong with a field; `body` is the message without the field's name. */
export interface Invalidity {
  readonly type:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueForbidden'
    | 'FieldValueDuplicate'
    | 'FieldValueNotSupported'
    | 'FieldValueNotFound'
    | 'FieldValueTooLong';
  readonly field: string;
  readonly body: string;
}

/** 422 with every invalidity as a cause; the message repeats each text once, as the real one does. */
export function invalid(kind: Named, name: string, invalidities: readonly Invalidity[]): StatusError {
  const texts = [...new Set(invalidities.map((one) => `${one.field}: ${one.body}`))];
  const all = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new StatusError(422, 'Invalid', `${qualified(kind)} ${JSON.stringify(name)} is invalid: ${all}`, {
    ...detailsOf(kind, name),
    causes: invalidities.map((one) => ({ reason: one.type, message: one.body, field: one.field })),
  });
}
