/**
 * The way between nodes, as its witnesses see it: in each round the open outposts of two nodes connect to each other, both ways. Inside
 * a node its guarded outpost connects to its open one: nothing isolates that direction either. To a host the open outpost of a node
 * connects, which also proves that the host listens; a host that is simulated connects to the open outpost of a node, where it has to by a
 * port of the node.
 */
import { attemptsIn, batchDeadlineMs, PLAIN_BATCH } from '../probe/batch.ts';
import type { AttemptLine, Batch } from '../probe/protocol.ts';
import { askAgent } from './ask-agent.ts';
import type { Trying } from './context.ts';
import { isInTime } from './denial-time.ts';
import { directionsOf, type OutpostsOnNodes, onNodes, type WayDirection } from './directions.ts';
import type { WitnessConnection } from './evidence.ts';
import type { Outpost } from './outposts.ts';
import type { RunningPod } from './provision.ts';
import type { Stage } from './round.ts';
import type { Way } from './ways.ts';

export class Witnesses {
  readonly #outposts: OutpostsOnNodes;

  constructor(outposts: readonly Outpost[]) {
    this.#outposts = onNodes(outposts);
  }

  /**
   * Connects the witnesses of ways, those between nodes in both directions, and notes the ways that were open, and soon enough, as evidence.
   * @returns the keys of the ways that were open; a node without an outpost has none
   */
  async connect(
    ways: readonly Way[],
    stage: Pick<Stage, 'evidence' | 'noteSetbacks'>,
    context: Trying,
  ): Promise<ReadonlySet<string>> {
    const directions = ways.flatMap((way) => directionsOf(way, this.#outposts));
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
}

interface Made extends WitnessConnection {
  readonly key: string;
}

async function askWitness(
  pod: RunningPod,
  directions: readonly WayDirection[],
  { evidence, noteSetbacks }: Pick<Stage, 'evidence' | 'noteSetbacks'>,
  context: Trying,
): Promise<Made[]> {
  const { timeoutMs, denialMs } = context.timing;
  const targets = directions.map(({ dial }, id): Batch['targets'][number] => ({ id, ...dial }));
  const batch = {
    ...PLAIN_BATCH,
    runId: context.runId,
    timeoutMs,
    deadlineMs: batchDeadlineMs(attemptsIn(targets), timeoutMs),
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
