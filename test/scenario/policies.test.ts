import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createProject } from './project.ts';

function scenario(policies: string, namespaces = '{ shop: {}, ops: {} }'): string {
  return `apiVersion: podreach/v1
kind: Scenario
name: example
namespaces: ${namespaces}
pods: { shop/web: {}, shop/api: { ports: [80] } }
policies:
${policies}otherwise: reachable
`;
}

function policy(name: string, namespace?: string): string {
  const place = namespace === undefined ? '' : `\n  namespace: ${namespace}`;
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${name}${place}
spec:
  podSelector: {}
`;
}

describe('what is loaded', () => {
  test('each policy of a file keeps the text of its own document, byte for byte', async () => {
    const first = `# The first.\n${policy('first', 'shop')}`;
    const second = `---\n# The second; with "quotes",   spaces and an odd\tend\n${policy('second', 'ops')}`;
    await using project = await createProject({
      's/a.yaml': scenario('  - ../p.yaml\n'),
      'p.yaml': `${first}${second}---\n# nothing\n`,
    });
    expect((await project.load())[0]?.steps[0].policies).toEqual([
      {
        namespace: 'shop',
        name: 'first',
        text: first,
        object: parse(first),
        location: { file: 'p.yaml', line: 2, column: 1 },
        locate: expect.any(Function),
      },
      {
        namespace: 'ops',
        name: 'second',
        text: second,
        object: parse(second),
        location: { file: 'p.yaml', line: 11, column: 1 },
        locate: expect.any(Function),
      },
    ]);
  });

  test('files, folders and inline manifests, in the order in which they are named', async () => {
    await using project = await createProject({
      'a.yaml': scenario(`  - p/z.yaml
  - p/folder
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: inline, namespace: ops }
`),
      'p/z.yaml': policy('z', 'shop'),
      'p/folder/b.yml': policy('b', 'shop'),
      'p/folder/a/a.yaml': policy('a', 'shop'),
      'p/folder/README.md': 'not a policy',
    });
    expect(
      (await project.load())[0]?.steps[0].policies.map(({ namespace, name, location }) => [
        `${namespace}/${name}`,
        `${location.file}:${location.line}:${location.column}`,
      ]),
    ).toEqual([
      ['shop/z', 'p/z.yaml:1:1'],
      ['shop/a', 'p/folder/a/a.yaml:1:1'],
      ['shop/b', 'p/folder/b.yml:1:1'],
      ['ops/inline', 'a.yaml:9:5'],
    ]);
  });

  test('a glob, and the namespace that kubectl apply -n would give', async () => {
    await using project = await createProject({
      'a.yaml': scenario('  - { path: "p/*-policy.yaml", namespace: ops }\n'),
      'p/b-policy.yaml': policy('b'),
      'p/a-policy.yaml': policy('a', 'ops'),
      'p/other.yaml': 'a: 1',
    });
    expect(
      (await project.load())[0]?.steps[0].policies.map(({ namespace, name, text }) => [
        namespace,
        name,
        text,
      ]),
    ).toEqual([
      ['ops', 'a', policy('a', 'ops')],
      ['ops', 'b', policy('b')],
    ]);
  });

  test('an inline manifest is written out so that YAML 1.1 reads the same as YAML 1.2', async () => {
    const labels = [
      'yes',
      'off',
      'y',
      '010',
      '1_000',
      '0x10',
      '1:30',
      '2027-06-30',
      '~',
      '0o7',
      '1e3',
      'a: b',
      '',
    ];
    await using project = await createProject({
      'a.yaml': scenario(`  - &p
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: a, namespace: shop }
    spec: &spec
      podSelector: { matchLabels: ${JSON.stringify(Object.fromEntries(labels.map((value, index) => [`l${index}`, value])))} }
      ingress: [{ ports: [{ port: 010 }, { port: 0x10 }] }]
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: b, namespace: shop }
    spec: *spec
`),
    });
    const policies = (await project.load())[0]?.steps[0].policies ?? [];
    expect(policies).toHaveLength(2);
    for (const { text, object } of policies) {
      expect(parse(text, { version: '1.1' })).toEqual(object);
      expect(parse(text, { version: '1.2' })).toEqual(object);
      expect(Object.values(object.spec?.podSelector?.matchLabels ?? {})).toEqual(labels);
    }
  });

  test('a policy without a namespace belongs to the only one', async () => {
    await using project = await createProject({
      'a.yaml': scenario('  - p.yaml\n', '{ shop: {} }'),
      'p.yaml': policy('alone'),
    });
    expect(
      (await project.load())[0]?.steps[0].policies.map(({ namespace, text }) => [namespace, text]),
    ).toEqual([['shop', policy('alone')]]);
  });

  test.each([
    'spec: nonsense',
    'spec: [1, 2]',
    'spec: { podSelector: 3, ingress: no }',
    'spec:',
    'extra: true',
  ])('what the API server will refuse is loaded all the same: %s', async (spec) => {
    const text = policy('odd', 'shop').replace('spec:\n  podSelector: {}', spec);
    await using project = await createProject({ 'a.yaml': scenario('  - p.yaml\n'), 'p.yaml': text });
    expect((await project.load())[0]?.steps[0].policies.map((loaded) => loaded.text)).toEqual([text]);
  });
});

describe('manifests are read as the API server reads them', () => {
  const written = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { on: text, app: no } }
  ingress:
    - ports: [{ port: 012470 }, { port: 5_432 }, { port: 0o12470 }]
`;
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'db', namespace: 'shop' },
    spec: {
      podSelector: { matchLabels: { true: 'text', app: false } },
      ingress: [{ ports: [{ port: 5432 }, { port: 5432 }, { port: 5432 }] }],
    },
  };

  test('in files, of which the text stays as it is', async () => {
    await using project = await createProject({ 'a.yaml': scenario('  - p.yaml\n'), 'p.yaml': written });
    expect((await project.load())[0]?.steps[0].policies).toEqual([
      {
        namespace: 'shop',
        name: 'db',
        text: written,
        object,
        retyped: [
          { written: 'on', read: true, isKey: true, location: { file: 'p.yaml', line: 5, column: 33 } },
          { written: 'no', read: false, isKey: false, location: { file: 'p.yaml', line: 5, column: 48 } },
          { written: '012470', read: 5432, isKey: false, location: { file: 'p.yaml', line: 7, column: 23 } },
          { written: '5_432', read: 5432, isKey: false, location: { file: 'p.yaml', line: 7, column: 41 } },
        ],
        location: { file: 'p.yaml', line: 1, column: 1 },
        locate: expect.any(Function),
      },
    ]);
  });

  test('in scenarios, whose own values are those of YAML 1.2', async () => {
    const inline = written.replaceAll(/^/gm, '    ').replace('    apiVersion', '  - apiVersion');
    const text = scenario(`${inline.trimEnd()}\n`).replace(
      'shop/web: {}',
      'shop/web: { labels: { app: no } }',
    );
    await using project = await createProject({ 'a.yaml': text });
    const [plan] = await project.load();
    expect(plan?.pods[0]?.labels).toEqual({ app: 'no' });
    const [policy] = plan?.steps[0].policies ?? [];
    expect(policy?.object).toEqual(object);
    expect(policy?.retyped?.map(({ location }) => location)).toEqual([
      { file: 'a.yaml', line: 11, column: 37 },
      { file: 'a.yaml', line: 11, column: 52 },
      { file: 'a.yaml', line: 13, column: 27 },
      { file: 'a.yaml', line: 13, column: 45 },
    ]);
    for (const version of ['1.1', '1.2'] as const)
      expect(parse(policy?.text ?? '', { version })).toEqual(object);
  });

  test('an inline text that only some readers take for a number is sent in quotes', async () => {
    const labels = { a: '0X1F', b: '0B11', c: '0O17', d: '1_0', e: '0x1f', f: '12:30', g: 'e2', h: 'y' };
    const texts = Object.entries(labels).map(([key, value]) => `${key}: "${value}"`);
    await using project = await createProject({
      'a.yaml': scenario(`  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: a, namespace: shop }
    spec: { podSelector: { matchLabels: { ${texts.join(', ')} } } }
`),
    });
    const [policy] = (await project.load())[0]?.steps[0].policies ?? [];
    expect(policy?.object.spec?.podSelector?.matchLabels).toEqual(labels);
    for (const value of ['0X1F', '0B11', '0O17', '1_0', '0x1f', 'y'])
      expect(policy?.text).toContain(`"${value}"`);
  });
});

describe('what is wrong', () => {
  async function failureOf(
    policies: string,
    files: Readonly<Record<string, string>> = {},
    namespaces?: string,
  ): Promise<string> {
    await using project = await createProject({ 'a.yaml': scenario(policies, namespaces), ...files });
    return await project.failure();
  }

  test('a missing file', async () => {
    expect(
      await failureOf('  - policies/teh.yaml\n', { 'policies/the.yaml': '' }),
    ).toBe(`a.yaml:7:5: no such policy file or folder: policies/teh.yaml
  7 |   - policies/teh.yaml
    |     ^
  hint: Did you mean "the.yaml"?

scenario-invalid: 1 problem in a.yaml`);
  });

  test('files and folders without a policy', async () => {
    expect(
      await failureOf('  - p.yaml\n  - folder\n', { 'p.yaml': '# nothing\n', 'folder/README.md': '' }),
    ).toBe(`a.yaml:7:5: there is no policy in p.yaml: the file is empty
  7 |   - p.yaml
    |     ^

a.yaml:8:5: there is no policy in folder: none of its files ends in .yaml or .yml
  8 |   - folder
    |     ^

scenario-invalid: 2 problems in a.yaml`);
  });

  test('what is no object, and policies that no API server takes', async () => {
    const files = {
      'p.yaml': `${policy('fine', 'shop')}---
kind: NetworkPolicy
---
hello
---
apiVersion: extensions/v1beta1
kind: NetworkPolicy
metadata: { name: old, namespace: shop }
---
apiVersion: v1
`,
    };
    const hint = 'hint: Leave the file out where it is something else, such as the values of a chart.';
    expect(
      await failureOf('  - p.yaml\n', files),
    ).toBe(`p.yaml:9:1: this object (NetworkPolicy) has no apiVersion, as text
  9 | kind: NetworkPolicy
    | ^
  hint: Write apiVersion: without it, no API server takes the object.

p.yaml:11:1: this is no Kubernetes object: an object is a mapping
  note: the line is not shown: it may hold a secret
  ${hint}

p.yaml:13:1: this is kind NetworkPolicy of extensions/v1beta1, not of networking.k8s.io/v1
  13 | apiVersion: extensions/v1beta1
     | ^
  hint: Write "apiVersion: networking.k8s.io/v1".

p.yaml:17:1: this object (v1) has no kind, as text
  17 | apiVersion: v1
     | ^
  hint: Write kind: without it, no API server takes the object.

scenario-invalid: 4 problems in p.yaml`);
  });

  test('a file with other kinds only, and an inline object of another kind', async () => {
    const files = {
      'p.yaml': 'apiVersion: v1\nkind: ServiceAccount\n---\napiVersion: v1\nkind: Secret\n',
    };
    expect(
      await failureOf('  - p.yaml\n  - { apiVersion: v1, kind: ConfigMap }\n', files),
    ).toBe(`a.yaml:7:5: there is no policy in p.yaml
  7 |   - p.yaml
    |     ^
  hint: There is: 1 ServiceAccount, 1 Secret.

a.yaml:8:5: this is kind ConfigMap of v1, not NetworkPolicy
  8 |   - { apiVersion: v1, kind: ConfigMap }
    |     ^
  hint: podreach applies NetworkPolicies of networking.k8s.io/v1, and policies of Calico, Cilium, Antrea and the Network Policy API.

scenario-invalid: 2 problems in a.yaml`);
  });

  test('a path with its namespace, and what is wrong with one', async () => {
    const files = { 'p.yaml': policy('p'), 'q.yaml': policy('q', 'ops') };
    expect(
      await failureOf(
        `  - { path: p.yaml, namespace: shpo }
  - { path: q.yaml, namespace: shop }
  - { path: p.yaml, namspace: shop }
  - { helm: charts/shop, release: shop, namespace: shop }
`,
        files,
      ),
    ).toBe(`a.yaml:7:5: the namespace "shpo" exists nowhere: neither the scenario nor its manifests declare it
  7 |   - { path: p.yaml, namespace: shpo }
    |     ^
  hint: Did you mean "shop"?

a.yaml:9:21: unknown key "namspace"
  9 |   - { path: p.yaml, namspace: shop }
    |                     ^
  hint: Did you mean "namespace"?

a.yaml:10:7: "helm" is not known under policies
  10 |   - { helm: charts/shop, release: shop, namespace: shop }
     |       ^
  hint: Move the entry to "manifests": its policies are applied from there, too.

q.yaml:5:14: this policy is in the namespace "ops", and is to be applied to "shop": kubectl refuses that
  5 |   namespace: ops
    |              ^
  hint: Leave metadata.namespace out here, or name the file without a namespace.

scenario-invalid: 4 problems in 2 files`);
  });

  test('a name or a namespace that is no text, or missing', async () => {
    const files = {
      'p.yaml': policy('placeless'),
      'q.yaml': policy('3', 'shop'),
      'r.yaml': policy('r', '[shop]'),
      's.yaml': 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n',
    };
    expect(
      await failureOf('  - p.yaml\n  - q.yaml\n  - r.yaml\n  - s.yaml\n', files),
    ).toBe(`p.yaml:4:3: this policy does not say which namespace it belongs to
  4 |   name: placeless
    |   ^
  hint: Write metadata.namespace, or give it as kubectl apply -n does: { path: p.yaml, namespace: shop }. There are 2 namespaces.

q.yaml:4:9: a policy needs a name, as text
  4 |   name: 3
    |         ^
  hint: Put it in quotes.

r.yaml:5:14: metadata.namespace must be text
  5 |   namespace: [shop]
    |              ^

s.yaml:1:1: a policy needs a name, as text
  1 | apiVersion: networking.k8s.io/v1
    | ^
  hint: Write metadata.name.

scenario-invalid: 4 problems in 4 files`);
  });

  test('a name and a namespace that are text to a person only', async () => {
    const files = { 'p.yaml': policy('no', 'shop'), 'q.yaml': policy('q', '1_0') };
    expect(
      await failureOf('  - p.yaml\n  - q.yaml\n', files),
    ).toBe(`p.yaml:4:9: a policy needs a name, as text: the API server reads YAML 1.1, where no is false
  4 |   name: no
    |         ^
  hint: Put it in quotes: "no".

q.yaml:5:14: metadata.namespace must be text: the API server reads YAML 1.1, where 1_0 is 10
  5 |   namespace: 1_0
    |              ^
  hint: Write 10. If it is meant as text: "1_0".

scenario-invalid: 2 problems in 2 files`);
  });

  test('what the API server does not take as YAML', async () => {
    const merged = `${policy('q', 'shop').replace('podSelector: {}', 'podSelector: { matchLabels: &all { app: web, tier: front } }')}  ingress:
    - from: [{ podSelector: { matchLabels: { <<: *all, app: api } } }]
`;
    const files = { 'p.yaml': `%YAML 1.2\n---\n${policy('p', 'shop')}`, 'q.yaml': merged };
    expect(
      await failureOf('  - p.yaml\n  - q.yaml\n', files),
    ).toBe(`p.yaml:3:1: the API server reads YAML 1.1, and refuses YAML 1.2
  3 | apiVersion: networking.k8s.io/v1
    | ^
  hint: Leave out the line that begins with "%YAML".

q.yaml:9:56: to the API server the key "app" is there twice, and it refuses that
  9 |     - from: [{ podSelector: { matchLabels: { <<: *all, app: api } } }]
    |                                                        ^
  q.yaml:7:38: first here
  7 |   podSelector: { matchLabels: &all { app: web, tier: front } }
    |                                      ^
  hint: Take one of them out: a merge may only bring in keys that are not there.

scenario-invalid: 2 problems in 2 files`);
  });

  test('a policy that could not be deleted again', async () => {
    const text = policy('p', 'shop').replace('spec:', '  finalizers: [example.com/audit]\nspec:');
    expect(
      await failureOf('  - p.yaml\n', { 'p.yaml': text }),
    ).toBe(`p.yaml:6:15: this policy could not be deleted after the run: it has the finalizer "example.com/audit", and waits for whoever takes that away
  6 |   finalizers: [example.com/audit]
    |               ^
  hint: Leave metadata.finalizers out: a controller that needs a finalizer adds it by itself.

scenario-invalid: 1 problem in p.yaml`);
  });

  test('a link in a folder that leads nowhere', async () => {
    await using project = await createProject({
      'a.yaml': scenario('  - policies\n'),
      'policies/p.yaml': policy('p', 'shop'),
    });
    await symlink('../elsewhere', join(project.folder, 'policies/team'));
    expect(
      await project.failure(),
    ).toBe(`a.yaml:7:5: ${project.folder}/policies/team is a link that leads nowhere
  7 |   - policies
    |     ^
  hint: Mend it or remove it.

scenario-invalid: 1 problem in a.yaml`);
  });

  test('a namespace that the scenario does not declare', async () => {
    const inline = `  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: inline, namespace: elsewhere }
`;
    expect(
      await failureOf(`  - p.yaml\n${inline}`, { 'p.yaml': policy('p', 'shpo') }),
    ).toBe(`p.yaml:5:14: the scenario does not declare the namespace "shpo"
  5 |   namespace: shpo
    |              ^
  hint: Did you mean "shop"?

a.yaml:10:42: the scenario does not declare the namespace "elsewhere"
  10 |     metadata: { name: inline, namespace: elsewhere }
     |                                          ^
  hint: Declare it: under "namespaces", write elsewhere: {}.

scenario-invalid: 2 problems in 2 files`);
  });

  test('a policy that is there twice', async () => {
    expect(
      await failureOf('  - p.yaml\n  - q.yaml\n', {
        'p.yaml': policy('same', 'shop'),
        'q.yaml': `${policy('same', 'ops')}---\n${policy('same', 'shop')}`,
      }),
    ).toBe(`q.yaml:9:1: the policy "shop/same" is there twice
  9 | apiVersion: networking.k8s.io/v1
    | ^
  p.yaml:1:1: first here
  1 | apiVersion: networking.k8s.io/v1
    | ^
  hint: Take one of them out, or give it another name: name only manifests that are deployed together.

scenario-invalid: 1 problem in q.yaml`);
  });

  test('YAML that cannot be read, with what is wrong in the scenario', async () => {
    await using project = await createProject({
      'a.yaml': scenario('  - p.yaml\n').replace('otherwise: reachable', 'otherwise: always'),
      'p.yaml': `${policy('p', 'shop')}  ingress: [\n`,
    });
    expect(await project.failure()).toBe(`a.yaml:8:12: expected "reachable" or "unreachable", found "always"
  8 | otherwise: always
    |            ^

p.yaml:8:13: Flow sequence in block collection must be sufficiently indented and end with a ]
  8 |   ingress: [
    |             ^
  hint: A bracket before this place is not closed.

scenario-invalid: 2 problems in 2 files`);
  });

  test('a mistake in a file that two scenarios share is said once', async () => {
    const one = scenario('  - p.yaml\n');
    await using project = await createProject({
      'a.yaml': `${one}---\n${one.replace('name: example', 'name: other')}`,
      'p.yaml': 'a: 1\na: 2\n',
    });
    expect((await project.failure()).match(/the key "a" is there twice/g)).toHaveLength(1);
  });

  test('namespaces that do not fit do not make policies wrong', async () => {
    expect(
      await failureOf('  - p.yaml\n', { 'p.yaml': policy('p', 'Shop') }, '{ Shop: {} }'),
    ).toBe(`a.yaml:4:15: "Shop" is not a namespace name: use lower-case letters, digits and "-", at most 63 characters
  4 | namespaces: { Shop: {} }
    |               ^

scenario-invalid: 1 problem in a.yaml`);
  });
});
