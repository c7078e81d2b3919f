/** One attempt held against the expectation. */
import type { AttemptRecord, CheckRecord } from '../record.ts';

export type Finding =
  | { readonly kind: 'agrees' }
  | { readonly kind: 'contradicts' }
  | { readonly kind: 'proves-nothing'; readonly reason: string };

const AGREES: Finding = { kind: 'agrees' };
const CONTRADICTS: Finding = { kind: 'contradicts' };

/**
 * What an attempt says about its check. Reachable needs `connected`. Unreachable needs an attempt that was cut off
 * on its way (`timeout`, `prohibited`, `refused`) to a listener proven alive in the same round: a dead listener looks
 * the same as a policy. For the same reason a failed attempt speaks against *reachable* only when the listener was alive.
 */
export function findingOf(
  expected: CheckRecord['expected'],
  attempt: Pick<AttemptRecord, 'outcome' | 'listenerAlive' | 'detail'>,
): Finding {
  switch (attempt.outcome) {
    case 'connected':
      return expected === 'reachable' ? AGREES : CONTRADICTS;
    case 'timeout':
    case 'prohibited':
    case 'refused':
      if (attempt.listenerAlive !== true) return provesNothing(listenerDoubt(attempt.listenerAlive));
      return expected === 'unreachable' ? AGREES : CONTRADICTS;
    case 'reset':
      // The handshake got through: that blocks nothing, and it does not reach anybody either.
      if (expected === 'unreachable')
        return provesNothing('the connection was opened, then cut before any reply');
      return attempt.listenerAlive === true
        ? CONTRADICTS
        : provesNothing(listenerDoubt(attempt.listenerAlive));
    case 'wrong-peer':
      return provesNothing(withDetail('something else answered', attempt.detail));
    case 'dns-failure':
      return provesNothing(withDetail('the name did not resolve', attempt.detail));
    case 'error':
      return provesNothing(withDetail('the probe could not try', attempt.detail));
  }
}

function provesNothing(reason: string): Finding {
  return { kind: 'proves-nothing', reason };
}

function listenerDoubt(alive: boolean | undefined): string {
  return alive === false
    ? 'nothing was listening on the destination port'
    : 'the destination pod could not be asked whether its port was open';
}

function withDetail(text: string, detail: string | undefined): string {
  return detail === undefined ? text : `${text}: ${detail}`;
}
