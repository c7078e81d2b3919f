/** What was not as it must be, each for itself: what it means, how urgent it is, what to check first, whom to ask. */
import { findingOf } from '../../judge/finding.ts';
import type { RunRecord, ScenarioRecord } from '../../record.ts';
import { describeLocation, describePair } from '../parts/describe.ts';
import { factsOf, type Mismatch, mismatchesOf, underPolicies } from '../parts/mismatch.ts';
import { describePod, describePorts, namespaceOf } from './names.ts';
import { list, name, type Phrase, say } from './phrase.ts';

export interface Incident {
  readonly title: Phrase;
  readonly verdict: Mismatch['verdict'];
  /** For those who work with the cluster: `shop/web → shop/db:5432/TCP`. */
  readonly pair: string;
  readonly meaning: readonly Phrase[];
  readonly urgency: Phrase;
  /** In the order in which to do it. */
  readonly firstChecks: readonly Phrase[];
  readonly whomToAsk: Phrase;
  /** Label and text of what was expected and seen. */
  readonly facts: ReturnType<typeof factsOf>;
}

/** The incidents of all scenarios, the most dangerous first. */
export function incidentsOf({ scenarios }: RunRecord): Incident[] {
  const scenarioOf = new Map(
    scenarios.flatMap((scenario) => mismatchesOf(scenario.checks).map((check) => [check, scenario] as const)),
  );
  return mismatchesOf([...scenarioOf.keys()]).flatMap((check) => {
    const scenario = scenarioOf.get(check);
    return scenario === undefined ? [] : [describeIncident(check, scenario)];
  });
}

function describeIncident(check: Mismatch, scenario: ScenarioRecord): Incident {
  const from = describePod(check.from);
  const to = describePod(check.to, namespaceOf(check.from));
  const port = describePorts([check]);
  const reason =
    check.because === undefined ? [] : [say`The rule gives this reason: ${name(check.because)}.`];
  const purpose =
    scenario.purpose === undefined ? [] : [say`The rule serves this purpose: ${name(scenario.purpose)}.`];
  const account = accountOf(check, { from, to, port });
  return {
    title: account.title,
    verdict: check.verdict,
    pair: describePair(check),
    meaning: [account.meaning, ...reason, ...purpose],
    urgency: account.urgency,
    firstChecks: firstChecksFor(check, scenario),
    whomToAsk: whomToAsk(scenario),
    facts: factsOf(check, scenario),
  };
}

function whomToAsk({ owner, runbook, location }: ScenarioRecord): Phrase {
  const whom =
    owner === undefined
      ? say`The scenario names no owner. Ask whoever maintains ${name(describeLocation(location))}.`
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
      return {
        title: say`${from} reached ${to} on ${port}, and must not`,
        meaning: say`A connection that must be impossible was made. Whoever controls ${from} can talk to ${to}.`,
        urgency: say`High. Take the way for open until the cause is known.`,
      };
    case 'broken':
      return {
        title: say`${from} could not reach ${to} on ${port}, and must`,
        meaning: say`A connection that is needed was blocked. Nothing is exposed, but what depends on this connection does not work.`,
        urgency: say`High where users depend on it now, otherwise medium. Do not remove policies to make it work: that opens more than this one way.`,
      };
    case 'flapping':
      return check.expected === 'unreachable'
        ? {
            title: say`${from} reached ${to} on ${port} at times, and must not`,
            meaning: say`The connection was blocked, and then it was possible. A block that does not last protects nobody.`,
            urgency: say`High. Take the way for open until the cause is known.`,
          }
        : {
            title: say`${from} could not reach ${to} on ${port} at times, and must`,
            meaning: say`The connection worked, and then it was blocked. Nothing is exposed, but what depends on this connection fails now and then.`,
            urgency: say`Medium, and higher where users depend on it. It may grow worse by itself.`,
          };
  }
}

function firstChecksFor(check: Mismatch, scenario: ScenarioRecord): Phrase[] {
  return [
    ...(check.verdict === 'flapping' ? unsteadiness(check, scenario) : []),
    ...(check.expected === 'unreachable' ? whyOpen(check, scenario) : whyBlocked(check, scenario)),
    say`Make the connection again with the command below, after a run with --keep.`,
  ];
}

function whyOpen(check: Mismatch, scenario: ScenarioRecord): Phrase[] {
  const { egress, ingress } = check.isolatedBy ?? { egress: [], ingress: [] };
  const labels = labelsOf(check.to, scenario);
  if (ingress.length + egress.length === 0) {
    return [
      say`No policy restricts this connection at either end. Is there a policy in the namespace ${name(namespaceOf(check.to))} that is meant to, and does its selector match the labels of ${describePod(check.to)}${labels}?`,
    ];
  }
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
    say`If not, the network plugin does not enforce what they say: look at its state on ${nodesOf(check, scenario)}.`,
  ];
}

function whyBlocked(check: Mismatch, scenario: ScenarioRecord): Phrase[] {
  const { egress, ingress } = check.isolatedBy ?? { egress: [], ingress: [] };
  if (ingress.length + egress.length === 0) {
    return [
      say`No policy restricts this connection at either end, so a policy is not the cause. Look at the network plugin and at firewalls on ${nodesOf(check, scenario)}.`,
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

function unsteadiness(check: Mismatch, scenario: ScenarioRecord): Phrase[] {
  const turn = underPolicies(check).find(
    (attempt, index, all) =>
      findingOf(check.expected, attempt).kind === 'contradicts' &&
      all.slice(0, index).some((earlier) => findingOf(check.expected, earlier).kind === 'agrees'),
  );
  const when =
    turn === undefined || scenario.startedAt === undefined
      ? say`during the run`
      : say`at ${new Date(Date.parse(scenario.startedAt) + turn.atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return [
    say`What happened on ${nodesOf(check, scenario)} ${when}? Look at the log of the network plugin and for pods that were restarted.`,
  ];
}

/** ` (app=db, tier=data)` */
function labelsOf(key: string, { pods }: ScenarioRecord): Phrase {
  const pod = pods.find((candidate) => `${candidate.namespace}/${candidate.name}` === key);
  const labels = Object.entries(pod?.labels ?? {}).map(([label, value]) => name(`${label}=${value}`));
  return labels.length === 0 ? [] : say` (${list(labels)})`;
}

function nodesOf(check: Mismatch, { pods }: ScenarioRecord): Phrase {
  const nodes = [check.from, check.to].flatMap(
    (key) => pods.find((pod) => `${pod.namespace}/${pod.name}` === key)?.node ?? [],
  );
  const different = [...new Set(nodes)];
  if (different.length === 0) return say`the nodes of both pods`;
  return say`${different.length === 1 ? 'node' : 'nodes'} ${list(different.map(name))}`;
}
