/**
 * One round: one exec per pod that has something to try, to prove or to tell, all side by side, bounded. A round costs about
 * one timeout, however many pairs it has.
 */
import { cutsInRow } from '../judge/rows.ts';
import type { Attempt, HeardBackends, TryingPhase } from '../model/attempt.ts';
import type { Dial, Listener } from '../model/dial.ts';
import { describeAnswerer } from '../model/node-port.ts';
import { newestOf } from '../model/observation.ts';
import { describePort, describeTarget } from '../pair.ts';
import { attemptsIn, batchDeadlineMs, PLAIN_BATCH } from '../probe/batch.ts';
import type { AttemptLine, Batch, SpreadAnswer } from '../probe/protocol.ts';
import type { Attempts, CheckDraft, NotedAttempt } from '../record/draft.ts';
import { type AgentReply, askAgent } from './ask-agent.ts';
import type { Trying } from './context.ts';
import { timeLimitOf } from './denial-time.ts';
import { dialOf, requestOf, type SpreadManner } from './dial.ts';
import { type Evidence, wayOf } from './evidence.ts';
import { addressesOfPod } from './families.ts';
import { endKeyOf, type RunningPod } from './provision.ts';
import type { PossibleArrival } from './unanswered.ts';
import { type PlacedEnds, waysOf } from './ways.ts';
import type { Witnesses } from './witnesses.ts';

export interface Round {
  readonly phase: TryingPhase;
  /** Counts from 1 within its phase. */
  readonly number: number;
}

/** What runs: its pods, and when it began on the run's clock. */
export interface Stage extends PlacedEnds {
  readonly beganMs: number;
  readonly evidence: Evidence;
  /** Where attempts are written down. */
  readonly attempts: Attempts;
  /** Absent before there are any: then no way between nodes is in doubt. */
  readonly witnesses?: Witnesses;
  /** Takes down why execs had to be made again. */
  readonly noteSetbacks: (reasons: readonly string[]) => void;
}

interface Work {
  readonly pod: RunningPod;
  readonly tries: SentTry[];
  /** By their address, port and protocol. */
  readonly listeners: Map<string, Listener>;
  /** What the pod tells of itself must cover the attempts that others make meanwhile. */
  holdMs: number;
  /** Whether it is asked which connections have arrived and got no answer through. */
  readonly asksHalfOpen: boolean;
  /** Whether it waits no longer for late answers. */
  readonly endsDials: boolean;
}

interface Try {
  readonly check: CheckDraft;
  /** Absent where nothing was placed that could be dialled. */
  readonly dial: Dial | undefined;
}

interface SentTry extends Try {
  readonly manner: SpreadManner;
}

interface Answered {
  readonly work: Work;
  readonly asked: readonly string[];
  readonly reply: AgentReply;
}

/**
 * Tries every check once and notes what it showed.
 * @param witnessed the ways that are open, where the witnesses have been asked already: the attempts begin when they have answered.
 *   Absent: they are asked at the same time
 * @throws the signal's reason when it is aborted
 */
export async function runRound(
  checks: readonly CheckDraft[],
  round: Round,
  stage: Stage,
  context: Trying,
  witnessed?: Promise<OpenWays>,
): Promise<void> {
  const { evidence } = stage;
  const canBeCut = round.phase !== 'control' && round.phase !== 'closing';
  const works = workByPod(checks, stage, canBeCut, context.timing);
  await witnessed;
  const [openWays, answers] = await Promise.all([
    witnessed ?? (canBeCut ? witness(checks, stage, context) : undefined),
    Promise.all(
      [...works.values()].map((work) => {
        const limit = canBeCut && waits(work) ? context.waitLimit : context.execLimit;
        return limit(execute, work, stage, context);
      }),
    ),
  ]);
  context.signal.throwIfAborted();
  for (const answered of answers) hear(answered, evidence);
  const alive = listenersAlive(answers);
  for (const answered of answers) recordAttempts(answered, { round, alive, openWays, stage });
  evidence.review(checks, (key) => stage.pods.get(key), context.timing.confirm);
  stage.noteSetbacks(answers.flatMap(({ reply }) => reply.setbacks));
}

/** Of the ways between nodes those that are open, by their keys; undefined where there are no witnesses. */
export type OpenWays = ReadonlySet<string> | undefined;

/** Has the witnesses of all nodes in question connect. */
export async function witness(
  checks: readonly CheckDraft[],
  stage: Stage,
  context: Trying,
): Promise<OpenWays> {
  return await stage.witnesses?.connect(waysOf(checks, stage), stage, context);
}

/**
 * Has the pods that know more about attempts of these checks tell it: their destinations, where what they have told so far ends before
 * the last dial. Costs an exec per pod and no timeout.
 * @throws the signal's reason when it is aborted
 */
export async function hearOut(checks: readonly CheckDraft[], stage: Stage, context: Trying): Promise<void> {
  const { evidence, pods } = stage;
  const works = new Map<RunningPod, Work>();
  for (const pod of evidence.unheard(checks)) workOf(pod, works);
  await ask([...works.values()], stage, context);
  evidence.review(checks, (key) => pods.get(key), context.timing.confirm);
}

/**
 * Asks the destinations of connections that were not answered whether they arrived. To be asked soon after the last attempt: what the
 * destination answers is answered again after a second, and once that comes through, nothing is left to tell. Costs an exec per pod.
 * @throws the signal's reason when it is aborted
 */
export async function hearArrivals(
  checks: readonly CheckDraft[],
  stage: Stage,
  context: Trying,
): Promise<void> {
  const destinations = stage.evidence.unanswered.destinations(checks);
  await ask(
    [...destinations].map((pod) => ({ ...newWork(pod), asksHalfOpen: true })),
    stage,
    context,
  );
}

/**
 * The same for the last time, and asks the sources what was answered late: no dial of theirs is open after that.
 * @throws the signal's reason when it is aborted
 */
export async function hearTheLast(
  checks: readonly CheckDraft[],
  stage: Stage,
  context: Trying,
): Promise<void> {
  const { unanswered } = stage.evidence;
  const destinations = unanswered.destinations(checks);
  const sources = unanswered.sources(checks);
  await ask(
    [...new Set([...destinations, ...sources])].map((pod) => ({
      ...newWork(pod),
      asksHalfOpen: destinations.has(pod),
      endsDials: sources.has(pod),
    })),
    stage,
    context,
  );
}

/** Has pods tell what they have seen. */
async function ask(works: readonly Work[], stage: Stage, context: Trying): Promise<void> {
  const answers = await Promise.all(works.map((work) => context.execLimit(execute, work, stage, context)));
  context.signal.throwIfAborted();
  for (const answered of answers) hear(answered, stage.evidence);
}

/**
 * Sources carry their targets, destinations the proof that they listen. Each node translates the addresses of Services by itself: so of what must
 * reach the same port of a Service from the same node, the first looks whether anybody else answers there. What is to be cut off is
 * believed after a row of attempts: together they open the connections that meet every pod of a Service.
 */
function workByPod(
  checks: readonly CheckDraft[],
  ends: PlacedEnds,
  canBeCut: boolean,
  timing: Trying['timing'],
): Map<RunningPod, Work> {
  const { pods } = ends;
  const works = new Map<RunningPod, Work>();
  const lookedAt = new Set<string>();
  const isFirst = (check: CheckDraft, { node }: RunningPod): boolean => {
    const known = lookedAt.size;
    return lookedAt.add(`${node} ${describeTarget(check)}`).size > known;
  };
  for (const check of checks) {
    const from = pods.get(check.from);
    const dial = dialOf(check, ends);
    if (from !== undefined) {
      const mustReach = canBeCut && check.backends !== undefined && check.expected === 'reachable';
      const opensAll = mustReach && isFirst(check, from);
      const row = canBeCut && check.expected === 'unreachable' ? cutsInRow(timing.confirm) : 1;
      workOf(from, works).tries.push({ check, dial, manner: { opensAll, row } });
    }
    for (const listener of dial?.listeners ?? []) {
      const listening = pods.get(listener.pod);
      if (listening === undefined) continue;
      const work = workOf(listening, works);
      work.listeners.set(listenerKey(listener), listener);
      if (canBeCut && mayBeCut(check)) work.holdMs = Math.max(work.holdMs, timeLimitOf(check, timing));
    }
  }
  spreadOut([...works.values()].filter(({ tries }) => tries.length > 0));
  return works;
}

/** Each source begins elsewhere among its tries: where all began with the same destination, it would answer late. */
function spreadOut(works: readonly Work[]): void {
  for (const [index, { tries }] of works.entries()) {
    const from = Math.floor((index * tries.length) / works.length);
    tries.push(...tries.splice(0, from));
  }
}

function workOf(pod: RunningPod, works: Map<RunningPod, Work>): Work {
  const work = works.get(pod) ?? newWork(pod);
  works.set(pod, work);
  return work;
}

function newWork(pod: RunningPod): Work {
  return { pod, tries: [], listeners: new Map(), holdMs: 0, asksHalfOpen: false, endsDials: false };
}

/** Whether nothing that it tries is to be answered. */
function waits({ tries }: Work): boolean {
  return tries.length > 0 && tries.every(({ check }) => check.expected === 'unreachable');
}

function mayBeCut(check: CheckDraft): boolean {
  return check.expected === 'unreachable' || newestOf(check)?.outcome !== 'connected';
}

async function execute(work: Work, stage: Stage, context: Trying): Promise<Answered> {
  const asked = stage.evidence.askedOf(work.pod);
  return { work, asked, reply: await askAgent(work.pod, batchOf(work, asked, context), context) };
}

function batchOf(work: Work, asked: readonly string[], context: Trying): Batch {
  const { timeoutMs } = context.timing;
  const targets = work.tries.flatMap(({ check, dial, manner }): Batch['targets'] => {
    if (dial === undefined) return [];
    const limitMs = timeLimitOf(check, context.timing);
    const ownLimit = limitMs === timeoutMs ? {} : { timeoutMs: limitMs };
    return [{ id: check.id, ...requestOf(dial, manner), ...ownLimit }];
  });
  const attempts = attemptsIn(targets) + work.listeners.size;
  return {
    ...PLAIN_BATCH,
    runId: context.runId,
    timeoutMs,
    deadlineMs: batchDeadlineMs(attempts, timeoutMs),
    holdMs: work.holdMs,
    asked,
    ...(work.endsDials ? { endsDials: true } : {}),
    ...(work.asksHalfOpen ? { halfOpenAt: addressesOfPod(work.pod) } : {}),
    targets,
    listeners: [...work.listeners.values()].map(({ address, port, protocol }) => ({
      host: address,
      port,
      protocol,
    })),
  };
}

function hear({ work: { pod, asksHalfOpen }, asked, reply }: Answered, evidence: Evidence): void {
  if (reply.answer.kind !== 'complete') return;
  evidence.noteEnd(pod, { sentMs: reply.startedMs, receivedMs: reply.endedMs }, reply.answer.end);
  evidence.forget(pod, asked);
  if (asksHalfOpen) evidence.unanswered.noteAsked(pod);
}

/** What listens in one family may not in the other. */
function listenerKey({ address, ...listener }: Omit<Listener, 'pod'>): string {
  return `${address} ${describePort(listener)}`;
}

type Aliveness = Pick<Attempt, 'listenerAlive' | 'unasked'>;

/** Of every listener that was to be asked, its answer or why there is none, by pod and port. */
function listenersAlive(answers: readonly Answered[]): Map<string, Aliveness> {
  const alive = new Map<string, Aliveness>();
  for (const { work, reply } of answers) {
    const { answer } = reply;
    const pod = endKeyOf(work.pod);
    if (answer.kind === 'broken')
      for (const port of work.listeners.keys()) alive.set(`${pod} ${port}`, { unasked: answer.reason });
    else
      for (const listener of answer.listeners)
        alive.set(`${pod} ${listenerKey({ ...listener, address: listener.host })}`, {
          listenerAlive: listener.alive,
        });
  }
  return alive;
}

interface Surroundings {
  readonly round: Round;
  readonly alive: ReadonlyMap<string, Aliveness>;
  readonly openWays: OpenWays;
  readonly stage: Stage;
}

function recordAttempts({ work, reply }: Answered, surroundings: Surroundings): void {
  const { answer } = reply;
  const lines = new Map<number, AttemptLine>(
    answer.kind === 'complete' ? answer.attempts.map((line) => [line.id, line]) : [],
  );
  for (const { check, dial } of work.tries) {
    const line = lines.get(check.id);
    if (line !== undefined && answer.kind === 'complete') {
      recordAttempt({ check, dial }, line, answer.end.clockMs, work.pod, surroundings);
      continue;
    }
    surroundings.stage.attempts.note(check, {
      ...numbered(surroundings.round),
      atMs: rounded(reply.startedMs - surroundings.stage.beganMs),
      outcome: 'error',
      detail: answer.kind === 'broken' ? answer.reason : 'the agent did not answer for it',
      ...aliveOf({ check, dial }, dial?.listeners ?? [], work.pod, surroundings),
    });
  }
}

/** @param clockMs when the batch arrived in the source, on the clock of its node */
function recordAttempt(
  { check, dial }: Try,
  line: AttemptLine,
  clockMs: number,
  from: RunningPod,
  surroundings: Surroundings,
): void {
  const { attempts, evidence, pods } = surroundings.stage;
  const { outcome, durationMs, startedMs, dials = 1, detail } = line;
  const silent = silentOf(dial, line);
  const attempt = attempts.note(check, {
    ...numbered(surroundings.round),
    atMs: rounded(evidence.latest(from, clockMs + startedMs) ?? 0),
    outcome,
    durationMs,
    ...(dials === 1 ? {} : { dials }),
    ...aliveOf({ check, dial }, silent, from, surroundings),
    ...(detail === undefined ? {} : { detail }),
    ...(outcome === 'partial' ? { backends: heardBackends(dial, line) } : {}),
  });
  const to = silent.flatMap(({ pod: key, port }): readonly PossibleArrival[] => {
    const pod = pods.get(key);
    return pod === undefined ? [] : [{ pod, port }];
  });
  const isToReal = dial !== undefined && isAnsweredByAnybody(dial);
  keepOpen({ check, attempt, from, to, isToReal }, line, clockMs, surroundings);
}

interface Noted {
  readonly check: CheckDraft;
  readonly attempt: NotedAttempt;
  readonly from: RunningPod;
  /** Where it may have arrived without an answer. */
  readonly to: readonly PossibleArrival[];
  /** Whether it went to a real host, which tells nothing. */
  readonly isToReal: boolean;
}

/** Keeps an attempt for what is still to be heard of it. */
function keepOpen(
  { check, attempt, from, to: arrivals, isToReal }: Noted,
  { outcome, startedMs, lastDialMs = startedMs, lost = 0, nonce, localPorts = [] }: AttemptLine,
  clockMs: number,
  { round: { phase }, openWays, stage }: Surroundings,
): void {
  const { evidence } = stage;
  const own = arrivals.map(({ pod }) => pod);
  // Until a step is in force, a dial may be the last that was cut off, and the next one of the same attempt the first that is not.
  if (lost > 0 && phase !== 'turn') evidence.noteLoss(from, ...own);
  // Of a Service of which a part answered, that is what it showed.
  if (nonce !== undefined && check.protocol === 'UDP' && outcome !== 'partial')
    for (const pod of own) evidence.noteSent(nonce, { check, attempt, to: pod });
  if (phase === 'control' || phase === 'closing') return;
  if (phase !== 'turn') {
    const dialled = nonce === undefined ? undefined : { nonce, localPorts };
    evidence.unanswered.note(check, attempt, from, arrivals, dialled);
  }
  const to = isToReal ? [undefined] : own;
  if (outcome === 'connected' || to.length === 0) return;
  const ways = to.flatMap((pod) => wayOf(check, from, pod));
  const taken = check.path === 'nodePort' ? waysOf([check], stage).map(({ key }) => key) : ways;
  const isOpen = openWays && taken.every((key) => openWays.has(key));
  const way = isOpen === undefined ? 'unwitnessed' : isOpen ? 'open' : 'closed';
  evidence.noteCut({ check, attempt, from, to, ways: taken, lastDialMs: clockMs + lastDialMs, way });
}

function numbered({ phase, number }: Round): Pick<Attempt, 'phase' | 'round'> {
  return { phase, round: number };
}

/** Whether an open connection is answer enough: on a real host nobody of podreach listens. */
function isAnsweredByAnybody({ answerers }: Dial): boolean {
  return answerers.length === 0;
}

/**
 * The listeners of those pods of a Service that did not answer, be it at one node of several; of what was dialled by itself its own, whether
 * or not it did.
 */
function silentOf(dial: Dial | undefined, { answered = [] }: AttemptLine): readonly Listener[] {
  const silent = new Set(missedAt(dial, answered).map(({ pod }) => pod));
  return (dial?.listeners ?? []).filter(({ pod }) => silent.has(pod));
}

function heardBackends(dial: Dial | undefined, { answered = [] }: AttemptLine): HeardBackends {
  const nameOf = (address: string | undefined): string | undefined =>
    dial?.nodes?.find((node) => node.address === address)?.name;
  return {
    answered: answered.map(({ pod, node }) => describeAnswerer(pod, nameOf(node))),
    silent: missedAt(dial, answered)
      .map(({ pod, node }) => describeAnswerer(pod, nameOf(node)))
      .toSorted(),
  };
}

/** Who did not answer, and at which node, by its address. */
function missedAt(
  dial: Dial | undefined,
  answered: readonly SpreadAnswer[],
): readonly Pick<SpreadAnswer, 'pod' | 'node'>[] {
  const { listeners = [], nodes } = dial ?? {};
  const wanted = nodes
    ? nodes.flatMap(({ address, pods }) => pods.map((pod) => ({ pod, node: address })))
    : listeners.map(({ pod }) => ({ pod, node: undefined }));
  return wanted
    .filter(({ pod, node }) => !answered.some((one) => one.pod === pod && one.node === node))
    .map(({ pod, node }) => ({ pod, ...(node === undefined ? {} : { node }) }));
}

/** Of several listeners: alive where all are. Of a real host, what proves it is that a witness has reached the same port. */
function aliveOf(
  { check, dial }: Try,
  listeners: readonly Listener[],
  from: RunningPod,
  { alive, openWays }: Surroundings,
): Aliveness {
  if (dial !== undefined && isAnsweredByAnybody(dial)) {
    if (openWays === undefined) return {};
    return openWays.has(wayOf(check, from, undefined)) ? { listenerAlive: true } : { unasked: UNREACHED };
  }
  const known = listeners.map((listener) => alive.get(`${listener.pod} ${listenerKey(listener)}`) ?? {});
  return (
    known.find(({ listenerAlive }) => listenerAlive === false) ??
    known.find(({ listenerAlive }) => listenerAlive === undefined) ??
    known[0] ??
    {}
  );
}

const UNREACHED = 'nobody else reached it in the same round';

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
