/** One Kubernetes object as it was found, and where. */
import type { Problem } from '../../errors.ts';
import { type Manifest, type ObjectHead, readInlineManifest, readManifest } from '../manifest.ts';
import { problemAt } from '../mark.ts';
import { isMapping, type SourceDocument } from '../source.ts';
import type { DocumentPath } from '../walk.ts';

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
      /** The file that the object was made from, as the tool names it. */
      readonly template?: string;
    };

/** An object of a YAML document, or an item of a list in one. */
export interface ManifestDocument extends Manifest {
  readonly value: Readonly<Record<string, unknown>>;
  readonly apiVersion: string;
  readonly kind: string;
  readonly origin: ManifestOrigin;
}

/** What messages call the place that manifests come from, before the line. */
export function nameOrigin(origin: ManifestOrigin): string {
  if ('file' in origin) return origin.file;
  const { rendered, of, template } = origin;
  const command = { kustomize: `kustomize build ${of}`, helm: `helm template ${of}`, input: of }[rendered];
  return template === undefined ? command : `${command} (${template})`;
}

/**
 * The file that an object was made from: the template that helm names above it or, where the kustomization asks for it
 * (`buildMetadata: [originAnnotations]`), the one that kustomize notes in it.
 */
export function templateOf(text: string): string | undefined {
  return (TEMPLATE.exec(text) ?? ORIGIN.exec(text))?.[1];
}

const TEMPLATE = /^# Source: (\S.*?)\s*$/m;
const ORIGIN = /^ +config\.kubernetes\.io\/origin: \|\n(?: {4,}\w+: .*\n)*? {4,}path: (\S.*?)\s*$/m;

/** Files that say how others are rendered. They need not say what they are. */
export const KUSTOMIZATION_FILES: ReadonlySet<string> = new Set([
  'kustomization.yaml',
  'kustomization.yml',
  'Kustomization',
]);
const KUSTOMIZATION = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };

/** The objects of a YAML document: the one that it is or, of a list, its items. */
export function readObjects(
  source: SourceDocument,
  origin: ManifestOrigin,
): { readonly documents: readonly ManifestDocument[]; readonly problems: readonly Problem[] } {
  const documents: ManifestDocument[] = [];
  const problems: Problem[] = [...source.problems];
  const read = (path: DocumentPath, value: unknown, head?: ObjectHead): void => {
    if (isList(value)) {
      const own = headOfItems(value);
      for (const [index, item] of (value.items ?? []).entries()) read([...path, 'items', index], item, own);
      return;
    }
    const manifest = path.length === 0 ? readManifest(source) : readInlineManifest(source, path, head);
    const object = asObject(manifest, origin);
    if ('message' in object) problems.push(object);
    else documents.push(object);
  };
  if (source.readable) read([], source.value);
  else if (/\{\{.*\}\}/.test(source.text)) return { documents: [], problems: [unrendered(source)] };
  return { documents, problems };
}

function unrendered({ at }: SourceDocument): Problem {
  return problemAt(at([]), 'this is a template and no manifest: it has {{ }} in it', {
    hint: 'Have its chart rendered: under "manifests", write { helm: …, release: …, namespace: … }.',
  });
}

interface ManifestList {
  readonly apiVersion?: unknown;
  readonly kind: string;
  /** As the API server writes none: null. */
  readonly items: readonly unknown[] | null;
}

/** `List`, as `kubectl get --output yaml` prints it, or the list of one kind, as the API server does. */
function isList(value: unknown): value is ManifestList {
  return (
    isMapping(value) &&
    typeof value['kind'] === 'string' &&
    value['kind'].endsWith('List') &&
    (value['items'] === null || Array.isArray(value['items']))
  );
}

/** What the items of a list need not say, because the list does. */
function headOfItems({ apiVersion, kind }: ManifestList): ObjectHead | undefined {
  return kind === 'List' || typeof apiVersion !== 'string'
    ? undefined
    : { apiVersion, kind: kind.slice(0, -'List'.length) };
}

/** What a manifest is, or that it is no object. */
export function asObject(manifest: Manifest, origin: ManifestOrigin): ManifestDocument | Problem {
  const { value, at } = manifest;
  const hint = 'Leave the file out where it is something else, such as the values of a chart.';
  if (!isMapping(value))
    return problemAt(at([]), 'this is no Kubernetes object: an object is a mapping', { hint });
  const { apiVersion, kind } = value;
  if (typeof apiVersion === 'string' && typeof kind === 'string')
    return { ...manifest, value, apiVersion, kind, origin };
  if (apiVersion === undefined && kind === undefined) {
    return 'file' in origin && KUSTOMIZATION_FILES.has(origin.file.replace(/^.*[/\\]/, ''))
      ? { ...manifest, value, ...KUSTOMIZATION, origin }
      : problemAt(at([]), 'this is no Kubernetes object: it has neither apiVersion nor kind', { hint });
  }
  const [key, other] = typeof kind === 'string' ? ['apiVersion', kind] : ['kind', String(apiVersion)];
  return problemAt(at([key]), `this object (${other}) has no ${key}, as text`, {
    hint: `Write ${key}: without it, no API server takes the object.`,
  });
}
