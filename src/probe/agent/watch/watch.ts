/**
 * A watch: tries its targets again and again, each at moments of its own, and remembers what it saw. One timer wakes it for all that has a
 * time limit, and where periods are short another for what is to be dialled: two timers for each attempt would cost too much.
 */
import net from 'node:net';
import { replyTime } from '../../reply-time.ts';
import type { WatchEndLine, WatchRequest, WatchTarget } from '../../watch-protocol.ts';
import { codeOf, dialTcp, dialUdp, type OpenDial, type Sign } from '../dial.ts';
import { newNonce } from '../messages.ts';
import { CALLED_OFF, resolveNames, strayedFrom, whyUnresolved } from '../names.ts';
import { nodeClockMs, round } from '../time.ts';
import { type Aim, aimOf, anyOf } from './aim.ts';
import { BEAT_EVERY_MS, Held } from './held.ts';
import { WatchLedger } from './ledger.ts';
import { HELD_UP_MS, Schedule } from './schedule.ts';

/** How often a watch looks for what takes too long, and whether it was stopped itself. To wake up is what costs most. */
const LOOK_EVERY_MS = 50;
/** From this period on it looks less often, and what is due waits for that. */
const UNHURRIED_FROM_MS = 1_000;
const UNHURRIED_LOOK_EVERY_MS = 200;
/** How many attempts of a watch are out side by side. Keeps within the file descriptors of a container. */
const OUT_AT_ONCE = 512;

/** An attempt that is out, or has ended and waits for those that dialled before it. */
interface OutAttempt {
  readonly dialledMs: number;
  deadlineMs: number;
  dial?: OpenDial;
  /** What came that is no answer. */
  trace?: Sign;
  /** Where its name led instead of where it must. */
  strayed?: string;
  /** `nothing`: nobody can tell. */
  end?: { readonly sign: Sign; readonly tookMs: number } | 'nothing';
}

interface WatchedTarget {
  readonly request: WatchTarget;
  readonly timeoutMs: number;
  /** How many of its attempts may be out at once: as long as one may last. */
  readonly outAtMost: number;
  /** In the order of their dials. */
  readonly out: OutAttempt[];
  /** How many have been begun. */
  turn: number;
}

const NOTHING = { outcome: 'timeout' } as const satisfies Sign;

/** Where the name led elsewhere, only an answer of who must give it is one. */
function shownBy({ strayed: detail }: OutAttempt, sign: Sign): Sign {
  return detail === undefined || sign.outcome === 'connected' ? sign : { outcome: 'dns-failure', detail };
}

/** Until the clock of the node comes to the next multiple. A timer may have fired a little too early. */
function untilNext(everyMs: number, nowMs: number): number {
  return (Math.round(nowMs / everyMs) + 1) * everyMs - nowMs;
}

export class RunningWatch {
  readonly ledger: WatchLedger;
  readonly #request: WatchRequest;
  readonly #targets: readonly WatchedTarget[];
  readonly #held: readonly Held[];
  readonly #schedule: Schedule;
  readonly #beganMs = nodeClockMs();
  /** Attempts that are out, with their targets. */
  readonly #out = new Map<OutAttempt, WatchedTarget>();
  #looking: NodeJS.Timeout | undefined;
  readonly #onAbandoned: () => void;
  readonly #isUnhurried: boolean;
  readonly #lookEveryMs: number;
  #dialling: NodeJS.Timeout | undefined;
  #beating: NodeJS.Timeout | undefined;
  #lookedMs = this.#beganMs;
  #stalledUntilMs = Number.NEGATIVE_INFINITY;
  #askedMs = this.#beganMs;
  #due = 0;
  #begun = 0;
  #hasEnded = false;
  /** Called when nothing is out any more. */
  #onIdle: (() => void) | undefined;

  /**
   * @param isHasty whether the first instant is what matters
   * @param onAbandoned called when nobody has asked for too long: the watch has ended
   */
  constructor(request: WatchRequest, isHasty: boolean, onAbandoned: () => void) {
    this.#request = request;
    this.#onAbandoned = onAbandoned;
    this.#isUnhurried = !isHasty && request.everyMs >= UNHURRIED_FROM_MS;
    this.ledger = new WatchLedger(request.kept);
    this.#targets = request.targets.map((target) => {
      const timeoutMs = target.timeoutMs ?? request.timeoutMs;
      // The handshake has the attempt's time, and so has the look-up of a name.
      const longestMs = timeoutMs * (net.isIP(target.host) === 0 ? 2 : 1) + replyTime(timeoutMs);
      const outAtMost = Math.ceil(longestMs / request.everyMs) + 1;
      return { request: target, timeoutMs, outAtMost, out: [], turn: 0 };
    });
    this.#held = request.held
      .filter(({ protocol }) => protocol === 'TCP')
      .map(
        (target) => new Held(target, request.runId, request.timeoutMs, (event) => this.ledger.held(event)),
      );
    this.#schedule = new Schedule(
      request.targets.length,
      { beganMs: this.#beganMs, everyMs: request.everyMs, isHasty },
      Math.random,
    );
    this.#lookEveryMs = this.#isUnhurried ? UNHURRIED_LOOK_EVERY_MS : LOOK_EVERY_MS;
    this.#lookAgain();
    this.#dialDue();
    if (this.#held.length > 0) this.#beat();
  }

  /** The kubelet has come. */
  visit(atMs: number): void {
    if (!this.#hasEnded) this.ledger.visit(atMs);
  }

  /** Somebody asks for it. */
  asked(): void {
    this.#askedMs = nodeClockMs();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get state(): NonNullable<WatchEndLine['state']> {
    return {
      beganMs: round(this.#beganMs),
      processMs: round(nodeClockMs() - performance.now()),
      seq: this.ledger.seq,
      due: this.#due,
      begun: this.#begun,
    };
  }

  /** Dials no more, and waits for what is out. What it has seen can still be asked for until it is abandoned. */
  async end(): Promise<void> {
    this.#stop();
    if (this.#out.size === 0) return;
    await new Promise<void>((resolve) => {
      const earlier = this.#onIdle;
      this.#onIdle = () => {
        earlier?.();
        resolve();
      };
    });
  }

  /** Drops everything. */
  destroy(): void {
    this.#stop();
    clearTimeout(this.#looking);
    for (const [attempt, target] of this.#out) this.#settle(attempt, target, 'nothing');
  }

  #stop(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#dialling);
    clearTimeout(this.#beating);
    for (const held of this.#held) held.end();
  }

  /** Notes whether the process was stopped until now. Called first by every timer: whichever fires first has to know. */
  #noteStall(nowMs: number): void {
    const fromMs = this.#lookedMs;
    this.#lookedMs = nowMs;
    const stalledMs = nowMs - fromMs - this.#lookEveryMs;
    if (stalledMs <= HELD_UP_MS) return;
    this.#stalledUntilMs = nowMs;
    this.#askedMs += stalledMs;
    if (this.#hasEnded && this.#out.size === 0) return;
    this.ledger.stall(fromMs, nowMs);
    for (const held of this.#held) held.wake(nowMs);
  }

  /** All agents of a node look at the same time: who is awake for its own dials is awake for those of the others. */
  #lookAgain(): void {
    this.#looking = setTimeout(() => this.#look(), untilNext(this.#lookEveryMs, nodeClockMs()));
  }

  #look(): void {
    this.#lookAgain();
    const nowMs = nodeClockMs();
    this.#noteStall(nowMs);
    if (nowMs - this.#askedMs > this.#request.abandonedMs) {
      this.destroy();
      this.#onAbandoned();
      return;
    }
    if (this.#isUnhurried) this.#dialDue();
    // Not before every socket event that was already waiting has been handled: it may be the answer.
    setImmediate(() => {
      this.#giveUp(nowMs);
      if (!this.#hasEnded) for (const held of this.#held) held.look(nowMs);
    });
  }

  #beat(): void {
    const nowMs = nodeClockMs();
    this.#noteStall(nowMs);
    for (const held of this.#held) held.beat();
    this.#beating = setTimeout(() => this.#beat(), untilNext(BEAT_EVERY_MS, nowMs));
  }

  #giveUp(nowMs: number): void {
    for (const [attempt, target] of this.#out)
      if (attempt.deadlineMs <= nowMs) {
        const isFair = attempt.dialledMs >= this.#stalledUntilMs;
        // Nothing had come by the deadline, whenever that is noticed.
        this.#settle(attempt, target, isFair ? (attempt.trace ?? NOTHING) : 'nothing', attempt.deadlineMs);
      }
  }

  #dialDue(): void {
    if (this.#hasEnded) return;
    const nowMs = nodeClockMs();
    this.#noteStall(nowMs);
    for (let due = this.#schedule.take(nowMs); due !== undefined; due = this.#schedule.take(nowMs)) {
      const target = this.#targets[due.index];
      if (target === undefined) continue;
      this.#due += due.missed;
      if (due.missed > 0) this.#miss(target, nowMs);
      if (due.isNow) this.#dialIfPossible(target, nowMs, due.isExtra);
    }
    const { nextMs } = this.#schedule;
    if (nextMs === undefined || this.#isUnhurried) return;
    this.#dialling = setTimeout(() => this.#dialDue(), Math.max(1, Math.ceil(nextMs - nodeClockMs())));
  }

  #dialIfPossible(target: WatchedTarget, nowMs: number, isExtra: boolean): void {
    const isPossible = this.#out.size < OUT_AT_ONCE && target.out.length < target.outAtMost;
    // What nobody has asked for must not take the place of what somebody has.
    if (isExtra && (!isPossible || this.#out.size >= OUT_AT_ONCE / 2)) return;
    this.#due += 1;
    if (!isPossible) {
      this.#miss(target, nowMs);
      return;
    }
    this.#begun += 1;
    this.#dial(target, nowMs);
  }

  /** An attempt is missing at this place. */
  #miss(target: WatchedTarget, nowMs: number): void {
    target.out.push({ dialledMs: nowMs, deadlineMs: nowMs, end: 'nothing' });
    this.#enter(target);
  }

  #dial(target: WatchedTarget, dialledMs: number): void {
    const { request, timeoutMs } = target;
    const attempt: OutAttempt = { dialledMs, deadlineMs: dialledMs + timeoutMs };
    target.out.push(attempt);
    this.#out.set(attempt, target);
    const aim = aimOf(request, this.#request.runId, target.turn);
    target.turn += 1;
    if (net.isIP(aim.host) !== 0) {
      this.#connect(aim, attempt, target);
      return;
    }
    attempt.deadlineMs = Number.POSITIVE_INFINITY; // the resolver has its own
    resolveNames(aim.host, timeoutMs, request.family).then(
      (ips) => {
        if (attempt.end !== undefined) return;
        attempt.deadlineMs = nodeClockMs() + timeoutMs;
        const strayed = 'pods' in request && request.leadsTo && strayedFrom(request.leadsTo, ips);
        if (strayed) attempt.strayed = strayed;
        this.#connect({ ...aim, host: anyOf(ips) }, attempt, target);
      },
      (error) => {
        const isFair = codeOf(error) !== CALLED_OFF || dialledMs >= this.#stalledUntilMs;
        const detail = whyUnresolved(error);
        this.#settle(attempt, target, isFair ? { outcome: 'dns-failure', detail } : 'nothing');
      },
    );
  }

  #connect({ host: ip, expected }: Aim, attempt: OutAttempt, target: WatchedTarget): void {
    const { port, protocol } = target.request;
    const dial = protocol === 'TCP' ? dialTcp : dialUdp;
    const events = {
      onSign: (sign: Sign) => this.#settle(attempt, target, sign),
      onTrace: (sign: Sign) => {
        if (attempt.trace !== undefined) return;
        attempt.trace = sign;
        // A handshake that is through has time for its reply: no silence after it may count as a block.
        if (sign.outcome === 'reset') attempt.deadlineMs = nodeClockMs() + replyTime(target.timeoutMs);
      },
    };
    try {
      attempt.dial = dial(ip, port, newNonce(), expected, events);
    } catch (error) {
      this.#settle(attempt, target, { outcome: 'error', detail: codeOf(error) });
    }
  }

  #settle(attempt: OutAttempt, target: WatchedTarget, sign: Sign | 'nothing', atMs = nodeClockMs()): void {
    if (attempt.end !== undefined) return;
    attempt.end =
      sign === 'nothing' ? 'nothing' : { sign: shownBy(attempt, sign), tookMs: atMs - attempt.dialledMs };
    attempt.dial?.close();
    this.#out.delete(attempt);
    this.#enter(target);
    if (this.#out.size === 0) this.#onIdle?.();
  }

  /** Enters what has ended, up to the first attempt that is still out. */
  #enter({ request: { id }, out }: WatchedTarget): void {
    for (let [first] = out; first?.end !== undefined; [first] = out) {
      out.shift();
      if (first.end === 'nothing') {
        this.ledger.interrupt(id);
      } else {
        const { sign, tookMs } = first.end;
        const { outcome, detail } = sign;
        this.ledger.attempt(id, { outcome, detail, dialledMs: first.dialledMs, tookMs });
      }
    }
  }
}
