/** Why podreach itself could not go on: what, where, and what to do next. */
import { type Fact, renderFacts, renderHeadline } from '../text/block.ts';
import type { Canvas } from '../text/paint.ts';
import type { FailureView, RunView } from '../view/view.ts';
import { describeLocation } from './describe.ts';
import { describeExtent } from './summary.ts';

/**
 * The block of one failure.
 * @param more facts beside those that the failure itself holds
 * @param indent of the headline: none for a failure of the whole run
 */
export function renderFailure(
  failure: FailureView,
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
export function manifestOf({ manifest }: FailureView): Pick<FailureView, 'manifest'> {
  return manifest === undefined ? {} : { manifest };
}

/** What a failure says beside its message. */
export function failureFacts({ code, location, hint }: FailureView): Fact[] {
  return [
    { label: 'kind', text: code },
    ...(location === undefined ? [] : [{ label: 'where', text: describeLocation(location) }]),
    ...(hint === undefined ? [] : [{ label: 'next', text: hint }]),
  ];
}

/** What ended the run besides its failure, and how far it had come. */
export function endFacts(view: RunView): Fact[] {
  const { interruptedBy } = view.run;
  return [
    ...(interruptedBy === undefined ? [] : [{ label: 'ended by', text: interruptedBy }]),
    { label: 'so far', text: `${describeExtent(view)}; nothing is proven about the rest` },
  ];
}
