/**
 * How probable a false cut is at most: that a pair which connects is taken for one that is cut off, because packets got lost. The
 * derivation stands in docs/verdicts.md.
 */
import { DIALS_AT } from './packets.ts';

/** Attempts in a row: as a rule, and where packets were seen to get lost. */
const ROW = 2;
const LONG_ROW = 6;
/** A row may begin in so many rounds: of the ten seconds that a leak is tried for; and before a pair that must connect is confirmed and looked at again. */
const BEGINNINGS = { unreachable: 16, reachable: 3 } as const;
type Expected = keyof typeof BEGINNINGS;
/** What else must have gone well at once for nobody to notice: the control's dial, and a visit or a witness. */
const LEAST_NOTICING = 2;

/** How probable it is that a dial stays unanswered. @param loss of a packet, in each direction that loses any */
export function unanswered(loss: number, direction: 'both' | 'one'): number {
  return direction === 'both' ? 1 - (1 - loss) ** 2 : loss;
}

/**
 * Of one check.
 * @param q see {@link unanswered}
 * @param noticing how many dials and visits there were that show the loss, unless each of them goes well at once
 */
export function falseCut(q: number, expected: Expected, noticing: number = LEAST_NOTICING): number {
  const attempt = q ** DIALS_AT.length;
  const unnoticed = (1 - q) ** noticing;
  // In each round before the row there was one more dial that goes unnoticed with 1 - q: all of these together are at most 1 / q.
  const beginnings = Math.min(BEGINNINGS[expected], 1 / q);
  return beginnings * unnoticed * attempt ** ROW + BEGINNINGS[expected] * attempt ** LONG_ROW;
}

/** Of a check that is one of many: each pod is tried from each other, and all ways lose packets alike. */
export function falseCutAmong(pods: number, q: number, expected: Expected): number {
  const dialsAtBothEnds = 2 * 2 * (pods - 1) - 2;
  return falseCut(q, expected, LEAST_NOTICING + dialsAtBothEnds - 1);
}

/** That there is one among them. */
export function anyFalseCutAmong(pods: number, q: number, expected: Expected): number {
  return Math.min(1, pods * (pods - 1) * falseCutAmong(pods, q, expected));
}
