/** Any thrown thing as the record's account of a failure. */
import { type ErrorCode, FAULT, messageOf, PodreachError } from '../errors.ts';
import type { RunDraft } from '../record/draft.ts';

export type Failure = NonNullable<RunDraft['run']['error']>;

/** Notes what a run failed on. What then went wrong where its stages were released is a warning: it must not hide the failure. */
export function noteFailure({ run, environment }: RunDraft, thrown: unknown): void {
  const later: unknown[] = [];
  let first = thrown;
  for (; isSuppressing(first); first = first.suppressed) later.unshift(first.error);
  run.error = failureOf(first);
  if (later.length > 0) environment.warnings = [...(environment.warnings ?? []), ...later.map(wordsOf)];
}

/** By its name: Node.js 22 does not have the class. */
function isSuppressing(thrown: unknown): thrown is SuppressedError {
  return thrown instanceof Error && thrown.name === 'SuppressedError';
}

function wordsOf(thrown: unknown): string {
  const { hint } = thrown instanceof PodreachError ? thrown : {};
  return [messageOf(thrown), ...(hint === undefined ? [] : [hint])].join('. ');
}

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
