/** A sandbox with pods that listen and connect, for tests on real packets. */
import { setTimeout as delay } from 'node:timers/promises';
import { connectKube } from '../../src/kube/connect.ts';
import type { ExecResult, Kube, KubeObject } from '../../src/kube/kube.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import { runCommand } from '../support/run-command.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
}

/** Where every listener listens, TCP and UDP alike. */
const PORTS = [53, 80, 8080, 9000, 9001, 9002] as const;

/** Listens on all ports of both families and answers with the pod's name. */
const LISTENER = `
const { createServer } = require('node:net');
const { createSocket } = require('node:dgram');
for (const port of ${JSON.stringify(PORTS)}) {
  createServer((socket) => socket.on('error', () => {}).end(process.env.HOSTNAME)).listen(port, '::');
  const udp = createSocket('udp6');
  udp.on('message', (_, from) => udp.send(process.env.HOSTNAME, from.port, from.address)).bind(port);
}`;

/** Tries all targets of its first argument at once, and prints who answered or what went wrong, as JSON. */
const CONNECTOR = `
const { connect } = require('node:net');
const { createSocket } = require('node:dgram');
const [targets, timeoutMs] = JSON.parse(process.argv[1]);
const attempt = ({ host, port, protocol }) => new Promise((resolve) => {
  // What has come in while the machine was busy goes before the timer.
  setTimeout(() => setImmediate(resolve, 'shut'), timeoutMs);
  if (protocol === 'TCP') {
    connect({ host, port }).on('data', (data) => resolve(String(data))).on('error', (error) => resolve(error.code));
  } else {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (data) => resolve(String(data))).on('error', (error) => resolve(error.code));
    socket.connect(port, host, () => socket.send('?'));
  }
});
Promise.all(targets.map(attempt)).then((outcomes) => {
  console.log(JSON.stringify(outcomes));
  process.exit(0);
});`;

/** A pod's manifest; it listens on all of {@link PORTS} unless `spec` says otherwise. */
export function podManifest(
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
  spec: object = {},
  container: object = {},
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      containers: [{ name: 'main', image: 'none', command: ['node', '-e', LISTENER], ...container }],
      ...spec,
    },
  };
}

export class Testbed implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly kube: Kube;
  #changes = 0;

  constructor(sandbox: Sandbox, kube: Kube) {
    this.sandbox = sandbox;
    this.kube = kube;
  }

  async namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  }

  async policy(namespace: string, name: string, spec: object): Promise<void> {
    const body = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, namespace },
      spec,
    };
    await this.kube.apply({ resource: 'networkpolicies', namespace, name }, JSON.stringify(body));
  }

  async dropPolicies(): Promise<void> {
    const left = await this.kube.list({ resource: 'networkpolicies' });
    await Promise.all(
      left.map(({ metadata: { namespace = '', name } }) =>
        this.kube.delete({ resource: 'networkpolicies', namespace, name }),
      ),
    );
  }

  /** Creates pods and waits until all of them run and listen. */
  async start(...manifests: readonly KubeObject[]): Promise<void> {
    await Promise.all(manifests.map((manifest) => this.kube.create(manifest)));
    for (const { metadata } of manifests) {
      const { namespace = 'default', name } = metadata;
      await this.until(`${namespace}/${name} listens`, async () => {
        if (statusOf(await this.pod(namespace, name)).phase !== 'Running') return false;
        const own: Target = { host: '127.0.0.1', port: 9002, protocol: 'TCP' };
        return (await this.attempts(namespace, name, [own]))[0] === name;
      });
    }
  }

  /** Waits until all that was changed so far is in force, by what the nodes say of themselves. */
  async inForce(): Promise<void> {
    this.#changes += 1;
    // The last change is one that means nothing, but has a version.
    const annotations = { 'testbed/changes': String(this.#changes) };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', annotations } };
    const address = { resource: 'namespaces', name: 'default' } as const;
    const version = versionOf(await this.kube.apply(address, JSON.stringify(namespace)));
    await this.until(`version ${version} is in force`, async () =>
      [...(await this.policiesInForce()).values()].every((told) => told >= version),
    );
  }

  /** The version of the newest policy, pod or namespace that each node says it enforces; -1 where it says nothing. */
  async policiesInForce(): Promise<ReadonlyMap<string, number>> {
    const nodes = await this.kube.list({ resource: 'nodes' });
    return new Map(
      nodes.map((node) => {
        const [, told = -1] = /^resourceVersion (\d+)$/.exec(policiesInForceOf(node)?.message ?? '') ?? [];
        return [node.metadata.name, Number(told)];
      }),
    );
  }

  async pod(namespace: string, name: string): Promise<KubeObject | undefined> {
    return this.kube.get({ resource: 'pods', namespace, name });
  }

  async address(namespace: string, name: string): Promise<string> {
    return (await this.addresses(namespace, name))[0];
  }

  /** Of IPv4 and of IPv6. */
  async addresses(namespace: string, name: string): Promise<readonly [string, string]> {
    const [first, second] = statusOf(await this.pod(namespace, name)).podIPs ?? [];
    if (first === undefined || second === undefined) throw new Error(`${namespace}/${name} has no addresses`);
    return [first.ip, second.ip];
  }

  exec(namespace: string, pod: string, ...command: readonly string[]): Promise<ExecResult> {
    return runCommand(this.kube, { namespace, pod, container: 'main', command, answerMs: 20_000 });
  }

  /** Who answered each target, or what went wrong: `shut` is silence. */
  async attempts(
    namespace: string,
    pod: string,
    targets: readonly Target[],
    timeoutMs = 300,
  ): Promise<string[]> {
    const result = await this.exec(
      namespace,
      pod,
      'node',
      '-e',
      CONNECTOR,
      JSON.stringify([targets, timeoutMs]),
    );
    if (result.kind !== 'exited' || result.exitCode !== 0) return targets.map(() => JSON.stringify(result));
    return JSON.parse(result.stdout);
  }

  /** Waits for a condition. @throws Error that says what was waited for */
  async until(what: string, condition: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
      await delay(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kube.close();
    await this.sandbox.stop();
  }
}

/** As much of a pod's status as tests read. */
export interface SeenStatus {
  readonly phase?: string;
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly hostIP?: string;
  readonly hostIPs?: readonly { readonly ip: string }[];
  readonly conditions?: readonly object[];
  readonly containerStatuses?: readonly {
    readonly state: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly lastState?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly restartCount: number;
  }[];
}

export function statusOf(pod: KubeObject | undefined): SeenStatus {
  return (pod?.['status'] ?? {}) as SeenStatus; // an answer of the API
}

export function isReady(pod: KubeObject | undefined): boolean {
  const conditions = (statusOf(pod).conditions ?? []) as readonly Pick<NodeCondition, 'type' | 'status'>[]; // an answer of the API
  return conditions.find(({ type }) => type === 'Ready')?.status === 'True';
}

/** What a node says of the policies that it enforces; undefined where it says nothing. */
export function policiesInForceOf(node: KubeObject): NodeCondition | undefined {
  const { conditions } = node['status'] as { readonly conditions: readonly NodeCondition[] }; // an answer of the API
  return conditions.find(({ type }) => type === 'PoliciesInForce');
}

interface NodeCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message?: string;
  readonly lastTransitionTime: string;
}

export function versionOf(object: KubeObject | undefined): number {
  const { resourceVersion } = (object?.metadata ?? {}) as { readonly resourceVersion?: string }; // an answer of the API
  return Number(resourceVersion);
}

export async function startTestbed(options: Partial<SandboxOptions> = {}): Promise<Testbed> {
  const signal = new AbortController().signal;
  const sandbox = await startSandbox({ nodes: 2, enforcement: 'on', signal, ...options });
  // Whatever fails then says only that nobody answers.
  void sandbox.exited.then((exit) => {
    if (exit.kind === 'lost') process.stderr.write(`a sandbox of the tests was lost: ${exit.reason}\n`);
  });
  return new Testbed(sandbox, await connectKube(sandbox.kubeconfig, { patience: { answerMs: 120_000 } }));
}
