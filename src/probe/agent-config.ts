/** What an agent is told when its pod is made, in an environment variable. */
import type { Protocol } from '../model/protocol.ts';
import type { WatchRequest } from './watch-protocol.ts';

/** Who the agent is and where it listens. */
export interface AgentConfig {
  readonly runId: string;
  /** `namespace/name` */
  readonly pod: string;
  /** Where the kubelet visits it: a port that the pod itself does not declare. */
  readonly visitPort: number;
  /** It is on the network of its node: the kubelet visits it from its own address. */
  readonly hostNetwork?: true;
  readonly ports: readonly { readonly port: number; readonly protocol: Protocol }[];
  /** Begins with the process, before it listens; in its first two seconds it dials each target as often as it can (every 50 ms at most). */
  readonly firstInstant?: WatchRequest;
}
