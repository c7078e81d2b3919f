import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchDeadlineMs, batchInput, PLAIN_BATCH, parseAgentOutput } from '../../src/probe/batch.ts';
import type { AgentLine, Batch, EndLine } from '../../src/probe/protocol.ts';

const batch: Batch = {
  ...PLAIN_BATCH,
  runId: 'run-1',
  timeoutMs: 300,
  deadlineMs: 3_000,
  targets: [
    { id: 3, host: '10.0.0.3', port: 80, protocol: 'TCP', pod: 'shop/web' },
    { id: 4, host: '10.0.0.4', port: 53, protocol: 'UDP', pod: 'shop/dns' },
  ],
  listeners: [{ host: '10.0.0.2', port: 80, protocol: 'TCP' }],
  turns: [{ id: 3, host: '10.0.0.5', port: 81, protocol: 'TCP', pods: ['shop/marker'], wanted: 'open' }],
};
const web: AgentLine = { kind: 'attempt', id: 3, outcome: 'connected', startedMs: 0.5, durationMs: 1.25 };
const dns: AgentLine = {
  kind: 'attempt',
  id: 4,
  outcome: 'refused',
  startedMs: 0.5,
  durationMs: 0.75,
  detail: 'ECONNREFUSED',
};
const own: AgentLine = { kind: 'listener', host: '10.0.0.2', port: 80, protocol: 'TCP', alive: true };
const turn: AgentLine = { kind: 'turn', id: 3, turnedMs: 12 };
const end: EndLine = {
  kind: 'end',
  agent: '9f86d081884c7d65',
  attempts: 2,
  listeners: 1,
  clockMs: 70_000.5,
  elapsedMs: 310,
  visitsMs: [-400.25, 599.75],
  retransmissions: 0,
  arrived: [],
  late: [],
  halfOpen: [],
};

function printed(...lines: readonly object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

describe('the output of a probe', () => {
  test('counts when everything was answered once, in any order, and the end mark closes it', () => {
    expect(parseAgentOutput(printed(dns, own, turn, web, end), batch)).toEqual({
      kind: 'complete',
      attempts: [dns, web],
      listeners: [own],
      turns: [turn],
      end,
    });
  });

  const incomplete = (attempts: number, listeners: number, turns = 1): string =>
    `the output of the probe is incomplete: ${attempts} of 2 attempts, ${listeners} of 1 listeners, ${turns} of 1 turns`;
  const noEnd = 'the output of the probe ended without its end mark';
  test.each([
    ['is empty', '', noEnd],
    ['has no end mark', printed(dns, own, turn, web), noEnd],
    ['breaks off inside the end mark', printed(dns, own, turn, web, end).slice(0, -5), noEnd],
    ['lacks an attempt', printed(dns, own, turn, end), incomplete(1, 1)],
    ['lacks a listener', printed(dns, web, turn, end), incomplete(2, 0)],
    ['lacks a turn', printed(dns, own, web, end), incomplete(2, 1, 0)],
    [
      'has an end mark with other counts',
      printed(dns, own, turn, web, { ...end, attempts: 3 }),
      incomplete(2, 1),
    ],
    [
      'answers what was not asked',
      printed(dns, own, turn, web, { ...web, id: 9 }, end),
      'the output of the probe has attempt 9 twice, or unasked',
    ],
    [
      'answers twice',
      printed(dns, own, turn, web, { ...web, outcome: 'timeout' }, end),
      'the output of the probe has attempt 3 twice, or unasked',
    ],
    [
      'has another listener',
      printed(dns, { ...own, protocol: 'UDP' }, web, end),
      'the output of the probe has the listener on 80/UDP of 10.0.0.2 twice, or unasked',
    ],
    [
      'goes on after its end mark',
      printed(dns, own, turn, web, end, end),
      'the output of the probe goes on after its end mark',
    ],
    [
      'has a line that is not JSON',
      `Segmentation fault\n${printed(dns, own, turn, web, end)}`,
      'line 1 of the output of the probe is not an answer: Segmentation fault',
    ],
    [
      'has an outcome that does not exist',
      printed(dns, { ...web, outcome: 'fine' }, own, end),
      'line 2 of the output of the probe is not an answer: ' +
        '{"kind":"attempt","id":3,"outcome":"fine","startedMs":0.5,"durationMs":1.25}',
    ],
  ])('proves nothing when it %s', (_, stdout, reason) => {
    expect(parseAgentOutput(stdout, batch)).toEqual({ kind: 'broken', reason });
  });

  test('proves nothing wherever it is cut, and whichever line is lost or doubled', () => {
    const lines = [web, dns, own, turn, end];
    const whole = printed(...lines);
    const cut = fc.nat(whole.length - 2).map((length) => whole.slice(0, length));
    const lost = fc.nat(4).map((index) => printed(...lines.toSpliced(index, 1)));
    const doubled = fc.nat(4).map((index) => printed(...lines.toSpliced(index, 0, lines[index] ?? end)));
    fc.assert(
      fc.property(
        fc.oneof(cut, lost, doubled),
        (stdout) => parseAgentOutput(stdout, batch).kind === 'broken',
      ),
    );
  });
});

test('the input is the batch on one line', () => {
  expect(batchInput(batch)).toBe(`${JSON.stringify(batch)}\n`);
  expect(JSON.parse(batchInput(batch))).toEqual(batch);
});

test('the deadline grows with the number of waves, and with how many wait until others are answered', () => {
  expect([0, 1, 2, 3].map((jobs) => batchDeadlineMs(jobs, 300))).toEqual([5_600, 5_675, 5_675, 5_750]);
  expect([512, 513].map((jobs) => batchDeadlineMs(jobs, 300))).toEqual([24_800, 28_475]);
});
