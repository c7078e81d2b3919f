/** Groups of windows in words. */
import { describeLength } from '../../judge/windows/lengths.ts';
import { count } from '../text/text.ts';
import type { WindowGroup } from '../view/window-groups.ts';

/**
 * `gap of 3.1 s on 14 checks, all from node-2, while calico-node on node-2 restarted`,
 * `unknown for 5 s on 8 checks, all from shop/web: the agent of shop/web did not run`
 */
export function describeWindowGroup(group: WindowGroup): string {
  const { kind, why, checks, length, common, incident, began } = group;
  const [only, ...others] = checks;
  const where =
    others.length === 0 ? `${only?.pair}` : [count(checks.length, 'check'), ...asAll(common)].join(', all ');
  const what = `${kind} ${kind === 'unknown' ? 'for' : 'of'} ${describeLength(length)} on ${where}`;
  const reason = why === undefined ? '' : `: ${why}`;
  if (incident === undefined) return what + reason;
  const isBefore = incident.atMs < began.earliestMs;
  return `${what}, ${isBefore ? 'after' : 'while'} ${incident.text}${reason}`;
}

function asAll(common: readonly string[]): string[] {
  return common.length === 0 ? [] : [common.join(' and ')];
}
