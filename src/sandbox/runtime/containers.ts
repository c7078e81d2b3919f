/**
 * The {@link ContainerRuntime} on this machine. A container is `nsenter` into its pod's network, `unshare` for its own mount, host
 * name and process namespaces, a few lines of shell that finish its surroundings, and then its command as process 1.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { ToolPaths } from '../host.ts';
import { mountsOf } from '../nsenter.ts';
import { run } from '../run.ts';
import { endingOf } from '../unshare.ts';
import type { ContainerProcess } from './container-process.ts';
import { ContainerLog } from './log.ts';
import type { PodFiles } from './root-files.ts';
import type { ContainerAddress, ContainerRuntime, ExecProcess } from './runtime.ts';
import { continueProcesses, processesOf, stopProcesses } from './stall.ts';

/** As whom containers run: inside a user namespace they keep the only user there is. */
export type Identity =
  | { readonly kind: 'same-user' }
  | { readonly kind: 'user'; readonly uid: number; readonly gid: number };

interface ContainerRequest {
  readonly address: ContainerAddress;
  readonly process: ContainerProcess;
  /** The file of the network namespace. */
  readonly network: string;
  readonly hostname: string;
  /** The files that become /etc/hosts and /etc/resolv.conf. */
  readonly files: PodFiles;
  readonly workingDir: string;
}

/** How a container ended. */
export type ContainerEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  /** Its command never ran. */
  | { readonly kind: 'not-started'; readonly message: string };

export interface Containers extends ContainerRuntime {
  /**
   * Starts a container. The log of an earlier one at the same address is dropped.
   * @param onRunning called when its command runs
   * @param onEnd called once, when none of its processes is left
   * @returns a function that kills all its processes, and resolves when none is left
   * @throws Error where the kernel refuses the command or the environment
   */
  start(
    request: ContainerRequest,
    onRunning: () => void,
    onEnd: (end: ContainerEnd) => void,
  ): () => Promise<void>;
  /** Stops all processes of a running container, also those that are started in it from then on, or lets them go on. */
  setStalled(address: ContainerAddress, isStalled: boolean): void;
  /** Drops the log of a container. */
  forget(address: ContainerAddress): void;
}

interface RunningContainer {
  readonly request: ContainerRequest;
  readonly log: ContainerLog;
  /** The process that waits for the container, while the container runs. */
  waiter: number | undefined;
  /** Resolves when its processes go on; undefined while they do. */
  stall: PromiseWithResolvers<void> | undefined;
  /** The processes that wait for commands in it. */
  readonly execs: Set<number>;
}

const STARTED = 'started\n';

/** @returns the runtime, once it is known which rights there are to take from containers */
export async function createContainers(tools: ToolPaths, identity: Identity): Promise<Containers> {
  const capabilities = await run('listing capabilities', tools.setpriv, ['--list-caps'], '');
  const dropRights = [tools.setpriv, ...privilegeOptions(identity, capabilities.trim().split('\n')), '--'];
  const containers = new Map<string, RunningContainer>();
  const find = (address: ContainerAddress): RunningContainer | undefined => containers.get(keyOf(address));

  return {
    start(request, onRunning, onEnd) {
      const container: RunningContainer = {
        request,
        log: new ContainerLog(),
        waiter: undefined,
        stall: undefined,
        execs: new Set(),
      };
      containers.set(keyOf(request.address), container);
      return startContainer(tools, dropRights, container, onRunning, onEnd);
    },

    exec(address, command) {
      const container = find(address);
      return container?.waiter === undefined
        ? undefined
        : startExec(tools, dropRights, container, container.waiter, command);
    },

    setStalled(address, isStalled) {
      const container = find(address);
      if (container?.waiter === undefined) return;
      if (isStalled) stall(container);
      else resume(container);
    },

    logs: (address) => find(address)?.log.content(),
    followLogs: (address, listener) => find(address)?.log.follow(listener),
    forget: (address) => void containers.delete(keyOf(address)),
  };
}

function startContainer(
  tools: ToolPaths,
  dropRights: readonly string[],
  container: RunningContainer,
  onRunning: () => void,
  onEnd: (end: ContainerEnd) => void,
): () => Promise<void> {
  const { network, process: program, files, hostname, workingDir } = container.request;
  const child = spawn(
    tools.nsenter,
    [
      ...[`--net=${network}`, '--', tools.unshare],
      ...['--mount', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc', '--', tools.sh, '-c'],
      ...[
        startScript(tools, dropRights),
        'sh',
        files.hosts,
        files.resolvConf,
        hostname,
        workingDir,
        ...program.command,
      ],
    ],
    { env: program.environment, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  // Standard error is the start's own channel; the command gets standard output for both, in the order of writing.
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (container.waiter !== undefined || !said.endsWith(STARTED)) return;
    container.waiter = child.pid;
    onRunning();
  });
  child.stdout.on('data', (chunk: Buffer) => container.log.append(chunk));
  const ended = new Promise<void>((resolve) => {
    whenClosed(child, (code, signal) => {
      const ran = container.waiter !== undefined;
      container.waiter = undefined;
      resume(container);
      container.log.end();
      resolve();
      const { exitCode, stderr } = endingOf(code, signal, said);
      onEnd(ran ? { kind: 'exited', exitCode } : { kind: 'not-started', message: stderr });
    });
  });
  return () => killContainer(child, ended);
}

/** Arguments: the pod's two files, the host name, the working directory, and the command with its arguments. */
function startScript(tools: ToolPaths, dropRights: readonly string[]): string {
  return `set -e
hostname "$3" 2>/dev/null || { echo "$3" > /proc/sys/kernel/hostname; } 2>/dev/null || :
${tools.mount} -t tmpfs -o mode=1777,nosuid,nodev tmpfs /tmp
${tools.mount} -o bind "$1" /etc/hosts
${tools.mount} -o bind "$2" /etc/resolv.conf
cd "$4"
shift 4
${tellStart(2)}
exec ${dropRights.join(' ')} "$@" 2>&1
`;
}

/** Arguments: the working directory, and the command with its arguments. */
function execScript(dropRights: readonly string[]): string {
  return `cd "$1" 2>&3 || exit 127
shift
${tellStart(3)}
exec ${dropRights.join(' ')} "$@" 3>&-
`;
}

/** Shell that tells a descriptor that the command in its arguments starts, or why it cannot, as a runtime says it, and then ends. */
function tellStart(descriptor: number): string {
  return `set -f
why=
case $1 in
*/*)
  if [ ! -e "$1" ]; then why="stat $1: no such file or directory"
  elif [ -d "$1" ]; then why='is a directory'
  elif [ ! -x "$1" ]; then why='permission denied'
  fi ;;
*)
  why='executable file not found in $PATH' IFS=:
  for folder in $PATH; do if [ -f "$folder/$1" ] && [ -x "$folder/$1" ]; then why=; fi; done ;;
esac
[ -z "$why" ] || { printf 'exec: "%s": %s\\n' "$1" "$why" >&${descriptor}; exit 127; }
echo started >&${descriptor}`;
}

function stall(container: RunningContainer): void {
  container.stall ??= Promise.withResolvers();
  stopAll(container);
}

function stopAll(container: RunningContainer): void {
  const { stall: ofNow } = container;
  if (ofNow !== undefined)
    void stopProcesses(
      () => insideOf(container),
      () => container.stall === ofNow,
    );
}

/** Lets everything go on that is left of the container. */
function resume(container: RunningContainer): void {
  const { stall: ofNow } = container;
  if (ofNow === undefined) return;
  container.stall = undefined;
  ofNow.resolve();
  void continueProcesses(
    () => [...insideOf(container), ...container.execs],
    () => container.stall === undefined,
  );
}

function insideOf({ waiter }: RunningContainer): readonly number[] {
  return waiter === undefined ? [] : processesOf(waiter);
}

/** Descriptor 4 holds a command back until it ends: nothing starts in a container that is stalled. */
const HELD = 'read -r _ <&4; exec "$@" 4<&-';

function startExec(
  tools: ToolPaths,
  dropRights: readonly string[],
  container: RunningContainer,
  waiter: number,
  command: readonly string[],
): ExecProcess {
  const { process: program, workingDir } = container.request;
  const namespaces = `/proc/${waiter}/ns`;
  const child = spawn(
    tools.sh,
    [
      ...['-c', HELD, 'sh', tools.nsenter],
      ...[...mountsOf(waiter), `--uts=${namespaces}/uts`, `--net=${namespaces}/net`],
      ...[`--pid=${namespaces}/pid_for_children`, '--', tools.sh, '-c'],
      ...[execScript(dropRights), 'sh', workingDir, ...command],
    ],
    { env: program.environment, cwd: '/', stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'] },
  );
  // A process that ends without reading its input is no failure.
  child.stdin.on('error', () => {});
  let said = '';
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    said += chunk;
    // It may have been on its way when the container was stalled.
    if (said.endsWith(STARTED)) stopAll(container);
  });
  const { pid } = child;
  if (pid !== undefined) container.execs.add(pid);
  const held = child.stdio[4];
  const letGo = (): void => void (held instanceof Writable && held.on('error', () => {}).end());
  if (container.stall === undefined) letGo();
  else void container.stall.promise.then(letGo);
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exited: new Promise((resolve, reject) => {
      whenClosed(child, (code, signal) => {
        if (pid !== undefined) container.execs.delete(pid);
        if (said.endsWith(STARTED)) resolve(endingOf(code, signal, '').exitCode);
        else reject(new Error(said.trim() || 'the container has ended'));
      });
    }),
  };
}

/** Calls back once, when a process has ended and its output is read. */
function whenClosed(
  child: ChildProcess,
  then: (code: number | null, signal: NodeJS.Signals | null) => void,
): void {
  child.once('close', then);
  // The kernel may refuse the process; then there is nothing to close.
  child.once('error', () => {
    if (child.pid === undefined) then(126, null);
  });
}

/** Ends process 1 of the container, and with it all others: its waiter ends after them. */
async function killContainer(child: ChildProcess, ended: Promise<void>): Promise<void> {
  let isOver = child.pid === undefined;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const isRunning = child.exitCode === null && child.signalCode === null;
    for (const first of isRunning ? childrenOf(child.pid) : []) kill(first);
    // A container that is only being made has no process 1 yet.
    await Promise.race([ended, delay(5)]);
  }
}

function childrenOf(pid: number | undefined): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * No capability and no way to get one, as the restricted Pod Security Standard wants it. Each is named, because `setpriv` refuses to
 * drop "all" on a kernel that is newer than itself.
 */
function privilegeOptions(identity: Identity, capabilities: readonly string[]): string[] {
  const noCapability = `--bounding-set=${capabilities.map((name) => `-${name}`).join(',')}`;
  const user =
    identity.kind === 'user' ? [`--reuid=${identity.uid}`, `--regid=${identity.gid}`, '--clear-groups'] : [];
  return ['--no-new-privs', noCapability, ...user];
}

function keyOf({ podUid, container }: ContainerAddress): string {
  return `${podUid}/${container}`;
}
