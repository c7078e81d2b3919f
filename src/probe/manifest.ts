/** What a run creates in the cluster: probe pods that meet the *restricted* Pod Security Standard, but for those on the network of their nodes, and their namespaces. */
import { objectKey } from '../keys.ts';
import type { KubeObject } from '../kube/kube.ts';
import { POD_SECURITY_LABEL, UNRESTRICTED } from '../labels.ts';
import type { PlannedNamespace, PlannedPod } from '../scenario/scenario.ts';
import type { AgentConfig } from './agent-config.ts';
import { AGENT_CONFIG_VARIABLE, AGENT_PATH, AGENT_SOURCE_VARIABLE, PROBE_CONTAINER } from './protocol.ts';
import type { ProbeSettings } from './settings.ts';
import type { WatchRequest } from './watch-protocol.ts';

/** The label, with the run id as its value, on everything that a run creates. Clean-up goes by it. */
export const RUN_LABEL = 'podreach.dev/run';

/** `node` of the official images. Named, because `runAsNonRoot` alone would refuse these images: their default is root. */
const NODE_USER = 1000;
const FIRST_UNPRIVILEGED_PORT = 1024;
/** Where the kubelet visits a probe pod, unless the pod itself listens there. */
export const VISIT_PORT = 20_817;
/** Often enough that a run's attempts span a visit, and as often as Kubernetes allows. */
export const VISIT_EVERY_MS = 1_000;

/** Puts the agent where exec finds it again, then becomes it: the arguments are those of `node AGENT_PATH serve`. */
const BOOTSTRAP = `const path = process.argv[1]; require('node:fs').writeFileSync(path, process.env.${AGENT_SOURCE_VARIABLE}); import(path);`;

export interface ProbePodOptions {
  readonly runId: string;
  /** The agent's JavaScript, from `agentSource`. */
  readonly agent: string;
  readonly settings: ProbeSettings;
  /** What the agent watches from its process's beginning. */
  readonly firstInstant?: WatchRequest;
  /** Absent: it is a pod of the cluster. */
  readonly host?: SimulatedHost;
  /** Where the kubelet visits it. Absent: at a port that it does not declare. */
  readonly visitPort?: number;
}

/** What a probe pod is that stands for a host outside the cluster. */
export interface SimulatedHost {
  /** As its agent calls itself. */
  readonly key: string;
  /** The name by which it is dialled; absent: its address. */
  readonly dnsName?: string;
  /** What puts it outside. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** The manifest of a probe pod. It has the labels that the scenario gives it and {@link RUN_LABEL}, nothing else. */
export function probePod(
  pod: PlannedPod,
  { runId, agent, settings, firstInstant, host, visitPort = freePort(VISIT_PORT, [pod]) }: ProbePodOptions,
): KubeObject {
  const own = agentProcess(
    {
      runId,
      pod: host?.key ?? objectKey(pod),
      visitPort,
      ...(pod.hostNetwork === undefined ? {} : { hostNetwork: pod.hostNetwork }),
      ports: pod.ports.map(({ port, protocol }) => ({ port, protocol })),
      ...(firstInstant === undefined ? {} : { firstInstant }),
    },
    agent,
  );
  const { privileges, capabilities } = rightsOf(pod);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      labels: { ...pod.labels, [RUN_LABEL]: runId },
      ...(host === undefined ? {} : { annotations: host.annotations }),
    },
    spec: {
      // A probe that died is a finding, not something to mend behind the run's back.
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      nodeSelector: { 'kubernetes.io/os': 'linux', ...settings.nodeSelector },
      ...(settings.tolerations.length === 0 ? {} : { tolerations: settings.tolerations }),
      ...(settings.pullSecrets.length === 0
        ? {}
        : { imagePullSecrets: settings.pullSecrets.map(({ name }) => ({ name })) }),
      // By itself a pod on the network of its node has the names that the node knows, and no Service is among them.
      ...(pod.hostNetwork === undefined
        ? {}
        : { hostNetwork: pod.hostNetwork, dnsPolicy: 'ClusterFirstWithHostNet' }),
      affinity: { podAntiAffinity: apartFromOthers(runId) },
      securityContext: {
        ...privileges,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: PROBE_CONTAINER,
          image: settings.image,
          // Also of a tag that Kubernetes would always pull again: an image that was loaded into the nodes may be nowhere else.
          imagePullPolicy: 'IfNotPresent',
          command: own.command,
          env: Object.entries(own.env).map(([name, value]) => ({ name, value })),
          ports: declaredPorts(pod, visitPort),
          // The kubelet's visits are the proof that the pod's link works: no policy may stop them (D18).
          readinessProbe: {
            httpGet: { path: '/', port: visitPort },
            periodSeconds: VISIT_EVERY_MS / 1_000,
            timeoutSeconds: 1,
            failureThreshold: 3,
          },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities,
          },
          // The listener and one probe beside it, each a Node.js process of some 50 MiB.
          resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '1', memory: '256Mi' } },
          terminationMessagePolicy: 'FallbackToLogsOnError',
          volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
        },
      ],
      volumes: [{ name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '4Mi' } }],
    },
  };
}

/** How the agent is started, in a pod or in a container beside the nodes. @param agent its JavaScript */
export function agentProcess(
  config: AgentConfig,
  agent: string,
): {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
} {
  return {
    command: ['node', '--input-type=commonjs', '-e', BOOTSTRAP, AGENT_PATH, 'serve'],
    env: { [AGENT_CONFIG_VARIABLE]: JSON.stringify(config), [AGENT_SOURCE_VARIABLE]: agent },
  };
}

/** Whether a port takes a right to listen on. */
export function isLowPort(port: number): boolean {
  return port < FIRST_UNPRIVILEGED_PORT;
}

/** The first port from `first` on that none of the pods declares. */
export function freePort(first: number, pods: readonly Pick<PlannedPod, 'ports'>[]): number {
  const taken = new Set(pods.flatMap(({ ports }) => ports.map(({ port }) => port)));
  let port = first;
  while (taken.has(port)) port += 1;
  return port;
}

/** What a pod may, so that it can listen on ports below {@link FIRST_UNPRIVILEGED_PORT} where it declares any. */
function rightsOf({ ports, hostNetwork }: PlannedPod): {
  readonly privileges: object;
  readonly capabilities: object;
} {
  const isLow = ports.some(({ port }) => isLowPort(port));
  const user = { runAsNonRoot: true, runAsUser: NODE_USER, runAsGroup: NODE_USER };
  const none = { drop: ['ALL'] };
  if (!isLow) return { privileges: user, capabilities: none };
  // No sysctl may be set for the network of a node, and only the superuser keeps a capability.
  if (hostNetwork === true)
    return {
      privileges: { runAsUser: 0, runAsGroup: 0 },
      capabilities: { ...none, add: ['NET_BIND_SERVICE'] },
    };
  // A safe sysctl since Kubernetes 1.22, and the only way to port 80 without a capability.
  const sysctls = [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }];
  return { privileges: { ...user, sysctls }, capabilities: none };
}

/** On the network of its node also that of the kubelet's visits: the scheduler then knows that it is taken there. */
function declaredPorts({ ports, hostNetwork }: PlannedPod, visitPort: number): readonly object[] {
  const declared = ports.map(({ name, port, protocol }) => ({
    ...(name === undefined ? {} : { name }),
    containerPort: port,
    protocol,
  }));
  return hostNetwork === true ? [...declared, { containerPort: visitPort, protocol: 'TCP' }] : declared;
}

/**
 * Over the nodes as evenly as the scheduler can, so that connections between nodes are tried as well as those inside one. A
 * `topologySpreadConstraint` would count the pods of one namespace alone: with few pods in each, all could end up on one node.
 */
function apartFromOthers(runId: string): object {
  const ofThisRun = { matchLabels: { [RUN_LABEL]: runId } };
  return {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        podAffinityTerm: {
          topologyKey: 'kubernetes.io/hostname',
          labelSelector: ofThisRun,
          namespaceSelector: ofThisRun,
        },
      },
    ],
  };
}

/**
 * The manifest of a namespace: the labels that the scenario gives it, those that the cluster wants, and {@link RUN_LABEL}.
 * @param holdsHostNetwork whether it is to have pods on the network of their nodes, which no Pod Security Standard lets in
 */
export function probeNamespace(
  namespace: PlannedNamespace,
  holdsHostNetwork: boolean,
  { runId, settings }: { readonly runId: string; readonly settings: ProbeSettings },
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: namespace.name,
      labels: {
        ...(holdsHostNetwork ? { [POD_SECURITY_LABEL]: UNRESTRICTED } : {}),
        ...settings.namespaceLabels,
        ...namespace.labels,
        [RUN_LABEL]: runId,
      },
    },
  };
}
