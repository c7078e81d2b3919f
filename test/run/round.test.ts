/** What the agents of a round are told to do. */
import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import type { Batch, SpreadRequest } from '../../src/probe/protocol.ts';
import { Attempts, type CheckDraft } from '../../src/record/draft.ts';
import { connectionsFor } from '../../src/run/dial.ts';
import { Evidence } from '../../src/run/evidence.ts';
import type { RunningPod } from '../../src/run/provision.ts';
import { type Round, runRound, type Stage } from '../../src/run/round.ts';
import { sleepingClock } from '../cluster/kind/world.ts';
import { agentsThat, contextOn, ROUND_TIMING, sessionsThat } from './fake-agents.ts';

const NAMES = ['a', 'b', 'c', 'd'];
const podOf = (name: string): RunningPod => ({ namespace: 'x', name, ip: name, node: 'node-1' });
const keyOf = (name: string): string => `x/${name}`;
const SETTLE: Round = { phase: 'settle', number: 1 };

function checkOf(id: number, from: string, to: string, more: Partial<CheckDraft> = {}): CheckDraft {
  return {
    id,
    from: keyOf(from),
    to,
    port: 80,
    protocol: 'TCP',
    path: 'podIP',
    family: 'IPv4',
    expected: 'reachable',
    declared: { file: 'x.yaml', line: 1, column: 1 },
    ...more,
  };
}

interface Asked {
  /** Of each source. */
  readonly batches: ReadonlyMap<string, Batch>;
  /** How many sources worked at once, at most. */
  readonly atOnce: number;
}

/** What is asked of sources in a round, one at a time of those that must be answered. */
async function ask(checks: readonly CheckDraft[], round: Round): Promise<Asked> {
  const clock = sleepingClock();
  await clock.sleep(2_000);
  const batches = new Map<string, Batch>();
  const agents = agentsThat({ outcomeOf: () => 'connected' }, clock);
  let working = 0;
  let atOnce = 0;
  const exec = sessionsThat(async (request, input) => {
    const batch: Batch = JSON.parse(input);
    if (batch.targets.length === 0) return await agents(request, input);
    batches.set(request.pod, batch);
    working += 1;
    atOnce = Math.max(atOnce, working);
    const answer = await agents(request, input);
    working -= 1;
    return answer;
  });
  const stage: Stage = {
    pods: new Map(NAMES.map((name) => [keyOf(name), podOf(name)])),
    services: new Map([['service/x/all', ['10.96.0.9']]]),
    beganMs: 0,
    evidence: new Evidence(0),
    attempts: new Attempts(),
    noteSetbacks: () => undefined,
  };
  const context = {
    ...contextOn({ exec }, clock, { ...ROUND_TIMING, confirm: 1 }),
    execLimit: pLimit(1),
    waitLimit: pLimit(3),
  };
  await runRound(checks, round, stage, context);
  return { batches, atOnce };
}

const ALL_PAIRS = NAMES.flatMap((from) =>
  NAMES.filter((to) => to !== from).map((to) => [from, keyOf(to)] as const),
);

test('sources begin with different destinations', async () => {
  const checks = ALL_PAIRS.map(([from, to], id) => checkOf(id, from, to));
  const { batches } = await ask(checks, SETTLE);
  const orders = NAMES.map((name) => batches.get(name)?.targets.map(({ host }) => host));
  expect(orders).toEqual([
    ['b', 'c', 'd'],
    ['a', 'c', 'd'],
    ['b', 'd', 'a'],
    ['c', 'a', 'b'],
  ]);
});

test('agents that only wait for what is cut off take no place from others, and are more at once', async () => {
  const atOnce = async (expected: CheckDraft['expected'], round: Round): Promise<number> => {
    const checks = ALL_PAIRS.map(([from, to], id) => checkOf(id, from, to, { expected }));
    return (await ask(checks, round)).atOnce;
  };
  expect(await atOnce('reachable', SETTLE)).toBe(1);
  expect(await atOnce('unreachable', SETTLE)).toBe(3);
  expect(await atOnce('unreachable', { phase: 'control', number: 1 })).toBe(1);
});

test.each([
  [
    'what must be cut off opens half of the connections: two attempts at least make a row',
    'unreachable',
    SETTLE,
    2,
  ],
  ['what must connect opens all of them if it takes them', 'reachable', SETTLE, 1],
  ['before the policies everything must connect', 'unreachable', { phase: 'control', number: 1 }, 1],
] as const)('%s', async (_, expected, round, row) => {
  const backends = ['b', 'c', 'd'].map((name) => ({ pod: keyOf(name), port: 8080 }));
  const check = checkOf(0, 'a', 'service/x/all', { path: 'clusterIP', backends, expected });
  const { batches } = await ask([check], round);
  const [target] = batches.get('a')?.targets ?? [];
  expect((target as SpreadRequest | undefined)?.connections).toBe(Math.ceil(connectionsFor(3) / row));
});
