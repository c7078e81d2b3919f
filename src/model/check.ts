/** One thing to verify: can `from` open a connection to `to` on this port? */
import type { Location } from '../errors.ts';
import type { Family } from './family.ts';
import type { HeldWish } from './held.ts';
import type { ServicePath } from './path.ts';
import type { Protocol } from './protocol.ts';
import type { ServiceBackend } from './service.ts';

export type Expectation = 'reachable' | 'unreachable';

export interface Check {
  /** Unique within its step, counted from 0 in a stable order; the same pair has the same in every step of a scenario. */
  readonly id: number;
  /** Key of an endpoint: `namespace/pod`. */
  readonly from: string;
  /** As `from`; or of a Service: `service/namespace/name`. */
  readonly to: string;
  /** That is connected to: of a Service its own, whatever its pods listen on. */
  readonly port: number;
  readonly portName?: string;
  /** The way to a Service; absent: the destination is a pod. */
  readonly path?: ServicePath;
  /** Who answers for a Service in its step, at least one; absent: the destination is a pod or host, or a Service that is there already. */
  readonly backends?: readonly ServiceBackend[];
  /** The Service has no address: its name gives those of its pods. */
  readonly headless?: true;
  /** Through ports of nodes: only those that have a pod of the Service lead to it, each to its own. Absent: each to all. */
  readonly externalTrafficPolicy?: 'Local';
  readonly protocol: Protocol;
  /** Of the address that is dialled; absent: the first of the cluster. */
  readonly family?: Family;
  /** To a Service that is there already, the families that its rule lists; absent: it means all that its scenario tries. */
  readonly meantFamilies?: readonly Family[];
  readonly expected: Expectation;
  /** The rule of the scenario that says so. */
  readonly declared: Location;
  /** The reason that the rule gives (`because`). */
  readonly because?: string;
  /**
   * Something else than the policies of the scenario cuts it (`cutBy`): a policy of the whole cluster, a firewall, a mesh. So it need
   * not connect without these policies. Only where `expected` is unreachable, and never without `because`.
   */
  readonly cutBy?: 'others';
  /** Its source is made by its step, and tries it from the first millisecond of its process. */
  readonly firstInstant?: true;
  /**
   * What is to become of a connection that was open before its step cut the pair off. Only over TCP, where `expected` is unreachable, and
   * in the step whose rule asks for it.
   */
  readonly held?: HeldWish;
  /** Which of the known issues of its scenario speak of it, by their place in the list. */
  readonly knownIssues?: readonly number[];
}
