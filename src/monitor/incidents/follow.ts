/** Follows what happens in a cluster while checks are watched, by looking at it again and again. */
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Incident } from '../../model/incident.ts';
import type { Requesting, Telling } from '../../run/context.ts';
import { differences } from './differences.ts';
import { type Snapshot, takeSnapshot, type Unreadable } from './snapshot.ts';

/** Between two looks. A look costs a request for each kind of object and namespace. */
const EVERY_MS = 1_000;

export interface Followed {
  /** The namespaces of the scenarios. */
  readonly namespaces: readonly string[];
  /** The time of day when the watch began, in milliseconds since the epoch. */
  readonly startedMs: number;
  /** Milliseconds since the watch began. */
  readonly now: () => number;
  /** Hears of each incident as it is seen. */
  readonly onIncident: (incident: Incident) => void;
}

/**
 * Looks until the signal is aborted. What may not be read is said once and left out; an API server that does not answer is an
 * incident itself. Never throws for what the cluster does.
 */
export async function followIncidents(
  { namespaces, startedMs, now, onIncident }: Followed,
  context: Requesting<'list'> & Telling & { readonly clock: Pick<Clock, 'sleep'> },
): Promise<void> {
  const { signal, clock, progress } = context;
  const unreadable: Unreadable = new Map();
  let last: Snapshot | undefined;
  let reachedMs = 0;
  let isLost = false;
  while (!signal.aborted) {
    const known = unreadable.size;
    try {
      const snapshot = await takeSnapshot(namespaces, unreadable, now, context);
      if (isLost)
        onIncident({
          kind: 'api-back',
          atMs: snapshot.takenMs,
          withinMs: snapshot.takenMs - reachedMs,
          text: 'the API server answered again',
        });
      isLost = false;
      if (last !== undefined)
        for (const incident of differences(last, snapshot, startedMs)) onIncident(incident);
      last = snapshot;
    } catch (thrown) {
      if (signal.aborted) return;
      if (!isLost)
        onIncident({
          kind: 'api-lost',
          atMs: now(),
          withinMs: now() - reachedMs,
          text: `the API server did not answer: ${messageOf(thrown)}`,
        });
      isLost = true;
    }
    reachedMs = now();
    for (const [what, why] of [...unreadable].slice(known))
      progress({ type: 'note', text: `cannot look at ${what}, so that nothing is said of them: ${why}` });
    await clock.sleep(EVERY_MS, signal).catch(() => undefined);
  }
}
