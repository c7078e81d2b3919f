/** Any thrown thing as the record's account of a failure. */
import { type ErrorCode, FAULT, messageOf, PodreachError } from '../errors.ts';
import type { RunRecord } from '../record.ts';

export type Failure = NonNullable<RunRecord['run']['error']>;

export function failureOf(thrown: unknown): Failure {
  if (!(thrown instanceof PodreachError)) {
    const stack = thrown instanceof Error ? thrown.stack?.split('\n') : undefined;
    return {
      code: 'internal' satisfies ErrorCode,
      message: `${FAULT}: ${messageOf(thrown)}`,
      hint: 'Please report this, with the stack that the JSON report has under error.',
      ...(stack === undefined ? {} : { stack }),
    };
  }
  const { code, message, hint, location, manifest } = thrown;
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(location === undefined ? {} : { location }),
    ...(manifest === undefined ? {} : { manifest: manifest.trimEnd().split('\n') }),
  };
}
