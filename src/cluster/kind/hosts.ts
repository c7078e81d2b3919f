/**
 * Hosts outside a kind cluster: containers beside its nodes, in Docker networks of their own to which the nodes belong as well. So a node
 * reaches a host, and a host a node, at addresses of the host's range and nowhere else.
 */
import { messageOf, PodreachError } from '../../errors.ts';
import type { HostContainers, HostNetworks, WantedContainer, WantedHostNetworks } from '../cluster.ts';
import { CommandError, type CommandOptions, type CommandRunner } from '../command-runner.ts';
import type { KindContext } from './context.ts';
import { type HostRange, rangesFor } from './host-ranges.ts';
import { listNodes } from './nodes.ts';
import { stageError } from './stages.ts';

/** On all that stands outside a cluster: its value is the name of the cluster. */
const CLUSTER_LABEL = 'podreach.dev/outside-of';
/** As on everything that a run creates. */
const RUN_LABEL = 'podreach.dev/run';
const ANSWER_TIMEOUT_MS = 60_000;
const PULL_TIMEOUT_MS = 600_000;
const POLL_MS = 200;
/** What Docker says of a range that it, or its machine, uses already. */
const RANGE_TAKEN = /overlaps? with/i;

type DockerContext = Pick<KindContext, 'runner' | 'clock' | 'talk' | 'tell'>;

/** @param cluster its name */
export function hostContainers(cluster: string, context: DockerContext): HostContainers {
  const { runner, talk, tell } = context;
  return {
    async connect(wanted) {
      const ranges = rangesFor(wanted.addresses, wanted.nodes.length);
      const left: OutsideOf = { cluster, runId: wanted.runId };
      try {
        for (const [index, range] of ranges.entries()) {
          wanted.signal.throwIfAborted();
          await makeNetwork(networkName(wanted.runId, index), range, cluster, wanted, context);
        }
      } catch (thrown) {
        await removeOutside(runner, left).catch((later: unknown) =>
          tell({ type: 'warning', text: messageOf(later) }),
        );
        throw thrown;
      }
      return networksIn(ranges, cluster, wanted, context);
    },
    talk,
  };
}

function networksIn(
  ranges: readonly HostRange[],
  cluster: string,
  { runId, nodes }: WantedHostNetworks,
  context: DockerContext,
): HostNetworks {
  const { runner } = context;
  const rangesOf = (addresses: readonly string[]): readonly HostRange[] =>
    ranges.filter((range) => range.addresses.some((address) => addresses.includes(address)));
  return {
    nodesAround(addresses) {
      const around = rangesOf(addresses);
      return new Map(
        nodes.map((node, index) => [node, around.flatMap(({ ofNodes }) => ofNodes[index] ?? [])]),
      );
    },
    async create(host, signal) {
      const homes = ranges.flatMap((range, index) => {
        const address = range.addresses.find((one) => host.addresses.includes(one));
        return address === undefined ? [] : [{ network: networkName(runId, index), address, range }];
      });
      await provideImage(host.image, runner, signal);
      signal.throwIfAborted();
      await makeContainer(host, homes, { cluster, runId }, context);
      await untilReady(host, context, signal);
    },
    async remove(containers) {
      if (containers.length === 0) return;
      // Docker does not mind one that is not there.
      const failures = await failuresOf([
        () => docker(runner, ['rm', '--force', '--volumes', ...containers]),
      ]);
      tellLeft(failures, cluster);
    },
    disconnect: () => removeOutside(runner, { cluster, runId }),
  };
}

/**
 * Sorts after `kind`, the network of the nodes: of several, Docker has taken the default gateway from the one whose name comes first.
 */
function networkName(runId: string, index: number): string {
  return `podreach-hosts-${runId}-${index + 1}`;
}

/** Not to be interrupted: what Docker was told to make would come after what takes it away. */
async function makeNetwork(
  name: string,
  { subnet, family, gateway, ofNodes }: HostRange,
  cluster: string,
  { runId, nodes }: WantedHostNetworks,
  { runner }: DockerContext,
): Promise<void> {
  const labels = labelsOf({ cluster, runId });
  const ipv6 = family === 'IPv6' ? ['--ipv6'] : [];
  // Internal, so that nobody comes or goes by it but the nodes and the hosts, and no route of the nodes changes.
  const options = ['--driver', 'bridge', '--internal', ...ipv6, '--subnet', subnet, '--gateway', gateway];
  await docker(runner, ['network', 'create', ...options, ...labels, name]).catch((thrown: unknown) => {
    throw networkError(subnet, thrown, cluster);
  });
  for (const [index, node] of nodes.entries()) {
    const address = ofNodes[index] ?? '';
    await docker(runner, ['network', 'connect', addressOption(family), address, name, node]).catch(
      (thrown: unknown) => {
        throw provisionError(`putting ${node} into the network of the hosts in ${subnet} failed`, thrown);
      },
    );
  }
}

function networkError(subnet: string, thrown: unknown, cluster: string): PodreachError {
  const isTaken = thrown instanceof CommandError && RANGE_TAKEN.test(thrown.stderr);
  return provisionError(
    `no network for the hosts in ${subnet} can be made`,
    thrown,
    isTaken
      ? `Docker or its machine uses a part of ${subnet} already (docker network ls). Where an earlier run has left it: podreach clean --cluster kind=${cluster}. Otherwise give the hosts other addresses.`
      : 'Check that Docker answers: docker network ls',
  );
}

interface Home {
  readonly network: string;
  readonly address: string;
  readonly range: HostRange;
}

/** As unprivileged as a probe pod. Its further networks are there before its program is. */
async function makeContainer(
  { name, image, command: [program, ...args], env, hasLowPorts }: WantedContainer,
  [home, ...others]: readonly Home[],
  outside: Required<OutsideOf>,
  { runner }: DockerContext,
): Promise<void> {
  if (home === undefined) throw new Error(`there is no network for ${name}`);
  const at = ['--network', home.network, addressOption(home.range.family), home.address];
  const rights = [
    ...['--user', '1000:1000', '--read-only', '--tmpfs', '/tmp:size=4m,mode=1777'],
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--memory', '256m'],
    ...(hasLowPorts ? ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=0'] : []),
  ];
  // By their names alone: the client hands on the values that it has itself.
  const variables = Object.keys(env).flatMap((variable) => ['--env', variable]);
  const options = ['--name', name, ...labelsOf(outside), ...at, ...rights, ...variables];
  const make = async (): Promise<void> => {
    await docker(runner, ['create', ...options, '--entrypoint', program, image, ...args], { env });
    for (const { network, address, range } of others)
      await docker(runner, ['network', 'connect', addressOption(range.family), address, network, name]);
    await docker(runner, ['start', name]);
  };
  await make().catch((thrown: unknown) => {
    throw provisionError(`the container of the host at ${home.address} cannot be made`, thrown);
  });
}

async function provideImage(image: string, runner: CommandRunner, signal: AbortSignal): Promise<void> {
  try {
    await docker(runner, ['image', 'inspect', '--format', '{{.Id}}', image], { signal });
  } catch (thrown) {
    if (!(thrown instanceof CommandError) || thrown.failure.reason !== 'exited') throw thrown;
    await docker(runner, ['pull', '--quiet', image], { signal, processMs: PULL_TIMEOUT_MS }).catch(
      (failed: unknown) => {
        signal.throwIfAborted();
        throw provisionError(
          `hosts are containers of ${image}, which the local Docker does not have and cannot pull`,
          failed,
          `Load it into Docker (docker load), or name one that it has with --probe-image.`,
        );
      },
    );
  }
}

async function untilReady(
  { name, readyWhen, readyWithinMs }: WantedContainer,
  { runner, clock }: DockerContext,
  signal: AbortSignal,
): Promise<void> {
  const deadline = clock.now() + readyWithinMs;
  for (;;) {
    try {
      await docker(runner, ['exec', name, ...readyWhen], { signal });
      return;
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(await isRunning(name, runner, signal)) || clock.now() > deadline)
        throw provisionError(
          `the agent in the container ${name} does not serve`,
          await logOf(name, runner, thrown),
        );
    }
    await clock.sleep(POLL_MS, signal);
  }
}

async function isRunning(name: string, runner: CommandRunner, signal: AbortSignal): Promise<boolean> {
  const format = ['--format', '{{.State.Running}}'];
  const answer = await docker(runner, ['inspect', '--type', 'container', ...format, name], { signal }).catch(
    () => '',
  );
  return answer.trim() === 'true';
}

/** What it said last, where it said anything. */
async function logOf(name: string, runner: CommandRunner, otherwise: unknown): Promise<unknown> {
  try {
    const { stdout, stderr } = await runner.run('docker', ['logs', '--tail', '3', name], {
      processMs: ANSWER_TIMEOUT_MS,
    });
    const words = `${stdout}\n${stderr}`.trim();
    return words === '' ? otherwise : new Error(words);
  } catch {
    return otherwise;
  }
}

/** All that stands outside a cluster, or what one run has put there. */
interface OutsideOf {
  readonly cluster: string;
  readonly runId?: string;
}

/**
 * Takes away what stands outside: containers, then the nodes' places in the networks, then these. Not to be interrupted.
 * @throws PodreachError `cluster-unavailable` naming what is left, with Docker's own words
 */
export async function removeOutside(runner: CommandRunner, outside: OutsideOf): Promise<void> {
  const { cluster } = outside;
  const containers = await listIds(runner, ['ps', '--all'], outside);
  const failures = await failuresOf(
    containers.length === 0 ? [] : [() => docker(runner, ['rm', '--force', '--volumes', ...containers])],
  );
  const networks = await listIds(runner, ['network', 'ls'], outside);
  // Also those that do not run: with a network that is gone they would not start again.
  const nodes = networks.length === 0 ? [] : await listNodes(runner, cluster);
  for (const network of networks) {
    const leave = nodes.map(
      ({ name }) =>
        () =>
          leaveNetwork(runner, network, name),
    );
    failures.push(...(await failuresOf([...leave, () => docker(runner, ['network', 'rm', network])])));
  }
  tellLeft(failures, cluster);
}

async function leaveNetwork(runner: CommandRunner, network: string, node: string): Promise<void> {
  try {
    await docker(runner, ['network', 'disconnect', '--force', network, node]);
  } catch (thrown) {
    if (!(thrown instanceof CommandError) || !/is not connected/i.test(thrown.stderr)) throw thrown;
  }
}

function tellLeft(failures: readonly unknown[], cluster: string): void {
  if (failures.length === 0) return;
  throw new PodreachError(
    'cluster-unavailable',
    `what stands for hosts outside the kind cluster "${cluster}" is still there: ${failures.map(messageOf).join('; ')}`,
    {
      hint: `Look for it: docker ps --all --filter label=${CLUSTER_LABEL}=${cluster}, and docker network ls with the same filter.`,
      cause: failures[0],
    },
  );
}

/** Does one after the other, whatever becomes of those before. */
async function failuresOf(works: readonly (() => Promise<unknown>)[]): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const work of works) await work().catch((thrown: unknown) => failures.push(thrown));
  return failures;
}

/** What a run has put outside a cluster. */
export interface LeftOutside {
  readonly runId: string;
  /** Of containers and networks. */
  readonly names: readonly string[];
}

/** What runs have put outside a cluster and not taken away. @throws PodreachError `cluster-unavailable`, `tool-missing` */
export async function findOutside(runner: CommandRunner, cluster: string): Promise<readonly LeftOutside[]> {
  return await listOutside(runner, cluster).catch((thrown: unknown) => {
    throw stageError('looking for hosts outside the cluster', thrown, 'Check that Docker runs: docker info');
  });
}

async function listOutside(runner: CommandRunner, cluster: string): Promise<readonly LeftOutside[]> {
  const lines = async (command: readonly string[], name: string): Promise<readonly (readonly string[])[]> => {
    const format = ['--format', `{{.Label "${RUN_LABEL}"}} {{.${name}}}`];
    const stdout = await docker(runner, [...command, ...filtersOf({ cluster }), ...format]);
    return stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim().split(' ')]));
  };
  const all = [...(await lines(['ps', '--all'], 'Names')), ...(await lines(['network', 'ls'], 'Name'))];
  const byRun = Map.groupBy(all, ([runId = '']) => runId);
  return [...byRun].map(([runId, own]) => ({
    runId,
    names: own.flatMap(([, name = []]) => name).toSorted(),
  }));
}

async function listIds(
  runner: CommandRunner,
  command: readonly string[],
  outside: OutsideOf,
): Promise<readonly string[]> {
  const stdout = await docker(runner, [...command, '--quiet', '--no-trunc', ...filtersOf(outside)]);
  return stdout.split('\n').filter((line) => line !== '');
}

function filtersOf({ cluster, runId }: OutsideOf): readonly string[] {
  const ofRun = runId === undefined ? [] : ['--filter', `label=${RUN_LABEL}=${runId}`];
  return ['--filter', `label=${CLUSTER_LABEL}=${cluster}`, ...ofRun];
}

function labelsOf({ cluster, runId }: Required<OutsideOf>): readonly string[] {
  return ['--label', `${CLUSTER_LABEL}=${cluster}`, '--label', `${RUN_LABEL}=${runId}`];
}

function addressOption(family: HostRange['family']): string {
  return family === 'IPv4' ? '--ip' : '--ip6';
}

async function docker(
  runner: CommandRunner,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return (await runner.run('docker', args, { processMs: ANSWER_TIMEOUT_MS, ...options })).stdout;
}

function provisionError(what: string, thrown: unknown, hint?: string): PodreachError {
  return new PodreachError('provision-failed', `${what}: ${messageOf(thrown)}`, { hint, cause: thrown });
}
