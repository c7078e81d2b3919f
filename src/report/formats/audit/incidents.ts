/** What was not as it must be, each cause for itself: what it means, how urgent it is, what to check first, whom to ask. */
import { findingOf } from '../../../judge/finding.ts';
import { isDecidedByHeld } from '../../../judge/held.ts';
import { namespaceOf } from '../../../keys.ts';
import { lastOf } from '../../../model/observation.ts';
import { isOneWay, underPolicies } from '../../parts/attempts.ts';
import { dayAndTime, secondOf } from '../../parts/clock.ts';
import { describeLocation } from '../../parts/describe.ts';
import { isDecidedByFirstInstant } from '../../parts/first-instant.ts';
import { groupBy } from '../../parts/group.ts';
import { factsOf } from '../../parts/mismatch.ts';
import { describeShown } from '../../parts/shown.ts';
import { describeDelay } from '../../parts/steps.ts';
import { isDecidedByWatch } from '../../parts/watched.ts';
import { count } from '../../text/text.ts';
import { knownAmong } from '../../view/mismatch.ts';
import type { Mismatch, RunView, ScenarioView } from '../../view/view.ts';
import type { WindowView } from '../../view/window-groups.ts';
import { askForPolicy, faultOf } from './fault.ts';
import { describePod, describePorts } from './names.ts';
import { list, name, type Phrase, say } from './phrase.ts';
import { phraseStep } from './steps.ts';
import { describeOtherPolicies, describePlugin, isSandbox, labelsOf, nodesOf } from './surroundings.ts';

export interface AuditIncident {
  readonly title: Phrase;
  readonly verdict: Mismatch['verdict'];
  /** All that have this one cause. What is told at length is told of the first. */
  readonly connections: readonly Connection[];
  readonly meaning: readonly Phrase[];
  /** Who is wrong, and why that is known; absent where the record does not say what the policies mean. */
  readonly fault?: Phrase;
  readonly urgency: Phrase;
  /** In the order in which to do it. */
  readonly firstChecks: readonly Phrase[];
  readonly whomToAsk: Phrase;
  /** Label and text of what was expected and seen, of the first connection. */
  readonly facts: ReturnType<typeof factsOf>;
}

/** For those who work with the cluster. */
export interface Connection {
  /** `shop/web → shop/db:5432/TCP` */
  readonly pair: string;
  readonly seen: string;
  /** `scenarios/three-tier.yaml:34` */
  readonly declared: string;
}

/** The incidents of all scenarios, the most dangerous first, and those that are known last; mismatches of one cause are one incident. */
export function incidentsOf({ mismatches, checks: all }: RunView): AuditIncident[] {
  return groupBy([...mismatches, ...knownAmong(all)], causeOf).flatMap((checks) => {
    const [check] = checks;
    return check === undefined ? [] : [describeIncident(check, checks)];
  });
}

/** Those that went wrong in the same way, and of which the same policies decide, have one cause; where none decides, each destination lacks its own. What only the watch showed has a cause in time. */
function causeOf(check: Mismatch): string {
  const { scenario, step, verdict, expected, disagreement, predicted, cutBy, because, isolatedBy, known } =
    check;
  if (isDecidedByFirstInstant(check)) return JSON.stringify([scenario.name, step.number, verdict, 'first']);
  if (isDecidedByWatch(check))
    return JSON.stringify([scenario.name, step.number, verdict, windowOf(check)?.incident ?? null]);
  const deciding = predicted === undefined ? isolatedBy : [predicted.verdict, predicted.grounds];
  const isDecided = predicted === undefined || (scenario.grounds[predicted.grounds] ?? []).length > 0;
  const reason = cutBy === undefined ? undefined : because;
  return JSON.stringify([
    scenario.name,
    step.number,
    verdict,
    expected,
    isDecidedByHeld(check) ? 'held' : isOneWay(check),
    disagreement,
    deciding,
    isDecided ? undefined : check.to,
    cutBy,
    reason,
    known?.location,
  ]);
}

/** @param check the first of them */
function accountOf(check: Mismatch, checks: readonly Mismatch[]): Account {
  if (isDecidedByWatch(check)) return accountOfMoment(checks);
  if (isDecidedByFirstInstant(check)) return accountOfFirstInstant(checks);
  if (isDecidedByHeld(check)) return accountOfOpenBefore(checks);
  return checks.length === 1 ? accountOfOne(check) : accountOfMany(checks);
}

function describeIncident(check: Mismatch, checks: readonly Mismatch[]): AuditIncident {
  const { scenario } = check;
  const reasons = [...new Set(checks.flatMap(({ because }) => because ?? []))].map(
    (because) => say`The scenario gives this reason: ${name(because)}.`,
  );
  const purpose =
    scenario.purpose === undefined ? [] : [say`The scenario serves this purpose: ${name(scenario.purpose)}.`];
  const account = accountOf(check, checks);
  const example =
    checks.length === 1
      ? []
      : [
          say`What follows is told of the first of them, ${describePod(check.from)} to ${targetOf(check)}; the others have the same cause.`,
        ];
  const fault = faultOf(check);
  return {
    title: scenario.hasSteps ? say`${phraseStep(check.step)}: ${account.title}` : account.title,
    verdict: check.verdict,
    connections: checks.map((one) => ({
      pair: one.pair,
      seen: describeShown(one),
      declared: describeLocation(one.declared),
    })),
    meaning: [account.meaning, ...reasons, ...purpose, ...phraseKnown(check), ...example],
    ...(fault === undefined ? {} : { fault: fault.account }),
    urgency:
      check.known === undefined
        ? account.urgency
        : say`It does not fail a run until the end of ${name(check.known.expires)}. ${name(check.known.owner)} answers for it until then. Were it not known: ${account.urgency}`,
    firstChecks: [
      ...(check.verdict === 'flapping' ? unsteadiness(check) : []),
      ...(isDecidedByWatch(check) ? [momentOfCheck(check)] : []),
      ...(isDecidedByFirstInstant(check) ? [firstInstantOfCheck(check)] : []),
      ...(check.verdict === 'late' ? [slowness(check)] : []),
      ...(check.verdict !== 'flapping' && check.verdict !== 'late' && isOneWay(check)
        ? [wayBack(check)]
        : []),
      ...(fault?.firstChecks ?? causesOf(check)),
      repetition(scenario.run),
    ],
    whomToAsk: whomToAsk(scenario, fault?.isOfCluster ?? false),
    facts: factsOf(check),
  };
}

/** That somebody has said so before, or had. */
function phraseKnown({ known, wasKnown }: Mismatch): Phrase[] {
  if (known !== undefined)
    return [
      say`This is a known issue (${name(describeLocation(known.location))}): ${name(known.reason)}.${known.link === undefined ? '' : say` More is written at ${name(known.link)}.`}`,
    ];
  return wasKnown === undefined
    ? []
    : [
        say`It was a known issue until ${name(wasKnown.expires)}, which is over: ${name(wasKnown.reason)}. ${name(wasKnown.owner)} answered for it.`,
      ];
}

/** Where nobody knows who is wrong, everything is asked that may be. */
function causesOf(check: Mismatch): Phrase[] {
  if (check.verdict === 'late') return [];
  return check.expected === 'unreachable' ? whyOpen(check) : whyBlocked(check);
}

function targetOf(check: Mismatch): Phrase {
  return say`${describePod(check.to, namespaceOf(check.from))} on ${describePorts([check])}`;
}

function whomToAsk({ owner, runbook, location, run }: ScenarioView, isOfCluster: boolean): Phrase {
  const whoever = say`whoever maintains ${name(describeLocation(location))}`;
  const whom = isOfCluster
    ? say`${isSandbox(run.environment) ? 'Those who maintain podreach' : 'Those who run the cluster'}. Tell ${owner === undefined ? whoever : say`${name(owner)}, the owner of this scenario,`} as well.`
    : owner === undefined
      ? say`The scenario names no owner. Ask ${whoever}.`
      : say`${name(owner)}, the owner of this scenario.`;
  return runbook === undefined ? whom : say`${whom} What to do is written in the runbook: ${name(runbook)}`;
}

/** Before the watch it was as it must be. */
function accountOfMoment(checks: readonly Mismatch[]): Account {
  const [check] = checks;
  if (check === undefined) return { title: [], meaning: [], urgency: [] };
  const isOne = checks.length === 1;
  const those = say`${count(checks.length, 'connection')}${whereOf(checks)}`;
  // What the pods themselves showed goes first: it is the more dangerous.
  if (checks.every((one) => windowOf(one)?.newPod !== undefined)) return accountOfNewPods(checks, check);
  if (check.expected === 'unreachable') {
    return {
      title: isOne
        ? say`${describePod(check.from)} could reach ${targetOf(check)} for a time although it must not`
        : say`${those} were possible for a time although they must not be`,
      meaning: say`${isOne ? 'The connection was' : 'The connections were'} blocked as ${isOne ? 'it' : 'they'} must be, and then possible for a time while ${isOne ? 'it was' : 'they were'} watched. What goes through in such a time stays through: a connection that is made then may last.`,
      urgency: say`High. It is over, as far as was seen, and comes back with what brought it about.`,
    };
  }
  return {
    title: isOne
      ? say`${describePod(check.from)} could not reach ${targetOf(check)} for a time although it must`
      : say`${those} were not possible for a time although they must be`,
    meaning: say`${isOne ? 'The connection' : 'The connections'} worked, and then failed for a time while ${isOne ? 'it was' : 'they were'} watched. Nothing is exposed, but what depends on ${isOne ? 'it' : 'them'} failed in that time.`,
    urgency: say`Medium, and higher where users notice such a time. It comes back with what brought it about.`,
  };
}

/** Later it was as it must be. */
function accountOfFirstInstant(checks: readonly Mismatch[]): Account {
  const [check] = checks;
  if (check === undefined) return { title: [], meaning: [], urgency: [] };
  const isOne = checks.length === 1;
  const those = say`${count(checks.length, 'connection')} of new pods${whereOf(checks)}`;
  const isLeak = check.expected === 'unreachable';
  return {
    title: isOne
      ? say`${describePod(check.from)} ${isLeak ? 'could' : 'could not'} reach ${targetOf(check)} for a time just after it had come, although it must${isLeak ? ' not' : ''}`
      : say`${those} were ${isLeak ? 'possible' : 'not possible'} for a time just after they had come, although they must${isLeak ? ' not' : ''} be`,
    meaning: isLeak
      ? say`A pod was made while the policies stood, and its connection was possible before the cluster applied them to it. Later it was blocked as it must be. Whatever runs in such a pod can use that time, and a connection that is made then may last.`
      : say`A pod was made while the policies stood, and its connection failed for a time although it had its time to come. Nothing is exposed, but what starts in such a pod fails.`,
    urgency: isLeak
      ? say`High. It comes back with every new pod: after a restart, a rollout or a drained node.`
      : say`Medium. It comes back with every new pod.`,
  };
}

function firstInstantOfCheck(check: Mismatch): Phrase {
  return say`When did ${nodesOf(check)} take up that ${describePod(check.from)} was there? Have the log of ${describePlugin(check.scenario.run.environment)} looked at for that time.`;
}

/** Only new pods showed it: those that were there all the time did as they must. */
function accountOfNewPods(checks: readonly Mismatch[], { from, expected }: Mismatch): Account {
  const those = checks.length === 1 ? describePod(from) : say`pods${whereOf(checks)}`;
  const both = say`A new pod with the same labels as one at which the connection starts`;
  return expected === 'unreachable'
    ? {
        title: say`New pods with the labels of ${those} could reach what they must not`,
        meaning: say`${both} could make a connection that must be impossible, in the time in which no policy held for it yet, or no more. Whatever runs in a pod that has just started can do the same.`,
        urgency: say`High. It is over for these pods, and comes back with every pod that is made until the cause is known.`,
      }
    : {
        title: say`New pods with the labels of ${those} could not reach in time what they must`,
        meaning: say`${both} could not make a connection that is needed, for longer than it may take. Nothing is exposed, but what starts there fails or waits.`,
        urgency: say`Medium, and higher where pods come and go often.`,
      };
}

/** The first that is not as it must be, of the pods that were there all the time where they showed one. */

/** New connections are as they must be, and those that were open before are not. */
function accountOfOpenBefore(checks: readonly Mismatch[]): Account {
  const [check] = checks;
  if (check === undefined) return { title: [], meaning: [], urgency: [] };
  const isOne = checks.length === 1;
  const those = isOne
    ? say`A connection of ${describePod(check.from)} to ${targetOf(check)}`
    : say`${count(checks.length, 'connection')}${whereOf(checks)}`;
  const were = say`${those} that ${isOne ? 'was' : 'were'} open before`;
  return check.verdict === 'leaked'
    ? {
        title: say`${were} went on although ${isOne ? 'it' : 'they'} must be cut`,
        meaning: say`New connections are blocked as they must be. ${isOne ? 'One that was' : 'Those that were'} open when the policies changed still ${isOne ? 'carries' : 'carry'} what they forbid.`,
        urgency: say`High where such connections may be open. They last until one of their pods ends them.`,
      }
    : {
        title: say`${were} did not go on although ${isOne ? 'it' : 'they'} must be kept`,
        meaning: say`New connections are blocked as they must be. ${isOne ? 'One that was' : 'Those that were'} open when the policies changed ${isOne ? 'was' : 'were'} to go on, and did not. Nothing is exposed, but what depends on ${isOne ? 'it' : 'them'} is interrupted.`,
        urgency: say`Medium, and higher where users notice it. It happens again at every such change.`,
      };
}

/** The first that is not as it must be. */
function windowOf({ verdict, watched }: Mismatch): WindowView | undefined {
  const kind = verdict === 'leaked' ? 'leak' : 'gap';
  const own = watched?.windows.filter((one) => one.kind === kind);
  return own?.find(({ newPod }) => newPod === undefined) ?? own?.[0];
}

/** Whatever happened nearest to the first of its windows may be the cause. */
function momentOfCheck(check: Mismatch): Phrase {
  const { run } = check.scenario;
  const window = windowOf(check);
  if (window === undefined || run.watch === undefined)
    return say`What happened on ${nodesOf(check)} while it was watched?`;
  const at = secondOf(run.watch, window.began.latestMs);
  const nodes = window.newPod === undefined ? nodesOf(check) : name(window.newPod.node);
  const incident = window.incident === undefined ? undefined : run.watch.incidents[window.incident];
  return incident === undefined
    ? say`What happened on ${nodes} at ${at}? Have the log of ${describePlugin(run.environment)} looked at.`
    : say`At ${secondOf(run.watch, incident.atMs)} this happened: ${name(incident.text)}. Have the log of ${describePlugin(run.environment)} of that time looked at on ${nodes}.`;
}

interface Account {
  readonly title: Phrase;
  readonly meaning: Phrase;
  readonly urgency: Phrase;
}

function accountOfOne(check: Mismatch): Account {
  const from = describePod(check.from);
  const to = describePod(check.to, namespaceOf(check.from));
  const target = targetOf(check);
  switch (check.verdict) {
    case 'leaked':
      if (isOneWay(check)) {
        return {
          title: say`What ${from} sent arrived at ${target} although it must not`,
          meaning: say`A connection that must be impossible is open in one direction. Whoever controls ${from} can send data to ${to}. Only the answers were lost, which protects nobody.`,
          urgency: say`High. Treat this connection as open until the cause is known.`,
        };
      }
      return {
        title: say`${from} reached ${target} although it must not`,
        meaning: say`A connection that must be impossible was made. Whoever controls ${from} can talk to ${to}.`,
        urgency: say`High. Treat this connection as open until the cause is known.`,
      };
    case 'broken':
      return {
        title: say`${from} could not reach ${target} although it must`,
        meaning: isOneWay(check)
          ? say`A connection that is needed works in one direction only: what ${from} sent arrived at ${to}, and the answers were lost. Nothing is exposed, but what depends on this connection does not work.`
          : say`A connection that is needed was blocked. Nothing is exposed, but what depends on this connection does not work.`,
        urgency: say`High where users depend on it now, otherwise medium. Do not remove policies to make it work: that opens more than this one way.`,
      };
    case 'flapping':
      return check.expected === 'unreachable'
        ? {
            title: say`${from} reached ${target} at times although it must not`,
            meaning: say`The connection was blocked, and then it was possible. A block that does not last protects nobody.`,
            urgency: say`High. Treat this connection as open until the cause is known.`,
          }
        : {
            title: say`${from} could not reach ${target} at times although it must`,
            meaning: say`The connection worked, and then it was blocked. Nothing is exposed, but what depends on this connection fails now and then.`,
            urgency: say`Medium, and higher where users depend on it. It may grow worse by itself.`,
          };
    case 'late':
      return check.expected === 'unreachable'
        ? {
            title: say`${from} could reach ${target} for longer than it may`,
            meaning: say`The connection was blocked as it must be, but only ${describeDelay(check)}. Until then, whoever controls ${from} could talk to ${to}.`,
            urgency: say`Medium. The connection is blocked now. It is open as long again after every such change.`,
          }
        : {
            title: say`${from} could reach ${target} later than it must`,
            meaning: say`The connection is possible as it must be, but became so only ${describeDelay(check)}. Nothing is exposed, but what depends on this connection has to wait.`,
            urgency: say`Low, and higher where users depend on it. It takes as long again after every such change.`,
          };
  }
}

function accountOfMany(checks: readonly Mismatch[]): Account {
  const [check] = checks;
  const those = say`${count(checks.length, 'connection')}${whereOf(checks)}`;
  const isOpen = check?.expected === 'unreachable';
  const danger = say`High. Treat these connections as open until the cause is known.`;
  if (check?.verdict === 'flapping') {
    return isOpen
      ? {
          title: say`${those} were possible at times although they must not be`,
          meaning: say`The connections were blocked, and then they were possible. A block that does not last protects nobody.`,
          urgency: danger,
        }
      : {
          title: say`${those} were blocked at times although they must be possible`,
          meaning: say`The connections worked, and then they were blocked. Nothing is exposed, but what depends on them fails now and then.`,
          urgency: say`Medium, and higher where users depend on them. It may grow worse by itself.`,
        };
  }
  if (check?.verdict === 'late') {
    return isOpen
      ? {
          title: say`${those} were possible for longer than they may be`,
          meaning: say`The connections were blocked as they must be, but only after the time that the step gives them. Until then, whoever controls one of the pods that connected could talk to the other one.`,
          urgency: say`Medium. The connections are blocked now. They are open as long again after every such change.`,
        }
      : {
          title: say`${those} became possible later than they must`,
          meaning: say`The connections are possible as they must be, but became so only after the time that the step gives them. Nothing is exposed, but what depends on them has to wait.`,
          urgency: say`Low, and higher where users depend on them. It takes as long again after every such change.`,
        };
  }
  const onlyThere = check !== undefined && isOneWay(check);
  return isOpen
    ? {
        title: say`${those} ${onlyThere ? 'were open in one direction' : 'were possible'} although they must not be`,
        meaning: onlyThere
          ? say`Connections that must be impossible are open in one direction. Whoever controls one of the pods that connected can send data to the other one. Only the answers were lost, which protects nobody.`
          : say`Connections that must be impossible were made. Whoever controls one of the pods that connected can talk to the other one.`,
        urgency: danger,
      }
    : {
        title: say`${those} ${onlyThere ? 'got no answer' : 'were blocked'} although they must be possible`,
        meaning: onlyThere
          ? say`Connections that are needed work in one direction only: what was sent arrived, and the answers were lost. Nothing is exposed, but what depends on these connections does not work.`
          : say`Connections that are needed were blocked. Nothing is exposed, but what depends on them does not work.`,
        urgency: say`High where users depend on them now, otherwise medium. Do not remove policies to make them work: that opens more than these ways.`,
      };
}

/** The end that all of them share: ` from web in shop`, ` to db in shop on TCP 5432`. */
function whereOf(checks: readonly Mismatch[]): Phrase {
  const [first] = checks;
  if (first === undefined) return [];
  const from = checks.every((check) => check.from === first.from)
    ? say` from ${describePod(first.from)}`
    : [];
  if (checks.some((check) => check.to !== first.to)) return from;
  const { port, protocol, family } = first;
  const isOnePort = checks.every(
    (check) => check.port === port && check.protocol === protocol && check.family === family,
  );
  return say`${from} to ${describePod(first.to)}${isOnePort ? say` on ${describePorts([first])}` : []}`;
}

/** Policies decide about the first packet, which was let through (D19a). */
function wayBack(check: Mismatch): Phrase {
  const way = say`the way back, from ${describePod(check.to)} to ${describePod(check.from)}`;
  return check.expected === 'unreachable'
    ? say`Do not take it for a block that the answers are lost. Policies decide about the first packet, and it was let through. Something is wrong on ${way}, and when that is mended, the connection is open in both directions.`
    : say`Look at ${way}: routes, firewalls and the tracking of connections on ${nodesOf(check)}. Policies decide about the first packet, and it was let through.`;
}

/** Where the record does not say what the policies mean, both sides are asked about. */
function whyOpen(check: Mismatch): Phrase[] {
  const { environment } = check.scenario.run;
  const { egress, ingress } = check.isolatedBy ?? { egress: [], ingress: [] };
  if (ingress.length + egress.length === 0)
    return [
      say`None of the scenario's policies restricts this connection at either end. ${askForPolicy(check)}`,
    ];
  const concerned = [
    ...(ingress.length === 0
      ? []
      : [say`${list(ingress.map(name))} for what comes in to ${describePod(check.to)}`]),
    ...(egress.length === 0
      ? []
      : [say`${list(egress.map(name))} for what goes out of ${describePod(check.from)}`]),
  ];
  return [
    say`The connection is restricted by ${list(concerned)}. ${anyOf([...ingress, ...egress])} let it through? Policies are described in plain language below.`,
    say`If not, ${describePlugin(environment)} may not enforce what they say: have its state looked at on ${nodesOf(check)}.`,
    describeOtherPolicies(environment),
  ];
}

function whyBlocked(check: Mismatch): Phrase[] {
  const { environment } = check.scenario.run;
  const { egress, ingress } = check.isolatedBy ?? { egress: [], ingress: [] };
  if (ingress.length + egress.length === 0) {
    return [
      say`None of the scenario's policies restricts this connection at either end. ${describeOtherPolicies(environment)}`,
      say`Have ${describePlugin(environment)} and firewalls looked at on ${nodesOf(check)}.`,
    ];
  }
  return [
    ...(ingress.length === 0
      ? []
      : [
          say`What comes in to ${describePod(check.to)} is restricted by ${list(ingress.map(name))}. ${anyOf(ingress)} let ${describePod(check.from)} in on ${describePorts([check])}?`,
        ]),
    ...(egress.length === 0
      ? []
      : [
          say`What goes out of ${describePod(check.from)} is restricted by ${list(egress.map(name))}. ${anyOf(egress)} let it out to ${describePod(check.to)} on ${describePorts([check])}? This direction is the one that is forgotten most.`,
        ]),
    say`Does the rule that is meant to match the labels of ${describePod(check.from)}${labelsOf(check.source)}?`,
  ];
}

function anyOf(policies: readonly string[]): string {
  return policies.length === 1 ? 'Does it' : 'Does one of them';
}

function unsteadiness(check: Mismatch): Phrase[] {
  const { scenario } = check;
  const turn = underPolicies(check).find(
    (stretch, index, all) =>
      findingOf(check.expected, lastOf(stretch)).kind === 'contradicts' &&
      all.slice(0, index).some((earlier) => findingOf(check.expected, lastOf(earlier)).kind === 'agrees'),
  );
  const time = turn === undefined ? undefined : dayAndTime(scenario, turn.first.atMs);
  const when = time === undefined ? 'during the run' : `at ${time} UTC`;
  return [
    say`What happened on ${nodesOf(check)} ${when}? Have the log of ${describePlugin(scenario.run.environment)} looked at, and pods that were restarted.`,
  ];
}

/** It did what is stated: only when is amiss. */
function slowness(check: Mismatch): Phrase {
  const { environment } = check.scenario.run;
  return isSandbox(environment)
    ? say`The sandbox enforces what it is told within tenths of a second. Was the machine busy? Run the scenario again.`
    : say`Have ${describePlugin(environment)} looked at on ${nodesOf(check)}: how busy was it, and how long does it take for a change? Is the time that the step gives it enough for this cluster?`;
}

function repetition({ keepsPods }: RunView): Phrase {
  return keepsPods
    ? say`Have somebody who works with the cluster make the connection again: the last of the facts below is the command.`
    : say`Have somebody who works with the cluster make the connection again: the last of the facts below is the command. It starts the test pods anew, tries this connection alone, and leaves all in place to look at.`;
}
