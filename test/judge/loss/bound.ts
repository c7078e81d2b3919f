/**
 * How probable a false cut is at most: that a pair which connects is taken for one that is cut off, because packets got lost. The
 * derivation stands in docs/verdicts.md.
 */
import { DIALS_AT } from './packets.ts';

/** Attempts in a row: as a rule, and where packets were seen to get lost. */
const ROW = 2;
const LONG_ROW = 6;
type Expected = 'unreachable' | 'reachable';

/**
 * In how many rounds a row of cuts may begin. A leak is tried for ten seconds. A pair that must connect is tried until it has connected
 * twice in a row, and then once more: the expected number of rounds until then.
 * @param attempt how probable it is that an attempt fails
 */
function beginnings(expected: Expected, attempt: number): number {
  return expected === 'unreachable' ? 28 : (3 - 2 * attempt) / (1 - attempt) ** 2;
}

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
  const rounds = beginnings(expected, attempt);
  const unnoticed = (1 - q) ** noticing;
  // In each round before the row there was one more dial that goes unnoticed with 1 - q: all of these together are at most 1 / q.
  return Math.min(rounds, 1 / q) * unnoticed * attempt ** ROW + rounds * attempt ** LONG_ROW;
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
