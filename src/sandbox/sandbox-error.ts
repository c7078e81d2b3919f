/** Why the sandbox could not be started. The sandbox knows nothing of the harness and has an error type of its own. */

export type SandboxErrorCode =
  | 'not-supported' // this machine cannot run a sandbox as it is set up
  | 'tool-missing' // a program is not installed
  | 'start-failed'; // anything else

export class SandboxError extends Error {
  readonly code: SandboxErrorCode;
  /** What to do next, as one sentence in the imperative. */
  readonly hint: string | undefined;

  constructor(code: SandboxErrorCode, message: string, hint?: string) {
    super(message);
    this.name = 'SandboxError';
    this.code = code;
    this.hint = hint;
  }
}
