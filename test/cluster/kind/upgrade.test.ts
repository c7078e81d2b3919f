/** Upgrading Calico: what is done in which order, what is said of each node, and in which state the cluster is where it ends early. */
import { rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { CommandRunner } from '../../../src/cluster/command-runner.ts';
import { readManifest } from '../../../src/cluster/kind/calico.ts';
import type { KindContext, KindOptions } from '../../../src/cluster/kind/context.ts';
import { type LedgerEntry, openLedger } from '../../../src/cluster/kind/ledger.ts';
import { noteProcess } from '../../../src/cluster/kind/process.ts';
import { provideKindCluster } from '../../../src/cluster/kind/provide.ts';
import { type CalicoUpgradeOptions, upgradeCalico } from '../../../src/cluster/kind/upgrade.ts';
import { Interruption } from '../../../src/errors.ts';
import { manifestText, memoryWorld, optionsWith, READY_ITEMS, type World } from './world.ts';

const KUBECTL = 'docker exec c-control-plane kubectl --kubeconfig=/etc/kubernetes/admin.conf';
const APPLY =
  'docker exec --interactive c-control-plane kubectl --kubeconfig=/etc/kubernetes/admin.conf apply --server-side --force-conflicts --filename=-';
const ROLLOUT_LOOK = `${KUBECTL} get nodes,daemonsets,deployments,pods,replicasets,controllerrevisions --all-namespaces --output=json`;
const DEFINITION = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ippools.crd.projectcalico.org }
---
`;
const NODES = ['c-control-plane', 'c-worker'];
const WORKER = 'c-worker';

/** The manifest of another release. */
function manifestOf(release: string): string {
  return DEFINITION + manifestText().replaceAll('v0.0.1', release);
}

interface CalicoCluster {
  readonly world: World;
  readonly context: KindContext;
  /** Upgrades to a file with the manifest of that release. */
  readonly upgrade: (
    release: string,
    more?: Partial<CalicoUpgradeOptions>,
  ) => ReturnType<typeof upgradeCalico>;
  readonly fileOf: (release: string) => string;
  /** Happens before a command is run. */
  before: { match: RegExp; happens: () => void } | undefined;
  /** How often each node's new pod is asked for before it is ready. */
  looksPerNode: number;
}

/**
 * A kept cluster with Calico v0.0.1, whose pods follow what is applied: one node after the other, one look each. What the workloads
 * have is a matter of their images alone.
 */
async function calicoCluster(world: World, more: Partial<KindOptions> = {}): Promise<CalicoCluster> {
  const folder = dirname(world.context.folders.state);
  let form = { release: 'v0.0.1', number: 1 };
  let looks = 0;
  const apply = (text: string): void => {
    const [, release = form.release] = /calico\/node:(v[\d.]+)/.exec(text) ?? [];
    if (release !== form.release) form = { release, number: form.number + 1 };
    looks = 0;
  };
  const items = (cluster: CalicoCluster): unknown[] => {
    const { release, number } = form;
    const done = number === 1 ? NODES.length : Math.floor(looks / cluster.looksPerNode);
    looks += 1;
    const hash = (at: number): string => `form-${at < done || at === done ? number : number - 1}`;
    const others = READY_ITEMS.filter(({ kind }) => kind !== 'DaemonSet' && kind !== 'Node');
    return [
      ...others,
      ...NODES.map((name) => ({ ...READY_ITEMS[0], metadata: { name } })),
      {
        kind: 'DaemonSet',
        metadata: { name: 'calico-node', generation: number },
        spec: {
          template: {
            spec: { containers: [{ name: 'calico-node', image: `registry.example/calico/node:${release}` }] },
          },
        },
        status: {
          observedGeneration: number,
          desiredNumberScheduled: NODES.length,
          updatedNumberScheduled: Math.min(done + 1, NODES.length),
          numberReady: done >= NODES.length ? NODES.length : NODES.length - 1,
        },
      },
      {
        kind: 'ControllerRevision',
        metadata: {
          name: `calico-node-form-${number}`,
          labels: { 'controller-revision-hash': `form-${number}` },
          ownerReferences: [{ kind: 'DaemonSet', name: 'calico-node' }],
        },
        revision: number,
      },
      ...NODES.map((nodeName, at) => ({
        kind: 'Pod',
        metadata: { name: `calico-node-${at}`, labels: { 'controller-revision-hash': hash(at) } },
        spec: { nodeName },
        status: {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: at === done ? 'False' : 'True' }],
        },
      })),
      {
        kind: 'CustomResourceDefinition',
        metadata: { name: 'ippools.crd.projectcalico.org' },
        status: { conditions: [{ type: 'Established', status: 'True' }] },
      },
    ];
  };
  const runner: CommandRunner = {
    async run(command, args, options) {
      const line = [command, ...args].join(' ');
      if (cluster.before?.match.test(line)) cluster.before.happens();
      const result = await world.context.runner.run(command, args, options);
      if (/ apply /.test(line)) apply(options?.input ?? '');
      if (!/^docker exec .* get \S*(daemonsets|definitions)/.test(line) || result.stdout === '{}')
        return result;
      return { ...result, stdout: JSON.stringify({ items: items(cluster) }) };
    },
  };
  const context = { ...world.context, runner };
  const fileOf = (release: string): string => join(folder, `calico-${release}.yaml`);
  const cluster: CalicoCluster = {
    world,
    context,
    fileOf,
    upgrade(release, options = {}) {
      writeFileSync(fileOf(release), manifestOf(release));
      const calico = { type: 'manifest', from: fileOf(release) } as const;
      return upgradeCalico({ name: 'c', calico, isFromWithin: false, ...options }, context);
    },
    before: undefined,
    looksPerNode: 1,
  };
  writeFileSync(fileOf('v0.0.1'), manifestOf('v0.0.1'));
  await provideKindCluster(
    optionsWith({ calico: { type: 'manifest', from: fileOf('v0.0.1') }, ...more }),
    context,
  );
  world.commands.length = 0;
  world.inputs.length = 0;
  world.told.length = 0;
  return cluster;
}

describe('an upgrade', () => {
  test('does one thing after the other, tells each node, and is noted', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    expect(await cluster.upgrade('v0.1.0')).toEqual({ from: 'v0.0.1', to: 'v0.1.0', isChanged: true });
    expect(world.commands.slice(3)).toEqual([
      'docker ps --all --quiet --no-trunc --filter label=io.x-k8s.kind.cluster=c',
      'docker inspect --type container c-control-plane#1 c-worker#1',
      `${KUBECTL} get nodes,daemonsets,deployments,pods --all-namespaces --output=json`,
      APPLY,
      `${KUBECTL} get customresourcedefinitions --all-namespaces --output=json`,
      APPLY,
      ...[ROLLOUT_LOOK, ROLLOUT_LOOK, ROLLOUT_LOOK, ROLLOUT_LOOK],
      `${KUBECTL} get nodes,daemonsets,deployments,pods --all-namespaces --output=json`,
    ]);
    const file = cluster.fileOf('v0.1.0').replace(dirname(world.context.folders.state), '');
    expect(world.told).toEqual([
      'checking Docker and kind',
      'looking for the cluster "c"',
      `fetching the manifest of ${file}`,
      'asking which Calico runs',
      'applying the custom resource definitions',
      'waiting for the custom resource definitions',
      'applying the manifest of Calico v0.1.0',
      'waiting for the rollout of daemonset/kube-system/calico-node',
      'waiting for the rollout of daemonset/kube-system/calico-node: 0 of 2 updated and ready; calico-node on c-control-plane: updated, not ready yet: running, not ready; calico-node on c-worker: still the old one',
      'waiting for the rollout of daemonset/kube-system/calico-node: 1 of 2 updated and ready; calico-node on c-worker: updated, not ready yet: running, not ready',
      'waiting for the rollout of deployment/kube-system/calico-kube-controllers',
      'waiting for the nodes',
    ]);
    const [definitions, whole] = world.inputs;
    expect(parseAllDocuments(definitions ?? '').map((document) => document.toJS().kind)).toEqual([
      'CustomResourceDefinition',
    ]);
    expect(whole).toBe(readManifest(manifestOf('v0.1.0'), '').text);
    const entry = await world.entryOf('c');
    expect(entry).toMatchObject({ phase: 'ready', recipe: { calico: cluster.fileOf('v0.1.0') } });
    expect(entry).not.toHaveProperty('upgrade');
    expect(await openLedger(world.context.folders, 'c').users()).toEqual([]);
  });

  test('keeps the encapsulation that the cluster was made with', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world, { encapsulation: 'vxlan' });
    await cluster.upgrade('v0.1.0');
    const [, whole = ''] = world.inputs;
    const config = parseAllDocuments(whole)
      .map((document) => document.toJS())
      .find(({ kind }) => kind === 'ConfigMap');
    expect(config.data.calico_backend).toBe('vxlan');
  });

  test('to what is there already does nothing, and says so', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    expect(await cluster.upgrade('v0.0.1')).toEqual({ from: 'v0.0.1', to: 'v0.0.1', isChanged: false });
    expect(world.commands.filter((line) => / apply /.test(line))).toEqual([]);
    // The file has the same name and images, and another setting.
    writeFileSync(cluster.fileOf('v0.0.1'), manifestOf('v0.0.1').replace('"autodetect"', '"none"'));
    const calico = { type: 'manifest', from: cluster.fileOf('v0.0.1') } as const;
    const options = { name: 'c', calico, isFromWithin: false };
    expect(await upgradeCalico(options, cluster.context)).toMatchObject({ isChanged: true });
  });

  test('of a cluster whose Calico somebody has changed meanwhile is done again', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    await cluster.context.runner.run('docker', ['exec', 'c-control-plane', 'kubectl', 'apply', '-f'], {
      input: manifestOf('v0.2.0'),
    });
    expect(await cluster.upgrade('v0.0.1')).toMatchObject({ from: 'v0.2.0', isChanged: true });
  });

  test('to an older release is done with a warning', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    await cluster.upgrade('v0.10.0');
    world.told.length = 0;
    expect(await cluster.upgrade('v0.9.0')).toEqual({ from: 'v0.10.0', to: 'v0.9.0', isChanged: true });
    expect(world.told).toContain(
      'warning: v0.9.0 is older than v0.10.0, which runs: what only the newer release knows stays on the cluster',
    );
  });

  test('loads the images first where that is asked for', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    await cluster.upgrade('v0.1.0', { loadImages: true });
    const load = world.commands.findIndex((line) => line.startsWith('kind load docker-image --name c '));
    expect(world.commands[load]).toContain('registry.example/calico/node:v0.1.0');
    expect(load).toBeLessThan(world.commands.indexOf(APPLY));
  });
});

describe('an upgrade that ends early', () => {
  const again = (cluster: CalicoCluster): string =>
    `podreach cluster upgrade c --calico-manifest ${cluster.fileOf('v0.1.0').replace(dirname(cluster.world.context.folders.state), '')}`;

  test.each([
    [
      'before anything is applied',
      / get nodes,daemonsets,deployments,pods --all/,
      () => 'the upgrade of the kind cluster "c" had not begun: nothing has changed there',
    ],
    [
      'while it applies',
      / get customresourcedefinitions /,
      (cluster: CalicoCluster) =>
        `the upgrade of the kind cluster "c" has not ended: a part of the manifest may be applied; the same command goes on with it: ${again(cluster)}`,
    ],
    [
      'while it waits for the rollout',
      / get .*controllerrevisions /,
      (cluster: CalicoCluster) =>
        `the upgrade of the kind cluster "c" has not ended: the manifest is applied, and Kubernetes goes on with the rollout; the same command waits for it: ${again(cluster)}`,
    ],
  ])('by an interruption %s says in which state the cluster is', async (_, match, said) => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    cluster.before = { match, happens: () => world.abort(new Interruption('SIGINT')) };
    await expect(cluster.upgrade('v0.1.0')).rejects.toBeInstanceOf(Interruption);
    expect(world.told.at(-1)).toBe(`warning: ${said(cluster)}`);
    expect(world.containers()).toEqual(NODES);
    expect(await openLedger(world.context.folders, 'c').users()).toEqual([]);
  });

  test('is gone on with by the same call, and runs are warned until then', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    world.overrides.push({ match: / apply --server-side/, fails: 'error: it does not work', times: 1 });
    await expect(cluster.upgrade('v0.1.0')).rejects.toMatchObject({
      code: 'cluster-unavailable',
      message: expect.stringMatching(/^applying the custom resource definitions failed: .*it does not work$/),
      hint: `Correct ${cluster.fileOf('v0.1.0')}: the API server did not take it.`,
    });
    expect(await world.entryOf('c')).toMatchObject({
      recipe: { calico: cluster.fileOf('v0.0.1') },
      upgrade: { calico: cluster.fileOf('v0.1.0'), by: { host: hostname(), pid: process.pid } },
    });
    world.told.length = 0;
    await provideKindCluster({ name: 'c', probeImage: 'probe:v1', keep: true }, cluster.context);
    expect(world.told.filter((line) => line.startsWith('warning'))).toEqual([
      `warning: an upgrade of Calico to /calico-v0.1.0.yaml has begun on the kind cluster "c" and has not ended`,
    ]);
    expect(await cluster.upgrade('v0.1.0')).toMatchObject({ isChanged: true });
    expect(await world.entryOf('c')).not.toHaveProperty('upgrade');
    expect(await cluster.upgrade('v0.1.0')).toMatchObject({ isChanged: false });
  });

  test('is taken back by an upgrade to what was there, although nothing but definitions was changed', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    cluster.before = {
      match: / get customresourcedefinitions /,
      happens() {
        world.overrides.push({ match: / apply --server-side/, fails: 'error: it does not work', times: 1 });
        cluster.before = undefined;
      },
    };
    await expect(cluster.upgrade('v0.1.0')).rejects.toThrow('applying the manifest of Calico v0.1.0 failed');
    expect(await cluster.upgrade('v0.0.1')).toEqual({ from: 'v0.0.1', to: 'v0.0.1', isChanged: true });
    expect(await world.entryOf('c')).not.toHaveProperty('upgrade');
  });

  test('because a node does not become ready says which, and where to look', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    cluster.looksPerNode = 10_000;
    await expect(cluster.upgrade('v0.1.0')).rejects.toMatchObject({
      message: expect.stringContaining(
        'waiting for the rollout of daemonset/kube-system/calico-node failed: after 600 s: 0 of 2 updated and ready; calico-node on c-control-plane: updated, not ready yet: running, not ready; calico-node on c-worker: still the old one',
      ),
      hint: `See what it lacks (podreach cluster status c), and look at the pods: kubectl --kubeconfig ${join(world.context.folders.state, 'kind/c/kubeconfig')} --namespace kube-system get pods`,
    });
    expect(world.told.at(-1)).toContain('Kubernetes goes on with the rollout; the same command waits for it');
  });
});

describe('a cluster', () => {
  const none = 'there is no kind cluster "c" of podreach\'s';
  const options: CalicoUpgradeOptions = {
    name: 'c',
    calico: { type: 'version', version: 'v3.32.1' },
    isFromWithin: false,
  };

  test('that there is not is not upgraded', async () => {
    using world = memoryWorld();
    await expect(upgradeCalico(options, world.context)).rejects.toMatchObject({
      code: 'cluster-unavailable',
      message: none,
      hint: 'Make one first: podreach cluster create c',
    });
    expect(world.told.filter((line) => line.startsWith('warning'))).toEqual([]);
  });

  test('that somebody else made is not touched', async () => {
    using world = memoryWorld();
    world.addNodes('c');
    await expect(upgradeCalico(options, world.context)).rejects.toThrow('that podreach did not make');
    expect(world.commands.filter((line) => /^docker exec/.test(line))).toEqual([]);
  });

  test('with stopped nodes is not upgraded', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    world.stopNode(WORKER);
    await expect(cluster.upgrade('v0.1.0')).rejects.toThrow('has stopped nodes: c-worker');
  });

  test('that a run has made for itself is upgraded from within that run alone', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world, { keep: false });
    await expect(cluster.upgrade('v0.1.0')).rejects.toThrow(
      'is used by a run of podreach that has not ended',
    );
    expect(await cluster.upgrade('v0.1.0', { isFromWithin: true })).toMatchObject({ isChanged: true });
    expect(await world.entryOf('c')).toMatchObject({
      owner: { pid: process.pid },
      recipe: { calico: cluster.fileOf('v0.1.0') },
    });
  });

  test('that a run uses is upgraded with a warning, unless it is from within', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    await openLedger(world.context.folders, 'c').addUser(noteProcess(process.ppid));
    await cluster.upgrade('v0.1.0');
    const warning = `warning: a run of podreach uses the kind cluster "c" (process ${process.ppid}): its network plugin changes meanwhile`;
    expect(world.told).toContain(warning);
    world.told.length = 0;
    await cluster.upgrade('v0.2.0', { isFromWithin: true });
    expect(world.told).not.toContain(warning);
  });

  test('that another process upgrades is left to it', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    const ledger = openLedger(world.context.folders, 'c');
    const entry = (await ledger.read()) as LedgerEntry;
    await ledger.update({ ...entry, upgrade: { calico: 'v3.32.1', by: noteProcess(process.ppid) } });
    await expect(cluster.upgrade('v0.1.0')).rejects.toMatchObject({
      message: `the kind cluster "c" is being upgraded to v3.32.1 by another podreach (process ${process.ppid})`,
      hint: 'Wait until it has ended: podreach cluster status c',
    });
  });

  test('that is deleted meanwhile is not noted again', async () => {
    using world = memoryWorld();
    const cluster = await calicoCluster(world);
    const match = / get .*controllerrevisions /;
    cluster.before = {
      match,
      happens: () => rmSync(world.context.folders.state, { recursive: true, force: true }),
    };
    await cluster.upgrade('v0.1.0');
    expect(await world.entryOf('c')).toBeUndefined();
  });
});
