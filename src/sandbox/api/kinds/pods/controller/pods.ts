/** The sandbox's scheduler and kubelets: gives each pod in the store a node, an address, links and processes, and takes them away. */
import { AddressPool, type NodePlan, PODS_PER_NODE } from '../../../../dataplane/addresses.ts';
import type { Network } from '../../../../dataplane/network.ts';
import type { PodLink } from '../../../../dataplane/scripts.ts';
import type { Prober } from '../../../../probes/prober.ts';
import type { Containers } from '../../../../runtime/containers.ts';
import type { RootFiles } from '../../../../runtime/root-files.ts';
import type { Store } from '../../../store.ts';
import { timestampOf } from '../../../time.ts';
import type { PolicyEnforcement } from '../../networkpolicies/controller/policies.ts';
import type { ServiceTranslation } from '../../services/controller/translation.ts';
import { hasEnded } from '../ending.ts';
import type { Pod, PodStatus } from '../object.ts';
import { type ClusterDns, resolvConfOf } from '../resolv-conf.ts';
import { mattersToScheduling } from '../scheduling.ts';
import { isStalled } from '../stall.ts';
import { createBatcher } from './batcher.ts';
import { statusOfPod, statusOfUnschedulable } from './pod-status.ts';
import { PodWorker } from './pod-worker.ts';
import { chooseNode, type NodeState } from './schedule.ts';

export interface PodDependencies {
  readonly store: Store;
  readonly nodes: readonly NodePlan[];
  readonly network: Network;
  readonly files: RootFiles;
  readonly containers: Containers;
  readonly policies: PolicyEnforcement;
  readonly services: ServiceTranslation;
  readonly prober: Prober;
  /** Where pods ask for names. */
  readonly dns: ClusterDns;
  /** The wall clock. */
  readonly now: () => Date;
}

/** So many pods share one script; small enough that the first pods start while the last are still without a network. */
const PODS_PER_SCRIPT = 25;

/** Listens to the store from now on. */
export function runPods(dependencies: PodDependencies): void {
  const { store } = dependencies;
  const pods = new PodController(dependencies);
  store.listen((change) => {
    const { type, resource, object } = change;
    if (mattersToScheduling(change)) pods.scheduleWaiting();
    if (resource !== 'pods') return;
    const pod = object as Pod; // a change of pods carries a pod
    if (type === 'DELETED' || pod.metadata.deletionTimestamp !== undefined) pods.remove(pod);
    else if (type === 'ADDED') pods.schedule(pod);
    else pods.stall(pod);
  });
}

/** A pod that has a node. */
interface PlacedPod {
  readonly pod: Pod;
  readonly node: NodeRunner;
  readonly address: string;
  /** Undefined for a pod on its node's own network. */
  readonly link: PodLink | undefined;
  readonly worker: PodWorker;
  /** Resolves when it is to leave. */
  readonly leaving: PromiseWithResolvers<void>;
  /** Resolves when the network and the containers were started, or could not be. */
  started: Promise<void>;
  isLeaving: boolean;
  isNetworked: boolean;
}

interface NodeRunner {
  readonly plan: NodePlan;
  readonly addresses: AddressPool;
  readonly pods: Set<PlacedPod>;
  readonly attach: (pod: PlacedPod) => Promise<void>;
  readonly connect: (link: PodLink) => Promise<void>;
  readonly detach: (link: PodLink) => Promise<void>;
}

class PodController {
  readonly #dependencies: PodDependencies;
  readonly #nodes: ReadonlyMap<string, NodeRunner>;
  readonly #placed = new Map<string, PlacedPod>();
  #links = 0;

  constructor(dependencies: PodDependencies) {
    this.#dependencies = dependencies;
    this.#nodes = new Map(
      dependencies.nodes.map((plan) => [plan.name, createNodeRunner(plan, dependencies)]),
    );
  }

  /** Tries all pods that have no node yet. */
  scheduleWaiting(): void {
    for (const pod of this.#dependencies.store.list('pods')) {
      if (pod.metadata.deletionTimestamp === undefined && !this.#placed.has(uidOf(pod))) this.schedule(pod);
    }
  }

  remove(pod: Pod): void {
    const placed = this.#placed.get(uidOf(pod));
    if (placed === undefined) this.#forget(pod);
    else if (!placed.isLeaving) void this.#leave(placed);
  }

  /** Stops the processes of a pod, or lets them go on, as it asks. */
  stall(pod: Pod): void {
    this.#placed.get(uidOf(pod))?.worker.setStalled(isStalled(pod.metadata));
  }

  schedule(pod: Pod): void {
    const placement = chooseNode(pod, this.#nodeStates());
    const node = placement.kind === 'node' ? this.#nodes.get(placement.node) : undefined;
    const address = pod.spec.hostNetwork === true ? node?.plan.address : node?.addresses.take(nameOf(pod));
    if (node !== undefined && address !== undefined) {
      this.#place(pod, node, address);
      return;
    }
    const reason = placement.kind === 'none' ? placement.reason : 'the node has no address left';
    this.#writeStatus(pod, (before) => statusOfUnschedulable(reason, before, this.#timestamp()));
  }

  #nodeStates(): NodeState[] {
    return this.#dependencies.store.list('nodes').map(({ metadata: { name, labels } }) => {
      const pods = this.#nodes.get(name)?.pods.size ?? 0;
      return { name, labels: labels ?? {}, pods, hasRoom: this.#nodes.has(name) && pods < PODS_PER_NODE };
    });
  }

  #place(pod: Pod, node: NodeRunner, address: string): void {
    const isOnHost = pod.spec.hostNetwork === true;
    if (!isOnHost) this.#links += 1;
    const { containers, prober, store } = this.#dependencies;
    const placed: PlacedPod = {
      pod,
      node,
      address,
      link: isOnHost ? undefined : { link: `pod${this.#links}`, address },
      worker: new PodWorker(pod, {
        containers,
        timestamp: () => this.#timestamp(),
        watchReadiness: (container, onChange) => prober.watch(node.plan.name, address, container, onChange),
        onChange: () => this.#publish(placed),
      }),
      leaving: Promise.withResolvers(),
      started: Promise.resolve(),
      isLeaving: false,
      isNetworked: !isOnHost,
    };
    this.#placed.set(uidOf(pod), placed);
    node.pods.add(placed);
    prober.prepare(node.plan.name, pod.spec.containers);
    // The address is told before the pod has a network: the rules of its node must know the pod before its first packet (D20).
    store.update('pods', pod.metadata.namespace, pod.metadata.name, (current) => ({
      ...current,
      spec: { ...current.spec, nodeName: node.plan.name },
      status: this.#statusOf(placed, current.status),
    }));
    placed.started = this.#start(placed);
  }

  async #start(placed: PlacedPod): Promise<void> {
    const { pod, node, worker, link, address } = placed;
    const { files: all, network, dns } = this.#dependencies;
    if ((pod.spec.initContainers ?? []).length > 0) {
      worker.refuse('CreateContainerConfigError', 'the sandbox runs no init containers');
      return;
    }
    try {
      const hostname = hostnameOf(pod);
      const files = await all.writePodFiles(uidOf(pod), address, hostname, resolvConfOf(pod, dns));
      if (link !== undefined) await this.#connect(placed, link);
      const networkName = link?.link ?? node.plan.name;
      if (placed.isLeaving) return;
      worker.start({
        network: network.namespaceFile(networkName),
        files,
        hostname,
        programs: all.programs,
      });
    } catch (thrown) {
      worker.refuse('CreateContainerError', thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  /** Gives a pod its network. One that leaves does not wait for a node that does not take up policies. */
  async #connect(placed: PlacedPod, link: PodLink): Promise<void> {
    const { node, leaving } = placed;
    const inForce = this.#dependencies.policies.inForce(node.plan.name);
    await Promise.all([node.attach(placed), Promise.race([inForce, leaving.promise])]);
    if (!placed.isLeaving) await node.connect(link);
  }

  async #leave(placed: PlacedPod): Promise<void> {
    placed.isLeaving = true;
    placed.leaving.resolve();
    await placed.started;
    await placed.worker.stop();
    const giveBack = await this.#disconnect(placed);
    this.#placed.delete(uidOf(placed.pod));
    placed.node.pods.delete(placed);
    await this.#dependencies.files.removePodFiles(uidOf(placed.pod));
    this.#forget(placed.pod);
    // Not earlier: policies would take the next pod with this address for this one.
    await giveBack();
    this.scheduleWaiting();
  }

  /** Takes a pod's network away. @returns a function that gives its address back: to be called when policies do not see the pod */
  async #disconnect(placed: PlacedPod): Promise<() => Promise<void>> {
    if (placed.link === undefined || !placed.isNetworked) return async () => {};
    placed.isNetworked = false;
    await placed.node.detach(placed.link);
    return async () => {
      // Services would give the next pod with this address what is for this one.
      await this.#dependencies.services.inForce();
      placed.node.addresses.giveBack(placed.address, nameOf(placed.pod));
    };
  }

  #publish(placed: PlacedPod): void {
    this.#writeStatus(placed.pod, (before) => this.#statusOf(placed, before));
    const { namespace, name } = placed.pod.metadata;
    const status = this.#dependencies.store.get('pods', namespace, name)?.status;
    if (hasEnded(status)) void this.#disconnect(placed).then((giveBack) => giveBack());
  }

  #statusOf({ pod, node, address, worker }: PlacedPod, before: PodStatus | undefined): PodStatus {
    return statusOfPod(
      pod,
      { hostIP: node.plan.address, podIP: address },
      worker.views(),
      before,
      this.#timestamp(),
    );
  }

  #writeStatus(
    { metadata: { namespace, name, uid } }: Pod,
    status: (before: PodStatus | undefined) => PodStatus,
  ): void {
    this.#dependencies.store.update('pods', namespace, name, (current) =>
      current.metadata.uid === uid ? { ...current, status: status(current.status) } : current,
    );
  }

  /** Takes the object away, unless another pod has its name by now. */
  #forget({ metadata: { namespace, name, uid } }: Pod): void {
    const { store } = this.#dependencies;
    if (store.get('pods', namespace, name)?.metadata.uid === uid) store.remove('pods', namespace, name);
  }

  #timestamp(): string {
    return timestampOf(this.#dependencies.now());
  }
}

function createNodeRunner(plan: NodePlan, { network }: PodDependencies): NodeRunner {
  return {
    plan,
    addresses: new AddressPool(plan.podCidr),
    pods: new Set(),
    attach: createBatcher(PODS_PER_SCRIPT, async (batch) => {
      const links = batch.flatMap(({ link, isLeaving }) => (link === undefined || isLeaving ? [] : [link]));
      if (links.length > 0) await network.attach(plan.name, links);
    }),
    connect: createBatcher(PODS_PER_SCRIPT, (links) => network.connect(plan.name, links)),
    detach: createBatcher(PODS_PER_SCRIPT, (links) => network.detach(plan.name, links)),
  };
}

function uidOf(pod: Pod): string {
  return pod.metadata.uid ?? '';
}

function nameOf({ metadata: { namespace, name } }: Pod): string {
  return `${namespace}/${name}`;
}

/** The pod's name, as far as a host name can be that long. */
function hostnameOf({ metadata, spec }: Pod): string {
  return (spec.hostname ?? metadata.name).slice(0, 63).replace(/[-.]+$/, '');
}
