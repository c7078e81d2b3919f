/**
 * What a watch costs in processor time: real agents on the loopback that watch each other, asked every few seconds as a monitor asks.
 * And in memory: what one agent keeps. Run by hand: `node --expose-gc bench/watch.ts [SECONDS]`. Results stand in docs/performance.md.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchLedger } from '../src/probe/agent/watch/ledger.ts';
import { agentSource } from '../src/probe/source.ts';
import { LINES_KEPT, parseWatchAnswer, watchInput } from '../src/probe/watch.ts';
import type { CollectRequest, WatchEndLine, WatchRequest } from '../src/probe/watch-protocol.ts';

const RUN_ID = 'bench';
const FIRST_PORT = 21_000;
const COLLECT_EVERY_MS = 5_000;

interface Case {
  readonly title: string;
  readonly agents: number;
  readonly everyMs: number;
  /** Whether each check has a held connection as well. */
  readonly isHeld: boolean;
  readonly limit: string;
}

const CASES: readonly Case[] = [
  { title: '20 agents, 380 checks each second', agents: 20, everyMs: 1_000, isHeld: false, limit: '0.33' },
  { title: 'the same, with held connections', agents: 20, everyMs: 1_000, isHeld: true, limit: '' },
  { title: '32 agents, 992 checks each second', agents: 32, everyMs: 1_000, isHeld: false, limit: '1' },
];

/** What an agent has done so far. */
interface Sample {
  readonly clockMs: number;
  readonly begun: number;
  readonly due: number;
  /** User and system. */
  readonly processorMs: number;
}

class BenchAgent {
  readonly #file: string;
  readonly #process: ChildProcess;
  readonly #watch: WatchRequest;
  readonly #ids: ReadonlySet<number>;
  #received = 0;

  constructor(folder: string, index: number, { agents, everyMs, isHeld }: Case) {
    const home = join(folder, String(index));
    mkdirSync(home);
    this.#file = join(home, 'agent.mjs');
    writeFileSync(this.#file, agentSource());
    const targets = Array.from({ length: agents }, (_, id) => id)
      .filter((id) => id !== index)
      .map((id) => ({
        id,
        host: '127.0.0.1',
        port: FIRST_PORT + id,
        protocol: 'TCP' as const,
        pod: `bench/${id}`,
      }));
    this.#ids = new Set(targets.map(({ id }) => id));
    this.#watch = {
      kind: 'watch',
      watch: 'bench',
      runId: RUN_ID,
      everyMs,
      timeoutMs: 1_000,
      abandonedMs: 60_000,
      kept: LINES_KEPT,
      targets,
      held: isHeld ? targets : [],
    };
    this.#process = spawn(process.execPath, [this.#file, 'serve'], {
      env: {
        PODREACH_CONFIG: JSON.stringify({
          runId: RUN_ID,
          pod: `bench/${index}`,
          visitPort: FIRST_PORT + 1_000 + index,
          ports: [{ port: FIRST_PORT + index, protocol: 'TCP' }],
        }),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  async serving(): Promise<void> {
    if (this.#process.stdout !== null) await once(this.#process.stdout, 'data');
  }

  async begin(): Promise<void> {
    await this.#ask(this.#watch);
  }

  /** Collects, and says how far it is. */
  async collect(): Promise<Sample> {
    const { clockMs, state } = await this.#ask({ kind: 'collect', watch: 'bench', received: this.#received });
    if (state === undefined) throw new Error('the watch has ended');
    this.#received = state.seq;
    return { clockMs, begun: state.begun, due: state.due, processorMs: this.#processorMs };
  }

  /** Of all its threads. */
  get #processorMs(): number {
    const tasks = `/proc/${this.#process.pid}/task`;
    return readdirSync(tasks)
      .map((task) => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6)
      .reduce((sum, ms) => sum + ms, 0);
  }

  end(): void {
    this.#process.kill('SIGKILL');
  }

  async #ask(request: WatchRequest | CollectRequest): Promise<WatchEndLine> {
    const socket = connect(`${this.#file}.socket`);
    socket.write(watchInput(request));
    const answer = parseWatchAnswer(await text(socket), request, this.#ids);
    if (answer.kind === 'broken') throw new Error(answer.reason);
    return answer.end;
  }
}

async function collectFrom(agents: readonly BenchAgent[]): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (const agent of agents) samples.push(await agent.collect());
  return samples;
}

async function measure(one: Case, seconds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'podreach-bench-'));
  const agents = Array.from({ length: one.agents }, (_, index) => new BenchAgent(folder, index, one));
  try {
    await Promise.all(agents.map((agent) => agent.serving()));
    for (const agent of agents) await agent.begin();
    await sleep(5_000); // until what runs often has been compiled
    const first = await collectFrom(agents);
    const own = process.cpuUsage();
    const started = performance.now();
    let last = first;
    while (performance.now() - started < seconds * 1_000) {
      await sleep(COLLECT_EVERY_MS);
      last = await collectFrom(agents);
    }
    const { user, system } = process.cpuUsage(own);
    const ownCores = (user + system) / 1_000 / (performance.now() - started);
    /** Of all agents, in a millisecond. */
    const rate = (key: Exclude<keyof Sample, 'clockMs'>): number =>
      last.reduce((sum, sample, index) => {
        const before = first[index] ?? sample;
        return sum + (sample[key] - before[key]) / (sample.clockMs - before.clockMs);
      }, 0);
    const perSecond = [rate('begun'), rate('due')].map((perMs) => (1_000 * perMs).toFixed(0)).join(' of ');
    console.log(
      `| ${one.title} | ${perSecond} | ${rate('processorMs').toFixed(2)} | ${ownCores.toFixed(2)} | ${one.limit} |`,
    );
  } finally {
    for (const agent of agents) agent.end();
    rmSync(folder, { recursive: true });
  }
}

/** What 100 agents keep of 9,900 checks that were watched for a day, each tried every 10 s. @param changes how often each check turned */
function keptMegabytes(changes: number, isCollected: boolean): number {
  const attempts = 8_640;
  const heap = (): number => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  const ledger = new WatchLedger(LINES_KEPT);
  for (let number = 0; number < attempts; number += 1)
    for (let id = 0; id < 99; id += 1) {
      const outcome = Math.floor((number * (changes + 1)) / attempts) % 2 === 0 ? 'connected' : 'timeout';
      ledger.attempt(id, { outcome, dialledMs: 10_000.37 * number + id, tookMs: 1.37 + id / 100 });
      if (isCollected && id === 0) {
        ledger.lines();
        ledger.forget(ledger.seq);
      }
    }
  const kept = heap() - before;
  if (ledger.seq === 0) throw new Error('nothing was kept');
  return (100 * kept) / 2 ** 20;
}

const seconds = Number(process.argv[2] ?? 20);
console.log('| kept by 100 agents, MB | collected | nobody asks |\n| --- | --- | --- |');
for (const changes of [0, 10, 1_000])
  console.log(
    `| each check turned ${changes} times | ${[true, false].map((isCollected) => keptMegabytes(changes, isCollected).toFixed(1)).join(' | ')} |`,
  );
console.log(
  '\n| what | attempts a second | cores of the agents | of the asker | limit |\n| --- | --- | --- | --- | --- |',
);
for (const one of CASES) await measure(one, seconds);
