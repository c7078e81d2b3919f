/** One thing to verify: can `from` open a connection to `to` on this port? */
import type { Location } from '../errors.ts';
import type { Family } from './family.ts';
import type { HeldWish } from './held.ts';
import type { Protocol } from './protocol.ts';

export type Expectation = 'reachable' | 'unreachable';

export interface Check {
  /** Unique within its step, counted from 0 in a stable order; the same pair has the same in every step of a scenario. */
  readonly id: number;
  /** Key of an endpoint: `namespace/pod`. */
  readonly from: string;
  /** As `from`. */
  readonly to: string;
  readonly port: number;
  readonly portName?: string;
  readonly protocol: Protocol;
  /** Of the address that is dialled. */
  readonly family: Family;
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
