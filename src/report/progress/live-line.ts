/** One line of a terminal that is rewritten in place. */
import type { Clock } from '../../clock.ts';
import { usableWidth } from '../text/paint.ts';
import { shortenEnd } from '../text/text.ts';
import type { Screen } from './screen.ts';

/** Often enough to look alive, seldom enough to cost nothing. */
const REDRAW_MS = 100;
const CLEAR_TO_END = '\u001b[K';

export interface LiveLine {
  /** What the line says from now on; drawn within {@link REDRAW_MS}. */
  show(text: string): void;
  /** Writes lines that stay, above the live one. */
  print(lines: readonly string[]): void;
  /** Takes the line away. */
  close(): void;
}

/**
 * The line begins with the seconds since it was created, so that a long wait is seen to go on. The cursor rests at its
 * beginning and is never hidden: whatever ends the process leaves a terminal in order.
 */
export function createLiveLine(screen: Screen, clock: Clock): LiveLine {
  const beganMs = clock.now();
  const closing = new AbortController();
  let text = '';
  let drawn = '';
  let isTicking = false;

  const draw = (): void => {
    const seconds = Math.floor((clock.now() - beganMs) / 1000);
    // The last column stays free: a terminal may wrap when it is written to.
    const line =
      text === '' || closing.signal.aborted
        ? ''
        : shortenEnd(`${seconds} s  ${text}`, usableWidth(screen.columns) - 1);
    if (line === drawn) return;
    screen.write(`\r${line}${CLEAR_TO_END}\r`);
    drawn = line;
  };

  const tick = async (): Promise<void> => {
    try {
      for (;;) {
        draw();
        await clock.sleep(REDRAW_MS, closing.signal);
      }
    } catch {
      // Closed: sleeping was aborted.
    }
  };

  return {
    show(newText) {
      text = newText;
      if (isTicking || closing.signal.aborted) return;
      isTicking = true;
      void tick();
    },
    print(lines) {
      screen.write(lines.map((line) => `${drawn === '' ? '' : `\r${CLEAR_TO_END}`}${line}\n`).join(''));
      drawn = '';
      draw();
    },
    close() {
      closing.abort();
      draw();
    },
  };
}
