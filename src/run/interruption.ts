/** How a run takes the user's signal. */

/**
 * What an interruption cuts off ends in many ways, and none of them says more than the interruption.
 * @returns undefined then
 */
export async function untilInterrupted<Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (signal.aborted) return undefined;
    throw thrown;
  }
}
