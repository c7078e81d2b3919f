/** A container runtime whose containers are the host itself: exec runs real processes, logs are what a test prints. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { ContainerAddress, ContainerRuntime } from '../../../src/sandbox/runtime/runtime.ts';

export interface HostRuntime extends ContainerRuntime {
  /** Makes a container that counts as running. */
  start(address: ContainerAddress): void;
  /** Adds to a container's log. */
  print(address: ContainerAddress, text: string): void;
  /** Ends a container: exec no longer works, followers of its log are told. */
  end(address: ContainerAddress): void;
  /** The processes of exec that still run. */
  processes(): readonly ChildProcess[];
  /** How many follow a container's log. */
  followers(address: ContainerAddress): number;
  /** Kills every process that exec started. */
  stop(): void;
}

interface Container {
  log: Buffer;
  isRunning: boolean;
  readonly followers: Set<(chunk: Buffer | 'end') => void>;
}

export function createHostRuntime(): HostRuntime {
  const containers = new Map<string, Container>();
  const processes = new Set<ChildProcess>();
  const find = ({ podUid, container }: ContainerAddress): Container | undefined =>
    containers.get(`${podUid}/${container}`);

  return {
    start({ podUid, container }) {
      containers.set(`${podUid}/${container}`, {
        log: Buffer.alloc(0),
        isRunning: true,
        followers: new Set(),
      });
    },
    print(address, text) {
      const container = find(address);
      if (container === undefined) throw new Error('no such container');
      container.log = Buffer.concat([container.log, Buffer.from(text)]);
      for (const follower of container.followers) follower(Buffer.from(text));
    },
    end(address) {
      const container = find(address);
      if (container === undefined) return;
      container.isRunning = false;
      for (const follower of container.followers) follower('end');
    },
    processes: () => [...processes],
    followers: (address) => find(address)?.followers.size ?? 0,
    stop() {
      for (const child of processes) child.kill('SIGKILL');
    },

    exec(address, [program = '', ...args]) {
      if (find(address)?.isRunning !== true) return undefined;
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
      processes.add(child);
      const exited = once(child, 'close')
        .then(([code, signal]) => code ?? 128 + constants.signals[signal as NodeJS.Signals])
        .finally(() => processes.delete(child));
      return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exited };
    },
    logs: (address) => find(address)?.log,
    followLogs(address, listener) {
      const container = find(address);
      if (container === undefined) return undefined;
      if (!container.isRunning) listener('end');
      container.followers.add(listener);
      return () => void container.followers.delete(listener);
    },
  };
}
