/** What podreach must not leave on the host: processes, links, mounts. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** What of one podreach was there at a moment, so that a later look can say what of it is still there. */
export interface HostState {
  /** `PID START-TIME COMMAND` of a process and all below it: other tests may run sandboxes of their own. */
  readonly processes: readonly string[];
  readonly links: readonly string[];
  readonly mounts: readonly string[];
}

export const NOTHING: HostState = { processes: [], links: [], mounts: [] };

/** Links and mounts of the host. */
export function hostState(): HostState {
  return { processes: [], links: hostLinks(), mounts: hostMounts() };
}

/** The processes below `pid`, the oldest first. */
export function processesBelow(pid: number): readonly string[] {
  const all = allProcesses();
  const below = new Set([pid]);
  // Children have been started after their parents; with process numbers starting over, look until nothing is new.
  for (let size = 0; size !== below.size; ) {
    size = below.size;
    for (const process of all) if (below.has(process.parent)) below.add(process.pid);
  }
  return all.filter((process) => below.has(process.pid) && process.pid !== pid).map(({ name }) => name);
}

/** Waits until none of `processes` runs any more and no link or mount is there that was not there before. */
export async function leftSince(
  before: HostState,
  processes: readonly string[],
  withinMs = 5_000,
): Promise<HostState> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const running = new Set(allProcesses().map(({ name }) => name));
    const left = {
      processes: processes.filter((name) => running.has(name)),
      links: hostLinks().filter((entry) => !before.links.includes(entry)),
      mounts: hostMounts().filter((entry) => !before.mounts.includes(entry)),
    };
    if (Object.values(left).every((entries) => entries.length === 0) || performance.now() > deadline)
      return left;
    await delay(50);
  }
}

/** The child of the `unshare` that podreach started. */
export function supervisorBelow(pid: number): number {
  const all = allProcesses();
  const unshare = all.find(({ parent }) => parent === pid);
  const supervisor = all.find(({ parent }) => parent === unshare?.pid);
  if (supervisor === undefined) throw new Error('no supervisor runs');
  return supervisor.pid;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
}

/** Zombies do not count: they hold nothing, and wait only for whoever inherited them. */
function allProcesses(): readonly Process[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
        // Fields after the command, which may hold blanks and parentheses itself: state, parent, …, start time.
        const [state, parent, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (state === 'Z') return [];
        const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 100);
        return [{ pid: Number(entry), parent: Number(parent), name: `${entry} ${fields[17]} ${command}` }];
      } catch {
        return [];
      }
    });
}

function hostLinks(): string[] {
  const links: { ifname: string }[] = JSON.parse(
    execFileSync('ip', ['-json', 'link'], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    }),
  );
  return links.map(({ ifname }) => ifname);
}

function hostMounts(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
}
