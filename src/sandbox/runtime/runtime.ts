/** What the sandbox's API server asks of the machine under it: processes in pods, and what they print. */
import type { Readable, Writable } from 'node:stream';

export interface ExecProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Resolves once the process has ended and its output is read. A signal counts as 128 + its number, as in a shell.
   * Rejects where the command could not be started, and says why.
   */
  readonly exited: Promise<number>;
}

export interface ContainerAddress {
  readonly podUid: string;
  readonly container: string;
}

export interface ContainerRuntime {
  /** Starts a command in a running container. @returns undefined where the container is not running */
  exec(address: ContainerAddress, command: readonly string[]): ExecProcess | undefined;
  /** What the container has printed so far (its last mebibyte), standard output and error as they came. */
  logs(address: ContainerAddress): Buffer | undefined;
  /** Calls `listener` with all later output. @returns a function that ends it; undefined where there is no such container */
  followLogs(address: ContainerAddress, listener: (chunk: Buffer | 'end') => void): (() => void) | undefined;
}
