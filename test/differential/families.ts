/** Both families are tried everywhere; what has room for one of them takes them in turn. */
import type { Family } from '../../src/model/family.ts';

/** That of which a topology has more, and the other. @param turn of the topology */
export function familiesInTurn(turn: number): readonly [Family, Family] {
  return turn % 2 === 0 ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4'];
}
