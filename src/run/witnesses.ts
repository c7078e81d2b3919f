/**
 * The way between nodes, as its witnesses see it: in each round the open outposts of two nodes connect to each other, both ways. Inside
 * a node its guarded outpost connects to its open one: nothing isolates that direction either. To a host the open outpost of a node
 * connects, which also proves that the host listens; a host that is simulated connects to the open outpost of a node, where it has to by a
 * port of the node.
 */
import { objectKey } from '../keys.ts';
import { addressIn } from '../model/family.ts';
import { attemptsIn, batchDeadlineMs, PLAIN_BATCH } from '../probe/batch.ts';
import type { AttemptLine, Batch } from '../probe/protocol.ts';
import { askAgent } from './ask-agent.ts';
import type { Trying } from './context.ts';
import { isInTime } from './denial-time.ts';
import type { WitnessConnection } from './evidence.ts';
import { addressOfPod } from './families.ts';
import { OUTPOST_PORT, type Outpost } from './outposts.ts';
import type { RunningPod } from './provision.ts';
import type { Stage } from './round.ts';
import type { Way, WitnessedDial } from './ways.ts';

interface WitnessedWay {
  readonly key: string;
  readonly from: RunningPod;
  readonly dial: WitnessedDial;
}

export class Witnesses {
  readonly #outposts: ReadonlyMap<string, Outpost>;

  constructor(outposts: readonly Outpost[]) {
    this.#outposts = new Map(outposts.map((outpost) => [outpost.node, outpost]));
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

  #directionsOf(way: Way): WitnessedWay[] {
    const { key } = way;
    switch (way.kind) {
      case 'nodes':
        return this.#betweenNodes(way);
      case 'to-host': {
        const { open } = this.#outposts.get(way.node) ?? {};
        return open === undefined ? [] : [{ key, from: open, dial: way.dial }];
      }
      case 'from-host': {
        const outpost = this.#outposts.get(way.node);
        if (outpost === undefined) return [];
        return outpost.nodePorts === undefined
          ? wayFrom(way.host, outpost.open, way)
          : wayThroughNode(outpost, outpost.nodePorts, way);
      }
    }
  }

  #betweenNodes(way: Extract<Way, { kind: 'nodes' }>): WitnessedWay[] {
    const { from, to } = way;
    const one = this.#outposts.get(from);
    const other = this.#outposts.get(to);
    if (one === undefined || other === undefined) return [];
    if (one === other) return wayFrom(one.guarded, one.open, way);
    return [...wayFrom(one.open, other.open, way), ...wayFrom(other.open, one.open, way)];
  }
}

/** One direction of a way; none where the pod at its end has no address of the family. */
function wayFrom(
  from: RunningPod,
  to: RunningPod,
  { key, protocol, family }: Exclude<Way, { kind: 'to-host' }>,
): WitnessedWay[] {
  const host = addressOfPod(family, to);
  if (host === undefined) return [];
  return [{ key, from, dial: { host, port: OUTPOST_PORT, protocol, pod: objectKey(to) } }];
}

/** From a host that reaches nothing but nodes; none where it reaches this one at no address of the family. */
function wayThroughNode(
  { open }: Outpost,
  nodePorts: NonNullable<Outpost['nodePorts']>,
  { key, host: from, node, protocol, family }: Extract<Way, { kind: 'from-host' }>,
): WitnessedWay[] {
  const host = addressIn(family, from.nodes?.get(node) ?? []);
  if (host === undefined) return [];
  return [{ key, from, dial: { host, port: nodePorts[protocol], protocol, pod: objectKey(open) } }];
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
  const targets = directions.map(({ dial }, id): Batch['targets'][number] => ({ id, ...dial }));
  const attempts = targets.reduce((sum, target) => sum + attemptsIn(target), 0);
  const batch = {
    ...PLAIN_BATCH,
    runId: context.runId,
    timeoutMs,
    deadlineMs: batchDeadlineMs(attempts, timeoutMs),
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
