/**
 * Who is wrong about a check that was not as it must be, in plain words: what the scenario says, what the policies mean and what the
 * cluster did, held against each other.
 */
import { isDecidedByHeld } from '../../../judge/held.ts';
import { namespaceOf } from '../../../keys.ts';
import { isOneWay } from '../../parts/attempts.ts';
import { describeLocation } from '../../parts/describe.ts';
import { groupBy } from '../../parts/group.ts';
import { isOfOtherKinds } from '../../parts/opinion.ts';
import { isMomentary } from '../../parts/shown.ts';
import type { Mismatch, ScenarioView } from '../../view/view.ts';
import { describeBackend, describePod, describePorts } from './names.ts';
import { list, name, type Phrase, say } from './phrase.ts';
import { describeOtherPolicies, describePlugin, isSandbox, labelsOf, nodesOf } from './surroundings.ts';

export interface Fault {
  /** Who is wrong, and why that is known. */
  readonly account: Phrase;
  /** In the order in which to do it. */
  readonly firstChecks: readonly Phrase[];
  /** Whether those who run the cluster are the ones to ask. */
  readonly isOfCluster: boolean;
}

type Predicted = NonNullable<Mismatch['predicted']>;
type Ground = ScenarioView['grounds'][number][number];

/** Undefined for a record that does not say what the policies mean, or does not hold it against what was seen. */
export function faultOf(check: Mismatch): Fault | undefined {
  const { predicted, disagreement, verdict, cutBy } = check;
  if (predicted === undefined) return undefined;
  if (isDecidedByHeld(check)) return faultOfOpenBefore(check);
  if (cutBy !== undefined) return faultOfOthers(check, predicted);
  if (isAtTimes(check)) return faultOfFlapping(check, predicted);
  if (verdict === 'late') return faultOfLate(check);
  switch (disagreement) {
    case 'policy':
      return {
        account: say`The policies, or the scenario: they say different things. ${policiesSay(check, predicted)} ${scenarioSays(check)} ${theCluster(check)} does what the policies say.`,
        firstChecks: policyChecks(check, predicted),
        isOfCluster: false,
      };
    case 'cluster':
      return {
        account: say`${theCluster(check)}${verdict === 'broken' ? ', or a policy that is not in the scenario' : ''}. ${policiesSay(check, predicted)} That is what the scenario asks for. ${theCluster(check)} ${verdict === 'leaked' ? 'let it through' : isOneWay(check) ? 'lost its answers' : 'blocked it'} all the same.${verdict === 'leaked' ? ' Other connections may be open in the same way.' : ''}`,
        firstChecks: clusterChecks(check),
        isOfCluster: true,
      };
    case 'open':
      return {
        account: say`Undecided. ${specificationSays(check, predicted)} It did not do what the scenario asks for.`,
        firstChecks: openChecks(check, predicted),
        isOfCluster: false,
      };
    // What others were to cut has been told above.
    default:
      return undefined;
  }
}

/** The scenario itself says that something else than its policies cuts the connection. */
function faultOfOthers(check: Mismatch, predicted: Predicted): Fault {
  const { environment } = check.scenario.run;
  const what =
    check.because === undefined ? say`something else` : say`something else (${name(check.because)})`;
  const did = isAtTimes(check) ? 'It did so at one time, and not at another.' : 'It did not.';
  const policies =
    predicted.verdict === 'denied'
      ? say`${policiesSay(check, predicted)} ${theCluster(check)} did not do that ${isAtTimes(check) ? 'all the time ' : ''}either.`
      : say`The policies of the scenario are not at fault: they do not have to block it.`;
  return {
    account: say`What is to block this connection besides the policies. The scenario says that ${what} blocks it. ${did} ${policies}`,
    firstChecks: isSandbox(environment)
      ? [
          say`On the sandbox there is nothing but the policies of the scenario. What else is to block the connection can only be tested where it is.`,
        ]
      : [
          say`Look for what is to block the connection. Is it still there, and does it still apply to both pods?`,
          describeOtherPolicies(environment),
        ],
    isOfCluster: !isSandbox(environment),
  };
}

/** Policies speak of the opening of connections (I7). */
function faultOfOpenBefore(check: Mismatch): Fault {
  const isLeaked = check.verdict === 'leaked';
  return {
    account: say`Undecided. The specification of network policies does not say what becomes of connections that are open when policies change. So ${describePlugin(check.scenario.run.environment)} may keep them or cut them. It did not do what the scenario asks for.`,
    firstChecks: [
      isLeaked
        ? say`Which connections may have been open when the policies changed? End them: restart one of the two pods, or have what runs in it close them.`
        : say`Does what depends on such a connection open it again by itself? Then nothing more is to be done than to expect it at every such change.`,
      say`How does ${describePlugin(check.scenario.run.environment)} treat connections that are established? Some have a setting for that.`,
    ],
    isOfCluster: true,
  };
}

/** It was one and then the other: no single observation to hold against what the policies mean. */
function faultOfFlapping(check: Mismatch, predicted: Predicted): Fault {
  if (predicted.verdict === 'undefined') {
    return {
      account: say`Undecided. ${specificationSays(check, predicted)} It did not do the same all the time.`,
      firstChecks: openChecks(check, predicted),
      isOfCluster: false,
    };
  }
  if (predicted.verdict === (check.expected === 'reachable' ? 'allowed' : 'denied')) {
    return {
      account: say`${theCluster(check)}, most likely. ${policiesSay(check, predicted)} That is what the scenario asks for. ${theCluster(check)} did so at one time, and not at another.`,
      firstChecks: clusterChecks(check),
      isOfCluster: true,
    };
  }
  return {
    account: say`The policies, or the scenario: they say different things. ${policiesSay(check, predicted)} ${scenarioSays(check)} ${theCluster(check)} is at fault as well: it did one thing at one time, and another at another.`,
    firstChecks: [...policyChecks(check, predicted), ...clusterChecks(check)],
    isOfCluster: true,
  };
}

/** Whether it was as it must be at one time, and not at another. */
function isAtTimes(check: Mismatch): boolean {
  return check.verdict === 'flapping' || isMomentary(check);
}

/** It came out as stated: who is slow is asked, not who is wrong. */
function faultOfLate(check: Mismatch): Fault {
  return {
    account: say`${theCluster(check)}, or the time that the step gives it. It did what the scenario asks for, only not soon enough.`,
    firstChecks: [],
    isOfCluster: true,
  };
}

function scenarioSays({ expected }: Mismatch): string {
  return `The scenario says that it must be ${expected === 'reachable' ? 'possible' : 'impossible'}.`;
}

function theCluster({ scenario }: Mismatch): string {
  return isSandbox(scenario.run.environment) ? 'The sandbox' : 'The cluster';
}

/** What they mean for the connection, and which of them decide. */
function policiesSay(check: Mismatch, { verdict, grounds, denied = [] }: Predicted): Phrase {
  const deciding = check.scenario.grounds[grounds] ?? [];
  if (deciding.length === 0)
    return say`None of the scenario's policies restricts this connection: they leave it open.`;
  if (verdict === 'partial')
    return say`The policies let it through to a part of the Service, and block it to ${list(denied.map(describeBackend))}: ${describeGrounds(deciding, check)}.`;
  const verb = verdict === 'allowed' ? 'let this connection through' : 'block this connection';
  return say`The policies ${verb}: ${describeGrounds(deciding, check)}.`;
}

function specificationSays(check: Mismatch, { rule, reason }: Predicted): Phrase {
  const { scenario } = check;
  if (isOfOtherKinds(check))
    return say`What is to become of it podreach does not say: ${name(reason ?? '')}.`;
  const why = [rule, reason].filter((part) => part !== undefined).join(': ');
  const because = why === '' ? [] : say` (${name(why)})`;
  return say`The specification of network policies leaves open what these policies mean here${because}. So ${describePlugin(scenario.run.environment)} may take them either way.`;
}

/** `rule 1 of policy shop/allow-api (policies.yaml:18) for what comes in to db in shop` */
function describeGrounds(grounds: readonly Ground[], check: Mismatch): Phrase {
  return list(
    groupBy(grounds, ({ direction }) => direction).map(
      (group) => say`${namePolicies(group)} for ${wayOf(group[0]?.direction, check)}`,
    ),
  );
}

function namePolicies(grounds: readonly Ground[]): Phrase {
  return list(
    grounds.map(({ policy, rule, location }) => {
      const which =
        rule === undefined ? say`policy ${name(policy)}` : say`rule ${rule} of policy ${name(policy)}`;
      return location === undefined ? which : say`${which} (${name(describeLocation(location))})`;
    }),
  );
}

function wayOf(direction: Ground['direction'] | undefined, { from, to }: Mismatch): Phrase {
  return direction === 'egress'
    ? say`what goes out of ${describePod(from)}`
    : say`what comes in to ${describePod(to)}`;
}

/** What is wrong with the policies, or else with the scenario. */
function policyChecks(check: Mismatch, { verdict, grounds }: Predicted): Phrase[] {
  const deciding = check.scenario.grounds[grounds] ?? [];
  const port = describePorts([check]);
  const questions =
    deciding.length === 0 || (verdict === 'partial' && check.expected === 'unreachable')
      ? [askForPolicy(check)]
      : verdict === 'allowed'
        ? [
            say`Look at ${describeGrounds(deciding, check)}. Is that meant to let ${describePod(check.from)}${labelsOf(check.source)} through to ${describePod(check.to)} on ${port}? It may be wider than it looks. Policies are described in plain language below.`,
          ]
        : groupBy(deciding, ({ direction }) => direction).map((group) => askForRule(group, check));
  const isMeant = check.expected === 'unreachable' ? 'to be possible' : 'to be blocked';
  return [
    ...questions,
    say`Is the connection meant ${isMeant} after all? Then the policies are right, and the scenario is wrong: ${name(describeLocation(check.declared))}. Only its owner may change that.`,
  ];
}

/** Nothing restricts what must be impossible. */
export function askForPolicy({ to, destination }: Mismatch): Phrase {
  return say`Is there a policy in the namespace ${name(namespaceOf(to))} that is meant to restrict it? Then its selector has to match the labels of ${describePod(to)}${labelsOf(destination)}, and the scenario has to list it.`;
}

function askForRule(group: readonly Ground[], check: Mismatch): Phrase {
  const direction = group[0]?.direction;
  const isOut = direction === 'egress';
  const other = isOut ? check.to : check.from;
  const missing = isOut ? 'lets it out to' : 'lets in';
  return say`For ${wayOf(direction, check)}, no rule of ${namePolicies(group)} ${missing} ${describePod(other)} on ${describePorts([check])}. Is that rule missing, or does it not match the labels of ${describePod(other)}${labelsOf(isOut ? check.destination : check.source)}?${isOut ? ' This direction is the one that is forgotten most.' : ''}`;
}

/** Who may have decided otherwise than the policies say. */
function clusterChecks(check: Mismatch): Phrase[] {
  const { environment } = check.scenario.run;
  if (isSandbox(environment)) {
    return [
      say`The sandbox is a part of podreach. Run the scenario again: if it comes out the same, those who maintain podreach have to look at it.`,
    ];
  }
  const isBlocked = check.expected === 'reachable';
  const plugin = say`Have those who run the cluster look at the state and the log of ${describePlugin(environment)} on ${nodesOf(check)}${isBlocked ? ', and at firewalls there' : ''}.`;
  const others = describeOtherPolicies(environment);
  return isBlocked
    ? [
        others,
        say`Is there a policy in ${namespacesOf(check)} that is not in the scenario, such as one that is put into every new namespace?`,
        plugin,
      ]
    : [plugin, others];
}

function namespacesOf({ from, to }: Mismatch): Phrase {
  const spaces = [...new Set([namespaceOf(to), namespaceOf(from)])];
  return say`the ${spaces.length === 1 ? 'namespace' : 'namespaces'} ${list(spaces.map(name), 'or')}`;
}

function openChecks(check: Mismatch, { grounds, rule }: Predicted): Phrase[] {
  if (isOfOtherKinds(check))
    return [
      say`Ask whoever wrote that policy what it is to do here, and ${describePlugin(check.scenario.run.environment)} what it makes of it.`,
    ];
  const deciding = check.scenario.grounds[grounds] ?? [];
  const advice =
    rule === 'I1' ? ' Name the pods by their labels and namespaces, instead of by their addresses.' : '';
  const what = deciding.length === 0 ? say`the policies` : describeGrounds(deciding, check);
  return [
    say`Have whoever wrote the policies change ${what}, so that every network plugin takes it the same way.${advice}`,
  ];
}
