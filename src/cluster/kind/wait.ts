/** Waiting until a cluster has what it needs, one thing after the other, each with a deadline of its own. */
import type { Clock } from '../../clock.ts';
import { messageOf, PodreachError } from '../../errors.ts';
import { CommandError } from '../command-runner.ts';
import { kubectl, type NodeKubectl } from './nodes.ts';
import { parseSnapshot, type Requirement, SNAPSHOT_ARGUMENTS, type Snapshot } from './readiness.ts';

/** For each requirement. Pulling Calico's images alone takes two minutes on a slow line. */
const READY_TIMEOUT_MS = 300_000;
const POLL_MS = 2000;
const POLL_TIMEOUT_MS = 30_000;
/** How much of what is missing fits into a line. */
const SHOWN = 4;

export interface WaitContext {
  readonly access: NodeKubectl;
  readonly clock: Clock;
  readonly progress: (text: string) => void;
}

/** Asks the cluster once. @throws CommandError */
export async function takeSnapshot(access: NodeKubectl): Promise<Snapshot> {
  return parseSnapshot(await kubectl({ ...access, timeoutMs: POLL_TIMEOUT_MS }, SNAPSHOT_ARGUMENTS));
}

/**
 * Polls until the requirement lacks nothing. What it lacks is told whenever that changes.
 * @throws PodreachError `cluster-unavailable` at the deadline, with what is still missing, or when the node is gone
 */
export async function waitFor(
  requirement: Requirement,
  { access, clock, progress }: WaitContext,
  timeoutMs: number = READY_TIMEOUT_MS,
): Promise<void> {
  const deadlineMs = clock.now() + timeoutMs;
  let told = '';
  for (;;) {
    const missing = await whatIsMissing(requirement, access);
    if (missing.length === 0) return;
    const text = summarise(missing);
    if (clock.now() >= deadlineMs) {
      throw new PodreachError(
        'cluster-unavailable',
        `waiting for ${requirement.name} failed: after ${Math.round(timeoutMs / 1000)} s: ${text}`,
      );
    }
    if (text !== told) progress(text);
    told = text;
    await clock.sleep(POLL_MS, access.signal);
  }
}

/** A question that fails is asked again: the API server of a new cluster comes and goes. */
async function whatIsMissing(requirement: Requirement, access: NodeKubectl): Promise<readonly string[]> {
  try {
    return requirement.lacks(await takeSnapshot(access));
  } catch (thrown) {
    access.signal?.throwIfAborted();
    const isGone = thrown instanceof CommandError && /no such container|is not running/i.test(thrown.stderr);
    if (isGone || !(thrown instanceof CommandError) || thrown.failure.reason === 'missing') throw thrown;
    return [messageOf(thrown)];
  }
}

function summarise(missing: readonly string[]): string {
  const more = missing.length - SHOWN;
  return [...missing.slice(0, SHOWN), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
