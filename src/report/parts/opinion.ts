/** What the policies mean for a check, and who is wrong where scenario, policies and cluster are not of one mind. */
import type { CheckRecord, RunRecord, ScenarioRecord } from '../../record.ts';
import type { Fact } from '../text/block.ts';
import { count } from '../text/text.ts';
import { describeLocation, describePair } from './describe.ts';

/** Of more than this, the first ones tell enough. */
const NAMED = 3;

const AT_FAULT: Readonly<Record<NonNullable<CheckRecord['disagreement']>, string>> = {
  policy:
    'the policies, or the scenario: they say different things, and the cluster does what the policies say',
  cluster:
    'the cluster: scenario and policies agree, and it does something else. Look at the network plugin, and for policies that are not in the scenario',
  outside:
    'not these policies: the cluster does what the scenario asks for, and they do not say so. Something else decides',
  open: 'undecided: the specification does not define this case; write the policy so that it does',
};

/** The predicted state with what decides it, and who is wrong. Nothing for a record without predictions. */
export function opinionFacts(check: CheckRecord, scenario: ScenarioRecord): Fact[] {
  return [
    ...(check.predicted === undefined
      ? []
      : [{ label: 'predicted', text: describePrediction(check.predicted, scenario) }]),
    ...(check.disagreement === undefined ? [] : [{ label: 'at fault', text: AT_FAULT[check.disagreement] }]),
  ];
}

/** `denied by the ingress of policy shop/deny (policies.yaml:3)` */
function describePrediction(
  { verdict, grounds, rule, reason }: NonNullable<CheckRecord['predicted']>,
  scenario: ScenarioRecord,
): string {
  const deciding = (scenario.grounds[grounds] ?? []).map(
    ({ direction, policy, rule: number, location }) =>
      `${number === undefined ? `the ${direction} of` : `${direction} rule ${number} of`} policy ${policy}${location === undefined ? '' : ` (${describeLocation(location)})`}`,
  );
  const more = deciding.length - NAMED;
  const list = [...deciding.slice(0, NAMED), ...(more > 0 ? [`${more} more`] : [])].join(', ');
  if (verdict === 'undefined') {
    const why = [rule, reason].filter((part) => part !== undefined).join(': ');
    return `left open${why === '' ? '' : ` (${why})`}${list === '' ? '' : `; it depends on ${list}`}`;
  }
  if (list === '') return `${verdict}: no policy has a say`;
  return `${verdict} by ${list}`;
}

export interface Warning {
  /** The name of a scenario, or the cluster. */
  readonly about: string;
  /** Can be understood without `about`. */
  readonly text: string;
  readonly location?: CheckRecord['declared'];
}

/** What the reader of a result must know besides: what is unusual about the cluster, and what passed for another reason. */
export function warningsOf({ environment, scenarios }: RunRecord): Warning[] {
  return [
    ...(environment.warnings ?? []).map((text) => ({ about: 'the cluster', text })),
    ...scenarios.flatMap(({ name, checks }) => {
      const others = decidedElsewhere(checks);
      const [first] = others;
      if (first === undefined) return [];
      const text = `${name}: ${count(others.length, 'check')} came out as expected, and not because of these policies (${describePair(first)}${others.length > 1 ? ' and others' : ''}): something else decides, such as a policy of the whole cluster`;
      return [{ about: name, text, location: first.declared }];
    }),
  ];
}

/** Checks that came out as expected although the policies do not say so: they are no proof of these policies. */
export function decidedElsewhere(checks: readonly CheckRecord[]): CheckRecord[] {
  return checks.filter(({ disagreement }) => disagreement === 'outside');
}
