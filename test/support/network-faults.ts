/**
 * Faults in the network of a sandbox that runs: what a test does to a pod's link or to a node's forwarding, in the network namespaces
 * themselves. The sandbox knows nothing of it.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Kube } from '../../src/kube/kube.ts';

const run = promisify(execFile);

/** What undoes a fault. */
export type Undo = () => Promise<void>;

/** The rules of a filter, in one family of addresses. */
interface Filter {
  readonly incoming?: readonly string[];
  readonly outgoing?: readonly string[];
  /** Absent: IPv4. */
  readonly family?: 'ip' | 'ip6';
}

/** A network namespace, by one of the processes in it. */
interface Place {
  readonly pid: number;
}

const FOUND_WITHIN_MS = 60_000;

export class NetworkFaults {
  readonly #pods: ReadonlyMap<string, Place>;
  readonly #nodes: ReadonlyMap<string, Place>;
  /** Of all instances: tables of one node must not share a name. */
  static #faults = 0;

  private constructor(pods: ReadonlyMap<string, Place>, nodes: ReadonlyMap<string, Place>) {
    this.#pods = pods;
    this.#nodes = nodes;
  }

  /** Finds the pods of the run that goes on there, and their nodes, as soon as one is there. */
  static async of(kube: Kube): Promise<NetworkFaults> {
    const until = performance.now() + FOUND_WITHIN_MS;
    for (;;) {
      const faults = await NetworkFaults.#find(kube);
      if (faults.nodes.length > 0) return faults;
      if (performance.now() > until) throw new Error('no pod of a run is there');
      await delay(5);
    }
  }

  static async #find(kube: Kube): Promise<NetworkFaults> {
    const namespaces = await kube.list({ resource: 'namespaces', labelSelector: 'podreach.dev/run' });
    const runs = new Set(namespaces.map(({ metadata }) => metadata.labels?.['podreach.dev/run']));
    const processes = listProcesses();
    const agents = processes.flatMap((process) => {
      const config = /(?:^|\0)PODREACH_CONFIG=([^\0]*)/.exec(process.environment)?.[1];
      if (config === undefined || !process.command.endsWith('\0serve\0')) return [];
      const { runId = '', pod = '' } = readConfig(config);
      return runs.has(runId) ? [{ ...process, pod }] : [];
    });
    const supervisor = supervisorOf(agents[0]?.pid, processes);
    const visitors = processes.filter(
      ({ parent, command }) => parent === supervisor && command.includes('/probes/visitor.'),
    );
    const nodes = await Promise.all(
      visitors.map(async (visitor) => [await nodeOf(visitor), visitor] as const),
    );
    return new NetworkFaults(new Map(agents.map((agent) => [agent.pod, agent])), new Map(nodes));
  }

  /** The link of a pod goes down, and comes up again as it was. */
  async linkDown(pod: string): Promise<Undo> {
    const place = this.#pod(pod);
    const routes = await enter(place, ['ip', 'route', 'show', 'table', 'main']);
    const neighbours = await enter(place, ['ip', 'neighbour', 'show', 'dev', 'eth0', 'nud', 'permanent']);
    await enter(place, ['ip', 'link', 'set', 'eth0', 'down']);
    return async () => {
      await enter(place, ['ip', 'link', 'set', 'eth0', 'up']);
      // The one without a gateway first: the others lead through it.
      for (const route of lines(routes).toSorted(
        (one, other) => Number(/ via /.test(one)) - Number(/ via /.test(other)),
      ))
        await enter(place, ['ip', 'route', 'replace', ...route.trim().split(/\s+/)]);
      for (const neighbour of lines(neighbours)) {
        const [, address = '', mac = ''] = /^(\S+).*lladdr (\S+)/.exec(neighbour) ?? [];
        await enter(place, [
          ...['ip', 'neighbour', 'replace', address, 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent'],
        ]);
      }
    };
  }

  /**
   * A filter in a node's network, before everything else there.
   * @param rules of two chains: what comes in, from pods and from the other nodes, and what goes out to them
   */
  async filterNode(node: string, rules: Filter): Promise<Undo> {
    return await this.#filter(this.#node(node), rules, [
      ['prerouting', rules.incoming ?? []],
      ['postrouting', rules.outgoing ?? []],
    ]);
  }

  /** A filter inside a pod. */
  async filterPod(pod: string, rules: Filter): Promise<Undo> {
    return await this.#filter(this.#pod(pod), rules, [
      ['input', rules.incoming ?? []],
      ['output', rules.outgoing ?? []],
    ]);
  }

  /** The node forwards nothing more: what it sends itself still arrives. */
  async forwardingOff(node: string): Promise<Undo> {
    const set = (value: number) => async (): Promise<void> => {
      await enter(this.#node(node), ['sh', '-c', `echo ${value} > /proc/sys/net/ipv4/ip_forward`]);
    };
    await set(0)();
    return set(1);
  }

  /** The rules of a node's policies do nothing, until newer ones come. */
  async flush(node: string): Promise<Undo> {
    const rule = ['rule', 'ip', 'podreach', 'forward'];
    const added = await enter(this.#node(node), ['nft', '--echo', '--handle', 'insert', ...rule, 'accept']);
    const handle = /# handle (\d+)/.exec(added)?.[1];
    if (handle === undefined) throw new Error(`nft did not say which rule it has added: ${added}`);
    return async () => {
      await enter(this.#node(node), ['nft', 'delete', ...rule, 'handle', handle]).catch((thrown: unknown) => {
        // The sandbox has put newer ones in force.
        if (!/No such file/.test(String(thrown))) throw thrown;
      });
    };
  }

  /** What a pod sends to one address goes to another. */
  async redirect(pod: string, from: string, to: string): Promise<void> {
    NetworkFaults.#faults += 1;
    const rules = `type nat hook output priority -100; ip daddr ${from} dnat to ${to}`;
    const table = `table ip fault${NetworkFaults.#faults} { chain out { ${rules}; }; }`;
    await enter(this.#pod(pod), ['nft', '-f', '-'], `${table}\n`);
  }

  /** The agent of a pod ends, as if the system had run out of memory. */
  async kill(pod: string): Promise<void> {
    process.kill(this.#pod(pod).pid, 'SIGKILL');
  }

  get nodes(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  #pod(key: string): Place {
    return found(this.#pods, key);
  }

  #node(name: string): Place {
    return found(this.#nodes, name);
  }

  async #filter(
    place: Place,
    { family = 'ip' }: Filter,
    chains: readonly (readonly [string, readonly string[]])[],
  ): Promise<Undo> {
    NetworkFaults.#faults += 1;
    const table = `fault${NetworkFaults.#faults}`;
    const text = chains.map(
      ([hook, rules]) =>
        ` chain ${hook} {\n type filter hook ${hook} priority -400; policy accept;\n${rules.join('\n')}\n }\n`,
    );
    await enter(place, ['nft', '-f', '-'], `table ${family} ${table} {\n${text.join('')}}\n`);
    return async () => {
      await enter(place, ['nft', 'delete', 'table', family, table]);
    };
  }
}

/** A fault that lasts so long, or as long as the place that it is at. */
export async function lasting(ms: number, fault: Promise<Undo>): Promise<void> {
  await whileThere(async () => {
    const undo = await fault;
    await delay(ms);
    await undo();
  });
}

/** Does something to a place, which may be gone by then. */
export async function whileThere(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (thrown) {
    if (!(thrown instanceof PlaceIsGone)) throw thrown;
  }
}

/** Other tests start agents with whatever they can think of. */
function readConfig(text: string): { readonly runId?: string; readonly pod?: string } {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

class PlaceIsGone extends Error {}

function found(places: ReadonlyMap<string, Place>, name: string): Place {
  const place = places.get(name);
  if (place === undefined) throw new Error(`${name} does not run here: ${[...places.keys()].join(', ')}`);
  return place;
}

interface ProcessInfo extends Place {
  readonly parent: number;
  /** Words end with a NUL each, here and in the environment. */
  readonly command: string;
  readonly environment: string;
}

function listProcesses(): ProcessInfo[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const read = (file: string): string => readFileSync(`/proc/${name}/${file}`, 'utf8');
      const parent = Number(/\) \S (\d+)/.exec(read('stat'))?.[1]);
      const command = read('cmdline');
      return [{ pid: Number(name), parent, command, environment: command === '' ? '' : read('environ') }];
    } catch {
      return []; // it has ended meanwhile, or is somebody else's
    }
  });
}

function supervisorOf(pid: number | undefined, processes: readonly ProcessInfo[]): number | undefined {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  for (let at = pid === undefined ? undefined : byPid.get(pid); at !== undefined; at = byPid.get(at.parent))
    if (/\/sandbox\/supervisor\.[jt]s\0$/.test(at.command) && !at.command.startsWith('unshare'))
      return at.pid;
  return undefined;
}

/** node-1 has 172.18.0.2, node-2 has 172.18.0.3, and so on. */
async function nodeOf(place: Place): Promise<string> {
  const addresses = await enter(place, ['ip', '-4', '-o', 'address', 'show']);
  const last = Number(/ 172\.18\.0\.(\d+)\//.exec(addresses)?.[1]);
  return `node-${last - 1}`;
}

/** @throws PlaceIsGone where nothing runs there any more */
async function enter({ pid }: Place, command: readonly string[], input?: string): Promise<string> {
  try {
    const isOther = readlinkSync(`/proc/${pid}/ns/user`) !== readlinkSync('/proc/self/ns/user');
    const user = isOther ? ['--user', '--preserve-credentials'] : [];
    const running = run('nsenter', ['--target', String(pid), ...user, '--net', '--', ...command]);
    running.child.stdin?.on('error', () => {}); // the program may end without reading it
    running.child.stdin?.end(input ?? '');
    return (await running).stdout;
  } catch (thrown) {
    throw existsSync(`/proc/${pid}/ns/net`) ? thrown : new PlaceIsGone(`nothing runs as ${pid} any more`);
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
