import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readStandardInput } from '../../src/cli/read-input.ts';

const HINT = 'reading standard input, as - says: end it with Ctrl-D on a line of its own';

test.each([
  [true, [HINT]],
  [false, []],
])('where standard input is a terminal (%s), it is said that somebody is waited for', async (isTTY, told) => {
  const input = Object.assign(new PassThrough(), { isTTY });
  const hints: string[] = [];
  const reading = readStandardInput(input, new AbortController().signal, (text) => hints.push(text));
  expect(hints).toEqual(told);
  input.write('kind: ');
  input.end('Scenario\n');
  expect(await reading).toBe('kind: Scenario\n');
});

test('the wait for it can be ended', async () => {
  const stop = new AbortController();
  const reading = readStandardInput(new PassThrough(), stop.signal, () => undefined);
  stop.abort(new Error('stop'));
  await expect(reading).rejects.toThrow('stop');
});
