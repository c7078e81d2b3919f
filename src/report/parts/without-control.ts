/** Passes that rest on no control: pairs that came to be only when policies were in force already. */
import { count } from '../text/text.ts';
import type { CheckView } from '../view/view.ts';

/** The checks that passed because a pair was cut off, without having been connected before any policy. */
export function passedWithoutControl(checks: readonly CheckView[]): CheckView[] {
  return checks.filter(restsOnNoControl);
}

export function restsOnNoControl({ expected, verdict, withoutControl }: CheckView): boolean {
  return (
    withoutControl !== undefined && expected === 'unreachable' && (verdict === 'pass' || verdict === 'late')
  );
}

/** `2 checks passed without a control, such as …` on one line; undefined where there are none. */
export function summariseWithoutControl(checks: readonly CheckView[]): string | undefined {
  const passed = passedWithoutControl(checks);
  const [first] = passed;
  if (first === undefined) return undefined;
  const such = passed.length === 1 ? ':' : ', such as';
  const rest = passed.length === 1 ? 'It rests' : 'They rest';
  return `${count(passed.length, 'check')} passed without a control${such} ${first.title}: ${first.withoutControl}. ${rest} on what was seen under the policies, and on the closing control where that was made`;
}
