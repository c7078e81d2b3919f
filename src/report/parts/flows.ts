/** Ways between pods as they were found, for drawings. */
import { isDecidedByHeld } from '../../judge/held.ts';
import type { CheckView, StepView } from '../view/view.ts';

/** `open`: as it must be; `leaked`: open and must not be; `shut`: must be open, and was not, or not always. */
export type FlowStyle = 'open' | 'leaked' | 'shut';

export interface ShownFlow {
  readonly check: CheckView;
  readonly style: FlowStyle;
}

/** What {@link FlowStyle} means, for a legend. */
export const FLOW_LEGEND =
  'An arrow is a way that is open. A thick one is open and must not be; a dotted one must be open and was not, or not always.';

/** The ways that are open, or were to be. What was found shut as it must be, also where a connection that was open before was not kept, and what was not proven, is none. */
export function flowsOf({ checks }: Pick<StepView, 'checks'>): ShownFlow[] {
  return checks.flatMap((check) => {
    const style = styleOf(check);
    return style === undefined ? [] : [{ check, style }];
  });
}

function styleOf(check: CheckView): FlowStyle | undefined {
  const { expected, verdict } = check;
  switch (verdict) {
    case 'pass':
    case 'late': // at last it was as it must be
      return expected === 'reachable' ? 'open' : undefined;
    case 'leaked':
      return 'leaked';
    case 'flapping':
      return expected === 'reachable' ? 'shut' : 'leaked';
    case 'broken':
      return isDecidedByHeld(check) ? undefined : 'shut';
    default:
      return undefined;
  }
}
