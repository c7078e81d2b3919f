/**
 * Stage 0: does this cluster enforce policies at all, on every node, in both directions? Without that every "unreachable" would be
 * luck. Two pods on each node must connect, a deny-all must cut them off, and an allow must bring them back.
 */
import { PodreachError } from '../errors.ts';
import { judge } from '../judge/judge.ts';
import type { KubeObject } from '../kube/kube.ts';
import type { CheckRecord, RunRecord } from '../record.ts';
import { applyPolicies } from './apply.ts';
import type { RunContext } from './context.ts';
import { provision, type RunningPods } from './provision.ts';
import type { Stage } from './round.ts';
import { nodesForProbes } from './schedulable.ts';
import { control, settle } from './settle.ts';

export type CanaryRecord = NonNullable<RunRecord['environment']['canary']>;
type Direction = 'ingress' | 'egress';

/** What it is called where its progress is told. */
const NAME = 'canary';
const PORT = 8080;
const OPEN = 'open';
const GUARDED = 'guarded';
const ROLE_LABEL = 'podreach.dev/canary';

/** One pair, and the node whose enforcement it proves. */
interface Pair {
  readonly from: string;
  readonly to: string;
  readonly node: string;
  readonly direction: Direction;
}

/** The namespace of the canary of a run. */
export function canaryNamespace(runId: string): string {
  return `podreach-canary-${runId}`;
}

/**
 * Proves that every node which takes probe pods enforces policies. Leaves its namespace behind: the caller cleans up.
 * @param nodes the cluster's Node objects
 * @param plugins what is known of the network plugins, for the error
 * @throws PodreachError `not-enforcing` naming the nodes; `provision-failed` where pods do not run, or cannot connect even without
 *   any policy; what provisioning and applying throw
 */
export async function proveEnforcement(
  nodes: readonly KubeObject[],
  plugins: string,
  context: RunContext,
): Promise<CanaryRecord> {
  const hosts = nodesForProbes(nodes, context.probe);
  if (hosts.length === 0) {
    throw new PodreachError('provision-failed', 'no node of the cluster takes probe pods', {
      hint: 'All are cordoned, tainted or not selected: choose nodes with --node-selector and --toleration.',
    });
  }
  const namespace = canaryNamespace(context.runId);
  const pods = await provision(
    {
      name: NAME,
      namespaces: [{ name: namespace, labels: {} }],
      pods: hosts.flatMap(({ hostname }, index) =>
        [OPEN, GUARDED].map((role) => ({
          namespace,
          name: `${role}-${index}`,
          labels: { [ROLE_LABEL]: role },
          ports: [{ port: PORT, protocol: 'TCP' as const }],
          hostname,
        })),
      ),
    },
    context,
  );
  const pairs = pairsOf(
    hosts.map(({ name }) => name),
    namespace,
  );
  const trial: Trial = { namespace, pairs, pods, plugins };
  const enforcedMs = await cut(trial, context);
  const restoredMs = await restore(trial, context);
  return {
    nodes: hosts.map(({ name }) => ({
      name,
      enforcedMs: enforcedMs.get(name) ?? 0,
      restoredMs: restoredMs.get(name) ?? 0,
    })),
    enforcedMs: Math.max(...enforcedMs.values()),
  };
}

/**
 * On each node one pod stays open and one is guarded, so that a cut proves which end enforced it: into the guarded pod its node's
 * ingress, out of it its node's egress. Each is tried inside the node, and between it and the next.
 */
function pairsOf(nodes: readonly string[], namespace: string): Pair[] {
  const pod = (role: string, index: number): string => `${namespace}/${role}-${index % nodes.length}`;
  return nodes.flatMap((node, index) => {
    const partners = nodes.length === 1 ? [index] : [index, index + 1];
    return partners.flatMap((partner): Pair[] => [
      { from: pod(OPEN, partner), to: pod(GUARDED, index), node, direction: 'ingress' },
      { from: pod(GUARDED, index), to: pod(OPEN, partner), node, direction: 'egress' },
    ]);
  });
}

interface Trial {
  readonly namespace: string;
  readonly pairs: readonly Pair[];
  readonly pods: RunningPods;
  readonly plugins: string;
}

/** @returns how long each node took to enforce */
async function cut(trial: Trial, context: RunContext): Promise<Map<string, number>> {
  const checks = checksOf(trial.pairs, 'unreachable');
  const stage: Stage = { pods: trial.pods, beganMs: context.clock.now(), noteSetbacks: () => {} };
  await control({ name: NAME, checks }, stage, context);
  const unconnected = checks.filter(({ attempts }) =>
    attempts.every(({ outcome }) => outcome !== 'connected'),
  );
  if (unconnected.length > 0) throw notConnected(unconnected, trial);
  return await times(checks, DENY, stage, trial, context);
}

/** @returns how long each node took to let connections through again */
async function restore(trial: Trial, context: RunContext): Promise<Map<string, number>> {
  const checks = checksOf(trial.pairs, 'reachable');
  // They have connected before: that is the control of the first part.
  for (const check of checks)
    check.attempts.push({ phase: 'control', round: 1, atMs: 0, outcome: 'connected' });
  const stage: Stage = { pods: trial.pods, beganMs: context.clock.now(), noteSetbacks: () => {} };
  // All was cut before, so whatever connects now has been let through: there is no old state to be mistaken for the new one.
  const timing = { ...context.timing, settleFloorMs: 0 };
  return await times(checks, ALLOW, stage, trial, { ...context, timing });
}

async function times(
  checks: readonly CheckRecord[],
  policy: PolicyForm,
  stage: Stage,
  trial: Trial,
  context: RunContext,
): Promise<Map<string, number>> {
  await applyPolicies([policyOf(policy, trial.namespace)], context);
  const rules = { confirm: context.timing.confirm, appliedMs: context.clock.now() - stage.beganMs };
  await settle({ name: NAME, checks, policies: [policy] }, rules, stage, context);
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

function checksOf(pairs: readonly Pair[], expected: CheckRecord['expected']): CheckRecord[] {
  return pairs.map(({ from, to }, id) => ({
    id,
    from,
    to,
    port: PORT,
    protocol: 'TCP',
    path: 'podIP',
    expected,
    declared: { file: NAME, line: 1, column: 1 },
    attempts: [],
  }));
}

interface PolicyForm {
  readonly name: string;
  readonly rules: object;
}

const DENY: PolicyForm = { name: 'deny-all', rules: {} };
const ALLOW: PolicyForm = { name: 'allow-all', rules: { ingress: [{}], egress: [{}] } };

function policyOf(
  { name, rules }: PolicyForm,
  namespace: string,
): Parameters<typeof applyPolicies>[0][number] {
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy' as const,
    metadata: { name, namespace },
    spec: {
      podSelector: { matchLabels: { [ROLE_LABEL]: GUARDED } },
      policyTypes: ['Ingress', 'Egress'],
      ...rules,
    },
  };
  return {
    namespace,
    name,
    object,
    text: JSON.stringify(object),
    location: { file: NAME, line: 1, column: 1 },
  };
}

interface Failed {
  readonly pair: Pair;
  readonly reason: string;
  /** Nothing was proven, one way or the other. */
  readonly isUnclear: boolean;
}

function notConnected(checks: readonly CheckRecord[], { pods, pairs }: Trial): PodreachError {
  const nodes = new Set(
    checks.flatMap(({ from, to }) => [from, to].flatMap((key) => pods.get(key)?.node ?? [])),
  );
  const [first] = checks;
  const pair = first === undefined ? undefined : pairs[first.id];
  const last = first?.attempts.at(-1);
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
  const unclear = failed.find(({ isUnclear }) => isUnclear);
  const nodes = [...new Set(failed.map(({ pair }) => pair.node))];
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
    failed.some(({ pair }) => pair.direction === direction),
  );
  return new PodreachError(
    'not-enforcing',
    `policies are not enforced: connections went on under a deny-all on ${nodes.length} of ${all.size} nodes (${nodes.join(', ')}; ${directions.join(' and ')})`,
    {
      hint: `Here every "unreachable" would be luck, so no scenario was run. The network plugin (${plugins}) must enforce NetworkPolicies on every node.`,
    },
  );
}

function listNodes(nodes: readonly string[]): string {
  return `${nodes.length === 1 ? 'node' : 'nodes'} ${nodes.join(', ')}`;
}
