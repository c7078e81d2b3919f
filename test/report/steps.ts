/** A record of a scenario that goes on in steps, built by hand: of a rollout in which each kind of thing goes wrong once. */
import { whyLate } from '../../src/judge/reasons.ts';
import type { Attempt } from '../../src/model/attempt.ts';
import type { CheckRecord, RunRecord, ScenarioRecord, StepRecord } from '../../src/record/schema.ts';
import {
  APPLIED_MS,
  attempts,
  BEGAN_MS,
  buildCheck,
  buildRecord,
  buildScenario,
  type CheckParts,
} from './fixture.ts';

const FILE = 'scenarios/rollout.yaml';
/** When the last action of each step was done, in milliseconds after the scenario began. */
const ACTED_MS = [APPLIED_MS, 7_000, 14_000, 21_000, 28_000] as const;
/** From the first action of a step to its last one. */
const ACTING_MS = 400;
const CLOSING_MS = 33_800;
const CREATED_LATER = 'shop/api came to be in the step "the API is replaced", under policies';
const CREATED =
  'shop/batch came to be in the step "monitoring is shut out again", under policies, and it was gone before they were taken away';

/** What was seen of a pair in a step, the first of it so long after the step's last action. */
function seen(step: number, outcomes: readonly Attempt['outcome'][], afterMs: number): Attempt[] {
  return attempts('settle', outcomes, {}, (ACTED_MS[step - 1] ?? 0) + afterMs - BEGAN_MS.settle);
}

/** The pairs of the scenario, by the numbers that they have in every step. */
const PAIRS = [
  { from: 'shop/web', to: 'shop/api', port: 8080 },
  { from: 'shop/web', to: 'shop/db', port: 5432 },
  { from: 'shop/api', to: 'shop/db', port: 5432 },
  { from: 'monitoring/prometheus', to: 'shop/api', port: 8080 },
  { from: 'monitoring/prometheus', to: 'shop/db', port: 5432 },
  { from: 'shop/db', to: 'shop/web', port: 80, portName: 'http' },
  { from: 'shop/api', to: 'shop/web', port: 80, portName: 'http' },
  { from: 'shop/batch', to: 'shop/db', port: 5432 },
] as const;

/** Of the pair that has not connected in any step, and so in the closing control. */
const CLOSED_LAST = 5;

/** Passed; reachable at once, unreachable after so many milliseconds. */
function pass(step: number, id: number, expected: CheckRecord['expected'], settledMs: number): CheckParts {
  return {
    id,
    expected,
    settledMs,
    attempts: [
      ...seen(
        step,
        expected === 'reachable' ? ['connected', 'connected'] : ['timeout', 'timeout'],
        settledMs,
      ),
      ...(id === CLOSED_LAST && expected === 'unreachable'
        ? attempts('closing', ['connected'], {}, CLOSING_MS - BEGAN_MS.closing)
        : []),
    ],
  };
}

/** The check of a pair, declared on a line of its own, connected in the control unless that was not made. */
function check(
  line: number,
  { attempts: made = [], ...parts }: CheckParts & { readonly id: number },
): CheckRecord {
  const controlled = parts.withoutControl === undefined;
  return buildCheck({
    ...PAIRS[parts.id],
    declared: { file: FILE, line, column: 5 },
    ...parts,
    attempts: [...(controlled ? attempts('control', ['connected']) : []), ...made],
  });
}

function checks(first: number, all: readonly CheckParts[]): CheckRecord[] {
  return all.map((parts, index) => check(first + index, { id: index, ...parts }));
}

const allowed = (grounds: number) => ({ verdict: 'allowed', grounds }) as const;
const denied = (grounds: number) => ({ verdict: 'denied', grounds }) as const;
const isolated = { egress: [], ingress: ['shop/default-deny', 'shop/allow-web'] };

function force(step: number): NonNullable<StepRecord['force']> {
  return ['node-1', 'node-2'].map((node, index) => ({ node, turnedMs: 30 + 10 * step + 14 * index }));
}

/** Of the step, when it began and ended, and when its nodes had turned. */
function timing(step: number): Pick<StepRecord, 'atMs' | 'actedMs' | 'durationMs' | 'force'> {
  const actedMs = ACTED_MS[step - 1] ?? 0;
  return { atMs: actedMs - ACTING_MS, actedMs, durationMs: 5_200 + 100 * step, force: force(step) };
}

/** Five steps, with every verdict and every kind of action between them. */
export function fiveSteps(): RunRecord {
  const scenario = rollout();
  return buildRecord(
    [scenario],
    { exitCode: 1, durationMs: 36_400, endedAt: '2026-11-20T02:00:36.400Z' },
    { cluster: 'kind', clusterName: 'ci', nodes: [{ name: 'node-1' }, { name: 'node-2' }] },
  );
}

/** The same steps with nothing amiss in them. */
export function calmSteps(): RunRecord {
  const scenario = rollout();
  const steps = scenario.steps.map((step, index) => ({
    ...step,
    checks: step.checks.map(({ id, expected, settledMs = 150, declared, withoutControl }) =>
      check(declared.line, {
        ...pass(index + 1, id, expected, Math.min(settledMs, 1_500)),
        id,
        ...(withoutControl === undefined ? {} : { withoutControl }),
      }),
    ),
  }));
  return buildRecord([{ ...scenario, steps }]);
}

/** The same, cut short in its third step: a pod did not come back. */
export function brokenOff(): RunRecord {
  const scenario = rollout();
  const steps = scenario.steps.map((step, index) => {
    if (index < 2) return step;
    const { atMs, actedMs: _, durationMs: __, force: ___, ...rest } = step;
    return {
      ...rest,
      ...(index === 2 && atMs !== undefined ? { atMs } : {}),
      checks: step.checks.map(
        ({ observed, closing, verdict, reason, settledMs, disagreement, isolatedBy, ...check }) => check,
      ),
    };
  });
  const message = 'the API is replaced: pod shop/api did not become ready within 60 s: ErrImagePull';
  const { closingControl: _, ...rest } = scenario;
  return buildRecord([
    {
      ...rest,
      status: 'failed',
      error: { code: 'provision-failed', message, hint: 'Look at its events.' },
      steps,
    },
  ]);
}

function rollout(): ScenarioRecord {
  const base = buildScenario(
    'rollout',
    {
      pods: {
        'shop/web': ['http=80'],
        'shop/api': [8080],
        'shop/db': [5432],
        'monitoring/prometheus': [],
      },
      policies: {
        'shop/default-deny': 1,
        'shop/allow-web': 9,
        'shop/allow-api': 17,
        'shop/allow-devops': 25,
      },
      checks: [],
    },
    {
      description: 'Monitoring is let in, the API is replaced, and at last everything is open again.',
      owner: 'payments-team',
      durationMs: 35_200,
      grounds: [
        [],
        [{ direction: 'ingress', policy: 'shop/allow-api', rule: 1, location: place(22) }],
        [{ direction: 'ingress', policy: 'shop/default-deny', location: place(1) }],
      ],
    },
  );
  const [web, api, db, prometheus] = base.pods;
  if (web === undefined || api === undefined || db === undefined || prometheus === undefined)
    throw new Error('the scenario has four pods');
  const newApi = { ...api, ip: '10.64.0.40' };
  const batch = {
    namespace: 'shop',
    name: 'batch',
    labels: { app: 'batch' },
    ports: [],
    node: 'node-2',
    ip: '10.64.0.41',
  };
  const relabelled = { ...web, labels: { app: 'web', version: 'v2' } };
  const [deny, allowWeb, allowApi, allowDevops] = base.policies;
  if (deny === undefined || allowWeb === undefined || allowApi === undefined || allowDevops === undefined)
    throw new Error('the scenario has four policies');
  const narrowed = { ...allowWeb, text: `${allowWeb.text}# narrowed\n`, location: place(40) };
  return {
    ...base,
    phases: [
      ...base.phases.filter(({ name }) => name === 'provision' || name === 'control'),
      ...ACTED_MS.flatMap((actedMs, index) => [
        { name: 'apply' as const, step: index + 1, atMs: actedMs - ACTING_MS, durationMs: ACTING_MS },
        { name: 'settle' as const, step: index + 1, atMs: actedMs, durationMs: 3_800 },
        { name: 'observe' as const, step: index + 1, atMs: actedMs + 3_800, durationMs: 1_000 },
      ]),
      { name: 'closing', atMs: CLOSING_MS, durationMs: 120 },
      { name: 'cleanup', atMs: 33_920, durationMs: 1_280 },
    ],
    steps: [
      {
        ...timing(1),
        checks: checks(20, [
          pass(1, 0, 'reachable', 60),
          pass(1, 1, 'unreachable', 280),
          pass(1, 2, 'reachable', 60),
          { ...pass(1, 3, 'unreachable', 410), because: 'nobody looks at the API before it is ready' },
          pass(1, 4, 'unreachable', 330),
          pass(1, 5, 'unreachable', 220),
          pass(1, 6, 'unreachable', 240),
        ]),
      },
      {
        name: 'monitoring is let in',
        description: 'A label on a namespace opens a door.',
        actions: [
          { kind: 'label', object: 'namespace/monitoring', labels: { team: 'devops' } },
          { kind: 'label', object: 'shop/web', labels: { version: 'v2', canary: null } },
        ],
        withinMs: 2_000,
        ...timing(2),
        namespaces: base.namespaces.map((one) =>
          one.name === 'monitoring' ? { ...one, labels: { team: 'devops' } } : one,
        ),
        pods: [relabelled, api, db, prometheus],
        checks: checks(40, [
          pass(2, 0, 'reachable', 60),
          pass(2, 1, 'unreachable', 20),
          pass(2, 2, 'reachable', 60),
          {
            expected: 'reachable',
            verdict: 'late',
            reason: whyLate(3_100, 2_000),
            settledMs: 3_100,
            attempts: seen(2, ['timeout', 'timeout', 'timeout', 'timeout', 'connected', 'connected'], 100),
          },
          pass(2, 4, 'unreachable', 20),
          pass(2, 5, 'unreachable', 20),
          pass(2, 6, 'unreachable', 20),
        ]),
      },
      {
        name: 'the API is replaced',
        actions: [{ kind: 'replace', object: 'shop/api' }],
        ...timing(3),
        pods: [relabelled, newApi, db, prometheus],
        checks: checks(60, [
          { ...pass(3, 0, 'reachable', 60), withoutControl: CREATED_LATER },
          pass(3, 1, 'unreachable', 20),
          {
            expected: 'reachable',
            verdict: 'broken',
            withoutControl: CREATED_LATER,
            predicted: allowed(1),
            disagreement: 'cluster',
            reason: 'it could not connect: timeout 3 of 3',
            attempts: seen(3, ['timeout', 'timeout', 'timeout'], 90),
            isolatedBy: { egress: [], ingress: ['shop/default-deny', 'shop/allow-api'] },
          },
          { ...pass(3, 3, 'reachable', 60), withoutControl: CREATED_LATER },
          pass(3, 4, 'unreachable', 20),
          pass(3, 5, 'unreachable', 20),
          { ...pass(3, 6, 'unreachable', 20), withoutControl: CREATED_LATER },
        ]),
      },
      {
        name: 'monitoring is shut out again',
        actions: [
          { kind: 'apply', object: 'networkpolicy/shop/allow-web' },
          { kind: 'delete', object: 'networkpolicy/shop/allow-devops' },
          { kind: 'create', object: 'shop/batch' },
        ],
        ...timing(4),
        pods: [relabelled, newApi, db, prometheus, batch],
        policies: [deny, narrowed, allowApi],
        checks: checks(80, [
          { ...pass(4, 0, 'reachable', 60), withoutControl: CREATED_LATER },
          {
            expected: 'unreachable',
            verdict: 'flapping',
            predicted: denied(2),
            reason: 'it had settled as expected, then showed connected 1 of 1',
            settledMs: 20,
            attempts: seen(4, ['timeout', 'timeout', 'connected'], 20),
            isolatedBy: isolated,
          },
          { ...pass(4, 2, 'reachable', 60), withoutControl: CREATED_LATER },
          {
            expected: 'unreachable',
            verdict: 'leaked',
            withoutControl: CREATED_LATER,
            because: 'what monitoring has to see, it has seen',
            predicted: denied(2),
            disagreement: 'cluster',
            reason: 'it connected although it must not',
            attempts: seen(4, ['connected', 'connected', 'connected'], 50),
            isolatedBy: isolated,
          },
          pass(4, 4, 'unreachable', 20),
          pass(4, 5, 'unreachable', 20),
          { ...pass(4, 6, 'unreachable', 20), withoutControl: CREATED_LATER },
          { ...pass(4, 7, 'unreachable', 180), withoutControl: CREATED },
        ]),
      },
      {
        name: 'back to open',
        actions: [
          ...['default-deny', 'allow-web', 'allow-api'].map((policy) => ({
            kind: 'delete' as const,
            object: `networkpolicy/shop/${policy}`,
          })),
          { kind: 'remove', object: 'shop/batch' },
        ],
        ...timing(5),
        pods: [relabelled, newApi, db, prometheus],
        policies: [],
        checks: checks(100, [
          { ...pass(5, 0, 'reachable', 40), withoutControl: CREATED_LATER },
          pass(5, 1, 'reachable', 310),
          { ...pass(5, 2, 'reachable', 40), withoutControl: CREATED_LATER },
          { ...pass(5, 3, 'reachable', 120), withoutControl: CREATED_LATER },
          pass(5, 4, 'reachable', 1_240),
          {
            expected: 'reachable',
            verdict: 'inconclusive',
            reason: 'the probe could not try: EADDRNOTAVAIL',
            attempts: seen(5, ['error', 'error'], 50).map(({ dials: _, seen: __, ...one }) => ({
              ...one,
              detail: 'EADDRNOTAVAIL',
            })),
          },
          { ...pass(5, 6, 'reachable', 95), withoutControl: CREATED_LATER },
        ]),
      },
    ],
  };
}

function place(line: number): CheckRecord['declared'] {
  return { file: 'policies/rollout.yaml', line, column: 1 };
}
