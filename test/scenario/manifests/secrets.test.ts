/** What is wrong with a document that may hold a secret is told without its line: messages end up in logs. */
import { expect, test } from 'vitest';
import { createProject } from '../project.ts';
import { scenario } from './manifests.ts';
import { testRenderer } from './renderer.ts';

const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData:\n';

async function failureOf(text: string, { file = 'deploy/s.yaml', list = 'manifests' } = {}): Promise<string> {
  await using project = await createProject({
    'a.yaml': scenario(`${list}: [${file}]\nnamespaces: { shop: {} }\npods: { shop/a: { ports: [1] } }\n`),
    [file]: text,
  });
  return await project.failure(['a.yaml'], { renderer: testRenderer() });
}

test.each([
  ['a quote that is not closed', `${SECRET}  password: "hunter2\n  other: x\n`],
  ['a key that is there twice', `${SECRET}  password: hunter2\n  password: hunter2\n`],
  ['a value that begins like an alias', `${SECRET}  password: *hunter2\n`],
  ['a value that begins like a tag', `${SECRET}  password: !hunter2\n  !hunter2\n`],
  ['a value that begins like a block', `${SECRET}  password: |hunter2\n`],
  ['an escape that there is not', `${SECRET}  password: "\\hunter2"\n`],
  [
    'a directive that the API server refuses',
    `%YAML 1.2\n---\n${SECRET}  password: hunter2\n  password: b\n`,
  ],
  [
    'a Secret in a list',
    `kind: List\napiVersion: v1\nitems:\n  - kind: "Secret"\n    data: { a: 'hunter2 }\n`,
  ],
  ['a Secret on one line', '{ "apiVersion": "v1", "kind":"Secret", "data": { "a": "hunter2" "b" } }'],
  ['values of a chart', 'password: hunter2\n'],
  ['values of a chart that are no YAML', 'password: *hunter2\nkind: [\n'],
  ['the key of an account', '{ "type": "service_account", "private_key": "hunter2" }\n'],
  ['a template', `${SECRET}  password: {{ "hunter2" }}\n`],
])('%s', async (_, text) => {
  for (const list of ['manifests', 'policies']) {
    const failure = await failureOf(text, { list });
    expect(failure).toContain('deploy/s.yaml:');
    expect(failure).not.toContain('hunter2');
  }
});

test('the place is told, why the line is not, and what to do', async () => {
  expect(await failureOf(`${SECRET}  password: "hunter2\n  other: x\n`)).toBe(
    `deploy/s.yaml:6:11: this is no YAML
  note: the line is not shown: it may hold a secret
  hint: Something before this place is not closed.

scenario-invalid: 1 problem in deploy/s.yaml`,
  );
  expect(await failureOf(`${SECRET}  password: hunter2\n  password: hunter2\n`)).toBe(
    `deploy/s.yaml:6:3: the key "password" is there twice
  deploy/s.yaml:5:3: first here
  note: the line is not shown: it may hold a secret
  hint: Remove one of them, or merge the two.

scenario-invalid: 1 problem in deploy/s.yaml`,
  );
});

test('neither does a command that takes scenarios show a Secret', async () => {
  await using project = await createProject({ 's.yaml': `${SECRET}  password: "hunter2\n` });
  const failure = await project.failure(['s.yaml'], { renderer: testRenderer() });
  expect(failure).toContain('s.yaml:');
  expect(failure).not.toContain('hunter2');
});

test('the lines of other documents of the file are shown', async () => {
  const failure = await failureOf(
    `${SECRET}  password: hunter2\n---\napiVersion: v1\nkind: Pod\nmetadata: { name: 3 }\n`,
  );
  expect(failure).toContain('| metadata: { name: 3 }');
});
