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

/** A process that is put aside between the two readings would be out by that long; nobody is so many times in a row. */
const READINGS = 20;

/**
 * When this process began, on the clock of its node: both count the same time, and one of them is read much faster. The clock of the
 * process is read last, so a pause between the two only ever makes it too early.
 */
const BEGAN_MS = Math.max(
  ...Array.from({ length: READINGS }, () => Number(process.hrtime.bigint()) / 1e6 - performance.now()),
);

/** The clock that all processes of a node share: it never goes back. */
export function nodeClockMs(): number {
  return BEGAN_MS + performance.now();
}
