/** What a sandbox tells of the policies that it enforces, held against what its packets show. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { findTools, searchPath } from '../../../../../../src/sandbox/host.ts';
import {
  podManifest,
  policiesInForceOf,
  startTestbed,
  type Testbed,
  versionOf,
} from '../../../../testbed.ts';

const folders: string[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/**
 * Puts an `nft` before the real one that waits on the node with this address, as long as there is a file.
 * @returns the file
 */
function slowDown(address: string): string {
  const found = findTools(searchPath(process.env['PATH']));
  if (found.kind !== 'complete') throw new Error(`missing: ${found.missing}`);
  const folder = mkdtempSync(join(tmpdir(), 'podreach-nft-'));
  folders.push(folder);
  const held = join(folder, 'held');
  const script = `#!/bin/sh
if grep -q ' ${address}$' /proc/net/fib_trie; then while [ -e ${held} ]; do sleep 0.05; done; fi
exec ${found.tools.nft} "$@"
`;
  writeFileSync(join(folder, 'nft'), script, { mode: 0o755 });
  chmodSync(folder, 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
  return held;
}

/** What each node says. */
async function conditionsOf(bed: Testbed) {
  return (await bed.kube.list({ resource: 'nodes' })).map(policiesInForceOf);
}

async function revisionOf(bed: Testbed, node: string): Promise<number> {
  return (await bed.policiesInForce()).get(node) ?? -1;
}

/** Closes the pods with the label `app: victim`. @returns the policy's version */
async function closeVictims(bed: Testbed): Promise<number> {
  await bed.policy('default', 'closed', { podSelector: { matchLabels: { app: 'victim' } } });
  const policy = { resource: 'networkpolicies', namespace: 'default', name: 'closed' } as const;
  return versionOf(await bed.kube.get(policy));
}

const victim = (name: string, nodeName: string) =>
  podManifest('default', name, { app: 'victim' }, { nodeName });

test('each node tells which policies it enforces: when it does and not before', async () => {
  const held = slowDown('172.18.0.2');
  await using bed = await startTestbed();
  await bed.start(
    victim('on-slow', 'node-1'),
    victim('on-fast', 'node-2'),
    podManifest('default', 'witness', {}, { nodeName: 'node-2' }),
  );
  const targetOf = async (name: string) =>
    ({ host: await bed.address('default', name), port: 80, protocol: 'TCP' }) as const;
  const targets = [await targetOf('on-slow'), await targetOf('on-fast')];
  expect(await bed.attempts('default', 'witness', targets, 2000)).toEqual(['on-slow', 'on-fast']);

  writeFileSync(held, '');
  const closed = await closeVictims(bed);
  await bed.until('node-2 tells', async () => (await revisionOf(bed, 'node-2')) >= closed);
  expect(await revisionOf(bed, 'node-1')).toBeLessThan(closed);
  expect(await bed.attempts('default', 'witness', targets, 2000)).toEqual(['on-slow', 'shut']);
  expect(await revisionOf(bed, 'node-1')).toBeLessThan(closed);

  rmSync(held);
  await bed.until('node-1 tells', async () => (await revisionOf(bed, 'node-1')) >= closed);
  expect(await bed.attempts('default', 'witness', targets)).toEqual(['shut', 'shut']);
});

test('nodes agree on the version of what was changed last, also where no rule has changed', async () => {
  await using bed = await startTestbed({ nodes: 3 });
  const everywhere = async (version: number): Promise<boolean> =>
    (await conditionsOf(bed)).every((condition) => condition?.message === `resourceVersion ${version}`);
  await bed.until('they tell from the start', async () =>
    (await conditionsOf(bed)).every((condition) => condition !== undefined),
  );
  const closed = await closeVictims(bed);
  await bed.until('they tell of a policy that selects nothing', () => everywhere(closed));
  await bed.kube.delete({ resource: 'networkpolicies', namespace: 'default', name: 'closed' });
  // A change that means nothing comes after the deletion, which leaves no version to wait for.
  await bed.namespace('marker');
  const marker = versionOf(await bed.kube.get({ resource: 'namespaces', name: 'marker' }));
  await bed.until('they tell of what came after a deletion', () => everywhere(marker));
  const [condition] = await conditionsOf(bed);
  expect(condition).toEqual({
    type: 'PoliciesInForce',
    status: 'True',
    reason: 'Committed',
    message: `resourceVersion ${marker}`,
    lastTransitionTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  });
  // Telling is no change that would have to be told.
  const nodes = await bed.kube.list({ resource: 'nodes' });
  await delay(200);
  expect(await bed.kube.list({ resource: 'nodes' })).toEqual(nodes);
});

test('without enforcement nothing is told', async () => {
  await using bed = await startTestbed({ enforcement: 'off' });
  await closeVictims(bed);
  await bed.start(victim('web', 'node-1'));
  expect(await conditionsOf(bed)).toEqual([undefined, undefined]);
});
