/** Two weeks of nights: a leak that was mended, a check that is flaky, and an upgrade after which policies took longer. */
import type { RunRecord } from '../../../src/record/schema.ts';
import { nights } from '../../compare/records.ts';

export function fortnight(): RunRecord[] {
  return nights(
    Array.from({ length: 14 }, (_, night) => {
      const isUpgraded = night > 8;
      return {
        cut: night > 2 && night < 6 ? 'leaked' : 'pass',
        open: night === 13 ? 'flapping' : night % 4 === 1 ? 'broken' : night === 8 ? 'inconclusive' : 'pass',
        settledMs: (isUpgraded ? 900 : 240) + night * 7,
        plugin: isUpgraded ? 'v3.32.1' : 'v3.31.0',
      } as const;
    }),
  );
}
