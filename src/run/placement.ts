/**
 * Where the pods of a scenario run. Chosen once: a pod that a step creates or replaces comes where it belongs. What nobody says anything
 * of is the scheduler's.
 */
import { PodreachError } from '../errors.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { objectKey } from '../keys.ts';
import { describePort } from '../pair.ts';
import { listNames } from '../policy/list-names.ts';
import { freePort, VISIT_PORT } from '../probe/manifest.ts';
import { dialledServices, type Plan, type PlannedNamespace, type PlannedPod } from '../scenario/scenario.ts';
import type { Wanted, WantedPod } from './provision.ts';
import type { ProbeNode } from './schedulable.ts';

type PlacedPlan = Pick<Plan, 'pods'>;

/** Two runs on one cluster begin somewhere else: each pod on the network of its node takes a port of it for the visits of the kubelet. */
const VISIT_PORTS = 5_000;

/** By the names of pods. */
export type VisitPorts = ReadonlyMap<string, number>;

/** Where the kubelet visits pods on the network of their nodes: ports of these that no pod of the run declares, each for one pod. */
export function visitPortsFor(plans: readonly PlacedPlan[], runId: string): VisitPorts {
  const pods = plans.flatMap((plan) => plan.pods.filter(isOnHost));
  const ports = new Map<string, number>();
  let next = VISIT_PORT + (Number.parseInt(fingerprintOf(runId).slice(0, 8), 16) % VISIT_PORTS);
  for (const key of new Set(pods.map(objectKey))) {
    const port = freePort(next, pods);
    ports.set(key, port);
    next = port + 1;
  }
  return ports;
}

/** The ports of nodes that a scenario takes: while it stands, no other may have them. */
export function nodePortsOf(plan: Pick<Plan, 'pods' | 'services' | 'steps'>): ReadonlySet<string> {
  const ofServices = dialledServices(plan).flatMap(({ ports }) =>
    ports.flatMap(({ nodePort: port, protocol }) =>
      port === undefined ? [] : describePort({ port, protocol }),
    ),
  );
  return new Set([
    ...plan.pods.filter(isOnHost).flatMap(({ ports }) => ports.map(describePort)),
    ...ofServices,
  ]);
}

export class PodPlacement {
  readonly #name: string;
  readonly #visitPorts: VisitPorts;
  readonly #places: ReadonlyMap<string, ProbeNode>;
  readonly #unrestricted: ReadonlySet<string>;

  /**
   * @param name of the scenario
   * @param nodesForPods the nodes that take probe pods, asked for where it matters which there are
   * @throws PodreachError `provision-failed` where there are too few nodes
   */
  constructor(
    name: string,
    { pods }: PlacedPlan,
    nodesForPods: () => readonly ProbeNode[],
    visitPorts: VisitPorts,
  ) {
    this.#name = name;
    this.#visitPorts = visitPorts;
    this.#places = placesFor(pods, nodesForPods);
    this.#unrestricted = new Set(pods.filter(isOnHost).map(({ namespace }) => namespace));
  }

  /** These pods, each where it belongs, and these namespaces so that they take them. */
  wanted({
    namespaces,
    pods,
  }: {
    readonly namespaces: readonly PlannedNamespace[];
    readonly pods: readonly PlannedPod[];
  }): Wanted {
    return {
      name: this.#name,
      namespaces: namespaces.map((namespace) =>
        this.#unrestricted.has(namespace.name) ? { ...namespace, holdsHostNetwork: true } : namespace,
      ),
      pods: pods.map((pod): WantedPod => {
        const hostname = this.#places.get(objectKey(pod))?.hostname;
        const visitPort = this.#visitPorts.get(objectKey(pod));
        return {
          ...pod,
          ...(hostname === undefined ? {} : { hostname }),
          ...(visitPort === undefined ? {} : { visitPort }),
        };
      }),
    };
  }
}

function isOnHost({ hostNetwork }: PlannedPod): boolean {
  return hostNetwork === true;
}

/** First the pods with numbers; then those that would be in each other's way on one node. */
function placesFor(
  pods: readonly PlannedPod[],
  nodesForPods: () => readonly ProbeNode[],
): ReadonlyMap<string, ProbeNode> {
  const numbers = [...new Set(pods.flatMap(({ placement }) => placement ?? []))].toSorted((a, b) => a - b);
  const hindered = pods.filter((pod) =>
    pods.some((other) => other !== pod && sharedPort(pod, other) !== undefined),
  );
  if (numbers.length === 0 && hindered.length === 0) return new Map();
  const nodes = nodesForPods();
  if (numbers.length > nodes.length) throw tooFewForNumbers(numbers, nodes);
  const places = new Map<string, ProbeNode>();
  for (const pod of pods) {
    const node = pod.placement === undefined ? undefined : nodes[numbers.indexOf(pod.placement)];
    if (node !== undefined) places.set(objectKey(pod), node);
  }
  for (const pod of hindered) {
    if (pod.placement !== undefined) continue;
    const others = hindered.filter((other) => other !== pod && sharedPort(pod, other) !== undefined);
    const taken = new Set(others.map((other) => places.get(objectKey(other))));
    const free = nodes.find((node) => !taken.has(node));
    if (free === undefined) throw tooFewForPort(pod, others, nodes);
    places.set(objectKey(pod), free);
  }
  return places;
}

/** A port that two pods cannot both have on the network of one node. */
function sharedPort(one: PlannedPod, other: PlannedPod): string | undefined {
  if (!isOnHost(one) || !isOnHost(other)) return undefined;
  const ports = new Set(other.ports.map(describePort));
  return one.ports.map(describePort).find((port) => ports.has(port));
}

function tooFewForNumbers(numbers: readonly number[], nodes: readonly ProbeNode[]): PodreachError {
  return new PodreachError(
    'provision-failed',
    `the pods are for ${numbers.length} nodes (node ${listNames(numbers.map(String))}), and ${describeNodes(nodes)}`,
    { hint: `Give pods fewer numbers under "node", or run on more nodes${SANDBOX_HINT}` },
  );
}

function tooFewForPort(
  pod: PlannedPod,
  others: readonly PlannedPod[],
  nodes: readonly ProbeNode[],
): PodreachError {
  const ports = new Set(others.flatMap((other) => sharedPort(pod, other) ?? []));
  return new PodreachError(
    'provision-failed',
    `${listNames([pod, ...others].map(objectKey).toSorted())} are on the network of their nodes and listen on port ${listNames([...ports])}, so that each needs a node of its own, and ${describeNodes(nodes)}`,
    { hint: `Give them other ports, or run on more nodes${SANDBOX_HINT}` },
  );
}

const SANDBOX_HINT = ': on the sandbox with --nodes.';

function describeNodes(nodes: readonly ProbeNode[]): string {
  const takes =
    nodes.length === 1
      ? 'only 1 node of the cluster takes'
      : `only ${nodes.length} nodes of the cluster take`;
  return `${takes} probe pods: ${listNames(nodes.map(({ name }) => name))}`;
}
