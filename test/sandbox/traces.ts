/** What a sandbox has on this machine while it runs, and what of that is left afterwards. Other sandboxes may run beside it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { sandboxLinks, sandboxMounts } from '../support/host.ts';

export interface Traces {
  /** Process id and start time: an id alone may be used again. */
  readonly processes: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
  /** The start time of the youngest process on the machine. The numbers of namespaces are used again by younger ones. */
  readonly takenAt: number;
}

interface Process {
  readonly id: string;
  readonly parent: number;
  readonly started: string;
}

/** The traces of all processes below `pid`. */
export function tracesBelow(pid: number): Traces {
  const all = processes();
  const below = new Set([String(pid)]);
  // Parents are older than their children, but ids may have wrapped around: until nothing is added.
  for (let size = 0; size !== below.size; ) {
    size = below.size;
    for (const { id, parent } of all) if (below.has(String(parent))) below.add(id);
  }
  below.delete(String(pid));
  const own = new Set(namespacesOf(String(process.pid)));
  const descendants = all.filter(({ id }) => below.has(id));
  return {
    processes: new Set(descendants.map(({ id, started }) => `${id} ${started}`)),
    namespaces: new Set(descendants.flatMap(({ id }) => namespacesOf(id)).filter((name) => !own.has(name))),
    takenAt: Math.max(...all.map(({ started }) => Number(started))),
  };
}

/** Waits until nothing of these traces, nor of any sandbox on the host itself, is left; gives what is left after `withinMs`. */
export async function leftOf(traces: Traces, withinMs = 30_000): Promise<readonly string[]> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const now = processes();
    const old = now.filter(({ started }) => Number(started) <= traces.takenAt);
    const namespaces = new Set(old.flatMap(({ id }) => namespacesOf(id)));
    const left = [
      ...now.map(({ id, started }) => `${id} ${started}`).filter((entry) => traces.processes.has(entry)),
      ...[...traces.namespaces].filter((name) => namespaces.has(name)),
      ...sandboxLinks(),
      ...sandboxMounts(),
    ];
    if (left.length === 0 || performance.now() >= deadline) return left;
    await delay(20);
  }
}

/** The child of the `unshare` that a harness has started. */
export function supervisorBelow(pid: number): number {
  const all = processes();
  const unshare = all.find(({ parent }) => parent === pid);
  const supervisor = all.find(({ parent }) => String(parent) === unshare?.id);
  if (supervisor === undefined) throw new Error('no supervisor runs');
  return Number(supervisor.id);
}

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((id) => {
      try {
        // The fields after the program's name, which may hold spaces and brackets: state, parent, …, start time.
        const fields = readFileSync(`/proc/${id}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        // What is dead and only waits for the machine's process 1 to notice is not left.
        return fields[0] === 'Z' ? [] : [{ id, parent: Number(fields[1]), started: fields[19] ?? '' }];
      } catch {
        return [];
      }
    });
}

function namespacesOf(id: string): string[] {
  return ['net', 'mnt', 'pid', 'uts', 'user'].flatMap((kind) => {
    try {
      return [readlinkSync(`/proc/${id}/ns/${kind}`)];
    } catch {
      return [];
    }
  });
}
