/** One attempt: up to three dials, until one is answered. */
import net from 'node:net';
import { LAST_DIAL_AT } from '../bounds.ts';
import { replyTime } from '../reply-time.ts';
import {
  type Addressee,
  codeOf,
  type DialAddress,
  type Dialler,
  dialTcp,
  dialUdp,
  type OpenDial,
  type Sign,
} from './dial.ts';
import { LATE_MS, type LateAnswers } from './memory.ts';
import { newNonce } from './messages.ts';
import { resolveName, whyUnresolved } from './names.ts';
import { after } from './time.ts';

/** When an attempt dials, as parts of its time: one lost packet is neither a block nor a failure. */
const DIALS_AT = [0, LAST_DIAL_AT / 2, LAST_DIAL_AT] as const;

export interface AttemptResult extends Sign {
  readonly durationMs: number;
  readonly dials: number;
  /**
   * How many dials had not been answered when a later one was. A process that is slow answers datagrams late, but in their order: one
   * that was passed over is lost, or its answer.
   */
  readonly lost: number;
  /** From the beginning of the attempt to its last dial. */
  readonly lastDialMs: number;
  /** What its dials carried, where no answer came back: they may have arrived all the same. */
  readonly nonce?: string;
  /** Of connections, where they came from. */
  readonly localPorts?: readonly number[];
}

/**
 * One attempt at an address: up to three dials, each from a fresh port, staggered within `timeoutMs`, until a handshake is through. The
 * first answer ends it. A dial that the source's own system refused to make proves nothing about the others, and without an answer makes the attempt an `error`.
 *
 * A handshake that is through has more time for its reply ({@link replyTime}): the port is reachable, so no silence after it may count as a block.
 *
 * @param late keeps the dials of an attempt that nobody answered, and takes down whether somebody does yet
 */
function dialRepeatedly(
  dial: Dialler,
  address: DialAddress,
  ip: string,
  timeoutMs: number,
  expected: Addressee,
  late: LateAnswers | undefined,
): Promise<AttemptResult> {
  return new Promise((resolve) => {
    const nonce = newNonce();
    const begun = performance.now();
    const dialled: (OpenDial & { readonly afterMs: number })[] = [];
    const timers: (() => void)[] = [];
    let dials = 0;
    let lost = 0;
    let isAnswered = false;
    let lastDialMs = 0;
    let refusal: Sign | undefined;
    let refusals = 0;
    let trace: Sign | undefined;
    let isOver = false;

    const closeAll = (): void => {
      for (const { close } of dialled) {
        close();
      }
    };
    const settle = (sign: Sign): void => {
      if (isOver) {
        return;
      }
      isOver = true;
      // Also where a later dial was refused: an earlier one may have been heard.
      const mayHaveArrived = sign.outcome !== 'connected' && sign.outcome !== 'wrong-peer';
      const origin = mayHaveArrived
        ? { nonce, localPorts: dialled.flatMap(({ localPort }) => localPort() ?? []) }
        : {};
      for (const cancel of timers) {
        cancel();
      }
      if (sign.outcome === 'timeout' && late !== undefined) {
        const endMs = begun + LATE_MS[address.protocol] - performance.now();
        for (const { close, afterMs } of dialled) {
          late.await(close, Math.max(0, endMs + afterMs));
        }
      } else {
        closeAll();
      }
      resolve({
        ...sign,
        durationMs: performance.now() - begun,
        dials,
        lost,
        lastDialMs,
        ...origin,
      });
    };
    const onLate = ({ outcome }: Sign): void => {
      if (outcome === 'connected' || outcome === 'reset' || outcome === 'wrong-peer') {
        late?.note(nonce);
        closeAll();
      }
    };
    /** @param earlier how many dials had been made before the one that tells */
    const onSign = (sign: Sign, earlier: number): void => {
      if (sign.outcome !== 'error') {
        noteAnswer(earlier);
        if (address.protocol === 'UDP' && earlier > 0) {
          // The answer to an earlier one may wait beside it, where this process was held up.
          setImmediate(settle, sign);
        } else {
          settle(sign);
        }
        return;
      }
      refusal = sign;
      refusals += 1;
      if (refusals === DIALS_AT.length) {
        settle(sign);
      }
    };
    const giveUp = (): void => {
      if (trace?.outcome === 'reset') {
        timers.push(after(replyTime(timeoutMs), () => settle(trace ?? { outcome: 'reset' })));
      } else {
        settle(trace ?? refusal ?? { outcome: 'timeout' });
      }
    };
    const noteAnswer = (earlier: number): void => {
      lost = isAnswered ? Math.min(lost, earlier) : earlier;
      isAnswered = true;
    };
    const onTrace = (sign: Sign, earlier: number): void => {
      trace ??= sign;
      noteAnswer(earlier);
      // Through is through: what follows gets lost no more than TCP mends by itself.
      for (const cancel of sign.outcome === 'reset' ? furtherDials : []) {
        cancel();
      }
    };
    const dialOnce = (): void => {
      const earlier = dials;
      const events = {
        onTrace: (sign: Sign) => (isOver ? onLate(sign) : onTrace(sign, earlier)),
        onSign: (sign: Sign) => (isOver ? onLate(sign) : onSign(sign, earlier)),
      };
      dials += 1;
      lastDialMs = performance.now() - begun;
      try {
        dialled.push({ ...dial(ip, address.port, nonce, expected, events), afterMs: lastDialMs });
      } catch (error) {
        onSign({ outcome: 'error', detail: codeOf(error) }, earlier);
      }
    };

    dialOnce();
    const furtherDials = DIALS_AT.slice(1).map((part) => after(part * timeoutMs, dialOnce));
    timers.push(...furtherDials, after(timeoutMs, giveUp));
  });
}

/**
 * One attempt. Never rejects: whatever goes wrong is the outcome.
 * @param late takes down what answers after its end; absent: nobody wants to know
 */
export async function attempt(
  address: DialAddress,
  timeoutMs: number,
  expected: Addressee,
  late?: LateAnswers,
): Promise<AttemptResult> {
  const begun = performance.now();
  let ip = address.host;
  if (net.isIP(ip) === 0) {
    try {
      ip = await resolveName(address.host, timeoutMs, address.family);
    } catch (error) {
      return {
        outcome: 'dns-failure',
        detail: whyUnresolved(error),
        durationMs: performance.now() - begun,
        dials: 1,
        lost: 0,
        lastDialMs: 0,
      };
    }
  }
  const dial = address.protocol === 'TCP' ? dialTcp : dialUdp;
  return await dialRepeatedly(dial, address, ip, timeoutMs, expected, late);
}
