/** Waiting until a cluster has what it needs, one thing after the other, each with a deadline of its own. */
import type { Clock } from '../../clock.ts';
import { messageOf, PodreachError } from '../../errors.ts';
import { CommandError } from '../command-runner.ts';
import { kubectl, type NodeKubectl } from './nodes.ts';
import {
  type PodName,
  parseSnapshot,
  type ReadinessRequirement,
  SNAPSHOT_KINDS,
  type Snapshot,
} from './readiness.ts';

/** For each requirement. Pulling Calico's images alone takes two minutes on a slow line. */
export const READY_TIMEOUT_MS = 300_000;
const POLL_MS = 2000;
const POLL_TIMEOUT_MS = 30_000;
/** How much of what a pod says. */
const LONGEST_WORDS = 200;
/** How much of what is missing fits into a line. */
const SHOWN = 4;

export interface WaitContext {
  readonly access: NodeKubectl;
  readonly clock: Clock;
  readonly progress: (text: string) => void;
}

/** Asks the cluster once. @param kinds as `kubectl get` names them; @throws CommandError */
export async function takeSnapshot(access: NodeKubectl, kinds: string = SNAPSHOT_KINDS): Promise<Snapshot> {
  const args = ['get', kinds, '--all-namespaces', '--output=json'];
  return parseSnapshot(await kubectl({ ...access, processMs: POLL_TIMEOUT_MS }, args));
}

/**
 * Polls until the requirement lacks nothing. What it lacks is told whenever that changes.
 * @throws PodreachError `cluster-unavailable` at the deadline, with what is still missing, or when the node is gone
 */
export async function waitFor(
  requirement: ReadinessRequirement,
  { access, clock, progress }: WaitContext,
  readyWithinMs: number = READY_TIMEOUT_MS,
): Promise<void> {
  const deadlineMs = clock.now() + readyWithinMs;
  let told = '';
  for (;;) {
    const { lacks: missing, pods } = await look(requirement, access);
    if (missing.length === 0) return;
    const text = summarise(missing);
    if (clock.now() >= deadlineMs) {
      const words = pods[0] === undefined ? [] : await wordsOf(pods[0], access);
      throw new PodreachError(
        'cluster-unavailable',
        `waiting for ${requirement.name} failed: after ${Math.round(readyWithinMs / 1000)} s: ${[text, ...words].join('; ')}`,
      );
    }
    if (text !== told) progress(text);
    told = text;
    await clock.sleep(POLL_MS, access.signal);
  }
}

/** A question that fails is asked again: the API server of a new cluster comes and goes. */
async function look(
  requirement: ReadinessRequirement,
  access: NodeKubectl,
): Promise<{ readonly lacks: readonly string[]; readonly pods: readonly PodName[] }> {
  try {
    const snapshot = await takeSnapshot(access, requirement.kinds);
    return { lacks: requirement.lacks(snapshot), pods: requirement.pods(snapshot) };
  } catch (thrown) {
    access.signal?.throwIfAborted();
    const isGone = thrown instanceof CommandError && /no such container|is not running/i.test(thrown.stderr);
    if (isGone || !(thrown instanceof CommandError) || thrown.failure.reason === 'missing') throw thrown;
    return { lacks: [messageOf(thrown)], pods: [] };
  }
}

/** What a pod that does not become ready says itself: its newest warning, and the last line of its log. */
async function wordsOf({ namespace, name }: PodName, access: NodeKubectl): Promise<string[]> {
  const ask = async (args: readonly string[]): Promise<string> => {
    try {
      return await kubectl({ ...access, processMs: POLL_TIMEOUT_MS }, [...args, '--namespace', namespace]);
    } catch (thrown) {
      access.signal?.throwIfAborted();
      if (thrown instanceof CommandError) return ''; // it is only an addition
      throw thrown;
    }
  };
  const selector = `--field-selector=type=Warning,involvedObject.name=${name}`;
  const order = '--sort-by=.lastTimestamp';
  const warnings = await ask(['get', 'events', selector, order, '--output=jsonpath={.items[-1:].message}']);
  const log = await ask(['logs', name, '--tail=1']);
  return [
    ...wordsAfter(`the newest warning about ${name}`, warnings),
    ...wordsAfter('the last line of its log', log),
  ];
}

function wordsAfter(what: string, said: string): string[] {
  const line = said.replaceAll(/\s+/g, ' ').trim();
  if (line === '') return [];
  return [`${what}: ${line.length > LONGEST_WORDS ? `${line.slice(0, LONGEST_WORDS)}…` : line}`];
}

function summarise(missing: readonly string[]): string {
  const more = missing.length - SHOWN;
  return [...missing.slice(0, SHOWN), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
