/**
 * Connections that were dialled and not answered. Whether they arrived, the kernel of the destination tells for a while: it answers a
 * SYN again and again until it hears more.
 */
import { connectionKey } from '../probe/protocol.ts';
import type { AttemptRecord, CheckRecord } from '../record.ts';
import type { RunningPod } from './provision.ts';

/** Older ones of a check are let go: the last ones of its row tell enough. */
const KEPT = 8;

interface Dialled {
  readonly attempt: AttemptRecord;
  readonly to: RunningPod;
  /** As the destination would tell of them. */
  readonly keys: readonly string[];
}

export class DialledConnections {
  readonly #byCheck = new Map<CheckRecord, Dialled[]>();

  /** Takes down an attempt over TCP. One that connected ends what was known of its check. @param localPorts of its dials */
  note(
    check: CheckRecord,
    attempt: AttemptRecord,
    from: RunningPod,
    to: RunningPod,
    localPorts: readonly number[],
  ): void {
    if (attempt.outcome === 'connected') {
      this.#byCheck.delete(check);
      return;
    }
    const keys = localPorts.map((localPort) => connectionKey(from.ip, localPort, check.port));
    const known = this.#byCheck.get(check) ?? [];
    this.#byCheck.set(check, [...known.slice(1 - KEPT), { attempt, to, keys }]);
  }

  /** Where the connections of these checks may have arrived. */
  destinations(checks: readonly CheckRecord[]): ReadonlySet<RunningPod> {
    return new Set(checks.flatMap((check) => this.#byCheck.get(check)?.at(-1)?.to ?? []));
  }

  /** Makes attempts whose connections have arrived `one-way`. @param halfOpen what the agent in the pod has told */
  hear(pod: RunningPod, halfOpen: readonly string[]): void {
    if (halfOpen.length === 0) return;
    const arrived = new Set(halfOpen);
    for (const { attempt, to, keys } of [...this.#byCheck.values()].flat()) {
      if (to !== pod || !keys.some((key) => arrived.has(key))) continue;
      attempt.outcome = 'one-way';
      attempt.detail = 'the connection arrived, and no answer came back';
    }
  }
}
