/** The sandbox's network on this machine: a fabric, nodes, and links to pods, each a network namespace with a name. */
import { type ChildProcess, spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import type { ToolPaths } from '../host.ts';
import { mountsOf } from '../nsenter.ts';
import { run } from '../run.ts';
import { FABRIC, type NodePlan } from './addresses.ts';
import { attachScript, connectScript, detachScript, fabricScript, type PodLink } from './scripts.ts';

/** All methods throw `Error` with what the failing program said. A place is a node or {@link FABRIC}. */
export interface Network {
  /** Makes pods' network namespaces; no packet passes before {@link Network.connect}. */
  attach(place: string, pods: readonly PodLink[]): Promise<void>;
  connect(place: string, pods: readonly PodLink[]): Promise<void>;
  /** Takes pods' network namespaces away, as far as they exist. */
  detach(place: string, pods: readonly PodLink[]): Promise<void>;
  /** Carries out transactions of `nft`, one after the other. */
  enforce(node: string, transactions: readonly string[]): Promise<void>;
  /** The file of the network namespace of a place or a pod, for `nsenter --net`. */
  namespaceFile(name: string): string;
}

/**
 * Makes the fabric and the nodes.
 *
 * A network namespace is a mounted file. The files are kept in a mount namespace of their own: in the supervisor's, every pod
 * would inherit a copy of each and keep all of them alive.
 * @param rules what each node starts with, for `nft -f`
 * @param groupId who may send ICMP echo requests
 */
export async function buildNetwork(
  tools: ToolPaths,
  nodes: readonly NodePlan[],
  rules: string,
  groupId: number,
): Promise<Network> {
  const folder = runFolder();
  const keeper = await startKeeper(tools, folder, fabricScript(tools, nodes, rules, groupId));
  // The fabric is the network of this process.
  const fileOf = (name: string): string =>
    name === FABRIC ? `/proc/${process.pid}/ns/net` : `/proc/${keeper.pid}/root${folder}/netns/${name}`;
  const inPlace = async (
    what: string,
    place: string,
    program: readonly string[],
    input: string,
  ): Promise<void> => {
    const enter = [...mountsOf(keeper.pid), `--net=${fileOf(place)}`, '--'];
    await run(`${what} on ${place}`, tools.nsenter, [...enter, ...program], input);
  };
  const shell = [tools.sh, '-s'];

  return {
    namespaceFile: fileOf,
    attach: (place, pods) => inPlace('making pod networks', place, shell, attachScript(tools, pods, groupId)),
    connect: (place, pods) => inPlace('connecting pods', place, shell, connectScript(tools, pods)),
    detach: (place, pods) => inPlace('removing pod networks', place, shell, detachScript(tools, pods)),
    async enforce(node, transactions) {
      for (const transaction of transactions)
        await inPlace('replacing the rules', node, [tools.nft, '-f', '-'], transaction);
    },
  };
}

/** `ip netns` keeps its files in /var/run/netns, which is a link where /var/run is. */
function runFolder(): string {
  try {
    return realpathSync('/var/run');
  } catch (cause) {
    throw new Error('there is no /var/run, where "ip netns" keeps its files: make it', { cause });
  }
}

/** Starts the process whose mount namespace holds the network namespaces, and builds the fabric in it. */
async function startKeeper(tools: ToolPaths, folder: string, script: string): Promise<ChildProcess> {
  const keep = `set -e\n${tools.mount} -t tmpfs -o mode=755 podreach ${folder}\n${script}\necho ready\nread -r _\n`;
  const keeper = spawn(tools.unshare, ['--mount', '--', tools.sh, '-c', keep], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  keeper.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  await new Promise<void>((resolve, reject) => {
    keeper.stdout.once('data', () => resolve());
    keeper.once('error', reject);
    keeper.once('close', () => reject(new Error(`the network could not be built: ${errors.trim()}`)));
  });
  // Nothing of the network could be changed any more, policies least of all: the supervisor must not live on.
  keeper.once('close', () => {
    throw new Error(`the keeper of the network has ended: ${errors.trim()}`);
  });
  return keeper;
}
