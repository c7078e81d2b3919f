/**
 * Attempts that nobody answered in time. Whether they arrived all the same, the kernel of the destination tells for a while: it answers
 * a SYN again and again until it hears more. And whether they were answered too late, their source tells.
 */
import { connectionKey } from '../probe/protocol.ts';
import type { CheckDraft, NotedAttempt } from '../record/draft.ts';
import { addressesOfPod } from './families.ts';
import type { RunningPod } from './provision.ts';

/** Older ones of a check are let go: the last ones of its row tell enough. */
const KEPT = 8;

interface Unanswered {
  readonly attempt: NotedAttempt;
  readonly from: RunningPod;
  /** None: a real host, which tells nothing. */
  readonly to: readonly PossibleArrival[];
  /** As the source would tell of them. */
  readonly nonce: string;
  /** Those of its connections; none over UDP. */
  readonly localPorts: readonly number[];
  /** The destinations that have been asked for them. */
  readonly asked: Set<RunningPod>;
}

/** Where a connection may have arrived: on a port of the pod's own. */
export interface PossibleArrival {
  readonly pod: RunningPod;
  readonly port: number;
}

/** What an agent tells of an attempt that was not answered. */
export interface Dialled {
  readonly nonce: string;
  readonly localPorts: readonly number[];
}

export class UnansweredAttempts {
  readonly #byCheck = new Map<CheckDraft, readonly Unanswered[]>();
  /** The checks that a pod is an end of. */
  readonly #checksOf = new Map<RunningPod, Set<CheckDraft>>();

  /** @param dialled absent: it was answered, which ends what was known of its check */
  note(
    check: CheckDraft,
    attempt: NotedAttempt,
    from: RunningPod,
    to: readonly PossibleArrival[],
    dialled: Dialled | undefined,
  ): void {
    if (dialled === undefined) {
      this.#keep(check, []);
      return;
    }
    const { nonce, localPorts } = dialled;
    attempt.hold();
    const known = this.#byCheck.get(check) ?? [];
    this.#keep(
      check,
      known.slice(1 - KEPT).concat({ attempt, from, to, nonce, localPorts, asked: new Set<RunningPod>() }),
    );
    for (const pod of [from, ...to.map((one) => one.pod)]) {
      const checks = this.#checksOf.get(pod) ?? new Set();
      this.#checksOf.set(pod, checks.add(check));
    }
  }

  /** Where connections of these checks may have arrived, as far as nobody has asked there since. */
  destinations(checks: readonly CheckDraft[]): ReadonlySet<RunningPod> {
    return new Set(
      this.#lastOf(checks).flatMap(({ to, localPorts, asked }) =>
        localPorts.length > 0 ? to.flatMap(({ pod }) => (asked.has(pod) ? [] : [pod])) : [],
      ),
    );
  }

  /** The agent in a pod has been asked for half-open connections, and has answered. */
  noteAsked(pod: RunningPod): void {
    for (const { to, asked } of this.#of(pod)) if (to.some((one) => one.pod === pod)) asked.add(pod);
  }

  /** Who may yet get an answer. */
  sources(checks: readonly CheckDraft[]): ReadonlySet<RunningPod> {
    return new Set(this.#lastOf(checks).map(({ from }) => from));
  }

  /** Makes attempts whose connections have arrived `one-way`. @param halfOpen what the agent in their destination has told */
  hearHalfOpen(pod: RunningPod, halfOpen: readonly string[]): void {
    if (halfOpen.length === 0) return;
    const arrived = new Set(halfOpen);
    const byPorts = new Set(halfOpen.map(portsOf));
    for (const { attempt, from, to, localPorts } of this.#of(pod)) {
      const hasArrived = to.some(
        (one) =>
          one.pod === pod &&
          localPorts.some((localPort) => {
            const keys = addressesOfPod(from).map((address) => connectionKey(address, localPort, one.port));
            // To and from the network of a node, connections may come from any of its addresses.
            return keys.some((key) =>
              (from.hostNetwork ?? pod.hostNetwork) ? byPorts.has(portsOf(key)) : arrived.has(key),
            );
          }),
      );
      const { late, outcome } = attempt.attempt;
      // Of a Service of which a part answered, that is what it showed.
      if (!hasArrived || late === true || outcome === 'partial') continue;
      attempt.amend({ outcome: 'one-way', detail: 'the connection arrived, and no answer came back' });
    }
  }

  /** Marks attempts that were answered too late. @param nonces what the agent in their source has told */
  hearLate(pod: RunningPod, nonces: readonly string[]): void {
    if (nonces.length === 0) return;
    const late = new Set(nonces);
    for (const { attempt, from, nonce } of this.#of(pod)) {
      if (from !== pod || !late.has(nonce)) continue;
      const outcome = attempt.attempt.outcome === 'partial' ? 'partial' : 'timeout';
      attempt.amend({ outcome, late: true, detail: 'answered late' });
    }
  }

  /** Lets go of all: what is heard from now on is about another state of the cluster. */
  end(): void {
    for (const check of [...this.#byCheck.keys()]) this.#keep(check, []);
    this.#checksOf.clear();
  }

  /** Lets go of all others. */
  #keep(check: CheckDraft, kept: readonly Unanswered[]): void {
    for (const one of this.#byCheck.get(check) ?? []) if (!kept.includes(one)) one.attempt.release();
    if (kept.length === 0) this.#byCheck.delete(check);
    else this.#byCheck.set(check, kept);
  }

  #lastOf(checks: readonly CheckDraft[]): readonly Unanswered[] {
    return checks.flatMap((check) => this.#byCheck.get(check)?.at(-1) ?? []);
  }

  #of(pod: RunningPod): readonly Unanswered[] {
    return [...(this.#checksOf.get(pod) ?? [])].flatMap((check) => this.#byCheck.get(check) ?? []);
  }
}

/** `PORT>PORT` of a connection's key. */
function portsOf(key: string): string {
  return key.slice(key.lastIndexOf(':') + 1);
}
