/** `podreach images`: all images that a run needs, one a line, for whoever fills a mirror. */
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { PodreachError } from '../errors.ts';
import { DEFAULT_PROBE_IMAGE } from '../probe/settings.ts';
import {
  givenKindFlags,
  type KindCommandOptions,
  kindImageOptions,
  readKindOptions,
} from './kind-options.ts';
import type { SetExitCode } from './main.ts';
import { parseCluster, refuseMisplaced } from './options.ts';
import { givenProbeFlags, type ProbeCommandOptions, probeImageOption } from './probe-options.ts';

const EXAMPLES = `
Examples:
  podreach images                                    what --cluster context needs
  podreach images --cluster kind                     what a kind cluster with Calico needs, too
  podreach images --cluster kind | xargs -n 1 docker pull
  podreach images --cluster kind --calico-manifest calico.yaml --node-image kindest/node:v1.36.1`;

interface ImagesOptions extends KindCommandOptions, ProbeCommandOptions {
  readonly cluster: string;
  readonly json?: boolean;
}

export function imagesCommand(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('images')
    .description('list all images that a run needs, one a line')
    .option('--cluster <name>', 'for which kind of cluster: sandbox, kind or context', 'context')
    .option('--json', 'print them as a JSON list')
    .addOption(probeImageOption());
  for (const option of kindImageOptions())
    command.addOption(option.helpGroup('A kind cluster, on --cluster kind:'));
  command.addHelpText('after', EXAMPLES).action(async (options: ImagesOptions) => {
    const images = [...new Set(await imagesFor(options))].toSorted();
    if (options.json === true) process.stdout.write(`${JSON.stringify(images, undefined, 2)}\n`);
    else process.stdout.write(images.map((image) => `${image}\n`).join(''));
    setExitCode(0);
  });
}

async function imagesFor(options: ImagesOptions): Promise<readonly string[]> {
  const probe = options.probeImage ?? DEFAULT_PROBE_IMAGE;
  const { kind } = parseCluster(options.cluster);
  switch (kind) {
    case 'sandbox':
      refuseMisplaced(givenKindFlags(options), '--cluster kind');
      refuseMisplaced(givenProbeFlags(options), '--cluster context or kind');
      return [];
    case 'context':
      refuseMisplaced(givenKindFlags(options), '--cluster kind');
      return [probe];
    case 'kind':
      return [probe, ...(await kindImages(options))];
    default:
      throw new PodreachError('usage', `unknown cluster '${options.cluster}'`, {
        hint: 'Choose: sandbox, kind or context.',
      });
  }
}

async function kindImages(options: ImagesOptions): Promise<readonly string[]> {
  const { readConfig } = await import('../cluster/kind/config.ts');
  const { calicoImages } = await import('../cluster/kind/manifest.ts');
  const { foldersOf } = await import('../cluster/kind/ledger.ts');
  const { nodeImages } = await import('../cluster/kind/node-images.ts');
  const { parse } = await import('yaml');
  const wanted = readKindOptions(undefined, options, { probeImage: '', keep: false });
  const config = await readConfig(wanted.configFile);
  const nodes = await nodeImages(parse(config.text), wanted.nodeImage, process.env['PATH']);
  for (const note of nodes.missing) process.stderr.write(`${note}\n`);
  const calico = await calicoImages(wanted.calico, foldersOf(process.env).cache, {
    fetch,
    clock: systemClock,
    progress: (text) => process.stderr.write(`${text}\n`),
  });
  return [...nodes.images, ...calico];
}
