/** An upgrade as every format reads it: its runs, and what is otherwise in the later ones. */
import { compareUpgrade, type UpgradeOutcome, type UpgradeRecords } from '../../compare/upgrade.ts';
import type { UpgradePart } from '../../model/upgrade.ts';
import type { ComparisonView } from '../comparison/words.ts';
import { harmless } from '../view/harmless.ts';
import { viewOf } from '../view/run.ts';
import type { RunView } from '../view/view.ts';

/** Pages of the parts, by the links that lead there. */
export type PartPages = Readonly<Partial<Record<UpgradePart, string>>>;

/** What is told. */
export interface ToldUpgrade extends UpgradeRecords {
  /** Absent: there are none. */
  readonly pages?: PartPages;
}

export interface UpgradeView {
  readonly outcome: UpgradeOutcome;
  /** Absent: the upgrade did not come to it. */
  readonly parts: { readonly before: RunView } & Readonly<Partial<Record<UpgradePart, RunView>>>;
  /** What the watch showed that the run before it did not. */
  readonly shown: ComparisonView | undefined;
  /** What is otherwise afterwards. */
  readonly changed: ComparisonView | undefined;
  readonly pages: PartPages;
}

export function viewOfUpgrade({ pages = {}, ...records }: ToldUpgrade): UpgradeView {
  const { outcome, during: shown, after: changed } = compareUpgrade(records);
  const { before, during, after } = records;
  return {
    outcome,
    parts: {
      before: viewOf(before),
      ...(during === undefined ? {} : { during: viewOf(during) }),
      ...(after === undefined ? {} : { after: viewOf(after) }),
    },
    shown: shown && harmless(shown),
    changed: changed && harmless(changed),
    pages,
  };
}
