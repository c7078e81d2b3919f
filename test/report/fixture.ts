/** Run records for tests, built from as few words as a test needs to say. All of them are valid records. */
import type { Attempt } from '../../src/model/attempt.ts';
import { observeAll } from '../../src/model/observation.ts';
import type { CheckRecord, RunRecord, ScenarioRecord, StepRecord } from '../../src/record/schema.ts';
import { viewOf } from '../../src/report/view/run.ts';
import type { ScenarioView } from '../../src/report/view/view.ts';

const STARTED_AT = '2026-11-20T02:00:00.000Z';

type Overrides<Part> = { readonly [Key in keyof Part]?: Part[Key] };
/** What a check is to say; its attempts in place of what is observed in them. */
export type CheckParts = Overrides<CheckRecord> & { readonly attempts?: readonly Attempt[] };
/** What a scenario is to say, and its one step. */
export type ScenarioParts = Overrides<ScenarioRecord> & Pick<Overrides<StepRecord>, 'force'>;

/** A run that ended by itself on the sandbox. */
export function buildRecord(
  scenarios: readonly ScenarioRecord[],
  run: Overrides<RunRecord['run']> = {},
  environment: Overrides<RunRecord['environment']> = {},
): RunRecord {
  return {
    schemaVersion: 2,
    podreach: { version: '0.1.0' },
    run: {
      id: '5f1c9a02b7',
      startedAt: STARTED_AT,
      endedAt: '2026-11-20T02:00:08.120Z',
      durationMs: 8120,
      incomplete: false,
      ...run,
      options: { timeoutMs: 500, withinMs: 10_000, confirm: 2, keep: false, failFast: false, ...run.options },
    },
    environment: {
      cluster: 'sandbox',
      server: 'https://127.0.0.1:41234',
      kubernetes: 'v1.36.0',
      nodes: [{ name: 'node-1', kernel: '6.12.48', os: 'Debian GNU/Linux 13' }, { name: 'node-2' }],
      node: 'v24.21.0',
      ...environment,
    },
    scenarios: [...scenarios],
  };
}

/** A finished scenario. Namespaces follow from the pods; pod addresses are counted up from 10.64.0.10. */
export function buildScenario(
  name: string,
  parts: {
    /** Ports by pod: `80`, `'5432/UDP'`, `'metrics=9090'`. */
    readonly pods: Readonly<Record<string, readonly (number | string)[]>>;
    readonly checks: readonly CheckParts[];
    /** Lines in `policies/<scenario>.yaml`, by `namespace/name`. */
    readonly policies?: Readonly<Record<string, number>>;
    /** Of pods that do not run on the node of their turn, by pod. */
    readonly nodes?: Readonly<Record<string, string>>;
  },
  { force = ON_BOTH_NODES, ...overrides }: ScenarioParts = {},
): ScenarioRecord {
  const file = `scenarios/${name}.yaml`;
  const keys = Object.entries(parts.pods).map(([key, ports]) => ({
    ...splitKey(key),
    ports: ports.map(buildPort),
  }));
  return {
    name,
    tags: [],
    location: { file, line: 1, column: 1 },
    status: 'finished',
    startedAt: STARTED_AT,
    durationMs: 5830,
    phases: [
      { name: 'provision', atMs: 0, durationMs: 640 },
      { name: 'control', atMs: 640, durationMs: 90 },
      { name: 'apply', atMs: 730, durationMs: APPLIED_MS - 730 },
      { name: 'settle', atMs: APPLIED_MS, durationMs: 2830 },
      { name: 'observe', atMs: 3600, durationMs: 1700 },
      { name: 'closing', atMs: 5300, durationMs: 120 },
      { name: 'cleanup', atMs: 5420, durationMs: 410 },
    ],
    closingControl: 'made',
    namespaces: [...new Set(keys.map(({ namespace }) => namespace))].map((namespace) => ({
      name: namespace,
      labels: {},
    })),
    pods: keys.map(({ namespace, name: pod, ports }, index) => ({
      namespace,
      name: pod,
      labels: { app: pod },
      ports,
      node: parts.nodes?.[`${namespace}/${pod}`] ?? `node-${(index % 2) + 1}`,
      ip: `10.64.${Math.floor((index + 10) / 250)}.${(index + 10) % 250}`,
    })),
    policies: Object.entries(parts.policies ?? {}).map(([key, line]) => ({
      ...splitKey(key),
      location: { file: `policies/${name}.yaml`, line, column: 1 },
      text: `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${splitKey(key).name} }\n`,
    })),
    grounds: [],
    warnings: [],
    steps: [
      {
        force,
        checks: parts.checks.map((check, index) =>
          buildCheck({ id: index, declared: { file, line: 20 + index, column: 5 }, ...check }),
        ),
      },
    ],
    ...overrides,
  };
}

/** A passed check of `shop/web` to `shop/db:5432/TCP`, with everything that `overrides` says. */
export function buildCheck({ attempts: made, ...overrides }: CheckParts = {}): CheckRecord {
  const expected = overrides.expected ?? 'reachable';
  const verdict = 'verdict' in overrides ? overrides.verdict : 'pass';
  return {
    id: 0,
    from: 'shop/web',
    to: 'shop/db',
    port: 5432,
    protocol: 'TCP',
    path: 'podIP',
    family: 'IPv4',
    expected,
    declared: { file: 'scenarios/shop.yaml', line: 20, column: 5 },
    ...observeAll(
      made ?? [
        ...attempts('control', ['connected']),
        ...(expected === 'reachable'
          ? attempts('settle', ['connected', 'connected'])
          : [
              ...attempts('settle', ['timeout', 'timeout'], {}, CUT_LATER_MS),
              ...attempts('closing', ['connected']),
            ]),
      ],
    ),
    verdict: 'pass',
    ...(verdict === 'pass'
      ? { settledMs: BEGAN_MS.settle - APPLIED_MS + (expected === 'reachable' ? 0 : CUT_LATER_MS) }
      : {}),
    ...overrides,
  };
}

const ON_BOTH_NODES = ['node-1', 'node-2'].map((node, index) => ({ node, turnedMs: 41 + 14 * index }));
/** When the last policy of a scenario had been applied, in milliseconds after it began. */
export const APPLIED_MS = 770;
/** When the first attempt of a phase begins, and how much later each of the next. */
export const BEGAN_MS = { control: 650, turn: 780, settle: 830, observe: 3610, closing: 5310 } as const;
const EVERY_MS = { control: 15, turn: 15, settle: 750, observe: 750, closing: 15 } as const;
/** Pairs that must be cut off take longer. */
const CUT_LATER_MS = 220;
/** What did not connect under the policies may have been cut off: the sides of its triangle, after the attempt began. */
const SEEN_MS = { source: 310, destination: 225, between: 12 } as const;

/**
 * One attempt per outcome, a round each; the listener was alive, and what did not connect under the policies has its whole triangle.
 * @param laterMs than attempts of this phase mostly begin
 */
export function attempts(
  phase: Attempt['phase'],
  outcomes: readonly Attempt['outcome'][],
  overrides: Overrides<Attempt> = {},
  laterMs = 0,
): Attempt[] {
  return outcomes.map((outcome, index): Attempt => {
    const { atMs = BEGAN_MS[phase] + laterMs + index * EVERY_MS[phase] } = overrides;
    const isSilent = outcome === 'timeout' || outcome === 'one-way';
    return {
      phase,
      round: index + 1,
      atMs,
      outcome,
      durationMs: isSilent ? 500.4 : 0.41 + index * 0.35,
      listenerAlive: true,
      ...(isSilent ? { dials: 3 } : {}),
      ...(outcome !== 'connected' && (phase === 'settle' || phase === 'observe')
        ? { seen: triangleOf(atMs, isSilent) }
        : {}),
      ...overrides,
    };
  });
}

/** An attempt that is answered dials once: its triangle lies before it. */
function triangleOf(atMs: number, isSilent: boolean): NonNullable<Attempt['seen']> {
  const { source, destination, between } = SEEN_MS;
  const beginMs = isSilent ? atMs : atMs - 500;
  return { source: beginMs + source, destination: beginMs + destination, between: beginMs + between };
}

/** Two scenarios that hold every verdict and every kind of evidence between them. */
export function everyVerdict(): RunRecord {
  const isolated = { egress: [], ingress: ['shop/deny-all', 'shop/allow-api'] };
  const clusterPolicy = '1 Calico GlobalNetworkPolicy object (baseline)';
  const threeTier = buildScenario(
    'three-tier',
    {
      pods: {
        'shop/web': ['http=80'],
        'shop/api': [8080, 'metrics=9090'],
        'shop/db': [5432, '5432/UDP'],
        'monitoring/prometheus': [9090],
        'shop/batch': [],
      },
      nodes: { 'shop/batch': 'node-3' },
      policies: { 'shop/deny-all': 1, 'shop/allow-api': 12, 'monitoring/no-egress': 31 },
      checks: [
        { from: 'shop/web', to: 'shop/api', port: 8080 },
        {
          from: 'shop/api',
          to: 'shop/db',
          verdict: 'broken',
          predicted: { verdict: 'allowed', grounds: 1 },
          disagreement: 'cluster',
          reason: 'it could not connect: timeout 3 of 3',
          attempts: [
            ...attempts('control', ['connected']),
            ...attempts('settle', ['timeout', 'timeout', 'timeout']),
            ...attempts('closing', ['connected']),
          ],
          isolatedBy: isolated,
        },
        {
          from: 'shop/web',
          expected: 'unreachable',
          because: 'the database holds card numbers and nothing but the API tier has any business there',
          verdict: 'leaked',
          predicted: { verdict: 'allowed', grounds: 0 },
          disagreement: 'policy',
          reason: 'it connected although it must not',
          attempts: [
            ...attempts('control', ['connected']),
            ...attempts('settle', ['connected', 'connected', 'connected']),
          ],
          isolatedBy: { egress: [], ingress: [] },
        },
        {
          from: 'shop/web',
          expected: 'unreachable',
          protocol: 'UDP',
          verdict: 'inconclusive',
          predicted: { verdict: 'allowed', grounds: 0 },
          disagreement: 'outside',
          reason: `it was cut by something else, such as ${clusterPolicy}: the policies of the scenario allow it`,
          settledMs: 280,
          isolatedBy: { egress: [], ingress: [] },
        },
        {
          from: 'monitoring/prometheus',
          to: 'shop/api',
          port: 9090,
          portName: 'metrics',
          verdict: 'flapping',
          predicted: {
            verdict: 'undefined',
            grounds: 2,
            rule: 'I1',
            reason: 'network plugins differ in whether an ipBlock matches the address of a pod',
          },
          reason: 'it had settled as expected, then showed timeout 2 of 2',
          settledMs: 60,
          attempts: [
            ...attempts('control', ['connected']),
            ...attempts('settle', ['connected', 'connected']),
            ...attempts('observe', ['timeout', 'timeout', 'connected']),
            ...attempts('closing', ['connected']),
          ],
          isolatedBy: { egress: ['monitoring/no-egress'], ingress: isolated.ingress },
        },
        {
          from: 'monitoring/prometheus',
          to: 'shop/api',
          port: 8080,
          expected: 'unreachable',
          verdict: 'inconclusive',
          reason: 'nothing was listening on the destination port',
          attempts: [
            ...attempts('control', ['connected']),
            ...attempts('settle', ['refused', 'refused'], { listenerAlive: false, detail: 'ECONNREFUSED' }),
          ],
          isolatedBy: { egress: ['monitoring/no-egress'], ingress: isolated.ingress },
        },
        ...(['shop/web', 'shop/api', 'shop/db'] as const).map((from) => ({
          from,
          to: 'monitoring/prometheus',
          port: 9090,
          expected: 'unreachable' as const,
          ...(from === 'shop/web'
            ? {}
            : {
                verdict: 'inconclusive' as const,
                reason:
                  'it could not connect even before any policy (timeout 2 of 2), so there was nothing to block',
                attempts: attempts('control', ['timeout', 'timeout']),
                isolatedBy: { egress: [], ingress: [] },
              }),
        })),
        {
          from: 'monitoring/prometheus',
          expected: 'unreachable',
          predicted: { verdict: 'denied', grounds: 3 },
          settledMs: 1560,
          attempts: [
            ...attempts('control', ['connected']),
            ...attempts('settle', ['connected', 'connected', 'timeout', 'timeout']),
            ...attempts('closing', ['connected']),
          ],
        },
        {
          from: 'shop/api',
          protocol: 'UDP',
          verdict: 'broken',
          predicted: { verdict: 'allowed', grounds: 1 },
          disagreement: 'cluster',
          reason: 'it could not connect: one-way 2 of 2',
          attempts: [
            ...attempts('control', ['connected']),
            ...attempts('settle', ['one-way', 'one-way'], {
              detail: 'the datagram arrived, and no answer came back',
            }),
            ...attempts('closing', ['connected']),
          ],
          isolatedBy: isolated,
        },
        {
          from: 'shop/db',
          to: 'shop/web',
          port: 80,
          portName: 'http',
          expected: 'unreachable',
          cutBy: 'others',
          because: 'the firewall between the zones keeps the database from talking to the front',
          predicted: { verdict: 'allowed', grounds: 0 },
          attempts: [
            ...attempts('control', ['timeout']),
            ...attempts('settle', ['timeout', 'timeout'], {}, CUT_LATER_MS),
          ],
        },
        {
          from: 'shop/batch',
          expected: 'unreachable',
          verdict: 'inconclusive',
          predicted: { verdict: 'denied', grounds: 3 },
          reason: 'node-3 has not taken up policies for 10 s',
          attempts: attempts('control', ['connected']),
          isolatedBy: isolated,
        },
      ],
    },
    {
      description:
        'Only the API tier may reach the database. Prometheus may read the metrics of the API tier and nothing else.',
      owner: 'payments-team',
      purpose: 'PCI-DSS 1.3.1',
      runbook: 'https://wiki.example.org/runbooks/payments_network',
      reviewBy: '2026-06-30',
      tags: ['smoke'],
      force: [{ node: 'node-1', turnedMs: 41 }, { node: 'node-2', turnedMs: 55 }, { node: 'node-3' }],
      grounds: [
        [],
        [
          {
            direction: 'ingress',
            policy: 'shop/allow-api',
            rule: 1,
            location: { file: 'policies/three-tier.yaml', line: 18, column: 7 },
          },
        ],
        [
          {
            direction: 'egress',
            policy: 'monitoring/no-egress',
            rule: 1,
            location: { file: 'policies/three-tier.yaml', line: 36, column: 7 },
          },
        ],
        ['shop/deny-all', 'shop/allow-api'].map((policy) => ({
          direction: 'ingress' as const,
          policy,
          location: {
            file: 'policies/three-tier.yaml',
            line: policy === 'shop/deny-all' ? 1 : 12,
            column: 1,
          },
        })),
      ],
      warnings: [
        {
          code: 'untested-policy',
          rule: 'D6',
          message:
            'policy shop/allow-api: without this policy every check would be predicted the same: nothing tests it',
          location: { file: 'policies/three-tier.yaml', line: 12, column: 1 },
          advice: 'Add a check that this policy decides, or take the policy out.',
        },
      ],
    },
  );
  return buildRecord(
    [calmScenario('default-deny-ingress'), threeTier, calmScenario('port-range')],
    { exitCode: 1 },
    {
      cluster: 'kind',
      networkPlugins: [
        { name: 'Calico', version: 'v3.32.1', daemonSet: 'kube-system/calico-node', enforces: true },
      ],
      nodes: [
        { name: 'node-1', kernel: '6.12.48', os: 'Debian GNU/Linux 13' },
        { name: 'node-2' },
        { name: 'node-3' },
      ],
      clusterPolicies: [clusterPolicy],
      kubeProxy: 'iptables',
      canary: {
        nodes: [
          { name: 'node-1', enforcedMs: 212, restoredMs: 180 },
          { name: 'node-2', enforcedMs: 431, restoredMs: 195 },
          { name: 'node-3', enforcedMs: 388, restoredMs: 201 },
        ],
        enforcedMs: 431,
      },
      warnings: [`${clusterPolicy} may decide over the policies of the scenarios`],
    },
  );
}

/** A scenario in which all is well. */
export function calmScenario(name: string, overrides: ScenarioParts = {}): ScenarioRecord {
  return buildScenario(
    name,
    {
      pods: { 'shop/web': [80], 'shop/db': [5432] },
      policies: { 'shop/deny-all': 1 },
      checks: [
        { from: 'shop/web', expected: 'unreachable' },
        { from: 'shop/db', to: 'shop/web', port: 80 },
      ],
    },
    { description: 'The database answers nobody.', ...overrides },
  );
}

/** The same scenario before any of its checks was judged. */
export function unjudged({ closingControl, ...scenario }: ScenarioRecord): ScenarioRecord {
  return {
    ...scenario,
    steps: changedChecks(scenario, ({ verdict, reason, settledMs, isolatedBy, closing, ...check }) => check),
  };
}

/** The steps of a scenario with its checks changed. */
export function changedChecks(
  { steps }: ScenarioRecord,
  change: (check: CheckRecord, index: number) => CheckRecord,
): ScenarioRecord['steps'] {
  return steps.map((step) => ({ ...step, checks: step.checks.map(change) }));
}

/** Pods that all try each other on one port; `verdictOf` says what came of each pair, by the numbers of its pods. */
export function meshScenario(
  size: number,
  verdictOf: (from: number, to: number) => CheckParts,
): ScenarioRecord {
  const key = (number: number): string => `team-${number % 10}/service-${number}`;
  const numbers = Array.from({ length: size }, (_, number) => number);
  return buildScenario('mesh', {
    pods: Object.fromEntries(numbers.map((number) => [key(number), [8080]])),
    policies: { 'team-0/deny-all': 1 },
    checks: numbers.flatMap((from) =>
      numbers
        .filter((to) => to !== from)
        .map((to) => ({ from: key(from), to: key(to), port: 8080, ...verdictOf(from, to) })),
    ),
  });
}

function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

function buildPort(written: number | string): ScenarioRecord['pods'][number]['ports'][number] {
  const [, name, port, protocol = 'TCP'] = /^(?:(.+)=)?(\d+)(?:\/(TCP|UDP))?$/.exec(String(written)) ?? [];
  return {
    ...(name === undefined ? {} : { name }),
    port: Number(port),
    protocol: protocol === 'UDP' ? 'UDP' : 'TCP',
  };
}

/** A scenario as the formats read it, of a run of its own. */
export function viewScenario(scenario: ScenarioRecord): ScenarioView {
  const [view] = viewOf(buildRecord([scenario])).scenarios;
  if (view === undefined) throw new Error('a view has the scenarios of its record');
  return view;
}
