/** Many sets of policies on many topologies, side by side, and what is left of a set on which oracle and packets differ. */
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { World } from '../../src/policy/model.ts';
import { compile } from '../../src/policy/oracle.ts';
import { renderTrace } from '../../src/policy/render-trace.ts';
import type { Manifest } from '../policy/arbitraries.ts';
import {
  type Arena,
  type Disagreement,
  type Ground,
  openArena,
  type Predict,
  policySets,
  predictByOracle,
  type Trial,
} from './arena.ts';

export interface Campaign {
  readonly seed: number;
  readonly topologies: number;
  /** Tried on each topology. */
  readonly setsEach: number;
  /** For how long a set that fails is shrunk: then it is told as small as it is. Default: to the end. */
  readonly shrinkMs?: number;
  readonly predict?: Predict;
  readonly progress?: (sets: number) => void;
}

export interface CampaignResult {
  readonly sets: number;
  readonly flows: number;
  /** Left open by the specification, and not compared. */
  readonly undefined: number;
  /** One for each topology on which there was any, shrunk. */
  readonly failures: readonly Failure[];
  /** What was seen on topologies where it did not come again with the same policies: the machine's, not the rules'. */
  readonly passing: readonly Disagreement[];
}

export interface Failure {
  readonly kind: 'failure';
  readonly world: World;
  readonly policies: readonly Manifest[];
  readonly disagreements: readonly Disagreement[];
}

interface Passing {
  readonly kind: 'passing';
  readonly disagreements: readonly Disagreement[];
}

/** Runs all topologies of a campaign side by side. A set that fails is shrunk before its topology gives up. */
export async function runCampaign(campaign: Campaign, ground: Ground): Promise<CampaignResult> {
  const { seed, topologies, setsEach, shrinkMs, predict = predictByOracle, progress } = campaign;
  const count = { sets: 0, flows: 0, undefined: 0 };
  const note = (trial: Trial): void => {
    count.sets += 1;
    count.flows += trial.flows;
    count.undefined += trial.undefined;
    progress?.(count.sets);
  };
  const findings = await Promise.all(
    Array.from({ length: topologies }, async (_, index) => {
      const name = `${seed}-${index}`;
      // No two topologies of any two campaigns draw the same.
      const own = seed * 1000 + index;
      const arena = await openArena(name, own, ground, predict);
      return findFailure(name, arena, { seed: own, setsEach, shrinkMs, signal: ground.signal, note });
    }),
  );
  return {
    ...count,
    failures: findings.flatMap((finding) => (finding?.kind === 'failure' ? [finding] : [])),
    passing: findings.flatMap((finding) => (finding?.kind === 'passing' ? finding.disagreements : [])),
  };
}

interface Search {
  readonly seed: number;
  readonly setsEach: number;
  readonly shrinkMs: number | undefined;
  readonly signal: AbortSignal;
  readonly note: (trial: Trial) => void;
}

async function findFailure(
  name: string,
  arena: Arena,
  { seed, setsEach, shrinkMs = Number.POSITIVE_INFINITY, signal, note }: Search,
): Promise<Failure | Passing | undefined> {
  let seen: readonly Disagreement[] = [];
  let shrinkUntil = Number.POSITIVE_INFINITY;
  const breakdowns: unknown[] = [];
  const property = fc.asyncProperty(policySets(name, arena), async (policies) => {
    signal.throwIfAborted();
    // As if nothing smaller failed.
    if (performance.now() >= shrinkUntil) return true;
    try {
      const trial = await arena.try(policies);
      note(trial);
      if (trial.disagreements.length === 0) return true;
      seen = trial.disagreements;
      shrinkUntil = Math.min(shrinkUntil, performance.now() + shrinkMs);
      return false;
    } catch (thrown) {
      breakdowns.push(thrown);
      throw thrown;
    }
  });
  const details = await fc.check(property, { seed, numRuns: setsEach });
  signal.throwIfAborted();
  if (breakdowns.length > 0) throw breakdowns[0];
  if (!details.failed) return undefined;
  const [policies = []] = details.counterexample ?? [];
  const { disagreements } = await arena.try(policies);
  if (disagreements.length === 0) return { kind: 'passing', disagreements: seen };
  return { kind: 'failure', world: { ...arena.world, policies: [] }, policies, disagreements };
}

/** A failure as a scenario that can be run by itself: it expects what the oracle predicts, and says why. */
export function describeFailure(name: string, { world, policies, disagreements }: Failure): string {
  const { pods, namespaces = [] } = world;
  const oracle = compile(
    {
      ...world,
      policies: policies.map((object) => ({ ...object.metadata, object })),
    },
    { ipBlocksMatchPods: true },
  );
  const rules = (verdict: Disagreement['predicted']): object[] =>
    disagreements
      .filter(({ predicted }) => predicted === verdict)
      .map(({ flow: { from, to, port, protocol } }) => ({
        from: from.kind === 'pod' ? from.pod : '',
        to: `${to.kind === 'pod' ? to.pod : ''}:${port}/${protocol}`,
      }));
  const document = {
    apiVersion: 'podreach/v1',
    kind: 'Scenario',
    name,
    description: 'Oracle and packets differ here. What is expected is what the oracle predicts.',
    namespaces: Object.fromEntries(namespaces.map(({ name: key, labels }) => [key, { labels }])),
    pods: Object.fromEntries(
      pods.map(({ namespace, name: pod, labels, ports }) => [`${namespace}/${pod}`, { labels, ports }]),
    ),
    policies,
    reachable: rules('allowed'),
    unreachable: rules('denied'),
  };
  const traces = disagreements
    .slice(0, 3)
    .map(({ flow, observed }) => `${renderTrace(oracle.explain(flow))}\nSeen: ${observed}`);
  const comment = traces.join('\n\n').replaceAll(/^/gm, '# ').replaceAll(/ +$/gm, '');
  return `${comment}\n${stringify(document)}`;
}
