/** Services as destinations: which of their ports and ways a rule speaks of, and who answers there. */
import { objectKey } from '../keys.ts';
import type { Family } from '../model/family.ts';
import type { ServicePath } from '../model/path.ts';
import {
  API_SERVER,
  backendsOf,
  familiesOfService,
  type PlannedServicePort,
  pathsTo,
  podsBehind,
  type ServiceBackend,
  serviceKey,
} from '../model/service.ts';
import { describePort, describePortName } from '../pair.ts';
import { listNames } from '../policy/list-names.ts';
import { DECLARE_API_SERVER, type ExistingServices } from './existing-services.ts';
import type { PlannedPod, Port, PortSelection, ScenarioService, ServiceSelection } from './scenario.ts';
import type { Selected, SelectedEnd, SelectedTarget } from './selected.ts';
import type { ClusterState } from './state.ts';
import { nearest, quote, suggest } from './suggest.ts';

/** A Service as rules select it, whether of a scenario or of its plan. */
export type SelectableService = Omit<ScenarioService, 'mark'>;

/** By their keys: `service/shop/api`. */
export type Services = ReadonlyMap<string, SelectableService>;

export function arrangeServices(services: readonly SelectableService[]): Services {
  return new Map(services.map((service) => [serviceKey(service), service]));
}

/** Who answers for a port of a Service among these pods; undefined for what is no Service. */
export function backendsAt(
  to: string,
  { port, protocol }: Pick<Port, 'port' | 'protocol'>,
  services: Services,
  pods: readonly PlannedPod[],
): readonly ServiceBackend[] | undefined {
  const service = services.get(to);
  const own = service?.ports.find((one) => one.port === port && one.protocol === protocol);
  return service && (own === undefined ? [] : backendsOf(service, own, pods));
}

/** Who answers a connection, by key: a pod or a host itself; for a Service of the scenario the pods behind its port, if there are any. */
export function podsAnswering(
  { to, port }: SelectedTarget,
  { pods }: Pick<ClusterState, 'pods'>,
  services: Services,
): readonly string[] {
  return backendsAt(to, port, services, [...pods.values()])?.map(({ pod }) => pod) ?? [to];
}

/** The ports of a Service and the ways to it that a destination speaks of. */
export function selectService(
  { key, paths }: ServiceSelection,
  ports: readonly PortSelection[],
  {
    services,
    pods,
    existing,
    families: tried,
  }: {
    readonly services: Services;
    readonly existing: ExistingServices;
    readonly pods: ReadonlyMap<string, PlannedPod>;
    readonly families?: readonly Family[];
  },
): Selected<SelectedEnd> {
  const service = services.get(key);
  if (service === undefined) return unknownService(key, [...services.keys(), ...existing]);
  const { unfit } = service;
  if (unfit !== undefined) return nothing(`${key} cannot be dialled: ${unfit.why}`, unfit.hint);
  const found = ports.length === 0 ? service.ports : service.ports.filter((own) => ports.some(isPort(own)));
  const unknown = ports.find((port) => !service.ports.some((own) => isPort(own)(port)));
  if (unknown !== undefined) return unknownPort(unknown, service, [...pods.values()]);
  const ways = pathsTo(service);
  const [missing] = typeof paths === 'string' ? [] : paths.filter((path) => !ways.includes(path));
  if (missing !== undefined) return noWay(service, missing);
  const families = familiesOfService(service, tried);
  for (const port of found) {
    const wrong = unanswered(service, port, [...pods.values()]);
    if (wrong !== undefined) return wrong;
  }
  return {
    kind: 'found',
    found: [
      {
        key,
        ports: found.map(({ name, port, protocol }) => ({
          ...(name === undefined ? {} : { name }),
          port,
          protocol,
        })),
        paths: pathsMeant(paths, ways),
        ...(families === undefined ? {} : { families }),
      },
    ],
  };
}

/** Why a Service is not to be reached in a way, and what to write instead. */
function noWay(service: SelectableService, path: ServicePath): Selected<never> {
  const key = serviceKey(service);
  return service.headless === true
    ? nothing(
        `${key} is headless: it has no address, so nothing goes there via ${path}`,
        'Write "via: dns": its name gives the addresses of its pods.',
      )
    : nothing(
        `${key} has no port on the nodes, so nothing goes there via ${path}`,
        'Give it "type: NodePort", or leave the way out.',
      );
}

function pathsMeant(paths: ServiceSelection['paths'], ways: readonly ServicePath[]): readonly ServicePath[] {
  if (paths === 'every') return ways;
  return paths === 'plain' ? ways.slice(0, 1) : ways.filter((way) => paths.includes(way));
}

function isPort({ name, port, protocol }: PlannedServicePort): (wanted: PortSelection) => boolean {
  return (wanted) =>
    wanted.kind === 'name' ? wanted.name === name : wanted.port === port && wanted.protocol === protocol;
}

/** Why a connection to a port of a Service would prove nothing. */
function unanswered(
  service: SelectableService,
  port: PlannedServicePort,
  pods: readonly PlannedPod[],
): Selected<never> | undefined {
  const key = serviceKey(service);
  const proves = 'a connection there would prove nothing';
  const behind = podsBehind(service, pods);
  const labels = Object.entries(service.selector).map(([label, value]) => `${label}=${value}`);
  if (behind.length === 0)
    return nothing(
      `${key} selects nobody: no pod of namespace ${service.namespace} has ${listNames(labels)}, so ${proves}`,
      'Correct its selector, or the labels of its pods.',
    );
  const backends = backendsOf(service, port, pods);
  const target = service.headless === true ? port.port : port.targetPort;
  const leads = `port ${describePort(port)} of ${key} leads to ${typeof target === 'number' ? `port ${target}` : `the port ${quote(target)}`}`;
  if (backends.length === 0)
    return nothing(
      `${leads}, which none of its pods declares, so ${proves}`,
      `Its pods declare ${declared(behind)}.`,
    );
  const listens = new Set(
    behind.flatMap((pod) =>
      pod.ports.flatMap((own) => (own.protocol === port.protocol ? `${objectKey(pod)} ${own.port}` : [])),
    ),
  );
  const deaf = backends.filter((one) => !listens.has(`${one.pod} ${one.port}`)).map(({ pod }) => pod);
  if (deaf.length === 0) return undefined;
  const hint =
    service.headless === true && target !== port.targetPort
      ? `Of a headless Service nothing is translated: "targetPort" does not count. Its pods declare ${declared(behind)}.`
      : `Correct "targetPort", or declare the port under "pods". Its pods declare ${declared(behind)}.`;
  return nothing(
    `${leads}, where ${listNames(deaf)} ${deaf.length === 1 ? 'does' : 'do'} not listen, so ${proves}`,
    hint,
  );
}

function declared(pods: readonly PlannedPod[]): string {
  const ports = pods.flatMap((pod) =>
    pod.ports.map((port) => `${describePort(port)}${describePortName(port.name)}`),
  );
  return ports.length === 0 ? 'no port' : listNames([...new Set(ports)]);
}

function unknownService(key: string, known: readonly string[]): Selected<never> {
  const near = nearest(key, known);
  const hint =
    near === undefined && key === serviceKey(API_SERVER)
      ? DECLARE_API_SERVER
      : known.length === 0
        ? 'Declare it under "services", or name the manifests that have it.'
        : suggest(key, known, 'Services');
  return nothing(`unknown Service ${quote(key)}`, hint);
}

/** Whoever writes the port of the pods means that of the Service which leads there. */
function unknownPort(
  wanted: PortSelection,
  service: SelectableService,
  pods: readonly PlannedPod[],
): Selected<never> {
  const text = wanted.kind === 'name' ? quote(wanted.name) : describePort(wanted);
  const leading = service.ports.find((port) =>
    wanted.kind === 'name'
      ? port.targetPort === wanted.name
      : backendsOf(service, port, pods).some((one) => one.port === wanted.port),
  );
  const ports = service.ports.map((port) => `${describePort(port)}${describePortName(port.name)}`);
  return nothing(
    `${serviceKey(service)} has no port ${text}`,
    leading === undefined
      ? `Its ports are: ${ports.join(', ')}.`
      : `That is a port of its pods: at the Service it is ${describePort(leading)}.`,
  );
}

function nothing(message: string, hint: string): Selected<never> {
  return { kind: 'nothing', message, hint };
}
