/**
 * Services that are there already: where they are and who is behind them, as the cluster says. Nothing of podreach answers for them, so
 * an open connection is answer enough.
 */
import { type Location, PodreachError } from '../errors.ts';
import { objectKey } from '../keys.ts';
import { fieldOf } from '../kube/answers.ts';
import type { KubeObject } from '../kube/kube.ts';
import type { Check } from '../model/check.ts';
import { type Family, familyOf } from '../model/family.ts';
import { type ExistingEndpoint, type ExistingService, serviceKey } from '../model/service.ts';
import { describeConnection, describePort } from '../pair.ts';
import type { ScenarioDraft } from '../record/draft.ts';
import { dialledExisting, type Plan } from '../scenario/scenario.ts';
import type { Requesting, Timed } from './context.ts';
import {
  type EndpointsOfPort,
  LEAVE_OUT,
  meetEndpoints,
  narrowedError,
  portsIn,
} from './existing-endpoints.ts';
import { addressesOf, familiesOf } from './services.ts';

/** A Service as it was met. */
export interface MetService {
  /** All that it has, its first before the other. */
  readonly families: readonly [Family, ...Family[]];
  /** One of each family, in their order; none: it is headless. */
  readonly addresses: readonly string[];
  /** Those that are ready at addresses of each family in which checks go to it, by its ports. */
  readonly endpoints: ReadonlyMap<Family, readonly EndpointsOfPort[]>;
}

/** Those behind the port that a check goes to. */
export function endpointsFor(
  { endpoints }: MetService,
  { port, protocol }: Pick<EndpointsOfPort, 'port' | 'protocol'>,
  family: Family,
): readonly ExistingEndpoint[] {
  const ofPort = endpoints.get(family)?.find((one) => one.port === port && one.protocol === protocol);
  return ofPort?.endpoints ?? [];
}

/** By their keys. */
export type MetServices = ReadonlyMap<string, MetService>;

/**
 * Meets the Services that are there already, before anything is created.
 * @throws PodreachError `not-supported` where one is not there, or is not what checks need, with the place of a rule; `provision-failed`
 *   where nobody is ready behind it in time
 */
export async function meetServices(
  plans: readonly Plan[],
  nodes: readonly KubeObject[],
  context: Requesting<'get' | 'list'> & Timed<'readyWithinMs'>,
): Promise<MetServices> {
  const wanted = new Map(plans.flatMap(dialledExisting).map((service) => [serviceKey(service), service]));
  const checks = plans.flatMap(({ steps }) => steps.flatMap((step) => step.checks));
  const met = new Map<string, MetService>();
  for (const [key, service] of wanted) {
    const own = checks.filter(({ to }) => to === key);
    met.set(key, await meet(service, own, nodes, context));
  }
  return met;
}

/** Notes what was met. */
export function noteExisting({ existingServices = [] }: ScenarioDraft, met: MetServices): void {
  for (const service of existingServices) {
    const { addresses = [], endpoints } = met.get(serviceKey(service)) ?? {};
    const [ip, ...otherIps] = addresses;
    if (ip !== undefined) service.ip = ip;
    if (otherIps.length > 0) service.otherIps = otherIps;
    const byPort = [...(endpoints?.values() ?? [])].flat();
    service.endpoints = byPort.flatMap(({ port, endpoints: behind }) =>
      behind.map((one) => ({
        port,
        address: one.address,
        targetPort: one.port,
        ...(one.pod === undefined ? {} : { pod: objectKey(one.pod) }),
        ...(one.node === undefined ? {} : { node: one.node }),
      })),
    );
  }
}

async function meet(
  service: ExistingService,
  checks: readonly Check[],
  nodes: readonly KubeObject[],
  context: Requesting<'get' | 'list'> & Timed<'readyWithinMs'>,
): Promise<MetService> {
  const [first] = checks;
  const object = await context.kube.get({ resource: 'services', ...service }, context);
  if (object === undefined)
    throw refusal(
      `there is no Service ${objectKey(service)} on this cluster, and the scenario says that it exists`,
      'Correct its name, or give it a selector and ports, so that the run makes it.',
      first?.declared,
    );
  const addresses = addressesOf(object);
  const isHeadless = addresses.length === 0;
  refuseNarrowed(object, first);
  for (const check of checks) refuseWay(object, isHeadless, check);
  const families = allFamiliesOf(object);
  const endpoints = new Map<Family, readonly EndpointsOfPort[]>();
  for (const family of families) {
    const own = checks.filter((check) => (check.family ?? families[0]) === family);
    const met = await meetEndpoints({ service, object, family, checks: own }, nodes, context);
    if (own.length > 0) endpoints.set(family, isHeadless ? untranslated(met) : met);
  }
  return { families, addresses, endpoints };
}

/** Of a headless Service nothing is translated: whoever has its name connects to the port that they know. */
function untranslated(ports: readonly EndpointsOfPort[]): readonly EndpointsOfPort[] {
  return ports.map((one) => ({
    ...one,
    endpoints: one.endpoints.map((endpoint) => ({ ...endpoint, port: one.port })),
  }));
}

function allFamiliesOf(service: KubeObject): MetService['families'] {
  const [first = familyOf(String(fieldOf(service.spec, 'clusterIP'))), ...others] = familiesOf(service);
  return [first, ...others];
}

/** Through such a Service a pod reaches whatever is somewhere else, or some of those behind it. */
function refuseNarrowed({ metadata, spec }: KubeObject, first: Check | undefined): void {
  if (fieldOf(spec, 'type') === 'ExternalName')
    throw refusal(
      `Service ${objectKey({ namespace: '', ...metadata })} is of type ExternalName: it has no endpoints`,
      LEAVE_OUT,
      first?.declared,
    );
  for (const [field, value] of NARROWING)
    if (fieldOf(spec, field) === value)
      throw narrowedError(`with "${field}: ${value}"`, metadata, first?.declared);
}

const NARROWING = [
  ['sessionAffinity', 'ClientIP'],
  ['internalTrafficPolicy', 'Local'],
] as const;

function refuseWay({ spec }: KubeObject, isHeadless: boolean, check: Check): void {
  const ports = portsIn(spec).filter(({ protocol }) => protocol === check.protocol);
  if (!ports.some(({ port }) => port === check.port))
    throw refusal(
      `${describeConnection(check)}: the Service has no port ${describePort(check)} on this cluster`,
      `Its ports are: ${portsIn(spec).map(describePort).join(', ')}.`,
      check.declared,
    );
  if (isHeadless && check.path === 'clusterIP')
    throw refusal(
      `${describeConnection(check)}: the Service is headless on this cluster: it has no address`,
      'Write "via: dns": its name gives the addresses of its endpoints.',
      check.declared,
    );
}

function refusal(message: string, hint: string, location: Location | undefined): PodreachError {
  return new PodreachError('not-supported', message, { hint, location });
}
