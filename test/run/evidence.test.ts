/** What a scenario knows of its network beside its attempts, and the triangles that follow from it. */
import { describe, expect, test } from 'vitest';
import type { EndLine } from '../../src/probe/protocol.ts';
import { Attempts, type CheckDraft } from '../../src/record/draft.ts';
import { Evidence, wayKey } from '../../src/run/evidence.ts';
import type { RunningPod } from '../../src/run/provision.ts';
import { attempt } from '../judge/attempts.ts';
import { RememberedAttempts } from './noted.ts';

const FROM: RunningPod = { namespace: 'x', name: 'from', ip: '10.0.0.1', node: 'node-1' };
const TO = { namespace: 'x', name: 'to', ip: '10.0.0.2', node: 'node-2' };
const WAY = wayKey('node-2', 'node-1', { protocol: 'TCP', family: 'IPv4' });
const ATTEMPT = attempt('settle', 'timeout', { atMs: 1_000 });
const podOf = (key: string) => [FROM, TO].find(({ name }) => key === `x/${name}`);

/** A batch that took no time on its way: all clocks are the run's. */
function end(clockMs: number, elapsedMs: number, more: Partial<EndLine> = {}): EndLine {
  return {
    kind: 'end',
    agent: 'agent',
    attempts: 0,
    listeners: 0,
    clockMs,
    elapsedMs,
    visitsMs: [],
    retransmissions: 0,
    arrived: [],
    late: [],
    halfOpen: [],
    ...more,
  };
}

function checkOf(protocol: 'TCP' | 'UDP' = 'TCP'): CheckDraft {
  return {
    id: 0,
    from: 'x/from',
    to: 'x/to',
    port: 80,
    protocol,
    path: 'podIP',
    family: 'IPv4',
    expected: 'unreachable',
    declared: { file: 'x.yaml', line: 1, column: 1 },
  };
}

/** Evidence of a cut at 1000 ms, dialled last at 1400, with visits at these times. */
function cutAt(visits: { readonly source: readonly number[]; readonly destination: readonly number[] }) {
  const evidence = new Evidence(0);
  const check = checkOf();
  const cut = new Attempts().note(check, ATTEMPT);
  const tell = (pod: typeof FROM, times: readonly number[]): void =>
    evidence.noteEnd(
      pod,
      { sentMs: 1_000, receivedMs: 1_500 },
      end(1_000, 500, { visitsMs: times.map((time) => time - 1_000) }),
    );
  tell(FROM, visits.source);
  tell(TO, visits.destination);
  evidence.noteWay(WAY, [
    { pod: FROM, clockMs: 1_010, durationMs: 5, lost: 0 },
    { pod: TO, clockMs: 1_020, durationMs: 5, lost: 0 },
  ]);
  evidence.noteCut({
    check,
    attempt: cut,
    from: FROM,
    to: [TO],
    ways: [WAY],
    lastDialMs: 1_400,
    way: 'open',
  });
  evidence.review([check], podOf, 2);
  return { evidence, check, cut };
}

describe('the next visit of the kubelet', () => {
  test('is expected at the pace of those before, and as late as the clock may be', () => {
    const evidence = new Evidence(500);
    // Its clock is 0 to 20 ms behind the one of the run.
    evidence.noteEnd(FROM, { sentMs: 1_000, receivedMs: 1_520 }, end(1_000, 500, { visitsMs: [-700, 310] }));
    expect(evidence.nextVisit(FROM, 700)).toBe(830);
    expect(evidence.nextVisit(FROM, 810)).toBe(830);
    expect(evidence.nextVisit(FROM, 811)).toBe(1_830);
    expect(evidence.nextVisit(FROM, 5_500)).toBe(5_830);
  });

  test('is unknown where there was none', () => {
    const evidence = new Evidence(0);
    expect(evidence.nextVisit(FROM, 0)).toBe(undefined);
    evidence.noteEnd(FROM, { sentMs: 1_000, receivedMs: 1_500 }, end(1_000, 500));
    expect(evidence.nextVisit(FROM, 0)).toBe(undefined);
  });
});

describe('the triangle of an attempt that was cut off', () => {
  test('has of each side when it was last seen to work before the last dial', () => {
    const { cut } = cutAt({ source: [300, 1_300, 1_450], destination: [200, 1_200] });
    expect(cut.attempt.seen).toEqual({ source: 1_300, destination: 1_200, between: 1_010 });
  });

  test('lacks a side that was seen too long ago, or never', () => {
    const { cut } = cutAt({ source: [-3_700], destination: [] });
    expect(cut.attempt.seen).toEqual({ between: 1_010 });
  });

  test('takes no way for open of which nobody can say when', () => {
    const evidence = new Evidence(0);
    const check = checkOf();
    const cut = new Attempts().note(check, ATTEMPT);
    evidence.noteEnd(FROM, { sentMs: 1_000, receivedMs: 1_500 }, end(1_000, 500));
    // The clock of this one is not known yet.
    evidence.noteWay(WAY, [
      { pod: FROM, clockMs: 1_010, durationMs: 5, lost: 0 },
      { pod: TO, clockMs: 1_020, durationMs: 5, lost: 0 },
    ]);
    evidence.noteCut({
      check,
      attempt: cut,
      from: FROM,
      to: [TO],
      ways: [WAY],
      lastDialMs: 1_400,
      way: 'open',
    });
    evidence.review([check], podOf, 2);
    expect(cut.attempt.seen).toEqual({});
  });

  test('is completed by what its destination tells later', () => {
    const { evidence, check, cut } = cutAt({ source: [1_100], destination: [] });
    expect([...evidence.unheard([check])]).toEqual([]);
    const late = new Evidence(0);
    late.noteEnd(FROM, { sentMs: 1_000, receivedMs: 1_500 }, end(1_000, 500, { visitsMs: [100] }));
    late.noteEnd(TO, { sentMs: 1_000, receivedMs: 1_010 }, end(1_000, 10));
    late.noteCut({
      check,
      attempt: cut,
      from: FROM,
      to: [TO],
      ways: [WAY],
      lastDialMs: 1_400,
      way: 'unwitnessed',
    });
    late.review([check], podOf, 2);
    expect(cut.attempt.seen).toEqual({ source: 1_100, between: 1_400 });
    expect([...late.unheard([check])]).toEqual([TO]);
    late.noteEnd(TO, { sentMs: 2_000, receivedMs: 2_010 }, end(2_000, 10, { visitsMs: [-800] }));
    late.review([check], podOf, 2);
    expect(cut.attempt.seen).toEqual({ source: 1_100, destination: 1_200, between: 1_400 });
    expect([...late.unheard([check])]).toEqual([]);
  });

  test('counts a visit only where it certainly came before the last dial', () => {
    const evidence = new Evidence(0);
    const check = checkOf();
    const cut = new Attempts().note(check, ATTEMPT);
    evidence.noteEnd(FROM, { sentMs: 1_000, receivedMs: 1_500 }, end(1_000, 500, { visitsMs: [0] }));
    // Its exec took 300 ms on the way: the visit may have come between 1250 and 1550.
    evidence.noteEnd(TO, { sentMs: 1_000, receivedMs: 1_800 }, end(1_000, 500, { visitsMs: [250] }));
    evidence.noteCut({
      check,
      attempt: cut,
      from: FROM,
      to: [TO],
      ways: [WAY],
      lastDialMs: 1_400,
      way: 'unwitnessed',
    });
    evidence.review([check], podOf, 2);
    expect(cut.attempt.seen).toEqual({ source: 1_000, between: 1_400 });
  });
});

describe('where packets get lost', () => {
  test('a cut takes three times as many attempts', () => {
    const { evidence, check } = cutAt({ source: [1_100], destination: [1_200] });
    expect(check.confirm).toBe(undefined);
    evidence.noteLoss(TO);
    evidence.review([check], podOf, 2);
    expect(check.confirm).toBe(6);
  });

  test('what was sent again since the first look tells it', () => {
    const { evidence, check } = cutAt({ source: [1_100], destination: [1_200] });
    evidence.noteEnd(FROM, { sentMs: 2_000, receivedMs: 2_010 }, end(2_000, 10, { retransmissions: 1 }));
    evidence.review([check], podOf, 2);
    expect(check.confirm).toBe(6);
  });

  test('what is lost while everything is connected once more counts no more', () => {
    const { evidence, check } = cutAt({ source: [1_100], destination: [1_200] });
    evidence.close();
    evidence.noteLoss(FROM, TO);
    evidence.review([check], podOf, 2);
    expect(check.confirm).toBe(undefined);
  });
});

test('a datagram that turns out to have arrived makes its attempt one-way', () => {
  const evidence = new Evidence(0);
  const check = checkOf('UDP');
  const sent = new Attempts().note(check, ATTEMPT);
  evidence.noteSent('0123456789abcdef', { check, attempt: sent, to: TO });
  expect(evidence.askedOf(TO)).toEqual(['0123456789abcdef']);
  expect([...evidence.unheard([check])]).toEqual([TO]);
  const arrived = ['0123456789abcdef'];
  evidence.noteEnd(TO, { sentMs: 2_000, receivedMs: 2_010 }, end(2_000, 10, { arrived }));
  evidence.forget(TO, arrived);
  expect(sent.attempt).toMatchObject({
    outcome: 'one-way',
    detail: 'the datagram arrived, and no answer came back',
  });
  expect(evidence.askedOf(TO)).toEqual([]);
});

describe('connections that were not answered', () => {
  function dialled(outcomes: readonly ('timeout' | 'connected')[], from = FROM) {
    const evidence = new Evidence(0);
    const check = checkOf();
    const attempts = new RememberedAttempts();
    for (const [index, outcome] of outcomes.entries())
      evidence.unanswered.note(
        check,
        attempts.note(check, attempt('settle', outcome)),
        from,
        [{ pod: TO, port: check.port }],
        outcome === 'connected' ? undefined : { nonce: `nonce-${index}`, localPorts: [40_000 + index] },
      );
    const tell = (...halfOpen: readonly string[]): void =>
      evidence.noteEnd(TO, { sentMs: 2_000, receivedMs: 2_010 }, end(2_000, 10, { halfOpen }));
    return { evidence, check, tell, seen: () => attempts.of(check) };
  }

  test('are one-way where their destination tells that they arrived', () => {
    const { evidence, check, tell, seen } = dialled(['timeout', 'timeout']);
    expect([...evidence.unanswered.destinations([check])]).toEqual([TO]);
    tell('10.0.0.1:40000>80', '10.0.0.9:40001>80', '10.0.0.1:40001>81');
    expect(seen()).toMatchObject([
      { outcome: 'one-way', detail: 'the connection arrived, and no answer came back' },
      { outcome: 'timeout' },
    ]);
    tell('10.0.0.1:40001>80');
    expect(seen().map(({ outcome }) => outcome)).toEqual(['one-way', 'one-way']);
  });

  test('from the network of a node may come from any of its addresses, with the same ports', () => {
    const { tell, seen } = dialled(['timeout', 'timeout'], { ...FROM, hostNetwork: true });
    tell('192.0.2.7:40000>80', '192.0.2.7:40001>81');
    expect(seen().map(({ outcome }) => outcome)).toEqual(['one-way', 'timeout']);
  });

  test('are late where their source tells that they were answered after all, half open or not', () => {
    const { evidence, check, seen } = dialled(['timeout', 'timeout', 'timeout']);
    expect([...evidence.unanswered.sources([check])]).toEqual([FROM]);
    const tell = (pod: typeof FROM, more: Partial<EndLine>): void =>
      evidence.noteEnd(pod, { sentMs: 2_000, receivedMs: 2_010 }, end(2_000, 10, more));
    tell(TO, { halfOpen: ['10.0.0.1:40000>80'] });
    tell(TO, { late: ['nonce-2'] });
    tell(FROM, { late: ['nonce-0', 'nonce-1'] });
    tell(TO, { halfOpen: ['10.0.0.1:40001>80'] });
    expect(seen()).toMatchObject([
      { outcome: 'timeout', late: true, detail: 'answered late' },
      { outcome: 'timeout', late: true },
      { outcome: 'timeout' },
    ]);
    expect(seen()[2]?.late).toBe(undefined);
  });

  test('say nothing about the policies when these are taken away', () => {
    const { evidence, tell, seen } = dialled(['timeout']);
    evidence.close();
    tell('10.0.0.1:40000>80');
    evidence.noteEnd(FROM, { sentMs: 2_000, receivedMs: 2_010 }, end(2_000, 10, { late: ['nonce-0'] }));
    expect(seen()).toEqual([attempt('settle', 'timeout')]);
  });

  test('are not in question once the pair has connected', () => {
    const { evidence, check, tell, seen } = dialled(['timeout', 'connected']);
    expect([...evidence.unanswered.destinations([check])]).toEqual([]);
    tell('10.0.0.1:40000>80');
    expect(seen().map(({ outcome }) => outcome)).toEqual(['timeout', 'connected']);
  });

  test('are remembered for the last attempts of a long row', () => {
    const { check, tell, seen } = dialled(Array.from({ length: 20 }, () => 'timeout' as const));
    tell(...Array.from({ length: 20 }, (_, index) => `10.0.0.1:${40_000 + index}>80`));
    expect(seen().filter(({ outcome }) => outcome === 'one-way')).toHaveLength(8);
    expect(check.observed?.map(({ outcome, count }) => [outcome, count])).toEqual([
      ['timeout', 12],
      ['one-way', 8],
    ]);
  });
});
