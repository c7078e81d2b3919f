/** The schema of pods: the field names of PodSpec and Container in full; the parts that the sandbox never reads as they come. */
import { typeMeta } from '../../schema/meta.ts';
import {
  any,
  bool,
  int32,
  int64,
  keyedList,
  listOf,
  type MapSchema,
  named,
  string,
  strings,
  struct,
} from '../../schema/schema.ts';
import { probe } from './probe-schema.ts';
import { podSecurityContext, securityContext } from './security-context-schema.ts';

/** Quantities are numbers or text. */
const quantities: MapSchema = { kind: 'map', values: any, atomic: false };
const resources = struct('ResourceRequirements', {
  limits: quantities,
  requests: quantities,
  claims: keyedList(struct('ResourceClaim', { name: string, request: string }), { name: 'name' }),
});

const toleration = struct('Toleration', {
  key: string,
  operator: named('v1.TolerationOperator'),
  value: string,
  effect: named('v1.TaintEffect'),
  tolerationSeconds: int64,
});

const environmentVariable = struct('EnvVar', { name: string, value: string, valueFrom: any });

const containerPort = struct('ContainerPort', {
  name: string,
  hostPort: int32,
  containerPort: int32,
  protocol: named('v1.Protocol'),
  hostIP: string,
});

const volumeMount = struct('VolumeMount', {
  name: string,
  readOnly: bool,
  recursiveReadOnly: named('v1.RecursiveReadOnlyMode'),
  mountPath: string,
  subPath: string,
  mountPropagation: named('v1.MountPropagationMode'),
  subPathExpr: string,
});

const containerFields = {
  name: string,
  image: string,
  command: listOf(string),
  args: listOf(string),
  workingDir: string,
  ports: keyedList(
    containerPort,
    { name: 'containerPort', default: 0 },
    { name: 'protocol', default: 'TCP' },
  ),
  envFrom: listOf(any),
  env: keyedList(environmentVariable, { name: 'name' }),
  resources,
  resizePolicy: listOf(any),
  restartPolicy: named('v1.ContainerRestartPolicy'),
  restartPolicyRules: listOf(any),
  volumeMounts: keyedList(volumeMount, { name: 'mountPath' }),
  volumeDevices: keyedList(any, { name: 'devicePath' }),
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  lifecycle: any,
  terminationMessagePath: string,
  terminationMessagePolicy: named('v1.TerminationMessagePolicy'),
  imagePullPolicy: named('v1.PullPolicy'),
  securityContext,
  stdin: bool,
  stdinOnce: bool,
  tty: bool,
} as const;

const container = struct('Container', containerFields);
const ephemeralContainer = struct('EphemeralContainer', { ...containerFields, targetContainerName: string });

const atomicStrings: MapSchema = { ...strings, atomic: true };

export const podSpec = struct('PodSpec', {
  volumes: keyedList(any, { name: 'name' }),
  initContainers: keyedList(container, { name: 'name' }),
  containers: keyedList(container, { name: 'name' }),
  ephemeralContainers: keyedList(ephemeralContainer, { name: 'name' }),
  restartPolicy: named('v1.RestartPolicy'),
  terminationGracePeriodSeconds: int64,
  activeDeadlineSeconds: int64,
  dnsPolicy: named('v1.DNSPolicy'),
  nodeSelector: atomicStrings,
  serviceAccountName: string,
  serviceAccount: string,
  automountServiceAccountToken: bool,
  nodeName: string,
  hostNetwork: bool,
  hostPID: bool,
  hostIPC: bool,
  shareProcessNamespace: bool,
  securityContext: podSecurityContext,
  imagePullSecrets: keyedList(any, { name: 'name' }),
  hostname: string,
  subdomain: string,
  affinity: any,
  schedulerName: string,
  tolerations: listOf(toleration),
  hostAliases: keyedList(any, { name: 'ip' }),
  priorityClassName: string,
  priority: int32,
  dnsConfig: struct('PodDNSConfig', {
    nameservers: listOf(string),
    searches: listOf(string),
    options: listOf(struct('PodDNSConfigOption', { name: string, value: string })),
  }),
  readinessGates: listOf(any),
  runtimeClassName: string,
  enableServiceLinks: bool,
  preemptionPolicy: named('v1.PreemptionPolicy'),
  overhead: any,
  topologySpreadConstraints: keyedList(any, { name: 'topologyKey' }, { name: 'whenUnsatisfiable' }),
  setHostnameAsFQDN: bool,
  os: any,
  hostUsers: bool,
  schedulingGates: keyedList(any, { name: 'name' }),
  resourceClaims: keyedList(any, { name: 'name' }),
  resources,
  hostnameOverride: string,
  schedulingGroup: any,
});

export const podSchema = struct('Pod', { ...typeMeta, spec: podSpec, status: any });
