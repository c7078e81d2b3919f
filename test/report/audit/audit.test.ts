import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { runRecordSchema } from '../../../src/record.ts';
import { buildAudit } from '../../../src/report/audit/audit.ts';
import { renderAudit } from '../../../src/report/audit/markdown.ts';
import { plainText } from '../../../src/report/audit/phrase.ts';
import { startProcessorClock } from '../../support/processor-time.ts';
import {
  attempts,
  buildRecord,
  buildScenario,
  calmScenario,
  everyVerdict,
  meshScenario,
} from '../fixture.ts';
import { environmentFailure, interruptedRun, provisioningFailure } from '../records.ts';

test('tells a run to people who read no YAML', async () => {
  await expect(renderAudit(runRecordSchema.parse(everyVerdict()))).toMatchFileSnapshot(
    '../golden/every-verdict.audit.md',
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
  expect(buildAudit(record).cautions.map(plainText)[0]).toBe(caution);
});

test('says that a sandbox is no cluster', () => {
  const cautionsOn = (cluster: string) =>
    buildAudit(buildRecord([calmScenario('done')], {}, { cluster })).cautions.length;
  expect([cautionsOn('sandbox'), cautionsOn('context')]).toEqual([1, 0]);
});

test('warns of what something else cuts and of nodes without the policies, and marks what the scenario says that others cut', () => {
  const { cautions, scenarios } = buildAudit(everyVerdict());
  expect(cautions.map(plainText)).toEqual([
    'About the cluster: 1 Calico GlobalNetworkPolicy object (baseline) may decide over the policies of the scenarios.',
    'In scenario three-tier, 1 connection is blocked as stated, but not by its policies, which let it through. That is not proven: nobody has said what blocks it, and it may be gone tomorrow. Whoever maintains the scenario has to find out; if it is meant, the scenario can name it.',
    'In scenario three-tier, node node-3 did not take up the policies within the time. Nothing that was seen there is about these policies, and it is counted as not proven.',
  ]);
  expect(
    scenarios.flatMap(({ statements }) =>
      statements.flatMap(({ sentence, reservation }) =>
        reservation === undefined ? [] : [[plainText(sentence), plainText(reservation)]],
      ),
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
  const checks = scenario.checks.map((check) =>
    check.expected === 'reachable'
      ? { ...check, predicted: { verdict: 'denied' as const, grounds: 0 }, disagreement: 'outside' as const }
      : check,
  );
  const audit = buildAudit(buildRecord([{ ...scenario, checks }], {}, { cluster: 'kind' }));
  expect(audit.cautions.map(plainText)).toEqual([
    'In scenario odd, 1 connection is possible as stated, but not because of its policies, which do not let it through: something else decides, such as a policy of the whole cluster. The statements concerned say so.',
  ]);
  expect(audit.scenarios[0]?.statements[1]?.reservation).toBeDefined();
});

test('says when the policies were in force, on which nodes they were not, and that they were left in place', () => {
  const entriesOf = (overrides: Parameters<typeof calmScenario>[1]) =>
    buildAudit(buildRecord([calmScenario('done', overrides)])).scenarios.flatMap(({ entries }) =>
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
  const [, failed] = buildAudit(provisioningFailure()).scenarios;
  expect(failed?.caution && plainText(failed.caution)).toBe(
    'podreach could not go on with this scenario: pod shop/db did not become ready within 60 s: ErrImagePull. What to do next: Look at the events of the pod.',
  );
});

describe('what was not tested', () => {
  const nothing = 'Nothing: every pair of test pods was tested on every port.';
  const untried = 'Of the pairs above, 2 of 2: not tried with the policies in force, or not to the end.';
  test.each([
    ['a run that came to its end', buildRecord([calmScenario('done')]), [nothing]],
    ['an environment that failed', environmentFailure(), [untried]],
    ['pods that did not start', provisioningFailure(), [nothing, untried]],
    ['an interruption', interruptedRun(), [nothing, untried]],
    [
      'a scenario that was stopped behind its last check',
      buildRecord([calmScenario('cut', { status: 'failed' })]),
      ['Not known: this scenario did not come to its end.'],
    ],
    [
      'a scenario without checks',
      buildRecord([buildScenario('empty', { pods: { 'shop/web': [] }, checks: [] })]),
      ['Everything: this scenario holds no checks.'],
    ],
  ])('is told for %s', (_, record, expected) => {
    const told = buildAudit(record).scenarios.flatMap(({ untested }) => untested.map(plainText));
    expect(told).toEqual(expected);
  });

  test('holds pairs that had nothing to block', () => {
    const [, scenario] = buildAudit(everyVerdict()).scenarios;
    expect(plainText(scenario?.untested[0] ?? [])).toBe(
      'Of the pairs above, 3 of 13: not tried with the policies in force, or not to the end.',
    );
  });
});

test('a connection of a pod to itself is no limit where one was tested', () => {
  const limitsOf = (from: string) =>
    buildAudit(
      buildRecord([
        buildScenario('own', { pods: { 'shop/web': [80] }, checks: [{ from, to: 'shop/web', port: 80 }] }),
      ]),
    )
      .limits.map(plainText)
      .filter((text) => text.includes('to itself'));
  expect(limitsOf('shop/db')).toEqual(["A pod's connections to itself, which policies never block."]);
  expect(limitsOf('shop/web')).toEqual([]);
});

test('sums up its statements', () => {
  const summaryOf = (...scenarios: Parameters<typeof buildRecord>[0]) =>
    plainText(buildAudit(buildRecord(scenarios)).summary);
  expect(summaryOf()).toBe('Nothing was stated about who can reach whom.');
  expect(summaryOf(calmScenario('done'))).toBe('2 statements about who can reach whom, all confirmed.');
  expect(summaryOf(...everyVerdict().scenarios)).toBe(
    '10 statements about who can reach whom: 5 confirmed, 3 contradicted and 2 not proven.',
  );
});

test('marks a review that was overdue on the day of the run, by no clock', () => {
  const reviews = buildAudit(
    buildRecord([
      calmScenario('late', { reviewBy: '2026-11-19' }),
      calmScenario('due', { reviewBy: '2026-11-20' }),
      calmScenario('free'),
    ]),
  ).scenarios.map(({ entries }) =>
    entries.filter(({ label }) => label === 'To be reviewed by').map(({ text }) => plainText(text)),
  );
  expect(reviews).toEqual([['2026-11-19: OVERDUE on the day of the run'], ['2026-11-20'], ['no day is set']]);
});

test('gives the fingerprint of a policy as it was applied, line breaks and all', () => {
  const text = 'kind: NetworkPolicy\r\nspec:\n  podSelector: {}\n';
  const scenario = calmScenario('done');
  const policies = scenario.policies.map((policy) => ({ ...policy, text }));
  const [audited] = buildAudit(buildRecord([{ ...scenario, policies }])).scenarios;
  expect(audited?.policies).toMatchObject([
    { key: 'shop/deny-all', fingerprint: createHash('sha256').update(text).digest('hex') },
  ]);
});

describe('an incident', () => {
  const incidentOf = (
    overrides: Parameters<typeof meshScenario>[1],
    environment: Parameters<typeof buildRecord>[2] = {},
  ) => {
    const [incident] = buildAudit(buildRecord([meshScenario(3, overrides)], {}, environment)).incidents;
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

  test('with policies on a leak asks which of them admits it, then whether they are enforced', () => {
    expect(
      incidentOf((from, to) =>
        only(from, to) ? { expected: 'unreachable', verdict: 'leaked', isolatedBy: policies } : {},
      ),
    ).toEqual([
      'The connection is restricted by team-1/in and team-1/more for what comes in to service-1 in team-1 and team-0/out for what goes out of service-0 in team-0. Does one of them let it through? Policies are described in plain language below.',
      'If not, the network plugin may not enforce what they say: have its state looked at on nodes node-1 and node-2.',
      'On the sandbox there are no other policies.',
      'Have somebody who works with the cluster make the connection again. That needs a new run with --keep, because the test pods of this one are gone.',
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
      const [incident] = buildAudit(buildRecord([scenario])).incidents;
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
    const [incident] = buildAudit(buildRecord([scenario], {}, { cluster: 'kind' })).incidents;
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
  const text = renderAudit(buildRecord([leaks(pairs), leaks(pairs), leaks(['0-1', '2-1', '3-1'])]));
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
  expect(renderAudit(buildRecord([one]))).toContain('### Policies\n\n- **');
  expect(renderAudit(buildRecord(several === undefined ? [] : [several]))).toContain(
    '### Policies\n\nPolicies add up: ',
  );
});

test('five thousand incidents do not become a book', () => {
  const record = buildRecord([
    meshScenario(100, (from, to) =>
      (from + to) % 2 === 0 ? {} : { expected: 'unreachable', verdict: 'leaked' },
    ),
  ]);
  const spentMs = startProcessorClock();
  const text = renderAudit(record);
  expect(spentMs()).toBeLessThan(1500);
  expect(text).toContain('### 100. ');
  expect(text).toContain('… and 4,900 more. The statements below name each of them.');
});
