/** Rules that ask what becomes of open connections: before the step acts one must be open, and both its ends must outlast the step. */
import type { Problem } from '../errors.ts';
import { namespaceOf } from '../keys.ts';
import { isPod, isService } from '../model/endpoint.ts';
import { describeConnection } from '../pair.ts';
import type { DeclaredConnection } from './declarations.ts';
import { statementOn } from './expectations.ts';
import type { FollowedStep } from './follow.ts';
import { problemAt } from './mark.ts';
import { targetKey } from './select.ts';
import { podsAnswering, type Services } from './services.ts';
import { objectOf } from './state.ts';

/** One problem for each rule and each reason why connections of it cannot be held. @param services of the scenario */
export function* checkHeld(steps: readonly FollowedStep[], services: Services): Generator<Problem> {
  for (const [index, step] of steps.entries()) {
    for (const { rule, connections } of step.declared) {
      if (rule.held === undefined) continue;
      const found = connections.flatMap((connection) => {
        const obstacle = obstacleTo(connection, step, steps[index - 1], services);
        return obstacle === undefined ? [] : [{ connection, obstacle }];
      });
      for (const group of Map.groupBy(found, ({ obstacle }) => obstacle.hint).values()) {
        const [first] = group;
        if (first === undefined) continue;
        const { from, to, port } = first.connection;
        const pair = describeConnection({ from, to, port: port.port, protocol: port.protocol });
        const more = group.length > 1 ? ` (and ${group.length - 1} more of this rule)` : '';
        yield problemAt(rule.mark, `no connection of ${pair} can be held: ${first.obstacle.why}${more}`, {
          hint: first.obstacle.hint,
        });
      }
    }
  }
}

interface Obstacle {
  readonly why: string;
  readonly hint: string;
}

const OTHERWISE = 'or take it out with "except" and write a rule of its own without "held".';

/** @param before absent: there is no policy yet, and every pair connects */
function obstacleTo(
  connection: DeclaredConnection,
  after: FollowedStep,
  before: FollowedStep | undefined,
  services: Services,
): Obstacle | undefined {
  const { from, to, port } = connection;
  if (port.protocol !== 'TCP')
    return { why: `${port.protocol} has none`, hint: `Name TCP ports only, ${OTHERWISE}` };
  if (isService(to) && !services.has(to))
    return {
      why: `${to} is there already, and only podreach's own probes send heartbeats back`,
      hint: `Name pods, hosts and Services of the scenario only, ${OTHERWISE}`,
    };
  const answering = podsAnswering(connection, (before ?? after).state, services);
  for (const pod of [from, ...answering].filter(isPod)) {
    const why = whyNotThrough(pod, after.state.pods.has(pod), after.step, before);
    if (why !== undefined)
      return { why, hint: `A connection ends with its pods: let them be until a later step, ${OTHERWISE}` };
  }
  const [behind] = answering;
  if (behind === undefined)
    return {
      why: `nobody stood behind ${to} before`,
      hint: `Let a pod stand there in an earlier step, ${OTHERWISE}`,
    };
  const still = new Set(podsAnswering(connection, after.state, services));
  const left = answering.find((pod) => !still.has(pod));
  if (left !== undefined)
    return {
      why: `this step takes ${left} from ${to}`,
      hint: `A connection stays with the pod that it is open to: let that be until a later step, ${OTHERWISE}`,
    };
  if (before === undefined) return undefined;
  const said = statementOn(before.expectations, connection, targetKey(connection));
  return said?.expected === 'reachable'
    ? undefined
    : {
        why: 'it was not to be reachable in the step before',
        hint: `Say in an earlier step that it is reachable, ${OTHERWISE}`,
      };
}

/** Why no connection of a pod outlasts a step. */
function whyNotThrough(
  pod: string,
  isThere: boolean,
  step: FollowedStep['step'],
  before: FollowedStep | undefined,
): string | undefined {
  const was = before === undefined ? isThere : before.state.pods.has(pod);
  if (!was) return `${pod} was not there before`;
  const actions = step?.actions ?? [];
  const isDone = (kind: 'replace' | 'remove', object: string): boolean =>
    actions.some((action) => action.kind === kind && objectOf(action) === object);
  if (isDone('replace', pod)) return `this step replaces ${pod}`;
  const isRemoved = isDone('remove', pod) || isDone('remove', `namespace/${namespaceOf(pod)}`);
  return isRemoved || !isThere ? `this step removes ${pod}` : undefined;
}
