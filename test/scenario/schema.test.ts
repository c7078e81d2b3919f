import { execFile } from 'node:child_process';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { createProject, scenarioWith } from './project.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

async function readSchema(name: string): Promise<object> {
  return JSON.parse(await readFile(join(root, 'schema', name), 'utf8'));
}

// The pattern beside each format says the same and more.
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, formats: { date: true, 'date-time': true } });
// What only editors read.
ajv.addVocabulary(['patternErrorMessage', 'defaultSnippets']);
const shipped = (await readdir(join(root, 'scenarios'), { recursive: true })).filter(
  (name) => name.endsWith('.yaml') && !/(^|\/)(policies|deploy)\//.test(name),
);
const validate = ajv.compile(await readSchema('scenario.schema.json'));

describe('the published schemas', () => {
  test('are current', async () => {
    const script = join(root, 'scripts/schemas.ts');
    await expect(promisify(execFile)(process.execPath, [script, '--check'])).resolves.toMatchObject({
      stderr: '',
    });
  });

  test('are told apart from ones that are not', async () => {
    await using project = await createProject({});
    for (const part of ['src', 'scripts', 'schema', 'package.json']) {
      await cp(join(root, part), join(project.folder, part), { recursive: true });
    }
    await cp(join(root, 'node_modules/zod'), join(project.folder, 'node_modules/zod'), { recursive: true });
    await writeFile(join(project.folder, 'schema/scenario.schema.json'), '{}\n');
    const check = promisify(execFile)(process.execPath, [
      join(project.folder, 'scripts/schemas.ts'),
      '--check',
    ]);
    await expect(check).rejects.toMatchObject({
      code: 1,
      stderr: 'schema/scenario.schema.json is not current. Run: npm run schemas\n',
    });
  });

  test('are valid JSON Schemas', async () => {
    expect(ajv.validateSchema(await readSchema('scenario.schema.json'))).toBe(true);
    expect(ajv.validateSchema(await readSchema('topology.schema.json'))).toBe(true);
    expect(ajv.validateSchema(await readSchema('run-record.schema.json'))).toBe(true);
  });
});

describe('the schema of scenarios', () => {
  test.each(shipped)('accepts scenarios/%s', async (name) => {
    for (const document of parseAllDocuments(await readFile(join(root, 'scenarios', name), 'utf8'))) {
      expect(validate(document.toJS()), JSON.stringify(validate.errors)).toBe(true);
    }
  });

  test.each([
    'reachable: [{ from: [shop/web, "*"], to: ["shop/*:80", "*:53/UDP", "shop/api:metrics", { podSelector: {}, ports: [1, 2/UDP, x] }] }]',
    'reachable: [{ from: { namespaceSelector: {} }, to: "*", except: [shop/web, { to: shop/db }, { from: shop/*, to: shop/api }] }]',
    'unreachable: [{ from: shop/web, to: shop/db, cutBy: others, because: the firewall }]',
    'unreachable: [{ from: shop/web, to: shop/db, held: kept }, { from: shop/web, to: shop/api, held: cut }, { from: shop/api, to: shop/db, held: either }]',
    'otherwise: reachable\nreviewBy: 2028-02-29\ntags: []\npolicies: [a.yaml, { apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: x }, any: thing }]',
    'reachable: [{ from: { podSelector: { matchExpressions: [{ key: a.b/c, operator: Exists }] } }, to: shop/web }]',
    'otherwise: reachable\nsteps: [{ name: opened, description: why, apply: [a.yaml], delete: [networkpolicy/shop/a.b], label: { shop/web: { a: b, c: null }, namespace/ops: {} }, create: [shop/x, namespace/y], remove: [shop/x], replace: [shop/web], reachable: [{ from: shop/web, to: shop/db }], otherwise: unreachable, within: 1.5s }]',
    'otherwise: reachable\nsteps: []',
    'otherwise: reachable\nmanifests: [a.yaml, "d/**", { path: d }, { path: d, namespace: shop }, { kustomize: k, namespace: shop }, { helm: c, release: shop.a, namespace: shop, values: [v.yaml], set: { a.b: [1] } }]',
    'otherwise: reachable\npolicies: [{ path: "d/*.yaml", namespace: shop }]',
    'otherwise: reachable\naccept: [{ lint: workload-without-policy, pod: shop/web, because: x }, { lint: service-selects-none, service: shop/web, because: x }]',
  ])('accepts what podreach reads: %s', (lines) => {
    expect(validate(parse(scenarioWith(`${lines}\n`))), JSON.stringify(validate.errors)).toBe(true);
  });

  test.each([
    'manifests: [{ path: d, release: x }]',
    'manifests: [{ helm: c, release: shop }]',
    'manifests: [{ helm: c, release: Shop, namespace: shop }]',
    'manifests: { path: d }',
    'policies: [{ path: d, other: 1 }]',
    'unknown: 1',
    'reachable: [{ from: shop/web }]',
    'reachable: [{ from: shop-web, to: shop/api }]',
    'reachable: [{ from: shop/web, to: "shop/api:70000" }]',
    'reachable: [{ from: {}, to: "shop/api" }]',
    'reachable: [{ from: shop/web, to: shop/api, except: {} }]',
    'unreachable: [{ from: shop/web, to: shop/db, cutBy: others }]',
    'unreachable: [{ from: shop/web, to: shop/db, cutBy: policies, because: they do }]',
    'reachable: [{ from: shop/web, to: shop/db, cutBy: others, because: the firewall }]',
    'unreachable: [{ from: shop/web, to: shop/db, held: true }]',
    'unreachable: [{ from: shop/web, to: shop/db, held: cut, cutBy: others, because: the firewall }]',
    'reachable: [{ from: shop/web, to: shop/db, held: kept }]',
    'reviewBy: 2027-02-29',
    'otherwise: always',
    'steps: [{ delete: [networkpolicy/shop/a] }]',
    'steps: [{ name: "2" }]',
    'steps: [{ name: x, delete: [shop/a] }]',
    'steps: [{ name: x, label: { shop/web: { a: 1 } } }]',
    'steps: [{ name: x, create: [shop] }]',
    'steps: [{ name: x, replace: [namespace/shop] }]',
    'steps: [{ name: x, within: 5 }]',
    'steps: [{ name: x, within: 0s }]',
    'steps: [{ name: x, cutBy: others }]',
  ])('refuses what podreach refuses: %s', (lines) => {
    expect(validate(parse(scenarioWith(`${lines}\n`)))).toBe(false);
  });

  test('describes every key, and its examples are valid', async () => {
    const schema = await readSchema('scenario.schema.json');
    const undescribed: string[] = [];
    const wrong: string[] = [];
    walk(schema, '#', (part, path) => {
      if ('properties' in part && typeof part.properties === 'object') {
        for (const [key, value] of Object.entries(part.properties ?? {})) {
          if (!('description' in value)) undescribed.push(`${path}/${key}`);
        }
      }
      if ('examples' in part && Array.isArray(part.examples)) {
        const check = ajv.compile({
          ...part,
          $id: undefined,
          definitions: Reflect.get(schema, 'definitions'),
        });
        wrong.push(
          ...part.examples
            .filter((example) => !check(example))
            .map((example) => `${path} ${JSON.stringify(example)}`),
        );
      }
    });
    expect(undescribed).toEqual([]);
    expect(wrong).toEqual([]);
  });

  test('has words for editors in place of patterns', async () => {
    const wordless: string[] = [];
    walk(await readSchema('scenario.schema.json'), '#', (part, path) => {
      if ('pattern' in part && !('patternErrorMessage' in part)) wordless.push(path);
    });
    expect(wordless).toEqual([]);
  });

  test('gives editors what they can insert without quotes of their own', async () => {
    const schema = await readSchema('scenario.schema.json');
    const examples: unknown[] = [];
    const snippets: { readonly label: string; readonly body: unknown; readonly part: object }[] = [];
    walk(schema, '#', (part) => {
      examples.push(...(Reflect.get(part, 'examples') ?? []));
      for (const snippet of Reflect.get(part, 'defaultSnippets') ?? []) snippets.push({ ...snippet, part });
    });
    expect(examples.map((example) => parse(`x: ${example}`).x)).toEqual(examples);
    expect(snippets.map(({ label }) => label)).toContain('"*"');
    for (const { label, body, part } of snippets) {
      const check = ajv.compile({ ...part, $id: undefined, definitions: Reflect.get(schema, 'definitions') });
      expect(check(parse(label)), label).toBe(true);
      // What is inserted, once its texts are read as YAML, is what the label shows.
      expect(JSON.parse(JSON.stringify(body), readTexts)).toEqual(parse(label));
    }
  });

  test('completes a policy that stands in the scenario', async () => {
    const completed: string[] = [];
    walk(await readSchema('scenario.schema.json'), '#', (part) => {
      if (Reflect.get(part, 'title') === 'NetworkPolicy')
        JSON.stringify(part, (key, value) => {
          if (key === 'properties') completed.push(...Object.keys(value));
          return value;
        });
    });
    expect(completed).toEqual(
      expect.arrayContaining(['spec', 'podSelector', 'policyTypes', 'egress', 'ipBlock', 'endPort']),
    );
  });
});

function readTexts(_: string, value: unknown): unknown {
  return typeof value === 'string' ? parse(value) : value;
}

function walk(part: unknown, path: string, visit: (part: object, path: string) => void): void {
  if (typeof part !== 'object' || part === null) return;
  visit(part, path);
  for (const [key, value] of Object.entries(part)) {
    if (key !== 'examples') walk(value, `${path}/${key}`, visit);
  }
}
