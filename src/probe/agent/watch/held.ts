/** A connection that is opened once and held, with heartbeats: does it survive what happens? */
import net from 'node:net';
import { type HeldLine, type HeldTarget, NO_HEARTBEAT } from '../../watch-protocol.ts';
import { codeOf, judgeReply } from '../dial.ts';
import { HOLD_PREFIX, newNonce, readReply } from '../messages.ts';
import { resolveNames, strayedFrom, whyUnresolved } from '../names.ts';
import { nodeClockMs } from '../time.ts';
import { type Aim, aimOf, anyOf } from './aim.ts';

/**
 * All agents of a node send their heartbeats in the same moments of its clock: what comes together is read together, and to wake up for
 * each is what costs most.
 */
export const BEAT_EVERY_MS = 200;
/** Where no heartbeat has come back for so long, the connection is stalled; where none has for longer still, it is given up. */
const STALLED_AFTER_MS = 1_000;
const BROKEN_AFTER_MS = 15_000;
/** The pauses before it is opened again: the first, and the longest. */
const PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

type HeldEvent = HeldLine['event'];

/** One connection at a time; only over TCP. Somebody calls `look` and `beat` again and again. */
export class Held {
  readonly #target: HeldTarget;
  readonly #runId: string;
  readonly #timeoutMs: number;
  readonly #note: (event: Omit<HeldLine, 'kind' | 'seq'>) => void;
  #socket: net.Socket | undefined;
  #request = '';
  /** Where the name led instead of where it must, when it was opened last. */
  #strayed: string | undefined;
  /** When the connection is to be opened, or its opening is given up. */
  #decideMs = 0;
  /** What has come of the first reply; the length of a reply once it was read. */
  #text = '';
  #replyLength: number | undefined;
  #received = 0;
  #backMs = 0;
  /** Since when silence counts: this process may have been stopped. */
  #listeningMs = 0;
  #isStalled = false;
  #failures = 0;
  /** How often it has been opened, or tried to be. */
  #turn = 0;
  #hasEnded = false;

  constructor(
    target: HeldTarget,
    runId: string,
    timeoutMs: number,
    note: (event: Omit<HeldLine, 'kind' | 'seq'>) => void,
  ) {
    this.#target = target;
    this.#runId = runId;
    this.#timeoutMs = target.timeoutMs ?? timeoutMs;
    this.#note = note;
  }

  /** Does what is due: opens, or gives up. */
  look(nowMs: number): void {
    if (this.#socket === undefined) {
      if (nowMs >= this.#decideMs) this.#open(nowMs);
    } else if (this.#replyLength === undefined) {
      if (nowMs >= this.#decideMs) this.#end('timeout', nowMs);
    } else {
      const silentMs = nowMs - Math.max(this.#backMs, this.#listeningMs);
      if (silentMs >= BROKEN_AFTER_MS) {
        this.#end(NO_HEARTBEAT, nowMs);
        return;
      }
      if (silentMs >= STALLED_AFTER_MS && !this.#isStalled) {
        this.#isStalled = true;
        this.#tell('stalled', this.#backMs);
      }
    }
  }

  /** Sends a heartbeat over a connection that is open. */
  beat(): void {
    if (this.#replyLength !== undefined) this.#socket?.write(this.#request, 'latin1');
  }

  /** This process did not run until now: what it did not hear meanwhile says nothing. */
  wake(nowMs: number): void {
    this.#listeningMs = nowMs;
    if (this.#socket !== undefined && this.#replyLength === undefined)
      this.#decideMs = nowMs + this.#timeoutMs;
  }

  /** Ends it with the watch. */
  end(): void {
    if (this.#replyLength !== undefined) this.#tell('ended', nodeClockMs());
    this.#hasEnded = true;
    this.#socket?.destroy();
  }

  #open(nowMs: number): void {
    const aim = aimOf(this.#target, this.#runId, this.#turn);
    this.#turn += 1;
    this.#decideMs = nowMs + 2 * this.#timeoutMs;
    if (net.isIP(aim.host) !== 0) {
      this.#connect(aim);
      return;
    }
    this.#decideMs = Number.POSITIVE_INFINITY; // one look-up at a time
    this.#strayed = undefined;
    resolveNames(aim.host, this.#timeoutMs, this.#target.family).then(
      (ips) => {
        this.#decideMs = nodeClockMs() + 2 * this.#timeoutMs;
        const target = this.#target;
        this.#strayed = 'pods' in target && target.leadsTo ? strayedFrom(target.leadsTo, ips) : undefined;
        if (!this.#hasEnded) this.#connect({ ...aim, host: anyOf(ips) });
      },
      (error) => this.#end(`dns-failure: ${whyUnresolved(error)}`, nodeClockMs()),
    );
  }

  #connect({ host: ip, expected }: Aim): void {
    const socket = net.connect({ host: ip, port: this.#target.port, noDelay: true });
    const nonce = newNonce();
    this.#socket = socket;
    this.#request = `${HOLD_PREFIX}${nonce}\n`;
    this.#text = '';
    this.#replyLength = undefined;
    this.#received = 0;
    const isCurrent = (): boolean => this.#socket === socket;
    socket.on('connect', () => socket.write(this.#request, 'latin1'));
    socket.on('data', (chunk) => {
      if (isCurrent()) this.#hear(chunk, nonce, expected);
    });
    socket.on('end', () => {
      if (isCurrent()) this.#end('closed by the other end', nodeClockMs());
    });
    socket.on('error', (error) => {
      if (isCurrent()) this.#end(codeOf(error), nodeClockMs());
    });
  }

  #hear(chunk: Buffer, nonce: string, expected: Aim['expected']): void {
    const nowMs = nodeClockMs();
    if (this.#replyLength === undefined) {
      this.#text += chunk.toString('latin1');
      const reply = readReply(this.#text, nonce, HOLD_PREFIX);
      if (reply.kind === 'partial') return;
      const { outcome, detail, peer } = judgeReply(reply, expected);
      if (outcome !== 'connected') {
        this.#end(`${outcome}: ${detail}`, nowMs);
        return;
      }
      this.#replyLength = this.#text.indexOf('\n') + 1;
      this.#received = this.#text.length;
      this.#backMs = nowMs;
      this.#isStalled = false;
      this.#failures = 0;
      // Of several pods, which it has found.
      this.#tell(
        'opened',
        nowMs,
        'pods' in this.#target && this.#target.pods.length > 1 ? peer?.pod : undefined,
      );
      return;
    }
    // The other end repeats its reply; TCP keeps it whole.
    this.#received += chunk.length;
    this.#backMs = nowMs;
    if (this.#isStalled) {
      this.#isStalled = false;
      this.#tell('resumed', nowMs);
    }
  }

  /** It could not be opened, or is open no more. */
  #end(why: string, nowMs: number): void {
    if (this.#hasEnded) return;
    const wasOpen = this.#replyLength !== undefined;
    if (wasOpen) this.#tell('broken', nowMs, why);
    // Told once: it is tried until it opens.
    else if (this.#failures === 0)
      this.#tell('failed', nowMs, this.#strayed === undefined ? why : `dns-failure: ${this.#strayed}`);
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#replyLength = undefined;
    this.#received = 0;
    this.#decideMs = nowMs + Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** this.#failures);
    this.#failures += wasOpen ? 0 : 1;
  }

  #tell(event: HeldEvent, atMs: number, detail?: string): void {
    const beats = this.#replyLength === undefined ? 0 : Math.floor(this.#received / this.#replyLength);
    this.#note({ id: this.#target.id, event, atMs, beats, ...(detail === undefined ? {} : { detail }) });
  }
}
