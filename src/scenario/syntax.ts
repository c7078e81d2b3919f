/** What is wrong with a document as YAML, in words that help whoever wrote it. */
import { type Document, isCollection, isScalar, visit, type YAMLError } from 'yaml';
import type { Problem } from '../errors.ts';
import { problemAt } from './mark.ts';
import type { Mark } from './scenario.ts';
import { quote } from './suggest.ts';
import { textOfKey } from './walk.ts';

/**
 * The parser's errors and warnings.
 *
 * @param isSecret whether nothing of the document may be quoted, as the parser does
 * @returns `readable`: whether the content can be looked at in spite of the problems, as with a duplicate key
 */
export function findSyntaxProblems(
  yaml: Document.Parsed,
  markAt: (offset: number) => Mark,
  isSecret: boolean,
): { readonly problems: readonly Problem[]; readonly readable: boolean } {
  const problems: Problem[] = [];
  const linesWithProblem = new Set<number>();
  let readable = true;
  for (const error of [...yaml.errors, ...yaml.warnings]) {
    const mark = markAt(error.pos[0]);
    if (error.code === 'DUPLICATE_KEY') {
      problems.push(duplicateKey(yaml, error.pos[0], markAt));
      continue;
    }
    readable = false;
    // One slip often makes the parser stumble several times on the same line.
    if (linesWithProblem.has(mark.location.line)) continue;
    linesWithProblem.add(mark.location.line);
    problems.push(
      problemAt(mark, isSecret ? 'this is no YAML' : error.message, { hint: hintForSyntax(error) }),
    );
  }
  return { problems, readable };
}

const QUOTE_STAR = 'A "*" begins an alias in YAML: put the value in quotes, such as "*".';

function hintForSyntax(error: YAMLError): string | undefined {
  switch (error.code) {
    case 'BAD_ALIAS':
      return QUOTE_STAR;
    case 'BAD_INDENT':
      return error.message.startsWith('Flow')
        ? 'A bracket before this place is not closed.'
        : 'Check the indentation.';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'Check the indentation of the next line, and put a value that contains ": " in quotes.';
    case 'MISSING_CHAR':
      return 'Something before this place is not closed.';
    case 'TAB_AS_INDENT':
      return 'Indent with spaces.';
    default:
      return undefined;
  }
}

/** What YAML itself accepts and plain data cannot express: keys that are collections, and aliases of nothing. */
export function findUnreadableNodes(
  yaml: Document.Parsed,
  markAt: (offset: number) => Mark,
  isSecret: boolean,
): readonly Problem[] {
  const problems: Problem[] = [];
  visit(yaml, {
    Pair(_, pair) {
      if (!isCollection(pair.key)) return;
      problems.push(
        problemAt(markAt(pair.key.range?.[0] ?? 0), 'a key must be text', {
          hint: 'Put text that begins with { or [ in quotes.',
        }),
      );
    },
    Alias(_, alias) {
      if (alias.resolve(yaml) !== undefined) return;
      const mark = markAt(alias.range?.[0] ?? 0);
      if (isSecret) {
        problems.push(problemAt(mark, 'this is an alias in YAML, of nothing', { hint: QUOTE_STAR }));
        return;
      }
      problems.push(
        /^[:/]/.test(alias.source)
          ? problemAt(mark, `${quote(`*${alias.source}`)} is an alias in YAML, not text`, {
              hint: QUOTE_STAR,
            })
          : problemAt(mark, `no anchor ${quote(`&${alias.source}`)} is set before this alias`, {
              hint: 'Set the anchor earlier in the same document.',
            }),
      );
    },
  });
  return problems;
}

function duplicateKey(yaml: Document.Parsed, offset: number, markAt: (offset: number) => Mark): Problem {
  let found: Problem | undefined;
  visit(yaml, {
    Map(_, map) {
      const second = map.items.find((pair) => isScalar(pair.key) && pair.key.range?.[0] === offset);
      if (second === undefined) return undefined;
      const name = textOfKey(second);
      const first = map.items.find((pair) => textOfKey(pair) === name);
      const firstOffset = first !== undefined && isScalar(first.key) ? first.key.range?.[0] : undefined;
      found = problemAt(markAt(offset), `the key ${quote(name ?? '')} is there twice`, {
        hint: 'Remove one of them, or merge the two.',
        ...(firstOffset === undefined
          ? {}
          : { related: [{ message: 'first here', mark: markAt(firstOffset) }] }),
      });
      return visit.BREAK;
    },
  });
  return found ?? problemAt(markAt(offset), 'a key is there twice');
}
