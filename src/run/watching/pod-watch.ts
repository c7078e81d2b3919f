/** The watch in one pod, from the harness's end: begins it, collects what it has seen, and begins it anew where another agent has come. */
import { objectKey } from '../../keys.ts';
import { replyTime } from '../../probe/reply-time.ts';
import {
  isWatchEndMark,
  LINES_KEPT,
  parseWatchAnswer,
  type WatchAnswer,
  watchInput,
} from '../../probe/watch.ts';
import type { CollectRequest, WatchRequest } from '../../probe/watch-protocol.ts';
import { askPod } from '../ask-agent.ts';
import type { Trying } from '../context.ts';
import type { ClockBounds } from '../node-clocks.ts';
import type { RunningPod } from '../provision.ts';
import { type Heard, Hearing } from './heard.ts';
import type { WatchPlan } from './plan-watches.ts';

/** Clocks of nodes drift: only exchanges of the last minute or so say how far one is off. */
const EXCHANGES_KEPT = 12;
/** By so much one may drift in a millisecond: a clock that is being set right goes no faster. */
const DRIFT = 0.0005;
/** An agent in good health has answered long before. */
const ANSWER_MS = 5_000;
/** While the watch goes on, an exec that breaks is made again with the next collection. */
const GRACE_MS = 2_000;

/** How far the agent's clock is from the watch's, as one exchange bounds it. */
interface ClockComparison extends ClockBounds {
  readonly atMs: number;
}

/** What is asked with: the sessions of the run, and a clock that counts from the beginning of the watch. */
export type Collecting = Trying & {
  /** The run's clock at the beginning of the watch. */
  readonly zeroMs: number;
};

export class PodWatch {
  readonly pod: RunningPod;
  readonly #request: WatchRequest;
  readonly #ids: ReadonlySet<number>;
  readonly #agents: Hearing[] = [];
  #comparisons: ClockComparison[] = [];
  #agent: string | undefined;
  /** When the agent's watch began, by its clock: one that was abandoned has begun anew, with numbers of its own. */
  #beganMs = 0;
  #received = 0;

  constructor(pod: RunningPod, request: WatchRequest) {
    this.pod = pod;
    this.#request = request;
    this.#ids = new Set([...request.targets, ...request.held].map(({ id }) => id));
  }

  /** What was heard of all agents, in the order of time; of one that has begun anew, each time by itself. */
  get agents(): readonly Heard[] {
    return this.#agents;
  }

  /** Begins the watch, or finds that it has begun. @returns why it could not; undefined where it has */
  async begin(context: Collecting): Promise<string | undefined> {
    return await this.#ask(this.#request, context);
  }

  /**
   * Has the agent hand over what it has seen since the last time.
   * @param ends the watch ends with it
   * @returns why it could not; undefined where all has been received
   */
  async collect(ends: boolean, context: Collecting): Promise<string | undefined> {
    const { watch } = this.#request;
    const request = { kind: 'collect', watch, received: this.#received, ...(ends ? { ends } : {}) } as const;
    const { timing } = context;
    const patient = ends ? context : { ...context, timing: { ...timing, execGraceMs: GRACE_MS } };
    const failure = await this.#ask(request, patient);
    if (failure !== UNKNOWN_WATCH || ends) return failure;
    this.#received = 0;
    return await this.#ask(this.#request, patient);
  }

  async #ask(request: WatchRequest | CollectRequest, context: Collecting): Promise<string | undefined> {
    const { execLimit, zeroMs } = context;
    const question = {
      input: watchInput(request),
      // Attempts that are still out are waited for.
      deadlineMs: ANSWER_MS + this.#request.timeoutMs + replyTime(this.#request.timeoutMs),
      isLast: isWatchEndMark,
      read: (output: string) => parseWatchAnswer(output, request, this.#ids),
      isForAnyAgent: true,
    } as const;
    const { answer, startedMs, endedMs } = await execLimit(() => askPod(this.pod, question, context));
    if (answer.kind === 'broken') return answer.reason;
    const failure = this.#hear(answer, startedMs - zeroMs, endedMs - zeroMs);
    if (request.kind === 'collect' && failure === undefined) this.#received = answer.end.state?.seq ?? 0;
    return failure;
  }

  #hear(
    { lines, end }: Extract<WatchAnswer, { kind: 'complete' }>,
    sentMs: number,
    receivedMs: number,
  ): string | undefined {
    const { agent, clockMs, elapsedMs, state } = end;
    if (state === undefined) return UNKNOWN_WATCH;
    if (agent !== this.#agent) this.#comparisons = [];
    if (agent !== this.#agent || state.beganMs !== this.#beganMs) this.#agents.push(new Hearing(agent));
    this.#agent = agent;
    this.#beganMs = state.beganMs;
    const latest = receivedMs - elapsedMs - clockMs;
    this.#comparisons.push({ atMs: receivedMs, earliest: sentMs - clockMs, latest });
    this.#comparisons = this.#comparisons.slice(-EXCHANGES_KEPT);
    const { beganMs, processMs, due, begun } = state;
    this.#agents.at(-1)?.hear(lines, offsetAt(receivedMs, this.#comparisons), {
      beganMs,
      processMs,
      toMs: clockMs,
      due,
      begun,
    });
    return undefined;
  }
}

/** Where nobody has asked for so long, podreach is gone: its pods end what they do. */
const ABANDONED_MS = 15 * 60_000;

/**
 * One for each pod of a plan.
 * @param name unlike that of any other watch of the run
 */
export function watchesOf(
  plan: WatchPlan,
  { name, everyMs }: { readonly name: string; readonly everyMs: number },
  { runId, timing }: Pick<Trying, 'runId' | 'timing'>,
): ReadonlyMap<RunningPod, PodWatch> {
  return new Map(
    plan.pods.map(({ pod, targets, held }) => [
      pod,
      new PodWatch(pod, {
        kind: 'watch',
        watch: `${name}-${objectKey(pod)}`,
        runId,
        everyMs,
        timeoutMs: timing.timeoutMs,
        abandonedMs: ABANDONED_MS,
        kept: LINES_KEPT,
        targets,
        held,
      }),
    ]),
  );
}

const UNKNOWN_WATCH = 'the agent knows of no watch';

/** Where all bounds hold, as far as clocks may have drifted since; the newest where they do not hold together, because one was set. */
function offsetAt(nowMs: number, comparisons: readonly ClockComparison[]): ClockBounds {
  const drifted = comparisons.map(({ atMs, earliest, latest }) => {
    const driftMs = DRIFT * (nowMs - atMs);
    return { earliest: earliest - driftMs, latest: latest + driftMs };
  });
  const newest = drifted.at(-1) ?? { earliest: 0, latest: 0 };
  const earliest = Math.max(...drifted.map((bounds) => bounds.earliest));
  const latest = Math.min(...drifted.map((bounds) => bounds.latest));
  return earliest <= latest ? { earliest, latest } : newest;
}
