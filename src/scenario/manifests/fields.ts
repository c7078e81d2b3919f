/** Parts of a manifest, by their paths, and what is wrong with one. */
import type { Problem } from '../../errors.ts';
import { LABEL_KEY, LABEL_VALUE } from '../../labels.ts';
import type { Labels } from '../../model/labels.ts';
import { adviseOnRetyped, explainRetyped, findRetyped } from '../../policy/retyped.ts';
import { problemAt } from '../mark.ts';
import { isMapping } from '../source.ts';
import { quote } from '../suggest.ts';
import type { DocumentPath } from '../walk.ts';
import type { ManifestDocument } from './document.ts';

/** What stands at a path of plain data. */
export function valueAt(root: unknown, path: DocumentPath): unknown {
  return path.reduce<unknown>((inner, step) => {
    if (Array.isArray(inner)) return inner[Number(step)];
    return isMapping(inner) && Object.hasOwn(inner, String(step)) ? inner[String(step)] : undefined;
  }, root);
}

/** A list at a path; none where something else is there. */
export function listAt(root: unknown, path: DocumentPath): readonly unknown[] {
  const value = valueAt(root, path);
  return Array.isArray(value) ? value : [];
}

/** `apps` of `apps/v1`; empty for what has no group, such as `v1`. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

/** A problem at a part of a manifest; where the API server reads something else there than a person, it says so. */
export function problemWithin(
  { at, retyped }: Pick<ManifestDocument, 'at' | 'retyped'>,
  path: DocumentPath,
  message: string,
  hint?: string,
): Problem {
  const mark = at(path);
  const value = findRetyped(retyped, mark.location);
  return value === undefined
    ? problemAt(mark, message, { hint })
    : problemAt(mark, `${message}: ${explainRetyped(value)}`, { hint: adviseOnRetyped(value) });
}

const LABEL_KEY_FORM = new RegExp(`^${LABEL_KEY}$`);
const LABEL_VALUE_FORM = new RegExp(`^${LABEL_VALUE}$`);

/** Labels as the API server takes them. What is wrong with one is told, and the label left out. */
export function readLabels(
  document: ManifestDocument,
  path: DocumentPath,
): { readonly labels: Labels; readonly problems: readonly Problem[] } {
  const written = valueAt(document.value, path) ?? {};
  if (!isMapping(written))
    return { labels: {}, problems: [problemWithin(document, path, 'labels must be a mapping')] };
  const labels: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(written)) {
    const place = [...path, key];
    if (typeof value !== 'string')
      problems.push(
        problemWithin(document, place, `the label ${key} must be text`, 'Put its value in quotes.'),
      );
    else if (!LABEL_KEY_FORM.test(key))
      problems.push(problemWithin(document, place, `${quote(key)} is not a label key`));
    else if (!LABEL_VALUE_FORM.test(value))
      problems.push(problemWithin(document, place, `${quote(value)} is not a label value`));
    else labels[key] = value;
  }
  return { labels, problems };
}
