/** What new pods saw at first, in every format. */
import { expect, test } from 'vitest';
import { withFirstInstant } from '../../src/judge/first-instant.ts';
import type { CheckRecord, RunRecord } from '../../src/record/schema.ts';
import { ENDINGS, render } from './render.ts';
import { calmSteps } from './steps.ts';

type SeenFirst = NonNullable<CheckRecord['firstInstant']>;

const FIRST = { attempts: 62, triedMs: 130, endMs: 5_230, windows: [] };
const LEAKED: SeenFirst = {
  ...FIRST,
  windows: [
    {
      kind: 'leak',
      began: { earliestMs: 0, latestMs: 133 },
      ended: { earliestMs: 372, latestMs: 423 },
      attempts: 6,
      outcome: 'connected',
    },
  ],
};
const ALLOWED: SeenFirst = { ...FIRST, allowed: { earliestMs: 180, latestMs: 231 } };

/** In the second step, one pair of each expectation was tried from the first instant. */
function early(seen: { readonly [Expected in CheckRecord['expected']]: SeenFirst }): RunRecord {
  const record = calmSteps();
  return {
    ...record,
    scenarios: record.scenarios.map((scenario) => ({
      ...scenario,
      steps: scenario.steps.map((step, index) =>
        index === 1 ? { ...step, checks: step.checks.map((check) => tried(check, step.checks, seen)) } : step,
      ),
    })),
  };
}

function tried(
  check: CheckRecord,
  all: readonly CheckRecord[],
  seen: { readonly [Expected in CheckRecord['expected']]: SeenFirst },
): CheckRecord {
  if (check !== all.find(({ expected }) => expected === check.expected)) return check;
  const firstInstant = seen[check.expected];
  const { verdict, reason } = withFirstInstant({ verdict: 'pass' }, { ...check, firstInstant }, {});
  return { ...check, firstInstant, verdict, ...(reason === undefined ? {} : { reason }) };
}

const record = early({ unreachable: LEAKED, reachable: ALLOWED });
const [unreachable, reachable] = (['unreachable', 'reachable'] as const).map((expected) =>
  record.scenarios[0]?.steps[1]?.checks.find((check) => check.expected === expected),
);
const leak = `open for the first 372 to 423 ms of ${unreachable?.from}, 6 attempts connected`;
const allowed = `let through 180 to 231 ms after the first millisecond of ${reachable?.from}`;

/** Wrapped lines as one. */
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');

test.each(
  ENDINGS.map(([format]) => format).filter((format) => format !== 'openmetrics' && format !== 'json'),
)('%s tells a leak with its age, and how old a pod was when it was let through', (format) => {
  const told = flat(render(format, record, { verbose: true }));
  expect(told).toContain(leak);
  expect(told).toContain(allowed);
});

test('the terminal sums up each step', () => {
  expect(flat(render('terminal', record))).toContain(
    'at first let through at an age of at most 231 ms (1 of 1 pair); cut off from the first attempt on (0 of 1 pair; 1 open for a time)',
  );
});

test('metrics have the leaks of a step, and the age at which all was let through', () => {
  const samples = (one: RunRecord): string[] =>
    render('openmetrics', one)
      .split('\n')
      .filter((line) => line.startsWith('podreach_first_instant'))
      .map((line) => line.replace(/\{.*\}/, ''));
  expect(samples(record)).toEqual([
    'podreach_first_instant_allow_seconds 0.231',
    'podreach_first_instant_leaks 1',
  ]);
  const { allowed: _, ...never } = ALLOWED;
  expect(samples(early({ unreachable: FIRST, reachable: never }))).toEqual([
    'podreach_first_instant_leaks 0',
  ]);
  expect(samples(calmSteps())).toEqual([]);
});

test('the audit says what a leak of a new pod means', () => {
  const told = flat(render('audit', record));
  expect(told).toContain('for a time just after it had come, although it must not');
  expect(told).toContain('Whatever runs in such a pod can use that time');
});

test('what was cut off from the first attempt on is said as well, and what is not known', () => {
  const unknown: SeenFirst = {
    attempts: 0,
    endMs: 0,
    windows: [
      { kind: 'unknown', began: { earliestMs: 0, latestMs: 0 }, attempts: 0, why: 'it was not heard' },
    ],
  };
  const told = flat(render('junit', early({ unreachable: FIRST, reachable: unknown })));
  expect(told).toContain(
    `cut off from the first attempt until 5.2 s after the first millisecond of ${unreachable?.from} (62 attempts, the first at an age of 130 ms)`,
  );
  expect(told).toContain('not known: it was not heard');
});
