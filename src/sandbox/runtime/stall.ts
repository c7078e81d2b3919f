/**
 * Stops all processes of a container and lets them go on. A freezer of control groups would do it at one stroke; signals need no
 * control group, which a user namespace has not.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Signals everything before it returns, and again until nothing moves: a process may have begun another meanwhile.
 * @param pids all processes of the container, as they are at the moment
 * @param isWanted whether they are still to be stopped
 */
export async function stopProcesses(pids: () => readonly number[], isWanted: () => boolean): Promise<void> {
  while (isWanted()) {
    const moving = pids().filter(isMoving);
    if (moving.length === 0) return;
    for (const pid of moving) signal(pid, 'SIGSTOP');
    await delay(2);
  }
}

/** When they are told to go on: `nsenter` stops itself when its child is stopped, and may only have been about to. */
const CONTINUE_AFTER_MS = [0, 20, 200] as const;

/**
 * Signals everything before it returns.
 * @param pids all processes of the container, and those that wait for them
 * @param isWanted whether they are still to go on
 */
export async function continueProcesses(
  pids: () => readonly number[],
  isWanted: () => boolean,
): Promise<void> {
  for (const afterMs of CONTINUE_AFTER_MS) {
    if (afterMs > 0) await delay(afterMs);
    if (!isWanted()) return;
    for (const pid of pids()) signal(pid, 'SIGCONT');
  }
}

/**
 * All that see the same processes as the first of a container.
 * @param waiter the process that waits for the container
 */
export function processesOf(waiter: number): readonly number[] {
  const own = namespaceOf(waiter, 'pid_for_children');
  if (own === undefined) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => namespaceOf(pid, 'pid') === own);
}

function namespaceOf(pid: number, type: 'pid' | 'pid_for_children'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${type}`);
  } catch {
    return undefined;
  }
}

/** Neither stopped nor ended. */
function isMoving(pid: number): boolean {
  try {
    // The name before the state may contain anything.
    const [, state = ''] = /\) (\S) [^)]*$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return !'TtZX'.includes(state);
  } catch {
    return false;
  }
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
