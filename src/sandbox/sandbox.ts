/**
 * The embedded cluster, seen from outside: starts the supervisor in namespaces of its own, hands it the socket that the API
 * listens on, and tells when it is gone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { MAX_NODES } from './dataplane/addresses.ts';
import { requireTools, searchPath, type ToolPaths } from './host.ts';
import { hasIPv6, IP_FAMILIES } from './ip-family.ts';
import { lastWords, mainLine } from './last-words.ts';
import type { Enforcement, HarnessMessage, StartMessage, SupervisorMessage } from './messages.ts';
import { namespacesRefused } from './namespaces-refused.ts';
import { SandboxError } from './sandbox-error.ts';
import { endingOf } from './unshare.ts';

export interface SandboxOptions {
  /** 1 to 10. */
  readonly nodes: number;
  readonly enforcement: Enforcement;
  /** Whether it has IPv4 alone. A kernel without IPv6 gives no other. */
  readonly isSingleStack?: boolean;
  /** Gives up starting; a sandbox that runs is ended by `stop`. */
  readonly signal: AbortSignal;
}

export interface Sandbox {
  /** The kubeconfig's text, with the API's address, certificate and token. */
  readonly kubeconfig: string;
  /** Resolves when the sandbox is gone. */
  readonly exited: Promise<SandboxExit>;
  /** Ends the sandbox and waits until nothing is left of it. Safe to call twice. */
  stop(): Promise<void>;
}

export type SandboxExit =
  | { readonly kind: 'stopped' }
  /** It ended by itself, or somebody killed it. */
  | { readonly kind: 'lost'; readonly reason: string };

/** How long a supervisor may take to start; a third of a second is usual. */
const START_MS = 30_000;
/** How long a supervisor may take to end before it is killed. */
const STOP_MS = 5000;
const CONTEXT = 'podreach-sandbox';

/**
 * Starts a sandbox: in a user namespace where the kernel allows one, else as root.
 * @throws SandboxError; the signal's reason when it is aborted
 */
export async function startSandbox({
  nodes,
  enforcement,
  isSingleStack = false,
  signal,
}: SandboxOptions): Promise<Sandbox> {
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES) {
    throw new RangeError(`a sandbox has 1 to ${MAX_NODES} nodes, not ${nodes}`);
  }
  const tools = requireTools(process.platform, searchPath(process.env['PATH']));
  const families = IP_FAMILIES.filter((family) => family === 'IPv4' || (!isSingleStack && hasIPv6()));
  const token = randomBytes(32).toString('base64url');
  const listener = createServer();
  try {
    await once(listener.listen(0, '127.0.0.1'), 'listening', { signal });
    const start = (hasUserNamespace: boolean): Promise<StartedSupervisor> =>
      startSupervisor(
        tools,
        { kind: 'start', nodes, families, enforcement, token, hasUserNamespace },
        listener,
        signal,
      );
    const started = await start(true).catch((thrown: unknown) => {
      // Root needs no user namespace: neither a kernel that refuses one nor files that are hidden in one stop it.
      if (signal.aborted || process.geteuid?.() !== 0) throw thrown;
      return start(false);
    });
    const server = `https://127.0.0.1:${(listener.address() as AddressInfo).port}`; // it listens on an address
    return { ...started.control, kubeconfig: kubeconfigOf(server, started.certificate, token) };
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown;
  } finally {
    // The supervisor has its own copy of the socket.
    listener.close();
  }
}

interface StartedSupervisor {
  readonly certificate: string;
  readonly control: Pick<Sandbox, 'exited' | 'stop'>;
}

async function startSupervisor(
  tools: ToolPaths,
  message: StartMessage,
  listener: Server,
  signal: AbortSignal,
): Promise<StartedSupervisor> {
  const child = spawnSupervisor(tools, message.hasUserNamespace);
  const stderr = lastWords(child);
  const control = controlOf(child, stderr);
  const onAbort = (): void => void control.stop();
  let deadline: NodeJS.Timeout | undefined;
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const answer = await new Promise<SupervisorMessage>((resolve, reject) => {
      child.once('message', (said) => resolve(said as SupervisorMessage)); // the supervisor says nothing else
      child.once('error', (error) => reject(new SandboxError('start-failed', `unshare: ${error.message}`)));
      child.once('close', () => reject(startFailure(stderr())));
      const late = new SandboxError('start-failed', `the sandbox did not start within ${START_MS / 1000} s`);
      deadline = setTimeout(reject, START_MS, late);
      // A supervisor that is gone already says so by its end.
      child.send(message, listener, () => {});
    });
    if (answer.kind === 'ready') return { certificate: answer.certificate, control };
    throw new SandboxError('start-failed', `the sandbox did not start: ${answer.reason}`);
  } catch (thrown) {
    await control.stop();
    throw thrown;
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener('abort', onAbort);
  }
}

function spawnSupervisor(tools: ToolPaths, hasUserNamespace: boolean): ChildProcess {
  const self = fileURLToPath(import.meta.url);
  const supervisor = fileURLToPath(new URL(`./supervisor${extname(self)}`, import.meta.url));
  return spawn(
    tools.unshare,
    [
      ...(hasUserNamespace ? ['--user', '--map-root-user'] : []),
      ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
      ...[process.execPath, supervisor],
    ],
    // Its own session: a terminal's Ctrl-C is for the harness, which then ends the sandbox in order.
    { detached: true, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
  );
}

function startFailure(stderr: string): SandboxError {
  const isRefused = /^unshare: (?!failed to execute)/m.test(stderr);
  if (isRefused) return namespacesRefused(stderr, process.geteuid?.() === 0);
  return new SandboxError('start-failed', `the sandbox did not start: ${mainLine(stderr)}`);
}

function controlOf(child: ChildProcess, stderr: () => string): Pick<Sandbox, 'exited' | 'stop'> {
  let isStopping = false;
  const exited = new Promise<SandboxExit>((resolve) => {
    child.once('error', () => {
      if (child.pid === undefined) resolve({ kind: 'stopped' });
    });
    child.once('close', (code, killedBy) => {
      if (isStopping) resolve({ kind: 'stopped' });
      const { exitCode, signal, stderr: text } = endingOf(code, killedBy, stderr());
      const said = mainLine(text);
      const how = signal === undefined ? `ended with exit code ${exitCode}` : `was killed by ${signal}`;
      resolve({
        kind: 'lost',
        reason: `the sandbox has ended: its supervisor ${how}${said === '' ? '' : `: ${said}`}`,
      });
    });
  });
  return {
    exited,
    async stop() {
      if (!isStopping) {
        isStopping = true;
        // The kernel ends all processes of the supervisor's before the wait for it is over.
        if (child.connected) child.send({ kind: 'stop' } satisfies HarnessMessage, () => {});
        const kill = setTimeout(() => killSession(child), STOP_MS);
        void exited.then(() => clearTimeout(kill));
      }
      await exited;
    },
  };
}

function killSession(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function kubeconfigOf(server: string, certificate: string, token: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': CONTEXT,
    clusters: [
      {
        name: CONTEXT,
        cluster: { server, 'certificate-authority-data': Buffer.from(certificate).toString('base64') },
      },
    ],
    users: [{ name: CONTEXT, user: { token } }],
    contexts: [{ name: CONTEXT, context: { cluster: CONTEXT, user: CONTEXT } }],
  });
}
