/** What holds for a scenario as a whole and bears on all of its verdicts: when its policies were in force, and whether they were taken away again. */
import { FAMILIES } from '../../model/family.ts';
import { serviceKey } from '../../model/service.ts';
import { type Action, whatIn } from '../../model/step.ts';
import type { StepRecord } from '../../record/schema.ts';
import { count, duration } from '../text/text.ts';
import type { CheckView, ScenarioView } from '../view/view.ts';
import { cutEvidenceOf } from './evidence.ts';

/** When nodes showed that they had taken up the policies. */
export type Force = readonly NonNullable<StepRecord['force']>[number][];

interface Forced {
  readonly force?: Force;
  readonly actions?: readonly Pick<Action, 'kind'>[];
}

/** The nodes that have not. */
export function lateNodes({ force = [] }: Forced): string[] {
  return force.flatMap(({ node, turnedMs }) => (turnedMs === undefined ? [node] : []));
}

/** When each node showed that it had: `node-1 after 212 ms, node-2 not within the time`. Undefined where nobody looked. */
export function describeForce({
  steps,
  hasSteps,
}: Pick<ScenarioView, 'steps' | 'hasSteps'>): string | undefined {
  const told = steps.flatMap(({ force, title }) => {
    if (force.length === 0) return [];
    const turns = force.map(({ node, turnedMs }) =>
      turnedMs === undefined ? `${node} not within the time` : `${node} after ${duration(turnedMs)}`,
    );
    return [`${hasSteps ? `${title}: ` : ''}${turns.join(', ')}`];
  });
  return told.length === 0 ? undefined : told.join('; ');
}

/** `node-2 has not taken up the policies …`; undefined where all nodes have. */
export function describeLateNodes(step: Forced): string | undefined {
  const nodes = lateNodes(step);
  if (nodes.length === 0) return undefined;
  const have = nodes.length === 1 ? 'has' : 'have';
  return `${nodes.join(', ')} ${have} not taken up the ${whatIn(step)} within the time: what is seen there is not about them, and its checks are inconclusive`;
}

/** The checks that were not made because a Service that was there already lacks their family, for each of these. */
export function describeUntried({ existingServices = [] }: Pick<ScenarioView, 'existingServices'>): string[] {
  return existingServices.flatMap(({ untried, ...service }) => {
    if (untried === undefined) return [];
    const { family, checks } = untried;
    const were = checks === 1 ? 'was' : 'were';
    const [other] = FAMILIES.filter((one) => one !== family);
    return [
      `${serviceKey(service)} has no ${family} on this cluster, and ${count(checks, 'check')} of it ${were} not made for that. A rule with "families: [${other}]" says that this is meant`,
    ];
  });
}

/** That the closing control was left out, and what that means; undefined where it was not, or where nothing was cut off. */
export function describeLeftOut(scenario: ScenarioView): string | undefined {
  if (scenario.closingControl !== 'left-out') return undefined;
  const lacks = (check: CheckView): boolean => cutEvidenceOf(check)?.withoutPolicies === 'left-out';
  if (!scenario.checks.some(lacks)) return undefined;
  return 'closing control left out: the run keeps its policies (--keep). What was cut off was not tried again without them, so anything else that began to cut it during the run would not have been noticed';
}
