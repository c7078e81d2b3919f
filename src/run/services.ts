/** Services of a scenario: made as their scenario declares them, and waited for until all of their pods, and no others, stand behind them. */
import { PodreachError } from '../errors.ts';
import { fieldOf } from '../kube/answers.ts';
import { ApiStatusError } from '../kube/errors.ts';
import type { KubeObject } from '../kube/kube.ts';
import { FAMILIES, type Family } from '../model/family.ts';
import { backendsOf, type PlannedService, serviceKey } from '../model/service.ts';
import { describeConnection, describeTarget } from '../pair.ts';
import { RUN_LABEL } from '../probe/manifest.ts';
import type { CheckDraft, ScenarioDraft } from '../record/draft.ts';
import type { PlannedPod } from '../scenario/scenario.ts';
import { allEnded } from './all-ended.ts';
import type { Owning, Requesting, Timed } from './context.ts';
import { pollPauseMs } from './poll.ts';
import { refusalError } from './refusal.ts';

const POLL_MS = 100;
/** The label of an EndpointSlice that says whose it is. */
export const SERVICE_NAME = 'kubernetes.io/service-name';
/** Of a Service without an address. */
const NO_ADDRESS = 'None';

/** What Services are made with, and waited for. */
export type ServiceMaking = Requesting<'create' | 'list'> & Timed<'readyWithinMs'> & Owning;

export type ServiceDraft = NonNullable<ScenarioDraft['services']>[number];

/** The manifest of a Service: what its scenario says of it, and {@link RUN_LABEL}. */
function serviceManifest(service: PlannedService, runId: string): KubeObject {
  const { namespace, name, selector, ports, headless, ipFamilies, ipFamilyPolicy } = service;
  const { type, externalTrafficPolicy } = service;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { [RUN_LABEL]: runId } },
    spec: {
      selector,
      ...(headless === true ? { clusterIP: NO_ADDRESS } : {}),
      ...(ipFamilies === undefined ? {} : { ipFamilies }),
      ...(ipFamilyPolicy === undefined ? {} : { ipFamilyPolicy }),
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
  readonly services: Map<string, readonly string[]>;
  readonly nodePorts: Map<string, number>;
}

/**
 * Makes the Services of some namespaces, and notes their addresses and their ports on the nodes in the record.
 * @param places gets those of the new ones
 * @param checks those that go to them, among others
 * @throws PodreachError `provision-failed` where the API server does not take one; `not-supported` where one lacks the family of a check
 */
export async function createServices(
  services: readonly ServiceDraft[],
  places: ServicePlaces,
  checks: readonly FamilyOfCheck[],
  context: ServiceMaking,
): Promise<void> {
  await allEnded(
    services.map(async (service) => {
      const created = await createService(serviceManifest(service, context.runId), context);
      refuseWithout(familiesOf(created), service, checks);
      const [ip, ...otherIps] = addressesOf(created);
      if (ip === undefined) return;
      service.ip = ip;
      if (otherIps.length > 0) service.otherIps = otherIps;
      const to = serviceKey(service);
      places.services.set(to, [ip, ...otherIps]);
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
export function nodePortOf({ spec }: KubeObject, index: number): number | undefined {
  const nodePort = fieldOf(listOf(fieldOf(spec, 'ports'))[index], 'nodePort');
  return typeof nodePort === 'number' ? nodePort : undefined;
}

/** What a check tells of the families in which its Service is dialled. */
type FamilyOfCheck = Pick<CheckDraft, 'from' | 'to' | 'port' | 'protocol' | 'family' | 'path' | 'declared'>;

/** Of some checks, those in which a Service is dialled. */
function familiesTo(
  service: PlannedService,
  checks: readonly Pick<FamilyOfCheck, 'to' | 'family'>[],
): ReadonlySet<Family> {
  const key = serviceKey(service);
  return new Set(checks.flatMap(({ to, family }) => (to === key ? [family] : [])));
}

/** A Service that its manifest makes has the families that this asks for, and no others. */
function refuseWithout(
  own: readonly Family[],
  service: PlannedService,
  checks: readonly FamilyOfCheck[],
): void {
  const key = serviceKey(service);
  const lacking = checks.find(({ to, family }) => to === key && !own.includes(family));
  if (lacking === undefined || own.length === 0) return;
  throw new PodreachError(
    'not-supported',
    `${describeConnection(lacking)}: the Service has only ${own.join(' and ')}`,
    {
      hint: `Give its manifest "ipFamilyPolicy: PreferDualStack", or the rule "families: [${own.join(', ')}]".`,
      location: lacking.declared,
    },
  );
}

/** @throws PodreachError `provision-failed` where the API server does not take it */
export async function createService(
  manifest: KubeObject,
  context: Requesting<'create'>,
): Promise<KubeObject> {
  try {
    return await context.kube.create(manifest, context);
  } catch (thrown) {
    if (!(thrown instanceof ApiStatusError) || thrown.code !== 'api-error') throw thrown;
    throw refusalError(`Service ${manifest.metadata.namespace}/${manifest.metadata.name}`, thrown);
  }
}

/** One of each family that it has, that of its first before the other; none where it is headless. */
export function addressesOf({ spec }: KubeObject): readonly string[] {
  const all = listOf(fieldOf(spec, 'clusterIPs'));
  return (all.length === 0 ? [fieldOf(spec, 'clusterIP')] : all).filter(
    (address): address is string => typeof address === 'string' && address !== '' && address !== NO_ADDRESS,
  );
}

/** As the API server has settled them, in their order; none where it does not say. */
export function familiesOf({ spec }: KubeObject): readonly Family[] {
  return listOf(fieldOf(spec, 'ipFamilies')).flatMap(
    (written) => FAMILIES.find((family) => family === written) ?? [],
  );
}

/**
 * Waits until the pods behind each Service are those that its selector finds, all ready, and no others: before that, whatever it shows is
 * about another Service.
 * @param pods those of the step
 * @param checks those that go to them, among others: only in their families a Service is dialled
 * @throws PodreachError `provision-failed` where that does not come to be in time
 */
export async function waitForEndpoints(
  services: readonly PlannedService[],
  pods: readonly PlannedPod[],
  checks: readonly Pick<FamilyOfCheck, 'to' | 'family'>[],
  { kube, clock, timing, signal }: ServiceMaking,
): Promise<void> {
  const beganMs = clock.now();
  const dialled = services.map((service) => [service, familiesTo(service, checks)] as const);
  for (;;) {
    const lists = await Promise.all(
      [...new Set(services.map(({ namespace }) => namespace))].map((namespace) =>
        kube.list({ resource: 'endpointslices', namespace }, { signal }),
      ),
    );
    const slices = lists.flat();
    const waiting = dialled.flatMap(([service, families]) =>
      [...families].flatMap((family) => differenceAt(service, family, pods, slices) ?? []),
    );
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

/** How the endpoints of a Service in a family differ from what they are to be; undefined where they do not. */
function differenceAt(
  service: PlannedService,
  family: Family,
  pods: readonly PlannedPod[],
  slices: readonly KubeObject[],
): string | undefined {
  const own = slices.filter(
    ({ metadata, ...slice }) =>
      metadata.namespace === service.namespace &&
      metadata.labels?.[SERVICE_NAME] === service.name &&
      fieldOf(slice, 'addressType') === family,
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
  return `${serviceKey(service)}${family === 'IPv6' ? ' over IPv6' : ''}: ${words.join(', ')}`;
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

/** A list of an answer; empty where there is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
