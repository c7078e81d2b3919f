/** The processes of podreach that own or use a cluster, as they are noted for others: does one of them still run? */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';

export const processSchema = z.strictObject({
  host: z.string(),
  pid: z.int(),
  /** When it began, as its system counts; absent where that does not tell. Another process may get the same id later. */
  since: z.string().optional(),
});
export type NotedProcess = z.infer<typeof processSchema>;

/** A process of this machine, to be noted. */
export function noteProcess(pid: number): NotedProcess {
  const since = startOf(pid);
  return { host: hostname(), pid, ...(since === undefined ? {} : { since }) };
}

/** Whether it runs; undefined where it is another machine's. */
export function isRunning({ host, pid, since }: NotedProcess): boolean | undefined {
  if (host !== hostname()) return undefined;
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM')) return false;
  }
  return since === undefined || startOf(pid) === since;
}

/** In ticks since the machine was started; undefined on systems without /proc. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets, and may hold anything. The start is the 22nd.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
