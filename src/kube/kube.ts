/**
 * The Kubernetes API as the harness sees it. `connect.ts` makes one from a kubeconfig; this is the only folder that
 * imports the Kubernetes client.
 */
import type { Labels } from '../model/labels.ts';

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Labels;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}

/** Any object of the API, as plain JSON: nothing is dropped, renamed or defaulted on its way. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** The plural resource names that podreach touches, with the API group they live in. */
export const RESOURCES = {
  namespaces: { base: '/api/v1', namespaced: false },
  nodes: { base: '/api/v1', namespaced: false },
  pods: { base: '/api/v1', namespaced: true },
  secrets: { base: '/api/v1', namespaced: true },
  events: { base: '/api/v1', namespaced: true },
  services: { base: '/api/v1', namespaced: true },
  endpointslices: { base: '/apis/discovery.k8s.io/v1', namespaced: true },
  daemonsets: { base: '/apis/apps/v1', namespaced: true },
  networkpolicies: { base: '/apis/networking.k8s.io/v1', namespaced: true },
} as const;
export type Resource = keyof typeof RESOURCES;

/** A kind that not every cluster serves, as its API server names it. */
export interface ServedKind {
  /** Such as `cilium.io/v2`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
}

export interface ObjectAddress {
  readonly resource: Resource | ServedKind;
  readonly namespace?: string;
  readonly name: string;
}

export interface ListQuery {
  readonly resource: Resource | ServedKind;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For this one call with all its tries, from connecting to the end of the answer. Default 30 s. */
  readonly answerMs?: number;
  /** For how long a server that does not serve is asked again. Default: as long as the call may take. */
  readonly outageMs?: number;
}

/** A command to be run in a container. */
export interface ExecRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
  /** Ends the session, and with it the question that is open. */
  readonly signal?: AbortSignal;
}

/** A command that runs in a container for as long as it is asked, each answer on the same stream. */
export interface ExecSession {
  /** False from its end on, or after an answer that did not come: then it answers nothing any more. */
  readonly isOpen: boolean;
  /** One at a time. The first starts the command. Never rejects: see {@link ExecResult}. */
  ask(question: ExecQuestion): Promise<ExecResult>;
  /** Ends it. What the command still does is its own affair: its input ends. */
  close(): void;
}

export interface ExecQuestion {
  /** Written to standard input in one piece. */
  readonly input: string;
  /** Whether a line of standard output is the last of the answer. */
  readonly isLast: (line: string) => boolean;
  /** From now to the whole answer; with the first question, the handshake included. */
  readonly answerMs: number;
}

/** How a question to an exec ended. Never an exception: a broken exec is an outcome. */
export type ExecResult =
  /** All lines up to the last. */
  | { readonly kind: 'answered'; readonly stdout: string }
  /** The command ended instead. */
  | { readonly kind: 'exited'; readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  /** Neither came: refused, timed out, cut off, or the server's own failure. Nothing is proven by `stdout`. */
  | (BrokenExec & { readonly stdout: string; readonly stderr: string });

interface BrokenExec {
  readonly kind: 'broken';
  readonly reason: string;
  /** Whether the same question may be answered when it is asked again, of a new exec. */
  readonly mayHeal: boolean;
  /** How long the server asked to be left alone. */
  readonly retryAfterMs?: number;
}

/** Something that a user may or may not do. */
export interface AccessQuestion {
  readonly verb: string;
  /** Empty: the core group. */
  readonly group: string;
  /** The plural name, with its subresource: `pods/exec`. */
  readonly resource: string;
  /** Absent: everywhere. */
  readonly namespace?: string;
  /** Absent: every object. */
  readonly name?: string;
}

/** All methods that ask the server throw `PodreachError` (`permission-denied`, `api-error`, `cluster-unavailable`, `interrupted`). */
export interface Kube {
  /** The API server's address, such as `https://127.0.0.1:6443`. */
  readonly server: string;
  readonly context: string;
  /** `GET /version`'s `gitVersion`. */
  version(options?: CallOptions): Promise<string>;
  /** The object, or undefined where there is none. */
  get(address: ObjectAddress, options?: CallOptions): Promise<KubeObject | undefined>;
  /** Any path of the API with a JSON answer, for what podreach only looks at; undefined where there is nothing. */
  read(path: string, options?: CallOptions): Promise<unknown>;
  /** The API server's own answer (SelfSubjectAccessReview), whatever authorizes there. */
  mayI(question: AccessQuestion, options?: CallOptions): Promise<boolean>;
  /** The user's name as the API server knows it; undefined where it does not say. */
  whoAmI(options?: CallOptions): Promise<string | undefined>;
  list(query: ListQuery, options?: CallOptions): Promise<readonly KubeObject[]>;
  /**
   * POST: fails with `api-error` (reason `AlreadyExists`) where the object exists. One with labels is repeated where nobody can tell
   * whether it was carried out; what exists then and has all of them is taken for what the first try created. So one of them must be
   * the caller's alone. `as` is its kind, where that is none of {@link RESOURCES}.
   */
  create(object: KubeObject, options?: CallOptions & { readonly as?: ServedKind }): Promise<KubeObject>;
  /**
   * Server-side apply. `body` is sent untouched, as YAML or JSON text, with `fieldValidation=Strict`, so that what the
   * user wrote is what the server judges.
   */
  apply(address: ObjectAddress, body: string, options?: CallOptions): Promise<KubeObject>;
  /** Merges into an object: what is given is set, null takes away, and all else stays as it is. Carried out twice, it changes nothing more. */
  patch(address: ObjectAddress, change: object, options?: CallOptions): Promise<KubeObject>;
  /** Deletes in the background; an object that is not there is fine. */
  delete(address: ObjectAddress, options?: CallOptions): Promise<void>;
  /** Makes a session; nothing is sent before its first question. */
  exec(request: ExecRequest): ExecSession;
  /** Closes idle connections. */
  close(): void;
}
