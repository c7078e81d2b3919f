/** Which pods and ports an end of a rule speaks of. */
import type { Problem } from '../errors.ts';
import { objectKey } from '../keys.ts';
import { NAMESPACE_NAME_LABEL } from '../labels.ts';
import type { Labels } from '../model/labels.ts';
import { describePort, describePortName, describeTarget } from '../pair.ts';
import { selectorMatches } from '../policy/selectors.ts';
import type { LeftOutWorkload } from './manifests/inventory.ts';
import { problemAt } from './mark.ts';
import type {
  DestinationSelection,
  Marked,
  PlannedNamespace,
  PlannedPod,
  PodSelection,
  Port,
  PortSelection,
} from './scenario.ts';
import type { Selected, SelectedPorts, SelectedTarget } from './selected.ts';
import { arrangeServices, type SelectableService, type Services, selectService } from './services.ts';
import { Names, nearest, quote, suggest } from './suggest.ts';

/** A scenario's namespaces and pods, arranged for looking things up; both in the order of the file. */
export interface Topology {
  /** Labels by namespace, with the one that Kubernetes adds to every namespace (D9). */
  readonly namespaces: ReadonlyMap<string, Labels>;
  readonly pods: ReadonlyMap<string, PlannedPod>;
  /** The keys of the pods, for names that are none. */
  readonly podNames: Names;
  /** Workloads that became no pods, by the names that these would have. */
  readonly leftOut: ReadonlyMap<string, LeftOutWorkload>;
  readonly services: Services;
}

export function arrangeTopology(
  namespaces: readonly PlannedNamespace[],
  pods: readonly PlannedPod[],
  services: readonly SelectableService[] = [],
  leftOut: readonly LeftOutWorkload[] = [],
): Topology {
  const byKey = new Map(pods.map((pod) => [objectKey(pod), pod]));
  return {
    namespaces: new Map(
      namespaces.map(({ name, labels }) => [name, { ...labels, [NAMESPACE_NAME_LABEL]: name }]),
    ),
    pods: byKey,
    podNames: new Names([...byKey.keys()]),
    leftOut: new Map(leftOut.map((workload) => [objectKey(workload), workload])),
    services: arrangeServices(services),
  };
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
 * The pods and ports, or the Service, that a destination speaks of. Where it may mean several pods, those without such a port are left
 * out; a port that none of them listens on is a mistake, because a connection to it would prove nothing.
 */
export function selectTargets(
  destination: DestinationSelection,
  topology: Topology,
): Selected<SelectedPorts> {
  const { end } = destination;
  if (end.kind === 'service') return selectService(end, destination.ports, topology);
  const pods = selectPods(end, topology);
  if (pods.kind === 'nothing') return pods;
  const unheard = destination.ports.find(
    (port) => !pods.found.some((pod) => pod.ports.some((own) => isPort(port, own))),
  );
  if (unheard !== undefined) return noListener(unheard, pods.found);
  const targets = pods.found.map((pod) => ({
    to: objectKey(pod),
    ports:
      destination.ports.length === 0
        ? pod.ports
        : pod.ports.filter((own) => destination.ports.some((port) => isPort(port, own))),
  }));
  const found = targets.filter((target) => target.ports.length > 0);
  return foundOr(
    found,
    `${whoOf(pods.found)} on any port: a connection there would prove nothing`,
    DECLARE_PORTS,
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

export function targetsOf({ to, ports, paths }: SelectedPorts): readonly SelectedTarget[] {
  if (paths === undefined) return ports.map((port) => ({ to, port }));
  return ports.flatMap((port) => paths.map((path) => ({ to, port, path })));
}

/** `shop/db:5432/TCP`, `service/shop/api:80/TCP via dns` */
export function targetKey({ to, port: { port, protocol }, path }: SelectedTarget): string {
  return describeTarget({ to, port, protocol, ...(path === undefined ? {} : { path }) });
}

/** A name stands for the port of that name, whatever its protocol. */
function isPort(selection: PortSelection, port: Port): boolean {
  return selection.kind === 'name'
    ? port.name === selection.name
    : port.port === selection.port && port.protocol === selection.protocol;
}

function noListener(wanted: PortSelection, pods: readonly PlannedPod[]): Selected<never> {
  const ports = pods.flatMap((pod) => pod.ports);
  const text = wanted.kind === 'name' ? quote(wanted.name) : describePort(wanted);
  const message = `${whoOf(pods)} on port ${text}: a connection there would prove nothing`;
  const near = nearestPort(wanted, ports);
  if (near !== undefined) return nothing(message, `Did you mean ${quote(near)}?`);
  const listed = [...new Set(ports.map((port) => `${describePort(port)}${describePortName(port.name)}`))];
  return nothing(
    message,
    listed.length === 0 ? adviseOnPorts(wanted, pods) : `The ports are: ${listed.join(', ')}.`,
  );
}

const DECLARE_PORTS = 'Declare the ports that it listens on under "pods".';

/** What to do where no port is declared: a workload may well listen on one that its manifest does not name. */
function adviseOnPorts(wanted: PortSelection, pods: readonly PlannedPod[]): string {
  const [pod, ...others] = pods;
  if (wanted.kind === 'name' || pod === undefined || others.length > 0) return DECLARE_PORTS;
  const port = wanted.protocol === 'TCP' ? wanted.port : describePort(wanted);
  return `If it does, say so under "pods": ${objectKey(pod)}: { ports: [${port}] }.`;
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

function whoOf(pods: readonly PlannedPod[]): string {
  const [first] = pods;
  return first !== undefined && pods.length === 1
    ? `${objectKey(first)} does not listen`
    : 'none of these pods listens';
}

function foundOr<T>(found: readonly T[], message: string, hint?: string): Selected<T> {
  return found.length > 0 ? { kind: 'found', found } : nothing(message, hint);
}

function nothing(message: string, hint?: string): Selected<never> {
  return { kind: 'nothing', message, ...(hint === undefined ? {} : { hint }) };
}
