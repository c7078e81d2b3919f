/** One cluster for several runs: started once, left alone between them, and stopped once, whatever comes. */
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Cluster, ClusterProvider, Lifetime } from '../../src/cluster/cluster.ts';
import { shareCluster } from '../../src/upgrade/shared-cluster.ts';

/** A provider that counts. */
function counting(lifetime: Lifetime, name?: string) {
  const seen = { started: 0, stopped: 0, said: 0 };
  const provider: ClusterProvider = {
    kind: 'kind',
    start() {
      seen.started += 1;
      return Promise.resolve({
        kind: 'kind',
        ...(name === undefined ? {} : { name }),
        kubeconfig: '',
        timing: { timeoutMs: 1, withinMs: 1, settleFloorMs: 1 },
        lost: new AbortController().signal,
        trust: { kind: 'to-be-proven' },
        lifetime,
        stop() {
          seen.stopped += 1;
          return Promise.resolve();
        },
      });
    },
  };
  const shared = shareCluster(provider, () => {
    seen.said += 1;
  });
  const start = (isLast: boolean): Promise<Cluster> =>
    shared.provider(isLast).start({ signal: new AbortController().signal, clock: systemClock });
  return { shared, seen, start };
}

test('is started once, and stopped by the last run alone', async () => {
  const { shared, seen, start } = counting({ kind: 'ends-with-run' });
  await (await start(false)).stop();
  await (await start(false)).stop();
  expect(seen).toEqual({ started: 1, stopped: 0, said: 0 });
  await (await start(true)).stop();
  await shared[Symbol.asyncDispose]();
  expect(seen).toEqual({ started: 1, stopped: 1, said: 0 });
});

test('is stopped with a word where the last run did not come', async () => {
  const { shared, seen, start } = counting({ kind: 'ends-with-run' });
  await (await start(false)).stop();
  await shared[Symbol.asyncDispose]();
  expect(seen).toEqual({ started: 1, stopped: 1, said: 1 });
});

test('that was never started is not stopped', async () => {
  const { shared, seen } = counting({ kind: 'ends-with-run' });
  await shared[Symbol.asyncDispose]();
  expect(seen).toEqual({ started: 0, stopped: 0, said: 0 });
});

test('outlasts every run but the last, which so takes away what it has made, and says how to', async () => {
  const { start } = counting({ kind: 'ends-with-run' }, 'ci');
  expect((await start(false)).lifetime).toEqual({
    kind: 'kept',
    cleanWith: ['--cluster', 'kind=ci'],
  });
  expect((await start(true)).lifetime).toEqual({ kind: 'ends-with-run' });
});

test('of the user stays what it is', async () => {
  const users: Lifetime = { kind: 'users', cleanWith: ['--cluster', 'context=a'] };
  const { start } = counting(users);
  expect((await start(false)).lifetime).toEqual(users);
});

test('that a failed run has retained is not said to be stopped', async () => {
  let retained = 0;
  const retain = () => {
    retained += 1;
    return Promise.resolve();
  };
  const { shared, seen, start } = counting({ kind: 'ends-with-run', retain });
  const { lifetime } = await start(false);
  if (lifetime.kind === 'users') throw new Error('it is not of the user');
  await lifetime.retain?.();
  await shared[Symbol.asyncDispose]();
  expect({ retained, ...seen }).toEqual({ retained: 1, started: 1, stopped: 1, said: 0 });
});
