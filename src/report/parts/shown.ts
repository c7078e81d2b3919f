/** What shows that a check is not as expected, also where new connections were as they must be. */
import { isDecidedByHeld } from '../../judge/held.ts';
import type { CheckView } from '../view/view.ts';
import { describeAttempts, underPolicies } from './attempts.ts';
import { isDecidedByFirstInstant } from './first-instant.ts';
import { isDecidedByWatch } from './watched.ts';

/** Whether attempts in the step were as expected, and something else showed otherwise: then the reason says how. */
export function isDecidedBesides(check: CheckView): boolean {
  return isMomentary(check) || isDecidedByHeld(check);
}

/** Whether it was so for a time only. */
export function isMomentary(check: CheckView): boolean {
  return isDecidedByWatch(check) || isDecidedByFirstInstant(check);
}

/** Attempts under the policies, or what was found besides. */
export function describeShown(check: CheckView): string {
  return isDecidedBesides(check) && check.reason !== undefined
    ? check.reason
    : describeAttempts(underPolicies(check));
}
