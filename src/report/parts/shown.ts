/** What shows that a check is not as expected, also where new connections were as they must be. */
import { isDecidedByHeld } from '../../judge/held.ts';
import type { CheckView } from '../view/view.ts';
import { describeAttempts, underPolicies } from './attempts.ts';
import { isDecidedByWatch } from './watched.ts';

/** Whether attempts in the step were as expected, and only the watch or a held connection showed otherwise: then the reason says how. */
export function isDecidedBesides(check: CheckView): boolean {
  return isDecidedByWatch(check) || isDecidedByHeld(check);
}

/** Attempts under the policies, or what was found besides. */
export function describeShown(check: CheckView): string {
  return isDecidedBesides(check) && check.reason !== undefined
    ? check.reason
    : describeAttempts(underPolicies(check));
}
