/** What is asked of Docker, kind and the machine before anything is made. */
import { expect, test } from 'vitest';
import { CommandError, type CommandRunner } from '../../../src/cluster/command-runner.ts';
import { reachableKubeconfig, readConfig } from '../../../src/cluster/kind/config.ts';
import { foldersOf } from '../../../src/cluster/kind/ledger.ts';
import { type Machine, machineWarnings, readMachine } from '../../../src/cluster/kind/machine.ts';
import { askDocker, askKind } from '../../../src/cluster/kind/tools.ts';
import { folderWith } from '../../support/cli.ts';

/** @param host what `docker context inspect` answers */
function answering(stdout: string, host = 'unix:///var/run/docker.sock'): CommandRunner {
  return { run: async (_, [verb]) => ({ stdout: verb === 'context' ? `${host}\n` : stdout, stderr: '' }) };
}

const missing: CommandRunner = {
  async run(command) {
    throw new CommandError(command, command, { reason: 'missing' }, { stdout: '', stderr: '' });
  },
};

test.each([
  ['kind v0.32.0 go1.26.0 linux/amd64', '0.32.0'],
  ['kind v0.24.0 go1.22.6 darwin/arm64\n', '0.24.0'],
  ['kind v0.33.0-alpha+0e5a2ee go1.26.0 linux/amd64', '0.33.0-alpha+0e5a2ee'],
  ['kind v1.0.0 go1.30.0 linux/amd64', '1.0.0'],
])('%s is recent enough', async (said, version) => {
  expect(await askKind(answering(said))).toBe(version);
});

test('an old kind is refused with what is needed', async () => {
  await expect(askKind(answering('kind v0.23.0 go1.21.10 linux/amd64'))).rejects.toMatchObject({
    code: 'tool-missing',
    message: 'kind 0.23.0 is too old: podreach needs 0.24 or newer',
    hint: expect.stringContaining('https://kind.sigs.k8s.io/'),
  });
});

test('something else of the name kind is refused', async () => {
  await expect(askKind(answering('hello'))).rejects.toMatchObject({
    code: 'tool-missing',
    message: '`kind version` names no version: hello',
  });
});

test('a program that is missing is named, with where to get it', async () => {
  await expect(askKind(missing)).rejects.toMatchObject({
    code: 'tool-missing',
    message: 'the program `kind` is not in the PATH',
    hint: 'Install kind (https://kind.sigs.k8s.io/docs/user/quick-start/#installation), or run on --cluster sandbox, which needs neither Docker nor kind.',
  });
  await expect(askDocker(missing, {})).rejects.toMatchObject({
    code: 'tool-missing',
    message: 'the program `docker` is not in the PATH',
  });
});

test('a client that exits with 0 without a server is no Docker', async () => {
  const info = JSON.stringify({ ServerErrors: ['Cannot connect to the Docker daemon'] });
  await expect(askDocker(answering(info), {})).rejects.toMatchObject({
    code: 'cluster-unavailable',
    message: 'Docker does not answer: `docker info`: Cannot connect to the Docker daemon',
  });
  await expect(askDocker(answering('{}'), {})).rejects.toThrow('it names no server');
  await expect(askDocker(answering('host: podman'), {})).rejects.toMatchObject({
    hint: expect.stringContaining('not with Podman'),
  });
});

test("Docker's platform is named as images name it", async () => {
  const info = {
    ServerVersion: '28.1.0',
    OSType: 'linux',
    Architecture: 'aarch64',
    DockerRootDir: '/var/lib/docker',
  };
  expect(await askDocker(answering(JSON.stringify(info)), {})).toMatchObject({
    platform: 'linux/arm64',
    rootFolder: '/var/lib/docker',
  });
});

test.each([
  ['tcp://docker:2376', 'Debian GNU/Linux 12'],
  ['ssh://me@docker', 'Debian GNU/Linux 12'],
  ['unix:///home/me/.docker/desktop/docker.sock', 'Docker Desktop'],
])('a Docker on another machine says nothing of this one: %s', async (host, system) => {
  const info = JSON.stringify({ ServerVersion: '28.1.0', OperatingSystem: system, CgroupVersion: '2' });
  const docker = await askDocker(answering(info, host), {});
  expect(docker).toMatchObject({ host, isLocal: false });
  expect(machineWarnings(await readMachine(docker), { text: '' })).toEqual([]);
});

test('a Docker client that knows no contexts goes by DOCKER_HOST', async () => {
  const runner: CommandRunner = {
    async run(command, args) {
      if (args[0] === 'info') return { stdout: '{ "ServerVersion": "28.1.0" }', stderr: '' };
      throw new CommandError(command, command, { reason: 'exited', exitCode: 1 }, { stdout: '', stderr: '' });
    },
  };
  const env = { DOCKER_HOST: 'tcp://docker:2376' };
  expect(await askDocker(runner, env)).toMatchObject({ host: 'tcp://docker:2376', isLocal: false });
  expect(await askDocker(runner, {})).toMatchObject({ host: '', isLocal: true });
});

const LARGE: Machine = {
  inotify: { max_user_watches: 524_288, max_user_instances: 512 },
  freeDiskBytes: 20 * 1024 ** 3,
  freeMemoryBytes: 16 * 1024 ** 3,
  processors: 8,
  cgroupVersion: '2',
};

test('a large machine is worth no word', () => {
  expect(machineWarnings(LARGE, { text: '' })).toEqual([]);
});

test('each thing that is too little is told, with what to do', () => {
  expect(
    machineWarnings(
      {
        inotify: { max_user_watches: 8192, max_user_instances: 128 },
        freeDiskBytes: 2.5 * 1024 ** 3,
        freeMemoryBytes: 1024 ** 3,
        processors: 1,
        cgroupVersion: '1',
      },
      { text: '' },
    ),
  ).toEqual([
    'inotify limits are low, which ends in "too many open files" on the nodes; raise them: sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512',
    '2.5 GiB of disk are free where Docker keeps images; 8.0 GiB are advised',
    '1.0 GiB of memory are free; 4.0 GiB are advised',
    'there is one processor; a cluster of three nodes is slow to start on it',
    expect.stringMatching(/^Docker runs on cgroup v1, .*failCgroupV1: false/),
  ]);
});

test('only the limit that is too low is to be raised', () => {
  const inotify = { max_user_watches: 1_000_000, max_user_instances: 128 };
  expect(machineWarnings({ ...LARGE, inotify }, { text: '' })).toEqual([
    expect.stringMatching(/sudo sysctl fs\.inotify\.max_user_instances=512$/),
  ]);
});

test('this machine can be read', async () => {
  const docker = { cgroupVersion: '2', platform: '', rootFolder: '/', host: '', isLocal: true };
  const machine = await readMachine(docker);
  expect(machine.freeDiskBytes).toBeGreaterThan(0);
  expect(machine.freeMemoryBytes).toBeGreaterThan(0);
});

test('the shipped kind config can be used, and has the range of Calico', async () => {
  const { text } = await readConfig();
  expect(text).toContain('podSubnet: 192.168.0.0/16');
});

test.each([
  [
    'is no YAML',
    'kind: [',
    'Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 8',
  ],
  ['is no mapping', '- a', 'it is not a kind Cluster'],
  [
    'leaves the network to kind',
    'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n',
    "without networking.disableDefaultCNI: true kind's own network plugin runs, not Calico",
  ],
])('a kind config that %s is refused', async (_, text, reason) => {
  using folder = folderWith({ 'kind.yaml': text });
  const file = `${folder.path}/kind.yaml`;
  await expect(readConfig(file)).rejects.toMatchObject({
    code: 'cluster-unavailable',
    message: `the kind config ${file} cannot be used: ${reason}`,
    hint: expect.stringContaining('--kind-config'),
  });
});

test.each([
  ['https://0.0.0.0:40001', 'tcp://docker:2376', 'https://docker:40001'],
  ['https://127.0.0.1:40001', 'tcp://docker:2376', 'https://127.0.0.1:40001'],
  ['https://0.0.0.0:40001', 'unix:///run/docker.sock', 'https://0.0.0.0:40001'],
  ['https://0.0.0.0:40001', '', 'https://0.0.0.0:40001'],
  ['https://0.0.0.0:40001', 'ssh://me@docker:2222', 'https://docker:40001'],
])('a server %s on the Docker of %s is called as %s', (server, dockerHost, called) => {
  const kubeconfig = `clusters:\n  - name: kind-c\n    cluster: { server: "${server}" }\nusers: []\n`;
  const changed = reachableKubeconfig(kubeconfig, dockerHost);
  expect(changed).toContain(called);
  expect(changed).toContain('users: []');
});

test.each([
  [{ HOME: '/home/me' }, { state: '/home/me/.local/state/podreach', cache: '/home/me/.cache/podreach' }],
  [
    { HOME: '/home/me', XDG_STATE_HOME: '/state', XDG_CACHE_HOME: 'relative' },
    { state: '/state/podreach', cache: '/home/me/.cache/podreach' },
  ],
])('folders follow the XDG base directories: %o', (env, folders) => {
  expect(foldersOf(env)).toEqual(folders);
});

test('cgroup v1 is no trouble where the kubelet is told to take it', () => {
  const config = `kubeadmConfigPatches:
  - |
    kind: KubeletConfiguration
    failCgroupV1: false
`;
  const old = { ...LARGE, cgroupVersion: '1' };
  expect(machineWarnings(old, { text: config })).toEqual([]);
  expect(machineWarnings(old, { text: config.replace('failCgroupV1', '# failCgroupV1') })).toHaveLength(1);
});
