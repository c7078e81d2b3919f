/** The watches of an agent, by name. */
import { expect, test } from 'vitest';
import { Watches } from '../../../src/probe/agent/watch/watches.ts';
import type { WatchRequest } from '../../../src/probe/watch-protocol.ts';

const watchOf = (name: string): WatchRequest => ({
  kind: 'watch',
  watch: name,
  runId: 'run',
  everyMs: 1_000,
  timeoutMs: 1_000,
  abandonedMs: 60_000,
  kept: 10,
  targets: [],
  held: [],
});

test('an agent has room for those of 64 scenarios beside its own, and one that has ended makes room', async () => {
  const watches = new Watches('agent');
  const ends = (name: string) => watches.answer({ kind: 'collect', watch: name, received: 0, ends: true });
  const names = Array.from({ length: 72 }, (_, index) => `watch ${index}`);
  for (const name of names) watches.begin(watchOf(name));
  watches.begin(watchOf('watch 0')); // it goes on as it is
  expect(() => watches.begin(watchOf('one more'))).toThrow(
    'an agent keeps 72 watches at once, and none of them has ended',
  );
  expect(await ends('watch 1')).toMatchObject([{ kind: 'end', state: { due: 0 } }]);
  watches.begin(watchOf('one more'));
  expect(await ends('watch 1')).not.toHaveProperty('0.state');
  for (const name of [...names, 'one more']) await ends(name);
});
