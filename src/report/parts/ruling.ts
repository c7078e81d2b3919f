/** What policies mean for a connection, and which of them decide. */
import type { Location } from '../../errors.ts';
import { describeLocation } from './describe.ts';

interface ShownAnswer {
  readonly verdict: string;
  readonly rule?: string;
  readonly reason?: string;
  /** The pods of a Service that are denied, where others are not. */
  readonly denied?: readonly string[];
}

interface ShownGround {
  readonly direction: string;
  readonly policy: string;
  /** Counts from 1; absent: the whole policy. */
  readonly rule?: number;
  readonly location?: Location;
}

/** `denied by the ingress of policy shop/deny (policies.yaml:3)` */
export function describeRuling(
  { verdict, rule, reason, denied }: ShownAnswer,
  grounds: readonly ShownGround[],
): string {
  const list = grounds.map(describeGround).join(', ');
  if (verdict === 'undefined') {
    const why = [rule, reason].filter((part) => part !== undefined).join(': ');
    return `left open${why === '' ? '' : ` (${why})`}${list === '' ? '' : `; it depends on ${list}`}`;
  }
  if (denied !== undefined) return `allowed in part: ${denied.join(', ')} denied by ${list}`;
  if (list === '') return `${verdict}: no policy has a say`;
  return `${verdict} by ${list}`;
}

function describeGround({ direction, policy, rule, location }: ShownGround): string {
  return `${rule === undefined ? `the ${direction} of` : `${direction} rule ${rule} of`} policy ${policy}${location === undefined ? '' : ` (${describeLocation(location)})`}`;
}
