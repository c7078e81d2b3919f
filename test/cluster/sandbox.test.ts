import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { sandboxCluster } from '../../src/cluster/sandbox.ts';
import { PodreachError } from '../../src/errors.ts';

const options = { signal: new AbortController().signal, clock: systemClock };
const provider = sandboxCluster({ nodes: 1, enforcement: 'on' });

/** The processes that wait for a supervisor that this test has started. */
function waiters(): number[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  return children
    .trim()
    .split(' ')
    .filter((pid) => pid !== '' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('supervisor'))
    .map(Number);
}

test('a sandbox that is stopped is not lost', async () => {
  const cluster = await provider.start(options);
  expect(cluster).toMatchObject({
    kind: 'sandbox',
    timing: { timeoutMs: 500, withinMs: 10_000, settleFloorMs: 250 },
  });
  await cluster.stop();
  await cluster.stop();
  expect(cluster.lost.aborted).toBe(false);
});

test('a sandbox that dies is lost, with the reason', async () => {
  const cluster = await provider.start(options);
  const lost = new Promise((resolve) => cluster.lost.addEventListener('abort', resolve));
  for (const waiter of waiters()) process.kill(waiter, 'SIGKILL');
  await lost;
  expect(cluster.lost.reason).toEqual(
    new PodreachError('cluster-lost', 'the sandbox has ended: its supervisor was killed by SIGKILL'),
  );
  await cluster.stop();
});

test('a sandbox that does not start fails as the harness fails', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'podreach-cluster-'));
  const path = process.env['PATH'];
  try {
    writeFileSync(join(folder, 'nft'), '#!/bin/sh\necho "nft: not on this kernel" >&2\nexit 1\n', {
      mode: 0o755,
    });
    process.env['PATH'] = `${folder}:${path}`;
    await expect(provider.start(options)).rejects.toMatchObject({
      name: 'PodreachError',
      code: 'cluster-unavailable',
      message: 'the sandbox did not start: the network could not be built: nft: not on this kernel',
    });
  } finally {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  }
});

test('a start that is given up fails with the reason for that', async () => {
  const reason = new PodreachError('interrupted', 'interrupted');
  await expect(provider.start({ ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
