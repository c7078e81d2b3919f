/** What the policies mean for a check, and who is wrong where scenario, policies and cluster are not of one mind. */
import { isDecidedByHeld } from '../../judge/held.ts';
import type { Fact } from '../text/block.ts';
import { count } from '../text/text.ts';
import type { CheckView, RunView, ScenarioView } from '../view/view.ts';
import { goneLines, untriedIssueLines } from './known-issues.ts';
import { describeRuling } from './ruling.ts';
import { describeLateNodes, describeUntried } from './scenario-notes.ts';

const AT_FAULT: Readonly<Record<Exclude<NonNullable<CheckView['disagreement']>, 'outside'>, string>> = {
  policy:
    'the policies, or the scenario: they say different things, and the cluster does what the policies say',
  cluster:
    'the cluster: scenario and policies agree, and it does something else. Look at the network plugin, and for policies that are not in the scenario',
  open: 'undecided: the specification does not define this case; write the policy so that it does',
};
/** What they mean is not predicted. */
const OF_OTHER_KINDS =
  'undecided: a policy of another kind decides this, and what it means podreach does not say. Ask the network plugin what it makes of it';
/** I7: policies speak of the opening of connections. */
const LEFT_OPEN =
  'undecided: the specification does not say what becomes of a connection that is open when policies change. Look at how the network plugin treats established connections';
/** What to do about a pair that something unknown cuts: it may be the safeguard that is relied on, or a fault that is mended tomorrow. */
const NAME_IT =
  'Find out what cuts it; if that is meant, say so in the scenario: "cutBy: others", and under "because" what it is';

/** The predicted state with what decides it, and who is wrong. Nothing for a record without predictions. */
export function opinionFacts(check: CheckView): Fact[] {
  return [
    ...(check.predicted === undefined
      ? []
      : [{ label: 'predicted', text: describePrediction(check.predicted, check.scenario) }]),
    ...(check.disagreement === undefined
      ? []
      : [{ label: 'at fault', text: describeFault(check, check.disagreement) }]),
  ];
}

function describeFault(check: CheckView, disagreement: NonNullable<CheckView['disagreement']>): string {
  if (isDecidedByHeld(check)) return LEFT_OPEN;
  if (disagreement === 'open' && isOfOtherKinds(check)) return OF_OTHER_KINDS;
  if (disagreement !== 'outside') return AT_FAULT[disagreement];
  if (check.cutBy !== undefined) {
    return check.predicted?.verdict === 'denied'
      ? 'what else is to cut it, and did not; nor did the cluster do what these policies say, which deny it as well'
      : 'not these policies: something else is to cut it, and did not. Look whether it is still there';
  }
  return check.verdict === 'inconclusive'
    ? `not these policies: they allow it, and something else cut it. ${NAME_IT}`
    : 'not these policies: they deny it, and something else lets it through as the scenario asks for';
}

function describePrediction(
  { grounds, ...answer }: NonNullable<CheckView['predicted']>,
  scenario: ScenarioView,
): string {
  return describeRuling(answer, scenario.grounds[grounds] ?? []);
}

export interface Warning {
  /** The name of a scenario, or the cluster. */
  readonly about: string;
  /** Can be understood without `about`. */
  readonly text: string;
  readonly location?: CheckView['declared'];
}

/** What the reader of a result must know besides: what is unusual about the cluster, what others decide, which nodes lag behind, what could not be tried. */
export function warningsOf({ environment, scenarios }: RunView): Warning[] {
  const others = environment.clusterPolicies?.join(', ') ?? 'a policy of the whole cluster';
  return [
    ...(environment.warnings ?? []).map((text) => ({ about: 'the cluster', text })),
    ...scenarios.flatMap((scenario) => {
      const { name, checks, location } = scenario;
      return [
        ...scenario.steps.flatMap((step) => {
          const late = describeLateNodes(step);
          const where = scenario.hasSteps ? `${step.title}: ` : '';
          return late === undefined ? [] : [{ about: name, text: `${name}: ${where}${late}`, location }];
        }),
        ...describeUntried(scenario).map((text) => ({ about: name, text: `${name}: ${text}`, location })),
        ...[...untriedIssueLines(scenario), ...goneLines(scenario)].map(({ text, issue }) => ({
          about: name,
          text,
          location: issue.location,
        })),
        ...warn(
          name,
          cutElsewhere(checks),
          (which) =>
            `cut off, and not by these policies (${which}), which allow it: so it is not proven. ${NAME_IT}`,
        ),
        ...warn(
          name,
          letThroughElsewhere(checks),
          (which) =>
            `open as expected, and not because of these policies (${which}), which deny it: something else lets it through, such as ${others}`,
        ),
      ];
    }),
  ];
}

/** @param say what is the matter with the checks, which are given as the first one and whether there are others */
function warn(about: string, checks: readonly CheckView[], say: (which: string) => string): Warning[] {
  const [first] = checks;
  if (first === undefined) return [];
  const which = `${first.title}${checks.length > 1 ? ' and others' : ''}`;
  const are = checks.length === 1 ? 'is' : 'are';
  return [
    {
      about,
      text: `${about}: ${count(checks.length, 'connection')} ${are} ${say(which)}`,
      location: first.declared,
    },
  ];
}

/** Checks that something else than the policies decided, and the scenario does not say so itself. */
export function decidedElsewhere(checks: readonly CheckView[]): CheckView[] {
  return [...cutElsewhere(checks), ...letThroughElsewhere(checks)];
}

/** Cut off as expected, although the policies allow it: not proven, because nobody knows what cuts it. */
export function cutElsewhere(checks: readonly CheckView[]): CheckView[] {
  return checks.filter((check) => isDecidedElsewhere(check) && check.verdict === 'inconclusive');
}

/** Open as expected, although the policies deny it. */
export function letThroughElsewhere(checks: readonly CheckView[]): CheckView[] {
  return checks.filter(
    (check) => isDecidedElsewhere(check) && (check.verdict === 'pass' || check.verdict === 'late'),
  );
}

function isDecidedElsewhere({ disagreement, cutBy }: CheckView): boolean {
  return disagreement === 'outside' && cutBy === undefined;
}

/** Whether policies of other kinds leave it open what is to be: no NetworkPolicy does, and no rule of the specification. */
export function isOfOtherKinds({ predicted, scenario }: Pick<CheckView, 'predicted' | 'scenario'>): boolean {
  return (
    predicted?.verdict === 'undefined' &&
    predicted.rule === undefined &&
    predicted.reason !== undefined &&
    (scenario.grounds[predicted.grounds] ?? []).length === 0
  );
}
