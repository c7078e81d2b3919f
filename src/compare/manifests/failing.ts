/** Which changes of manifests are to be refused. */
import type { ManifestComparison } from './schema.ts';

/** What a change may be refused for: that it opens something, closes something, or either. What may be so counts. */
export const FAILING_CHANGES = ['open', 'closed', 'any'] as const;
export type FailingChange = (typeof FAILING_CHANGES)[number];

export function isRefused(
  { outcome }: Pick<ManifestComparison, 'outcome'>,
  failOn: FailingChange | undefined,
): boolean {
  switch (failOn) {
    case undefined:
      return false;
    case 'any':
      return outcome !== 'same';
    case 'open':
      return outcome === 'opens' || outcome === 'opens-and-closes';
    case 'closed':
      return outcome === 'closes' || outcome === 'opens-and-closes';
  }
}
