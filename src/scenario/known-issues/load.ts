/** Files with nothing but known issues, as the command line names them. */
import { resolve } from 'node:path';
import { PodreachError, type Problem } from '../../errors.ts';
import { hintForMissing, kindOf } from '../files.ts';
import { describeIssue, findIssues } from '../issues.ts';
import { problemAt } from '../mark.ts';
import type { Marked, WrittenIssue } from '../scenario.ts';
import { ISSUES_HEAD_HINT, knownIssuesSchema } from '../schema.ts';
import { isMapping, readSource, type SourceDocument, shownPath } from '../source.ts';
import { readKnownIssues } from './read.ts';

/** One document of such a file. */
export interface IssueList {
  /** The scenarios that it is about; absent: every one. */
  readonly scenarios?: readonly Marked<string>[];
  readonly issues: readonly WrittenIssue[];
}

/**
 * Mistakes in the files are collected, not thrown. A document with a mistake in its form gives no list.
 *
 * @throws PodreachError `usage` where a path leads to no file
 */
export async function loadIssueLists(
  paths: readonly string[],
  cwd: string,
): Promise<{ readonly lists: readonly IssueList[]; readonly problems: readonly Problem[] }> {
  const lists: IssueList[] = [];
  const problems: Problem[] = [];
  for (const path of new Set(paths.map((one) => resolve(cwd, one)))) {
    await checkFile(path, cwd);
    const documents = await readSource(path, cwd);
    if (documents.length === 0)
      problems.push({
        message: 'this file is empty',
        location: { file: shownPath(path, cwd), line: 1, column: 1 },
        hint: ISSUES_HEAD_HINT,
      });
    for (const document of documents) {
      problems.push(...document.problems);
      if (!document.readable) continue;
      const read = readList(document);
      problems.push(...read.problems);
      if (read.list !== undefined) lists.push(read.list);
    }
  }
  return { lists, problems };
}

async function checkFile(path: string, cwd: string): Promise<void> {
  const kind = await kindOf(path);
  if (kind === 'file') return;
  const shown = shownPath(path, cwd);
  throw new PodreachError(
    'usage',
    kind === 'folder' ? `--known-issues ${shown} is a folder` : `--known-issues ${shown}: no such file`,
    {
      hint:
        kind === 'folder' ? 'Name its files, each with an option of its own.' : await hintForMissing(path),
    },
  );
}

function readList(source: SourceDocument): {
  readonly list?: IssueList;
  readonly problems: readonly Problem[];
} {
  const { value } = source;
  const kind = isMapping(value) ? value['kind'] : undefined;
  if (typeof kind === 'string' && kind.toLowerCase() === 'scenario')
    return {
      problems: [
        problemAt(source.at(['kind']), `this is a scenario, and no list of known issues`, {
          hint: `${ISSUES_HEAD_HINT} A scenario may list its own under "knownIssues".`,
        }),
      ],
    };
  const issues = findIssues(value, knownIssuesSchema);
  if (issues.length > 0)
    return { problems: issues.flatMap((issue) => describeIssue(issue, value, source, ISSUES_HEAD_HINT)) };
  const { scenarios, ...document } = knownIssuesSchema.parse(value);
  return {
    problems: [],
    list: {
      ...(scenarios === undefined
        ? {}
        : {
            scenarios: scenarios.map((name, index) => ({
              value: name,
              mark: source.at(['scenarios', index]),
            })),
          }),
      issues: readKnownIssues(document, source),
    },
  };
}
