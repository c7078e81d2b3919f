/** Who is behind a Service that is there already: its ready endpoints, with what policies see of them. */
import { type Location, PodreachError } from '../errors.ts';
import { objectKey } from '../keys.ts';
import { fieldOf } from '../kube/answers.ts';
import type { KubeObject } from '../kube/kube.ts';
import type { Check } from '../model/check.ts';
import type { Family } from '../model/family.ts';
import type { EndpointPod, ExistingEndpoint, ExistingService } from '../model/service.ts';
import { describePort } from '../pair.ts';
import type { Requesting, Timed } from './context.ts';
import { pollPauseMs } from './poll.ts';
import { listOf, SERVICE_NAME } from './services.ts';

const POLL_MS = 100;

/** What to do about a Service that cannot be tried as it is. */
export const LEAVE_OUT = 'Leave it out of the scenario, or name the pods that you mean.';

type Meeting = Requesting<'list'> & Timed<'readyWithinMs'>;

interface MetPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

/** Those behind a port of a Service, which is a number and a protocol: others may be behind the same number of the other. */
export interface EndpointsOfPort {
  readonly port: number;
  readonly protocol: string;
  readonly endpoints: readonly ExistingEndpoint[];
}

/** Of a Service or an EndpointSlice. */
export function portsIn(value: unknown): readonly MetPort[] {
  return listOf(fieldOf(value, 'ports')).map((port) => ({
    name: String(fieldOf(port, 'name') ?? ''),
    port: Number(fieldOf(port, 'port')),
    protocol: String(fieldOf(port, 'protocol') ?? 'TCP'),
  }));
}

/** An endpoint as an EndpointSlice has it. */
interface FoundEndpoint {
  readonly address: string;
  readonly port: number;
  /** The pod that it is, if any. */
  readonly pod?: ExistingService;
  /** Whether it is meant for some zones or nodes alone. */
  readonly isHinted: boolean;
}

interface FoundBehind extends Pick<EndpointsOfPort, 'port' | 'protocol'> {
  readonly endpoints: readonly FoundEndpoint[];
}

interface MetObject {
  readonly service: ExistingService;
  readonly object: KubeObject;
  /** In which it is dialled. */
  readonly family: Family;
  /** Those that go to it then. */
  readonly checks: readonly Check[];
}

/**
 * Waits until somebody is ready behind each port that checks go to.
 * @returns those of each of these ports
 * @throws PodreachError `provision-failed` where nobody is in time; `not-supported` where who connects would meet some of them
 */
export async function meetEndpoints(
  met: MetObject,
  nodes: readonly KubeObject[],
  context: Meeting,
): Promise<readonly EndpointsOfPort[]> {
  if (met.checks.length === 0) return [];
  const found = await untilReady(met, context);
  refuseHinted(met, found);
  const pods = await podsOf(
    found.flatMap(({ endpoints }) => endpoints),
    context,
  );
  return found.map(({ port, protocol, endpoints }) => ({
    port,
    protocol,
    endpoints: endpoints.map((one) => endpointOf(one, nodes, pods)),
  }));
}

/**
 * By topology hints nodes lead to the endpoints of their own zone, or to their own (`trafficDistribution`, `topology-mode: Auto`). A name
 * without an address leads to all of them.
 */
function refuseHinted({ service, object: { spec }, checks }: MetObject, found: readonly FoundBehind[]): void {
  const isNarrowed = found.some(
    ({ endpoints }) => endpoints.length > 1 && endpoints.some(({ isHinted }) => isHinted),
  );
  if (!isNarrowed || fieldOf(spec, 'clusterIP') === 'None') return;
  throw narrowedError('by the topology hints of its EndpointSlices', service, checks[0]?.declared);
}

/**
 * For a Service through which a pod reaches some of those behind it.
 * @param why an adverbial, such as `with "sessionAffinity: ClientIP"`
 */
export function narrowedError(
  why: string,
  service: Partial<ExistingService>,
  location: Location | undefined,
): PodreachError {
  const name = objectKey({ namespace: '', name: '', ...service });
  return new PodreachError(
    'not-supported',
    `${why} a pod reaches only some of the endpoints of Service ${name}`,
    { hint: LEAVE_OUT, location },
  );
}

async function untilReady(
  { service, object: { spec }, family, checks }: MetObject,
  { kube, clock, timing, signal }: Meeting,
): Promise<readonly FoundBehind[]> {
  const ports = [...new Map(checks.map((check) => [describePort(check), check])).values()];
  const names = new Map(portsIn(spec).map((port) => [describePort(port), port.name]));
  const labelSelector = `${SERVICE_NAME}=${service.name}`;
  const beganMs = clock.now();
  for (;;) {
    const query = { resource: 'endpointslices', namespace: service.namespace, labelSelector } as const;
    const all = await kube.list(query, { signal });
    const slices = all.filter(({ addressType }) => addressType === family);
    const found = ports.map((check) => {
      const endpoints = readyIn(slices, names.get(describePort(check)) ?? '', check);
      return { port: check.port, protocol: check.protocol, endpoints, check };
    });
    const missing = found.find(({ endpoints }) => endpoints.length === 0)?.check;
    if (missing === undefined) return found;
    const soFarMs = clock.now() - beganMs;
    if (soFarMs > timing.readyWithinMs)
      throw new PodreachError(
        'provision-failed',
        `nobody is ready behind port ${describePort(missing)} of ${missing.to} within ${timing.readyWithinMs / 1000} s`,
        {
          hint: `Look at its endpoints (kubectl get endpointslices -n ${service.namespace} -l ${labelSelector}): only those at ${family} addresses count.`,
          location: missing.declared,
        },
      );
    await clock.sleep(pollPauseMs(soFarMs, POLL_MS), signal);
  }
}

/** @param name of the port, by which a Service and its slices mean the same */
function readyIn(slices: readonly KubeObject[], name: string, { protocol }: Check): readonly FoundEndpoint[] {
  const found = slices.flatMap((slice) => {
    const ports = portsIn(slice).filter((port) => port.name === name && port.protocol === protocol);
    return listOf(fieldOf(slice, 'endpoints')).flatMap((endpoint) =>
      ports.flatMap(({ port }) => readEndpoint(endpoint, port)),
    );
  });
  return [...new Map(found.map((one) => [`${one.address} ${one.port}`, one])).values()];
}

function readEndpoint(endpoint: unknown, port: number): readonly FoundEndpoint[] {
  if (fieldOf(fieldOf(endpoint, 'conditions'), 'ready') === false) return [];
  const target = fieldOf(endpoint, 'targetRef');
  const [namespace, name] = [fieldOf(target, 'namespace'), fieldOf(target, 'name')];
  const isPod =
    fieldOf(target, 'kind') === 'Pod' && typeof namespace === 'string' && typeof name === 'string';
  const hints = fieldOf(endpoint, 'hints');
  const isHinted = ['forZones', 'forNodes'].some((kind) => listOf(fieldOf(hints, kind)).length > 0);
  return listOf(fieldOf(endpoint, 'addresses')).flatMap((address) =>
    typeof address === 'string'
      ? [{ address, port, isHinted, ...(isPod ? { pod: { namespace, name } } : {}) }]
      : [],
  );
}

/** A pod behind a Service, and the node whose network it is on. */
interface FoundPod {
  readonly pod: EndpointPod;
  readonly node?: string;
}

/** What policies see of pods that are not of the scenario, by their keys. */
async function podsOf(
  endpoints: readonly FoundEndpoint[],
  { kube, signal }: Meeting,
): Promise<ReadonlyMap<string, FoundPod>> {
  const namespaces = [...new Set(endpoints.flatMap(({ pod }) => pod?.namespace ?? []))];
  if (namespaces.length === 0) return new Map();
  const all = await kube.list({ resource: 'namespaces' }, { signal });
  const labels = new Map(all.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const lists = await Promise.all(
    namespaces.map((namespace) => kube.list({ resource: 'pods', namespace }, { signal })),
  );
  return new Map(
    lists.flat().map(({ metadata: { namespace = '', name, labels: own = {} }, spec }) => {
      const node = fieldOf(spec, 'nodeName');
      const isOnHost = fieldOf(spec, 'hostNetwork') === true && typeof node === 'string';
      const pod = {
        namespace,
        name,
        labels: own,
        ports: containerPorts(spec),
        namespaceLabels: labels.get(namespace) ?? {},
      };
      return [objectKey(pod), { pod, ...(isOnHost ? { node } : {}) }];
    }),
  );
}

function containerPorts(spec: unknown): EndpointPod['ports'] {
  return listOf(fieldOf(spec, 'containers')).flatMap((container) =>
    listOf(fieldOf(container, 'ports')).flatMap((written): EndpointPod['ports'] => {
      const [name, port, protocol = 'TCP'] = ['name', 'containerPort', 'protocol'].map((key) =>
        fieldOf(written, key),
      );
      if (typeof port !== 'number' || (protocol !== 'TCP' && protocol !== 'UDP')) return [];
      return [{ ...(typeof name === 'string' ? { name } : {}), port, protocol }];
    }),
  );
}

function endpointOf(
  { address, port, pod }: FoundEndpoint,
  nodes: readonly KubeObject[],
  pods: ReadonlyMap<string, FoundPod>,
): ExistingEndpoint {
  const known = pod && pods.get(objectKey(pod));
  const node = known?.node ?? nodes.find((one) => hasAddress(one, address))?.metadata.name;
  return {
    address,
    port,
    ...(node === undefined ? {} : { node }),
    ...(known === undefined ? {} : { pod: known.pod }),
  };
}

function hasAddress({ status }: KubeObject, address: string): boolean {
  return listOf(fieldOf(status, 'addresses')).some((one) => fieldOf(one, 'address') === address);
}
