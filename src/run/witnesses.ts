/**
 * The way between nodes, as its witnesses see it: in each round the open outposts of two nodes connect to each other, both ways. Inside
 * a node its guarded outpost connects to its open one: nothing isolates that direction either.
 */

import { batchDeadlineMs, PLAIN_BATCH } from '../probe/batch.ts';
import type { AttemptLine, DialRequest } from '../probe/protocol.ts';
import { askAgent } from './ask-agent.ts';
import type { Trying } from './context.ts';
import { isInTime } from './denial-time.ts';
import { type WitnessConnection, wayKey } from './evidence.ts';
import { OUTPOST_PORT, type Outpost } from './outposts.ts';
import type { RunningPod } from './provision.ts';
import type { NodePair, Stage } from './round.ts';

interface WitnessedWay {
  readonly key: string;
  readonly from: RunningPod;
  readonly to: RunningPod;
  readonly protocol: NodePair['protocol'];
}

export class Witnesses {
  readonly #outposts: ReadonlyMap<string, Outpost>;

  constructor(outposts: readonly Outpost[]) {
    this.#outposts = new Map(outposts.map((outpost) => [outpost.node, outpost]));
  }

  /**
   * Connects the witnesses of node pairs, each in both directions, and notes the ways that were open, and soon enough, as evidence.
   * @returns the keys of the ways that were open; a node without an outpost has none
   */
  async connect(
    ways: readonly NodePair[],
    stage: Pick<Stage, 'evidence' | 'noteSetbacks'>,
    context: Trying,
  ): Promise<ReadonlySet<string>> {
    const directions = ways.flatMap((way) => this.#directionsOf(way));
    const byPod = Map.groupBy(directions, ({ from }) => from);
    const answered = await Promise.all(
      [...byPod].map(([pod, own]) => context.execLimit(askWitness, pod, own, stage, context)),
    );
    const connections = answered.flat();
    const open = new Set<string>();
    for (const [key, wanted] of Map.groupBy(directions, (direction) => direction.key)) {
      const made = connections.filter((connection) => connection.key === key);
      if (made.length < wanted.length) continue;
      open.add(key);
      stage.evidence.noteWay(key, made);
    }
    return open;
  }

  #directionsOf({ from, to, protocol }: NodePair): WitnessedWay[] {
    const one = this.#outposts.get(from);
    const other = this.#outposts.get(to);
    if (one === undefined || other === undefined) return [];
    const key = wayKey(from, to, protocol);
    if (one === other) return [{ key, from: one.guarded, to: one.open, protocol }];
    return [
      { key, from: one.open, to: other.open, protocol },
      { key, from: other.open, to: one.open, protocol },
    ];
  }
}

interface Made extends WitnessConnection {
  readonly key: string;
}

async function askWitness(
  pod: RunningPod,
  directions: readonly WitnessedWay[],
  { evidence, noteSetbacks }: Pick<Stage, 'evidence' | 'noteSetbacks'>,
  context: Trying,
): Promise<Made[]> {
  const { timeoutMs, denialMs } = context.timing;
  const targets = directions.map(
    ({ to, protocol }, id): DialRequest => ({
      id,
      host: to.ip,
      port: OUTPOST_PORT,
      protocol,
      pod: `${to.namespace}/${to.name}`,
    }),
  );
  const batch = {
    ...PLAIN_BATCH,
    runId: context.runId,
    timeoutMs,
    deadlineMs: batchDeadlineMs(targets.length, timeoutMs),
    targets,
    listeners: [],
  };
  const { answer, startedMs, endedMs, setbacks } = await askAgent(pod, batch, context);
  noteSetbacks(setbacks);
  if (answer.kind === 'broken') return [];
  evidence.noteEnd(pod, { sentMs: startedMs, receivedMs: endedMs }, answer.end);
  return answer.attempts.flatMap((line) => {
    const { id, outcome, startedMs: at, durationMs, lost = 0 } = line;
    const direction = directions[id];
    if (direction === undefined || outcome !== 'connected' || !isInTime(answerMs(line), denialMs)) return [];
    return [{ key: direction.key, pod, clockMs: answer.end.clockMs + at, durationMs, lost }];
  });
}

/** From the dial that was answered to its answer. Where a later one was made in vain, the first may have been answered late. */
function answerMs({
  startedMs,
  durationMs,
  dials = 1,
  lastDialMs = startedMs,
  lost = 0,
}: AttemptLine): number {
  return lost === dials - 1 ? startedMs + durationMs - lastDialMs : durationMs;
}
