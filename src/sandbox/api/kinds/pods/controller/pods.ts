/** The sandbox's scheduler and kubelets: gives each pod in the store a node, an address, links and processes, and takes them away. */
import {
  AddressPool,
  FABRIC,
  familiesOf,
  type NodePlan,
  PODS_PER_NODE,
} from '../../../../dataplane/addresses.ts';
import type { Network } from '../../../../dataplane/network.ts';
import type { PodLink } from '../../../../dataplane/scripts.ts';
import { familyOf } from '../../../../ip-family.ts';
import type { Prober } from '../../../../probes/prober.ts';
import type { Containers } from '../../../../runtime/containers.ts';
import type { RootFiles } from '../../../../runtime/root-files.ts';
import type { Store } from '../../../store.ts';
import { timestampOf } from '../../../time.ts';
import type { PolicyEnforcement } from '../../networkpolicies/controller/policies.ts';
import type { ServiceTranslation } from '../../services/controller/translation.ts';
import { hasEnded } from '../ending.ts';
import type { Pod, PodStatus } from '../object.ts';
import { outsideAddressesOf } from '../outside.ts';
import { type ClusterDns, resolvConfOf } from '../resolv-conf.ts';
import { mattersToScheduling } from '../scheduling.ts';
import { isStalled } from '../stall.ts';
import { createBatcher } from './batcher.ts';
import { statusOfPod, statusOfUnschedulable } from './pod-status.ts';
import { PodWorker } from './pod-worker.ts';
import { chooseNode, hostPortsOf, type NodeState } from './schedule.ts';

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

/** A pod that has a node, or its place outside. */
interface PlacedPod {
  readonly pod: Pod;
  readonly runner: PlaceRunner;
  /** One of each family, IPv4 first; outside, those that it asks for. */
  readonly addresses: readonly string[];
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

/** Runs the pods of a node, or those outside the cluster. */
interface PlaceRunner {
  /** Its name in the network. */
  readonly place: string;
  /** Absent outside. */
  readonly node?: { readonly addresses: readonly string[]; readonly pool: AddressPool };
  readonly pods: Set<PlacedPod>;
  readonly attach: (pod: PlacedPod) => Promise<void>;
  readonly connect: (link: PodLink) => Promise<void>;
  readonly detach: (link: PodLink) => Promise<void>;
}

class PodController {
  readonly #dependencies: PodDependencies;
  readonly #nodes: ReadonlyMap<string, PlaceRunner>;
  readonly #outside: PlaceRunner;
  readonly #placed = new Map<string, PlacedPod>();
  #links = 0;

  constructor(dependencies: PodDependencies) {
    this.#dependencies = dependencies;
    this.#nodes = new Map(
      dependencies.nodes.map((plan) => {
        const node = {
          addresses: plan.networks.map(({ address }) => address),
          pool: new AddressPool(plan.networks.map(({ podCidr }) => podCidr)),
        };
        return [plan.name, { ...createRunner(plan.name, dependencies), node }];
      }),
    );
    this.#outside = createRunner(FABRIC, dependencies);
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
    const outside = outsideAddressesOf(pod.metadata);
    if (outside !== undefined) {
      this.#placeOutside(pod, outside);
      return;
    }
    const placement = chooseNode(pod, this.#nodeStates());
    const runner = placement.kind === 'node' ? this.#nodes.get(placement.node) : undefined;
    const addresses =
      pod.spec.hostNetwork === true ? runner?.node?.addresses : runner?.node?.pool.take(nameOf(pod));
    if (runner !== undefined && addresses !== undefined) {
      this.#place(pod, runner, addresses);
      return;
    }
    this.#wait(pod, placement.kind === 'none' ? placement.reason : 'the node has no address left');
  }

  #placeOutside(pod: Pod, addresses: readonly string[]): void {
    const families = familiesOf(this.#dependencies.nodes);
    const missing = addresses.map(familyOf).find((family) => !families.includes(family));
    if (missing === undefined) this.#place(pod, this.#outside, addresses);
    else this.#wait(pod, `this sandbox has no ${missing}`);
  }

  #wait(pod: Pod, reason: string): void {
    this.#writeStatus(pod, (before) => statusOfUnschedulable(reason, before, this.#timestamp()));
  }

  #nodeStates(): NodeState[] {
    return this.#dependencies.store.list('nodes').map(({ metadata: { name, labels } }) => {
      const placed = [...(this.#nodes.get(name)?.pods ?? [])];
      const hostPorts = new Set(placed.flatMap(({ pod }) => hostPortsOf(pod)));
      const pods = placed.length;
      const hasRoom = this.#nodes.has(name) && pods < PODS_PER_NODE;
      return { name, labels: labels ?? {}, pods, hasRoom, hostPorts };
    });
  }

  #place(pod: Pod, runner: PlaceRunner, addresses: readonly string[]): void {
    const isOnHost = pod.spec.hostNetwork === true;
    if (!isOnHost) this.#links += 1;
    const { containers, prober, store } = this.#dependencies;
    const placed: PlacedPod = {
      pod,
      runner,
      addresses,
      link: isOnHost ? undefined : { link: `pod${this.#links}`, addresses },
      worker: new PodWorker(pod, {
        containers,
        timestamp: () => this.#timestamp(),
        watchReadiness: (container, onChange) =>
          prober.watch(runner.place, addresses[0] ?? '', container, onChange),
        onChange: () => this.#publish(placed),
      }),
      leaving: Promise.withResolvers(),
      started: Promise.resolve(),
      isLeaving: false,
      isNetworked: !isOnHost,
    };
    this.#placed.set(uidOf(pod), placed);
    runner.pods.add(placed);
    prober.prepare(runner.place, pod.spec.containers);
    // The address is told before the pod has a network: the rules of its node must know the pod before its first packet (D20).
    store.update('pods', pod.metadata.namespace, pod.metadata.name, (current) => ({
      ...current,
      spec: { ...current.spec, ...(runner.node === undefined ? {} : { nodeName: runner.place }) },
      status: this.#statusOf(placed, current.status),
    }));
    placed.started = this.#start(placed);
  }

  async #start(placed: PlacedPod): Promise<void> {
    const { pod, runner, worker, link, addresses } = placed;
    const { files: all, network, dns } = this.#dependencies;
    if ((pod.spec.initContainers ?? []).length > 0) {
      worker.refuse('CreateContainerConfigError', 'the sandbox runs no init containers');
      return;
    }
    try {
      const hostname = hostnameOf(pod);
      const files = await all.writePodFiles(uidOf(pod), addresses, hostname, resolvConfOf(pod, dns));
      if (link !== undefined) await this.#connect(placed, link);
      const networkName = link?.link ?? runner.place;
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
    const { runner, leaving } = placed;
    // Outside nothing is enforced.
    const inForce = runner.node && this.#dependencies.policies.inForce(runner.place);
    await Promise.all([runner.attach(placed), Promise.race([inForce, leaving.promise])]);
    if (!placed.isLeaving) await runner.connect(link);
  }

  async #leave(placed: PlacedPod): Promise<void> {
    placed.isLeaving = true;
    placed.leaving.resolve();
    await placed.started;
    await placed.worker.stop();
    const giveBack = await this.#disconnect(placed);
    this.#placed.delete(uidOf(placed.pod));
    placed.runner.pods.delete(placed);
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
    await placed.runner.detach(placed.link);
    return async () => {
      // Services would give the next pod with this address what is for this one.
      await this.#dependencies.services.inForce();
      placed.runner.node?.pool.giveBack(placed.addresses, nameOf(placed.pod));
    };
  }

  #publish(placed: PlacedPod): void {
    this.#writeStatus(placed.pod, (before) => this.#statusOf(placed, before));
    const { namespace, name } = placed.pod.metadata;
    const status = this.#dependencies.store.get('pods', namespace, name)?.status;
    if (hasEnded(status)) void this.#disconnect(placed).then((giveBack) => giveBack());
  }

  #statusOf({ pod, runner, addresses, worker }: PlacedPod, before: PodStatus | undefined): PodStatus {
    return statusOfPod(
      pod,
      { podIPs: addresses, hostIPs: runner.node?.addresses ?? [] },
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

function createRunner(place: string, { network }: PodDependencies): PlaceRunner {
  return {
    place,
    pods: new Set(),
    attach: createBatcher(PODS_PER_SCRIPT, async (batch) => {
      const links = batch.flatMap(({ link, isLeaving }) => (link === undefined || isLeaving ? [] : [link]));
      if (links.length > 0) await network.attach(place, links);
    }),
    connect: createBatcher(PODS_PER_SCRIPT, (links) => network.connect(place, links)),
    detach: createBatcher(PODS_PER_SCRIPT, (links) => network.detach(place, links)),
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
