/** What a new pod watches from its process's first millisecond. Pure. */
import { LINES_KEPT } from '../../probe/watch.ts';
import type { WatchRequest, WatchTarget } from '../../probe/watch-protocol.ts';
import type { Bounded, Owning } from '../context.ts';

/** In its first two seconds an agent dials each target every 50 ms anyway; from then on as often as this. */
const EVERY_MS = 100;
/** But a pod makes no more than 100 connections a second then: with many targets it tries each less often. */
const APART_MS = 10;
/** Longer than a pod takes until it can be asked, and is asked for all it saw. */
const ABANDONED_MS = 15 * 60_000;

/**
 * Every target is dialled every 50 ms in the first two seconds, and all together no more than 400 times a second; afterwards every 100 ms,
 * and all together no more than 100 times a second.
 * @param pod `namespace/name`
 * @param targets their ids are unlike each other
 */
export function firstInstantRequest(
  pod: string,
  targets: readonly WatchTarget[],
  { runId, timing }: Owning & Bounded<'timeoutMs'>,
): WatchRequest {
  return {
    kind: 'watch',
    watch: `${runId}-${pod}-first`,
    runId,
    everyMs: Math.max(EVERY_MS, targets.length * APART_MS),
    timeoutMs: timing.timeoutMs,
    abandonedMs: ABANDONED_MS,
    kept: LINES_KEPT,
    targets,
    held: [],
  };
}
