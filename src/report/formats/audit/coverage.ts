/** How much was looked at, in numbers. */
import { describeConnection } from '../../../pair.ts';
import { underPolicies } from '../../parts/attempts.ts';
import { formatNumber } from '../../text/text.ts';
import type { ScenarioView } from '../../view/view.ts';
import { type Phrase, say } from './phrase.ts';

export interface Coverage {
  /** Of every test pod with every port of every other one. */
  readonly possible: number;
  /** Of these, tried with the policies in force, to the end. */
  readonly tried: number;
}

export function coverageOf({ pods, checks }: Pick<ScenarioView, 'pods' | 'checks'>): Coverage {
  const all = pods.reduce((sum, { ports }) => sum + ports.length, 0);
  const tried = checks.filter(
    (check) =>
      check.from !== check.to &&
      check.source !== undefined &&
      check.destination !== undefined &&
      check.verdict !== undefined &&
      underPolicies(check).length > 0,
  );
  // A pair that is tried in several steps is one pair.
  return { possible: all * (pods.length - 1), tried: new Set(tried.map(describeConnection)).size };
}

export function addUp(coverages: readonly Coverage[]): Coverage {
  return {
    possible: coverages.reduce((sum, { possible }) => sum + possible, 0),
    tried: coverages.reduce((sum, { tried }) => sum + tried, 0),
  };
}

/** `30 of 72 possible pairs were tried`: what a pair is, {@link PAIR} says once. */
export function describeCoverage({ possible, tried }: Coverage): Phrase {
  if (possible <= 0) return say`No pair is possible.`;
  return say`${formatNumber(tried)} of ${formatNumber(possible)} possible ${possible === 1 ? 'pair was' : 'pairs were'} tried with the policies in force.`;
}

export const PAIR: Phrase = say`A pair is a test pod, and a port of another one.`;
