/** The nodes of a kind cluster, which are Docker containers with kind's labels, and the `kubectl` that each of them carries. */
import { z } from 'zod';
import type { CommandRunner } from '../command-runner.ts';

const CLUSTER_LABEL = 'io.x-k8s.kind.cluster';
const ROLE_LABEL = 'io.x-k8s.kind.role';
const TIMEOUT_MS = 60_000;

export interface NodeContainer {
  readonly id: string;
  readonly name: string;
  /** `control-plane`, `worker` or `external-load-balancer`. */
  readonly role: string;
  readonly isRunning: boolean;
  readonly createdAt: Date;
}

const inspected = z.array(
  z.object({
    Id: z.string(),
    Name: z.string(),
    Created: z.string(),
    State: z.object({ Running: z.boolean() }),
    Config: z.object({ Labels: z.record(z.string(), z.string()) }),
  }),
);

/** The containers of a cluster, running or not; none where there is no such cluster. */
export async function listNodes(
  runner: CommandRunner,
  cluster: string,
  signal?: AbortSignal,
): Promise<readonly NodeContainer[]> {
  const options = { processMs: TIMEOUT_MS, signal };
  const filter = `label=${CLUSTER_LABEL}=${cluster}`;
  const { stdout } = await runner.run(
    'docker',
    ['ps', '--all', '--quiet', '--no-trunc', '--filter', filter],
    options,
  );
  const ids = stdout.split('\n').filter((line) => line !== '');
  if (ids.length === 0) return [];
  const answer = await runner.run('docker', ['inspect', '--type', 'container', ...ids], options);
  return inspected.parse(JSON.parse(answer.stdout)).map(({ Id, Name, Created, State, Config }) => ({
    id: Id,
    name: Name.replace(/^\//, ''),
    role: Config.Labels[ROLE_LABEL] ?? '',
    isRunning: State.Running,
    createdAt: new Date(Created),
  }));
}

/** The node whose `kubectl` is used; undefined where there is none. */
export function controlPlaneOf(nodes: readonly NodeContainer[]): NodeContainer | undefined {
  return nodes
    .filter(({ role }) => role === 'control-plane')
    .toSorted((a, b) => a.name.localeCompare(b.name))[0];
}

export interface NodeKubectl {
  readonly runner: CommandRunner;
  /** The name of a control plane's container. */
  readonly node: string;
  readonly signal?: AbortSignal | undefined;
  readonly processMs?: number;
}

/**
 * Runs the node's own `kubectl` as the cluster's administrator, so that this machine needs none.
 * @returns its standard output; @throws CommandError
 */
export async function kubectl(
  { runner, node, signal, processMs = TIMEOUT_MS }: NodeKubectl,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const command = ['exec', ...(input === undefined ? [] : ['--interactive']), node, 'kubectl'];
  const { stdout } = await runner.run(
    'docker',
    [...command, '--kubeconfig=/etc/kubernetes/admin.conf', ...args],
    { processMs, input, signal },
  );
  return stdout;
}
