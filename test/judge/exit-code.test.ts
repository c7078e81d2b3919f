import { expect, test } from 'vitest';
import { exitCodeFor } from '../../src/judge/exit-code.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { compile } from '../../src/policy/oracle.ts';
import type { RunDraft } from '../../src/record/draft.ts';
import { startRecord, startScenario } from '../../src/run/start-record.ts';

function recordWith(
  verdicts: readonly (Verdict | undefined)[],
  error?: NonNullable<RunDraft['run']['error']>,
): RunDraft {
  const location = { file: 'a.yaml', line: 1, column: 1 };
  const namespaces = [{ name: 'n', labels: {} }];
  const pods = ['a', 'b'].map((name) => ({ namespace: 'n', name, labels: {}, ports: [] }));
  const record = startRecord(
    [
      startScenario({
        scenario: { name: 'a', tags: [], location },
        namespaces,
        pods,
        accepted: [],
        idleExceptions: [],
        steps: [
          {
            location,
            actions: [],
            applied: [],
            namespaces,
            pods,
            policies: [],
            oracle: () => compile({ pods, policies: [] }),
            checks: verdicts.map((_, id) => ({
              id,
              from: 'n/a',
              to: 'n/b',
              port: 80,
              protocol: 'TCP',
              family: 'IPv4',
              expected: 'reachable',
              declared: location,
            })),
          },
        ],
      }),
    ],
    {
      runId: 'r',
      version: '0',
      startedAt: new Date(0),
      cluster: 'sandbox',
      options: { confirm: 2, keep: false, failFast: false },
    },
  );
  const [scenario] = record.scenarios;
  for (const [index, verdict] of verdicts.entries()) {
    const check = scenario?.steps[0].checks[index];
    if (check !== undefined && verdict !== undefined) check.verdict = verdict;
  }
  if (scenario !== undefined && error !== undefined) scenario.error = error;
  return record;
}

const failure = { code: 'provision-failed', message: 'no' };

test.each<[string, (Verdict | undefined)[], typeof failure | undefined, number]>([
  ['everything passed', ['pass', 'pass'], undefined, 0],
  ['one leaked', ['pass', 'leaked'], undefined, 1],
  ['one was broken', ['broken', 'inconclusive'], undefined, 1],
  ['one flapped', ['flapping'], undefined, 1],
  ['a mismatch beside a failure', ['leaked'], failure, 1],
  ['the environment failed', ['pass'], failure, 3],
  ['one proved nothing', ['pass', 'inconclusive'], undefined, 4],
  ['one was never judged', ['pass', undefined], undefined, 4],
  ['there was nothing to check', [], undefined, 4],
])('%s', (_, verdicts, error, code) => {
  expect(exitCodeFor(recordWith(verdicts, error))).toBe(code);
});

test.each([
  ['none was due yet', 0, 0],
  ['one was due, and none has told anything', 1, 3],
] as const)('new pods: %s', (_, due, code) => {
  const record = recordWith(['pass']);
  record.watch = {
    startedAt: '2026-01-01T00:00:00.000Z',
    everyMs: 1_000,
    budgets: { maxLeakMs: 0, maxUnknown: 0.1 },
    attempts: { due: 0, made: 0, collected: 0 },
    longestStallMs: 0,
    churn: { perMinute: 6, due, made: 0, failures: [], pods: [] },
    incidents: [],
  };
  expect(exitCodeFor(record)).toBe(code);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s goes before everything', (signal, code) => {
  const record = recordWith(['leaked']);
  record.run.interruptedBy = signal;
  expect(exitCodeFor(record)).toBe(code);
});
