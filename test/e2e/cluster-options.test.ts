/** The options for real clusters, as the API server sees them; the sandbox behind a proxy is the cluster. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { sandboxCluster } from '../../src/cluster/sandbox.ts';
import { RUN_LABEL } from '../../src/probe/manifest.ts';
import { type RunRecord, runRecordSchema } from '../../src/record/schema.ts';
import { type Intervention, throughProxy } from '../support/api-proxy.ts';
import { folderWith, runCli } from '../support/cli.ts';

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: tiny
namespaces: { tiny: { labels: { team: shop } } }
pods: { tiny/a: {}, tiny/b: { ports: [80] } }
reachable:
  - { from: tiny/a, to: "tiny/b:80" }
`;

interface Created {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels: object };
  readonly spec: object;
}

/** Runs `podreach run` on a cluster that is not its own, and notes what it creates there. */
async function runOn(args: readonly string[], intervention: Intervention = {}) {
  using folder = folderWith({ 'tiny.yaml': SCENARIO });
  const created: Created[] = [];
  const cluster = await throughProxy(sandboxCluster({ nodes: 2, enforcement: 'on' }), {
    ...intervention,
    see({ method, path, body }) {
      if (method === 'POST' && /\/(namespaces|pods|secrets)\?/.test(path)) created.push(JSON.parse(body));
    },
  }).start({ clock: systemClock, signal: new AbortController().signal });
  try {
    const kubeconfig = join(folder.path, 'kubeconfig');
    writeFileSync(kubeconfig, cluster.kubeconfig);
    const command = ['run', 'tiny.yaml', '--cluster', 'context', '--kubeconfig', kubeconfig, ...args];
    return { result: await runCli(command, { cwd: folder.path }), created };
  } finally {
    await cluster.stop();
  }
}

/** A Secret that the cluster has, and one that podreach may make. */
const SECRETS: Intervention['answer'] = ({ method, path }) => {
  const metadata = { name: 'mirror', namespace: 'platform' };
  const type = 'kubernetes.io/dockerconfigjson';
  const body = { apiVersion: 'v1', kind: 'Secret', metadata, type, data: { '.dockerconfigjson': 'e30=' } };
  if (path === '/api/v1/namespaces/platform/secrets/mirror') return { status: 200, body };
  return method === 'POST' && path.includes('/secrets?') ? { status: 201, body } : undefined;
};

test.concurrent('what a cluster wants is in every pod and namespace, and in the record', async () => {
  const options = [
    ['--probe-image', 'mirror.example/node:24'],
    ['--node-selector', 'kubernetes.io/os=linux'],
    ['--toleration', 'dedicated=probes:NoSchedule'],
    ['--toleration', '*:NoExecute'],
    ['--image-pull-secret', 'platform/mirror'],
    ['--namespace-label', 'istio-injection=disabled'],
    ['--ready-within', '30s'],
  ].flat();
  const { result, created } = await runOn([...options, '--report', 'json'], { answer: SECRETS });
  expect({ exitCode: result.exitCode, stderr: result.stderr }).toMatchObject({ exitCode: 0 });
  const { run }: RunRecord = runRecordSchema.parse(JSON.parse(result.stdout));
  expect(run.options).toMatchObject({
    readyWithinMs: 30_000,
    probe: {
      image: 'mirror.example/node:24',
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: ['dedicated=probes:NoSchedule', '*:NoExecute'],
      pullSecrets: ['platform/mirror'],
      namespaceLabels: { 'istio-injection': 'disabled' },
    },
  });

  const ofThisRun = { matchLabels: { [RUN_LABEL]: run.id } };
  const apart = {
    podAffinityTerm: {
      topologyKey: 'kubernetes.io/hostname',
      labelSelector: ofThisRun,
      namespaceSelector: ofThisRun,
    },
  };
  const pods = created.filter(({ kind }) => kind === 'Pod');
  expect(pods.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['a', 'b']));
  for (const { spec } of pods) {
    expect(spec).toMatchObject({
      containers: [{ image: 'mirror.example/node:24' }],
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [
        { key: 'dedicated', operator: 'Equal', value: 'probes', effect: 'NoSchedule' },
        { operator: 'Exists', effect: 'NoExecute' },
      ],
      imagePullSecrets: [{ name: 'mirror' }],
      affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [apart] } },
    });
  }
  // The canary's as well as the scenario's: both are to run where the scenario is.
  const namespaces = created.filter(({ kind }) => kind === 'Namespace');
  expect(namespaces.length).toBeGreaterThan(1);
  for (const { metadata } of namespaces) {
    expect(metadata.labels).toMatchObject({ 'istio-injection': 'disabled', [RUN_LABEL]: run.id });
  }
  expect(namespaces.find(({ metadata }) => metadata.name === 'tiny')?.metadata.labels).toMatchObject({
    team: 'shop',
  });
  const copies = created.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.namespace);
  expect(copies.toSorted()).toEqual(namespaces.map(({ metadata }) => metadata.name).toSorted());
});

test.concurrent('without any of them the record names the stock image, and no Secret is touched', async () => {
  const asked: string[] = [];
  const { result } = await runOn(['--verbose'], {
    answer({ path }) {
      if (path.includes('/secrets')) asked.push(path);
      return undefined;
    },
  });
  expect(result.exitCode).toBe(0);
  expect(result.stdout.replaceAll(/\s+/g, ' ')).toContain('probe public.ecr.aws/docker/library/node:');
  expect(asked).toEqual([]);
});

test.concurrent('a cluster that cannot run the image ends with exit code 3, one line of cause and one of advice', async () => {
  const message = 'mirror.example/nod:24: not found';
  const { result } = await runOn(['--probe-image', 'mirror.example/nod:24'], {
    changeAnswer({ path, body }) {
      if (!/^\/api\/v1\/namespaces\/[^/]+\/pods\?labelSelector=/.test(path)) return body;
      const list = JSON.parse(body) as { items: { status: object }[] };
      const containerStatuses = [{ name: 'probe', state: { waiting: { reason: 'ErrImagePull', message } } }];
      for (const item of list.items) item.status = { phase: 'Pending', containerStatuses };
      return JSON.stringify(list);
    },
  });
  expect(result.exitCode).toBe(3);
  const output = result.stdout.replaceAll(/\s+/g, ' ');
  expect(output).toMatch(
    /pod \S+ cannot run( on node \S+)?: ErrImagePull: mirror\.example\/nod:24: not found/,
  );
  expect(output).toContain('Name an image that the nodes can pull with --probe-image');
});

test.concurrent('what has no use where it is given is refused before anything starts', async () => {
  const here = await runCli(['run', '--probe-image', 'node:24', '--toleration', '*']);
  expect(here.exitCode).toBe(2);
  expect(here.stderr).toContain('--probe-image, --toleration are for --cluster context or kind');
  const kind = await runCli(['run', '--cluster', 'kind', '--kubeconfig', 'x']);
  expect(kind.exitCode).toBe(2);
  expect(kind.stderr).toContain('--kubeconfig is for --cluster context');
  const label = await runCli(['run', '--cluster', 'context', '--node-selector', 'pool=-']);
  expect(label.exitCode).toBe(2);
  expect(label.stderr).toContain('"-" cannot be the value of a label');
});

test.concurrent.each([
  [['run', '--cluster', 'context='], '--cluster context= names no context'],
  [['clean', '--cluster', 'context='], '--cluster context= names no context'],
  [['run', '--cluster', 'kind='], '--cluster kind= names no cluster'],
  [['run', '--cluster', 'sandbox=foo'], '--cluster sandbox=foo: a sandbox has no name'],
])('%j is refused: a name is missing, or too many', async (args, words) => {
  const { exitCode, stderr } = await runCli(args);
  expect({ exitCode, isTold: stderr.includes(words) }).toEqual({ exitCode: 2, isTold: true });
});
