/** The way between two nodes, by what its witnesses answer. */
import { describe, expect, test } from 'vitest';
import type { AgentLine, AttemptLine, Batch } from '../../src/probe/protocol.ts';
import { Evidence, wayKey } from '../../src/run/evidence.ts';
import { Witnesses } from '../../src/run/witnesses.ts';
import { sleepingClock } from '../cluster/kind/world.ts';
import { contextOn, sessionsThat } from './fake-agents.ts';

const TIMING = {
  timeoutMs: 1_000,
  denialMs: 300,
  withinMs: 0,
  controlMs: 0,
  settleFloorMs: 0,
  readyWithinMs: 0,
  execGraceMs: 0,
  confirm: 2,
  isPatient: false,
};
const WAY = {
  kind: 'nodes',
  key: wayKey('node-1', 'node-2', { protocol: 'TCP', family: 'IPv4' }),
  from: 'node-1',
  to: 'node-2',
  protocol: 'TCP',
  family: 'IPv4',
} as const;

/** Whether the way between two nodes is open, where the witness of the second answers the first at once and this is the way back. */
async function isOpen(back: Partial<AttemptLine>): Promise<boolean> {
  const clock = sleepingClock();
  const exec = sessionsThat(async ({ pod }, input) => {
    const { targets }: Batch = JSON.parse(input);
    const lines: AgentLine[] = [
      ...targets.map(
        ({ id }): AgentLine => ({
          kind: 'attempt',
          id,
          outcome: 'connected',
          startedMs: 10,
          durationMs: 1,
          ...(pod === 'open-2' ? back : {}),
        }),
      ),
      {
        kind: 'end',
        agent: pod,
        attempts: targets.length,
        listeners: 0,
        clockMs: clock.now(),
        elapsedMs: 0,
        visitsMs: [],
        retransmissions: 0,
        arrived: [],
        late: [],
        halfOpen: [],
      },
    ];
    return { kind: 'answered', stdout: lines.map((line) => `${JSON.stringify(line)}\n`).join('') };
  });
  const outposts = ['1', '2'].map((number) => {
    const node = `node-${number}`;
    const pod = (name: string) => ({ namespace: 'x', name: `${name}-${number}`, ip: name, node });
    return { node, open: pod('open'), guarded: pod('guarded') };
  });
  const stage = { evidence: new Evidence(0), noteSetbacks: () => undefined };
  const open = await new Witnesses(outposts).connect([WAY], stage, contextOn({ exec }, clock, TIMING));
  return open.has(wayKey('node-1', 'node-2', { protocol: 'TCP', family: 'IPv4' }));
}

describe('the way between two nodes', () => {
  test.each([
    ['is open where both connect', {}, true],
    ['is not open where one does not', { outcome: 'timeout' }, false],
    [
      'is not open where one is slow: what came through then might have come too late elsewhere',
      { durationMs: 101 },
      false,
    ],
    [
      'is open where a packet was lost and the next was answered at once',
      { durationMs: 420, dials: 2, lastDialMs: 410, lost: 1 },
      true,
    ],
    [
      'is not open where the first dial was answered after the second',
      { durationMs: 420, dials: 2, lastDialMs: 410 },
      false,
    ],
  ] as const)('%s', async (_, back, expected) => {
    expect(await isOpen(back)).toBe(expected);
  });
});
