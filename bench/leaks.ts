/**
 * How many short leaks a watch finds, and what it costs: `podreach monitor` on a sandbox, one of whose nodes fails open now and then for a
 * moment. When it did, the node tells to the millisecond. Run by hand, on a machine that has nothing else to do:
 *
 *     npm run build && node bench/leaks.ts --pods 20 --every 250ms --leaks 100
 *     node bench/leaks.ts --pods 20 --every 1s --for 2m
 *     node bench/leaks.ts --pods 100 --every 10s --for 10m
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readDuration } from '../src/duration.ts';
import { connectKube } from '../src/kube/connect.ts';
import type { Kube } from '../src/kube/kube.ts';
import type { Edge } from '../src/model/window.ts';
import { checksOf, runRecordSchema } from '../src/record/schema.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';

const { values: given } = parseArgs({
  options: {
    pods: { type: 'string', default: '20' },
    every: { type: 'string', default: '250ms' },
    leaks: { type: 'string', default: '0' },
    length: { type: 'string', default: '300ms' },
    for: { type: 'string' },
  },
});
const pods = Number(given.pods);
const leaks = Number(given.leaks);
const everyMs = msOf(given.every);
const lengthMs = msOf(given.length);

function msOf(text: string): number {
  const ms = readDuration(text);
  if (ms === undefined) throw new Error(`${text} is no duration`);
  return ms;
}

const NODE = { resource: 'nodes', name: 'node-2' } as const;
const SAMPLE_EVERY_MS = 5_000;
/** Until what runs often has been compiled. */
const WARM_UP_MS = 10_000;

/** Between two times of the wall clock, in milliseconds since the epoch. */
interface Moment {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Leak {
  readonly began: Moment;
  readonly ended: Moment;
}

/** Of each two pods one connects to the other; half of the pods are shut. */
function scenario(): string {
  const names = Array.from({ length: pods }, (_, index) => `bench/p${index}`);
  const all = { matchLabels: { 'kubernetes.io/metadata.name': 'bench' } };
  return JSON.stringify({
    apiVersion: 'podreach/v1',
    kind: 'Scenario',
    name: 'bench',
    namespaces: { bench: {} },
    pods: Object.fromEntries(
      names.map((name, index) => [name, { ports: [80], labels: { shut: index % 2 === 0 ? 'no' : 'yes' } }]),
    ),
    policies: [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'shut', namespace: 'bench' },
        spec: { podSelector: { matchLabels: { shut: 'yes' } } },
      },
    ],
    reachable: [
      {
        from: { namespaceSelector: all },
        to: { namespaceSelector: all, podSelector: { matchLabels: { shut: 'no' } } },
      },
    ],
    otherwise: 'unreachable',
  });
}

/** When the node has last written its rules. */
async function lastWritten(kube: Kube): Promise<Moment> {
  const { conditions } = ((await kube.get(NODE))?.['status'] ?? { conditions: [] }) as {
    readonly conditions: readonly { readonly type: string; readonly message?: string }[];
  };
  const message = conditions.find(({ type }) => type === 'RulesWritten')?.message ?? '';
  const [, from = '', to = ''] = /^between (\S+) and (\S+)$/.exec(message) ?? [];
  return { fromMs: Date.parse(from), toMs: Date.parse(to) };
}

async function enforce(kube: Kube, value: string | null): Promise<Moment> {
  const before = await lastWritten(kube);
  await kube.patch(NODE, { metadata: { annotations: { 'sandbox.podreach.dev/enforcement': value } } });
  for (;;) {
    const written = await lastWritten(kube);
    if (written.fromMs > before.fromMs) return written;
    await sleep(5);
  }
}

/** Opens the node again and again, each time at any moment of the period. */
async function leakAgainAndAgain(kube: Kube): Promise<readonly Leak[]> {
  const all: Leak[] = [];
  /** From being told to a committed transaction. */
  let takesMs = 0;
  while (all.length < leaks) {
    // So far apart that no two of them can be one.
    await sleep(3 * everyMs + 1_000 + Math.random() * everyMs);
    const began = await enforce(kube, 'open');
    await sleep(Math.max(0, lengthMs - takesMs - (Date.now() - began.toMs)));
    const askedMs = Date.now();
    const ended = await enforce(kube, null);
    takesMs = ended.fromMs - askedMs;
    all.push({ began, ended });
  }
  return all;
}

interface Sample {
  readonly atMs: number;
  /** Processor time in milliseconds. */
  readonly podreachMs: number;
  readonly agentsMs: number;
  readonly podreachMb: number;
  readonly agentsMb: number;
}

/** Of the agents below this process, and of podreach. */
function takeSample(podreach: number, agents: readonly number[]): Sample {
  const sum = (of: (pid: number) => number): number => agents.reduce((total, pid) => total + of(pid), 0);
  return {
    atMs: performance.now(),
    podreachMs: processorMsOf(podreach),
    agentsMs: sum(processorMsOf),
    podreachMb: memoryMbOf(podreach),
    agentsMb: sum(memoryMbOf),
  };
}

function processorMsOf(pid: number): number {
  const fields = statOf(pid);
  return 10 * (Number(fields[11]) + Number(fields[12])); // user and system, in hundredths of a second
}

/** What it shares with others counts by its part. */
function memoryMbOf(pid: number): number {
  const [, kb = '0'] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}

/** The fields after the program's name: state, parent, … */
function statOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
}

/** The processes of agents that descend from this one. */
function findAgents(): readonly number[] {
  const parents = new Map<number, number>();
  const agents: number[] = [];
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)))
    try {
      parents.set(Number(name), Number(statOf(Number(name))[1]));
      const [program, ...args] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      if (program === 'node' && args.some((one) => one.includes('PODREACH_AGENT'))) agents.push(Number(name));
    } catch {
      // It has ended.
    }
  const isOwn = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === process.pid || isOwn(parents.get(pid)));
  return agents.filter(isOwn);
}

async function until(child: ChildProcess, pattern: RegExp): Promise<void> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (pattern.test(text)) resolve();
    });
    child.once('close', () => reject(new Error(`podreach has ended: ${text}`)));
  });
}

function report(samples: readonly Sample[]): void {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || first === last) return;
  const cores = (key: 'podreachMs' | 'agentsMs'): number =>
    (last[key] - first[key]) / (last.atMs - first.atMs);
  const [own, agents] = [cores('podreachMs'), cores('agentsMs')];
  console.log(
    `cores: ${(own + agents).toFixed(2)} (podreach ${own.toFixed(2)}, agents ${agents.toFixed(2)})`,
  );
  console.log('memory in MB over time, podreach and all agents:');
  const every = Math.max(1, Math.floor(samples.length / 8));
  for (const [index, { atMs, podreachMb, agentsMb }] of samples.entries())
    if (index % every === 0 || index === samples.length - 1)
      console.log(
        `  ${Math.round((atMs - first.atMs) / 1000)} s: ${podreachMb.toFixed(0)} and ${agentsMb.toFixed(0)}`,
      );
}

const folder = mkdtempSync(join(tmpdir(), 'podreach-bench-'));
const file = (name: string): string => join(folder, name);
const sandbox = await startSandbox({ nodes: 2, enforcement: 'on', signal: new AbortController().signal });
const kube = await connectKube(sandbox.kubeconfig);
try {
  writeFileSync(file('bench.yaml'), scenario());
  writeFileSync(file('kubeconfig'), sandbox.kubeconfig, { mode: 0o600 });
  const podreach = spawn(
    process.execPath,
    [
      ...[join(import.meta.dirname, '../dist/cli.js'), 'monitor', file('bench.yaml'), '--every', given.every],
      ...['--cluster', 'context', '--kubeconfig', file('kubeconfig'), '--within', '60s'],
      ...['--report', `json=${file('run.json')}`],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise((resolve) => podreach.once('close', resolve));
  // It would go on by itself.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      podreach.kill('SIGTERM');
      void ended.then(() => sandbox.stop()).then(() => process.exit(1));
    });
  await until(podreach, /watching [\d,]+ checks/);
  await sleep(WARM_UP_MS);
  const agents = findAgents();
  const samples: Sample[] = [];
  const sample = (): void => void samples.push(takeSample(podreach.pid ?? 0, agents));
  sample();
  const sampling = setInterval(sample, SAMPLE_EVERY_MS);
  const [made] = await Promise.all([
    leakAgainAndAgain(kube),
    sleep(given.for === undefined ? 0 : msOf(given.for)),
  ]);
  sample();
  clearInterval(sampling);
  // What was seen last is to be over.
  await sleep(3 * everyMs + 1_000);
  podreach.kill('SIGINT');
  await ended;

  const { watch, scenarios } = runRecordSchema.parse(JSON.parse(readFileSync(file('run.json'), 'utf8')));
  if (watch === undefined) throw new Error('nothing was watched');
  const checks = scenarios.flatMap(checksOf);
  const startedMs = Date.parse(watch.startedAt);
  /** Times of the wall clock are told in whole milliseconds. */
  const isAt = (edge: Edge | undefined, { fromMs, toMs }: Moment): boolean =>
    edge !== undefined && edge.earliestMs <= toMs - startedMs + 1 && edge.latestMs >= fromMs - startedMs - 1;
  const windows = checks.flatMap(({ watched }) => watched?.windows ?? []);
  const seen = windows.filter(({ kind }) => kind === 'leak');
  const foundBy = made.map(
    (leak) => seen.filter(({ began, ended }) => isAt(began, leak.began) && isAt(ended, leak.ended)).length,
  );
  const strange = seen.filter(
    ({ began, ended }) => !made.some((leak) => isAt(began, leak.began) && isAt(ended, leak.ended)),
  );
  const lengths = made
    .map((leak) => leak.ended.toMs - leak.began.fromMs)
    .toSorted((left, right) => left - right);
  console.log(`${pods} pods, ${checks.length} checks, agents: ${agents.length}, every ${given.every}`);
  console.log(`attempts: ${JSON.stringify(watch.attempts)}, longest stall ${watch.longestStallMs} ms`);
  if (made.length > 0) {
    console.log(
      `leaks: ${foundBy.filter((number) => number > 0).length} of ${made.length} found, by ${Math.min(...foundBy)} checks at least; they lasted ${lengths[0]} to ${lengths.at(-1)} ms`,
    );
    console.log(`leaks told that were none: ${strange.length}`);
  }
  console.log(`gaps told, of which there were none: ${windows.filter(({ kind }) => kind === 'gap').length}`);
  report(samples);
} finally {
  kube.close();
  await sandbox.stop();
  rmSync(folder, { recursive: true });
}
