/** Rounds of a check by the ports of nodes: what it takes for a cut to be proven. */
import { expect, test } from 'vitest';
import { findingOf } from '../../src/judge/finding.ts';
import { lastOf } from '../../src/model/observation.ts';
import { Attempts, type CheckDraft } from '../../src/record/draft.ts';
import { Evidence } from '../../src/run/evidence.ts';
import { OUTSIDE, type RunningPod } from '../../src/run/provision.ts';
import { runRound, type Stage } from '../../src/run/round.ts';
import { Witnesses } from '../../src/run/witnesses.ts';
import { sleepingClock } from '../cluster/kind/world.ts';
import { agentsThat, contextOn, ROUND_TIMING, sessionsThat } from './fake-agents.ts';

const pod = (name: string, node: string): RunningPod => ({ namespace: 'x', name, ip: name, node });
const OUTPOSTS = ['node-1', 'node-2'].map((node) => ({
  node,
  open: pod(`open-${node}`, node),
  guarded: pod(`guarded-${node}`, node),
}));

/** What a cut through two nodes says, where no witness gets from one pod to another. */
async function findingWithout(from: string, to: string) {
  const clock = sleepingClock();
  await clock.sleep(2_000);
  const exec = sessionsThat(
    agentsThat(
      { outcomeOf: ({ host }, source) => (source === from && host === to ? 'timeout' : 'connected') },
      clock,
    ),
  );
  const check: CheckDraft = {
    id: 0,
    from: 'host/office',
    to: 'service/x/api',
    port: 80,
    protocol: 'TCP',
    path: 'nodePort',
    backends: [{ pod: 'x/api', port: 8080 }],
    family: 'IPv4',
    expected: 'unreachable',
    declared: { file: 'x.yaml', line: 1, column: 1 },
  };
  const stage: Stage = {
    pods: new Map([
      ['host/office', { ...pod('office', OUTSIDE), host: 'host/office' }],
      ['x/api', pod('api', 'node-1')],
    ]),
    nodes: new Map(OUTPOSTS.map(({ node }) => [node, [`address-of-${node}`]])),
    nodePorts: new Map([['service/x/api:80/TCP', 30080]]),
    beganMs: 0,
    evidence: new Evidence(0),
    attempts: new Attempts(),
    witnesses: new Witnesses(OUTPOSTS),
    noteSetbacks: () => undefined,
  };
  await runRound([check], { phase: 'observe', number: 1 }, stage, contextOn({ exec }, clock, ROUND_TIMING));
  const [stretch] = check.observed ?? [];
  return stretch && findingOf('unreachable', lastOf(stretch));
}

test('it needs the way to every node, and from each to the pods behind the Service', async () => {
  expect(await findingWithout('nobody', 'nobody')).toEqual({ kind: 'agrees' });
  const unproven = {
    kind: 'proves-nothing',
    reason: 'the way between them was not open: its witnesses could not connect either',
  };
  expect(await findingWithout('office', 'open-node-1')).toEqual(unproven);
  expect(await findingWithout('office', 'open-node-2')).toEqual(unproven);
  expect(await findingWithout('open-node-2', 'open-node-1')).toEqual(unproven);
});
