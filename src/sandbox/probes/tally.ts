/** From the outcomes of visits to readiness, as a kubelet counts them: how many of a kind came in a row. */
import type { ProbeTarget } from './target.ts';

export type Thresholds = Pick<ProbeTarget, 'successThreshold' | 'failureThreshold'>;

export interface Tally {
  readonly isReady: boolean;
  readonly hasSucceeded: boolean;
  readonly last: 'success' | 'failure';
  /** How often the last outcome came in a row. */
  readonly inRow: number;
}

/** A container that nobody has visited is not ready. */
export const UNVISITED: Tally = { isReady: false, hasSucceeded: false, last: 'failure', inRow: 0 };

export function count(tally: Tally, outcome: Tally['last'], thresholds: Thresholds): Tally {
  const inRow = tally.last === outcome ? tally.inRow + 1 : 1;
  const isSuccess = outcome === 'success';
  const isEnough = inRow >= (isSuccess ? thresholds.successThreshold : thresholds.failureThreshold);
  return {
    isReady: isEnough ? isSuccess : tally.isReady,
    hasSucceeded: tally.hasSucceeded || isSuccess,
    last: outcome,
    inRow,
  };
}
