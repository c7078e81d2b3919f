/** Groups of windows in words. */
import { describeLength } from '../../judge/windows/lengths.ts';
import { count } from '../text/text.ts';
import type { WindowGroup } from '../view/window-groups.ts';
import { describeSeer } from './new-pods.ts';

/**
 * `gap of 3.1 s on 14 checks, all from node-2, while calico-node on node-2 restarted`,
 * `leak of 0.2 to 0.5 s on 2 checks, seen by the new pod shop/web-new-3 on node-2, for its first 0.3 to 0.5 s`,
 * `unknown for 5 s on 8 checks, all from shop/web: the agent of shop/web did not run`
 */
export function describeWindowGroup(group: WindowGroup): string {
  const { kind, why, checks, length, common, incident, began, newPod } = group;
  const [only, ...others] = checks;
  const where =
    others.length === 0 ? `${only?.pair}` : [count(checks.length, 'check'), ...asAll(common)].join(', all ');
  const seen = newPod === undefined ? '' : `, ${describeSeer(newPod)}`;
  const what = `${kind} ${kind === 'unknown' ? 'for' : 'of'} ${describeLength(length)} on ${where}${seen}`;
  const reason = why === undefined ? '' : `: ${why}`;
  if (incident === undefined) return what + reason;
  const isBefore = incident.atMs < began.earliestMs;
  return `${what}, ${isBefore ? 'after' : 'while'} ${incident.text}${reason}`;
}

function asAll(common: readonly string[]): string[] {
  return common.length === 0 ? [] : [common.join(' and ')];
}
