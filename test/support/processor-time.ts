/** Starts to measure, and gives the milliseconds of processor time since then: a busy machine must not decide about a test. */
export function startProcessorClock(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
}
