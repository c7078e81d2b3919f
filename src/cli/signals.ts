/** SIGINT and SIGTERM: the first asks the command to stop and clean up, or to end what it does; the second leaves at once. */
import { INTERRUPTED, Interruption } from '../errors.ts';

export interface Signals extends Disposable {
  /** Aborted by the first signal that is to stop the command, with an `Interruption`. */
  readonly signal: AbortSignal;
}

/**
 * Listens until disposed.
 * @param onFirst called at the first signal, to say what happens now
 * @param onSecond called at the second one, before the process ends with 130 or 143
 * @param takes is shown the first signal before that; where it returns true, the command goes on
 */
export function listenToSignals(
  onFirst: () => void,
  onSecond: () => void,
  takes: (interruption: Interruption) => boolean = () => false,
): Signals {
  const controller = new AbortController();
  let isSecond = false;
  const listener = (name: 'SIGINT' | 'SIGTERM'): void => {
    if (isSecond) {
      onSecond();
      process.exit(INTERRUPTED[name]);
    }
    isSecond = true;
    const interruption = new Interruption(name);
    if (takes(interruption)) return;
    onFirst();
    controller.abort(interruption);
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', listener);
      process.off('SIGTERM', listener);
    },
  };
}

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
