/** What a check comes to: its observation held against its expectation. */
export const VERDICTS = ['pass', 'leaked', 'broken', 'flapping', 'late', 'inconclusive'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Verdicts that say: the cluster is not as expected. The most dangerous first. */
export const MISMATCHES = ['leaked', 'broken', 'flapping', 'late'] as const satisfies readonly Verdict[];
export type MismatchVerdict = (typeof MISMATCHES)[number];

/**
 * Who is wrong where declared, predicted and observed are not one:
 *
 * - `policy`: the policies do what they say, and that is not what the scenario asks for.
 * - `cluster`: scenario and policies agree, and the cluster does something else.
 * - `outside`: the cluster does what the scenario asks for, and these policies do not say so: something else decides. With `cutBy`
 *   that is as it should be, and `outside` says that what others were to cut is open.
 * - `open`: the specification leaves it open, and the cluster took the other way.
 */
export const DISAGREEMENTS = ['policy', 'cluster', 'outside', 'open'] as const;
export type Disagreement = (typeof DISAGREEMENTS)[number];
