/** Checks that proved nothing, by the reason why: one cause mostly has many of them. */
import { BLOCK_INDENT, renderHeadline } from '../text/block.ts';
import type { Canvas } from '../text/paint.ts';
import { count, formatNumber, wrap } from '../text/text.ts';
import type { CheckView } from '../view/view.ts';
import { describeLocation } from './describe.ts';
import { describeExpected } from './expectation.ts';
import { groupBy } from './group.ts';

export interface InconclusiveGroup {
  readonly reason: string;
  readonly checks: readonly CheckView[];
}

/** The inconclusive checks, by reason, the most frequent reason first. */
export function groupInconclusive(checks: readonly CheckView[]): InconclusiveGroup[] {
  const inconclusive = checks.filter(({ verdict }) => verdict === 'inconclusive');
  return groupBy(inconclusive, reasonOf)
    .map((group) => ({ reason: reasonOf(group[0]), checks: group }))
    .sort((left, right) => right.checks.length - left.checks.length);
}

function reasonOf(check: CheckView | undefined): string {
  return check?.reason ?? 'no reason was recorded';
}

/** The block of one reason, with the first `most` of its checks. */
export function renderInconclusive(group: InconclusiveGroup, most: number, canvas: Canvas): string[] {
  const left = group.checks.length - most;
  return [
    ...renderHeadline(
      'INCONCLUSIVE',
      'inconclusive',
      `${count(group.checks.length, 'check')}: ${group.reason}`,
      canvas,
    ),
    ...group.checks.slice(0, most).flatMap((check) => {
      const expectation = `expected ${describeExpected(check)} (${describeLocation(check.declared)})`;
      return wrap(`${check.pair}, ${expectation}`, canvas.width, `${BLOCK_INDENT}- `);
    }),
    ...(left > 0 ? [`${BLOCK_INDENT}- and ${formatNumber(left)} more`] : []),
  ];
}
