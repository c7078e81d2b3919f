import { chmod, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fingerprintOf } from '../../../src/fingerprint.ts';
import { deployment, object, policy } from '../manifests/manifests.ts';
import { createProject, describeChecks } from '../project.ts';

const RULES = 'reachable: [{ from: shop/web, to: shop/db }]\n';

function scenario(lines: string, name = 'example'): string {
  return `apiVersion: podreach/v1\nkind: Scenario\nname: ${name}\n${lines}`;
}

function topology(lines: string): string {
  return `apiVersion: podreach/v1\nkind: Topology\n${lines}`;
}

const SHOP = topology(`namespaces: { shop: { labels: { team: shop } } }
pods:
  shop/web: { labels: { app: web } }
  shop/db: { ports: [5432] }
`);

/** What goes wrong with a scenario that includes `topology.yaml`. */
async function failureOf(
  files: Readonly<Record<string, string>>,
  lines = `include: [topology.yaml]\n${RULES}`,
): Promise<string> {
  await using project = await createProject({ 'a.yaml': scenario(lines), ...files });
  return await project.failure(['a.yaml']);
}

async function planOf(files: Readonly<Record<string, string>>, path = 'a.yaml') {
  await using project = await createProject(files);
  const [plan] = await project.load([path]);
  if (plan === undefined) throw new Error('no plan');
  return plan;
}

describe('an included topology', () => {
  test('is there as if the scenario said it', async () => {
    const plan = await planOf({
      'a.yaml': scenario(`include: [topology.yaml]\n${RULES}`),
      'topology.yaml': `${SHOP}policies:\n  - ${policy('deny', 'shop').trim().replaceAll('\n', '\n    ')}\n`,
    });
    expect(plan.namespaces).toEqual([{ name: 'shop', labels: { team: 'shop' } }]);
    expect(plan.pods.map(({ name }) => name)).toEqual(['web', 'db']);
    expect(describeChecks(plan.steps[0].checks)).toEqual(['reachable shop/web > shop/db:5432/TCP']);
    expect(plan.steps[0].policies).toMatchObject([
      { namespace: 'shop', name: 'deny', location: { file: 'topology.yaml', line: 8, column: 5 } },
    ]);
    expect(plan.included).toEqual([
      {
        location: { file: 'topology.yaml', line: 1, column: 1 },
        namespaces: [{ name: 'shop', location: { file: 'topology.yaml', line: 3, column: 15 } }],
        pods: [
          { pod: 'shop/web', location: { file: 'topology.yaml', line: 5, column: 3 } },
          { pod: 'shop/db', location: { file: 'topology.yaml', line: 6, column: 3 } },
        ],
      },
    ]);
  });

  test('adds up with what the scenario says, also of one namespace', async () => {
    const plan = await planOf({
      'a.yaml': scenario(
        `include: [topology.yaml]
namespaces: { shop: { labels: { tier: a, team: shop } }, late: { created: later } }
pods: { shop/own: {} }
policies: [own.yaml]
steps: [{ name: it comes, create: [namespace/late] }]
${RULES}`,
      ),
      'topology.yaml': SHOP.replace('namespaces: {', 'policies: [deny.yaml]\nnamespaces: { late: {},'),
      'deny.yaml': policy('deny', 'shop'),
      'own.yaml': policy('own', 'shop'),
    });
    expect(plan.namespaces).toEqual([
      { name: 'late', labels: {} },
      { name: 'shop', labels: { team: 'shop', tier: 'a' } },
    ]);
    expect(plan.steps[0].namespaces.map(({ name }) => name)).toEqual(['shop']);
    expect(plan.pods.map(({ name }) => name)).toEqual(['web', 'db', 'own']);
    expect(plan.steps[0].policies.map(({ name }) => name)).toEqual(['deny', 'own']);
  });

  test('has paths relative to its own file, and so have those that it includes', async () => {
    const plan = await planOf(
      {
        'checks/a.yaml': scenario(`include: [../shared/topology.yaml]\npolicies: [p.yaml]\n${RULES}`),
        'checks/p.yaml': policy('own', 'shop'),
        'shared/topology.yaml': topology(
          'include: [deeper/namespaces.yaml]\nmanifests: [deploy]\npolicies: ["p*.yaml"]\npods: { shop/db: { ports: [1] } }\n',
        ),
        'shared/deploy/web.yaml': deployment('web'),
        'shared/p.yaml': policy('shared'),
        'shared/deeper/namespaces.yaml': topology('namespaces: { shop: }\npolicies: [p.yaml]\n'),
        'shared/deeper/p.yaml': policy('deeper'),
      },
      'checks/a.yaml',
    );
    expect(plan.pods.map(({ name }) => name)).toEqual(['web', 'db']);
    expect(plan.steps[0].policies.map(({ name }) => name)).toEqual(['deeper', 'shared', 'own']);
    expect(plan.included?.map(({ location }) => location.file)).toEqual([
      'shared/deeper/namespaces.yaml',
      'shared/topology.yaml',
    ]);
  });

  test('counts once, whatever ways and links lead to it', async () => {
    await using project = await createProject({
      'a.yaml': scenario(`include: [left.yaml, right.yaml, ./topology.yaml]\n${RULES}`),
      'left.yaml': topology('include: [topology.yaml]\n'),
      'right.yaml': topology('include: [link.yaml, topology.yaml]\n'),
      'topology.yaml': SHOP,
    });
    await symlink('topology.yaml', join(project.folder, 'link.yaml'));
    const [plan] = await project.load(['a.yaml']);
    expect(plan?.included?.map(({ location }) => location.file)).toEqual([
      'topology.yaml',
      'left.yaml',
      'right.yaml',
    ]);
  });

  test('has workloads to which the scenario adds', async () => {
    const plan = await planOf({
      'a.yaml': scenario(
        `include: [topology.yaml]\npods: { shop/db: { ports: [5432] }, shop/job: absent }\n${RULES}`,
      ),
      'topology.yaml': topology('manifests: [deploy.yaml]\nnamespaces: { shop: }\n'),
      'deploy.yaml': ['web', 'db', 'job'].map((name) => deployment(name)).join('---\n'),
    });
    expect(plan.pods).toMatchObject([
      { name: 'web', ports: [] },
      { name: 'db', ports: [{ port: 5432 }] },
    ]);
  });

  test('is part of the fingerprint; without one, that is of the document alone', async () => {
    const text = scenario(`include: [topology.yaml]\n${RULES}`);
    const { scenario: head } = await planOf({ 'a.yaml': text, 'topology.yaml': SHOP });
    expect(head.fingerprint).toBe(fingerprintOf(`${SHOP}${text}`));
    const whole = scenario(`${SHOP.split('\n').slice(2).join('\n')}${RULES}`);
    const alone = await planOf({ 'a.yaml': whole });
    expect(alone.scenario.fingerprint).toBe(fingerprintOf(whole));
    expect(alone).not.toHaveProperty('included');
  });

  test('is read with the byte-order mark and ends of lines of Windows', async () => {
    const plan = await planOf({
      'a.yaml': scenario(`include: [topology.yaml]\n${RULES}`),
      'topology.yaml': `\uFEFF${SHOP.replaceAll('\n', '\r\n')}`,
    });
    expect(plan.pods).toHaveLength(2);
  });

  test('is relative to the working directory for a scenario from standard input', async () => {
    await using project = await createProject({ 'topology.yaml': SHOP });
    const [plan] = await project.load(['-'], {
      input: async () => scenario(`include: [topology.yaml]\n${RULES}`),
    });
    expect(plan?.pods).toHaveLength(2);
  });

  test('is passed over in a folder, beside the scenarios that include it', async () => {
    await using project = await createProject({
      'checks/a.yaml': scenario(`include: [topology.yaml]\n${RULES}`),
      'checks/b.yaml': scenario(`include: [topology.yaml]\n${RULES}`, 'other'),
      'checks/topology.yaml': SHOP,
    });
    const plans = await project.load(['checks']);
    expect(plans.map((plan) => plan.scenario.name)).toEqual(['example', 'other']);
  });
});

describe('what is wrong is said at its place', () => {
  test('a topology that is named as a scenario', async () => {
    await using project = await createProject({ 'shared/topology.yaml': SHOP });
    expect(await project.failure(['shared/topology.yaml'])).toBe(
      `shared/topology.yaml:1:1: this is no podreach scenario, but a topology that scenarios include
  1 | apiVersion: podreach/v1
    | ^
  hint: Name the scenarios: those that include it say so with "include: [topology.yaml]".

scenario-invalid: 1 problem in shared/topology.yaml`,
    );
  });

  test('one that forgets its apiVersion is still told from a scenario', async () => {
    await using project = await createProject({ 'topology.yaml': SHOP.replace(/^.*\n/, '') });
    expect(await project.failure()).toContain('this is no podreach scenario, but a topology');
  });

  test('topologies that include each other, with the way', async () => {
    expect(
      await failureOf({
        'topology.yaml': topology('include: [b/more.yaml]\n'),
        'b/more.yaml': topology('include: [last.yaml]\n'),
        'b/last.yaml': topology('include: [../topology.yaml]\n'),
      }),
    ).toBe(
      `b/last.yaml:3:11: "topology.yaml" includes itself: topology.yaml → b/more.yaml → b/last.yaml → topology.yaml
  3 | include: [../topology.yaml]
    |           ^
  hint: Take this entry out: what it names is there already.

scenario-invalid: 1 problem in b/last.yaml`,
    );
  });

  test('a topology that includes itself', async () => {
    const failure = await failureOf({ 'topology.yaml': `${SHOP}include: [topology.yaml]\n` });
    expect(failure).toContain(
      'topology.yaml:7:11: "topology.yaml" includes itself: topology.yaml → topology.yaml\n',
    );
  });

  test('a pod that two declare', async () => {
    expect(
      await failureOf(
        { 'topology.yaml': SHOP },
        `include: [topology.yaml]\npods: { shop/web: { ports: [80] } }\n${RULES}`,
      ),
    ).toBe(
      `a.yaml:5:9: the pod "shop/web" is declared twice
  5 | pods: { shop/web: { ports: [80] } }
    |         ^
  topology.yaml:5:3: first here
  5 |   shop/web: { labels: { app: web } }
    |   ^
  hint: Say all of it in one of the two files.

scenario-invalid: 1 problem in a.yaml`,
    );
  });

  test('a label of a namespace that two give different values', async () => {
    expect(
      await failureOf(
        { 'topology.yaml': SHOP },
        `include: [topology.yaml]\nnamespaces: { shop: { labels: { team: bank } } }\n${RULES}`,
      ),
    ).toBe(
      `a.yaml:5:15: the label team of the namespace "shop" is "bank" here, and "shop" elsewhere
  5 | namespaces: { shop: { labels: { team: bank } } }
    |               ^
  topology.yaml:3:15: first here
  3 | namespaces: { shop: { labels: { team: shop } } }
    |               ^
  hint: Leave it out in one of the two.

scenario-invalid: 1 problem in a.yaml`,
    );
  });

  test('a policy that two have', async () => {
    const failure = await failureOf(
      {
        'topology.yaml': `${SHOP}policies: [p.yaml]\n`,
        'p.yaml': policy('deny', 'shop'),
        'q.yaml': policy('deny', 'shop'),
      },
      `include: [topology.yaml]\npolicies: [q.yaml]\n${RULES}`,
    );
    expect(failure).toMatch(/^q\.yaml:1:1: .*\n.*\n.*\n {2}p\.yaml:1:1: first here\n/);
  });

  test.each([
    [
      'a name that is nearly right',
      'topolgy.yaml',
      'no such file: topolgy.yaml',
      'Did you mean "topology.yaml"?',
    ],
    ['a name like no other', 'zzz', 'no such file: zzz', 'Paths are relative to the scenario file.'],
    [
      'a pattern',
      '"t*.yaml"',
      'no such file: t*.yaml',
      'Name the files one by one: patterns have no meaning here.',
    ],
    ['a folder', 'sub', 'sub is a folder', 'Name its files, one by one.'],
    [
      'a scenario',
      'a.yaml',
      'a.yaml is no topology, but a scenario',
      'Move what both share into a file of its own. A topology that scenarios include begins with "apiVersion: podreach/v1" and "kind: Topology".',
    ],
    [
      'a manifest',
      'sub/web.yaml',
      'sub/web.yaml is no topology, but Deployment of apps/v1',
      'Name it under "manifests": what is included is podreach\'s own. A topology that scenarios include begins with "apiVersion: podreach/v1" and "kind: Topology".',
    ],
    [
      'a list of known issues',
      'known.yaml',
      'known.yaml is no topology, but a list of known issues',
      'Name its file with --known-issues.',
    ],
    [
      'an empty file',
      'empty.yaml',
      'empty.yaml is empty',
      'A topology that scenarios include begins with "apiVersion: podreach/v1" and "kind: Topology".',
    ],
  ])('an entry that is %s', async (_, entry, message, hint) => {
    const failure = await failureOf(
      {
        'topology.yaml': SHOP,
        'sub/web.yaml': deployment('web'),
        'known.yaml': 'apiVersion: podreach/v1\nkind: KnownIssues\nknownIssues: []\n',
        'empty.yaml': '# nothing\n',
      },
      `include: [topology.yaml, ${entry}]\n${RULES}`,
    );
    expect(failure).toContain(`a.yaml:4:26: ${message}\n`);
    expect(failure).toContain(`\n  hint: ${hint}\n`);
    expect(failure).toMatch(/scenario-invalid: 1 problem in a\.yaml$/);
  });

  test.each([
    ['an empty list', 'include: []', 'a.yaml:4:10: this list is empty\n'],
    ['no list', 'include: topology.yaml', 'hint: Write it as a list: [topology.yaml]\n'],
    [
      'something else than paths',
      'include: [{ path: topology.yaml }]',
      'a.yaml:4:11: expected text, found a mapping\n',
    ],
    ['a misspelt key', 'includes: [topology.yaml]', 'hint: Did you mean "include"?\n'],
  ])('%s', async (_, line, message) => {
    const failure = await failureOf({ 'topology.yaml': SHOP }, `${line}\n${RULES}`);
    expect(failure).toContain(message);
    expect(failure).toMatch(/scenario-invalid: 1 problem in a\.yaml$/);
  });

  test.each([
    ['an unknown key', `${SHOP}polices: []\n`, 'topology.yaml:7:1: unknown key "polices"\n', '"policies"'],
    [
      'an unknown key further in',
      topology('pods: { shop/web: { lables: {} } }\n'),
      'topology.yaml:3:21: unknown key "lables"\n',
      '"labels"',
    ],
    [
      'a key of scenarios',
      `${SHOP}otherwise: reachable\n`,
      'topology.yaml:7:1: "otherwise" is for scenarios: a topology says only what there is\n',
      'Move it to the scenarios that include this file.',
    ],
    ['no head', 'namespaces: { shop: }\n', 'the key "kind" is missing\n', '"kind: Topology"'],
    [
      'another spelling of its kind',
      SHOP.replace('Topology', 'topology'),
      'found "topology"\n',
      '"Topology"',
    ],
    ['YAML that is none', `${SHOP}policies: [\n`, 'topology.yaml:', 'bracket'],
    [
      'a key that is there twice',
      `${SHOP}pods: {}\n`,
      'topology.yaml:7:1: the key "pods" is there twice\n',
      '',
    ],
    ['a second document', `${SHOP}---\n${SHOP}`, 'topology.yaml:8:1: a topology is', 'include both'],
    [
      'a missing file of its own',
      `${SHOP}policies: [zzz]\n`,
      'topology.yaml:7:12: no such policy file or folder: zzz\n',
      'Paths of policies are relative to the topology file.',
    ],
  ])('%s in a topology, once for all that include it', async (_, text, message, hint) => {
    await using project = await createProject({
      'a.yaml': scenario(`include: [topology.yaml]\n${RULES}`),
      'b.yaml': scenario(`include: [topology.yaml]\n${RULES}`, 'other'),
      'topology.yaml': text,
    });
    const failure = await project.failure(['a.yaml', 'b.yaml']);
    expect(failure).toContain(message);
    expect(failure).toContain(hint);
    expect(failure).toMatch(/problems? in topology\.yaml$/);
    expect(failure.split(message)).toHaveLength(2);
  });

  test('a file that nobody may read', async (context) => {
    await using project = await createProject({
      'a.yaml': scenario(`include: [topology.yaml]\n${RULES}`),
      'topology.yaml': SHOP,
    });
    if (process.getuid?.() === 0) context.skip('root may read everything');
    await chmod(join(project.folder, 'topology.yaml'), 0);
    expect(await project.failure(['a.yaml'])).toContain('a.yaml:4:11: cannot read topology.yaml: ');
  });

  test('nothing declared anywhere', async () => {
    const failure = await failureOf({ 'topology.yaml': topology('namespaces: { shop: }\n') });
    expect(failure).toContain('a.yaml:1:1: the key "pods" is missing\n');
    expect(failure).toContain('scenario-invalid: 1 problem in a.yaml');
  });

  test('a rule about a pod of a topology, with what was meant', async () => {
    const failure = await failureOf(
      { 'topology.yaml': SHOP },
      'include: [topology.yaml]\nreachable: [{ from: shop/wbe, to: shop/db }, { from: web, to: shop/db }]\n',
    );
    expect(failure).toContain('hint: Did you mean "shop/web"?\n');
    expect(failure).toContain('hint: Write it with its namespace, such as "shop/web".\n');
  });

  test('a namespace of a manifest that no file declares', async () => {
    const failure = await failureOf({
      'topology.yaml': `${SHOP}manifests: [d]\n`,
      'd/web.yaml': `${deployment('web2', 'shopp')}---\n${object('v1', 'ConfigMap', 'c')}`,
    });
    expect(failure).toContain('d/web.yaml:3:36: the scenario does not declare the namespace "shopp"\n');
    expect(failure).toContain('hint: Did you mean "shop"?\n');
  });
});
