/** What hands over a cluster. Each provider is one file: `sandbox.ts`, `kind.ts`, `context.ts`. */
import type { Clock } from '../clock.ts';

/** Timing that suits a cluster: the command line's options go before it. */
export interface ClusterTiming {
  /** How long one attempt may take. */
  readonly timeoutMs: number;
  /** How long policies may take to settle. */
  readonly withinMs: number;
  /** How long after applying policies a connection is taken for proof: before, the old state may still be in force (D21). */
  readonly settleFloorMs: number;
}

/** What a run may take for granted of a cluster. */
export type Trust =
  /** Its own tests prove that it enforces policies, and it is the run's alone. Its pods are processes: no images are asked for. */
  | {
      readonly kind: 'proven';
      /** Whether an `ipBlock` matches the addresses of pods (I1). */
      readonly ipBlocksMatchPods: boolean;
      /** Host-network pods count as their nodes (I5). */
      readonly hostNetworkPodsAreNodes: true;
      /** An `ipBlock` matches such a pod by the address of its node (I8). */
      readonly ipBlocksMatchHostNetwork: true;
      /** An `ipBlock` sees what is behind a Service, and not the Service's own address (I2). */
      readonly servicesAreTranslatedFirst: true;
      /** What of a connection through a port of a node policies see (I9): see `Assumptions`. */
      readonly nodePortsHideSourceElsewhere: true;
    }
  /**
   * The run must ask first what it may do there and whether its namespaces are free, and see that policies are enforced. Its pods run
   * images, so that it matters how probe pods were asked to be.
   */
  | {
      readonly kind: 'to-be-proven';
      /** That which the provider asked for, as `environment/network-plugins.ts` names it. */
      readonly networkPlugin?: string;
    };

/** What becomes of a cluster when podreach ends. */
export type Lifetime =
  /** It ends with the run, and all that is on it. */
  | ({ readonly kind: 'ends-with-run' } & Retainable)
  /** podreach has made it, and it stays. */
  | ({ readonly kind: 'kept' } & Cleanable & Retainable)
  /** It was there before. */
  | ({ readonly kind: 'users' } & Cleanable);

interface Cleanable {
  /** The arguments with which `podreach clean` finds it, such as `--cluster kind=ci`. */
  readonly cleanWith: readonly string[];
}

interface Retainable {
  /**
   * Keeps what the provider started, to be looked at after a run that has failed, and collects what shows why: `stop` then leaves it in
   * place. Absent where the user did not ask for that. Never throws.
   */
  readonly retain?: () => Promise<void>;
}

/** How hosts outside the cluster are simulated. */
export type SimulatedOutside =
  | ({ readonly kind: 'pods' } & OutsideAnnotations)
  | ({ readonly kind: 'containers' } & HostContainers);

/** The annotations that make of a pod one that stands outside. */
export interface OutsideAnnotations {
  /** Its value is where the pod stands. */
  readonly address: string;
  /** Its value is the name that the DNS server of the cluster then knows it by. */
  readonly name: string;
}

/** Containers beside the nodes, in networks of their own to which the nodes belong as well. */
export interface HostContainers {
  /**
   * Makes the networks for hosts at some addresses, and puts nodes into them. What a failure leaves is taken away again.
   * @throws PodreachError `provision-failed`; the signal's reason
   */
  connect(wanted: WantedHostNetworks): Promise<HostNetworks>;
  /** Starts a program in the container of a host, and talks with it. */
  readonly talk: StartTalk;
}

export interface WantedHostNetworks {
  readonly runId: string;
  readonly addresses: readonly string[];
  /** Their names. */
  readonly nodes: readonly string[];
  readonly signal: AbortSignal;
}

export interface HostNetworks {
  /** Where a host at these addresses reaches the nodes, by their names: it reaches no others of their addresses. */
  nodesAround(addresses: readonly string[]): ReadonlyMap<string, readonly string[]>;
  /** Makes the container of a host, and waits until its program is ready. @throws PodreachError `provision-failed`; the signal's reason */
  create(host: WantedContainer, signal: AbortSignal): Promise<void>;
  /** Takes containers away; one that is not there is fine. @throws PodreachError naming those that are left */
  remove(containers: readonly string[]): Promise<void>;
  /** Takes all of the run's away, containers first. Not to be interrupted. @throws PodreachError naming what is left */
  disconnect(): Promise<void>;
}

/** The container of a host. It is unprivileged, and nothing can be written there but below `/tmp`. */
export interface WantedContainer {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly image: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Whether it may listen on ports below 1024. */
  readonly hasLowPorts: boolean;
  /** Exits with 0 in the container once that is ready. */
  readonly readyWhen: readonly string[];
  readonly readyWithinMs: number;
}

/** Starts a program. Its end is told once, and nothing after it. */
export type StartTalk = (container: string, command: readonly string[], listener: TalkListener) => Talk;

/** A program that is talked with on its standard streams. */
export interface Talk {
  write(text: string): void;
  /** Ends it, and what it was started by. */
  end(): void;
}

export interface TalkListener {
  readonly onOutput: (data: Buffer) => void;
  readonly onErrorOutput: (data: Buffer) => void;
  readonly onEnd: (ending: TalkEnding) => void;
}

export type TalkEnding =
  | { readonly kind: 'exited'; readonly exitCode: number }
  /** It was not the program that ended. */
  | { readonly kind: 'lost'; readonly reason: string; readonly mayHeal: boolean };

/** A running cluster. */
export interface Cluster {
  readonly kind: ClusterKind;
  /** Tells it apart from others of its kind: a context of a kubeconfig, or a kind cluster; absent for the sandbox. */
  readonly name?: string;
  /** The kubeconfig's text. Never the user's own file. */
  readonly kubeconfig: string;
  readonly timing: ClusterTiming;
  /** Aborted, with a `PodreachError` as the reason, when the cluster is gone before `stop` was called. */
  readonly lost: AbortSignal;
  readonly trust: Trust;
  readonly lifetime: Lifetime;
  /** How hosts outside the cluster are simulated. Absent: they are the real ones. */
  readonly outside?: SimulatedOutside;
  /** The arguments with which `kubectl` finds it, such as `--context staging`; absent where no file says so. */
  readonly kubectlWith?: readonly string[];
  /**
   * Ends what the provider started and waits until it is gone; a cluster that stays is left in place, and only what watches it ends. Safe
   * to call twice.
   */
  stop(): Promise<void>;
}

export type ClusterKind = 'sandbox' | 'kind' | 'context';

export interface ClusterProvider {
  readonly kind: ClusterKind;
  /** @throws PodreachError `cluster-unavailable`, `tool-missing`, `not-supported`, `interrupted` */
  start(options: { readonly signal: AbortSignal; readonly clock: Clock }): Promise<Cluster>;
}
