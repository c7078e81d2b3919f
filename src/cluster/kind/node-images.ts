/** The images that the nodes themselves are made from. */
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { z } from 'zod';

/** As much of kind's configuration as is read here: kind itself checks its form. */
const configSchema = z.looseObject({
  nodes: z
    .array(z.looseObject({ role: z.string().optional(), image: z.string().optional() }))
    .nullish()
    .catch(undefined),
});

export interface NodeImages {
  readonly images: readonly string[];
  /** What the list lacks, each with what to do. */
  readonly missing: readonly string[];
}

/**
 * @param config kind's configuration
 * @param asked the image that the user asks for in place of all others
 * @param path the folders that kind is looked for in, as in PATH
 */
export async function nodeImages(
  config: unknown,
  asked: string | undefined,
  path: string | undefined,
): Promise<NodeImages> {
  const { nodes } = configSchema.parse(config ?? {});
  const named = (nodes ?? []).flatMap(({ image }) => image ?? []);
  // Without nodes, kind makes one of its own choice.
  const needsDefault =
    nodes === undefined || nodes === null || nodes.length === 0 || named.length < nodes.length;
  const controlPlanes = (nodes ?? []).filter(({ role }) => role === 'control-plane').length;
  const missing =
    controlPlanes > 1
      ? [
          "The image of kind's load balancer, which several control planes need, is not listed: kind chooses it.",
        ]
      : [];
  if (asked !== undefined) return { images: [asked], missing };
  if (!needsDefault) return { images: named, missing };
  const chosen = await defaultNodeImage(path);
  if (chosen !== undefined) return { images: [...named, chosen], missing };
  const note =
    "The nodes' image is not listed: kind chooses it, and there is no kind here that tells. Name one with --node-image, here and for the run.";
  return { images: named, missing: [note, ...missing] };
}

/** The one that the installed kind takes where none is named. No command of kind says it; it is written into the program. */
async function defaultNodeImage(path = ''): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const program = await readFile(join(folder, 'kind'), 'latin1').catch(() => undefined);
    if (program === undefined) continue;
    const found = new Set(program.match(/kindest\/node:v\d+\.\d+\.\d+@sha256:[0-9a-f]{64}/g));
    // The first kind in the PATH is the one that runs.
    return found.size === 1 ? [...found][0] : undefined;
  }
  return undefined;
}
