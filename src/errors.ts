/**
 * The one error type of the harness. Outcomes of attempts are data, never exceptions; an exception means
 * that podreach itself could not go on, and says what to do next.
 */

/** Why podreach could not go on. Each code belongs to one exit code, see {@link exitCodeOf}. */
export type ErrorCode =
  | 'usage' // a wrong option or argument
  | 'scenario-invalid' // a scenario or policy file that cannot be used as it is
  | 'record-unreadable' // a file that should hold the record of a run to compare does not
  | 'not-supported' // this machine cannot do what was asked (no Linux, Node.js too old)
  | 'tool-missing' // a program that the sandbox or a provider needs is not installed
  | 'cluster-unavailable' // the cluster could not be started or reached
  | 'cluster-lost' // the cluster went away during the run
  | 'permission-denied' // the API server forbids what the run needs
  | 'namespace-foreign' // a namespace exists already and is not this run's own
  | 'kind-not-served' // the cluster does not serve the kind of a policy
  | 'policy-exists' // a policy of the whole cluster exists already and is not this run's own
  | 'not-enforcing' // the cluster does not enforce policies, so nothing can be told about them
  | 'policy-rejected' // the API server refused a policy
  | 'provision-failed' // probe pods did not start
  | 'api-error' // any other answer of the API server that the run cannot go on from
  | 'interrupted' // SIGINT or SIGTERM
  | 'internal'; // a fault of podreach itself

/** A place in a file. Lines and columns count from 1; columns count UTF-16 code units, as editors do. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with an input file: what, where, and what to do. */
export interface Problem {
  readonly message: string;
  readonly location: Location;
  /** The text of the line with a caret under the place, ready to print. */
  readonly frame?: string;
  readonly hint?: string;
  /** Where the place is to be seen that is in no file. */
  readonly note?: string;
  /** Other places that belong to the same problem, such as the second of two contradictory rules. */
  readonly related?: readonly {
    readonly message: string;
    readonly location: Location;
    readonly frame?: string;
  }[];
}

export interface ErrorDetails {
  /** What to do next, as one sentence in the imperative. */
  readonly hint?: string | undefined;
  readonly location?: Location | undefined;
  /** YAML that would mend it, ready to be applied. */
  readonly manifest?: string | undefined;
  readonly cause?: unknown;
  /** Everything that is wrong with the input, when there is more than one thing to say. */
  readonly problems?: readonly Problem[];
}

export class PodreachError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly location: Location | undefined;
  readonly manifest: string | undefined;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PodreachError';
    this.code = code;
    this.hint = details.hint;
    this.location = details.location;
    this.manifest = details.manifest;
    this.problems = details.problems ?? [];
  }
}

/** The user asked to stop. The reason that an aborted run's signal carries. */
export class Interruption extends PodreachError {
  readonly signalName: 'SIGINT' | 'SIGTERM';

  constructor(signalName: 'SIGINT' | 'SIGTERM') {
    super('interrupted', `interrupted by ${signalName}`);
    this.signalName = signalName;
  }
}

/** What a process ends with that a signal ended, as a shell has it: 128 and the number of the signal. */
export const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

/** The process exit code that an error ends with when nothing else was decided: 2 for bad input, 3 for the environment. */
export function exitCodeOf(code: ErrorCode): 2 | 3 {
  return code === 'usage' || code === 'scenario-invalid' ? 2 : 3;
}

/** Begins what is said of a fault of podreach itself: of whatever is thrown that is no {@link PodreachError}. */
export const FAULT = 'podreach has failed in a way it should not';

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
