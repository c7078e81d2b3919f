/** From known issues that fit the grammar to the nouns of a scenario, each with its place. */
import type { KnownIssueText } from '../grammar/known-issues.ts';
import { readDestination, readEnd, readEnds } from '../read-rules.ts';
import type { WrittenIssue } from '../scenario.ts';
import type { SourceDocument } from '../source.ts';

/** @param document a scenario, or a list of known issues by itself */
export function readKnownIssues(
  { knownIssues = [] }: { readonly knownIssues?: readonly KnownIssueText[] },
  source: SourceDocument,
): readonly WrittenIssue[] {
  return knownIssues.map(({ from, to, families, is, step, reason, owner, expires, link }, index) => {
    const path = ['knownIssues', index];
    return {
      from: readEnds(from, [...path, 'from'], source, readEnd),
      to: readEnds(to, [...path, 'to'], source, (one) => readDestination(one)),
      ...(families === undefined ? {} : { families }),
      is: { value: is, mark: source.at([...path, 'is']) },
      ...(step === undefined ? {} : { step: { value: step, mark: source.at([...path, 'step']) } }),
      reason: reason.trim(),
      owner: owner.trim(),
      expires,
      ...(link === undefined ? {} : { link }),
      mark: source.at(path),
    };
  });
}
