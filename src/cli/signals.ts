/** SIGINT and SIGTERM: the first asks the command to stop and clean up, the second leaves at once. */
import { Interruption } from '../errors.ts';
import { INTERRUPTED } from '../judge/exit-code.ts';

export interface Signals extends Disposable {
  /** Aborted by the first signal, with an `Interruption`. */
  readonly signal: AbortSignal;
}

/**
 * Listens until disposed.
 * @param onFirst called at the first signal, to say what happens now
 * @param onSecond called at the second one, before the process ends with 130 or 143
 */
export function listenToSignals(onFirst: () => void, onSecond: () => void): Signals {
  const controller = new AbortController();
  const listener = (name: 'SIGINT' | 'SIGTERM'): void => {
    if (controller.signal.aborted) {
      onSecond();
      process.exit(INTERRUPTED[name]);
    }
    onFirst();
    controller.abort(new Interruption(name));
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
