/** What the oracle says about each check of a scenario, for the record. */
import type { Trust } from '../cluster/cluster.ts';
import { objectKey } from '../keys.ts';
import { flowBetween, type PodPair } from '../policy/model.ts';
import type { Oracle } from '../policy/oracle.ts';
import type { Places } from '../policy/parties.ts';
import type { Assumptions } from '../policy/peers.ts';
import type { Responsible } from '../policy/policy.ts';
import type { CheckDraft, RunDraft, ScenarioDraft } from '../record/draft.ts';
import type { Plan } from '../scenario/scenario.ts';

type Grounds = ScenarioDraft['grounds'];

/** Of the network plugins whose way with an `ipBlock` that contains pods is known (I1). */
const MATCHES_PODS: Readonly<Record<string, boolean>> = {
  Calico: true,
  Canal: true,
  Cilium: false,
  'Cilium (GKE Dataplane V2)': false,
};

/** What may be taken for granted about the policies of a cluster: what its provider says or, failing that, its network plugin. */
export function assumptionsFor(trust: Trust, { networkPlugins = [] }: RunDraft['environment']): Assumptions {
  if (trust.kind === 'proven') return { ipBlocksMatchPods: trust.ipBlocksMatchPods };
  const [only, ...others] = networkPlugins.filter(({ enforces }) => enforces);
  const matches = only === undefined || others.length > 0 ? undefined : MATCHES_PODS[only.name];
  return matches === undefined ? {} : { ipBlocksMatchPods: matches };
}

/**
 * Predicts a scenario's checks anew, now that it is known where its pods run: an `ipBlock` is about addresses.
 * @returns the oracle that knows it
 */
export function predictPlaced(plan: Plan, scenario: ScenarioDraft, assumptions: Assumptions): Oracle {
  const oracle = plan.steps[0].oracle().placed(placesOf(scenario), assumptions);
  const { predicted, grounds } = predictChecks(oracle, plan.steps[0].checks);
  scenario.grounds = grounds;
  for (const [index, check] of scenario.steps[0].checks.entries()) {
    const prediction = predicted[index];
    if (prediction !== undefined) check.predicted = prediction;
  }
  return oracle;
}

function placesOf({ pods }: ScenarioDraft): Places {
  return new Map(
    pods.map((pod) => {
      const { ip, node } = pod;
      const address = ip === undefined ? {} : { address: ip };
      return [objectKey(pod), { ...address, ...(node === undefined ? {} : { node }) }];
    }),
  );
}

export interface Predictions {
  /** In the order of the checks. */
  readonly predicted: readonly CheckDraft['predicted'][];
  /** What decides, each once: many checks have the same. */
  readonly grounds: Grounds;
}

/** Predicts every check, with what decides it. */
export function predictChecks(oracle: Oracle, checks: readonly PodPair[]): Predictions {
  const grounds: Grounds = [];
  const known = new Map<string, number>();
  const numbers = new Map<Responsible, number>();
  const numberOf = (one: Responsible): number => {
    const number = numbers.get(one) ?? numbers.size;
    numbers.set(one, number);
    return number;
  };
  const predicted = checks.map((check): CheckDraft['predicted'] => {
    const { answer, responsible } = oracle.rule(flowBetween(check));
    const key = responsible.map(numberOf).join();
    const index = known.get(key) ?? grounds.push(groundsOf(responsible)) - 1;
    known.set(key, index);
    return answer.verdict === 'undefined'
      ? {
          verdict: 'undefined',
          grounds: index,
          reason: answer.reason,
          ...(answer.rule === undefined ? {} : { rule: answer.rule }),
        }
      : { verdict: answer.verdict, grounds: index };
  });
  return { predicted, grounds };
}

function groundsOf(responsible: readonly Responsible[]): Grounds[number] {
  return responsible.map(({ direction, policy, rule, location }) => ({
    direction,
    policy,
    ...(rule === undefined ? {} : { rule: rule + 1 }),
    ...(location === undefined ? {} : { location }),
  }));
}
