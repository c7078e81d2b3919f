import { describe, expect, test } from 'vitest';
import { describeConnection } from '../../src/pair.ts';
import { reviewExpiry, reviewPlan } from '../../src/policy/review.ts';
import type { Plan } from '../../src/scenario/scenario.ts';
import { createProject, scenarioWith } from './project.ts';

const RULES = `
reachable:
  - { from: shop/web, to: "shop/api:8080" }
unreachable:
  - { from: shop/web, to: shop/db }
  - { from: ops/prometheus, to: shop/db }
`;

const HEAD = 'apiVersion: podreach/v1\nkind: KnownIssues\n';

/** An entry, its parts replaced. */
function entry(parts: Readonly<Record<string, string>> = {}): string {
  const all = {
    from: 'shop/web',
    to: '"shop/db:5432"',
    is: 'leaked',
    reason: 'the plugin forgets it',
    owner: 'network-team',
    expires: '2027-01-31',
    ...parts,
  };
  const pairs = Object.entries(all).filter(([, value]) => value !== '');
  return `  - { ${pairs.map(([key, value]) => `${key}: ${value}`).join(', ')} }\n`;
}

function scenario(...entries: readonly string[]): string {
  return scenarioWith(`${RULES}knownIssues:\n${entries.join('')}`);
}

/** Of each step, which pairs have which known issues. */
function known(plan: Plan | undefined): readonly (readonly string[])[] {
  return (plan?.steps ?? []).map(({ checks }) =>
    checks.flatMap((check) =>
      check.knownIssues === undefined ? [] : [`${describeConnection(check)}: ${check.knownIssues.join()}`],
    ),
  );
}

async function planOf(text: string): Promise<Plan | undefined> {
  await using project = await createProject({ 'a.yaml': text });
  return (await project.load())[0];
}

async function failureOf(text: string): Promise<string> {
  await using project = await createProject({ 'a.yaml': text });
  return await project.failure();
}

describe('a known issue', () => {
  test('is tied to the checks that it speaks of', async () => {
    const plan = await planOf(scenario(entry({ link: 'https://issues.example.org/NET-412' })));
    expect(known(plan)).toEqual([['shop/web → shop/db:5432/TCP: 0']]);
    expect(plan?.knownIssues).toEqual([
      {
        is: 'leaked',
        reason: 'the plugin forgets it',
        owner: 'network-team',
        expires: '2027-01-31',
        link: 'https://issues.example.org/NET-412',
        location: { file: 'a.yaml', line: 18, column: 5 },
        checks: 1,
      },
    ]);
  });

  test.each([
    [
      'selectors, as rules have them',
      { from: '{ podSelector: {} }', to: 'shop/db' },
      [
        'shop/web → shop/db:5432/TCP: 0',
        'shop/web → shop/db:5432/UDP: 0',
        'ops/prometheus → shop/db:5432/TCP: 0',
        'ops/prometheus → shop/db:5432/UDP: 0',
      ],
    ],
    [
      'lists of ends',
      { from: '[shop/web, ops/*]', to: '["shop/db:5432/UDP"]' },
      ['shop/web → shop/db:5432/UDP: 0', 'ops/prometheus → shop/db:5432/UDP: 0'],
    ],
    [
      'only what can come to it',
      { from: '"*"', to: '"*"', is: 'broken' },
      ['shop/web → shop/api:8080/TCP: 0'],
    ],
    [
      'whatever may flap',
      { from: 'shop/web', to: '"*"', is: 'flapping' },
      ['shop/web → shop/api:8080/TCP: 0', 'shop/web → shop/db:5432/TCP: 0', 'shop/web → shop/db:5432/UDP: 0'],
    ],
  ])('takes %s', async (_, parts, expected) => {
    expect(known(await planOf(scenario(entry(parts))))).toEqual([expected]);
  });

  test('may be one of several of a check, in different directions', async () => {
    const plan = await planOf(scenario(entry(), entry({ is: 'flapping' })));
    expect(known(plan)).toEqual([['shop/web → shop/db:5432/TCP: 0,1']]);
  });

  test('leaves all other checks as they are', async () => {
    const bare = await planOf(scenarioWith(RULES));
    const plan = await planOf(scenario(entry()));
    expect(bare?.knownIssues).toBeUndefined();
    expect(plan?.steps[0].checks.map(({ knownIssues: _, ...check }) => check)).toEqual(bare?.steps[0].checks);
  });
});

const STEPS = `${RULES}steps:
  - name: let in
    label: { ops/prometheus: { app: web } }
    reachable: [{ from: ops/prometheus, to: "shop/db:5432" }]
    within: 5s
  - name: shut again
    label: { ops/prometheus: { app: null } }
    unreachable: [{ from: ops/prometheus, to: "shop/db:5432" }]
`;

describe('in a scenario with steps, a known issue', () => {
  const inSteps = (...entries: readonly string[]): string =>
    scenarioWith(`${STEPS}knownIssues:\n${entries.join('')}`);
  const leak = { from: 'ops/prometheus' };
  const pair = 'ops/prometheus → shop/db:5432/TCP: 0';

  test.each([
    ['holds in every step in which it can be', leak, [[pair], [], [pair]]],
    ['may be about one of them', { ...leak, step: 'shut again' }, [[], [], [pair]]],
    ['may be about the first', { ...leak, step: 'first step' }, [[pair], [], []]],
    ['can be late where a step has a budget', { ...leak, is: 'late' }, [[], [pair], []]],
    [
      'selects by the labels of each step',
      { from: '{ podSelector: { matchLabels: { app: web } } }', is: 'broken' },
      [[], [pair], []],
    ],
  ])('%s', async (_, parts, expected) => {
    expect(known(await planOf(inSteps(entry(parts))))).toEqual(expected);
  });

  test('counts its checks over all steps, also where only some are chosen', async () => {
    await using project = await createProject({ 'a.yaml': inSteps(entry({ from: '"*"' })) });
    const [plan] = await project.load(['a.yaml'], { checks: ['ops/prometheus -> shop/db:5432'] });
    expect(plan?.knownIssues?.map(({ checks }) => checks)).toEqual([5]);
    expect(known(plan)).toEqual([[pair], [], [pair]]);
  });

  test('names a step that there is', async () => {
    expect(await failureOf(inSteps(entry({ ...leak, step: 'shut agian' })))).toContain(
      'unknown step "shut agian"\n',
    );
    expect(await failureOf(inSteps(entry({ ...leak, step: 'shut agian' })))).toContain(
      'Did you mean "shut again"?',
    );
  });
});

describe('mistakes in known issues', () => {
  test.each([
    ['no owner', scenario(entry({ owner: '' })), 'a.yaml:18:5: the key "owner" is missing'],
    ['no reason', scenario(entry({ reason: '' })), 'a.yaml:18:5: the key "reason" is missing'],
    ['no expiry', scenario(entry({ expires: '' })), 'a.yaml:18:5: the key "expires" is missing'],
    [
      'no date',
      scenario(entry({ expires: 'soon' })),
      '"soon" is not a date: write year-month-day, such as 2027-06-30',
    ],
    [
      'a word for a verdict',
      scenario(entry({ is: 'leak' })),
      'expected "leaked" or "broken" or "flapping" or "late", found "leak"',
      'hint: Did you mean "leaked"?',
    ],
    ['a slip in a verdict', scenario(entry({ is: 'brokn' })), 'hint: Did you mean "broken"?'],
    [
      'what is inconclusive is never known',
      scenario(entry({ is: 'inconclusive' })),
      'expected "leaked" or "broken" or "flapping" or "late", found "inconclusive"',
    ],
    [
      'a pod that there is not',
      scenario(entry({ from: 'shop/wbe' })),
      'a.yaml:18:13: unknown pod "shop/wbe"',
      'hint: Did you mean "shop/web"?',
    ],
    [
      'a pod without its namespace',
      scenario(entry({ from: 'web' })),
      'hint: Write it with its namespace: "shop/web".',
    ],
    [
      'a port that nobody listens on',
      scenario(entry({ to: '"shop/db:5433"' })),
      'shop/db does not listen on port 5433/TCP',
      'hint: Did you mean "5432/TCP"?',
    ],
    [
      'a pair that is not tested',
      scenario(entry({ from: 'shop/api' })),
      'a.yaml:18:5: this known issue speaks of no check: nothing is expected of these pairs',
    ],
    [
      'a leak of what is to be reachable',
      scenario(entry({ to: '"shop/api:8080"' })),
      'no check of this known issue can be leaked: it is expected to be reachable',
      'hint: Did you mean "broken"?',
    ],
    [
      'late without a budget',
      scenario(entry({ is: 'late' })),
      'no check of this known issue can be late: its steps have no budget',
    ],
    [
      'one check twice in one direction',
      scenario(entry(), entry({ to: 'shop/db' })),
      'a.yaml:19:5: shop/web → shop/db:5432/TCP is listed as leaked twice',
      'a.yaml:18:5: first here',
      'hint: Take it out of one of the two entries.',
    ],
    ['a key that is none', scenario(entry({ until: '2027-01-31' })), 'unknown key "until"'],
  ])('%s', async (_, text, ...words) => {
    const failure = await failureOf(text);
    for (const word of words) expect(failure).toContain(word);
  });
});

describe('a list of known issues in a file of its own', () => {
  const load = async (
    list: string,
    options: { readonly scenarios?: string; readonly only?: readonly string[] } = {},
  ): Promise<{ readonly plans?: readonly Plan[]; readonly failure?: string }> => {
    await using project = await createProject({
      'a.yaml': options.scenarios ?? scenarioWith(RULES),
      'known.yaml': list,
    });
    const given = { knownIssues: ['known.yaml'], only: options.only };
    try {
      return { plans: await project.load(['a.yaml'], given) };
    } catch {
      return { failure: await project.failure(['a.yaml'], given) };
    }
  };
  const warningsOf = (plans: readonly Plan[] | undefined): string[] =>
    (plans ?? []).flatMap((plan) =>
      reviewPlan(plan)
        .filter(({ code }) => code === 'idle-known-issue')
        .map(({ location: { file, line }, message, advice }) => `${file}:${line}: ${message}; ${advice}`),
    );
  const both = `${scenarioWith(RULES)}---\n${scenarioWith(RULES).replace('name: example', 'name: other')}`;

  test('is about every scenario', async () => {
    const { plans } = await load(`${HEAD}knownIssues:\n${entry()}`, { scenarios: both });
    expect(plans?.map(known)).toEqual([
      [['shop/web → shop/db:5432/TCP: 0']],
      [['shop/web → shop/db:5432/TCP: 0']],
    ]);
    expect(plans?.[0]?.knownIssues?.[0]?.location).toEqual({ file: 'known.yaml', line: 4, column: 5 });
  });

  test('or about those that it names', async () => {
    const { plans } = await load(`${HEAD}scenarios: [other]\nknownIssues:\n${entry()}`, { scenarios: both });
    expect(plans?.map(known)).toEqual([[[]], [['shop/web → shop/db:5432/TCP: 0']]]);
  });

  test('stands beside those of the scenario, which may not say the same', async () => {
    const list = `${HEAD}knownIssues:\n${entry({ is: 'flapping' })}`;
    const { plans } = await load(list, { scenarios: scenario(entry()) });
    expect(plans?.map(known)).toEqual([[['shop/web → shop/db:5432/TCP: 0,1']]]);
    const { failure } = await load(`${HEAD}knownIssues:\n${entry()}`, { scenarios: scenario(entry()) });
    expect(failure).toContain('known.yaml:4:5: shop/web → shop/db:5432/TCP is listed as leaked twice');
  });

  test('that names a scenario makes a mistake where an entry speaks of none of its checks', async () => {
    const { failure } = await load(
      `${HEAD}scenarios: [example]\nknownIssues:\n${entry({ from: 'shop/wbe' })}`,
    );
    expect(failure).toContain('known.yaml:5:13: unknown pod "shop/wbe"');
  });

  test('that names none may be about others than were loaded: that is told', async () => {
    const { plans } = await load(`${HEAD}knownIssues:\n${entry({ from: 'shop/wbe' })}${entry()}`);
    expect(plans?.map(known)).toEqual([[['shop/web → shop/db:5432/TCP: 0']]]);
    expect(warningsOf(plans)).toEqual([
      'known.yaml:4: unknown pod "shop/wbe": this known issue speaks of no check of the scenarios that were loaded; Did you mean "shop/web"?',
    ]);
  });

  test('may name scenarios that were not loaded: that is told', async () => {
    const { plans } = await load(`${HEAD}scenarios: [exmaple]\nknownIssues:\n${entry()}`);
    expect(warningsOf(plans)).toEqual([
      'known.yaml:3: no scenario that was loaded is named "exmaple": these known issues are about none; Did you mean "example"?',
    ]);
  });

  test.each([
    ['is a scenario', scenarioWith(RULES), 'this is a scenario, and no list of known issues'],
    ['is empty', '', 'known.yaml:1:1: this file is empty'],
    ['has no head', `knownIssues:\n${entry()}`, 'kind: KnownIssues'],
    ['has a slip', `${HEAD}knownIssues:\n${entry({ owner: '' })}`, 'the key "owner" is missing'],
  ])('that %s is a mistake', async (_, text, words) => {
    expect((await load(text)).failure).toContain(words);
  });

  test('must be there', async () => {
    await using project = await createProject({ 'a.yaml': scenarioWith(RULES), 'sub/b.yaml': '' });
    expect(await project.failure(['a.yaml'], { knownIssues: ['nown.yaml'] })).toContain(
      'usage: --known-issues nown.yaml: no such file',
    );
    expect(await project.failure(['a.yaml'], { knownIssues: ['sub'] })).toContain(
      'usage: --known-issues sub is a folder',
    );
  });

  test('is passed over among scenarios, and refused in the place of one', async () => {
    await using project = await createProject({
      'checks/a.yaml': scenarioWith(RULES),
      'checks/known.yaml': `${HEAD}knownIssues:\n${entry()}`,
    });
    expect((await project.load(['checks'])).map(known)).toEqual([[[]]]);
    expect(await project.failure(['checks/known.yaml'])).toContain('Name its file with --known-issues.');
  });
});

test.each([
  ['2027-01-31', []],
  [
    '2027-02-01',
    [
      'a.yaml:18: this known issue expired on 2027-01-31: a check that is leaked fails the run again (owner: network-team)',
    ],
  ],
])('a known issue counts until the end of its day: on %s', async (day, expected) => {
  const plan = await planOf(scenario(entry()));
  const told = plan && reviewExpiry(plan, day);
  expect(told?.map(({ location: { file, line }, message }) => `${file}:${line}: ${message}`)).toEqual(
    expected,
  );
});
