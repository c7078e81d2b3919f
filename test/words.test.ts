/** One word per idea: in the names of types, and in the glossary. */
import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';

const ROOT = new URL('../', import.meta.url).pathname;

/** Names that are declared twice all the same, and why. */
const SHARED: Readonly<Record<string, string>> = {
  LabelSelector:
    "the API's own name; the sandbox reads selectors by itself, as the second opinion on the oracle",
  LabelSelectorRequirement: 'as LabelSelector',
  ObjectMeta: "the API's own name; the harness reads of it what it needs, the sandbox keeps it",
  PodStatus: 'as ObjectMeta',
  ContainerStatus: 'as ObjectMeta',
};

const DECLARATION =
  /^\s*(?:export )?(?:declare )?(?:abstract )?(?:interface|class|enum|type) ([A-Z]\w*)(?=\s*(?:[<{=]|extends|implements))/gm;

/** The types that a source text declares, local ones too. */
function declaredIn(text: string): string[] {
  return [...text.matchAll(DECLARATION)].map(([, name = '']) => name);
}

/** Files by the type that they declare. */
async function declarations(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for await (const file of glob('src/**/*.ts', { cwd: ROOT }))
    for (const name of declaredIn(await readFile(`${ROOT}${file}`, 'utf8')))
      found.set(name, [...(found.get(name) ?? []), file].toSorted());
  return found;
}

describe('the names of types', () => {
  test('are found, however they are declared', () => {
    const text = `
export interface One {}
interface Two<T> extends One {}
export type Three = 1;
type Four<T> = T;
export class Five implements One {
export abstract class Six {
import { type Seven, Eight } from './x.ts';
export type { Nine } from './x.ts';
/** type Ten is none */
  type Eleven = 1;
`;
    expect(declaredIn(text)).toEqual(['One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Eleven']);
  });

  test('each mean one thing', async () => {
    const found = await declarations();
    expect(found.size).toBeGreaterThan(500);
    const twice = [...found].filter(([, files]) => files.length > 1);
    expect(
      twice.filter(([name]) => !(name in SHARED)).map(([name, files]) => `${name}: ${files.join(', ')}`),
    ).toEqual([]);
    expect(twice.map(([name]) => name).toSorted()).toEqual(Object.keys(SHARED).toSorted());
  });

  test('that are declared twice are one of the harness and one of the sandbox', async () => {
    const found = await declarations();
    for (const name of Object.keys(SHARED)) {
      const isOfSandbox = (found.get(name) ?? []).map((file) => file.startsWith('src/sandbox/'));
      expect(isOfSandbox.toSorted(), name).toEqual([false, true]);
    }
  });
});

describe('the glossary', async () => {
  const page = await readFile(`${ROOT}CONTRIBUTING.md`, 'utf8');
  const rows = page
    .slice(page.indexOf('| word | meaning | where |'))
    .split('\n\n')[0]
    ?.split('\n')
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()));

  test.each(rows ?? [])('%s%s has a meaning and a place', (_, word, meaning, where) => {
    expect(word).not.toBe('');
    expect(meaning).not.toBe('');
    const paths = [...(where ?? '').matchAll(/`(src\/[^`]+)`/g)].map(([, path]) => path);
    expect(paths).not.toEqual([]);
    expect(paths.filter((path) => !existsSync(`${ROOT}${path}`))).toEqual([]);
  });

  test('has each word once', () => {
    const words = (rows ?? []).map(([, word]) => word);
    expect(words.length).toBeGreaterThan(15);
    expect(words).toEqual([...new Set(words)]);
  });
});
