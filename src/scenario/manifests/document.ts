/** One Kubernetes object as it was found, and where. */
import type { Location } from '../../errors.ts';
import type { Manifest } from '../manifest.ts';

/** Where manifests come from. */
export type ManifestOrigin =
  | {
      /** As messages show it. */
      readonly file: string;
    }
  | {
      /** Positions are those in what was printed. `input` is what came in at the standard input. */
      readonly rendered: 'kustomize' | 'helm' | 'input';
      /** The folder or chart, as messages show it. */
      readonly of: string;
      /** The template that helm names above the object (`# Source:`). */
      readonly template?: string;
    };

/** An object of a YAML document, or an item of a list in one. */
export interface ManifestDocument extends Manifest {
  readonly origin: ManifestOrigin;
  readonly location: Location;
}
