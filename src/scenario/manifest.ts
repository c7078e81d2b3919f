/** Manifests in YAML files: Kubernetes objects, read as an API server reads them. */
import { Document, isAlias, isNode, visit, type YAMLMap } from 'yaml';
import type { Problem } from '../errors.ts';
import { readAsServer, resolvePlain } from '../policy/api-yaml.ts';
import type { Retyped } from '../policy/model.ts';
import { problemAt } from './mark.ts';
import type { Mark } from './scenario.ts';
import { isMapping, MAX_ALIASES, type SourceDocument } from './source.ts';
import { quote } from './suggest.ts';
import { type DocumentPath, mergedMaps, textOfKey, walk } from './walk.ts';

/** One manifest, from wherever it came. */
export interface Manifest {
  readonly value: unknown;
  /** What is sent to the API server. */
  readonly text: string;
  readonly retyped: readonly Retyped[];
  /** What an API server refuses in it as YAML. */
  readonly problems: readonly Problem[];
  readonly at: (path: DocumentPath) => Mark;
}

/** A manifest that is a document of its own. Its text is the document's, byte for byte. */
export function readManifest(source: SourceDocument): Manifest {
  const { explicit, version } = source.yaml.directives?.yaml ?? {};
  const problems =
    explicit === true && version !== '1.1'
      ? [
          problemAt(source.at([]), `the API server reads YAML 1.1, and refuses YAML ${version}`, {
            hint: 'Leave out the line that begins with "%YAML".',
          }),
        ]
      : [];
  const part = readPart(source, []);
  // A key that is written twice was told when the file was read.
  const doubles = source.problems.length > 0 ? [] : findDoubleKeys(source);
  return { ...part, text: source.text, problems: [...problems, ...doubles] };
}

/** What an object is. */
export interface ObjectHead {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * A manifest within a scenario or a list, written out so that every reader of YAML finds the same in it.
 * @param head of an object that says neither itself
 */
export function readInlineManifest(source: SourceDocument, path: DocumentPath, head?: ObjectHead): Manifest {
  const part = readPart(source, path);
  const saysItself = !isMapping(part.value) || 'apiVersion' in part.value || 'kind' in part.value;
  const value = head === undefined || saysItself ? part.value : { ...head, ...part.value };
  return { ...part, value, text: write(value), problems: [] };
}

function readPart(source: SourceDocument, path: DocumentPath): Pick<Manifest, 'value' | 'retyped' | 'at'> {
  const { node: found } = walk(source.yaml, path);
  const node = isAlias(found) ? (found.resolve(source.yaml) ?? null) : found;
  const retyped = node === null ? [] : readAsServer(node);
  return {
    value: node?.toJS(source.yaml, { maxAliasCount: MAX_ALIASES }),
    retyped: retyped.map(({ offset, ...one }) => ({ ...one, location: source.markAt(offset).location })),
    at: (inner) => source.at([...path, ...inner]),
  };
}

/** Keys of which an API server finds two in one mapping: a merge may not bring in what is there, nor may two spellings be one key. */
function findDoubleKeys({ yaml, markAt }: SourceDocument): readonly Problem[] {
  const problems: Problem[] = [];
  visit(yaml, {
    Map(_, map) {
      const firsts = new Map<string, number>();
      for (const { key, offset } of keysOf(yaml, map)) {
        const first = firsts.get(key);
        if (first === undefined) firsts.set(key, offset);
        else {
          problems.push(
            problemAt(
              markAt(offset),
              `to the API server the key ${quote(key)} is there twice, and it refuses that`,
              {
                hint: 'Take one of them out: a merge may only bring in keys that are not there.',
                related: [{ message: 'first here', mark: markAt(first) }],
              },
            ),
          );
        }
      }
    },
  });
  return problems;
}

function keysOf(yaml: Document, map: YAMLMap): readonly { readonly key: string; readonly offset: number }[] {
  return map.items.flatMap((pair) => {
    const merged = mergedMaps(yaml, pair).flatMap((one) => keysOf(yaml, one));
    const key = textOfKey(pair);
    const offset = isNode(pair.key) ? pair.key.range?.[0] : undefined;
    return merged.length > 0 || key === undefined || key === '<<' || offset === undefined
      ? merged
      : [{ key, offset }];
  });
}

/** Text that some reader would take for something else gets quotes. */
function write(value: unknown): string {
  const document = new Document(value, { compat: 'yaml-1.1', aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value === 'string' && typeof resolvePlain(scalar.value) !== 'string')
        scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 });
}
