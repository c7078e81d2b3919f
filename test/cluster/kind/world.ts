/** A Docker and a kind that exist in memory only, behind the command-runner interface: what was called, and what it changed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../src/clock.ts';
import type { StartTalk } from '../../../src/cluster/cluster.ts';
import {
  CommandError,
  type CommandOptions,
  type CommandRunner,
} from '../../../src/cluster/command-runner.ts';
import type { KindContext, KindOptions } from '../../../src/cluster/kind/context.ts';
import { openLedger } from '../../../src/cluster/kind/ledger.ts';
import { describeStageEvent, type StageEvent } from '../../../src/cluster/kind/stages.ts';

export const MANIFEST_FILE = new URL('./fixtures/calico.yaml', import.meta.url).pathname;

/** What a command of the world answers instead of what it would. */
export interface Override {
  readonly match: RegExp;
  /** Standard error of a failure; a result for anything else. */
  readonly fails?: string;
  readonly stdout?: string;
  /** How often; absent: always. */
  times?: number;
}

export interface World extends Disposable {
  readonly context: KindContext;
  /** What commands answer instead; may be added to. */
  readonly overrides: Override[];
  /** Every command line so far, with the folders of this test taken out. */
  readonly commands: string[];
  /** The lines that people would have read. */
  readonly told: string[];
  readonly events: StageEvent[];
  readonly inputs: string[];
  /** The names of the containers that exist now. */
  readonly containers: () => string[];
  /** Puts the nodes of a cluster there. */
  readonly addNodes: (cluster: string) => void;
  readonly stopNode: (name: string) => void;
  readonly abort: (reason: unknown) => void;
  /** What the ledger says of a cluster. */
  readonly entryOf: (cluster: string) => Promise<unknown>;
}

interface Container {
  readonly name: string;
  readonly id: string;
  isRunning: boolean;
}

export const READY_ITEMS = [
  {
    kind: 'Node',
    metadata: { name: 'c-control-plane' },
    status: {
      nodeInfo: { kubeletVersion: 'v1.36.1' },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  },
  {
    kind: 'DaemonSet',
    metadata: { name: 'calico-node', generation: 1 },
    status: { observedGeneration: 1, desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberReady: 1 },
  },
  ...['calico-kube-controllers', 'coredns'].map((name) => ({
    kind: 'Deployment',
    metadata: { name, generation: 1 },
    spec: { replicas: 1 },
    status: { observedGeneration: 1, updatedReplicas: 1, availableReplicas: 1 },
  })),
];

const KUBECONFIG = `apiVersion: v1
kind: Config
clusters:
  - name: kind-c
    cluster: { server: "https://0.0.0.0:6443" }
current-context: kind-c
`;

/** Time that passes only when somebody sleeps. */
export function sleepingClock(): Clock {
  let nowMs = 0;
  return {
    now: () => nowMs,
    date: () => new Date(Date.UTC(2026, 0, 1) + nowMs),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      nowMs += ms;
    },
  };
}

const noTalk: StartTalk = () => {
  throw new Error('nobody is talked with in this test');
};

export function memoryWorld(answers: readonly Override[] = [], env: NodeJS.ProcessEnv = {}): World {
  const overrides = [...answers];
  const folder = mkdtempSync(join(tmpdir(), 'podreach-kind-'));
  const folders = { state: join(folder, 'state'), cache: join(folder, 'cache') };
  const clock = sleepingClock();
  const abort = new AbortController();
  const containers = new Map<string, Container & { readonly cluster: string }>();
  const commands: string[] = [];
  const inputs: string[] = [];
  const events: StageEvent[] = [];
  const told: string[] = [];
  let made = 0;

  const addNodes = (cluster: string): void => {
    made += 1;
    for (const role of ['control-plane', 'worker']) {
      const name = `${cluster}-${role}`;
      containers.set(name, { name, id: `${name}#${made}`, isRunning: true, cluster });
    }
  };
  const flag = (args: readonly string[], name: string): string => args[args.indexOf(name) + 1] ?? '';

  const effects: readonly [RegExp, (args: readonly string[]) => string][] = [
    [
      /^docker info/,
      () =>
        JSON.stringify({
          ServerVersion: '28.0.0',
          OSType: 'linux',
          Architecture: 'x86_64',
          OperatingSystem: 'Docker Desktop',
          CgroupVersion: '2',
        }),
    ],
    [/^docker context inspect/, () => env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock'],
    [/^kind version/, () => 'kind v0.32.0 go1.26.0 linux/amd64'],
    [/^docker (ps|network ls) .*outside-of/, () => ''],
    [
      /^docker ps/,
      (args) => {
        const cluster = flag(args, '--filter').split('=')[2];
        return [...containers.values()]
          .filter((each) => each.cluster === cluster)
          .map(({ id }) => id)
          .join('\n');
      },
    ],
    [
      /^docker inspect/,
      (args) =>
        JSON.stringify(
          [...containers.values()]
            .filter(({ id }) => args.includes(id))
            .map(({ id, name, isRunning }) => ({
              Id: id,
              Name: `/${name}`,
              Created: clock.date().toISOString(),
              State: { Running: isRunning },
              Config: { Labels: { 'io.x-k8s.kind.role': name.replace(/^[^-]*-/, '') } },
            })),
        ),
    ],
    [
      /^kind create/,
      (args) => {
        addNodes(flag(args, '--name'));
        writeFileSync(flag(args, '--kubeconfig'), KUBECONFIG);
        return '';
      },
    ],
    [
      /^kind delete/,
      (args) => {
        for (const { name, cluster } of [...containers.values()])
          if (cluster === flag(args, '--name')) containers.delete(name);
        return '';
      },
    ],
    [
      /^kind export kubeconfig/,
      (args) => {
        writeFileSync(flag(args, '--kubeconfig'), KUBECONFIG);
        return '';
      },
    ],
    [/^docker exec .* get /, () => JSON.stringify({ items: READY_ITEMS })],
  ];

  const runner: CommandRunner = {
    async run(command: string, args: readonly string[], options: CommandOptions = {}) {
      options.signal?.throwIfAborted();
      const line = [command, ...args].join(' ');
      commands.push(line.replaceAll(folder, '').replaceAll(process.cwd(), ''));
      if (options.input !== undefined) inputs.push(options.input);
      const override = overrides.find(({ match, times }) => match.test(line) && times !== 0);
      if (override?.times !== undefined) override.times -= 1;
      const effect = effects.find(([match]) => match.test(line))?.[1];
      if (override?.fails !== undefined) {
        // Like the real one: it may fail when it has done a part of its work.
        if (/^kind create/.test(line)) effect?.(args);
        options.signal?.throwIfAborted();
        throw new CommandError(
          command,
          line,
          { reason: 'exited', exitCode: 1 },
          { stdout: '', stderr: override.fails },
        );
      }
      const stdout = override?.stdout ?? effect?.(args) ?? '';
      return { stdout, stderr: '' };
    },
  };

  return {
    context: {
      runner,
      env,
      folders,
      talk: noTalk,
      fetch: () => Promise.reject(new Error('no network in this test')),
      pid: process.pid,
      clock,
      signal: abort.signal,
      tell(event) {
        events.push(event);
        const text = describeStageEvent(event);
        if (text !== undefined) told.push(text.replaceAll(folder, ''));
      },
    },
    overrides,
    commands,
    told,
    events,
    inputs,
    containers: () => [...containers.keys()],
    addNodes,
    stopNode(name) {
      const container = containers.get(name);
      if (container !== undefined) container.isRunning = false;
    },
    abort: (reason) => abort.abort(reason),
    entryOf: (cluster) => openLedger(folders, cluster).read(),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A cluster named `c` from the manifest of the fixtures. */
export function optionsWith(more: Partial<KindOptions> = {}): KindOptions {
  return {
    name: 'c',
    probeImage: 'probe:v1',
    keep: true,
    calico: { type: 'manifest', from: MANIFEST_FILE },
    ...more,
  };
}

export function manifestText(): string {
  return readFileSync(MANIFEST_FILE, 'utf8');
}
