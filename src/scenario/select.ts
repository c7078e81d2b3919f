/** Which pods, hosts and ports an end of a rule speaks of. */
import type { Problem } from '../errors.ts';
import { objectKey } from '../keys.ts';
import { NAMESPACE_NAME_LABEL } from '../labels.ts';
import type { Check } from '../model/check.ts';
import { endpointKey, isHost } from '../model/endpoint.ts';
import { type Family, familyOf } from '../model/family.ts';
import type { Labels } from '../model/labels.ts';
import type { ExistingService } from '../model/service.ts';
import { describePort, describePortName, describeTarget } from '../pair.ts';
import { selectorMatches } from '../policy/selectors.ts';
import { arrangeExisting, type ExistingServices, selectExisting } from './existing-services.ts';
import type { LeftOutWorkload } from './manifests/inventory.ts';
import { problemAt } from './mark.ts';
import type {
  DestinationSelection,
  EndSelection,
  ExistingNamespace,
  Marked,
  PlannedHost,
  PlannedNamespace,
  PlannedPod,
  PodSelection,
  Port,
  PortSelection,
} from './scenario.ts';
import type { Selected, SelectedEnd, SelectedTarget } from './selected.ts';
import { arrangeServices, type SelectableService, type Services, selectService } from './services.ts';
import { Names, nearest, quote, suggest } from './suggest.ts';

/** What there is in a scenario, in the order of the file. */
export interface TopologyParts {
  readonly namespaces: readonly PlannedNamespace[];
  /** Those that are there already; absent: it uses none. */
  readonly existingNamespaces?: readonly Pick<ExistingNamespace, 'name'>[] | undefined;
  readonly pods: readonly PlannedPod[];
  readonly hosts?: readonly PlannedHost[] | undefined;
  readonly services?: readonly SelectableService[] | undefined;
  readonly existingServices?: readonly ExistingService[] | undefined;
  /** That are tried; absent: the cluster's first. */
  readonly families?: readonly Family[] | undefined;
  readonly leftOut?: readonly LeftOutWorkload[] | undefined;
}

/** The same, arranged for looking things up. */
export interface Topology {
  /** Labels by namespace, with the one that Kubernetes adds to every namespace (D9). */
  readonly namespaces: ReadonlyMap<string, Labels>;
  readonly existingNamespaces: ReadonlySet<string>;
  readonly pods: ReadonlyMap<string, PlannedPod>;
  /** The keys of the pods, for names that are none. */
  readonly podNames: Names;
  /** By their keys, as `host/bank`. */
  readonly hosts: ReadonlyMap<string, PlannedHost>;
  /** Workloads that became no pods, by the names that these would have. */
  readonly leftOut: ReadonlyMap<string, LeftOutWorkload>;
  readonly services: Services;
  readonly existing: ExistingServices;
  readonly families?: readonly Family[];
}

export function arrangeTopology({
  namespaces,
  existingNamespaces = [],
  pods,
  hosts = [],
  services = [],
  existingServices = [],
  families,
  leftOut = [],
}: TopologyParts): Topology {
  const byKey = new Map(pods.map((pod) => [objectKey(pod), pod]));
  return {
    namespaces: new Map(
      namespaces.map(({ name, labels }) => [name, { ...labels, [NAMESPACE_NAME_LABEL]: name }]),
    ),
    existingNamespaces: new Set(existingNamespaces.map(({ name }) => name)),
    pods: byKey,
    podNames: new Names([...byKey.keys()]),
    hosts: new Map(hosts.map((host) => [hostKey(host), host])),
    leftOut: new Map(leftOut.map((workload) => [objectKey(workload), workload])),
    services: arrangeServices(services),
    existing: arrangeExisting(existingServices),
    ...(families === undefined ? {} : { families }),
  };
}

/**
 * The families in which a host can be dialled and can dial: those that are tried, as far as it has an address of them. One whose only
 * address is of a family needs it, whatever is tried.
 */
export function familiesOfHost(
  { place }: Pick<PlannedHost, 'place'>,
  tried: readonly Family[] | undefined,
): readonly Family[] | undefined {
  if (place.addresses === undefined) return tried;
  const own = place.addresses.map(familyOf);
  if (tried === undefined) return own.length === 1 ? own : undefined;
  return tried.filter((family) => own.includes(family));
}

/** `host/bank` */
export function hostKey({ name }: Pick<PlannedHost, 'name'>): string {
  return endpointKey({ kind: 'host', name });
}

/** What a selection speaks of, in the order of the topology. */
export function selectEnds(selection: EndSelection, topology: Topology): Selected<SelectedEnd> {
  if (selection.kind === 'host') return selectHost(selection.key, topology);
  const pods = selectPods(selection, topology);
  return pods.kind === 'nothing'
    ? pods
    : { kind: 'found', found: pods.found.map((pod) => asEnd(objectKey(pod), pod.ports, topology.families)) };
}

function asEnd(key: string, ports: readonly Port[], families: readonly Family[] | undefined): SelectedEnd {
  return { key, ports, ...(families === undefined ? {} : { families }) };
}

function selectHost(key: string, { hosts, families }: Topology): Selected<SelectedEnd> {
  const host = hosts.get(key);
  if (host !== undefined)
    return { kind: 'found', found: [asEnd(key, host.ports, familiesOfHost(host, families))] };
  return nothing(
    `unknown host ${quote(key)}`,
    hosts.size === 0
      ? 'Declare it under "hosts", with its address and its ports.'
      : suggest(key, [...hosts.keys()], 'hosts'),
  );
}

/** The pods that a selection speaks of, in the order of the topology. */
export function selectPods(selection: PodSelection, topology: Topology): Selected<PlannedPod> {
  const pods = selection.kind === 'pod' ? [] : [...topology.pods.values()];
  switch (selection.kind) {
    case 'pod': {
      const pod = topology.pods.get(selection.key);
      return pod === undefined
        ? nothing(`unknown pod ${quote(selection.key)}`, hintForUnknownPod(selection.key, topology))
        : { kind: 'found', found: [pod] };
    }
    case 'namespace': {
      const { namespace } = selection;
      if (topology.existingNamespaces.has(namespace))
        return nothing(
          `the namespace ${quote(namespace)} is there already, and the scenario has no pods in it`,
          'Rules name pods of the scenario, hosts, and Services.',
        );
      if (!topology.namespaces.has(namespace)) {
        const known = [...topology.namespaces.keys()];
        return nothing(`unknown namespace ${quote(namespace)}`, suggest(namespace, known, 'namespaces'));
      }
      const found = pods.filter((pod) => pod.namespace === namespace);
      return foundOr(found, `the namespace ${quote(namespace)} has no pods`);
    }
    case 'all':
      return foundOr(pods, 'the scenario has no pods');
    case 'labels': {
      const { namespaceSelector = {}, podSelector = {} } = selection;
      const namespaces = new Set(
        [...topology.namespaces].flatMap(([name, labels]) =>
          selectorMatches(namespaceSelector, labels) ? [name] : [],
        ),
      );
      if (namespaces.size === 0)
        return nothing('no namespace of the scenario matches this namespaceSelector');
      const found = pods.filter(
        (pod) => namespaces.has(pod.namespace) && selectorMatches(podSelector, pod.labels),
      );
      return foundOr(found, 'no pod of the scenario matches these selectors');
    }
  }
}

function hintForUnknownPod(key: string, { podNames, leftOut }: Topology): string {
  const workload = leftOut.get(key);
  if (workload === undefined) return suggest(key, podNames, 'pods');
  return `${workload.kind} ${key} is left out: "pods" says that it is absent.`;
}

/**
 * What a destination speaks of, with its ports. Where it may mean several pods, those without such a port are left
 * out; a port that none of them listens on is a mistake, because a connection to it would prove nothing.
 */
export function selectTargets(destination: DestinationSelection, topology: Topology): Selected<SelectedEnd> {
  const { end } = destination;
  if (end.kind === 'service')
    return topology.existing.has(end.key)
      ? selectExisting(end, destination.ports, topology.families)
      : selectService(end, destination.ports, topology);
  const ends = selectEnds(end, topology);
  if (ends.kind === 'nothing') return ends;
  const unheard = destination.ports.find(
    (port) => !ends.found.some((end) => end.ports.some((own) => isPort(port, own))),
  );
  if (unheard !== undefined) return noListener(unheard, ends.found);
  const targets = ends.found.map(({ ports, ...rest }) => ({
    ...rest,
    ports:
      destination.ports.length === 0
        ? ports
        : ports.filter((own) => destination.ports.some((port) => isPort(port, own))),
  }));
  const found = targets.filter((target) => target.ports.length > 0);
  return foundOr(
    found,
    `${whoOf(ends.found)} on any port: a connection there would prove nothing`,
    declarePorts(ends.found),
  );
}

/** What all ends of a list speak of, and what is wrong with those that speak of nothing. */
export function selectAll<Selection, One>(
  ends: readonly Marked<Selection>[],
  select: (selection: Selection, topology: Topology) => Selected<One>,
  topology: Topology,
): { readonly found: readonly One[]; readonly problems: readonly Problem[] } {
  const selected = ends.map(({ value, mark }) => ({ mark, ...select(value, topology) }));
  return {
    found: selected.flatMap((one) => (one.kind === 'found' ? one.found : [])),
    problems: selected.flatMap((one) =>
      one.kind === 'nothing' ? problemAt(one.mark, one.message, { hint: one.hint }) : [],
    ),
  };
}

/** Each port of what is selected, of a Service each way to it, and each family. */
export function targetsOf({ key: to, ports, paths, families }: SelectedEnd): readonly SelectedTarget[] {
  const ways = paths === undefined ? [{}] : paths.map((path) => ({ path }));
  const kinds = families === undefined ? [{}] : families.map((family) => ({ family }));
  return ports.flatMap((port) =>
    ways.flatMap((way) => kinds.map((kind): SelectedTarget => ({ to, port, ...way, ...kind }))),
  );
}

/** `shop/db:5432/TCP`, `service/shop/api:80/TCP via dns`, `shop/db:5432/TCP over IPv6` */
export function targetKey({ port: { port, protocol }, ...target }: SelectedTarget): string {
  return describeTarget({ ...target, port, protocol });
}

/** The same in whichever family. */
export function keyInAnyFamily({ to, port: { port, protocol }, path }: SelectedTarget): string {
  return describeTarget({ to, port, protocol, ...(path === undefined ? {} : { path }) });
}

/** As `keyInAnyFamily` of what a check goes to. */
export function keyOfCheck({ to, port, protocol, path }: Check): string {
  return describeTarget({ to, port, protocol, ...(path === undefined ? {} : { path }) });
}

/** A name stands for the port of that name, whatever its protocol. */
function isPort(selection: PortSelection, port: Port): boolean {
  return selection.kind === 'name'
    ? port.name === selection.name
    : port.port === selection.port && port.protocol === selection.protocol;
}

function noListener(wanted: PortSelection, ends: readonly SelectedEnd[]): Selected<never> {
  const ports = ends.flatMap((end) => end.ports);
  const text = wanted.kind === 'name' ? quote(wanted.name) : describePort(wanted);
  const message = `${whoOf(ends)} on port ${text}: a connection there would prove nothing`;
  const near = nearestPort(wanted, ports);
  if (near !== undefined) return nothing(message, `Did you mean ${quote(near)}?`);
  const listed = [...new Set(ports.map((port) => `${describePort(port)}${describePortName(port.name)}`))];
  return nothing(
    message,
    listed.length === 0 ? adviseOnPorts(wanted, ends) : `The ports are: ${listed.join(', ')}.`,
  );
}

function declarePorts(ends: readonly SelectedEnd[]): string {
  const where = ends.some(({ key }) => isHost(key)) ? 'hosts' : 'pods';
  return `Declare the ports that it listens on under ${quote(where)}.`;
}

/** What to do where no port is declared: a workload may well listen on one that its manifest does not name. */
function adviseOnPorts(wanted: PortSelection, ends: readonly SelectedEnd[]): string {
  const [end, ...others] = ends;
  if (wanted.kind === 'name' || end === undefined || others.length > 0 || isHost(end.key))
    return declarePorts(ends);
  const port = wanted.protocol === 'TCP' ? wanted.port : describePort(wanted);
  return `If it does, say so under "pods": ${end.key}: { ports: [${port}] }.`;
}

/** The port that was probably meant, as a rule would name it: of the same number before one of a similar. */
function nearestPort(wanted: PortSelection, ports: readonly Port[]): string | undefined {
  if (wanted.kind === 'name') {
    return nearest(
      wanted.name,
      ports.flatMap((port) => port.name ?? []),
    );
  }
  const number = nearest(
    String(wanted.port),
    ports.map((port) => String(port.port)),
  );
  const port = ports.find((own) => String(own.port) === number);
  return port && describePort(port);
}

function whoOf(ends: readonly SelectedEnd[]): string {
  const [first] = ends;
  return first !== undefined && ends.length === 1
    ? `${first.key} does not listen`
    : 'none of these pods listens';
}

function foundOr<T>(found: readonly T[], message: string, hint?: string): Selected<T> {
  return found.length > 0 ? { kind: 'found', found } : nothing(message, hint);
}

function nothing(message: string, hint?: string): Selected<never> {
  return { kind: 'nothing', message, ...(hint === undefined ? {} : { hint }) };
}
