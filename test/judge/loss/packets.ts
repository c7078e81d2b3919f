/** Packets that get lost, each by itself, and what TCP makes of it. Times are milliseconds; a packet that arrives takes none. */

/** From 0 to 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How probable it is that a packet is lost, from whoever connects and back to it. */
export interface Way {
  readonly there: number;
  readonly back: number;
}

export const SOUND: Way = { there: 0, back: 0 };

export function reversed({ there, back }: Way): Way {
  return { there: back, back: there };
}

/** TCP repeats data that is lost after 200 ms, then after twice as long, and so on; a lost SYN only after a second. */
const REPEAT_MS = 200;
/** When an attempt dials, as parts of its time: as the agent does it. */
export const DIALS_AT = [0, 0.4, 0.8];
/** The kubelet waits so long for the answer to its probe. */
const VISIT_MS = 1_000;

/** What an attempt showed, as the agent tells it. */
export interface Shown {
  readonly outcome: 'connected' | 'timeout' | 'reset';
  readonly durationMs: number;
  readonly lastDialMs: number;
  readonly lost: number;
  readonly repeats: Repeats;
}

/** How often the kernels at both ends had to repeat data. */
export interface Repeats {
  readonly client: number;
  readonly server: number;
}

/**
 * One attempt as the agent makes it: dials from fresh ports, of which the first answer counts. After a handshake it waits once more as
 * long for the answer.
 * @param isCut whether a policy drops what is sent
 */
export function attemptOn(way: Way, isCut: boolean, timeoutMs: number, random: () => number): Shown {
  const repeats = { client: 0, server: 0 };
  let answer = Number.POSITIVE_INFINITY;
  let lost = 0;
  let lastDialMs = 0;
  let isOpened = false;
  for (const [dial, part] of DIALS_AT.entries()) {
    const atMs = part * timeoutMs;
    if (answer <= atMs) break;
    lastDialMs = atMs;
    if (isCut || !isHandshakeThrough(way, random)) continue;
    isOpened = true;
    const replyMs = atMs + exchange(way, repeats, random).repliedMs;
    if (replyMs >= answer) continue;
    answer = replyMs;
    lost = dial;
  }
  const untilMs = isOpened ? 2 * timeoutMs : timeoutMs;
  return answer <= untilMs
    ? { outcome: 'connected', durationMs: answer, lastDialMs, lost, repeats }
    : { outcome: isOpened ? 'reset' : 'timeout', durationMs: untilMs, lastDialMs, lost: 0, repeats };
}

/** A visit of the kubelet. @returns how long after its beginning it reached the agent; undefined where it did not in time */
export function visitOn(
  way: Way,
  random: () => number,
): (Repeats & { readonly afterMs: number }) | undefined {
  if (!isHandshakeThrough(way, random)) return undefined;
  const repeats = { client: 0, server: 0 };
  const { askedMs } = exchange(way, repeats, random);
  return askedMs < VISIT_MS ? { afterMs: askedMs, ...repeats } : undefined;
}

function isHandshakeThrough({ there, back }: Way, random: () => number): boolean {
  return random() >= there && random() >= back;
}

/** A question and its answer on an open connection. Who does not see his data acknowledged repeats it, and so does who waits for the answer. */
function exchange(
  { there, back }: Way,
  repeats: { client: number; server: number },
  random: () => number,
): { readonly askedMs: number; readonly repliedMs: number } {
  const question = timesRepeated(there, random);
  const answer = timesRepeated(back, random);
  repeats.client += question + answer;
  repeats.server += answer;
  const askedMs = REPEAT_MS * (2 ** question - 1);
  return { askedMs, repliedMs: askedMs + REPEAT_MS * (2 ** answer - 1) };
}

function timesRepeated(loss: number, random: () => number): number {
  let times = 0;
  while (random() < loss) times += 1;
  return times;
}
