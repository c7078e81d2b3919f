/**
 * Starts to measure, and gives the milliseconds of processor time since then: a busy machine must not decide about a test. What is held against it
 * is several times what it takes: it finds out what grows with the square of what there is, and says nothing of how fast anything is.
 */
export function startProcessorClock(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
}
