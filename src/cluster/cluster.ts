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
  /** Whether the run must ask first what it may do there, and whether its namespaces are free. */
  readonly needsPreflight: boolean;
  /** Whether it must be proven there, before a scenario runs, that policies are enforced. The sandbox is proven by its own tests. */
  readonly needsCanary: boolean;
  /** Whether its pods run images, so that it matters how probe pods were asked to be. */
  readonly runsImages: boolean;
  /** Whether an `ipBlock` matches the addresses of pods (I1); absent where the network plugin decides it. */
  readonly ipBlocksMatchPods?: boolean;
  /** The arguments with which `podreach clean` finds it, such as `--cluster kind=ci`; absent where nothing outlives a run. */
  readonly cleanWith?: readonly string[];
  /** The network plugin that the provider asked for, as `environment/network-plugins.ts` names it. */
  readonly networkPlugin?: string;
  /** Whether it stays when podreach ends: then `stop` leaves it in place, and ends only what watches it. */
  readonly outlivesRun: boolean;
  /** The arguments with which `kubectl` finds it, such as `--context staging`; absent where no file says so. */
  readonly kubectlWith?: readonly string[];
  /**
   * Keeps what the provider started, to be looked at after a run that has failed, and collects what shows why: `stop` then leaves it in
   * place. Absent where the user did not ask for that. Never throws.
   */
  readonly retain?: () => Promise<void>;
  /** Ends what the provider started and waits until it is gone. Safe to call twice. */
  stop(): Promise<void>;
}

export type ClusterKind = 'sandbox' | 'kind' | 'context';

export interface ClusterProvider {
  readonly kind: ClusterKind;
  /** @throws PodreachError `cluster-unavailable`, `tool-missing`, `not-supported`, `interrupted` */
  start(options: { readonly signal: AbortSignal; readonly clock: Clock }): Promise<Cluster>;
}
