/** YAML files with positions: a file's documents, their content, and the places in them. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { type Document, LineCounter, type Node } from 'yaml';
import type { Problem } from '../errors.ts';
import { messageOf, PodreachError } from '../errors.ts';
import { problemAt, SourceMark } from './mark.ts';
import { parseParts } from './parts.ts';
import type { Mark } from './scenario.ts';
import { type Discretion, holdsSecret } from './secrecy.ts';
import { findSyntaxProblems, findUnreadableNodes } from './syntax.ts';
import { type DocumentPath, walk } from './walk.ts';

/** How often anchors may be used in one document: plenty for a scenario, too little for an expansion bomb. */
export const MAX_ALIASES = 10_000;

/** One document of a YAML file. */
export interface SourceDocument {
  /** The document's text, with the comments before it: all documents of a file together are the file. */
  readonly text: string;
  readonly yaml: Document;
  /** What keeps this document from being read: errors of YAML itself. */
  readonly problems: readonly Problem[];
  /** Whether the content can be looked at in spite of the problems, as with a duplicate key. */
  readonly readable: boolean;
  /** The content as plain data; undefined where it is not readable. */
  readonly value: unknown;
  /** The place of what begins at an offset, in UTF-16 code units. */
  markAt(offset: number): Mark;
  /** The place of the value at a path, or of the nearest thing around it. */
  at(path: DocumentPath): Mark;
  /** The place of the last key of a path, or of the nearest thing around it. */
  keyAt(path: DocumentPath): Mark;
}

/** Whether a value is a mapping, rather than a list, text or nothing. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The path of a file as messages show it: relative where the file is below `cwd`, absolute elsewhere. What is no path stays as it is. */
export function shownPath(path: string, cwd: string): string {
  if (!isAbsolute(path)) return path;
  const shown = relative(cwd, path);
  return shown === '' || shown.startsWith('..') || isAbsolute(shown) ? path : shown;
}

export interface SourceOptions {
  /** That prints the text, where it is no file. */
  readonly command?: string | undefined;
  /** Which documents messages do not quote; absent: those with a Secret in them. */
  readonly isSecret?: Discretion;
}

/**
 * Reads a YAML file. Documents without content are left out.
 *
 * @param path absolute
 * @throws PodreachError `usage` where the file cannot be read
 */
export async function readSource(
  path: string,
  cwd: string,
  options: SourceOptions = {},
): Promise<readonly SourceDocument[]> {
  const file = shownPath(path, cwd);
  let text: string;
  try {
    // A byte-order mark is no part of the first line.
    text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (thrown) {
    throw new PodreachError('usage', `cannot read ${file}: ${messageOf(thrown)}`, { cause: thrown });
  }
  return parseSource(text, () => file, options);
}

/**
 * The documents of a YAML text. Documents without content are left out.
 *
 * @param name what messages call the place of a document, by its text: the file or, of what was rendered, what it was rendered from
 */
export function parseSource(
  text: string,
  name: (document: string) => string,
  { command, isSecret: isSecretText = holdsSecret }: SourceOptions = {},
): readonly SourceDocument[] {
  const lines = new LineCounter();
  const documents = parseParts(text, lines).map(({ yaml, text: own, base }): SourceDocument => {
    const isSecret = isSecretText(own);
    const marked = { file: name(own), text, lines, command, isSecret };
    const markAt = (offset: number): Mark => new SourceMark(base + offset, marked);
    const syntax = findSyntaxProblems(yaml, markAt, isSecret);
    const offsetOf = (node: Node | null | undefined): number => node?.range?.[0] ?? yaml.range[0];
    return {
      text: own,
      yaml,
      ...(syntax.readable
        ? readValue(yaml, syntax.problems, markAt, isSecret)
        : { ...syntax, value: undefined }),
      markAt,
      at: (path) => markAt(offsetOf(walk(yaml, path).node)),
      keyAt(path) {
        const { node, key, complete } = walk(yaml, path);
        return markAt(offsetOf(complete ? (key ?? node) : node));
      },
    };
  });
  return documents.filter(
    ({ value, problems }) => (value !== null && value !== undefined) || problems.length > 0,
  );
}

/**
 * The document as plain data.
 *
 * @throws Error where anchors do not resolve or expand beyond measure
 */
export function toData(yaml: Document): unknown {
  return yaml.toJS({ maxAliasCount: MAX_ALIASES });
}

function readValue(
  yaml: Document.Parsed,
  problems: readonly Problem[],
  markAt: (offset: number) => Mark,
  isSecret: boolean,
): Pick<SourceDocument, 'problems' | 'readable' | 'value'> {
  const unreadable = findUnreadableNodes(yaml, markAt, isSecret);
  if (unreadable.length > 0)
    return { problems: [...problems, ...unreadable], readable: false, value: undefined };
  try {
    return { problems, readable: true, value: toData(yaml) };
  } catch (thrown) {
    const problem = problemAt(markAt(yaml.contents?.range?.[0] ?? 0), messageOf(thrown));
    return { problems: [...problems, problem], readable: false, value: undefined };
  }
}
