/** Standard input, for whoever is told to read it with `-`. */

import { addAbortSignal, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

/**
 * Reads it to its end.
 * @param hint is told that somebody is waited for, where it is a terminal
 * @throws the signal's reason when that is aborted
 */
export async function readStandardInput(
  input: Readable & { readonly isTTY?: boolean },
  signal: AbortSignal,
  hint: (text: string) => void,
): Promise<string> {
  if (input.isTTY === true)
    hint('reading standard input, as - says: end it with Ctrl-D on a line of its own');
  try {
    return await text(addAbortSignal(signal, input));
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
}
