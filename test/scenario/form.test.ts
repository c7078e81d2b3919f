import { describe, expect, test } from 'vitest';
import { createProject, scenarioWith } from './project.ts';

async function failureOf(text: string): Promise<string> {
  await using project = await createProject({ 'a.yaml': text });
  return await project.failure();
}

describe('a document that does not fit the grammar', () => {
  test('shows every mistake of a file at once, in the order of its lines', async () => {
    const text = `apiVersion: podreach/v1
kind: Scenario
nmae: everything
owner: 3
reviewBy: 2027-02-30
namespaces:
  shop: { labels: { team: shop } }
pods:
  shop/web: { labels: { app: web } }
  shop/api: { ports: [8080] }
policies:
  - missing.yaml
reachable:
  - { from: shop/web, to: "shop/ap:8080" }
  - { from: shop/web, to: "shop/api:8080", becuase: it must }
unreachable:
  - { from: shop/web, to: shop/api }
otherwise: rechable
`;
    expect(await failureOf(text)).toBe(`a.yaml:3:1: unknown key "nmae"
  3 | nmae: everything
    | ^
  hint: Did you mean "name"?

a.yaml:4:8: expected text, found 3
  4 | owner: 3
    |        ^
  hint: Put it in quotes: "3"

a.yaml:5:11: "2027-02-30" is not a date: write year-month-day, such as 2027-06-30
  5 | reviewBy: 2027-02-30
    |           ^

a.yaml:12:5: no such policy file or folder: missing.yaml
  12 |   - missing.yaml
     |     ^
  hint: Paths of policies are relative to the scenario file.

a.yaml:14:27: unknown pod "shop/ap"
  14 |   - { from: shop/web, to: "shop/ap:8080" }
     |                           ^
  hint: Did you mean "shop/api"?

a.yaml:15:44: unknown key "becuase"
  15 |   - { from: shop/web, to: "shop/api:8080", becuase: it must }
     |                                            ^
  hint: Did you mean "because"?

a.yaml:17:5: shop/web to shop/api:8080/TCP is declared both reachable and unreachable
  17 |   - { from: shop/web, to: shop/api }
     |     ^
  a.yaml:15:5: declared reachable here
  15 |   - { from: shop/web, to: "shop/api:8080", becuase: it must }
     |     ^
  hint: Take it out of one of the two rules, or out of the wider one with "except".

a.yaml:18:12: expected "reachable" or "unreachable", found "rechable"
  18 | otherwise: rechable
     |            ^
  hint: Did you mean "reachable"?

scenario-invalid: 8 problems in a.yaml`);
  });

  test('a misspelt key is read as what it was meant to be, so that nothing follows from it', async () => {
    const text = `apiVersion: podreach/v1
kind: Scenario
name: misspelt
namspaces: { a: {} }
pods: { a/x: { prots: [80] }, a/y: {} }
reachabel:
  - { form: a/y, to: "a/x:80" }
`;
    expect(await failureOf(text)).toBe(`a.yaml:4:1: unknown key "namspaces"
  4 | namspaces: { a: {} }
    | ^
  hint: Did you mean "namespaces"?

a.yaml:5:16: unknown key "prots"
  5 | pods: { a/x: { prots: [80] }, a/y: {} }
    |                ^
  hint: Did you mean "ports"?

a.yaml:6:1: unknown key "reachabel"
  6 | reachabel:
    | ^
  hint: Did you mean "reachable"?

a.yaml:7:7: unknown key "form"
  7 |   - { form: a/y, to: "a/x:80" }
    |       ^
  hint: Did you mean "from"?

scenario-invalid: 4 problems in a.yaml`);
  });

  test('rules are not held against pods that do not fit', async () => {
    const text = `apiVersion: podreach/v1
kind: Scenario
name: holes
namespaces: { a: {} }
pods:
  a/x: { ports: [80000] }
  a/y: {}
reachable:
  - { from: a/y, to: "a/x:80" }
`;
    expect(await failureOf(text)).toBe(`a.yaml:6:18: 80000 is more than 65535
  6 |   a/x: { ports: [80000] }
    |                  ^

scenario-invalid: 1 problem in a.yaml`);
  });

  test('what is missing is shown where it belongs', async () => {
    expect(
      await failureOf('name: bare\nreachable: [{ from: a/x }]\n'),
    ).toBe(`a.yaml:1:1: the key "apiVersion" is missing
  1 | name: bare
    | ^
  hint: A scenario begins with "apiVersion: podreach/v1" and "kind: Scenario".

a.yaml:1:1: the key "kind" is missing
  1 | name: bare
    | ^
  hint: A scenario begins with "apiVersion: podreach/v1" and "kind: Scenario".

a.yaml:1:1: the key "namespaces" is missing
  1 | name: bare
    | ^
  hint: Write it, or name what is deployed under "manifests".

a.yaml:1:1: the key "pods" is missing
  1 | name: bare
    | ^
  hint: Write it, or name what is deployed under "manifests".

a.yaml:2:13: the key "to" is missing
  2 | reachable: [{ from: a/x }]
    |             ^

scenario-invalid: 5 problems in a.yaml`);
  });

  test('an empty value is shown at its key', async () => {
    expect(
      await failureOf(scenarioWith('reachable:\nowner:\n')),
    ).toBe(`a.yaml:12:1: expected a list, found nothing
  12 | reachable:
     | ^
  hint: Leave the key out, or write an empty list: []

a.yaml:13:1: expected text, found nothing
  13 | owner:
     | ^

scenario-invalid: 2 problems in a.yaml`);
  });

  test.each([['via: [podIP]', 'unknown key "via"']])(
    'the key of a later version is unknown: %s',
    async (line, message) => {
      expect(await failureOf(scenarioWith(`${line}\notherwise: reachable\n`))).toBe(`a.yaml:12:1: ${message}
  12 | ${line}
     | ^
  hint: The keys here are: apiVersion, kind, name, description, owner, purpose, runbook, reviewBy, tags, include, manifests, namespaces, pods, hosts, services, policies, families, reachable, unreachable, accept, and 3 more.

scenario-invalid: 1 problem in a.yaml`);
    },
  );

  test.each([
    [
      'from: shop-web, to: shop/api',
      13,
      '"shop-web" names no pods: write "namespace/pod", "namespace/*" or "*"; or a host, as "host/name"',
      'Did you mean "shop/web"?',
    ],
    [
      'from: "shop/web:80", to: shop/api',
      13,
      '"shop/web:80" names no pods: write "namespace/pod", "namespace/*" or "*"; or a host, as "host/name"',
      'Leave the port out: write "shop/web".',
    ],
    [
      'from: shop/web, to: "shop/api:http_"',
      27,
      '"shop/api:http_" names no destination: write "namespace/pod", "namespace/*", "*", "host/name" or "service/namespace/name", alone or followed by ":8080", ":8080/UDP" or ":port-name"',
    ],
    [
      'from: shop/web, to: "shop/api:70000"',
      27,
      '"shop/api:70000" names no destination: write "namespace/pod", "namespace/*", "*", "host/name" or "service/namespace/name", alone or followed by ":8080", ":8080/UDP" or ":port-name"',
    ],
    ['from: [], to: shop/api', 13, 'this list is empty'],
    ['from: 3, to: shop/api', 13, 'expected text or a mapping or a list, found 3'],
    [
      'from: {}, to: shop/api',
      13,
      'these pods have no selector: write namespaceSelector, podSelector or both',
    ],
    ['from: shop/web, to: { podSelector: {}, ports: [] }', 53, 'this list is empty'],
    [
      'from: shop/web, to: { podSelector: {}, ports: [http_] }',
      54,
      '"http_" is not a port: write a number from 1 to 65535, "8080/UDP", or the name of a port',
    ],
    ['from: { podSelector: { matchLabels: { app: [] } } }, to: shop/api', 50, 'expected text, found a list'],
    [
      'from: { podSelector: { matchExpressions: [{ key: app, operator: In, values: [] }] } }, to: shop/api',
      83,
      'this list is empty',
    ],
    [
      'from: shop/web, to: shop/api, except: {}',
      45,
      'these pods have no selector: write namespaceSelector, podSelector or both',
    ],
    ['from: shop/web, to: shop/api, because: ""', 46, 'this text is empty'],
  ])('a rule that does not fit: %s', async (rule, column, message, hint = '') => {
    const line = `  - { ${rule} }`;
    expect(await failureOf(scenarioWith(`reachable:\n${line}\n`))).toBe(`a.yaml:13:${column}: ${message}
  13 | ${line}
     | ${' '.repeat(column - 1)}^${hint === '' ? '' : `\n  hint: ${hint}`}

scenario-invalid: 1 problem in a.yaml`);
  });

  test('a selector with a misspelt operator and one with values too many', async () => {
    const rules = `reachable:
  - to: shop/api
    from:
      podSelector:
        matchExpressions:
          - { key: app, operator: in, values: [web] }
          - { key: app, operator: Exists, values: [] }
`;
    expect(
      await failureOf(scenarioWith(rules)),
    ).toBe(`a.yaml:17:35: expected "In" or "NotIn" or "Exists" or "DoesNotExist", found "in"
  17 |           - { key: app, operator: in, values: [web] }
     |                                   ^
  hint: Did you mean "In"?

a.yaml:18:43: unknown key "values"
  18 |           - { key: app, operator: Exists, values: [] }
     |                                           ^
  hint: The keys here are: key, operator.

scenario-invalid: 2 problems in a.yaml`);
  });

  test('of two forms of an exception, the one that is nearest is spoken of', async () => {
    const rules = `reachable:
  - from: "*"
    to: shop/api
    except:
      - { form: shop/db }
      - { podSelektor: { matchLabels: { app: web } } }
`;
    expect(await failureOf(scenarioWith(rules))).toBe(`a.yaml:16:11: unknown key "form"
  16 |       - { form: shop/db }
     |           ^
  hint: Did you mean "from"?

a.yaml:17:11: unknown key "podSelektor"
  17 |       - { podSelektor: { matchLabels: { app: web } } }
     |           ^
  hint: Did you mean "podSelector"?

scenario-invalid: 2 problems in a.yaml`);
  });

  test('names, labels and ports follow the rules of Kubernetes', async () => {
    const text = `apiVersion: podreach/v1
kind: Scenario
name: Not_A_Name
namespaces:
  Shop: {}
  shop: { labels: { "bad key": x, version: 2, long: "-x" } }
pods:
  web: {}
  shop/web:
    labels: { app: yes! }
    ports: [0, 80/SCTP, 5432/udp, { port: 80, protocol: tcp }, { port: 1, name: UPPER }, { port: 2, name: a--b }]
otherwise: reachable
`;
    const failure = await failureOf(text);
    expect(failure.split('\n').filter((line) => line.startsWith('a.yaml'))).toEqual([
      'a.yaml:3:7: "Not_A_Name" is not a scenario name: use lower-case letters, digits and "-", at most 63 characters',
      'a.yaml:5:3: "Shop" is not a namespace name: use lower-case letters, digits and "-", at most 63 characters',
      'a.yaml:6:21: "bad key" is not a label key: use letters, digits, "-", "_" and ".", at most 63 characters, after an optional "dns.prefix/"',
      'a.yaml:6:44: expected text, found 2',
      'a.yaml:6:53: "-x" is not a label value: use letters, digits, "-", "_" and ".", at most 63 characters, beginning and ending with a letter or digit',
      'a.yaml:8:3: "web" is not a pod name: write "namespace/name", each in lower-case letters, digits and "-", at most 63 characters',
      'a.yaml:10:20: "yes!" is not a label value: use letters, digits, "-", "_" and ".", at most 63 characters, beginning and ending with a letter or digit',
      'a.yaml:11:13: 0 is less than 1',
      'a.yaml:11:16: "80/SCTP" is not a port: write a number from 1 to 65535, alone or followed by "/TCP" or "/UDP"',
      'a.yaml:11:25: "5432/udp" is not a port: write a number from 1 to 65535, alone or followed by "/TCP" or "/UDP"',
      'a.yaml:11:57: expected "TCP" or "UDP", found "tcp"',
      'a.yaml:11:81: "UPPER" is not a port name: use at most 15 lower-case letters, digits and single "-", with at least one letter',
      'a.yaml:11:107: "a--b" is not a port name: use at most 15 lower-case letters, digits and single "-", with at least one letter',
    ]);
  });

  const TOPOLOGY = `apiVersion: podreach/v1
kind: Scenario
name: slips
namespaces: { shop: {} }
pods:
  shop/frontend: { ports: [80] }
  shop/db: { ports: [5432] }
`;
  const rule = (ends: string): string => `${TOPOLOGY}reachable: [{ ${ends} }]\n`;
  const portOf = (port: string): string => TOPOLOGY.replace('5432', port);
  const SCTP =
    'podreach tries TCP and UDP only. What policies mean for SCTP, podreach explain shows without trying.';
  const RANGE =
    'podreach tries single ports: write those of the range that matter, such as its first and its last.';
  test.each([
    [portOf('8080/udp'), 'Did you mean "8080/UDP"?'],
    [portOf('53/SCTP'), SCTP],
    [portOf('{ port: 53, protocol: SCTP }'), SCTP],
    [portOf('80-90'), RANGE],
    [rule('from: frontend, to: shop/db'), 'Write it with its namespace: "shop/frontend".'],
    [rule('from: shop/db, to: "frontend:80"'), 'Write it with its namespace: "shop/frontend:80".'],
    [rule('from: fronted, to: shop/db'), 'Did you mean "shop/frontend"?'],
    [rule('from: shop, to: shop/db'), 'Write "shop/*" for all pods of this namespace.'],
    [rule('from: "*", to: "shop/db:5432/tcp"'), 'Did you mean "shop/db:5432/TCP"?'],
    [rule('from: "*", to: "shop/db:80-90"'), RANGE],
    [`${TOPOLOGY}otherwise: deny\n`, 'Did you mean "unreachable"?'],
    [`${TOPOLOGY}otherwise: Allowed\n`, 'Did you mean "reachable"?'],
    [TOPOLOGY.replace('shop/db', 'db'), 'Write "shop/db".'],
    [
      `${TOPOLOGY}unreachable: { from: shop/frontend, to: shop/db }\n`,
      'Write it as a list: put "- " before each entry, also where there is only one.',
    ],
    [
      `${TOPOLOGY}policies: [policies/*.yaml]\notherwise: reachable\n`,
      'Patterns are relative to the scenario file.',
    ],
    [
      `${TOPOLOGY.replace('shop/frontend', 'frontend')}reachable: [{ from: frontend, to: shop/db }]\n`,
      'Write "shop/frontend".',
      'Write "shop/frontend".',
    ],
  ])('a slip that many make gets a hint that helps: %#', async (text, ...hints) => {
    expect((await failureOf(text)).match(/(?<=hint: ).*/g)).toEqual(hints);
  });

  test.each(['- a list\n', 'just text\n', '3\n'])('a document that is no mapping: %j', async (text) => {
    const found = text.startsWith('-') ? 'a list' : text.startsWith('3') ? '3' : '"just text"';
    expect(await failureOf(text)).toBe(`a.yaml:1:1: expected a mapping, found ${found}
  1 | ${text.trim()}
    | ^

scenario-invalid: 1 problem in a.yaml`);
  });

  test('a mistake below an anchor is shown where it was written, and once for each use that adds one', async () => {
    const rules = `reachable:
  - &rule { from: shop/web, to: "shop/api:8080", why: because }
  - { <<: *rule, to: "shop/db:5432" }
`;
    expect(await failureOf(scenarioWith(rules))).toBe(`a.yaml:13:50: unknown key "why"
  13 |   - &rule { from: shop/web, to: "shop/api:8080", why: because }
     |                                                  ^
  hint: The keys here are: from, to, except, via, families, because.

scenario-invalid: 1 problem in a.yaml`);
  });
});

/** The one line that is added is wrong, at this place of it. */
async function expectProblem(
  line: string,
  place: string,
  message: string,
  hint: string | undefined,
): Promise<void> {
  const column = line.indexOf(place) + 1;
  expect(await failureOf(scenarioWith(`${line}\n`))).toBe(
    [
      `a.yaml:12:${column}: ${message}`,
      `  12 | ${line}`,
      `     | ${' '.repeat(column - 1)}^`,
      ...(hint === undefined ? [] : [`  hint: ${hint}`]),
      '',
      'scenario-invalid: 1 problem in a.yaml',
    ].join('\n'),
  );
}

describe('what something else cuts', () => {
  const RULE = 'from: shop/web, to: shop/db';
  const BECAUSE = 'because: the firewall';
  const HINT = 'Write "cutBy: others" and, under "because", what it is that cuts the pair.';
  const MISPLACED = '"cutBy" is only for rules under "unreachable"';
  const ELSEWHERE = 'Write it beside "from" and "to" of a rule; "otherwise" cannot have it.';

  test.each([
    [
      `unreachable: [{ ${RULE}, cutBy: others }]`,
      'others',
      'a rule with "cutBy" must say why, and has no "because"',
      HINT,
    ],
    [
      `unreachable: [{ ${RULE}, cutBy: the firewall, ${BECAUSE} }]`,
      'the firewall,',
      'expected "others", found "the firewall"',
      HINT,
    ],
    [`unreachable: [{ ${RULE}, cutBy: , ${BECAUSE} }]`, 'cutBy', 'expected "others", found nothing', HINT],
    [`unreachable: [{ ${RULE}, cutBy: others, because: "" }]`, '""', 'this text is empty', undefined],
    [
      `reachable: [{ ${RULE}, cutBy: others, ${BECAUSE} }]`,
      'cutBy',
      MISPLACED,
      'Leave it out, or move the rule to "unreachable".',
    ],
    ['cutBy: others', 'cutBy', MISPLACED, ELSEWHERE],
    [`unreachable: [{ ${RULE}, except: { from: shop/api, cutBy: others } }]`, 'cutBy', MISPLACED, ELSEWHERE],
    [
      'unreachable: [{ from: { podSelector: { matchLabels: { cutBy: 3 } } }, to: shop/db }]',
      '3',
      'expected text, found 3',
      'Put it in quotes: "3"',
    ],
    [
      'otherwise: { cutBy: others }',
      '{',
      'expected "reachable" or "unreachable", found a mapping',
      undefined,
    ],
  ])('%s', async (line, place, message, hint) => {
    await expectProblem(line, place, message, hint);
  });

  test('a misspelt "cutBy" needs its reason all the same, and a misspelt reason is one', async () => {
    const rules = `unreachable:
  - { from: shop/web, to: "shop/db:5432", cutby: others }
  - { from: shop/web, to: "shop/db:5432/UDP", cutBy: others, becuase: the firewall }
`;
    expect(await failureOf(scenarioWith(rules))).toBe(`a.yaml:13:43: unknown key "cutby"
  13 |   - { from: shop/web, to: "shop/db:5432", cutby: others }
     |                                           ^
  hint: Did you mean "cutBy"?

a.yaml:13:50: a rule with "cutBy" must say why, and has no "because"
  13 |   - { from: shop/web, to: "shop/db:5432", cutby: others }
     |                                                  ^
  hint: ${HINT}

a.yaml:14:62: unknown key "becuase"
  14 |   - { from: shop/web, to: "shop/db:5432/UDP", cutBy: others, becuase: the firewall }
     |                                                              ^
  hint: Did you mean "because"?

scenario-invalid: 3 problems in a.yaml`);
  });
});

describe('what is to become of open connections', () => {
  const RULE = 'from: shop/web, to: shop/db';
  test.each([
    [
      `unreachable: [{ ${RULE}, held: keep }]`,
      'keep',
      'expected "kept" or "cut" or "either", found "keep"',
      'Did you mean "kept"?',
    ],
    [
      `reachable: [{ ${RULE}, held: kept }]`,
      'held',
      '"held" is only for rules under "unreachable"',
      'Leave it out, or move the rule to "unreachable".',
    ],
    [
      `unreachable: [{ ${RULE}, held: cut, cutBy: others, because: the mesh }]`,
      'cut,',
      '"held" cannot stand beside "cutBy": leave it out, as it is about pairs that these policies cut',
      undefined,
    ],
  ])('%s', async (line, place, message, hint) => {
    await expectProblem(line, place, message, hint);
  });
});
