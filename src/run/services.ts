/** Services of a scenario: made as their scenario declares them, and waited for until all of their pods, and no others, stand behind them. */
import { PodreachError } from '../errors.ts';
import { fieldOf } from '../kube/answers.ts';
import { ApiStatusError } from '../kube/errors.ts';
import type { KubeObject } from '../kube/kube.ts';
import { backendsOf, type PlannedService, serviceKey } from '../model/service.ts';
import { describeTarget } from '../pair.ts';
import { RUN_LABEL } from '../probe/manifest.ts';
import type { ScenarioDraft } from '../record/draft.ts';
import type { PlannedPod } from '../scenario/scenario.ts';
import { allEnded } from './all-ended.ts';
import type { Owning, Requesting, Timed } from './context.ts';
import { pollPauseMs } from './poll.ts';
import { refusalError } from './refusal.ts';

const POLL_MS = 100;
/** The label of an EndpointSlice that says whose it is. */
const SERVICE_NAME = 'kubernetes.io/service-name';
/** Of a Service without an address. */
const NO_ADDRESS = 'None';

/** What Services are made with, and waited for. */
export type ServiceMaking = Requesting<'create' | 'list'> & Timed<'readyWithinMs'> & Owning;

export type ServiceDraft = NonNullable<ScenarioDraft['services']>[number];

/** The manifest of a Service: what its scenario says of it, and {@link RUN_LABEL}. */
function serviceManifest(service: PlannedService, runId: string): KubeObject {
  const { namespace, name, selector, ports, headless, type, externalTrafficPolicy } = service;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { [RUN_LABEL]: runId } },
    spec: {
      selector,
      ...(headless === true ? { clusterIP: NO_ADDRESS } : {}),
      // Its ports on the nodes are all that is dialled: a balancer in front of them would have to come from the cluster's provider.
      ...(type === undefined ? {} : { type: 'NodePort' }),
      ...(externalTrafficPolicy === undefined ? {} : { externalTrafficPolicy }),
      ports: ports.map(({ name: portName, port, protocol, targetPort, nodePort }) => ({
        // Of several, each needs a name.
        name: portName ?? `${protocol.toLowerCase()}-${port}`,
        port,
        protocol,
        targetPort,
        ...(nodePort === undefined ? {} : { nodePort }),
      })),
    },
  };
}

/** Where the Services are that were made so far: see `DialledEnds`. */
export interface ServicePlaces {
  readonly services: Map<string, string>;
  readonly nodePorts: Map<string, number>;
}

/**
 * Makes the Services of some namespaces, and notes their addresses and their ports on the nodes in the record.
 * @param places gets those of the new ones
 * @throws PodreachError `provision-failed` where the API server does not take one
 */
export async function createServices(
  services: readonly ServiceDraft[],
  places: ServicePlaces,
  context: ServiceMaking,
): Promise<void> {
  await allEnded(
    services.map(async (service) => {
      const created = await createService(service, context);
      const address = addressOf(created);
      if (address === undefined) return;
      service.ip = address;
      const to = serviceKey(service);
      places.services.set(to, address);
      for (const [index, port] of service.ports.entries()) {
        const nodePort = nodePortOf(created, index);
        if (service.type === undefined || nodePort === undefined) continue;
        port.nodePort = nodePort;
        places.nodePorts.set(describeTarget({ to, ...port }), nodePort);
      }
    }),
  );
}

/** That of a port of a Service, which keep their order. */
function nodePortOf({ spec }: KubeObject, index: number): number | undefined {
  const nodePort = fieldOf(listOf(fieldOf(spec, 'ports'))[index], 'nodePort');
  return typeof nodePort === 'number' ? nodePort : undefined;
}

async function createService(service: PlannedService, context: ServiceMaking): Promise<KubeObject> {
  try {
    return await context.kube.create(serviceManifest(service, context.runId), context);
  } catch (thrown) {
    if (!(thrown instanceof ApiStatusError) || thrown.code !== 'api-error') throw thrown;
    throw refusalError(`Service ${service.namespace}/${service.name}`, thrown);
  }
}

function addressOf({ spec }: KubeObject): string | undefined {
  const address = fieldOf(spec, 'clusterIP');
  return typeof address === 'string' && address !== '' && address !== NO_ADDRESS ? address : undefined;
}

/**
 * Waits until the pods behind each Service are those that its selector finds, all ready, and no others: before that, whatever it shows is
 * about another Service.
 * @param pods those of the step
 * @throws PodreachError `provision-failed` where that does not come to be in time
 */
export async function waitForEndpoints(
  services: readonly PlannedService[],
  pods: readonly PlannedPod[],
  { kube, clock, timing, signal }: ServiceMaking,
): Promise<void> {
  const beganMs = clock.now();
  for (;;) {
    const lists = await Promise.all(
      [...new Set(services.map(({ namespace }) => namespace))].map((namespace) =>
        kube.list({ resource: 'endpointslices', namespace }, { signal }),
      ),
    );
    const slices = lists.flat();
    const waiting = services.flatMap((service) => differenceAt(service, pods, slices) ?? []);
    if (waiting.length === 0) return;
    const soFarMs = clock.now() - beganMs;
    if (soFarMs > timing.readyWithinMs) {
      throw new PodreachError(
        'provision-failed',
        `${waiting.length === 1 ? 'a Service did' : `${waiting.length} Services did`} not come to lead to its pods within ${timing.readyWithinMs / 1000} s: ${waiting.slice(0, 3).join('; ')}`,
        {
          hint: 'Look at its EndpointSlices (kubectl get endpointslices), and give them more time with --ready-within.',
        },
      );
    }
    await clock.sleep(pollPauseMs(soFarMs, POLL_MS), signal);
  }
}

/** How the endpoints of a Service differ from what they are to be; undefined where they do not. */
function differenceAt(
  service: PlannedService,
  pods: readonly PlannedPod[],
  slices: readonly KubeObject[],
): string | undefined {
  const own = slices.filter(
    ({ metadata }) =>
      metadata.namespace === service.namespace && metadata.labels?.[SERVICE_NAME] === service.name,
  );
  // A headless Service that nothing translates has its endpoints on the ports of the pods all the same.
  const { headless: _, ...translated } = service;
  const wanted = new Set(
    service.ports.flatMap((port) =>
      backendsOf(translated, port, pods).map((one) => `${one.pod}:${one.port}/${port.protocol}`),
    ),
  );
  const there = new Set(own.flatMap(readyEndpoints));
  const missing = [...wanted].filter((endpoint) => !there.has(endpoint));
  const extra = [...there].filter((endpoint) => !wanted.has(endpoint));
  if (missing.length === 0 && extra.length === 0) return undefined;
  const words = [
    ...(missing.length === 0 ? [] : [`${missing.join(', ')} missing`]),
    ...(extra.length === 0 ? [] : [`${extra.join(', ')} too many`]),
  ];
  return `${serviceKey(service)}: ${words.join(', ')}`;
}

/** `shop/api:8080/TCP` for each pod that is ready and each port of it. What is no pod is told by its address. */
function readyEndpoints({ metadata: { namespace = '' }, ...slice }: KubeObject): readonly string[] {
  const ports = listOf(fieldOf(slice, 'ports'));
  return listOf(fieldOf(slice, 'endpoints')).flatMap((endpoint) => {
    if (fieldOf(fieldOf(endpoint, 'conditions'), 'ready') === false) return [];
    const pod = fieldOf(fieldOf(endpoint, 'targetRef'), 'name');
    const name =
      typeof pod === 'string' ? `${namespace}/${pod}` : String(listOf(fieldOf(endpoint, 'addresses'))[0]);
    return ports.map((port) => `${name}:${fieldOf(port, 'port')}/${fieldOf(port, 'protocol') ?? 'TCP'}`);
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
