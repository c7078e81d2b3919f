/** Calico's manifest from where the user wants it: fetched, checked and read before anything on a cluster is changed. */
import { type CalicoManifest, readManifest } from './calico.ts';
import { type DownloadContext, describeSource, loadManifest } from './calico-source.ts';
import { type CalicoSource, DEFAULT_CALICO_VERSION, type Encapsulation } from './choices.ts';
import type { KindWork } from './work.ts';

export const DEFAULT_CALICO: CalicoSource = { type: 'version', version: DEFAULT_CALICO_VERSION };

/**
 * The stage that fetches it.
 * @param encapsulation absent: as the manifest says
 * @throws PodreachError as {@link loadManifest} and {@link readManifest}
 */
export function fetchCalico(
  source: CalicoSource,
  encapsulation: Encapsulation | undefined,
  { context, sequence }: Pick<KindWork, 'context' | 'sequence'>,
): Promise<CalicoManifest> {
  return sequence.perform({
    name: `fetching the manifest of ${describeSource(source)}`,
    async run(progress) {
      const { fetch, clock, signal, folders } = context;
      const text = await loadManifest(source, folders.cache, { fetch, clock, signal, progress });
      return readManifest(text, describeSource(source), encapsulation);
    },
  });
}

/** The images of a Calico, read out of its manifest. @throws PodreachError as {@link loadManifest} */
export async function calicoImages(
  wanted: CalicoSource | undefined,
  cacheFolder: string,
  context: DownloadContext,
): Promise<readonly string[]> {
  const source = wanted ?? DEFAULT_CALICO;
  const text = await loadManifest(source, cacheFolder, context);
  return readManifest(text, describeSource(source)).images;
}
