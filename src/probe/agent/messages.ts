/** What goes over the wire between agents. */

/** No message of the protocol is longer: names of namespaces and pods are bounded by the API. */
export const LONGEST_MESSAGE = 1024;

export interface AgentIdentity {
  readonly runId: string;
  readonly pod: string;
}

export type PeerReply =
  | { readonly kind: 'partial' }
  | { readonly kind: 'agent'; readonly identity: AgentIdentity }
  | { readonly kind: 'foreign'; readonly detail: string };

export const REQUEST_PREFIX = 'podreach ';
/** A request that may come again and again over the same connection, which stays open. */
export const HOLD_PREFIX = 'podreach-hold ';

/** Unlike any other, not secret: loading `node:crypto` for it would be a tenth of the time that a probe takes to start. */
export function newNonce(): string {
  return Math.random().toString(16).slice(2, 18).padEnd(16, '0');
}

/** The answer to a request, or undefined for anything that is not one. */
export function replyTo(request: string, self: AgentIdentity): string | undefined {
  return /^podreach(-hold)? [0-9a-f]{16}\n$/.test(request)
    ? `${request.slice(0, -1)} ${self.runId} ${self.pod}\n`
    : undefined;
}

/** Reads as much of a reply as has come; whatever cannot become one any more is foreign at once. */
export function readReply(text: string, nonce: string, requestPrefix = REQUEST_PREFIX): PeerReply {
  const prefix = `${requestPrefix}${nonce} `;
  if (!text.startsWith(prefix)) {
    return prefix.startsWith(text)
      ? { kind: 'partial' }
      : { kind: 'foreign', detail: 'not a podreach agent' };
  }
  const end = text.indexOf('\n');
  if (end === -1 && text.length < LONGEST_MESSAGE) {
    return { kind: 'partial' };
  }
  const [runId, pod, ...rest] = text.slice(prefix.length, Math.max(end, 0)).split(' ');
  return runId && pod && rest.length === 0
    ? { kind: 'agent', identity: { runId, pod } }
    : { kind: 'foreign', detail: 'not a podreach agent' };
}
