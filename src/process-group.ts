/**
 * Ends a program with all that it has started, at once.
 * @param leader the first process of a group of its own; absent: it did not start
 */
export function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
