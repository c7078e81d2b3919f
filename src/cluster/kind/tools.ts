/** The two programs that everything here needs: does Docker answer, and is kind recent enough? */
import { PodreachError } from '../../errors.ts';
import { CommandError, type CommandRunner, lastWords } from '../command-runner.ts';
import { adviseTool } from './stages.ts';

const ANSWER_TIMEOUT_MS = 30_000;
/** From this version on kind's own network plugin enforces policies, and what is said here of the CNI holds. */
const OLDEST_KIND = [0, 24] as const;

export interface DockerInfo {
  readonly cgroupVersion: string;
  /** Such as `linux/amd64`. */
  readonly platform: string;
  /** Where Docker keeps its images, on its own machine. */
  readonly rootFolder: string;
  /** Where the client reaches it, such as `unix:///var/run/docker.sock`; empty where that cannot be told. */
  readonly host: string;
  /** Whether Docker runs on this machine itself, not in a virtual machine or elsewhere. */
  readonly isLocal: boolean;
}

/**
 * Asks Docker for itself.
 * @throws PodreachError `tool-missing`, `cluster-unavailable` where it does not answer
 */
export async function askDocker(
  runner: CommandRunner,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<DockerInfo> {
  const advice =
    'Start Docker, or point DOCKER_HOST to one that runs; `docker info` says whether it answers.';
  const answer = await runner
    .run('docker', ['info', '--format', '{{json .}}'], {
      processMs: ANSWER_TIMEOUT_MS,
      signal,
    })
    .catch((thrown: unknown) => {
      if (!(thrown instanceof CommandError)) throw thrown;
      if (thrown.failure.reason === 'missing') throw toolMissing('docker', thrown);
      // With a format, the client writes what it knows of itself to standard output even without a server.
      const words = lastWords({ stdout: '', stderr: thrown.stderr }) || thrown.message;
      throw new PodreachError('cluster-unavailable', `Docker does not answer: \`docker info\`: ${words}`, {
        hint: advice,
        cause: thrown,
      });
    });
  const info = parseInfo(answer.stdout);
  const serverErrors = info.ServerErrors ?? [];
  if (serverErrors.length > 0 || info.ServerVersion === undefined) {
    const words = serverErrors.join(' | ') || 'it names no server';
    throw new PodreachError('cluster-unavailable', `Docker does not answer: \`docker info\`: ${words}`, {
      hint: advice,
    });
  }
  const host = await hostOf(runner, env, signal);
  return {
    cgroupVersion: info.CgroupVersion ?? '',
    platform: `${info.OSType ?? 'linux'}/${ARCHITECTURES[info.Architecture ?? ''] ?? info.Architecture ?? 'amd64'}`,
    rootFolder: info.DockerRootDir ?? '',
    host,
    isLocal:
      process.platform === 'linux' &&
      (host === '' || host.startsWith('unix://')) &&
      info.OperatingSystem !== 'Docker Desktop',
  };
}

/** By the context that the client works with: DOCKER_CONTEXT, DOCKER_HOST, or what `docker context use` has set. */
async function hostOf(runner: CommandRunner, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string> {
  const options = { processMs: ANSWER_TIMEOUT_MS, signal };
  const format = ['--format', '{{.Endpoints.docker.Host}}'];
  try {
    return (await runner.run('docker', ['context', 'inspect', ...format], options)).stdout.trim();
  } catch (thrown) {
    // Not worth more: an old client, or an imitation, that knows no contexts.
    if (!(thrown instanceof CommandError)) throw thrown;
    return env['DOCKER_HOST'] ?? '';
  }
}

/** As Docker names the machine, and as images name it. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  ppc64le: 'ppc64le',
  s390x: 's390x',
};

/** As much of `docker info` as podreach reads. */
interface Info {
  readonly ServerVersion?: string;
  readonly ServerErrors?: readonly string[];
  readonly CgroupVersion?: string;
  readonly OSType?: string;
  readonly Architecture?: string;
  readonly OperatingSystem?: string;
  readonly DockerRootDir?: string;
}

function parseInfo(text: string): Info {
  try {
    // Docker's own form; every field is read as optional.
    return JSON.parse(text) as Info;
  } catch (thrown) {
    throw new PodreachError('cluster-unavailable', 'Docker does not answer: `docker info` wrote no JSON', {
      hint: 'Check that `docker` is Docker itself: podreach drives kind with Docker, not with Podman or nerdctl.',
      cause: thrown,
    });
  }
}

/**
 * @returns kind's version, such as `0.32.0`
 * @throws PodreachError `tool-missing` where there is none, or one that is too old
 */
export async function askKind(runner: CommandRunner, signal?: AbortSignal): Promise<string> {
  const { stdout } = await runner
    .run('kind', ['version'], { processMs: ANSWER_TIMEOUT_MS, signal })
    .catch((thrown: unknown) => {
      if (thrown instanceof CommandError && thrown.failure.reason === 'missing')
        throw toolMissing('kind', thrown);
      throw thrown;
    });
  const [, version = '', major = '', minor = ''] = /\bv((\d+)\.(\d+)\.\S+)/.exec(stdout) ?? [];
  const oldest = OLDEST_KIND.join('.');
  if (version === '') {
    throw new PodreachError('tool-missing', `\`kind version\` names no version: ${stdout.trim()}`, {
      hint: adviseTool('kind'),
    });
  }
  if (Number(major) < OLDEST_KIND[0] || (Number(major) === 0 && Number(minor) < OLDEST_KIND[1])) {
    throw new PodreachError('tool-missing', `kind ${version} is too old: podreach needs ${oldest} or newer`, {
      hint: adviseTool('kind'),
    });
  }
  return version;
}

function toolMissing(command: string, cause: unknown): PodreachError {
  return new PodreachError('tool-missing', `the program \`${command}\` is not in the PATH`, {
    hint: adviseTool(command),
    cause,
  });
}
