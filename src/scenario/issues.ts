/** What the schema has against a document, as problems with places and hints. */
import { z } from 'zod';
import type { Problem } from '../errors.ts';
import { type ActionKind, isActionKind } from '../model/step.ts';
import {
  hintForChoice,
  hintForKey,
  hintForLabels,
  hintForText,
  hintForUnknownKey,
  meantKeys,
} from './hints.ts';
import { problemAt } from './mark.ts';
import type { Mark } from './scenario.ts';
import { CUT_BY_HINT, HEAD_HINT, scenarioSchema } from './schema.ts';
import type { SourceDocument } from './source.ts';
import { quote } from './suggest.ts';
import { type DocumentPath, withoutStep } from './walk.ts';

export type Issue = z.core.$ZodIssue;

/** Everything in a document that the schema does not accept; for a choice of forms, what the nearest form misses. */
export function findIssues(value: unknown, schema: z.ZodType = scenarioSchema): readonly Issue[] {
  const result = schema.safeParse(value, { error: nameKnownKeys });
  if (result.success) return [];
  const issues = result.error.issues.flatMap((issue) => flatten(issue, []));
  const misspelt = new Set(
    issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => JSON.stringify([...issue.path, meantKey(issue, key)]))
        : [],
    ),
  );
  // A key that is there under a misspelt name is not missing as well.
  return issues.filter(
    (issue) => !(valueAt(value, issue.path) === undefined && misspelt.has(JSON.stringify(issue.path))),
  );
}

/** An issue in words, at its place; one for each unknown key. */
export function describeIssue(
  issue: Issue,
  root: unknown,
  source: SourceDocument,
  headHint: string = HEAD_HINT,
): readonly Problem[] {
  const { path } = issue;
  const value = valueAt(root, path);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue);
    return issue.keys.map((key) => {
      const mark = source.keyAt([...path, key]);
      return key === 'cutBy'
        ? misplacedCutBy(path, mark)
        : problemAt(mark, `unknown key ${quote(key)}`, { hint: hintForUnknownKey(key, path, known) });
    });
  }
  if (issue.code === 'invalid_key') {
    const hint = hintForKey(path, root);
    return issue.issues.map((inner) => problemAt(source.keyAt(path), inner.message, { hint }));
  }
  if (value === undefined) {
    const key = String(path.at(-1));
    const hint = hintForMissingKey(path, headHint);
    return [problemAt(source.at(path.slice(0, -1)), `the key ${quote(key)} is missing`, { hint })];
  }
  const { message, hint } = complaintOf(issue, value, root);
  return [problemAt(source.at(path), message, { hint: isCutBy(path) ? CUT_BY_HINT : hint })];
}

/** What names wrongly to what an action of a step is done. */
export interface Misnamed {
  readonly action: ActionKind;
  readonly text: string;
  readonly message: string;
  readonly mark: Mark;
}

/** Whether an issue is about such a name: what it was meant to be is not known before the policies are. */
export function asMisnamed(issue: Issue, root: unknown, source: SourceDocument): Misnamed | undefined {
  const { path } = issue;
  const [action, key, ...inner] = withoutStep(path);
  if (path[0] !== 'steps' || !isActionKind(action) || inner.length > 0) return undefined;
  if (issue.code === 'invalid_key') {
    const message = issue.issues.map((one) => one.message).join('; ');
    return { action, text: String(key), message, mark: source.keyAt(path) };
  }
  const text = valueAt(root, path);
  return issue.code === 'invalid_format' && typeof text === 'string' && action !== 'apply'
    ? { action, text, message: issue.message, mark: source.at(path) }
    : undefined;
}

function hintForMissingKey(path: DocumentPath, headHint: string): string | undefined {
  const key = path.at(-1);
  if (key === 'apiVersion' || key === 'kind') return headHint;
  return key === 'name' && path[0] === 'steps' && path.length === 3
    ? 'Say in a few words what happens, such as "monitoring is let in": reports call the step so.'
    : undefined;
}

/** The key is known elsewhere: that it is unknown here would help nobody. */
function misplacedCutBy(path: DocumentPath, mark: Mark): Problem {
  return problemAt(mark, '"cutBy" is only for rules under "unreachable"', {
    hint:
      withoutStep(path)[0] === 'reachable'
        ? 'Leave it out, or move the rule to "unreachable".'
        : 'Write it beside "from" and "to" of a rule; "otherwise" cannot have it.',
  });
}

/** Whether a path leads to the key of a rule, and not to a label of that name. */
function isCutBy(path: DocumentPath): boolean {
  const [list, , key, ...more] = withoutStep(path);
  return list === 'unreachable' && key === 'cutBy' && more.length === 0;
}

function isBareTime(value: unknown, path: DocumentPath): boolean {
  return typeof value === 'number' && withoutStep(path)[0] === 'within';
}

function valueAt(root: unknown, path: DocumentPath): unknown {
  return path.reduce<unknown>((inner, step) => (isRecord(inner) ? inner[String(step)] : undefined), root);
}

function complaintOf(
  issue: Issue,
  value: unknown,
  root: unknown,
): { readonly message: string; readonly hint?: string | undefined } {
  switch (issue.code) {
    case 'invalid_type':
      return {
        message: `expected ${kindName(issue.expected)}, found ${shown(value)}`,
        ...(isBareTime(value, issue.path)
          ? { hint: `Write it with its unit: "${value}s".` }
          : hintForKind(kindName(issue.expected), value, issue.path)),
      };
    case 'invalid_value':
      return oneOf(value, issue.values);
    case 'invalid_union':
      return oneOf(value, 'options' in issue && Array.isArray(issue.options) ? issue.options : []);
    case 'too_small':
      return {
        message:
          issue.origin === 'array' ? 'this list is empty' : `${shown(value)} is less than ${issue.minimum}`,
      };
    case 'too_big':
      return { message: `${shown(value)} is more than ${issue.maximum}` };
    default:
      return {
        message: issue.message,
        hint: typeof value === 'string' ? hintForText(value, issue.path, root) : undefined,
      };
  }
}

function oneOf(
  value: unknown,
  allowed: readonly unknown[],
): { readonly message: string; readonly hint?: string | undefined } {
  const names = allowed.map(String);
  return {
    message: `expected ${names.map(quote).join(' or ')}, found ${shown(value)}`,
    hint: hintForChoice(value, names),
  };
}

function hintForKind(
  expected: string,
  value: unknown,
  path: DocumentPath,
): { readonly hint?: string | undefined } {
  if (expected === 'a mapping' && isLabels(path)) return { hint: hintForLabels(value) };
  if (path[0] === 'steps' && path[2] === 'label' && path.length === 3)
    return { hint: 'Write labels for each pod and namespace, such as { shop/web: { app: web } }.' };
  if (path[0] === 'manifests' && path[2] === 'set' && path.length === 3)
    return { hint: 'Write values by their paths, such as { image.tag: "2" }.' };
  if (value === null && expected === 'a list')
    return { hint: 'Leave the key out, or write an empty list: []' };
  if (expected === 'a list' && isRecord(value) && !Array.isArray(value))
    return { hint: 'Write it as a list: put "- " before each entry, also where there is only one.' };
  if (typeof value === 'object') return {};
  if (expected === 'text') return { hint: `Put it in quotes: ${quote(String(value))}` };
  if (expected === 'a list') return { hint: `Write it as a list: [${String(value)}]` };
  return {};
}

/** Whether a path leads to the labels of a pod or a namespace. */
function isLabels(path: DocumentPath): boolean {
  const [map, , key, ...inner] = path;
  if ((map === 'pods' || map === 'namespaces') && key === 'labels') return inner.length === 0;
  return path[0] === 'steps' && withoutStep(path)[0] === 'label' && path.length === 4;
}

/** The word for a kind of value, from the schema's own name for it. */
function kindName(expected: string): string {
  return KIND_NAMES[expected] ?? expected;
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function shown(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? quote(value) : String(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** The message of an issue about unknown keys lists the keys that are known there, for the suggestion. */
function nameKnownKeys(issue: z.core.$ZodRawIssue): string | undefined {
  return issue.code === 'unrecognized_keys' && issue.inst instanceof z.ZodObject
    ? Object.keys(issue.inst.shape).join(', ')
    : undefined;
}

/** The keys that are known where an unknown one stands. */
export function knownKeys(issue: Issue): readonly string[] {
  return issue.message.split(', ');
}

/** What an unknown key is read as: the one key that was probably meant by it. */
export function meantKey(issue: Issue, key: string): string | undefined {
  const [meant, ...others] = meantKeys(key, issue.path, knownKeys(issue));
  return others.length === 0 ? meant : undefined;
}

/** The issues behind an issue: for a choice of forms, those of the form that the value comes nearest to. */
function flatten(issue: Issue, base: DocumentPath): readonly Issue[] {
  const path = [...base, ...issue.path];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ ...issue, path }];
  const forms = issue.errors.map((errors) => errors.flatMap((inner) => flatten(inner, path)));
  const [best] = forms
    .filter((form) => !form.some((inner) => isMismatchAt(inner, path.length)))
    .sort((a, b) => strangeness(a) - strangeness(b));
  if (best !== undefined) return best;
  const expected = new Set(
    forms.flat().flatMap((inner) => (inner.code === 'invalid_type' ? kindName(inner.expected) : [])),
  );
  return [{ code: 'invalid_type', expected: [...expected].join(' or '), path, message: '' }];
}

/** Whether the value is of another kind altogether, such as a list where text belongs. */
function isMismatchAt(issue: Issue, depth: number): boolean {
  return issue.code === 'invalid_type' && issue.path.length === depth;
}

/** How far a value is from a form: a key that the form does not have weighs most, less where it is nearly one of its. */
function strangeness(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.code !== 'unrecognized_keys') return sum + 1;
    const known = knownKeys(issue);
    return (
      sum +
      issue.keys.reduce(
        (total, key) => total + (meantKeys(key, issue.path, known).length === 0 ? 2000 : 1000),
        0,
      )
    );
  }, 0);
}
