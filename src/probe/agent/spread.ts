/**
 * One attempt at a Service: connections until each of its pods has answered, through each node where it is reached at these, or so many that
 * none can have been missed by chance. Where all of these are opened, nobody else who answers can have been missed either.
 */
import net from 'node:net';
import type { Outcome } from '../../model/attempt.ts';
import { LAST_DIAL_AT } from '../bounds.ts';
import type { SpreadAnswer, SpreadRequest } from '../protocol.ts';
import { replyTime } from '../reply-time.ts';
import type { AttemptResult } from './attempt.ts';
import { type Addressee, codeOf, dialTcp, dialUdp, type OpenDial, type Sign } from './dial.ts';
import { LATE_MS, type LateAnswers } from './memory.ts';
import { newNonce } from './messages.ts';
import { resolveNames, strayedFrom, whyUnresolved } from './names.ts';
import { after } from './time.ts';

/** In so few waves connections come that are all opened: no more often, one after the other, than any other attempt dials. */
const WAVES_OF_ALL = 3;

/** What all connections of an attempt came to. */
export interface SpreadResult extends AttemptResult {
  /** How often each pod answered; those that did not are absent. */
  readonly answered: readonly SpreadAnswer[];
  /** How many connections nobody answered. */
  readonly cut: number;
  /** When the first connection was opened, as `performance.now` tells it. */
  readonly begunMs: number;
}

/** The attempts of one batch whose address is known, by all that is asked of them. */
export type SpreadAttempts = Map<string, Promise<SpreadResult>>;

interface SpreadConnection {
  readonly dial: OpenDial;
  readonly ip: string;
  readonly afterMs: number;
  /** That it got through, before an answer has come. */
  trace?: Sign;
  /** How it ended; absent: it has not. */
  sign?: Sign;
}

/**
 * Connections come in waves of as many as answers are missing, or of one where nobody tells who answers, or of a third of all where all are
 * opened: the next as soon as all have ended, or when it is due. Each is dialled once: the others of the attempt stand for one whose packet
 * got lost.
 */
class SpreadAttempt {
  readonly #request: SpreadRequest;
  readonly #ips: readonly string[];
  readonly #timeoutMs: number;
  readonly #runId: string;
  readonly #late: LateAnswers;
  readonly #resolve: (result: SpreadResult) => void;
  /** How many answers are wanted: one of each pod, from each node that leads to it. */
  readonly #wanted: number;
  readonly #nonce = newNonce();
  readonly #begun = performance.now();
  readonly #connections: SpreadConnection[] = [];
  /** By who answered, and at a port of nodes by the address of the node. */
  readonly #answered = new Map<string, SpreadAnswer>();
  #opened = 0;
  /** How many were answered as they must be. */
  #through = 0;
  #slowestMs = 0;
  #lastDialMs = 0;
  #isOver = false;
  /** Whether the next wave waits for a reply. */
  #isHeldUp = false;
  #cancelWave = (): void => {};
  #cancelEnd = (): void => {};

  constructor(
    request: SpreadRequest,
    ips: readonly string[],
    timeoutMs: number,
    runId: string,
    late: LateAnswers,
    resolve: (result: SpreadResult) => void,
  ) {
    this.#request = request;
    const { pods, nodes } = request;
    this.#wanted = nodes?.reduce((sum, node) => sum + node.pods.length, 0) ?? pods.length;
    this.#ips = ips;
    this.#timeoutMs = timeoutMs;
    this.#runId = runId;
    this.#late = late;
    this.#resolve = resolve;
    this.#cancelEnd = after(timeoutMs, () => this.#giveUp());
    this.#openWave();
  }

  #openWave(): void {
    this.#cancelWave();
    const { connections } = this.#request;
    const wave = this.#nextWave();
    for (let one = 0; one < wave && this.#opened < connections; one += 1) this.#open();
    if (this.#opened < connections && !this.#isOver) this.#openNextAfter(this.#untilNextMs());
  }

  #openNextAfter(ms: number): void {
    this.#cancelWave = after(ms, () => {
      if (this.#isOver || this.#isDone()) return;
      const leftMs = this.#timeoutMs - this.#elapsedMs();
      // Who has a handshake and no time for its reply would have less with more connections.
      this.#isHeldUp = leftMs > 0 && this.#isThrough();
      if (this.#isHeldUp) this.#openNextAfter(leftMs);
      else this.#openWave();
    });
  }

  /** Whether the way is open and the reply is missing. */
  #isThrough(): boolean {
    return this.#connections.some(({ sign, trace }) => sign === undefined && trace?.outcome === 'reset');
  }

  #elapsedMs(): number {
    return performance.now() - this.#begun;
  }

  #nextWave(): number {
    const { connections, opensAll } = this.#request;
    return opensAll === true
      ? Math.ceil(connections / WAVES_OF_ALL)
      : Math.max(1, this.#wanted - this.#answered.size);
  }

  /** The first waves are the furthest apart: where answers are only slow, more connections would make them slower. */
  #untilNextMs(): number {
    const beforeLast = Math.max(1, this.#request.connections - this.#nextWave());
    const isOverdue = this.#elapsedMs() > this.#timeoutMs;
    const [fromMs, forMs] = isOverdue ? [this.#timeoutMs, replyTime(this.#timeoutMs)] : [0, this.#timeoutMs];
    const dueMs = fromMs + LAST_DIAL_AT * forMs * Math.sqrt(Math.min(1, this.#opened / beforeLast));
    return Math.max(0, dueMs - this.#elapsedMs());
  }

  #open(): void {
    const { port, protocol } = this.#request;
    const ip = this.#ips[this.#opened % this.#ips.length] ?? '';
    const afterMs = this.#elapsedMs();
    this.#opened += 1;
    this.#lastDialMs = afterMs;
    const dialler = protocol === 'TCP' ? dialTcp : dialUdp;
    let connection: SpreadConnection | undefined;
    let early: Sign | undefined;
    const onSign = (sign: Sign): void => {
      if (connection === undefined) early ??= sign;
      else this.#end(connection, sign);
    };
    const onTrace = (sign: Sign): void => {
      if (this.#isOver) this.#hearLate(sign);
      else if (connection !== undefined) connection.trace ??= sign;
    };
    try {
      const dial = dialler(ip, port, this.#nonce, this.#expectedAt(ip), { onSign, onTrace });
      connection = { dial, ip, afterMs };
    } catch (error) {
      early = { outcome: 'error', detail: codeOf(error) };
      connection = { dial: { close: () => {}, localPort: () => undefined }, ip, afterMs };
    }
    this.#connections.push(connection);
    if (early !== undefined) this.#end(connection, early);
  }

  #end(connection: SpreadConnection, sign: Sign): void {
    if (this.#isOver) {
      this.#hearLate(sign);
      return;
    }
    if (connection.sign !== undefined) return;
    connection.sign = sign;
    connection.dial.close();
    if (sign.outcome === 'connected') {
      this.#through += 1;
      if (sign.peer !== undefined) this.#noteAnswer(sign.peer.pod, connection.ip);
      this.#slowestMs = Math.max(this.#slowestMs, this.#elapsedMs() - connection.afterMs);
    }
    if (this.#connections.some((one) => one.sign === undefined)) {
      this.#goOn();
      return;
    }
    // After this wave, which may not be opened yet as a whole.
    setImmediate(() => {
      if (this.#isOver || this.#connections.some((one) => one.sign === undefined)) return;
      if (this.#isDone()) this.#finish();
      else this.#openWave();
    });
  }

  /** Where the reply has come that the next wave waits for. */
  #goOn(): void {
    if (!this.#isHeldUp || this.#isThrough()) return;
    this.#isHeldUp = false;
    this.#cancelWave();
    this.#openNextAfter(this.#untilNextMs());
  }

  #noteAnswer(pod: string, ip: string): void {
    const isAtNode = this.#request.nodes !== undefined;
    const key = isAtNode ? `${ip} ${pod}` : pod;
    const times = (this.#answered.get(key)?.times ?? 0) + 1;
    this.#answered.set(key, { pod, ...(isAtNode ? { node: ip } : {}), times });
  }

  /** An answer of anybody but a pod of the Service, or of those to which the node leads, is one of the wrong peer. */
  #expectedAt(ip: string): Addressee {
    const { nodes, pods } = this.#request;
    if (pods.length === 0) return 'anybody';
    const wanted = nodes === undefined ? pods : nodes.find(({ address }) => address === ip)?.pods;
    return { runId: this.#runId, pods: wanted ?? [] };
  }

  #hearLate({ outcome }: Sign): void {
    if (outcome === 'connected' || outcome === 'reset' || outcome === 'wrong-peer')
      this.#late.note(this.#nonce);
  }

  #isDone(): boolean {
    const { connections, opensAll } = this.#request;
    return this.#opened >= connections || (opensAll !== true && this.#hasHeardAll());
  }

  #hasHeardAll(): boolean {
    const { pods, connections } = this.#request;
    return pods.length === 0 ? this.#through >= connections : this.#answered.size === this.#wanted;
  }

  /** A handshake that is through has more time for its reply; and answers that are only slow, for the connections that are still due. */
  #giveUp(): void {
    const isSlow = this.#through > 0 && !this.#isDone();
    if (isSlow || this.#isThrough())
      this.#cancelEnd = after(replyTime(this.#timeoutMs), () => this.#finish());
    else this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelWave();
    this.#cancelEnd();
    const now = performance.now();
    const unanswered: SpreadConnection[] = [];
    for (const one of this.#connections) {
      if (one.sign === undefined) {
        one.sign = one.trace ?? { outcome: 'timeout' };
        this.#late.await(
          one.dial.close,
          Math.max(0, this.#begun + one.afterMs + LATE_MS[this.#request.protocol] - now),
        );
      }
      if (one.sign.outcome !== 'connected' && one.sign.outcome !== 'wrong-peer') unanswered.push(one);
    }
    const { outcome, detail } = this.#shown(unanswered);
    this.#resolve({
      outcome,
      ...(detail === undefined ? {} : { detail }),
      durationMs: outcome === 'connected' ? this.#slowestMs : now - this.#begun,
      dials: this.#opened,
      lost: 0,
      lastDialMs: this.#lastDialMs,
      answered: [...this.#answered]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([, answer]) => answer),
      cut: unanswered.length,
      begunMs: this.#begun,
      ...(unanswered.length === 0
        ? {}
        : { nonce: this.#nonce, localPorts: unanswered.flatMap(({ dial }) => dial.localPort() ?? []) }),
    });
  }

  /** @param unanswered the connections that reached nobody */
  #shown(unanswered: readonly SpreadConnection[]): Sign {
    const wrong = this.#connections.find(({ sign }) => sign?.outcome === 'wrong-peer');
    if (wrong?.sign !== undefined) return wrong.sign;
    if (this.#through > 0) {
      if (unanswered.length === 0 && this.#hasHeardAll()) return { outcome: 'connected' };
      const seen = new Set(unanswered.flatMap(({ sign }) => sign?.outcome ?? []));
      return { outcome: 'partial', ...(seen.size === 0 ? {} : { detail: [...seen].toSorted().join(', ') }) };
    }
    const signs = unanswered.flatMap(({ sign }) => sign ?? []);
    const foremost = FOREMOST.find((outcome) => signs.some((sign) => sign.outcome === outcome));
    return signs.find((sign) => sign.outcome === foremost) ?? { outcome: 'error' };
  }
}

/** Of connections that nobody answered and that ended in several ways, what says the most about the way there. */
const FOREMOST: readonly Outcome[] = ['reset', 'timeout', 'prohibited', 'refused', 'error'];

/**
 * Never rejects: whatever goes wrong is the outcome. What leads to the same address as another attempt of the batch shares its connections:
 * once a name is resolved, nobody on the way could tell them apart.
 * @param late takes down what answers after its end
 */
export async function attemptSpread(
  request: SpreadRequest,
  timeoutMs: number,
  runId: string,
  late: LateAnswers,
  known: SpreadAttempts = new Map(),
): Promise<SpreadResult> {
  const begunMs = performance.now();
  let strayed: string | undefined;
  let ips: readonly string[] = request.nodes?.map(({ address }) => address) ?? [request.host];
  if (request.nodes === undefined && net.isIP(request.host) === 0) {
    try {
      ips = await resolveNames(request.host, timeoutMs, request.family);
      strayed = request.leadsTo && strayedFrom(request.leadsTo, ips);
    } catch (error) {
      const detail = whyUnresolved(error);
      const durationMs = performance.now() - begunMs;
      return {
        outcome: 'dns-failure',
        detail,
        durationMs,
        dials: 1,
        lost: 0,
        lastDialMs: 0,
        answered: [],
        cut: 0,
        begunMs,
      };
    }
  }
  const { port, protocol, pods, nodes, connections, opensAll } = request;
  const key = JSON.stringify([ips, port, protocol, pods, nodes, connections, opensAll, timeoutMs]);
  const made =
    known.get(key) ??
    new Promise<SpreadResult>((resolve) => {
      new SpreadAttempt(request, ips, timeoutMs, runId, late, resolve);
    });
  known.set(key, made);
  return strayed === undefined ? await made : ledElsewhere(await made, strayed);
}

/**
 * What an attempt showed whose name led elsewhere: nothing, unless somebody answered who may. What became of its connections is of no further
 * interest.
 */
function ledElsewhere(result: SpreadResult, detail: string): SpreadResult {
  if (result.outcome === 'connected') return result;
  if (result.outcome === 'partial') return { ...result, detail };
  const { nonce: _, localPorts: __, ...rest } = result;
  return { ...rest, outcome: 'dns-failure', detail };
}
