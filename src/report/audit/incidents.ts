/** What was not as it must be, each for itself: what it means, how urgent it is, what to check first, whom to ask. */
import { findingOf } from '../../judge/finding.ts';
import type { Mismatch } from '../../judge/mismatch.ts';
import { namespaceOf } from '../../keys.ts';
import type { RunRecord } from '../../record.ts';
import { isOneWay, underPolicies } from '../parts/attempts.ts';
import { dayAndTime } from '../parts/clock.ts';
import { describeLocation, describePair } from '../parts/describe.ts';
import { keepNote } from '../parts/keep-note.ts';
import { factsOf, mismatchesOf } from '../parts/mismatch.ts';
import { askForPolicy, type Case, faultOf } from './fault.ts';
import { describePod, describePorts } from './names.ts';
import { list, name, type Phrase, say } from './phrase.ts';
import { describeOtherPolicies, describePlugin, isSandbox, labelsOf, nodesOf } from './surroundings.ts';

export interface Incident {
  readonly title: Phrase;
  readonly verdict: Mismatch['verdict'];
  /** For those who work with the cluster: `shop/web → shop/db:5432/TCP`. */
  readonly pair: string;
  readonly meaning: readonly Phrase[];
  /** Who is wrong, and why that is known; absent where the record does not say what the policies mean. */
  readonly fault?: Phrase;
  readonly urgency: Phrase;
  /** In the order in which to do it. */
  readonly firstChecks: readonly Phrase[];
  readonly whomToAsk: Phrase;
  /** Label and text of what was expected and seen. */
  readonly facts: ReturnType<typeof factsOf>;
}

/** The incidents of all scenarios, the most dangerous first. */
export function incidentsOf(record: RunRecord): Incident[] {
  const { scenarios, environment } = record;
  const keepsPods = keepNote(record) === undefined;
  const scenarioOf = new Map(
    scenarios.flatMap((scenario) => mismatchesOf(scenario.checks).map((check) => [check, scenario] as const)),
  );
  return mismatchesOf([...scenarioOf.keys()]).flatMap((check) => {
    const scenario = scenarioOf.get(check);
    return scenario === undefined ? [] : [describeIncident({ check, scenario, environment }, keepsPods)];
  });
}

function describeIncident(found: Case, keepsPods: boolean): Incident {
  const { check, scenario } = found;
  const from = describePod(check.from);
  const to = describePod(check.to, namespaceOf(check.from));
  const port = describePorts([check]);
  const reason =
    check.because === undefined ? [] : [say`The scenario gives this reason: ${name(check.because)}.`];
  const purpose =
    scenario.purpose === undefined ? [] : [say`The scenario serves this purpose: ${name(scenario.purpose)}.`];
  const account = accountOf(check, { from, to, port });
  const fault = faultOf(found);
  return {
    title: account.title,
    verdict: check.verdict,
    pair: describePair(check),
    meaning: [account.meaning, ...reason, ...purpose],
    ...(fault === undefined ? {} : { fault: fault.account }),
    urgency: account.urgency,
    firstChecks: [
      ...(check.verdict === 'flapping' ? unsteadiness(found) : []),
      ...(check.verdict !== 'flapping' && isOneWay(check) ? [wayBack(found)] : []),
      ...(fault?.firstChecks ?? (check.expected === 'unreachable' ? whyOpen(found) : whyBlocked(found))),
      repetition(keepsPods),
    ],
    whomToAsk: whomToAsk(found, fault?.isOfCluster ?? false),
    facts: factsOf(check, found),
  };
}

function whomToAsk({ scenario, environment }: Case, isOfCluster: boolean): Phrase {
  const { owner, runbook, location } = scenario;
  const whoever = say`whoever maintains ${name(describeLocation(location))}`;
  const whom = isOfCluster
    ? say`${isSandbox(environment) ? 'Those who maintain podreach' : 'Those who run the cluster'}. Tell ${owner === undefined ? whoever : say`${name(owner)}, the owner of this scenario,`} as well.`
    : owner === undefined
      ? say`The scenario names no owner. Ask ${whoever}.`
      : say`${name(owner)}, the owner of this scenario.`;
  return runbook === undefined ? whom : say`${whom} What to do is written in the runbook: ${name(runbook)}`;
}

interface Ends {
  readonly from: Phrase;
  readonly to: Phrase;
  readonly port: Phrase;
}

interface Account {
  readonly title: Phrase;
  readonly meaning: Phrase;
  readonly urgency: Phrase;
}

function accountOf(check: Mismatch, { from, to, port }: Ends): Account {
  switch (check.verdict) {
    case 'leaked':
      if (isOneWay(check)) {
        return {
          title: say`What ${from} sent arrived at ${to} on ${port} although it must not`,
          meaning: say`A connection that must be impossible is open in one direction. Whoever controls ${from} can send data to ${to}. Only the answers were lost, which protects nobody.`,
          urgency: say`High. Treat this connection as open until the cause is known.`,
        };
      }
      return {
        title: say`${from} reached ${to} on ${port} although it must not`,
        meaning: say`A connection that must be impossible was made. Whoever controls ${from} can talk to ${to}.`,
        urgency: say`High. Treat this connection as open until the cause is known.`,
      };
    case 'broken':
      return {
        title: say`${from} could not reach ${to} on ${port} although it must`,
        meaning: isOneWay(check)
          ? say`A connection that is needed works in one direction only: what ${from} sent arrived at ${to}, and the answers were lost. Nothing is exposed, but what depends on this connection does not work.`
          : say`A connection that is needed was blocked. Nothing is exposed, but what depends on this connection does not work.`,
        urgency: say`High where users depend on it now, otherwise medium. Do not remove policies to make it work: that opens more than this one way.`,
      };
    case 'flapping':
      return check.expected === 'unreachable'
        ? {
            title: say`${from} reached ${to} on ${port} at times although it must not`,
            meaning: say`The connection was blocked, and then it was possible. A block that does not last protects nobody.`,
            urgency: say`High. Treat this connection as open until the cause is known.`,
          }
        : {
            title: say`${from} could not reach ${to} on ${port} at times although it must`,
            meaning: say`The connection worked, and then it was blocked. Nothing is exposed, but what depends on this connection fails now and then.`,
            urgency: say`Medium, and higher where users depend on it. It may grow worse by itself.`,
          };
  }
}

/** Policies decide about the first packet, which was let through (D19a). */
function wayBack({ check, scenario }: Case): Phrase {
  const way = say`the way back, from ${describePod(check.to)} to ${describePod(check.from)}`;
  return check.expected === 'unreachable'
    ? say`Do not take it for a block that the answers are lost. Policies decide about the first packet, and it was let through. Something is wrong on ${way}, and when that is mended, the connection is open in both directions.`
    : say`Look at ${way}: routes, firewalls and the tracking of connections on ${nodesOf(check, scenario)}. Policies decide about the first packet, and it was let through.`;
}

/** Where the record does not say what the policies mean, both sides are asked about. */
function whyOpen({ check, scenario, environment }: Case): Phrase[] {
  const { egress, ingress } = check.isolatedBy ?? { egress: [], ingress: [] };
  if (ingress.length + egress.length === 0)
    return [
      say`None of the scenario's policies restricts this connection at either end. ${askForPolicy(check, scenario)}`,
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
    say`If not, ${describePlugin(environment)} may not enforce what they say: have its state looked at on ${nodesOf(check, scenario)}.`,
    describeOtherPolicies(environment),
  ];
}

function whyBlocked({ check, scenario, environment }: Case): Phrase[] {
  const { egress, ingress } = check.isolatedBy ?? { egress: [], ingress: [] };
  if (ingress.length + egress.length === 0) {
    return [
      say`None of the scenario's policies restricts this connection at either end. ${describeOtherPolicies(environment)}`,
      say`Have ${describePlugin(environment)} and firewalls looked at on ${nodesOf(check, scenario)}.`,
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
    say`Does the rule that is meant to match the labels of ${describePod(check.from)}${labelsOf(check.from, scenario)}?`,
  ];
}

function anyOf(policies: readonly string[]): string {
  return policies.length === 1 ? 'Does it' : 'Does one of them';
}

function unsteadiness({ check, scenario, environment }: Case): Phrase[] {
  const turn = underPolicies(check).find(
    (attempt, index, all) =>
      findingOf(check.expected, attempt).kind === 'contradicts' &&
      all.slice(0, index).some((earlier) => findingOf(check.expected, earlier).kind === 'agrees'),
  );
  const time = turn === undefined ? undefined : dayAndTime(scenario, turn.atMs);
  const when = time === undefined ? 'during the run' : `at ${time} UTC`;
  return [
    say`What happened on ${nodesOf(check, scenario)} ${when}? Have the log of ${describePlugin(environment)} looked at, and pods that were restarted.`,
  ];
}

/** Its pods are gone after a run, and with them the address that is part of the command. */
function repetition(keepsPods: boolean): Phrase {
  return keepsPods
    ? say`Have somebody who works with the cluster make the connection again: the last of the facts below is the command.`
    : say`Have somebody who works with the cluster make the connection again. That needs a new run with --keep, because the test pods of this one are gone.`;
}
