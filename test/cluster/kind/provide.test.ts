/** Making a kind cluster: the order of the actions, what is undone, what is kept, and what is never touched. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { CommandError } from '../../../src/cluster/command-runner.ts';
import { readManifest } from '../../../src/cluster/kind/calico.ts';
import { openLedger } from '../../../src/cluster/kind/ledger.ts';
import { provideKindCluster } from '../../../src/cluster/kind/provide.ts';
import { exitCodeOf, Interruption, PodreachError } from '../../../src/errors.ts';
import { MANIFEST_FILE, manifestText, memoryWorld, optionsWith, READY_ITEMS } from './world.ts';

const PREFLIGHT = [
  'kind version',
  'docker info --format {{json .}}',
  'docker context inspect --format {{.Endpoints.docker.Host}}',
  'docker ps --all --quiet --no-trunc --filter label=io.x-k8s.kind.cluster=c',
];
const CREATE =
  'kind create cluster --name c --config /kind-config.yaml --kubeconfig /state/kind/c/kubeconfig --retain';
const LIST = [
  'docker ps --all --quiet --no-trunc --filter label=io.x-k8s.kind.cluster=c',
  'docker inspect --type container c-control-plane#1 c-worker#1',
];
const EXPORT = 'kind export kubeconfig --name c --kubeconfig /state/kind/c/kubeconfig';
const KUBECTL = 'docker exec c-control-plane kubectl --kubeconfig=/etc/kubernetes/admin.conf';
const APPLY =
  'docker exec --interactive c-control-plane kubectl --kubeconfig=/etc/kubernetes/admin.conf apply --filename=-';
const LOOK = `${KUBECTL} get nodes,daemonsets,deployments,pods --all-namespaces --output=json`;
const LOAD_PROBE = [
  'docker image inspect --format {{.Id}} probe:v1',
  'kind load docker-image --name c probe:v1',
];
const DELETE = 'kind delete cluster --name c --kubeconfig /state/kind/c/kubeconfig';

async function failureOf(promise: Promise<unknown>): Promise<PodreachError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof PodreachError) return thrown;
  throw new Error('it did not fail as expected', { cause: thrown });
}

describe('creating', () => {
  test('does one thing after the other, and notes the cluster as kept', async () => {
    using world = memoryWorld();
    const cluster = await provideKindCluster(optionsWith(), world.context);
    expect(world.commands).toEqual([
      ...PREFLIGHT,
      LIST[0],
      CREATE,
      ...LIST,
      ...LIST,
      EXPORT,
      APPLY,
      ...LOAD_PROBE,
      LOOK,
      LOOK,
      LOOK,
      LOOK,
    ]);
    expect(world.inputs).toEqual([readManifest(manifestText(), MANIFEST_FILE).text]);
    expect(world.told).toEqual([
      'checking Docker, kind and this machine',
      'looking for a cluster "c"',
      `fetching the manifest of ${MANIFEST_FILE}`,
      'creating the nodes',
      'reading the kubeconfig',
      'installing Calico',
      "loading the probe's image",
      "loading the probe's image: probe:v1",
      'waiting for calico-node',
      'waiting for the nodes',
      'waiting for calico-kube-controllers',
      'waiting for CoreDNS',
    ]);
    expect(cluster).toMatchObject({ name: 'c', controlPlane: 'c-control-plane', isNew: true });
    expect(readFileSync(cluster.kubeconfigFile, 'utf8')).toBe(cluster.kubeconfig);
    expect(await world.entryOf('c')).toMatchObject({
      phase: 'ready',
      nodes: ['c-control-plane#1', 'c-worker#1'],
    });
    expect(await world.entryOf('c')).not.toHaveProperty('owner');
  });

  test('notes itself as the owner of a cluster that the run will delete', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith({ keep: false }), world.context);
    expect(await world.entryOf('c')).toMatchObject({
      phase: 'ready',
      owner: { host: hostname(), pid: process.pid },
    });
  });

  test('hands image and config on to kind', async () => {
    using world = memoryWorld();
    const configFile = new URL('../../../kind-config.yaml', import.meta.url).pathname;
    await provideKindCluster(optionsWith({ nodeImage: 'kindest/node:v1.35.5', configFile }), world.context);
    expect(world.commands).toContain(`${CREATE} --image kindest/node:v1.35.5`);
  });

  test("takes the user's kubeconfig out of kind's sight", async () => {
    using world = memoryWorld();
    const seen: unknown[] = [];
    const runner: typeof world.context.runner = {
      run(command, args, options) {
        if (command === 'kind' && /create|export|delete|load/.test(args[0] ?? '')) seen.push(options?.env);
        return world.context.runner.run(command, args, options);
      },
    };
    await provideKindCluster(optionsWith(), { ...world.context, runner });
    expect(seen).toEqual([
      { KUBECONFIG: undefined, KIND_CLUSTER_NAME: undefined, KIND_EXPERIMENTAL_PROVIDER: 'docker' },
      { KUBECONFIG: undefined, KIND_CLUSTER_NAME: undefined, KIND_EXPERIMENTAL_PROVIDER: 'docker' },
      { KUBECONFIG: undefined, KIND_CLUSTER_NAME: undefined, KIND_EXPERIMENTAL_PROVIDER: 'docker' },
    ]);
  });

  test.each(['tcp://docker:2376', 'ssh://me@docker:2222'])(
    'calls the Docker of another machine by its own name: %s',
    async (host) => {
      using world = memoryWorld([], { DOCKER_HOST: host });
      const { kubeconfig } = await provideKindCluster(optionsWith(), world.context);
      expect(kubeconfig).toContain('server: https://docker:6443');
    },
  );

  test('tells what it still waits for, once', async () => {
    const notYet = READY_ITEMS.map((item) =>
      item.kind === 'DaemonSet' ? { ...item, status: { ...item.status, numberReady: 0 } } : item,
    );
    using world = memoryWorld([{ match: / get /, stdout: JSON.stringify({ items: notYet }), times: 3 }]);
    await provideKindCluster(optionsWith(), world.context);
    expect(world.told.filter((line) => line.startsWith('waiting for calico-node'))).toEqual([
      'waiting for calico-node',
      'waiting for calico-node: 0 of 1 ready',
      'waiting for calico-node took 6 s',
    ]);
  });

  test('applies the manifest again while the API server is not there yet', async () => {
    using world = memoryWorld([
      { match: / apply /, fails: 'The connection to the server c:6443 was refused', times: 2 },
    ]);
    await provideKindCluster(optionsWith(), world.context);
    expect(world.commands.filter((line) => line === APPLY)).toHaveLength(3);
  });
});

describe('images', () => {
  const images = [
    'registry.example/calico/cni:v0.0.1',
    'registry.example/calico/node:v0.0.1',
    'registry.example/calico/kube-controllers:v0.0.1',
    'probe:v1',
  ];
  const LOAD = `kind load docker-image --name c ${images.join(' ')}`;
  const isAboutImages = (line: string): boolean => /image|pull/.test(line) && !line.startsWith('kind create');

  test('are loaded from the local Docker, and pulled where it has none', async () => {
    using world = memoryWorld([{ match: /image inspect .* probe:v1/, fails: 'No such image: probe:v1' }]);
    await provideKindCluster(optionsWith({ loadImages: true }), world.context);
    expect(world.commands.filter(isAboutImages)).toEqual([
      ...images.map((image) => `docker image inspect --format {{.Id}} ${image}`),
      'docker pull --quiet --platform linux/amd64 probe:v1',
      LOAD,
    ]);
  });

  test('go by an archive of one platform where kind cannot take them', async () => {
    using world = memoryWorld([
      { match: /load docker-image/, fails: 'ctr: content digest sha256:0: not found' },
    ]);
    await provideKindCluster(optionsWith({ loadImages: true }), world.context);
    const lines = world.commands.filter((line) => /load|save/.test(line));
    const archive = /--output (\S+)/.exec(lines[1] ?? '')?.[1];
    expect(lines).toEqual([
      LOAD,
      `docker image save --platform linux/amd64 --output ${archive} ${images.join(' ')}`,
      `kind load image-archive --name c ${archive}`,
    ]);
    expect(() => readFileSync(archive ?? '')).toThrow('ENOENT');
  });

  test('are saved without a platform by a Docker that knows no platforms', async () => {
    using world = memoryWorld([
      { match: /load docker-image/, fails: 'ctr: content digest sha256:0: not found' },
      { match: /save --platform/, fails: 'unknown flag: --platform' },
    ]);
    await provideKindCluster(optionsWith({ loadImages: true }), world.context);
    expect(world.commands.filter((line) => /save/.test(line)).map((line) => line.split(' ')[3])).toEqual([
      '--platform',
      '--output',
    ]);
  });

  test("without being asked for are the probe's alone, and left to the nodes where it cannot be had", async () => {
    using world = memoryWorld([
      { match: /image inspect/, fails: 'No such image' },
      { match: /docker pull/, fails: 'Error response from daemon: no route to host' },
    ]);
    await provideKindCluster(optionsWith(), world.context);
    expect(world.commands.filter(isAboutImages)).toEqual([
      'docker image inspect --format {{.Id}} probe:v1',
      'docker pull --quiet --platform linux/amd64 probe:v1',
    ]);
    expect(world.told).toContain(
      "warning: loading the probe's image failed: `docker pull --quiet --platform linux/amd64 probe:v1` exited with 1: Error response from daemon: no route to host; the nodes will pull it themselves",
    );
  });

  test('that cannot be had end it, with the nodes deleted', async () => {
    using world = memoryWorld([
      { match: /image inspect/, fails: 'No such image' },
      { match: /docker pull/, fails: 'Error response from daemon: no route to host' },
    ]);
    const { message, hint } = await failureOf(
      provideKindCluster(optionsWith({ loadImages: true }), world.context),
    );
    expect(message).toBe(
      'loading images failed: `docker pull --quiet --platform linux/amd64 registry.example/calico/cni:v0.0.1` exited with 1: Error response from daemon: no route to host',
    );
    expect(hint).toContain('--load-images');
    expect(world.containers()).toEqual([]);
  });
});

describe('a failure', () => {
  test.each([
    ['kind create', /^kind create/, 'creating the nodes'],
    ['the kubeconfig', /^kind export kubeconfig/, 'reading the kubeconfig'],
    ['the manifest', / apply /, 'installing Calico'],
  ])('of %s deletes the nodes again and forgets the cluster', async (_, match, stage) => {
    using world = memoryWorld([{ match, fails: 'ERROR: it does not work' }]);
    const { code, message, hint } = await failureOf(provideKindCluster(optionsWith(), world.context));
    expect(code).toBe('cluster-unavailable');
    expect(message).toMatch(new RegExp(`^${stage} failed: \`.*\` exited with 1: ERROR: it does not work$`));
    expect(hint).toBeDefined();
    expect(world.commands).toContain(DELETE);
    expect(world.containers()).toEqual([]);
    expect(await world.entryOf('c')).toBeUndefined();
  });

  test('of a wait says after which time what is missing', async () => {
    const [node, daemonSet, ...others] = READY_ITEMS;
    const pod = {
      kind: 'Pod',
      metadata: { name: 'calico-node-x7', namespace: 'kube-system' },
      spec: { nodeName: 'c-worker' },
      status: {
        phase: 'Pending',
        initContainerStatuses: [
          {
            name: 'install-cni',
            state: { waiting: { reason: 'ErrImagePull', message: 'no route\n to host' } },
          },
        ],
        containerStatuses: [{ name: 'calico-node', state: { waiting: { reason: 'PodInitializing' } } }],
      },
    };
    const items = [node, { ...daemonSet, status: { ...daemonSet?.status, numberReady: 0 } }, ...others, pod];
    const logged = {
      match: / logs calico-node-x7 --tail=1 --namespace kube-system/,
      stdout: 'it waits for its data store\n',
    };
    const warned = {
      match: / get events --field-selector=type=Warning,involvedObject.name=calico-node-x7 /,
      stdout: 'Failed to\n pull image',
    };
    using world = memoryWorld([warned, logged, { match: / get /, stdout: JSON.stringify({ items }) }]);
    const { message, hint } = await failureOf(provideKindCluster(optionsWith(), world.context));
    expect(message).toBe(
      'waiting for calico-node failed: after 300 s: 0 of 1 ready; calico-node-x7 on c-worker: ErrImagePull: no route to host; ' +
        'the newest warning about calico-node-x7: Failed to pull image; the last line of its log: it waits for its data store',
    );
    expect(hint).toContain('--load-images');
    expect(world.containers()).toEqual([]);
  });

  test('with --retain keeps the nodes, collects their logs and says where', async () => {
    using world = memoryWorld([{ match: / apply /, fails: 'error: it does not work' }]);
    const { hint } = await failureOf(provideKindCluster(optionsWith({ retain: true }), world.context));
    const logs = '/state/kind-logs/c-2026-01-01T00-00-00-000Z';
    expect(world.containers()).toEqual(['c-control-plane', 'c-worker']);
    expect(world.commands.at(-1)).toBe(`kind export logs ${logs} --name c`);
    expect(world.told.at(-1)).toBe(
      `warning: the nodes are kept, and their logs are in ${logs}; when you have seen enough: podreach cluster delete c`,
    );
    expect(hint).toContain(MANIFEST_FILE);
    expect(await world.entryOf('c')).toMatchObject({ phase: 'retained' });

    const again = await failureOf(provideKindCluster(optionsWith(), world.context));
    expect(again.message).toContain(`"c" has failed and its nodes are kept, with their logs in `);
    expect(again.hint).toBe('When you have seen enough: podreach cluster delete c');
    expect(world.containers()).toEqual(['c-control-plane', 'c-worker']);
  });

  test('with --retain before there are nodes has no logs to look at', async () => {
    using world = memoryWorld();
    const runner: typeof world.context.runner = {
      run(command, args, options) {
        if (args[0] !== 'create') return world.context.runner.run(command, args, options);
        const ending = { reason: 'exited', exitCode: 1 } as const;
        throw new CommandError('kind', 'kind create', ending, { stdout: '', stderr: 'ERROR: no' });
      },
    };
    const { hint } = await failureOf(
      provideKindCluster(optionsWith({ retain: true }), { ...world.context, runner }),
    );
    expect(hint).toBe('kind made no nodes, so there are no logs: correct what it says, and try again.');
    expect(world.commands.filter((line) => /logs/.test(line))).toEqual([]);
    expect(await world.entryOf('c')).toBeUndefined();
  });

  test('that cannot be undone says so beside its own error', async () => {
    using world = memoryWorld([
      { match: / apply /, fails: 'error: it does not work' },
      { match: /^kind delete/, fails: 'ERROR: Docker is gone' },
    ]);
    const { message } = await failureOf(provideKindCluster(optionsWith(), world.context));
    expect(message).toContain('installing Calico failed');
    expect(world.told.at(-1)).toMatch(/^warning: deleting the nodes again failed: .*Docker is gone$/);
    expect(await world.entryOf('c')).toBeDefined();
  });

  test('before anything was made runs nothing but questions', async () => {
    using world = memoryWorld([{ match: /^docker info/, fails: 'Cannot connect to the Docker daemon' }]);
    const { message } = await failureOf(provideKindCluster(optionsWith(), world.context));
    expect(message).toBe('Docker does not answer: `docker info`: Cannot connect to the Docker daemon');
    expect(world.commands).toEqual(PREFLIGHT.slice(0, 2));
  });

  test('of the checksum comes before the nodes', async () => {
    using world = memoryWorld();
    const page = '<html>log in first</html>';
    const { code, message, hint } = await failureOf(
      provideKindCluster(optionsWith({ calico: { type: 'version', version: 'v3.32.1' } }), {
        ...world.context,
        fetch: async () => new Response(page),
      }),
    );
    const found = createHash('sha256').update(page).digest('hex');
    expect(exitCodeOf(code)).toBe(3);
    expect(message).toBe(
      `https://raw.githubusercontent.com/projectcalico/calico/v3.32.1/manifests/calico.yaml has the wrong checksum: SHA-256 ${found}, expected a1df919d9721cf667accdc3e72848911b0cb25cfab7d2478ad0c996302c95744`,
    );
    expect(hint).toContain('--calico-manifest');
    expect(world.commands).toEqual(PREFLIGHT);
    expect(await world.entryOf('c')).toBeUndefined();
  });
});

test('an interruption deletes what was made, whatever --retain says', async () => {
  using world = memoryWorld([{ match: / apply /, stdout: '' }]);
  const runner: typeof world.context.runner = {
    run(command, args, options) {
      if (args.includes('apply')) world.abort(new Interruption('SIGTERM'));
      return world.context.runner.run(command, args, options);
    },
  };
  const thrown = await failureOf(
    provideKindCluster(optionsWith({ retain: true }), { ...world.context, runner }),
  );
  expect(thrown).toBeInstanceOf(Interruption);
  expect(world.containers()).toEqual([]);
  expect(await world.entryOf('c')).toBeUndefined();
});

describe('a cluster of that name', () => {
  test('that is kept is used again, after a look at its readiness', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    world.commands.length = 0;
    const cluster = await provideKindCluster(
      { name: 'c', probeImage: 'probe:v1', keep: false },
      world.context,
    );
    expect(cluster.isNew).toBe(false);
    expect(world.commands).toEqual([
      ...PREFLIGHT,
      LIST[1],
      ...LIST,
      EXPORT,
      ...LOAD_PROBE,
      LOOK,
      LOOK,
      LOOK,
      LOOK,
    ]);
  });

  test.each([
    ['node image', { nodeImage: 'kindest/node:v1.34.8' }, '(its default, not kindest/node:v1.34.8)'],
    [
      'Calico',
      { calico: { type: 'version' as const, version: 'v3.31.7' } },
      `(${MANIFEST_FILE}, not v3.31.7)`,
    ],
    ['encapsulation', { encapsulation: 'none' as const }, '(its default, not none)'],
  ])('that is kept is refused where another %s is asked for', async (what, wanted, which) => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    const { message, hint } = await failureOf(
      provideKindCluster({ name: 'c', probeImage: 'probe:v1', keep: false, ...wanted }, world.context),
    );
    expect(message).toBe(
      `the name is taken: the kept kind cluster "c" was made with another ${what} than is asked for ${which}`,
    );
    expect(hint).toContain('podreach cluster delete c');
    expect(world.containers()).toHaveLength(2);
  });

  test('that is kept and stopped is not started behind its owner', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    world.stopNode('c-worker');
    const { message, hint } = await failureOf(provideKindCluster(optionsWith(), world.context));
    expect(message).toBe('the kept kind cluster "c" has stopped nodes: c-worker');
    expect(hint).toContain('docker start c-worker');
  });

  test('that somebody else made is never touched', async () => {
    using world = memoryWorld();
    world.addNodes('c');
    const { code, message, hint } = await failureOf(provideKindCluster(optionsWith(), world.context));
    expect(code).toBe('cluster-unavailable');
    expect(message).toBe('the name is taken: a kind cluster "c" exists that podreach did not make');
    expect(hint).toBe('Choose another name, or delete it: kind delete cluster --name c');
    expect(world.commands).toEqual([...PREFLIGHT, LIST[1]]);
  });

  test("that took the place of podreach's own is somebody else's", async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith(), world.context);
    await world.context.runner.run('kind', ['delete', 'cluster', '--name', 'c']);
    world.addNodes('c');
    const { message } = await failureOf(provideKindCluster(optionsWith(), world.context));
    expect(message).toContain('podreach did not make');
  });

  test('that a running podreach owns is in use', async () => {
    using world = memoryWorld();
    await provideKindCluster(optionsWith({ keep: false }), world.context);
    const { message, hint } = await failureOf(provideKindCluster(optionsWith(), world.context));
    expect(message).toContain(`(process ${process.pid} on ${hostname()})`);
    expect(hint).toBe('Wait for that run, or choose another name.');
  });

  test.each(['creating', 'ready'] as const)(
    'that a killed podreach left behind while %s is deleted first',
    async (phase) => {
      using world = memoryWorld();
      world.addNodes('c');
      await openLedger(world.context.folders, 'c').claim({
        schemaVersion: 1,
        phase,
        startedAt: world.context.clock.date().toISOString(),
        // Above the largest process id that Linux gives.
        owner: { host: hostname(), pid: 2 ** 22 + 1 },
        nodes: ['c-control-plane#1', 'c-worker#1'],
        recipe: { config: '', calico: '' },
      });
      const { isNew } = await provideKindCluster(optionsWith(), world.context);
      expect(isNew).toBe(true);
      expect(world.commands.indexOf(DELETE)).toBeGreaterThan(-1);
      expect(world.commands.indexOf(DELETE)).toBeLessThan(world.commands.indexOf(CREATE));
      expect(await world.entryOf('c')).toMatchObject({ nodes: ['c-control-plane#2', 'c-worker#2'] });
    },
  );
});
