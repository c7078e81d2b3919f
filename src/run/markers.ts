/**
 * When a step is in force: not by guessing, but by its marker. After its own policies a step applies one more, which opens a port of the
 * guarded outposts; what a node shows of that it has taken up, it has taken up of what came before. Pods and namespaces reach a node on
 * other ways than policies. So where a step changes those, that policy lets in only what has a label which the open outposts, or their
 * namespace, get after all that: then the port opens when the last of these ways has brought what was sent on it.
 */
import { PodreachError } from '../errors.ts';
import { FAMILIES, type Family } from '../model/family.ts';
import { destinationsOf } from '../model/service.ts';
import { whatIn } from '../model/step.ts';
import type { CheckDraft, StepDraft } from '../record/draft.ts';
import type { AgentReply } from './ask-agent.ts';
import type { Bounded, Owning, Requesting, Trying } from './context.ts';
import {
  type AwaitingMarkers,
  awaitMarker,
  guard,
  markerPort,
  type Outpost,
  outpostsNamespace,
  type Turn,
  turnOf,
} from './outposts.ts';
import { OUTSIDE, type RunningPod, type RunningPods } from './provision.ts';
import { type OpenWays, type Stage, witness } from './round.ts';
import { misled } from './service-markers.ts';
import type { Changes } from './steps/changes.ts';
import type { PlacedEnds } from './ways.ts';

/** One step's marker. */
export interface Marker {
  /** Counts from 1 in a run; no two steps share one. */
  readonly number: number;
  readonly outposts: readonly Outpost[];
  /** What its step changes, and so what it is made of. */
  readonly changes: Changes;
}

/** Opens a marker: to be called when the last action of its step is done. @throws what the API server says */
export async function turnMarker(
  { number, outposts, changes }: Marker,
  context: Requesting<'apply' | 'patch'> & Owning,
): Promise<void> {
  const label = { [`podreach.dev/marker-${number}`]: 'turned' };
  const labelled = { matchLabels: label };
  const peer = {
    ...(changes.pods ? { podSelector: labelled } : {}),
    ...(changes.namespaces ? { namespaceSelector: labelled } : {}),
  };
  const ports = [{ protocol: 'TCP', port: markerPort(number) }];
  const from = changes.pods || changes.namespaces ? { from: [peer] } : {};
  const rules = { policyTypes: ['Ingress'], ingress: [{ ports, ...from }] };
  const change = { metadata: { labels: label } };
  await Promise.all([
    guard(`marker-${number}`, rules, context),
    ...(changes.pods ? outposts : []).map(({ open: { namespace, name } }) =>
      context.kube.patch({ resource: 'pods', namespace, name }, change, context),
    ),
    ...(changes.namespaces ? [outpostsNamespace(context.runId)] : []).map((name) =>
      context.kube.patch({ resource: 'namespaces', name }, change, context),
    ),
  ]);
}

/**
 * Waits until every node that has pods of the step shows its marker open, or `within` is over, and notes when each did. Nodes that
 * do not are not waited for any more: see {@link unforced}. Meanwhile the witnesses connect, for the first round.
 * @returns the ways that are open
 * @param actedMs when the last action was done, after the scenario began
 * @throws PodreachError `not-enforcing` where no node shows it
 */
export async function awaitForce(
  step: StepDraft,
  marker: Marker,
  actedMs: number,
  stage: Stage,
  context: Trying & AwaitingMarkers,
): Promise<OpenWays> {
  const nodes = nodesOf(stage.pods);
  const families = familiesOf(step.checks);
  const [turns, openWays] = await Promise.all([
    Promise.all(
      nodes.map(async (node) => [node, await turnAt(node, families, marker, stage, context)] as const),
    ),
    witness(step.checks, stage, context),
  ]);
  context.signal.throwIfAborted();
  step.force = turns.map(([node, turn]) =>
    turn.kind === 'turned' ? { node, turnedMs: Math.max(0, Math.round(turn.afterMs - actedMs)) } : { node },
  );
  const lacking = turns.flatMap(([, turn]) => (turn.kind === 'turned' ? [] : [turn]));
  if (nodes.length > 0 && lacking.length === nodes.length) throw notInForce(nodes, lacking, step, context);
  return openWays;
}

/** In which checks are tried; where there is none, one is enough. */
function familiesOf(checks: readonly Pick<CheckDraft, 'family'>[]): readonly Family[] {
  const tried = new Set(checks.map(({ family }) => family));
  return tried.size === 0 ? FAMILIES : [...tried];
}

/** Where pods run. */
export function nodesOf(pods: RunningPods): readonly string[] {
  return [...new Set([...pods.values()].map(({ node }) => node))]
    .filter((node) => node !== OUTSIDE)
    .toSorted();
}

/** The nodes that have not shown a step to be in force: later ones are not in force there either, until a marker of theirs turns. */
export function lackingIn(step: Pick<StepDraft, 'force'> | undefined): NonNullable<StepDraft['force']> {
  return (step?.force ?? []).filter(({ turnedMs }) => turnedMs === undefined).map(({ node }) => ({ node }));
}

function notInForce(
  nodes: readonly string[],
  turns: readonly Turn[],
  step: Pick<StepDraft, 'actions'>,
  context: Bounded<'withinMs'>,
): PodreachError {
  const unknown = turns.find((turn) => turn.kind === 'unknown');
  if (unknown !== undefined && turns.every(({ kind }) => kind === 'unknown')) {
    return new PodreachError(
      'cluster-unavailable',
      `nobody could be asked whether the ${whatIn(step)} are in force: ${unknown.reason}`,
      { hint: 'Look at the API server and the kubelets.' },
    );
  }
  return new PodreachError(
    'not-enforcing',
    `no node has taken up the ${whatIn(step)} for ${seconds(context)} (${nodes.join(', ')})`,
    {
      hint: `The network plugin has stopped, or it needs more time than --within gives it: nothing that was seen would be about these ${whatIn(step)}.`,
    },
  );
}

/**
 * A node shows its marker to its own open outpost. What it knows of pods it may know of its own sooner than of those of others: where
 * the step changes pods, the open outpost of another node must be let in as well.
 * @returns when it turned, in milliseconds after the scenario began
 */
async function turnAt(
  node: string,
  families: readonly Family[],
  { number, outposts, changes }: Marker,
  stage: Stage,
  context: AwaitingMarkers,
): Promise<Turn> {
  const own = outposts.find((one) => one.node === node);
  if (own === undefined) return { kind: 'unknown', reason: 'the node has no outpost' };
  const other = changes.pods ? outposts.find((one) => one !== own) : undefined;
  const visitors = [own, ...(other === undefined ? [] : [other])];
  const turns = await Promise.all(
    visitors.map(async ({ open }) => {
      const reply = await awaitMarker(
        { open, guarded: own.guarded },
        { number, wanted: 'open', families },
        context,
      );
      return turnSince(reply, open, stage);
    }),
  );
  return turns.reduce((one, next) => {
    if (one.kind !== 'turned' || next.kind !== 'turned') return one.kind === 'turned' ? next : one;
    return one.afterMs < next.afterMs ? next : one;
  });
}

/** The same turn, its time counted from the beginning of the scenario. */
function turnSince(reply: AgentReply, open: RunningPod, { evidence }: Stage): Turn {
  const turn = turnOf(reply);
  if (reply.answer.kind !== 'complete' || turn.kind !== 'turned') return turn;
  const { end } = reply.answer;
  evidence.noteEnd(open, { sentMs: reply.startedMs, receivedMs: reply.endedMs }, end);
  return { kind: 'turned', afterMs: evidence.latest(open, end.clockMs + turn.afterMs) ?? turn.afterMs };
}

/**
 * Why the policies cannot be expected to be in force for a check: a node of its ends has not shown them, or one that leads it to a Service whom
 * it leads there to. Undefined where all have.
 */
export function unforced(
  check: CheckDraft,
  { force = [], ...step }: Pick<StepDraft, 'force' | 'actions' | 'leading'>,
  stage: PlacedEnds,
  context: Bounded<'withinMs'>,
): string | undefined {
  const ends = [check.from, ...destinationsOf(check)].flatMap((key) => stage.pods.get(key)?.node ?? []);
  const late = force.find(({ node, turnedMs }) => turnedMs === undefined && ends.includes(node));
  if (late === undefined) return misled(check, step, stage, context);
  if (step.actions?.length === 0) return `${late.node} has not taken up what an earlier step has changed`;
  return `${late.node} has not taken up ${whatIn(step)} for ${seconds(context)}`;
}

function seconds({ timing }: Bounded<'withinMs'>): string {
  return `${timing.withinMs / 1000} s`;
}
