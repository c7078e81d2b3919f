import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { runRecordSchema } from '../../../../src/record/schema.ts';
import { buildAudit } from '../../../../src/report/formats/audit/audit.ts';
import { renderAudit } from '../../../../src/report/formats/audit/markdown.ts';
import { plainText } from '../../../../src/report/formats/audit/phrase.ts';
import { viewOf } from '../../../../src/report/view/run.ts';
import {
  attempts,
  buildRecord,
  buildScenario,
  calmScenario,
  changedChecks,
  everyVerdict,
  meshScenario,
} from '../../fixture.ts';
import { environmentFailure, interruptedRun, provisioningFailure } from '../../records.ts';

test('tells a run to people who read no YAML', async () => {
  await expect(renderAudit(viewOf(runRecordSchema.parse(everyVerdict())))).toMatchFileSnapshot(
    '../../golden/every-verdict.audit.md',
  );
});

test.each([
  [
    'an environment that failed',
    environmentFailure(),
    'The run could not go on: the sandbox needs nft, which is not installed. 0 of 1 scenario finished; nothing is proven about the rest. What to do next: Install the package nftables: apt-get install nftables',
  ],
  [
    'an interruption',
    interruptedRun(),
    'The run was interrupted by SIGINT. 1 of 2 scenarios finished; nothing is proven about the rest.',
  ],
  [
    'an end that nobody saw',
    buildRecord([calmScenario('done')], { incomplete: true }),
    'The run did not come to its own end. 1 of 1 scenario finished; nothing is proven about the rest.',
  ],
])('warns of %s before anything else', (_, record, caution) => {
  expect(buildAudit(viewOf(record)).cautions.map(plainText)[0]).toBe(caution);
});

test('says that a sandbox is no cluster', () => {
  const cautionsOn = (cluster: string) =>
    buildAudit(viewOf(buildRecord([calmScenario('done')], {}, { cluster }))).cautions.length;
  expect([cautionsOn('sandbox'), cautionsOn('context')]).toEqual([1, 0]);
});

test('warns of what something else cuts and of nodes without the policies, and marks what the scenario says that others cut', () => {
  const { cautions, scenarios } = buildAudit(viewOf(everyVerdict()));
  expect(cautions.map(plainText)).toEqual([
    'About the cluster: 1 Calico GlobalNetworkPolicy object (baseline) may decide over the policies of the scenarios.',
    'In scenario three-tier, 1 connection is blocked as stated, but not by its policies, which let it through. That is not proven: nobody has said what blocks it, and it may be gone tomorrow. Whoever maintains the scenario has to find out; if it is meant, the scenario can name it.',
    'In scenario three-tier, node node-3 did not take up the policies within the time. Nothing that was seen there is about these policies, and it is counted as not proven.',
  ]);
  expect(
    scenarios
      .flatMap(({ steps }) => steps.flatMap(({ statements }) => statements))
      .flatMap(({ sentence, reservation }) =>
        reservation === undefined ? [] : [[plainText(sentence), plainText(reservation)]],
      ),
  ).toEqual([
    [
      'Pods of db in shop cannot reach web on TCP 80 (http).',
      'That pods of db in shop cannot is not the doing of these policies: the scenario says that something else cuts it (the firewall between the zones keeps the database from talking to the front). What cuts it was not tested.',
    ],
  ]);
});

test('says what was let through by something else, once for a scenario and with its statement', () => {
  const scenario = calmScenario('odd');
  const steps = changedChecks(scenario, (check) =>
    check.expected === 'reachable'
      ? { ...check, predicted: { verdict: 'denied' as const, grounds: 0 }, disagreement: 'outside' as const }
      : check,
  );
  const audit = buildAudit(viewOf(buildRecord([{ ...scenario, steps }], {}, { cluster: 'kind' })));
  expect(audit.cautions.map(plainText)).toEqual([
    'In scenario odd, 1 connection is possible as stated, but not because of its policies, which do not let it through: something else decides, such as a policy of the whole cluster. The statements concerned say so.',
  ]);
  expect(audit.scenarios[0]?.steps[0]?.statements[1]?.reservation).toBeDefined();
});

test('says when the policies were in force, on which nodes they were not, and that they were left in place', () => {
  const entriesOf = (overrides: Parameters<typeof calmScenario>[1]) =>
    buildAudit(viewOf(buildRecord([calmScenario('done', overrides)]))).scenarios.flatMap(({ entries }) =>
      entries.flatMap(({ label, text }) =>
        label === 'Policies in force' || label === 'Last step of the test' ? [plainText(text)] : [],
      ),
    );
  expect(entriesOf({})).toEqual(['node-1 after 41 ms, node-2 after 55 ms']);
  expect(entriesOf({ force: [{ node: 'node-1' }], closingControl: 'left-out' })).toEqual([
    'node-1 not within the time',
    'closing control left out: the run keeps its policies (--keep). What was cut off was not tried again without them, so anything else that began to cut it during the run would not have been noticed',
  ]);
});

test('says of a scenario that was cut short why', () => {
  const [, failed] = buildAudit(viewOf(provisioningFailure())).scenarios;
  expect(failed?.caution && plainText(failed.caution)).toBe(
    'podreach could not go on with this scenario: pod shop/db did not become ready within 60 s: ErrImagePull. What to do next: Look at the events of the pod.',
  );
});

describe('what was not tested', () => {
  const nothing = 'Nothing was left out: every pair of test pods was tested on every port.';
  const untried = 'Of the pairs above, 2 of 2: not tried with the policies in force, or not to the end.';
  const tried = (number: number): string =>
    `${number} of 2 possible pairs were tried with the policies in force.`;
  test.each([
    ['a run that came to its end', buildRecord([calmScenario('done')]), [tried(2), nothing]],
    ['an environment that failed', environmentFailure(), [tried(0), untried]],
    ['pods that did not start', provisioningFailure(), [tried(2), nothing, tried(0), untried]],
    ['an interruption', interruptedRun(), [tried(2), nothing, tried(0), untried]],
    [
      'a scenario that was stopped behind its last check',
      buildRecord([calmScenario('cut', { status: 'failed' })]),
      [tried(2), 'Not known: this scenario did not come to its end.'],
    ],
    [
      'a scenario without checks',
      buildRecord([buildScenario('empty', { pods: { 'shop/web': [] }, checks: [] })]),
      ['No pair is possible.', 'Everything: this scenario holds no checks.'],
    ],
  ])('is told for %s', (_, record, expected) => {
    const told = buildAudit(viewOf(record)).scenarios.flatMap(({ untested }) => untested.map(plainText));
    expect(told).toEqual(expected);
  });

  test('holds pairs that had nothing to block', () => {
    const [, scenario] = buildAudit(viewOf(everyVerdict())).scenarios;
    expect(scenario?.untested.slice(0, 2).map(plainText)).toEqual([
      '10 of 24 possible pairs were tried with the policies in force.',
      'Of the pairs above, 3 of 13: not tried with the policies in force, or not to the end.',
    ]);
  });
});

test('a connection of a pod to itself is no limit where one was tested', () => {
  const limitsOf = (from: string) =>
    buildAudit(
      viewOf(
        buildRecord([
          buildScenario('own', { pods: { 'shop/web': [80] }, checks: [{ from, to: 'shop/web', port: 80 }] }),
        ]),
      ),
    )
      .limits.map(plainText)
      .filter((text) => text.includes('to itself'));
  expect(limitsOf('shop/db')).toEqual(["A pod's connections to itself, which policies never block."]);
  expect(limitsOf('shop/web')).toEqual([]);
});

test('sums up its statements', () => {
  const summaryOf = (...scenarios: Parameters<typeof buildRecord>[0]) =>
    plainText(buildAudit(viewOf(buildRecord(scenarios))).summary);
  expect(summaryOf()).toBe('Nothing was stated about who can reach whom.');
  expect(summaryOf(calmScenario('done'))).toBe('2 statements about who can reach whom, all confirmed.');
  expect(summaryOf(...everyVerdict().scenarios)).toBe(
    '10 statements about who can reach whom: 5 confirmed, 3 contradicted and 2 not proven.',
  );
});

test('its numbers add up, over statements, incidents and connections', () => {
  const leaks = meshScenario(4, (_, to) =>
    to === 1 ? { expected: 'unreachable', verdict: 'leaked' } : to === 2 ? { verdict: 'inconclusive' } : {},
  );
  const { summary, tally, incidents } = buildAudit(viewOf(buildRecord([leaks])));
  expect([summary, ...tally].map(plainText)).toEqual([
    '4 statements about who can reach whom: 2 confirmed, 1 contradicted and 1 not proven.',
    'All in all 12 connections were stated: 6 came out as stated; 3 came out otherwise (told below as 1 incident); 3 are not proven.',
    '12 of 12 possible pairs were tried with the policies in force.',
    'A pair is a test pod, and a port of another one.',
  ]);
  expect(incidents.map(({ connections }) => connections.map(({ pair }) => pair))).toEqual([
    [0, 2, 3].map((from) => `team-${from}/service-${from} → team-1/service-1:8080/TCP`),
  ]);
});

test('says of a part of the checks that it is one', () => {
  const cautionsOf = (declaredChecks: number): readonly string[] =>
    buildAudit(
      viewOf(buildRecord([calmScenario('part', { declaredChecks })], {}, { cluster: 'kind' })),
    ).cautions.map(plainText);
  expect(cautionsOf(14)).toEqual([
    'In scenario part, only 2 of 14 connections were chosen for this run. Nothing is said about the others.',
  ]);
  expect(cautionsOf(2)).toEqual([]);
});

test('says who started it, from which commit, and what exactly was read', () => {
  const told = (run: Parameters<typeof buildRecord>[1], fingerprint?: string) => {
    const scenario = calmScenario('done', fingerprint === undefined ? {} : { fingerprint });
    const { circumstances, scenarios } = buildAudit(viewOf(buildRecord([scenario], run)));
    return [...circumstances, ...scenarios.flatMap(({ entries }) => entries)].flatMap(({ label, text }) =>
      ['Started by', 'From commit', 'Fingerprint'].includes(label) ? [`${label}: ${plainText(text)}`] : [],
    );
  };
  expect(told({})).toEqual(['Started by: not recorded', 'From commit: not recorded']);
  expect(told({ by: 'mia@ci-7', commit: '0a1b2c+changes' }, 'f00d')).toEqual([
    'Started by: mia@ci-7',
    'From commit: 0a1b2c, with changes that are not in it',
    'Fingerprint: SHA-256 f00d',
  ]);
  expect(told({ commit: '0a1b2c' })[1]).toBe('From commit: 0a1b2c');
});

test('has room to sign, and the policies as they were applied', () => {
  const record = buildRecord([calmScenario('done')]);
  expect(renderAudit(viewOf(record))).toMatch(
    /\n## Signatures\n\n\| {2}\| Name \| Date \| Signature \|\n.*\n\| Tested by \| {2}\| {2}\| {2}\|\n/,
  );
  const [policy] = buildAudit(viewOf(record)).scenarios[0]?.policies ?? [];
  expect(policy?.text.join('\n')).toBe(record.scenarios[0]?.policies[0]?.text.trimEnd());
});

test('marks a review that was overdue on the day of the run, by no clock', () => {
  const reviews = buildAudit(
    viewOf(
      buildRecord([
        calmScenario('late', { reviewBy: '2026-11-19' }),
        calmScenario('due', { reviewBy: '2026-11-20' }),
        calmScenario('free'),
      ]),
    ),
  ).scenarios.map(({ entries }) =>
    entries.filter(({ label }) => label === 'To be reviewed by').map(({ text }) => plainText(text)),
  );
  expect(reviews).toEqual([['2026-11-19: OVERDUE on the day of the run'], ['2026-11-20'], ['no day is set']]);
});

test('gives the fingerprint of a policy as it was applied, line breaks and all', () => {
  const text = 'kind: NetworkPolicy\r\nspec:\n  podSelector: {}\n';
  const scenario = calmScenario('done');
  const policies = scenario.policies.map((policy) => ({ ...policy, text }));
  const [audited] = buildAudit(viewOf(buildRecord([{ ...scenario, policies }]))).scenarios;
  expect(audited?.policies).toMatchObject([
    { key: 'shop/deny-all', fingerprint: createHash('sha256').update(text).digest('hex') },
  ]);
});

describe('an incident', () => {
  const incidentOf = (
    overrides: Parameters<typeof meshScenario>[1],
    environment: Parameters<typeof buildRecord>[2] = {},
  ) => {
    const [incident] = buildAudit(
      viewOf(buildRecord([meshScenario(3, overrides)], {}, environment)),
    ).incidents;
    return incident?.firstChecks.map(plainText) ?? [];
  };
  const policies = { egress: ['team-0/out'], ingress: ['team-1/in', 'team-1/more'] };
  const only = (from: number, to: number) => from === 0 && to === 1;

  test('without any policy on a leak asks whether there is one that should match', () => {
    expect(
      incidentOf((from, to) =>
        only(from, to)
          ? { expected: 'unreachable', verdict: 'leaked', isolatedBy: { egress: [], ingress: [] } }
          : {},
      )[0],
    ).toBe(
      "None of the scenario's policies restricts this connection at either end. Is there a policy in the namespace team-1 that is meant to restrict it? Then its selector has to match the labels of service-1 in team-1 (app=service-1), and the scenario has to list it.",
    );
  });

  test('of one cause is one, however many connections it has, and names each of them', () => {
    const allowed = { verdict: 'allowed', grounds: 0 } as const;
    const leak = {
      expected: 'unreachable',
      verdict: 'leaked',
      disagreement: 'policy',
      predicted: allowed,
    } as const;
    const scenario = meshScenario(4, (from, to) =>
      from === 0
        ? leak
        : to === 0
          ? { ...leak, predicted: { verdict: 'allowed', grounds: 1 } }
          : from === 1 && to === 2
            ? { verdict: 'broken', predicted: { verdict: 'denied', grounds: 1 }, disagreement: 'policy' }
            : {},
    );
    const grounds = ['one', 'other'].map((policy) => [
      { direction: 'ingress' as const, policy: `team/${policy}` },
    ]);
    const record = buildRecord([{ ...scenario, grounds }]);
    const { incidents } = buildAudit(viewOf(record));
    expect(
      incidents.map(({ title, connections }) => [plainText(title), connections.map(({ pair }) => pair)]),
    ).toEqual([
      [
        '3 connections from service-0 in team-0 were possible although they must not be',
        [1, 2, 3].map((to) => `team-0/service-0 → team-${to}/service-${to}:8080/TCP`),
      ],
      [
        '3 connections to service-0 in team-0 on TCP 8080 were possible although they must not be',
        [1, 2, 3].map((from) => `team-${from}/service-${from} → team-0/service-0:8080/TCP`),
      ],
      [
        'service-1 in team-1 could not reach service-2 in team-2 on TCP 8080 although it must',
        ['team-1/service-1 → team-2/service-2:8080/TCP'],
      ],
    ]);
    expect(incidents[0]?.meaning.map(plainText)).toEqual([
      'Connections that must be impossible were made. Whoever controls one of the pods that connected can talk to the other one.',
      'What follows is told of the first of them, service-0 in team-0 to service-1 in team-1 on TCP 8080; the others have the same cause.',
    ]);
    expect(renderAudit(viewOf(record))).toMatch(
      /\nAll 3 connections:\n\n- `team-0\/service-0 → team-1\/service-1:8080\/TCP`: .*, stated in `scenarios\/mesh\.yaml:20`\n- /,
    );
    // What no policy decides about has a cause of its own at each destination.
    expect(
      buildAudit(viewOf(buildRecord([scenario]))).incidents.map(({ connections }) => connections.length),
    ).toEqual([1, 1, 1, 3, 1]);
  });

  test('with policies on a leak asks which of them admits it, then whether they are enforced', () => {
    expect(
      incidentOf((from, to) =>
        only(from, to) ? { expected: 'unreachable', verdict: 'leaked', isolatedBy: policies } : {},
      ),
    ).toEqual([
      'The connection is restricted by team-1/in and team-1/more for what comes in to service-1 in team-1 and team-0/out for what goes out of service-0 in team-0. Does one of them let it through? Policies are described in plain language below.',
      'If not, the network plugin may not enforce what they say: have its state looked at on nodes node-1 and node-2.',
      'On the sandbox there are no other policies.',
      'Have somebody who works with the cluster make the connection again: the last of the facts below is the command. It starts the test pods anew, tries this connection alone, and leaves all in place to look at.',
    ]);
  });

  test.each([
    [
      'a policy of the whole cluster that the run found',
      { warnings: ['1 Calico GlobalNetworkPolicy object (baseline) may decide'] },
      'Does something else decide here? The run noted about the cluster: 1 Calico GlobalNetworkPolicy object (baseline) may decide.',
    ],
    [
      'none that the run found',
      { warnings: [] },
      'No policy of the whole cluster is known to decide here: the run looked for the kinds that podreach knows, and found none.',
    ],
    ['none on a sandbox', { cluster: 'sandbox' }, 'On the sandbox there are no other policies.'],
  ])('of a broken connection that the scenario does not restrict points to %s', (_, environment, others) => {
    const checks = incidentOf(
      (from, to) => (only(from, to) ? { verdict: 'broken', isolatedBy: { egress: [], ingress: [] } } : {}),
      { cluster: 'kind', ...environment },
    );
    expect(checks.slice(0, 2)).toEqual([
      `None of the scenario's policies restricts this connection at either end. ${others}`,
      'Have the network plugin and firewalls looked at on nodes node-1 and node-2.',
    ]);
  });

  test.each([
    [
      'leaked',
      'unreachable',
      'What service-0 in team-0 sent arrived at service-1 in team-1 on TCP 8080 although it must not',
      'A connection that must be impossible is open in one direction. Whoever controls service-0 in team-0 can send data to service-1 in team-1. Only the answers were lost, which protects nobody.',
      'Do not take it for a block that the answers are lost. Policies decide about the first packet, and it was let through. Something is wrong on the way back, from service-1 in team-1 to service-0 in team-0, and when that is mended, the connection is open in both directions.',
    ],
    [
      'broken',
      'reachable',
      'service-0 in team-0 could not reach service-1 in team-1 on TCP 8080 although it must',
      'A connection that is needed works in one direction only: what service-0 in team-0 sent arrived at service-1 in team-1, and the answers were lost. Nothing is exposed, but what depends on this connection does not work.',
      'Look at the way back, from service-1 in team-1 to service-0 in team-0: routes, firewalls and the tracking of connections on nodes node-1 and node-2. Policies decide about the first packet, and it was let through.',
    ],
  ] as const)(
    'whose datagrams arrived unanswered is told as what it is: %s',
    (verdict, expected, title, meaning, check) => {
      const oneWay = attempts('settle', ['one-way', 'one-way']);
      const scenario = meshScenario(2, (from) => (from === 0 ? { verdict, expected, attempts: oneWay } : {}));
      const [incident] = buildAudit(viewOf(buildRecord([scenario]))).incidents;
      expect(plainText(incident?.title ?? [])).toBe(title);
      expect(plainText(incident?.meaning[0] ?? [])).toBe(meaning);
      expect(plainText(incident?.firstChecks[0] ?? [])).toBe(check);
    },
  );

  test('of answers that were lost says that the cluster lost them', () => {
    const scenario = meshScenario(2, (from) =>
      from === 0
        ? {
            verdict: 'broken',
            predicted: { verdict: 'allowed', grounds: 0 },
            disagreement: 'cluster',
            attempts: attempts('settle', ['one-way', 'one-way']),
          }
        : {},
    );
    const [incident] = buildAudit(viewOf(buildRecord([scenario], {}, { cluster: 'kind' }))).incidents;
    expect(plainText(incident?.fault ?? [])).toContain('The cluster lost its answers all the same.');
  });

  test('of a block that did not last tells when it was seen open', () => {
    const changing = [
      ...attempts('control', ['connected']),
      ...attempts('settle', ['timeout', 'timeout']),
      ...attempts('observe', ['connected']),
    ];
    expect(
      incidentOf((from, to) =>
        only(from, to)
          ? { expected: 'unreachable', verdict: 'flapping', attempts: changing, isolatedBy: policies }
          : {},
      )[0],
    ).toBe(
      'What happened on nodes node-1 and node-2 at 2026-11-20 02:00:03 UTC? Have the log of the network plugin looked at, and pods that were restarted.',
    );
  });
});

test('what incidents have in common is said before each of them', () => {
  const leaks = (pairs: readonly string[]) =>
    meshScenario(4, (from, to) => ({
      expected: 'unreachable',
      ...(pairs.includes(`${from}-${to}`) ? { verdict: 'leaked' } : {}),
    }));
  const pairs = ['0-1', '3-1'];
  const text = renderAudit(viewOf(buildRecord([leaks(pairs), leaks(pairs), leaks(['0-1', '2-1', '3-1'])])));
  expect(text).toContain(
    [
      '## Incidents',
      '',
      'Many of them have something in common, and so perhaps one cause:',
      '',
      '- <em>all 7 leaks, in 3 scenarios, lead into team-1/service-1:8080/TCP (7 of the 9 checks that do)</em>.',
      '- In scenario *mesh*: <em>all 3 leaks lead into team-1/service-1:8080/TCP (3 of the 3 checks that do)</em>.',
      '',
      '### 1. ',
    ].join('\n'),
  );
});

test('says that policies add up where there are several', () => {
  const [one, several] = [calmScenario('one'), everyVerdict().scenarios[1]];
  expect(renderAudit(viewOf(buildRecord([one])))).toContain('### Policies\n\n- **');
  expect(renderAudit(viewOf(buildRecord(several === undefined ? [] : [several])))).toContain(
    '### Policies\n\nPolicies add up: ',
  );
});

test('five thousand incidents do not become a book', () => {
  // Each its own cause.
  const record = buildRecord([
    meshScenario(100, (from, to) =>
      (from + to) % 2 === 0
        ? {}
        : {
            expected: 'unreachable',
            verdict: 'leaked',
            isolatedBy: { egress: [], ingress: [`shop/${from}-${to}`] },
          },
    ),
  ]);
  const text = renderAudit(viewOf(record));
  expect(text).toContain('### 100. ');
  expect(text).toContain('… and 4,900 more. The statements below name each of them.');
});
