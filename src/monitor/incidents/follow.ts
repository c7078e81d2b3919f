/** Follows what happens in a cluster while checks are watched, by looking at it again and again. */
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Incident } from '../../model/incident.ts';
import type { Requesting, Telling } from '../../run/context.ts';
import { differences } from './differences.ts';
import { type ClusterSnapshot, takeSnapshot, type Unreadable } from './snapshot.ts';

/** Between two looks. A look costs a request for each kind of object and namespace. */
const EVERY_MS = 1_000;
/** So often it is tried to look for the first time, in an outage that has just begun: what comes before that is not seen. */
const FIRST_LOOKS = 5;

export interface Lookout {
  /** The namespaces of the scenarios. */
  readonly namespaces: readonly string[];
  /** The time of day when the watch began, in milliseconds since the epoch. */
  readonly startedMs: number;
  /** Milliseconds since the watch began. */
  readonly now: () => number;
  /** Hears of each incident as it is seen. */
  readonly onIncident: (incident: Incident) => void;
}

type Following = Requesting<'list'> & Telling & { readonly clock: Pick<Clock, 'sleep'> };

/**
 * Looks until the signal is aborted. What may not be read is said once and left out; an API server that does not answer is an
 * incident itself. Never throws for what the cluster does.
 * @returns when it has looked for the first time, if it can: what happens from then on is seen. The promise in it ends with the last look
 */
export async function followIncidents(
  followed: Lookout,
  context: Following,
): Promise<{ readonly ended: Promise<void> }> {
  const { signal, clock } = context;
  const look = createLooks(followed, context);
  let seen = await look();
  const next = async (): Promise<void> => {
    await clock.sleep(seen.restMs, signal).catch(() => undefined);
    if (!signal.aborted) seen = await look();
  };
  for (let looks = 1; looks < FIRST_LOOKS && !seen.isAnswered && !signal.aborted; looks += 1) await next();
  const goOn = async (): Promise<void> => {
    while (!signal.aborted) await next();
  };
  return { ended: goOn() };
}

interface Look {
  readonly isAnswered: boolean;
  /** How long to rest then. */
  readonly restMs: number;
}

/** @returns what takes one look, and tells what has happened since the last */
function createLooks(
  { namespaces, startedMs, now, onIncident }: Lookout,
  context: Following,
): () => Promise<Look> {
  const unreadable: Unreadable = new Map();
  let last: ClusterSnapshot | undefined;
  let reachedMs = 0;
  let isLost = false;
  return async () => {
    const begunMs = now();
    const known = unreadable.size;
    try {
      const snapshot = await takeSnapshot(namespaces, unreadable, now, context);
      const withinMs = snapshot.takenMs - reachedMs;
      const text = 'the API server answered again';
      if (isLost) onIncident({ kind: 'api-back', atMs: snapshot.takenMs, withinMs, text });
      isLost = false;
      reachedMs = snapshot.takenMs;
      if (last !== undefined) differences(last, snapshot, startedMs).forEach(onIncident);
      last = snapshot;
    } catch (thrown) {
      if (context.signal.aborted) return { isAnswered: false, restMs: 0 };
      const withinMs = now() - reachedMs;
      const text = `the API server did not answer: ${messageOf(thrown)}`;
      if (!isLost) onIncident({ kind: 'api-lost', atMs: now(), withinMs, text });
      isLost = true;
    }
    tellUnreadable([...unreadable].slice(known), context);
    // In a cluster that is large, or slow, half of the time is rest.
    return { isAnswered: !isLost, restMs: Math.max(EVERY_MS, now() - begunMs) };
  };
}

/** What a cluster does not serve cannot happen there: that is not worth a word. */
function tellUnreadable(
  all: readonly (readonly [string, string | undefined])[],
  { progress }: Telling,
): void {
  for (const [what, why] of all) {
    if (why === undefined) continue;
    progress({ type: 'note', text: `cannot look at ${what}, so that nothing is said of them: ${why}` });
  }
}
