/** kind's own configuration file: podreach's, or another. kind checks its form; what is checked here is what kind cannot know. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { messageOf, PodreachError } from '../../errors.ts';

/** The one that podreach ships, at the top of its package. */
const SHIPPED = fileURLToPath(new URL('../../../kind-config.yaml', import.meta.url));

export interface KindConfig {
  readonly file: string;
  readonly text: string;
}

const network = z.looseObject({
  networking: z.looseObject({ disableDefaultCNI: z.boolean().optional() }).optional(),
});

/**
 * @param file absent: the one that podreach ships
 * @throws PodreachError `cluster-unavailable` where it cannot be used
 */
export async function readConfig(file: string = SHIPPED): Promise<KindConfig> {
  const bad = (words: string, cause?: unknown): PodreachError =>
    new PodreachError('cluster-unavailable', `the kind config ${file} cannot be used: ${words}`, {
      hint: 'Start from the kind-config.yaml that podreach ships, or leave --kind-config out.',
      cause,
    });
  let text: string;
  let value: unknown;
  try {
    text = await readFile(file, 'utf8');
    value = parse(text);
  } catch (thrown) {
    throw bad((messageOf(thrown).split('\n')[0] ?? '').replace(/:$/, ''), thrown);
  }
  const config = network.safeParse(value);
  if (!config.success) throw bad('it is not a kind Cluster');
  if (config.data.networking?.disableDefaultCNI !== true) {
    throw bad("without networking.disableDefaultCNI: true kind's own network plugin runs, not Calico");
  }
  return { file, text };
}

const kubeconfig = z.looseObject({
  clusters: z.array(z.looseObject({ cluster: z.looseObject({ server: z.string() }) })),
});

/**
 * A kubeconfig whose server can be reached from here. A cluster on another machine's Docker listens on all of its addresses
 * (`apiServerAddress: 0.0.0.0`), which kind writes down as the address to call; the one to call is Docker's.
 *
 * @param dockerHost where the Docker client reaches Docker, such as `ssh://me@docker`
 */
export function reachableKubeconfig(text: string, dockerHost: string): string {
  if (!/^(tcp|ssh):/.test(dockerHost) || !URL.canParse(dockerHost)) return text;
  const parsed = kubeconfig.parse(parse(text));
  for (const { cluster } of parsed.clusters) {
    const server = new URL(cluster.server);
    if (server.hostname !== '0.0.0.0' && server.hostname !== '[::]') continue;
    server.hostname = new URL(dockerHost).hostname;
    cluster.server = server.href.replace(/\/$/, '');
  }
  return stringify(parsed);
}
