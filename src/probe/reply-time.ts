/** How long a handshake that is through is waited for. */

/** A handshake that is through has shown that the way is open: one whose process has no time just now is waited for. */
const LEAST_REPLY_MS = 3_000;

/** How long the reply may take when the handshake is through, where an attempt has so much time. */
export function replyTime(timeoutMs: number): number {
  return Math.max(timeoutMs, LEAST_REPLY_MS);
}
