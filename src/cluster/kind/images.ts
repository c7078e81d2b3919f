/** Images from the local Docker into the nodes: pulled once at most, and not by every node. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError, type CommandRunner } from '../command-runner.ts';
import { KIND_ENVIRONMENT } from './context.ts';

const PULL_TIMEOUT_MS = 600_000;
const LOAD_TIMEOUT_MS = 600_000;
const INSPECT_TIMEOUT_MS = 30_000;

export interface ImageLoad {
  readonly runner: CommandRunner;
  readonly cluster: string;
  readonly images: readonly string[];
  /** The nodes' platform, such as `linux/amd64`. */
  readonly platform: string;
  readonly signal?: AbortSignal | undefined;
  readonly progress: (text: string) => void;
}

/**
 * Puts images into every node of a cluster; those that the local Docker does not have are pulled first.
 * @throws CommandError
 */
export async function loadImages(options: ImageLoad): Promise<void> {
  const { runner, cluster, images, signal, progress } = options;
  for (const image of images) await provideImage(image, options);
  progress(images.join(', '));
  try {
    await runner.run('kind', ['load', 'docker-image', '--name', cluster, ...images], {
      processMs: LOAD_TIMEOUT_MS,
      signal,
      env: KIND_ENVIRONMENT,
    });
  } catch (thrown) {
    if (!(thrown instanceof CommandError) || thrown.failure.reason !== 'exited') throw thrown;
    progress('kind could not take them from Docker; going by an archive');
    await loadArchive(options);
  }
}

async function provideImage(image: string, { runner, platform, signal, progress }: ImageLoad): Promise<void> {
  try {
    await runner.run('docker', ['image', 'inspect', '--format', '{{.Id}}', image], {
      processMs: INSPECT_TIMEOUT_MS,
      signal,
    });
  } catch (thrown) {
    if (!(thrown instanceof CommandError) || thrown.failure.reason !== 'exited') throw thrown;
    progress(`pulling ${image}`);
    await runner.run('docker', ['pull', '--quiet', '--platform', platform, image], {
      processMs: PULL_TIMEOUT_MS,
      signal,
    });
  }
}

/**
 * Docker's containerd image store names every platform of an image in what it saves, and has the bytes of one only; the nodes
 * refuse that. An archive of one platform is what they take. Docker before version 28 has no such option, and no need for it.
 */
async function loadArchive({ runner, cluster, images, platform, signal }: ImageLoad): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'podreach-images-'));
  const archive = join(folder, 'images.tar');
  const save = (platforms: readonly string[]): Promise<unknown> =>
    runner.run('docker', ['image', 'save', ...platforms, '--output', archive, ...images], {
      processMs: LOAD_TIMEOUT_MS,
      signal,
    });
  try {
    await save(['--platform', platform]).catch((thrown: unknown) => {
      if (!(thrown instanceof CommandError) || !/unknown flag|requires API version/.test(thrown.stderr))
        throw thrown;
      return save([]);
    });
    await runner.run('kind', ['load', 'image-archive', '--name', cluster, archive], {
      processMs: LOAD_TIMEOUT_MS,
      signal,
      env: KIND_ENVIRONMENT,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
