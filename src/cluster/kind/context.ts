/** What everything here works with: what is asked for, and the world that it happens in. */
import type { Clock } from '../../clock.ts';
import type { StartTalk } from '../cluster.ts';
import { type CommandRunner, systemRunner } from '../command-runner.ts';
import type { CalicoSource, Encapsulation } from './choices.ts';
import { type Folders, foldersOf } from './ledger.ts';
import type { StageListener } from './stages.ts';
import { talkInContainer } from './talk.ts';

/** What a cluster is made from. What is absent takes podreach's default, and fits any cluster that is used again. */
export interface KindOptions {
  /** Lower-case letters, digits and hyphens. */
  readonly name: string;
  /** A kind configuration file. */
  readonly configFile?: string | undefined;
  /** Such as `kindest/node:v1.35.5@sha256:…`. */
  readonly nodeImage?: string | undefined;
  readonly calico?: CalicoSource | undefined;
  readonly encapsulation?: Encapsulation | undefined;
  /** The image of the probe pods: loaded from the local Docker where that has it or can pull it. */
  readonly probeImage: string;
  /** Load Calico's images as well, and fail where one of them cannot be had. */
  readonly loadImages?: boolean | undefined;
  /** Where something fails, keep the nodes and collect their logs. */
  readonly retain?: boolean | undefined;
  /** Leave the cluster in place at the end, for later runs. */
  readonly keep: boolean;
}

/** The world, as arguments. */
export interface KindWorld {
  readonly runner: CommandRunner;
  /** Talks with programs in Docker's containers. */
  readonly talk: StartTalk;
  readonly env: NodeJS.ProcessEnv;
  readonly folders: Folders;
  readonly fetch: typeof fetch;
  /** This process's id, by which another process of podreach can tell that a cluster is in use. */
  readonly pid: number;
}

export interface KindContext extends KindWorld {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly tell: StageListener;
}

/** The world as it is. */
export function systemWorld(env: NodeJS.ProcessEnv = process.env): KindWorld {
  return {
    runner: systemRunner,
    talk: talkInContainer,
    env,
    folders: foldersOf(env),
    fetch,
    pid: process.pid,
  };
}

/** kind finds the user's kubeconfig, a cluster's name and a provider in these variables; podreach names its own. */
export const KIND_ENVIRONMENT: Readonly<Record<string, string | undefined>> = {
  KUBECONFIG: undefined,
  KIND_CLUSTER_NAME: undefined,
  KIND_EXPERIMENTAL_PROVIDER: 'docker',
};
