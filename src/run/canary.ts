/**
 * Stage 0: does this cluster enforce policies at all, on every node, in both directions? Without that every "unreachable" would be
 * luck. The outposts of each node must connect, a deny-all must cut them off, and an allow must bring them back.
 */
import { type Location, PodreachError } from '../errors.ts';
import { passedControl } from '../judge/judge.ts';
import { objectKey } from '../keys.ts';
import type { Check, Expectation } from '../model/check.ts';
import { newestOf } from '../model/observation.ts';
import type { Direction } from '../policy/isolation.ts';
import { compile } from '../policy/oracle.ts';
import { CANARY } from '../progress.ts';
import { Attempts, type CheckDraft, type RunDraft } from '../record/draft.ts';
import type { Plan, PlannedPolicy, PlannedStep } from '../scenario/scenario.ts';
import { applyPolicies } from './apply.ts';
import type { Owning, Requesting } from './context.ts';
import { Evidence } from './evidence.ts';
import { GUARDED, guardPolicy, OUTPOST_PORT, type Outpost, unguard } from './outposts.ts';
import { Foresight } from './predict.ts';
import type { RunningPod, RunningPods } from './provision.ts';
import type { Stage } from './round.ts';
import { startScenario } from './start-record.ts';
import { controlAtStart } from './steps/controls.ts';
import { runSteps, type Stepping } from './steps/steps.ts';

export type CanaryRecord = NonNullable<RunDraft['environment']['canary']>;
/** What enforcement is proven with. */
export type Proving = Stepping & Requesting<'delete'>;

/** One pair, and the node whose enforcement it proves. */
interface Pair {
  readonly from: string;
  readonly to: string;
  readonly node: string;
  readonly direction: Direction;
  /** Both pods run there. */
  readonly isInside: boolean;
}

/**
 * Proves that every node with outposts enforces policies. Its policies stay until {@link removeCanaryPolicies}.
 * @param plugins what is known of the network plugins, for the error
 * @throws PodreachError `not-enforcing` naming the nodes; `provision-failed` where pods cannot connect even without any policy; what
 *   applying throws
 */
export async function proveEnforcement(
  outposts: readonly Outpost[],
  plugins: string,
  context: Proving,
): Promise<CanaryRecord> {
  const pods = new Map(
    outposts.flatMap(({ open, guarded }) => [open, guarded].map((pod) => [objectKey(pod), pod] as const)),
  );
  const trial: Trial = { pairs: pairsOf(outposts), pods, plugins };
  const [enforcedMs, restoredMs] = await goThrough(trial, canaryPlan(trial, outposts), context);
  return {
    nodes: outposts.map(({ node }) => ({
      name: node,
      enforcedMs: enforcedMs?.get(node) ?? 0,
      restoredMs: restoredMs?.get(node) ?? 0,
    })),
    enforcedMs: Math.max(...(enforcedMs?.values() ?? [])),
  };
}

/** Takes the canary's policies away. @throws what the API server says */
export async function removeCanaryPolicies(context: Requesting<'delete'> & Owning): Promise<void> {
  for (const { name } of [DENY, ALLOW]) await unguard(name, context);
}

/**
 * On each node one pod stays open and one is guarded, so that a cut proves which end enforced it: into the guarded pod its node's
 * ingress, out of it its node's egress. Each is tried inside the node, and between it and the next.
 */
function pairsOf(outposts: readonly Outpost[]): Pair[] {
  return outposts.flatMap(({ node, open, guarded }, index) => {
    const next = outposts[(index + 1) % outposts.length]?.open ?? open;
    const partners: readonly RunningPod[] = next === open ? [open] : [open, next];
    return partners.flatMap((partner): Pair[] => [
      {
        from: objectKey(partner),
        to: objectKey(guarded),
        node,
        direction: 'ingress',
        isInside: partner === open,
      },
      {
        from: objectKey(guarded),
        to: objectKey(partner),
        node,
        direction: 'egress',
        isInside: partner === open,
      },
    ]);
  });
}

interface Trial {
  readonly pairs: readonly Pair[];
  readonly pods: RunningPods;
  readonly plugins: string;
}

/**
 * The steps of the canary: nothing; a deny-all, which cuts every pair; an allow, which brings them back. So whatever connects at last has
 * been let through: there is no older state to be mistaken for the new one, and no floor to wait for.
 * @returns of each of the two last, how long each node took
 */
async function goThrough(
  trial: Trial,
  plan: Plan,
  context: Proving,
): Promise<readonly ReadonlyMap<string, number>[]> {
  const scenario = startScenario(plan);
  const beganMs = context.clock.now();
  // Without witnesses: the pairs of the canary are the ways between nodes themselves.
  const stage: Stage = {
    pods: trial.pods,
    beganMs,
    evidence: new Evidence(beganMs),
    attempts: new Attempts(),
    noteSetbacks: () => {},
  };
  const unconnected = (await controlAtStart(scenario, stage, context)).filter(
    (check) => !passedControl(check),
  );
  if (unconnected.length > 0) throw notConnected(unconnected, trial);
  const times: ReadonlyMap<string, number>[] = [];
  // Without a closing control: the last step is that of the one before.
  await runSteps(
    {
      plan,
      scenario,
      stage,
      foresight: new Foresight(plan, scenario, {}, new Map()),
      inPhase: (_, work) => work(),
      async act(step, running) {
        await applyUnplaced(step.applied, context);
        return running;
      },
      onJudged({ index, draft }) {
        if (index > 0) times.push(timesOf(draft.checks, index === 1 ? DENY : ALLOW, trial));
      },
    },
    { ...context, timing: { ...context.timing, settleFloorMs: 0 } },
  );
  return times;
}

/** These policies stand in no file that the user could correct. @throws what the API server says */
async function applyUnplaced(policies: readonly PlannedPolicy[], context: Proving): Promise<void> {
  try {
    await applyPolicies(policies, context);
  } catch (thrown) {
    throw thrown instanceof PodreachError && thrown.cause instanceof PodreachError ? thrown.cause : thrown;
  }
}

/** @returns how long each node took @throws PodreachError `not-enforcing` */
function timesOf(checks: readonly CheckDraft[], policy: PolicyForm, trial: Trial): Map<string, number> {
  const slowest = new Map<string, number>();
  const failed: Failed[] = [];
  for (const { id, verdict, reason = '', settledMs = 0 } of checks) {
    const pair = trial.pairs[id];
    if (pair === undefined) continue;
    if (verdict === 'pass') slowest.set(pair.node, Math.max(slowest.get(pair.node) ?? 0, settledMs));
    else failed.push({ pair, reason, isUnclear: verdict === 'inconclusive' });
  }
  if (failed.length > 0) throw notEnforcing(failed, policy, trial);
  return slowest;
}

const LOCATION: Location = { file: CANARY, line: 1, column: 1 };

function canaryPlan({ pairs }: Trial, outposts: readonly Outpost[]): Plan {
  const namespaces = [...new Set(outposts.map(({ guarded }) => guarded.namespace))].map((name) => ({
    name,
    labels: {},
  }));
  const ports = [{ port: OUTPOST_PORT, protocol: 'TCP' as const }];
  const pods = outposts.flatMap(({ open, guarded }) => [
    { ...nameOf(open), labels: {}, ports },
    { ...nameOf(guarded), labels: GUARDED, ports },
  ]);
  const [{ name: namespace } = { name: '' }] = namespaces;
  const stepWith = (
    applied: readonly PlannedPolicy[],
    policies: readonly PlannedPolicy[],
    checks: readonly Check[],
  ): PlannedStep => ({
    location: LOCATION,
    actions: [],
    applied,
    namespaces,
    pods,
    policies,
    oracle: () => compile({ namespaces, pods, policies }),
    checks,
  });
  const deny = plannedPolicy(DENY, namespace);
  const allow = plannedPolicy(ALLOW, namespace);
  return {
    scenario: { name: CANARY, tags: [], location: LOCATION },
    namespaces,
    pods,
    steps: [
      stepWith([], [], []),
      stepWith([deny], [deny], checksOf(pairs, 'unreachable')),
      stepWith([allow], [deny, allow], checksOf(pairs, 'reachable')),
    ],
    idleExceptions: [],
    accepted: [],
  };
}

function nameOf({ namespace, name }: RunningPod) {
  return { namespace, name };
}

function plannedPolicy({ name, rules }: PolicyForm, namespace: string): PlannedPolicy {
  const object = guardPolicy({ namespace, name }, rules);
  return { namespace, name, text: JSON.stringify(object), object, location: LOCATION };
}

function checksOf(pairs: readonly Pair[], expected: Expectation): Check[] {
  return pairs.map(({ from, to }, id) => ({
    id,
    from,
    to,
    port: OUTPOST_PORT,
    protocol: 'TCP',
    family: 'IPv4',
    expected,
    declared: LOCATION,
  }));
}

interface PolicyForm {
  readonly name: string;
  readonly rules: object;
}

const BOTH_WAYS = ['Ingress', 'Egress'];
const DENY: PolicyForm = { name: 'deny-all', rules: { policyTypes: BOTH_WAYS } };
const ALLOW: PolicyForm = {
  name: 'allow-all',
  rules: { policyTypes: BOTH_WAYS, ingress: [{}], egress: [{}] },
};

interface Failed {
  readonly pair: Pair;
  readonly reason: string;
  /** Nothing was proven, one way or the other. */
  readonly isUnclear: boolean;
}

function notConnected(checks: readonly CheckDraft[], { pods, pairs }: Trial): PodreachError {
  const failed = ofOwnNode(
    checks.flatMap((check) => {
      const pair = pairs[check.id];
      return pair === undefined ? [] : [{ pair, check }];
    }),
  );
  const nodes = new Set(
    failed.flatMap(({ pair }) => [pair.from, pair.to].flatMap((key) => pods.get(key)?.node ?? [])),
  );
  const [{ pair, check } = {}] = failed;
  const last = check && newestOf(check);
  const seen = last === undefined ? 'not tried' : [last.outcome, last.detail].filter(Boolean).join(': ');
  return new PodreachError(
    'provision-failed',
    `probe pods cannot connect even without any policy, on ${listNodes([...nodes])} (${podOf(pair?.from)} to ${podOf(pair?.to)}: ${seen})`,
    {
      hint: 'Look at the network plugin on these nodes; a cluster-wide policy that denies by default has the same effect.',
    },
  );
}

function podOf(key: string | undefined): string {
  return key?.split('/').at(-1) ?? '';
}

function notEnforcing(
  failed: readonly Failed[],
  policy: PolicyForm,
  { plugins, pairs }: Trial,
): PodreachError {
  const own = ofOwnNode(failed);
  const unclear = own.find(({ isUnclear }) => isUnclear);
  const nodes = [...new Set(own.map(({ pair }) => pair.node))];
  if (unclear !== undefined) {
    return new PodreachError(
      'not-enforcing',
      `whether policies are enforced on ${listNodes(nodes)} could not be told: ${unclear.reason}`,
      { hint: 'Run it again; if it stays, look at the API server and the kubelets of these nodes.' },
    );
  }
  if (policy === ALLOW) {
    return new PodreachError(
      'not-enforcing',
      `a policy that allows all did not bring connections back on ${listNodes(nodes)}`,
      {
        hint: `The network plugin (${plugins}) blocks more than policies say: look at its log on these nodes, and for cluster-wide policies.`,
      },
    );
  }
  const all = new Set(pairs.map(({ node }) => node));
  const directions = (['ingress', 'egress'] as const).filter((direction) =>
    own.some(({ pair }) => pair.direction === direction),
  );
  return new PodreachError(
    'not-enforcing',
    `policies are not enforced: connections went on under a deny-all on ${nodes.length} of ${all.size} nodes (${nodes.join(', ')}; ${directions.join(' and ')})`,
    {
      hint: `Here every "unreachable" would be luck, so no scenario was run. The network plugin (${plugins}) must enforce NetworkPolicies on every node.`,
    },
  );
}

/**
 * Those between the pods of one node, if there are any: where a node does not do its part, pairs with it fail on other nodes as well,
 * which are not to blame.
 */
function ofOwnNode<Found extends { readonly pair: Pair }>(failed: readonly Found[]): readonly Found[] {
  const own = failed.filter(({ pair }) => pair.isInside);
  return own.length === 0 ? failed : own;
}

function listNodes(nodes: readonly string[]): string {
  return `${nodes.length === 1 ? 'node' : 'nodes'} ${nodes.join(', ')}`;
}
