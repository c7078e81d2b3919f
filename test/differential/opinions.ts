/** What is thought of policies, and what packets say to it. */
import type { Family } from '../../src/model/family.ts';
import type { PolicyVerdict } from '../../src/policy/match.ts';
import type { Flow, World } from '../../src/policy/model.ts';
import { compile, type Oracle } from '../../src/policy/oracle.ts';
import type { Assumptions } from '../../src/policy/peers.ts';
import { act, type ClusterState, type Declared } from '../../src/scenario/state.ts';
import type { Aim, ServiceWay } from './aims.ts';

/** What is thought of a cluster. */
export interface Opinion {
  /** What policies mean for the pods and namespaces of a moment. */
  readonly predict: (world: World) => Pick<Oracle, 'evaluate'>;
  /** What becomes of a state by an action. */
  readonly act: typeof act;
}

/** The ways of the sandbox where the specification leaves it open. */
export const SANDBOX: Assumptions = {
  ipBlocksMatchPods: true,
  hostNetworkPodsAreNodes: true,
  ipBlocksMatchHostNetwork: true,
  servicesAreTranslatedFirst: true,
  nodePortsHideSourceElsewhere: true,
};

/** That of podreach. Tests put others in its place. */
export const OPINION: Opinion = {
  predict: (world) => compile(world, SANDBOX),
  act,
};

/** What there is, as it is seen in each family: pods have an address of both. */
export type Worlds = Readonly<Record<Family, World>>;

/** A flow on which an opinion and packets differ. */
export interface Disagreement {
  readonly flow: Flow;
  /** Of the addresses of the flow. */
  readonly family: Family;
  readonly predicted: 'allowed' | 'denied';
  /** What the probe saw: `connected`, `timeout`, `refused`, `wrong-peer` or `error`. */
  readonly observed: string;
  /** The Service through which it goes, where a scenario can expect of the way there what is predicted. */
  readonly way?: ServiceWay;
}

/** A flow that was tried. */
export type Compared = Omit<Disagreement, 'predicted'> & { readonly predicted: PolicyVerdict };

/** An opinion that is followed through the states of a sequence. */
export class Follower {
  readonly #opinion: Opinion;
  readonly #declared: Declared;
  /** What it takes the cluster to be. */
  state: ClusterState;
  #oracles: Readonly<Record<Family, Pick<Oracle, 'evaluate'>>> | undefined;

  constructor(opinion: Opinion, declared: Declared, state: ClusterState) {
    this.#opinion = opinion;
    this.#declared = declared;
    this.state = state;
  }

  act(action: Parameters<typeof act>[0]): void {
    this.state = this.#opinion.act(action, this.state, this.#declared);
  }

  /** @param worlds of its state */
  look(worlds: Worlds): void {
    const { predict } = this.#opinion;
    this.#oracles = { IPv4: predict(worlds.IPv4), IPv6: predict(worlds.IPv6) };
  }

  /** What it says of the flows of an aim in the worlds that it was shown, beside what these showed. */
  compare({ family, flows, way }: Aim, observed: readonly string[]): readonly Compared[] {
    const compared = flows.map(({ flow }, index) => ({
      flow,
      family,
      predicted: this.#oracles?.[family].evaluate(flow).verdict ?? 'undefined',
      observed: observed[index] ?? '',
    }));
    const isOne = new Set(compared.map(({ predicted }) => predicted)).size === 1;
    return way?.isOrdinary === true && isOne ? compared.map((one) => ({ ...one, way })) : compared;
  }
}

/** A broken attempt agrees with nothing; what the rules leave open agrees with everything. */
export function isDisagreement<One extends Compared>(one: One): one is One & Disagreement {
  if (one.predicted === 'undefined') return false;
  return one.observed !== (one.predicted === 'allowed' ? 'connected' : 'timeout');
}
