/** What the harness's process and the supervisor say to each other over their channel. */
import type { IPFamily } from './ip-family.ts';

export type HarnessMessage = StartMessage | { readonly kind: 'stop' };

/** Sent with the listening socket of the API. */
export interface StartMessage {
  readonly kind: 'start';
  readonly nodes: number;
  /** IPv4, or both. */
  readonly families: readonly IPFamily[];
  readonly enforcement: Enforcement;
  readonly names: NamesServed;
  /** The bearer token of the API. */
  readonly token: string;
  /** Whether the supervisor has a user namespace of its own, or is the machine's root. */
  readonly hasUserNamespace: boolean;
}

export type SupervisorMessage =
  /** The API answers. */
  | { readonly kind: 'ready'; readonly certificate: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** When the DNS server starts: with the sandbox, or when the API is first asked about a Service or given a host with a name. */
export type NamesServed = 'from the start' | 'on demand';

/** `off` is a cluster whose network plugin has no policy engine: policies are stored and never enforced. */
export type Enforcement = 'on' | 'off';
