/** Why podreach itself could not go on: what, where, and what to do next. */
import type { RunRecord } from '../../record.ts';
import { type Fact, renderFacts, renderHeadline } from '../text/block.ts';
import type { Canvas } from '../text/paint.ts';
import { describeLocation } from './describe.ts';
import { describeExtent } from './summary.ts';

export type Failure = NonNullable<RunRecord['run']['error']>;

/**
 * The block of one failure.
 * @param more facts beside those that the failure itself holds
 * @param indent of the headline: none for a failure of the whole run
 */
export function renderFailure(
  failure: Failure,
  canvas: Canvas,
  more: readonly Fact[],
  indent: string,
): string[] {
  return [
    ...renderHeadline('ERROR', 'error', failure.message, canvas, indent),
    ...renderFacts([...failureFacts(failure), ...more], canvas, `${indent}  `),
    // Not indented, so that it can be copied as it is.
    ...(failure.manifest === undefined ? [] : ['', ...failure.manifest]),
  ];
}

/** The manifest of a failure, where it has one, for what is built of it. */
export function manifestOf({ manifest }: Failure): Pick<Failure, 'manifest'> {
  return manifest === undefined ? {} : { manifest };
}

/** What a failure says beside its message. */
export function failureFacts({ code, location, hint }: Failure): Fact[] {
  return [
    { label: 'kind', text: code },
    ...(location === undefined ? [] : [{ label: 'where', text: describeLocation(location) }]),
    ...(hint === undefined ? [] : [{ label: 'next', text: hint }]),
  ];
}

/** What ended the run besides its failure, and how far it had come. */
export function endFacts(record: RunRecord): Fact[] {
  const { interruptedBy } = record.run;
  return [
    ...(interruptedBy === undefined ? [] : [{ label: 'ended by', text: interruptedBy }]),
    { label: 'so far', text: `${describeExtent(record)}; nothing is proven about the rest` },
  ];
}
