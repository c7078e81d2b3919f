/** What the oracle of each step says about its checks, for the record. */
import type { Trust } from '../cluster/cluster.ts';
import { addressIn, type Family } from '../model/family.ts';
import { nodesLeadingTo } from '../model/node-port.ts';
import { serviceKey } from '../model/service.ts';
import type { Oracle } from '../policy/oracle.ts';
import type { Places } from '../policy/parties.ts';
import type { Assumptions } from '../policy/peers.ts';
import type { Responsible } from '../policy/policy.ts';
import { type CheckedPair, flowsOf, ruleAll, type ServiceWhereabouts } from '../policy/through-service.ts';
import type { CheckDraft, RunDraft, ScenarioDraft } from '../record/draft.ts';
import type { Plan } from '../scenario/scenario.ts';
import type { DialledEnds } from './dial.ts';
import { endpointsFor } from './existing-services.ts';
import { addressOfPod } from './families.ts';
import type { RunningPods } from './provision.ts';

type Grounds = ScenarioDraft['grounds'];

const CALICO: Assumptions = { ipBlocksMatchPods: true, hostNetworkPodsAreNodes: true };
const CILIUM: Assumptions = { ipBlocksMatchPods: false, hostNetworkPodsAreNodes: true };

/** Of the network plugins whose way with an `ipBlock` that contains pods (I1), and with host-network pods (I5), is known. */
const KNOWN: Readonly<Record<string, Assumptions>> = {
  Calico: CALICO,
  Canal: CALICO,
  Cilium: CILIUM,
  'Cilium (GKE Dataplane V2)': CILIUM,
};

/** What may be taken for granted about the policies of a cluster: what its provider says or, failing that, its network plugin. */
export function assumptionsFor(trust: Trust, { networkPlugins = [] }: RunDraft['environment']): Assumptions {
  if (trust.kind === 'proven') {
    const { kind: _, ...ways } = trust;
    return ways;
  }
  const [only, ...others] = networkPlugins.filter(({ enforces }) => enforces);
  return (only === undefined || others.length > 0 ? undefined : KNOWN[only.name]) ?? {};
}

/** What the policies of each step mean, as far as it is known where its pods run: an `ipBlock` is about addresses. */
export class Foresight {
  readonly #plan: Plan;
  readonly #scenario: ScenarioDraft;
  readonly #assumptions: Assumptions;
  readonly #around: DialledSurroundings;
  readonly #oracles: OracleOf[];

  constructor(
    plan: Plan,
    scenario: ScenarioDraft,
    assumptions: Assumptions,
    around: DialledSurroundings = {},
  ) {
    this.#plan = plan;
    this.#scenario = scenario;
    this.#assumptions = assumptions;
    this.#around = around;
    this.#oracles = plan.steps.map((step) => step.oracle);
  }

  /** Predicts the checks of a step anew, and of those after it: from now on its pods run there. @param first its index */
  place(first: number, running: RunningPods): void {
    for (const [index, step] of this.#plan.steps.entries())
      if (index >= first) this.#oracles[index] = this.#placed(step.oracle, running);
    const { steps } = this.#scenario;
    const { predicted, grounds } = predictSteps(
      steps.map(({ checks }, index) => ({ oracle: this.#oracleOf(index), checks })),
      (check) => this.#whereaboutsOf(check, running),
    );
    this.#scenario.grounds = grounds;
    for (const [index, { checks }] of steps.entries())
      for (const [place, check] of checks.entries()) {
        const prediction = predicted[index]?.[place];
        if (prediction !== undefined) check.predicted = prediction;
      }
  }

  /** Pods have an address of each family: there is an oracle for each in which something is tried. */
  #placed(oracle: OracleOf, running: RunningPods): OracleOf {
    const known = new Map<Family | undefined, Oracle>();
    return (family) => {
      const placed = known.get(family) ?? oracle(family).placed(placesOf(running, family), this.#assumptions);
      known.set(family, placed);
      return placed;
    };
  }

  #whereaboutsOf(check: PredictedCheck, running: RunningPods): ServiceWhereabouts {
    const { to, port, protocol, family, path } = check;
    const { met, nodes } = this.#around;
    const existing = met?.get(to);
    if (existing !== undefined && family !== undefined) {
      const own = addressIn(family, existing.addresses);
      const endpoints = endpointsFor(existing, check, family);
      return { ...(own === undefined ? {} : { address: own }), endpoints };
    }
    const service = this.#scenario.services?.find((one) => serviceKey(one) === to);
    if (service === undefined || family === undefined) return {};
    const { ip, otherIps = [], ports } = service;
    const address = ip && addressIn(family, [ip, ...otherIps]);
    const { nodePort } = ports.find((own) => own.port === port && own.protocol === protocol) ?? {};
    const leading =
      path === 'nodePort' && nodes !== undefined
        ? nodesLeadingTo({ ...check, family }, nodes, (pod) => running.get(pod)?.node)
        : [];
    return {
      ...(address === undefined ? {} : { address }),
      ...(nodePort === undefined ? {} : { nodePort }),
      ...(leading.length === 0 ? {} : { nodes: leading }),
    };
  }

  /** Of a step, by its index. */
  #oracleOf(index: number): OracleOf {
    const oracle = this.#oracles[index];
    if (oracle === undefined) throw new RangeError(`there is no step ${index + 1}`);
    return oracle;
  }
}

function placesOf(running: RunningPods, family: Family | undefined): Places {
  return new Map(
    [...running].map(([key, pod]) => {
      const address = family === undefined ? pod.ip : addressOfPod(family, pod);
      return [key, { node: pod.node, ...(address === undefined ? {} : { address }) }];
    }),
  );
}

/** See `PlannedStep`. */
type OracleOf = (family?: Family) => Oracle;

interface PredictedCheck extends CheckedPair {
  readonly family?: Family;
}

/** What is around the pods of a scenario, as it is dialled. */
type DialledSurroundings = Pick<DialledEnds, 'met' | 'nodes'>;

interface Predictions {
  /** Of each step, in the order of its checks. */
  readonly predicted: readonly (readonly CheckDraft['predicted'][])[];
  /** What decides, each once: many checks have the same. */
  readonly grounds: Grounds;
}

/** Predicts the checks of steps, with what decides each. */
export function predictSteps(
  steps: readonly { readonly oracle: OracleOf; readonly checks: readonly PredictedCheck[] }[],
  whereaboutsOf: (check: PredictedCheck) => ServiceWhereabouts = () => ({}),
): Predictions {
  const grounds: Grounds = [];
  /** By what they say. */
  const known = new Map<string, number>();
  const predicted = steps.map(({ oracle, checks }) => {
    const numberOf = numbering(grounds, known);
    return checks.map((check): CheckDraft['predicted'] => {
      const { answer, responsible } = ruleAll(oracle(check.family), flowsOf(check, whereaboutsOf(check)));
      const index = numberOf(responsible);
      switch (answer.verdict) {
        case 'undefined':
          return {
            verdict: 'undefined',
            grounds: index,
            reason: answer.reason,
            ...(answer.rule === undefined ? {} : { rule: answer.rule }),
          };
        case 'partial':
          return { verdict: 'partial', grounds: index, denied: [...answer.denied] };
        default:
          return { verdict: answer.verdict, grounds: index };
      }
    });
  });
  return { predicted, grounds };
}

/** Finds what decides among the grounds of all steps, or adds it. What one oracle has said before is not written out to be found. */
function numbering(
  grounds: Grounds,
  known: Map<string, number>,
): (responsible: readonly Responsible[]) => number {
  const parts = new Map<Responsible, number>();
  const found = new Map<string, number>();
  const partOf = (one: Responsible): number => {
    const number = parts.get(one) ?? parts.size;
    parts.set(one, number);
    return number;
  };
  return (responsible) => {
    const key = responsible.map(partOf).join();
    const before = found.get(key);
    if (before !== undefined) return before;
    const own = groundsOf(responsible);
    const text = JSON.stringify(own);
    const index = known.get(text) ?? grounds.push(own) - 1;
    known.set(text, index);
    found.set(key, index);
    return index;
  };
}

function groundsOf(responsible: readonly Responsible[]): Grounds[number] {
  return responsible.map(({ direction, policy, rule, location }) => ({
    direction,
    policy,
    ...(rule === undefined ? {} : { rule: rule + 1 }),
    ...(location === undefined ? {} : { location }),
  }));
}
