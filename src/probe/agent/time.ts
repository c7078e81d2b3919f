/** Time as the agent measures it. */

/**
 * Calls `decide` after `ms`, and not before every socket event that was already waiting by then has been handled: where the
 * process was held up, the timer is late too, and the answer may long be there. The check phase comes after the poll phase.
 * @returns a function that takes the call back
 */
export function after(ms: number, decide: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    immediate = setImmediate(decide);
  }, ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}

export function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** The clock that all processes of a node share: it never goes back. */
export function nodeClockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
