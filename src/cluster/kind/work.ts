/** What the stages of one call share, and what they give in the end. */
import type { CalicoSource } from './choices.ts';
import type { KindConfig } from './config.ts';
import type { KindContext, KindOptions } from './context.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import type { Machine } from './machine.ts';
import type { Sequence } from './stages.ts';
import type { DockerInfo } from './tools.ts';

export interface KindCluster {
  readonly name: string;
  /** The kubeconfig's text. */
  readonly kubeconfig: string;
  /** A file with the same text, for people's own tools. */
  readonly kubeconfigFile: string;
  /** The name of the container whose end is the cluster's. */
  readonly controlPlane: string;
  /** As it is noted. */
  readonly entry: LedgerEntry;
  /** Whether this call made it; otherwise an earlier one did. */
  readonly isNew: boolean;
}

/** What one call works with. */
export interface KindWork {
  readonly options: KindOptions;
  readonly context: KindContext;
  readonly sequence: Sequence;
  readonly ledger: Ledger;
  /** Whether the cluster is a kept one. */
  readonly isReused: boolean;
  readonly config: KindConfig;
  readonly docker: DockerInfo;
  readonly machine: Machine;
}

/** How a cluster's Calico is noted, to be compared with what a later run asks for. */
export function calicoKey(source: CalicoSource): string {
  return source.type === 'version' ? source.version : source.from;
}
