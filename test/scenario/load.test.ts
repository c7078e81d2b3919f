import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProject, scenarioWith } from './project.ts';

function scenario(name: string): string {
  return `apiVersion: podreach/v1
kind: Scenario
name: ${name}
namespaces: { a: {} }
pods: { a/x: { ports: [80] }, a/y: {} }
otherwise: reachable
`;
}

const POLICY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: p }
`;

async function namesOf(
  files: Readonly<Record<string, string>>,
  paths: readonly string[],
): Promise<readonly string[]> {
  await using project = await createProject(files);
  return (await project.load(paths)).map((plan) => plan.scenario.name);
}

describe('which files are loaded', () => {
  const files = {
    'scenarios/b.yaml': scenario('b'),
    'scenarios/a.yml': scenario('a'),
    'scenarios/deep/er/c.yaml': scenario('c'),
    'scenarios/policies/p.yaml': POLICY,
    'scenarios/.hidden/d.yaml': scenario('d'),
    'scenarios/node_modules/e/e.yaml': scenario('e'),
    'scenarios/notes.md': '# notes',
    'scenarios/helm.yaml': 'a: {{ .Values.x }}\nb: [',
    'scenarios/empty.yaml': '',
    'other.json': JSON.stringify({
      apiVersion: 'podreach/v1',
      kind: 'Scenario',
      name: 'json',
      namespaces: { a: {} },
      pods: { 'a/x': { ports: [80] }, 'a/y': null },
      otherwise: 'reachable',
    }),
  };

  test.each([
    { paths: [], names: ['a', 'b', 'c'] },
    { paths: ['scenarios'], names: ['a', 'b', 'c'] },
    { paths: ['scenarios/deep', 'scenarios/b.yaml'], names: ['c', 'b'] },
    { paths: ['scenarios/b.yaml', 'scenarios'], names: ['b', 'a', 'c'] },
    { paths: ['scenarios/**/*.yaml'], names: ['b', 'c'] },
    { paths: ['scenarios/*'], names: ['a', 'b'] },
    { paths: ['./scenarios/../scenarios/b*'], names: ['b'] },
    { paths: ['scenarios/.hidden/*.yaml'], names: ['d'] },
    { paths: ['scenarios/{a,b}.{yml,yaml}'], names: ['a', 'b'] },
    { paths: ['other.json'], names: ['json'] },
  ])('$paths gives $names', async ({ paths, names }) => {
    expect(await namesOf(files, paths)).toEqual(names);
  });

  test('absolute paths and globs work too, and places outside the working folder are shown in full', async () => {
    await using project = await createProject({ 'in/a.yaml': scenario('a') });
    const cwd = join(project.folder, 'elsewhere');
    for (const path of [join(project.folder, 'in'), join(project.folder, 'in/*.yaml'), '../in/a.yaml']) {
      const [plan] = await project.load([path], { cwd });
      expect(plan?.scenario.location).toEqual({
        file: join(project.folder, 'in/a.yaml'),
        line: 1,
        column: 1,
      });
    }
  });

  test('a mounted ConfigMap, whose files are links into a hidden folder, gives each file once', async () => {
    await using project = await createProject({ '..data-1/a.yaml': scenario('a') });
    await symlink('..data-1', join(project.folder, '..data'));
    await symlink('..data/a.yaml', join(project.folder, 'a.yaml'));
    expect((await project.load(['.'])).map((plan) => plan.scenario.location.file)).toEqual(['a.yaml']);
  });

  test.each(['in', 'in/*.yaml'])(
    'a link that leads nowhere is no scenario less, but an error: %s',
    async (path) => {
      await using project = await createProject({ 'in/a.yaml': scenario('a') });
      await symlink('gone.yaml', join(project.folder, 'in/b.yaml'));
      expect(await project.failure([path])).toBe(
        `usage: ${project.folder}/in/b.yaml is a link that leads nowhere\nhint: Mend it or remove it.`,
      );
    },
  );

  test('a folder that links to itself ends', async () => {
    await using project = await createProject({ 'in/a.yaml': scenario('a') });
    await symlink('.', join(project.folder, 'in/loop'));
    expect(await project.load(['in'])).toHaveLength(1);
  });

  test.each([
    { paths: ['scenarois'], message: 'no such file or folder: scenarois\nhint: Did you mean "scenarios"?' },
    {
      paths: ['scenarios/bb.yaml'],
      message: 'no such file or folder: scenarios/bb.yaml\nhint: Did you mean "b.yaml"?',
    },
    { paths: ['nowhere/at/all.yaml'], message: 'no such file or folder: nowhere/at/all.yaml' },
    {
      paths: ['nowhere/*.yaml'],
      message: 'no YAML file matches nowhere/*.yaml\nhint: Scenarios are files that end in .yaml or .yml.',
    },
    {
      paths: ['scenarios/policies'],
      message:
        'no scenario in scenarios/policies\nhint: A scenario begins with "apiVersion: podreach/v1" and "kind: Scenario".',
    },
  ])('$paths is wrong usage', async ({ paths, message }) => {
    await using project = await createProject(files);
    expect(await project.failure(paths)).toBe(`usage: ${message}`);
  });

  test('an empty folder, and no folder at all, are wrong usage', async () => {
    await using project = await createProject({});
    expect(await project.failure([])).toBe(
      'usage: no scenarios are named, and there is no folder "scenarios" here\nhint: Name files, folders or globs.',
    );
    await mkdir(join(project.folder, 'scenarios'));
    expect(await project.failure([])).toBe(
      'usage: no YAML file in the folder scenarios\nhint: Scenarios are files that end in .yaml or .yml.',
    );
  });

  test('a scenario of a folder that lost its head or its syntax does not vanish', async () => {
    await using project = await createProject({
      'in/good.yaml': scenario('good'),
      'in/headless.yaml': scenario('headless').split('\n').slice(2).join('\n'),
      'in/broken.yaml': `${scenario('broken')}reachable: [\n`,
      'in/newer.yaml': scenario('newer').replace('v1', 'v2'),
      'in/shouting.yaml': scenario('shouting').replace('Scenario', 'scenario'),
    });
    expect((await project.failure(['in'])).split('\n').filter((line) => line.startsWith('in/'))).toEqual(
      [
        'in/broken.yaml:7:13: Flow sequence in block collection must be sufficiently indented and end with a ]',
        'in/headless.yaml:1:1: the key "apiVersion" is missing',
        'in/headless.yaml:1:1: the key "kind" is missing',
        'in/newer.yaml:1:13: expected "podreach/v1", found "podreach/v2"',
        'in/shouting.yaml:2:7: expected "Scenario", found "scenario"',
      ].sort(),
    );
  });

  test('a file that is named must be a scenario', async () => {
    await using project = await createProject({ 'p.yaml': POLICY, 'empty.yaml': '# nothing\n' });
    expect(
      await project.failure(['p.yaml', 'empty.yaml']),
    ).toBe(`p.yaml:1:1: this is no podreach scenario, but NetworkPolicy of networking.k8s.io/v1
  1 | apiVersion: networking.k8s.io/v1
    | ^
  hint: A scenario begins with "apiVersion: podreach/v1" and "kind: Scenario". Policies are named under "policies" in a scenario.

empty.yaml:1:1: this file is empty

scenario-invalid: 2 problems in 2 files`);
  });
});

describe('several documents in a file', () => {
  test('are scenarios of their own, with their own places', async () => {
    await using project = await createProject({
      'a.yaml': `# first\n---\n${scenario('one')}---\n# second\n${scenario('two')}...\n---\n# nothing\n`,
    });
    const plans = await project.load();
    expect(
      plans.map(({ scenario: { name, location }, steps: [{ checks }] }) => [
        name,
        location.line,
        checks[0]?.declared.line,
      ]),
    ).toEqual([
      ['one', 3, 8],
      ['two', 11, 16],
    ]);
  });

  test('a policy among them is out of place', async () => {
    await using project = await createProject({ 'a.yaml': `${scenario('one')}---\n${POLICY}` });
    expect(
      await project.failure(),
    ).toBe(`a.yaml:8:1: this is no podreach scenario, but NetworkPolicy of networking.k8s.io/v1
  8 | apiVersion: networking.k8s.io/v1
    | ^
  hint: A scenario begins with "apiVersion: podreach/v1" and "kind: Scenario". Policies are named under "policies" in a scenario.

scenario-invalid: 1 problem in a.yaml`);
  });

  test('a mistake in one does not hide those of another, nor of another file', async () => {
    await using project = await createProject({
      'a.yaml': `${scenario('one')}owner: [\n---\n${scenario('two')}ovner: x\n`,
      'b.yaml': `${scenario('three')}tag: []\n`,
    });
    expect(
      await project.failure(['a.yaml', 'b.yaml']),
    ).toBe(`a.yaml:8:1: Flow sequence in block collection must be sufficiently indented and end with a ]
  8 | ---
    | ^
  hint: A bracket before this place is not closed.

a.yaml:15:1: unknown key "ovner"
  15 | ovner: x
     | ^
  hint: Did you mean "owner"?

b.yaml:7:1: unknown key "tag"
  7 | tag: []
    | ^
  hint: Did you mean "tags"?

scenario-invalid: 3 problems in 2 files`);
  });
});

test('two scenarios of one name are shown together, even where one of them is broken', async () => {
  await using project = await createProject({
    'a.yaml': scenario('same'),
    'b.yaml': `${scenario('same')}owner: 1\n`,
  });
  expect(
    await project.failure(['a.yaml', 'b.yaml']),
  ).toBe(`b.yaml:3:7: the scenario name "same" is there twice
  3 | name: same
    |       ^
  a.yaml:3:7: first here
  3 | name: same
    |       ^
  hint: Reports tell scenarios apart by their names: give each its own.

b.yaml:7:8: expected text, found 1
  7 | owner: 1
    |        ^
  hint: Put it in quotes: "1"

scenario-invalid: 2 problems in b.yaml`);
});

describe('YAML itself', () => {
  async function failureOf(lines: string): Promise<string> {
    await using project = await createProject({ 'a.yaml': scenarioWith(lines) });
    return await project.failure();
  }

  const quoteStar = 'hint: A "*" begins an alias in YAML: put the value in quotes, such as "*".';

  test.each([
    ['reachable: [{ from: *, to: shop/db }]', 21, 'Alias cannot be an empty string', quoteStar],
    [
      'reachable: [{ from: shop/db, to: *:80/TCP }]',
      34,
      '"*:80/TCP" is an alias in YAML, not text',
      quoteStar,
    ],
    [
      'reachable: [{ from: *nobody, to: shop/db }]',
      21,
      'no anchor "&nobody" is set before this alias',
      'hint: Set the anchor earlier in the same document.',
    ],
    [
      'owner: a: b',
      8,
      'Nested mappings are not allowed in compact mappings',
      'hint: Check the indentation of the next line, and put a value that contains ": " in quotes.',
    ],
    ['owner: {{ name }}', 9, 'a key must be text', 'hint: Put text that begins with { or [ in quotes.'],
    [
      'otherwise: "reachable',
      22,
      'Missing closing "quote',
      'hint: Something before this place is not closed.',
    ],
    ['owner: @team', 8, 'Plain value cannot start with reserved character @', undefined],
    ['owner: !secret x', 8, 'Unresolved tag: !secret', undefined],
  ])('%s', async (line, column, message, hint) => {
    expect(await failureOf(`${line}\n`)).toBe(
      [
        `a.yaml:12:${column}: ${message}`,
        `  12 | ${line}`,
        `     | ${' '.repeat(column - 1)}^`,
        ...(hint === undefined ? [] : [`  ${hint}`]),
        '',
        'scenario-invalid: 1 problem in a.yaml',
      ].join('\n'),
    );
  });

  test('a key that is there twice is shown in both places, beside the other mistakes', async () => {
    expect(
      await failureOf('otherwise: reachable\npods: { shop/web: {}, shop/web: {} }\nonwer: x\n'),
    ).toBe(`a.yaml:13:1: the key "pods" is there twice
  13 | pods: { shop/web: {}, shop/web: {} }
     | ^
  a.yaml:7:1: first here
  7 | pods:
    | ^
  hint: Remove one of them, or merge the two.

a.yaml:13:23: the key "shop/web" is there twice
  13 | pods: { shop/web: {}, shop/web: {} }
     |                       ^
  a.yaml:13:9: first here
  13 | pods: { shop/web: {}, shop/web: {} }
     |         ^
  hint: Remove one of them, or merge the two.

a.yaml:14:1: unknown key "onwer"
  14 | onwer: x
     | ^
  hint: Did you mean "owner"?

scenario-invalid: 3 problems in a.yaml`);
  });

  test('anchors and merged mappings work', async () => {
    await using project = await createProject({
      'a.yaml': scenarioWith(`
reachable:
  - &rule { from: &web shop/web, to: "shop/api:8080", because: so it is }
  - { <<: *rule, to: "shop/db:5432" }
  - { from: *web, to: "shop/db:5432/UDP" }
`),
    });
    const [plan] = await project.load();
    expect(
      plan?.steps[0].checks.map(({ from, to, port, because, declared }) => [
        from,
        to,
        port,
        because,
        declared.line,
      ]),
    ).toEqual([
      ['shop/web', 'shop/api', 8080, 'so it is', 13],
      ['shop/web', 'shop/db', 5432, 'so it is', 14],
      ['shop/web', 'shop/db', 5432, undefined, 15],
    ]);
  });

  test('an expansion bomb is refused', async () => {
    const bomb = Array.from({ length: 9 }, (_, level) =>
      level === 0
        ? 'l0: &l0 [x, x, x, x, x, x, x, x, x]'
        : `l${level}: &l${level} [${`*l${level - 1},`.repeat(9)}]`,
    ).join('\n');
    expect(await failureOf(bomb)).toContain('Excessive alias count indicates a resource exhaustion attack');
  });

  test('one anchor may serve hundreds of pods', async () => {
    const pods = Array.from({ length: 300 }, (_, index) => `  a/p${index}: *pod\n`).join('');
    await using project = await createProject({
      'a.yaml': `apiVersion: podreach/v1
kind: Scenario
name: many
namespaces: { a: {} }
pods:
  a/first: &pod { labels: { app: web }, ports: [80] }
${pods}reachable: [{ from: a/p0, to: a/p299 }]
`,
    });
    expect((await project.load())[0]?.steps[0].checks).toHaveLength(1);
  });

  test('Windows line ends and a byte order mark are fine', async () => {
    await using project = await createProject({
      'a.yaml': `\uFEFF${scenarioWith('owner: 1\n').replaceAll('\n', '\r\n')}`,
    });
    expect(await project.failure()).toBe(`a.yaml:12:8: expected text, found 1
  12 | owner: 1
     |        ^
  hint: Put it in quotes: "1"

scenario-invalid: 1 problem in a.yaml`);
  });
});

test('the head of a scenario is carried into its plan, a date without quotes included', async () => {
  await using project = await createProject({
    'a.yaml': scenarioWith(`
description: |
  First line.
  Second line.
owner: payments-team
purpose: PCI-DSS 1.3.1
runbook: https://wiki.example.org/payments
reviewBy: 2027-06-30
tags: [smoke, pci]
otherwise: reachable
`),
  });
  const [plan] = await project.load();
  expect(plan?.scenario).toEqual({
    fingerprint: createHash('sha256')
      .update(await readFile(join(project.folder, 'a.yaml')))
      .digest('hex'),
    name: 'example',
    description: 'First line.\nSecond line.',
    owner: 'payments-team',
    purpose: 'PCI-DSS 1.3.1',
    runbook: 'https://wiki.example.org/payments',
    reviewBy: '2027-06-30',
    tags: ['smoke', 'pci'],
    location: { file: 'a.yaml', line: 1, column: 1 },
  });
});

test('a thousand unknown names among thousands of pods are told in little time', {
  timeout: 300_000,
}, async () => {
  const team = (index: number): string => `team-${index % 40}`;
  const lines = (count: number, line: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => `  ${line(index)}\n`).join('');
  await using project = await createProject({
    'large.yaml': `apiVersion: podreach/v1
kind: Scenario
name: large
namespaces:
${lines(40, (index) => `${team(index)}: {}`)}pods:
${lines(4000, (index) => `${team(index)}/service-${index}: { ports: [80] }`)}reachable:
${lines(1000, (index) => `- { from: ${team(index)}/servcie-${index + 4000}, to: team-0/service-0 }`)}`,
  });
  const failure = await project.failure();
  expect(failure.match(/unknown pod/g)).toHaveLength(1000);
  expect(failure.match(/hint: Did you mean "team-/g)).toHaveLength(1000);
});

describe('choosing scenarios', () => {
  const files = {
    'a.yaml': `${scenario('first')}tags: [smoke, slow]\n`,
    'b.yaml': `${scenario('second')}tags: [slow]\n`,
    'c.yaml': scenario('third'),
  };
  const paths = Object.keys(files);

  test.each([
    { options: {}, names: ['first', 'second', 'third'] },
    { options: { only: [], tags: [] }, names: ['first', 'second', 'third'] },
    { options: { only: ['third', 'first'] }, names: ['first', 'third'] },
    { options: { tags: ['slow'] }, names: ['first', 'second'] },
    { options: { tags: ['smoke', 'none'] }, names: ['first'] },
    { options: { only: ['second', 'third'], tags: ['slow'] }, names: ['second'] },
  ])('$options gives $names', async ({ options, names }) => {
    await using project = await createProject(files);
    expect((await project.load(paths, options)).map((plan) => plan.scenario.name)).toEqual(names);
  });

  test.each([
    { options: { only: ['frist'] }, message: 'no scenario is named "frist"\nhint: Did you mean "first"?' },
    {
      options: { only: ['first', 'nothing-like-it'] },
      message: 'no scenario is named "nothing-like-it"\nhint: The scenarios are: first, second, third.',
    },
    { options: { tags: ['slwo'] }, message: 'no scenario has the tag "slwo"\nhint: Did you mean "slow"?' },
    {
      options: { tags: ['x', 'y'] },
      message: 'no scenario has the tag "x" or "y"\nhint: The tags are: smoke, slow.',
    },
    {
      options: { only: ['third'], tags: ['slow'] },
      message: 'no scenario has the tag "slow"\nhint: There are no tags.',
    },
  ])('$options is wrong usage', async ({ options, message }) => {
    await using project = await createProject(files);
    expect(await project.failure(paths, options)).toBe(`usage: ${message}`);
  });

  test('a broken file is not passed over because another scenario was asked for', async () => {
    await using project = await createProject({ ...files, 'd.yaml': `${scenario('fourth')}owner: 1\n` });
    expect(await project.failure(['.'], { only: ['first'] })).toContain(
      'scenario-invalid: 1 problem in d.yaml',
    );
  });
});

test('a file that cannot be read is wrong usage', async () => {
  await using project = await createProject({});
  await symlink('/proc/self/mem', join(project.folder, 'a.yaml'));
  expect(await project.failure(['a.yaml'])).toMatch(/^usage: cannot read a\.yaml: E[A-Z]+/);
});

test('what a file says cannot control the terminal', async () => {
  await using project = await createProject({});
  await writeFile(join(project.folder, 'a.yaml'), scenarioWith('\u001B[31mowner\u202E: 1\n'));
  const failure = await project.failure(['a.yaml']);
  expect(failure).toMatch(/unknown key/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(failure).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E]/);
});
