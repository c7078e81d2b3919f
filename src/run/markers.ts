/**
 * When policies are in force: not by guessing, but by a marker. After its own policies a scenario applies one more, which opens a port
 * of the guarded outposts; what a node shows of that it has taken up, it has taken up of what came before.
 */
import { PodreachError } from '../errors.ts';
import type { CheckDraft, StepDraft } from '../record/draft.ts';
import type { Bounded, Owning, Requesting, Trying } from './context.ts';
import {
  guard,
  markerPort,
  type Outpost,
  type Turn,
  turnOf,
  type Watching,
  watchMarker,
} from './outposts.ts';
import { type OpenWays, type Stage, witness } from './round.ts';

/** One scenario's marker. */
export interface Marker {
  /** Counts from 1 in a run; no two scenarios share one. */
  readonly number: number;
  readonly outposts: readonly Outpost[];
}

/** Opens a marker: to be called when the last policy has been applied. @throws what the API server says */
export async function turnMarker({ number }: Marker, context: Requesting<'apply'> & Owning): Promise<void> {
  const rules = {
    policyTypes: ['Ingress'],
    ingress: [{ ports: [{ protocol: 'TCP', port: markerPort(number) }] }],
  };
  await guard(`marker-${number}`, rules, context);
}

/**
 * Waits until every node that has pods of the scenario shows its marker open, or `within` is over, and notes when each did. Nodes that
 * do not are not waited for any more: see {@link unforced}. Meanwhile the witnesses connect, for the first round.
 * @returns the ways that are open
 * @param appliedMs when the last policy had been applied, after the scenario began
 * @throws PodreachError `not-enforcing` where no node shows it
 */
export async function awaitForce(
  step: StepDraft,
  marker: Marker,
  appliedMs: number,
  stage: Stage,
  context: Trying & Watching,
): Promise<OpenWays> {
  const nodes = [...new Set([...stage.pods.values()].map(({ node }) => node))].toSorted();
  const [turns, openWays] = await Promise.all([
    Promise.all(nodes.map(async (node) => [node, await turnAt(node, marker, stage, context)] as const)),
    witness(step.checks, stage, context),
  ]);
  context.signal.throwIfAborted();
  step.force = turns.map(([node, turn]) =>
    turn.kind === 'turned' ? { node, turnedMs: Math.max(0, Math.round(turn.afterMs - appliedMs)) } : { node },
  );
  const lacking = turns.flatMap(([, turn]) => (turn.kind === 'turned' ? [] : [turn]));
  if (lacking.length === nodes.length) throw notInForce(nodes, lacking, context);
  return openWays;
}

function notInForce(
  nodes: readonly string[],
  turns: readonly Turn[],
  context: Bounded<'withinMs'>,
): PodreachError {
  const unknown = turns.find((turn) => turn.kind === 'unknown');
  if (unknown !== undefined && turns.every(({ kind }) => kind === 'unknown')) {
    return new PodreachError(
      'cluster-unavailable',
      `nobody could be asked whether the policies are in force: ${unknown.reason}`,
      { hint: 'Look at the API server and the kubelets.' },
    );
  }
  return new PodreachError(
    'not-enforcing',
    `no node has taken up the policies for ${seconds(context)} (${nodes.join(', ')})`,
    {
      hint: 'The network plugin has stopped, or it needs more time than --within gives it: nothing that was seen would be about these policies.',
    },
  );
}

/** @returns when it turned, in milliseconds after the scenario began */
async function turnAt(node: string, marker: Marker, stage: Stage, context: Watching): Promise<Turn> {
  const outpost = marker.outposts.find((one) => one.node === node);
  if (outpost === undefined) return { kind: 'unknown', reason: 'the node has no outpost' };
  const reply = await watchMarker(outpost, { number: marker.number, wanted: 'open' }, context);
  const turn = turnOf(reply);
  if (reply.answer.kind !== 'complete' || turn.kind !== 'turned') return turn;
  const { end } = reply.answer;
  stage.evidence.noteEnd(outpost.open, { sentMs: reply.startedMs, receivedMs: reply.endedMs }, end);
  return {
    kind: 'turned',
    afterMs: stage.evidence.latest(outpost.open, end.clockMs + turn.afterMs) ?? turn.afterMs,
  };
}

/** Why the policies cannot be expected to be in force for a check: a node of its ends has not shown them. Undefined where both have. */
export function unforced(
  check: CheckDraft,
  { force = [] }: Pick<StepDraft, 'force'>,
  { pods }: Pick<Stage, 'pods'>,
  context: Bounded<'withinMs'>,
): string | undefined {
  const ends = [check.from, check.to].flatMap((key) => pods.get(key)?.node ?? []);
  const late = force.find(({ node, turnedMs }) => turnedMs === undefined && ends.includes(node));
  return late && `${late.node} has not taken up policies for ${seconds(context)}`;
}

function seconds({ timing }: Bounded<'withinMs'>): string {
  return `${timing.withinMs / 1000} s`;
}
