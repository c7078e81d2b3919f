/** What it rests on that a pair was cut off, and that it was the policies that cut it. */
import { findingOf } from '../../judge/finding.ts';
import type { Attempt, Triangle } from '../../model/attempt.ts';
import { endpointKey, isHost } from '../../model/endpoint.ts';
import { lastOf } from '../../model/observation.ts';
import { isOfExisting } from '../../model/service.ts';
import type { CheckView } from '../view/view.ts';
import { afterPolicies, underPolicies } from './attempts.ts';
import { timeOfDay } from './clock.ts';

export interface CutEvidence {
  /** The last attempt that was cut off with its whole triangle, and a listener that was alive. */
  readonly attempt: Attempt;
  /** When each side was last seen to work before that, in milliseconds after the scenario began. */
  readonly seen: Readonly<Required<Triangle>>;
  readonly withoutPolicies: WithoutPolicies;
}

/** How the pair fared when the policies no longer cut it. `need-not`: others are to cut it with and without them. */
export type WithoutPolicies =
  | 'connected'
  | 'connected-later'
  | 'not-connected'
  | 'left-out'
  | 'not-tried'
  | 'need-not';

/** Undefined where what the check came to does not rest on a cut. */
export function cutEvidenceOf(check: CheckView): CutEvidence | undefined {
  if (!restsOnCut(check)) return undefined;
  const proof = check.expected === 'unreachable' ? 'agrees' : 'contradicts';
  const attempt = underPolicies(check)
    .map(lastOf)
    .findLast((one) => findingOf(check.expected, one).kind === proof);
  const { source, destination, between } = attempt?.seen ?? {};
  if (attempt === undefined || source === undefined || destination === undefined || between === undefined)
    return undefined;
  return {
    attempt,
    seen: { source, destination, between },
    withoutPolicies: fateWithoutPolicies(check),
  };
}

/** A single attempt that was cut off is none: only what was cut off enough times in a row is tried without the policies. */
function restsOnCut(check: CheckView): boolean {
  switch (check.verdict) {
    case 'pass':
    case 'late':
      return check.expected === 'unreachable';
    case 'broken':
    case 'flapping':
      return true;
    case 'inconclusive':
      return check.disagreement === 'outside' || afterPolicies(check).length > 0;
    default:
      return false;
  }
}

function fateWithoutPolicies(check: CheckView): WithoutPolicies {
  if (check.cutBy !== undefined) return 'need-not';
  const isLeftOut = check.scenario.closingControl === 'left-out';
  if (check.hasReconnected && !isLeftOut) return 'connected';
  if (check.connectedLater !== undefined) return 'connected-later';
  if (isLeftOut) return 'left-out';
  return afterPolicies(check).length === 0 ? 'not-tried' : 'not-connected';
}

const WITHOUT_POLICIES: Readonly<Record<Exclude<WithoutPolicies, 'connected-later'>, string>> = {
  connected: 'When the policies had been taken away, it connected again.',
  'not-connected': 'When the policies had been taken away, it did not connect either.',
  'left-out': 'Whether it connects again without the policies was not tried: the run keeps them.',
  'not-tried': 'Whether it connects again without the policies was not tried.',
  'need-not': 'It need not connect without the policies: the scenario says that something else cuts it.',
};

/** The same in short sentences; undefined as {@link cutEvidenceOf}. */
export function describeEvidence(check: CheckView): string | undefined {
  const evidence = cutEvidenceOf(check);
  if (evidence === undefined) return undefined;
  const { from, to, confirm, scenario } = check;
  const { source, destination, between } = evidence.seen;
  const at = (ms: number): string => timeOfDay(scenario, ms);
  return [
    ...(isHost(from) || isHost(to) || isOfExisting(check)
      ? describeWayOfHost(check, evidence.seen, at)
      : [
          `The port was open: ${to} reached it itself.`,
          `Both pods were on the network: the kubelets of their nodes visited ${from} at ${at(source)} and ${to} at ${at(destination)}.`,
          `${describeWay(check)} was open at ${at(between)}.`,
        ]),
    ...(confirm === undefined
      ? []
      : [`Packets get lost on this way, so it took ${confirm} attempts in a row.`]),
    describeFate(evidence.withoutPolicies, check),
  ].join(' ');
}

/** Whether no agent is at the destination that could be asked: a real host, or a Service that was there already. */
export function isMetAsItIs(check: CheckView): boolean {
  const { to, scenario } = check;
  const host = scenario.hosts?.find(({ name }) => endpointKey({ kind: 'host', name }) === to);
  return isOfExisting(check) || (host !== undefined && host.agent === undefined);
}

/** No kubelet visits a host, or who is behind a Service that was there already: a connection with a witness on the node of the pod shows its network and the way in one. */
function describeWayOfHost(
  check: CheckView,
  { source, destination, between }: CutEvidence['seen'],
  at: (ms: number) => string,
): readonly string[] {
  const { from, to } = check;
  const [host, pod, visitedMs] = isHost(from) ? [from, to, destination] : [to, from, source];
  const connected = isHost(from)
    ? describeWayFromHost(check, at(between))
    : `a pod on the same node, which no policy isolates, connected to ${host} at ${at(between)}`;
  return [
    `The port was open: ${isMetAsItIs(check) ? 'somebody else reached it' : `${to} reached it itself`}.`,
    `${pod} was on the network: the kubelet of its node visited it at ${at(visitedMs)}.`,
    `The way was open: ${connected}.`,
  ];
}

function describeWayFromHost({ from, to, nodes }: CheckView, time: string): string {
  return nodes === undefined
    ? `${from} connected to a pod on the same node, which no policy isolates, at ${time}`
    : `${from} connected to pods on ${nodes.map(({ name }) => name).join(', ')}, and these to pods where those of ${to} are, none of which a policy isolates, at ${time}`;
}

function describeFate(fate: WithoutPolicies, { connectedLater, scenario }: CheckView): string {
  if (fate !== 'connected-later') return WITHOUT_POLICIES[fate];
  return `In ${scenario.steps[(connectedLater ?? 0) - 1]?.title ?? 'a later step'} it connected.`;
}

function describeWay({ source, destination }: CheckView): string {
  const node = source?.node;
  return node !== undefined && node === destination?.node
    ? `The way inside ${node}`
    : 'The way between their nodes';
}
