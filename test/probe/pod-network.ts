/** A network namespace of its own, like a pod's, with real packets and real nftables rules. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLAIN_BATCH } from '../../src/probe/batch.ts';
import { probePod } from '../../src/probe/manifest.ts';
import { AGENT_PATH, AGENT_SOCKET, type Batch } from '../../src/probe/protocol.ts';
import { PROBE_COMMAND } from '../../src/probe/relay.ts';
import { DEFAULT_PROBE_SETTINGS } from '../../src/probe/settings.ts';
import { agentSource } from '../../src/probe/source.ts';
import type { WatchRequest } from '../../src/probe/watch-protocol.ts';
import type { Port } from '../../src/scenario/scenario.ts';

export const RUN_ID = 'run-1';

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** Null after a signal. */
  readonly exitCode: number | null;
}

export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
}

/** Who an agent is told to be, and where to listen. */
export interface Served {
  readonly pod?: string;
  readonly runId?: string;
  readonly ports: readonly Port[];
  readonly hostNetwork?: true;
  readonly firstInstant?: WatchRequest;
  /** For Node.js itself. */
  readonly nodeArgs?: readonly string[];
}

interface Options {
  /** Standard input; left open where there is none. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function start(file: string, args: readonly string[], { input, env }: Options = {}): Running {
  const child = spawn(file, args, { stdio: 'pipe', env: { ...process.env, ...env } });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  child.stdin.on('error', () => {}); // the process may be gone by the time it is written to
  if (input !== undefined) {
    child.stdin.end(input);
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (exitCode) => resolve({ ...output, exitCode }));
  });
  return { child, ended };
}

/** Waits until a process has printed something. @throws when it ends instead */
export async function firstOutput({ child, ended }: Running): Promise<void> {
  const printed = new Promise<undefined>((resolve) => child.stdout.once('data', () => resolve(undefined)));
  const early = await Promise.race([printed, ended]);
  if (early !== undefined) {
    throw new Error(`the process ended: ${early.stderr}`);
  }
}

export class PodNetwork implements AsyncDisposable {
  readonly folder: string;
  readonly #holder: Running;
  readonly #running: Running[] = [];
  /** Agents of several pods share this network: each is visited on a port of its own. */
  #visitPort = 20_000;

  private constructor(folder: string, holder: Running) {
    this.folder = folder;
    this.#holder = holder;
  }

  /** @param rules the body of an nftables chain that hooks input */
  static async create(rules: string, resolvConf = ''): Promise<PodNetwork> {
    const folder = await mkdtemp(join(tmpdir(), 'podreach-test-'));
    await writeFile(join(folder, 'resolv.conf'), resolvConf);
    await writeFile(
      join(folder, 'rules.nft'),
      `table inet test {\n chain input {\n type filter hook input priority 0;\n${rules}\n }\n}\n`,
    );
    const setup = [
      'ip link set lo up',
      `mount --bind ${folder}/resolv.conf /etc/resolv.conf`,
      `nft -f ${folder}/rules.nft`,
      'echo ready',
      'exec cat', // holds the namespaces until its input closes, whatever becomes of the test
    ].join(' && ');
    const holder = start('unshare', ['-Urnm', 'sh', '-c', setup]);
    await firstOutput(holder);
    return new PodNetwork(folder, holder);
  }

  /** Starts a command in the namespaces. It is killed at the latest when the network is disposed of. */
  run(command: readonly string[], options: Options = {}): Running {
    const enter = ['-t', String(this.#holder.child.pid), '-U', '-n', '-m', '--preserve-credentials'];
    const running = start('nsenter', [...enter, ...command], options);
    this.#running.push(running);
    return running;
  }

  /** Starts an agent as its pod does, with the command and the environment of the manifest. */
  async serve({
    pod = 'shop/db',
    runId = RUN_ID,
    ports,
    hostNetwork,
    firstInstant,
    nodeArgs = [],
  }: Served): Promise<Running> {
    const [namespace = '', name = ''] = pod.split('/');
    const manifest = probePod(
      { namespace, name, labels: {}, ports, ...(hostNetwork === undefined ? {} : { hostNetwork }) },
      {
        runId,
        agent: agentSource(),
        settings: DEFAULT_PROBE_SETTINGS,
        ...(firstInstant === undefined ? {} : { firstInstant }),
      },
    );
    const { containers } = manifest['spec'] as {
      containers: [{ command: string[]; env: { name: string; value: string }[] }];
    };
    const [{ command, env }] = containers;
    await mkdir(join(this.folder, runId, pod), { recursive: true });
    const [program = '', ...args] = command.map((word) =>
      word === AGENT_PATH ? this.agentOf(pod, runId) : word,
    );
    this.#visitPort += 1;
    const variables = Object.fromEntries(env.map((variable) => [variable.name, variable.value]));
    const config = { ...JSON.parse(variables['PODREACH_CONFIG'] ?? ''), visitPort: this.#visitPort };
    return this.run([program === 'node' ? process.execPath : program, ...nodeArgs, ...args], {
      env: { ...variables, PODREACH_CONFIG: JSON.stringify(config) },
    });
  }

  /** Changes the rules of the network. */
  async nft(commands: string): Promise<void> {
    const { exitCode, stderr } = await this.run(['nft', '-f', '-'], { input: `${commands}\n` }).ended;
    if (exitCode !== 0) throw new Error(stderr);
  }

  /** Where the kubelet would visit the agent that was started last. */
  get visitPort(): number {
    return this.#visitPort;
  }

  /** The same, once it listens. */
  async serving(served: Served): Promise<Running> {
    const running = await this.serve(served);
    await firstOutput(running);
    return running;
  }

  /** Hands a batch to the agent that serves a pod, as an exec does. */
  probe({ input, self = 'shop/web' }: { readonly input?: string; readonly self?: string }): Running {
    const here: Record<string, string> = {
      node: process.execPath,
      [AGENT_SOCKET]: `${this.agentOf(self)}.socket`,
    };
    const command = PROBE_COMMAND.map((word) => here[word] ?? word);
    return this.run(command, input === undefined ? {} : { input });
  }

  /** Makes one connection for a person, in the pod of an agent that serves. */
  connect(args: readonly string[]): Running {
    return this.run([process.execPath, this.agentOf('shop/web'), 'connect', ...args]);
  }

  /** The agent's file: each pod has a file system of its own. */
  agentOf(pod: string, runId = RUN_ID): string {
    return join(this.folder, runId, pod, 'agent.mjs');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#running) {
      child.kill('SIGKILL');
    }
    await Promise.all(this.#running.map(({ ended }) => ended));
    this.#holder.child.stdin.end();
    await this.#holder.ended;
    await rm(this.folder, { recursive: true });
  }
}

/** A batch for `RUN_ID`, with what a test does not care about filled in. */
export function batchOf(batch: Partial<Batch>): Batch {
  return {
    ...PLAIN_BATCH,
    runId: RUN_ID,
    timeoutMs: 400,
    deadlineMs: 10_000,
    targets: [],
    listeners: [],
    ...batch,
  };
}
