/**
 * `podreach cluster …` on a machine where something is wrong: one line of cause, one of advice, exit code 3. With the real programs
 * where this machine has them; else, and for what they cannot be brought to here, with programs that write what the real ones do.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { type CliResult, type Folder, folderWith, runCli } from '../../support/cli.ts';
import { writePrograms } from '../../support/programs.ts';
import { MANIFEST_FILE } from './world.ts';

async function isThere(program: string, args: readonly string[]): Promise<boolean> {
  return (await execa(program, args, { reject: false, stdin: 'ignore' })).exitCode === 0;
}
const hasDocker = await isThere('docker', ['--version']);
const hasKind = await isThere('kind', ['version']);

function runCluster(
  folder: Folder,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<CliResult> {
  return runCli(['cluster', ...args], {
    env: { XDG_STATE_HOME: join(folder.path, 'state'), XDG_CACHE_HOME: join(folder.path, 'cache'), ...env },
  });
}

/** The lines that say why it ended. */
function endingOf({ stderr }: CliResult): string[] {
  return stderr.split('\n').filter((line) => /^(error|hint): /.test(line));
}

const KIND =
  'case "$1" in version) echo "kind v0.32.0 go1.26.0 linux/amd64";; *) echo "ERROR: not here" >&2; exit 1;; esac';
const DOCKER_INFO = `case "$1" in
info) echo '{"ServerVersion":"28.0.0","OperatingSystem":"Docker Desktop","CgroupVersion":"2"}';;
ps) exit 0;;
*) exit 1;;
esac`;
const STOPPED =
  'Cannot connect to the Docker daemon at unix:///nowhere/docker.sock. Is the docker daemon running?';
const START_DOCKER =
  'hint: Start Docker, or point DOCKER_HOST to one that runs; `docker info` says whether it answers.';

describe('with the real programs', () => {
  test.skipIf(!hasDocker || !hasKind)('a stopped Docker', async () => {
    using folder = folderWith({});
    const ended = await runCluster(folder, ['create'], { DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    const [cause, advice, ...more] = endingOf(ended);
    expect(ended.exitCode).toBe(3);
    expect(cause).toMatch(
      /^error: Docker does not answer: `docker info`: .*unix:\/\/\/nowhere\/docker\.sock/i,
    );
    expect(advice).toBe(START_DOCKER);
    expect(more).toEqual([]);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test.skipIf(!hasDocker)('a stopped Docker, asked for the status and for a deletion', async () => {
    using folder = folderWith({});
    const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    for (const verb of ['status', 'delete']) {
      const ended = await runCluster(folder, [verb], env);
      expect(ended.exitCode).toBe(3);
      expect(endingOf(ended)).toEqual([
        expect.stringMatching(/^error: .* failed: `docker ps .*` exited with 1: .*unix:\/\/\/nowhere/i),
        expect.stringMatching(/^hint: Check that Docker runs/),
      ]);
    }
  });
});

test('a missing kind', async () => {
  using folder = folderWith({});
  const ended = await runCluster(folder, ['create'], {
    PATH: writePrograms(folder, { docker: DOCKER_INFO }),
  });
  expect(ended.exitCode).toBe(3);
  expect(endingOf(ended)).toEqual([
    'error: the program `kind` is not in the PATH',
    'hint: Install kind (https://kind.sigs.k8s.io/docs/user/quick-start/#installation), or run on --cluster sandbox, which needs neither Docker nor kind.',
  ]);
});

test('a missing Docker', async () => {
  using folder = folderWith({});
  const ended = await runCluster(folder, ['create'], { PATH: writePrograms(folder, { kind: KIND }) });
  expect(ended.exitCode).toBe(3);
  expect(endingOf(ended)).toEqual([
    'error: the program `docker` is not in the PATH',
    'hint: Install docker (https://docs.docker.com/engine/install/), or run on --cluster sandbox, which needs neither Docker nor kind.',
  ]);
});

test('a stopped Docker', async () => {
  using folder = folderWith({});
  const PATH = writePrograms(folder, {
    kind: KIND,
    docker: `echo '{"ServerErrors":[]}'; echo "${STOPPED}" >&2; exit 1`,
  });
  const ended = await runCluster(folder, ['create'], { PATH });
  expect(ended.exitCode).toBe(3);
  expect(endingOf(ended)).toEqual([
    `error: Docker does not answer: \`docker info\`: ${STOPPED}`,
    START_DOCKER,
  ]);
});

test.each([
  [
    'a kind that does not work',
    { kind: 'echo "ERROR: broken" >&2; exit 1', docker: DOCKER_INFO },
    'error: checking Docker, kind and this machine failed: `kind version` exited with 1: ERROR: broken',
    'hint: Check what `kind version` says.',
  ],
  [
    'a Docker that stops meanwhile',
    { kind: KIND, docker: DOCKER_INFO.replace('exit 0', `echo "${STOPPED}" >&2; exit 1`) },
    `error: looking for a cluster "podreach" failed: \`docker ps --all --quiet --no-trunc --filter 'label=io.x-k8s.kind.cluster=podreach'\` exited with 1: ${STOPPED}`,
    'hint: Check that Docker answers: docker ps',
  ],
])('%s', async (_, programs, ...ending) => {
  using folder = folderWith({});
  const ended = await runCluster(folder, ['create'], { PATH: writePrograms(folder, programs) });
  expect([ended.exitCode, ...endingOf(ended)]).toEqual([3, ...ending]);
});

test('a state folder that cannot be written', async () => {
  using folder = folderWith({ file: '' });
  const PATH = writePrograms(folder, { kind: KIND, docker: DOCKER_INFO });
  const state = join(folder.path, 'file');
  const args = ['create', '--calico-manifest', MANIFEST_FILE];
  const ended = await runCluster(folder, args, { PATH, XDG_STATE_HOME: state });
  expect(ended.exitCode).toBe(3);
  expect(ended.stderr).not.toContain('please report this');
  expect(endingOf(ended)).toEqual([
    `error: noting the cluster failed: ENOTDIR: not a directory, mkdir '${state}/podreach/kind/podreach'`,
    `hint: Let podreach write to ${state}/podreach and see that the disk is not full, or name another folder in XDG_STATE_HOME.`,
  ]);
});

test('a name that is taken', async () => {
  using folder = folderWith({});
  const docker = `case "$1" in
info) echo '{"ServerVersion":"28.0.0","OperatingSystem":"Docker Desktop","CgroupVersion":"2"}';;
ps) echo 0123;;
inspect) echo '[{"Id":"0123","Name":"/mine-control-plane","Created":"2026-01-01T00:00:00Z","State":{"Running":true},"Config":{"Labels":{"io.x-k8s.kind.role":"control-plane"}}}]';;
esac`;
  const PATH = writePrograms(folder, { kind: KIND, docker });
  const ending = [
    'error: the name is taken: a kind cluster "mine" exists that podreach did not make',
    'hint: Choose another name, or delete it: kind delete cluster --name mine',
  ];
  const created = await runCluster(folder, ['create', 'mine'], { PATH });
  expect([created.exitCode, ...endingOf(created)]).toEqual([3, ...ending]);
  const deleted = await runCluster(folder, ['delete', 'mine'], { PATH });
  expect([deleted.exitCode, ...endingOf(deleted)]).toEqual([3, ...ending]);
  const status = await runCluster(folder, ['status', 'mine'], { PATH });
  expect(status).toMatchObject({
    exitCode: 3,
    stdout: `kind cluster "mine": not ready (it exists, and podreach did not make it)
  mine-control-plane       running
`,
  });
});

test('a bad manifest', async () => {
  using folder = folderWith({ 'calico.yaml': 'kind: Namespace\napiVersion: v1\nmetadata: { name: x }\n' });
  const PATH = writePrograms(folder, { kind: KIND, docker: DOCKER_INFO });
  const manifest = join(folder.path, 'calico.yaml');
  const ended = await runCluster(folder, ['create', '--calico-manifest', manifest], { PATH });
  expect(ended.exitCode).toBe(3);
  expect(endingOf(ended)).toEqual([
    `error: ${manifest} does not install Calico: it has no DaemonSet calico-node`,
    'hint: Take manifests/calico.yaml of a Calico release, not the one for its operator.',
  ]);
});

test('a kind that fails says so with its own words', async () => {
  using folder = folderWith({});
  const PATH = writePrograms(folder, { kind: KIND, docker: DOCKER_INFO });
  const ended = await runCluster(folder, ['create', '--calico-manifest', MANIFEST_FILE], { PATH });
  expect(ended.exitCode).toBe(3);
  const [cause, advice] = endingOf(ended);
  expect(cause).toMatch(
    /^error: creating the nodes failed: `kind create cluster --name podreach .*` exited with 1: ERROR: not here$/,
  );
  expect(advice).toBe('hint: Run it again with --retain to keep the nodes and their logs.');
});

test.skipIf(!hasKind)('a bad kind config, by the real kind', async () => {
  using folder = folderWith({
    'kind.yaml':
      'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking: { disableDefaultCNI: true, podSubnets: no }\n',
  });
  const { stdout: kind } = await execa('sh', ['-c', 'command -v kind']);
  const PATH = writePrograms(folder, { kind: `exec ${kind} "$@"`, docker: DOCKER_INFO });
  const config = join(folder.path, 'kind.yaml');
  const args = ['create', '--kind-config', config, '--calico-manifest', MANIFEST_FILE];
  const ended = await runCluster(folder, args, { PATH });
  expect(ended.exitCode).toBe(3);
  const [cause, advice] = endingOf(ended);
  expect(cause).toContain('field podSubnets not found in type v1alpha4.Networking');
  expect(advice).toBe(`hint: Correct ${config}: https://kind.sigs.k8s.io/docs/user/configuration/`);
});

test.each([
  ['a name that no cluster can have', ['create', 'My_Cluster'], 'is no name for a kind cluster'],
  ['a Calico without a checksum', ['create', '--calico-version', 'v1.0.0'], 'Choose v3.32.1 or v3.31.7'],
  [
    'two sources of Calico',
    ['create', '--calico-version', '3.32.1', '--calico-manifest', 'x'],
    'cannot be used with',
  ],
  [
    'an encapsulation that there is not',
    ['create', '--calico-encapsulation', 'gre'],
    'Allowed choices are ipip, vxlan, none',
  ],
  ['an unknown verb', ['mend'], "unknown command 'mend'"],
])('%s is wrong usage', async (_, args, said) => {
  using folder = folderWith({});
  const ended = await runCluster(folder, args);
  expect(ended.exitCode).toBe(2);
  expect(ended.stderr).toContain(said);
});
