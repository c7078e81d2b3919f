/** What becomes of a cluster when its run lets go of it. */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Cluster, Lifetime } from '../../src/cluster/cluster.ts';
import type { Job } from '../../src/run/job.ts';
import { type Started, startCluster } from '../../src/run/started.ts';
import { emptyRecord } from './empty-record.ts';

const CLEAN_WITH = ['--cluster', 'kind=c'];

interface Circumstances {
  readonly lifetime: Lifetime['kind'];
  readonly retain?: boolean;
  readonly keep?: boolean;
  /** How far the run comes. */
  readonly reaches?: 'the cluster' | 'its use' | 'its end';
  readonly interrupted?: boolean;
  readonly lost?: boolean;
}

/** @returns what is done with the cluster, in order */
async function release(circumstances: Circumstances): Promise<readonly string[]> {
  const { lifetime, retain = false, keep = false, reaches = 'its end' } = circumstances;
  const done: string[] = [];
  const note = (text: string) => async (): Promise<void> => void done.push(text);
  const lifetimes: Readonly<Record<Lifetime['kind'], Lifetime>> = {
    'ends-with-run': { kind: 'ends-with-run', ...(retain ? { retain: note('retained') } : {}) },
    kept: { kind: 'kept', cleanWith: CLEAN_WITH, ...(retain ? { retain: note('retained') } : {}) },
    users: { kind: 'users', cleanWith: CLEAN_WITH },
  };
  const lost = new AbortController();
  const cluster: Cluster = {
    kind: 'kind',
    kubeconfig: '',
    timing: { timeoutMs: 1, withinMs: 1, settleFloorMs: 0 },
    lost: lost.signal,
    trust: { kind: 'to-be-proven' },
    lifetime: lifetimes[lifetime],
    stop: note('stopped'),
  };
  const user = new AbortController();
  const job: Job = {
    scenarios: [],
    record: emptyRecord(),
    save: () => undefined,
    options: {
      provider: { kind: 'kind', start: async () => cluster },
      version: '0',
      clock: systemClock,
      signal: user.signal,
      confirm: 2,
      parallel: 1,
      keep,
      failFast: false,
      progress: ({ type }) => {
        if (type === 'cluster-stopping') done.push('stopping');
      },
    },
  };
  const run = async (): Promise<void> => {
    await using started: Started | undefined = await startCluster(job, () => done.push('handed on'));
    if (reaches !== 'the cluster') started?.use();
    if (circumstances.interrupted === true) user.abort();
    if (circumstances.lost === true) lost.abort();
    if (reaches !== 'its end') throw new Error('failed');
    started?.finish();
  };
  await run().catch(() => undefined);
  return done;
}

describe('a cluster that ends with the run', () => {
  const lifetime = 'ends-with-run';
  test.each<[string, Omit<Circumstances, 'lifetime'>, readonly string[]]>([
    ['is stopped', {}, ['stopping', 'stopped']],
    ['is stopped where it was to be retained and nothing failed', { retain: true }, ['stopping', 'stopped']],
    ['is stopped by a run that fails', { reaches: 'its use' }, ['stopping', 'stopped']],
    ['is retained by a run that fails', { reaches: 'its use', retain: true }, ['retained', 'stopped']],
    ['is handed on where it is to be kept', { keep: true }, ['handed on']],
    ['is not kept by a run that fails', { keep: true, reaches: 'its use' }, ['stopping', 'stopped']],
    ['is not kept by an interrupted run', { keep: true, interrupted: true }, ['stopping', 'stopped']],
    [
      'is not retained by an interrupted run',
      { retain: true, interrupted: true, reaches: 'its use' },
      ['stopping', 'stopped'],
    ],
    ['is not kept when it is lost', { keep: true, lost: true }, ['stopping', 'stopped']],
  ])('%s', async (_, circumstances, done) => {
    expect(await release({ lifetime, ...circumstances })).toEqual(done);
  });
});

describe.each(['kept', 'users'] as const)('a cluster that stays (%s)', (lifetime) => {
  test.each<[string, Omit<Circumstances, 'lifetime'>, readonly string[]]>([
    ['is let go', {}, ['stopped']],
    ['is handed on where all on it is to be kept', { keep: true }, ['handed on']],
    ['is handed on also by a run that fails there', { keep: true, reaches: 'its use' }, ['handed on']],
    [
      'is let go by a run that fails before anything is there',
      { keep: true, reaches: 'the cluster' },
      ['stopped'],
    ],
    ['is let go by an interrupted run', { keep: true, interrupted: true }, ['stopped']],
  ])('%s', async (_, circumstances, done) => {
    expect(await release({ lifetime, ...circumstances })).toEqual(done);
  });
});

test('the logs of a kept cluster are collected where the run fails', async () => {
  expect(await release({ lifetime: 'kept', retain: true, reaches: 'its use' })).toEqual([
    'retained',
    'stopped',
  ]);
});
