/** Records of the same scenarios before and after an upgrade, and of many nights. */
import type { Verdict } from '../../src/model/verdict.ts';
import type { RunRecord, ScenarioRecord } from '../../src/record/schema.ts';
import { attempts, buildRecord, buildScenario, type CheckParts, calmScenario } from '../report/fixture.ts';

const PODS = {
  'shop/web': [80],
  'shop/api': [8080, 'metrics=9090'],
  'shop/db': [5432],
  'ops/tool': [],
} as const;

const CALICO = { daemonSet: 'kube-system/calico-node', name: 'Calico', enforces: true } as const;
const WATCH: NonNullable<RunRecord['watch']> = {
  startedAt: '2026-11-01T02:00:05.000Z',
  everyMs: 1000,
  budgets: { maxLeakMs: 0, maxUnknown: 0.1 },
  attempts: { due: 30, made: 30, collected: 30 },
  longestStallMs: 0,
  incidents: [],
  durationMs: 30_000,
};
const NODE = { os: 'Debian GNU/Linux 13', runtime: 'containerd://2.1.4' } as const;

/** All but one check is as expected; the network plugin is the old one. */
export function beforeUpgrade(): RunRecord {
  return buildRecord(
    [
      shop([
        { from: 'shop/web', to: 'shop/api', port: 8080 },
        { from: 'shop/api', expected: 'unreachable', settledMs: 240 },
        {
          from: 'shop/web',
          expected: 'unreachable',
          settledMs: 230,
          because: 'the database holds card numbers',
        },
        {
          from: 'shop/db',
          to: 'shop/api',
          port: 9090,
          portName: 'metrics',
          expected: 'unreachable',
          settledMs: 260,
        },
        {
          from: 'ops/tool',
          to: 'shop/web',
          port: 80,
          verdict: 'broken',
          reason: 'it could not connect: timeout 3 of 3',
        },
        { from: 'shop/db', to: 'shop/web', port: 80, verdict: 'inconclusive', reason: 'node-2 was silent' },
        { from: 'ops/tool' },
        { from: 'shop/web', to: 'shop/api', port: 9090, verdict: 'late', reason: 'it showed it too late' },
      ]),
      calmScenario('only-before'),
    ],
    { id: 'before0001', exitCode: 1, by: 'mia' },
    {
      cluster: 'context',
      clusterName: 'staging',
      kubernetes: 'v1.35.2',
      networkPlugins: [{ ...CALICO, version: 'v3.31.0' }],
      nodes: ['node-1', 'node-2', 'node-3'].map((name) => ({ name, kernel: '6.12.48', ...NODE })),
    },
  );
}

/** One thing of each kind is different. */
export function afterUpgrade(): RunRecord {
  return buildRecord(
    [
      shop(
        [
          {
            from: 'shop/web',
            to: 'shop/api',
            port: 8080,
            verdict: 'flapping',
            reason: 'it had settled, then not',
          },
          { from: 'shop/api', expected: 'unreachable', settledMs: 3100 },
          {
            from: 'shop/web',
            expected: 'unreachable',
            because: 'the database holds card numbers',
            verdict: 'leaked',
            reason: 'it connected although it must not',
          },
          {
            from: 'shop/db',
            to: 'shop/api',
            port: 9090,
            portName: 'metrics',
            expected: 'unreachable',
            settledMs: 3300,
          },
          { from: 'ops/tool', to: 'shop/web', port: 80 },
          { from: 'shop/db', to: 'shop/web', port: 80 },
          { from: 'ops/tool', expected: 'unreachable', settledMs: 2900 },
          { from: 'shop/web', to: 'shop/api', port: 9090, verdict: 'late', reason: 'it showed it too late' },
          { from: 'ops/tool', to: 'shop/api', port: 8080 },
        ],
        'spec: { podSelector: {} }\n',
      ),
    ],
    { id: 'after00001', startedAt: '2026-11-20T04:10:00.000Z', exitCode: 1, by: 'mia' },
    {
      cluster: 'context',
      clusterName: 'staging',
      kubernetes: 'v1.36.0',
      networkPlugins: [{ ...CALICO, version: 'v3.32.1' }],
      nodes: ['node-1', 'node-2', 'node-4'].map((name) => ({
        name,
        kernel: name === 'node-4' ? '6.12.48' : '6.12.60',
        ...NODE,
      })),
    },
  );
}

function shop(checks: readonly CheckParts[], more = ''): ScenarioRecord {
  const scenario = buildScenario('shop', { pods: PODS, policies: { 'shop/deny-all': 1 }, checks });
  const policies = scenario.policies.map((policy) => ({ ...policy, text: policy.text + more }));
  return { ...scenario, policies };
}

/** What came of the check of a night, and all else that differs. */
export interface Night {
  /** Of `shop/web → shop/db`, which must be cut off; absent: the check was not there. */
  readonly cut?: Verdict;
  /** Of `shop/api → shop/db`, which must be open. */
  readonly open?: Verdict;
  readonly settledMs?: number;
  readonly plugin?: string;
  readonly policy?: string;
  readonly isWatched?: boolean;
}

/** A run for each night, in their order. */
export function nights(all: readonly Night[]): RunRecord[] {
  return all.map(
    ({ cut, open = 'pass', settledMs = 250, plugin = 'v3.31.0', policy = '', isWatched = false }, index) => {
      const day = String(index + 1).padStart(2, '0');
      const checks = [
        ...(cut === undefined
          ? []
          : [checkOf({ from: 'shop/web', expected: 'unreachable', settledMs }, cut)]),
        checkOf({ from: 'ops/tool', expected: 'unreachable', settledMs }, 'pass'),
        checkOf({ from: 'shop/api' }, open),
      ];
      const record = buildRecord(
        [shop(checks, policy)],
        { id: `night-${day}`, startedAt: `2026-11-${day}T02:00:00.000Z` },
        { cluster: 'kind', networkPlugins: [{ ...CALICO, version: plugin }] },
      );
      return isWatched ? { ...record, watch: WATCH } : record;
    },
  );
}

function checkOf({ settledMs, ...parts }: CheckParts, verdict: Verdict): CheckParts {
  if (verdict === 'pass') return { ...parts, ...(settledMs === undefined ? {} : { settledMs }) };
  return {
    ...parts,
    verdict,
    reason: `made to be ${verdict}`,
    attempts: [...attempts('control', ['connected']), ...attempts('settle', ['connected', 'timeout'])],
  };
}
