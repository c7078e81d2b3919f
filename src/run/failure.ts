/** Any thrown thing as the record's account of a failure. */
import { type ErrorCode, messageOf, PodreachError } from '../errors.ts';
import type { RunRecord } from '../record.ts';

export type Failure = NonNullable<RunRecord['run']['error']>;

export function failureOf(thrown: unknown): Failure {
  if (!(thrown instanceof PodreachError))
    return { code: 'api-error' satisfies ErrorCode, message: messageOf(thrown) };
  const { code, message, hint, location, manifest } = thrown;
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(location === undefined ? {} : { location }),
    ...(manifest === undefined ? {} : { manifest: manifest.trimEnd().split('\n') }),
  };
}
