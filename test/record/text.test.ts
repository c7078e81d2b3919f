import { expect, test } from 'vitest';
import { Attempts, type CheckDraft, type RunDraft } from '../../src/record/draft.ts';
import { GrowingText, recordText } from '../../src/record/text.ts';
import { attempt } from '../judge/attempts.ts';
import { emptyRecord } from '../run/empty-record.ts';

/** A record that a run writes on, with checks of one scenario. */
function growing(): { readonly record: RunDraft; readonly checks: readonly CheckDraft[] } {
  const checks = [0, 1, 2].map(
    (id): CheckDraft => ({
      id,
      from: 'x/from',
      to: `x/to-${id}`,
      port: 80,
      protocol: 'TCP',
      path: 'podIP',
      family: 'IPv4',
      expected: 'unreachable',
      declared: { file: 'x.yaml', line: 1, column: 1 },
    }),
  );
  const location = { file: 'x.yaml', line: 1, column: 1 };
  const scenario: RunDraft['scenarios'][number] = {
    name: 'x',
    tags: [],
    location,
    status: 'running',
    phases: [],
    namespaces: [],
    pods: [{ namespace: 'x', name: 'from', labels: {}, ports: [] }],
    policies: [],
    grounds: [],
    warnings: [],
    steps: [{ checks }],
  };
  return { record: { ...emptyRecord(), scenarios: [scenario] }, checks };
}

test('the text of a record that grows is that of the record, after everything that a run does to it', () => {
  const { record, checks } = growing();
  const [scenario] = record.scenarios;
  const [first, second] = checks;
  if (scenario === undefined || first === undefined || second === undefined) return expect.unreachable();
  const attempts = new Attempts();
  const text = new GrowingText();
  const held = attempts.note(first, attempt('settle', 'timeout', { detail: 'half\u202eopen' }));
  held.hold();
  const changes: (() => void)[] = [
    () => undefined,
    () => scenario.phases.push({ name: 'settle', atMs: 3 }),
    () => Object.assign(scenario.phases[0] ?? {}, { durationMs: 7 }),
    () => Object.assign(scenario.pods[0] ?? {}, { node: 'node-1', ip: '10.0.0.1' }),
    () => attempts.note(second, attempt('control', 'connected')),
    () => attempts.note(first, attempt('settle', 'timeout', { atMs: 9 })),
    () => held.amend({ outcome: 'one-way' }),
    () => Object.assign(second, { verdict: 'pass', settledMs: 4 }),
    () => Object.assign(scenario.steps[0], { force: [{ node: 'node-1' }], denialMs: 250 }),
    () => Object.assign(scenario, { status: 'finished', closingControl: 'made' }),
    () => Object.assign(record.run, { exitCode: 0 }),
    () => Object.assign(record.environment, { warnings: ['odd'] }),
  ];
  for (const [index, change] of changes.entries()) {
    change();
    expect(text.next(record), `change ${index}`).toBe(recordText(record));
  }
});

test('there is none where nothing has changed', () => {
  const { record, checks } = growing();
  const text = new GrowingText();
  text.next(record);
  expect(text.next(record)).toBeUndefined();
  Object.assign(checks[2] ?? {}, { verdict: 'leaked' });
  expect(text.next(record)).toContain('"verdict":"leaked"');
  expect(text.next(record)).toBeUndefined();
});

test('what has not changed is not put into words again', () => {
  const { record, checks } = growing();
  let asked = 0;
  Object.assign(checks[0] ?? {}, {
    because: {
      toJSON() {
        asked += 1;
        return 'it is asked when it is written';
      },
    },
  });
  const text = new GrowingText();
  text.next(record);
  Object.assign(checks[1] ?? {}, { verdict: 'pass' });
  expect(text.next(record)).toContain('it is asked when it is written');
  expect(asked).toBe(1);
});
