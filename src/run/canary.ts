/**
 * Stage 0: does this cluster enforce policies at all, on every node, in both directions? Without that every "unreachable" would be
 * luck. The outposts of each node must connect, a deny-all must cut them off, and an allow must bring them back.
 */
import { PodreachError } from '../errors.ts';
import { type JudgeRules, judge, passedControl } from '../judge/judge.ts';
import { objectKey } from '../keys.ts';
import { newestOf } from '../model/observation.ts';
import type { Direction } from '../policy/isolation.ts';
import { CANARY } from '../progress.ts';
import { Attempts, type CheckDraft, type RunDraft } from '../record/draft.ts';
import type { Owning, Requesting, Settling } from './context.ts';
import { Evidence } from './evidence.ts';
import { guard, OUTPOST_PORT, type Outpost, unguard } from './outposts.ts';
import type { RunningPod, RunningPods } from './provision.ts';
import type { Stage } from './round.ts';
import { control, settle } from './settle.ts';

export type CanaryRecord = NonNullable<RunDraft['environment']['canary']>;
/** What enforcement is proven with. */
export type Proving = Settling & Requesting<'apply' | 'delete'>;

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
  const enforcedMs = await cut(trial, context);
  const restoredMs = await restore(trial, context);
  return {
    nodes: outposts.map(({ node }) => ({
      name: node,
      enforcedMs: enforcedMs.get(node) ?? 0,
      restoredMs: restoredMs.get(node) ?? 0,
    })),
    enforcedMs: Math.max(...enforcedMs.values()),
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

/** Without witnesses: the pairs of the canary are the ways between nodes themselves. */
function stageOf({ pods }: Trial, { clock }: Pick<Proving, 'clock'>): Stage {
  const beganMs = clock.now();
  return { pods, beganMs, evidence: new Evidence(beganMs), attempts: new Attempts(), noteSetbacks: () => {} };
}

/** @returns how long each node took to enforce */
async function cut(trial: Trial, context: Proving): Promise<Map<string, number>> {
  const checks = checksOf(trial.pairs, 'unreachable');
  const stage = stageOf(trial, context);
  await control({ name: CANARY, checks }, stage, context);
  const unconnected = checks.filter((check) => !passedControl(check));
  if (unconnected.length > 0) throw notConnected(unconnected, trial);
  return await times(checks, DENY, stage, trial, context);
}

/** @returns how long each node took to let connections through again */
async function restore(trial: Trial, context: Proving): Promise<Map<string, number>> {
  const checks = checksOf(trial.pairs, 'reachable');
  const stage = stageOf(trial, context);
  // They have connected before: that is the control of the first part.
  for (const check of checks)
    stage.attempts.note(check, { phase: 'control', round: 1, atMs: 0, outcome: 'connected' });
  // All was cut before, so whatever connects now has been let through: there is no old state to be mistaken for the new one.
  const timing = { ...context.timing, settleFloorMs: 0 };
  return await times(checks, ALLOW, stage, trial, { ...context, timing });
}

async function times(
  checks: readonly CheckDraft[],
  policy: PolicyForm,
  stage: Stage,
  trial: Trial,
  context: Proving,
): Promise<Map<string, number>> {
  await guard(policy.name, policy.rules, context);
  const rules: JudgeRules = {
    confirm: context.timing.confirm,
    actedMs: context.clock.now() - stage.beganMs,
    // The second part is the closing control of the first.
    closing: 'left-out',
  };
  await settle({ name: CANARY, checks, policies: [policy] }, rules, stage, context);
  const slowest = new Map<string, number>();
  const failed: Failed[] = [];
  for (const check of checks) {
    const pair = trial.pairs[check.id];
    const { verdict, reason = '', settledMs = 0 } = judge(check, rules);
    if (pair === undefined) continue;
    if (verdict === 'pass')
      slowest.set(pair.node, Math.max(slowest.get(pair.node) ?? 0, Math.round(settledMs)));
    else failed.push({ pair, reason, isUnclear: verdict === 'inconclusive' });
  }
  if (failed.length > 0) throw notEnforcing(failed, policy, trial);
  return slowest;
}

function checksOf(pairs: readonly Pair[], expected: CheckDraft['expected']): CheckDraft[] {
  return pairs.map(({ from, to }, id) => ({
    id,
    from,
    to,
    port: OUTPOST_PORT,
    protocol: 'TCP',
    path: 'podIP',
    family: 'IPv4',
    expected,
    declared: { file: CANARY, line: 1, column: 1 },
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
