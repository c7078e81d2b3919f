/** Warnings before anything starts: what is found, what is accepted, and what is accepted for nothing. */
import { expect, test } from 'vitest';
import { isOfExisting } from '../../src/model/service.ts';
import { reviewPlan } from '../../src/policy/review.ts';
import { flowsOf } from '../../src/policy/through-service.ts';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { folderWith, ROOT, runCli } from '../support/cli.ts';

function scenario(accept: string): string {
  return `apiVersion: podreach/v1
kind: Scenario
name: reviewed
namespaces: { reviewed: {} }
pods:
  reviewed/web: { labels: { app: web } }
  reviewed/db: { labels: { app: db }, ports: [5432] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: db, namespace: reviewed }
    spec:
      podSelector: { matchLabels: { app: db } }
      ingress:
        - from:
            - podSelector: { matchLabels: { app: webb } }
${accept}
reachable:
  - { from: reviewed/web, to: reviewed/db }
`;
}

async function review(accept: string) {
  using folder = folderWith({ 'a.yaml': scenario(accept) });
  const plans = await loadPlans(['a.yaml'], { cwd: folder.path });
  return plans.flatMap((plan) =>
    reviewPlan(plan).map(({ code, location: { file, line } }) => `${code} ${file}:${line}`),
  );
}

test('a check that cannot be met comes first and stands at its rule, a peer that matches nobody at its line', async () => {
  expect(await review('')).toEqual(['contradicted-check a.yaml:19', 'peer-matches-no-pod a.yaml:16']);
});

test('what is accepted is not told, and what is accepted for nothing is', async () => {
  expect(
    await review('accept: [{ lint: peer-matches-no-pod, policy: reviewed/db, because: it will come }]'),
  ).toEqual(['contradicted-check a.yaml:19']);
  expect(await review('accept: [{ lint: broad-peer, because: gone }]')).toContain(
    'stale-acceptance a.yaml:17',
  );
  expect(
    await review('accept: [{ lint: peer-matches-no-pod, policy: reviewed/other, because: typo }]'),
  ).toContain('stale-acceptance a.yaml:17');
});

test('a policy that the API server will refuse is told with its line, and left out of what is explained', async () => {
  using folder = folderWith({
    'a.yaml': scenario('').replace('- podSelector: { matchLabels: { app: webb } }', '- {}'),
  });
  const [plan] = await loadPlans(['a.yaml'], { cwd: folder.path });
  expect(plan && reviewPlan(plan)).toEqual([
    expect.objectContaining({
      code: 'refused-policy',
      rule: 'D3',
      message: expect.stringContaining('policy reviewed/db: the API server will refuse it: '),
      location: { file: 'a.yaml', line: 16, column: 15 },
    }),
  ]);
  const one = await runCli(['explain', 'a.yaml', 'reviewed/web', 'reviewed/db'], { cwd: folder.path });
  const all = await runCli(['explain', '--all', 'a.yaml'], { cwd: folder.path });
  for (const { stderr } of [one, all])
    expect(stderr).toContain('a.yaml:16: warning: policy reviewed/db is left out, since the API server');
});

test('a policy that is refused for what only the API server reads says what that is', async () => {
  using folder = folderWith({ 'a.yaml': scenario('').replace('app: webb', 'app: no') });
  const [plan] = await loadPlans(['a.yaml'], { cwd: folder.path });
  expect(plan && reviewPlan(plan)).toEqual([
    {
      code: 'refused-policy',
      rule: 'D3',
      message:
        'policy reviewed/db: the API server will refuse it: false is not text: the API server reads YAML 1.1, where no is false',
      location: { file: 'a.yaml', line: 16, column: 50 },
      advice:
        'Put it in quotes: "no". A run ends when it is applied. The other warnings leave this policy out.',
    },
  ]);
  const { stderr } = await runCli(['explain', 'a.yaml', 'reviewed/web', 'reviewed/db'], { cwd: folder.path });
  expect(stderr).toContain('where no is false');
});

test('explain and the lints speak of the port that the API server reads', async () => {
  const ported = scenario('').replace('app: webb } }', 'app: web } }\n          ports: [{ port: 012470 }]');
  using folder = folderWith({ 'a.yaml': ported });
  const { stdout } = await runCli(['explain', 'a.yaml', 'reviewed/web', 'reviewed/db'], { cwd: folder.path });
  expect(stdout).toContain('TCP 5432: matches');
  const [plan] = await loadPlans(['a.yaml'], { cwd: folder.path });
  expect(plan && reviewPlan(plan).map(({ code, message }) => `${code}: ${message}`)).toEqual([
    expect.stringMatching(/^untested-policy: /),
    'retyped-value: policy reviewed/db: the API server reads YAML 1.1, where 012470 is the octal number 5432',
  ]);
});

test('a check that is contradicted says the nearest miss', async () => {
  const review = async (from: string, ...more: string[]) => {
    using folder = folderWith({ 'a.yaml': [scenario('').replace('app: webb } }', from), ...more].join('') });
    const [plan] = await loadPlans(['a.yaml'], { cwd: folder.path });
    return plan && reviewPlan(plan).find(({ code }) => code === 'contradicted-check')?.message;
  };
  const denied = 'reviewed/web → reviewed/db:5432/TCP is to be reachable, but the policies deny it';
  const rule = 'ingress rule 1 of policy reviewed/db (a.yaml:15) would let it through but for the';
  expect(await review('app: web } }\n          ports: [{ port: 80 }, { port: 5432, protocol: UDP }]')).toBe(
    `${denied}; ${rule} port: it says TCP 80 or UDP 5432`,
  );
  expect(await review('app: webb } }')).toBe(
    `${denied}; ${rule} peer: it says pods with app=webb in namespace reviewed`,
  );
  // A rule that misses both is nowhere near.
  expect(await review('app: webb } }\n          ports: [{ port: 80 }]')).toBe(denied);
});

test('an exception that takes nothing out is told with its place', async () => {
  const text = scenario('').replace(
    '{ from: reviewed/web, to: reviewed/db }',
    '{ from: reviewed/web, to: reviewed/db, except: reviewed/db }',
  );
  using folder = folderWith({ 'a.yaml': text });
  const [plan] = await loadPlans(['a.yaml'], { cwd: folder.path });
  expect(plan && reviewPlan(plan).filter(({ code }) => code === 'idle-exception')).toEqual([
    {
      code: 'idle-exception',
      message: 'this exception takes nothing out: the rule has no such pair without it',
      location: { file: 'a.yaml', line: 19, column: 52 },
      advice: 'Correct what it names, or take it out.',
    },
  ]);
});

test('checks of one rule that fail alike are one warning, with what to write instead and how to see why', async () => {
  const text = scenario('')
    .replace(/reachable:.*/s, 'otherwise: unreachable\n')
    .replace('webb', 'web');
  using folder = folderWith({
    'the file.yaml': text
      .replace('ports: [5432]', 'ports: [5432, 80]')
      .replace(/ {6}ingress:.*app: web \} \}\n/s, '      policyTypes: [Egress]\n'),
  });
  const [plan] = await loadPlans(['the file.yaml'], { cwd: folder.path });
  expect(plan && reviewPlan(plan).filter(({ code }) => code === 'contradicted-check')).toEqual([
    {
      code: 'contradicted-check',
      rule: 'D4',
      message:
        '2 checks of this rule, such as reviewed/web → reviewed/db:5432/TCP, are to be unreachable, but the policies allow them',
      location: expect.objectContaining({ file: 'the file.yaml' }),
      advice:
        'Isolate the ingress of reviewed/db or the egress of reviewed/web: no policy does, or say that it is reachable. If something else cuts it, say so with "cutBy: others". See why: podreach explain --only reviewed \'the file.yaml\' reviewed/web reviewed/db:5432/TCP',
    },
  ]);
});

test('what others are to cut is not contradicted by a policy that allows it', async () => {
  const text = scenario('')
    .replace('webb', 'web')
    .replace(
      /reachable:.*/s,
      'unreachable: [{ from: reviewed/web, to: reviewed/db, cutBy: others, because: the firewall }]\n',
    );
  using folder = folderWith({ 'a.yaml': text });
  const [plan] = await loadPlans(['a.yaml'], { cwd: folder.path });
  expect(plan && reviewPlan(plan).map(({ code }) => code)).toEqual(['untested-policy']);
});

test('a rule of which the policies cut everything already needs nobody else', async () => {
  const rule = (to: string): string =>
    `unreachable: [{ from: reviewed/web, to: ${to}, cutBy: others, because: the firewall }]\n`;
  const review = async (text: string) => {
    using folder = folderWith({ 'a.yaml': text.replace('ports: [5432]', 'ports: [5432, 80]') });
    const [plan] = await loadPlans(['a.yaml'], { cwd: folder.path });
    return plan && reviewPlan(plan).filter(({ code }) => code === 'cut-by-policies');
  };
  const denying = scenario('').replace(/reachable:.*/s, '');
  const advice =
    'Leave "cutBy" out, so that the run shows that these policies do it; keep it only where they are not alone. See why: podreach explain --only reviewed a.yaml reviewed/web reviewed/db:';
  expect(await review(denying + rule('"reviewed/db:80"'))).toEqual([
    {
      code: 'cut-by-policies',
      rule: 'D7',
      message:
        "reviewed/web → reviewed/db:80/TCP is to be cut by others, but the scenario's own policies cut it already",
      location: { file: 'a.yaml', line: 18, column: 15 },
      advice: `${advice}80/TCP`,
    },
  ]);
  expect(await review(denying + rule('reviewed/db'))).toEqual([
    {
      code: 'cut-by-policies',
      rule: 'D7',
      message:
        "2 checks of this rule, such as reviewed/web → reviewed/db:5432/TCP, are to be cut by others, but the scenario's own policies cut them already",
      location: { file: 'a.yaml', line: 18, column: 15 },
      advice: `${advice}5432/TCP`,
    },
  ]);
  // One of the two is open: there the rule means what it says.
  const open = denying.replace('app: webb } }', 'app: web } }\n          ports: [{ port: 80 }]');
  expect(await review(open + rule('reviewed/db'))).toEqual([]);
});

test('explain asks which of several scenarios is meant', async () => {
  using folder = folderWith({
    'a.yaml': `${scenario('')}---\n${scenario('').replace('name: reviewed', 'name: again')}`,
  });
  const flow = ['a.yaml', 'reviewed/web', 'reviewed/db'];
  const { stderr, exitCode } = await runCli(['explain', ...flow], { cwd: folder.path });
  expect(stderr).toContain('several scenarios there have these pods: reviewed, again');
  expect(exitCode).toBe(2);
  const chosen = await runCli(['explain', '--only', 'again', ...flow], { cwd: folder.path });
  expect(chosen.stdout).toContain('DENIED');
});

test('run tells warnings and goes on; with --strict nothing is started', async () => {
  using folder = folderWith({ 'a.yaml': scenario('') });
  const loose = await runCli(['run', 'a.yaml'], { cwd: folder.path });
  expect(loose.stderr).toContain('a.yaml:16:15: warning: policy reviewed/db:');
  expect(loose.stderr).toContain('[peer-matches-no-pod, D');
  // With what is not ASCII in it as well.
  expect(loose.stderr).toMatch(/^ {2}next: Add a rule .* See why: podreach explain/m);
  expect(loose.stderr).not.toMatch(/^next:/m);
  expect(loose.exitCode).toBe(1);
  const strict = await runCli(['run', 'a.yaml', '--strict'], { cwd: folder.path });
  expect(strict.stderr).toContain('2 warnings, and --strict was asked for: nothing was started');
  expect(strict.stdout).toBe('');
  expect(strict.exitCode).toBe(2);
});

test('explain --all shows every pair, and marks what the scenario contradicts', async () => {
  using folder = folderWith({ 'a.yaml': scenario('') });
  const { stdout, exitCode } = await runCli(['explain', '--all', 'a.yaml'], { cwd: folder.path });
  expect(stdout).toBe(`reviewed

            to  reviewed/db:5432/TCP
  from          │
  reviewed/web  B
  reviewed/db   +

  + allowed   B denied, and the scenario says reachable
`);
  expect(exitCode).toBe(1);
  const json = JSON.parse(
    (await runCli(['explain', '--all', '--json', 'a.yaml'], { cwd: folder.path })).stdout,
  );
  expect(json[0].predictions[0]).toEqual({
    from: 'reviewed/web',
    to: 'reviewed/db',
    port: 5432,
    protocol: 'TCP',
    verdict: 'denied',
    declared: 'reachable',
  });
  expect((await runCli(['explain', '--all', 'a.yaml', 'reviewed/web'], { cwd: folder.path })).exitCode).toBe(
    2,
  );
  expect((await runCli(['explain', 'a.yaml'], { cwd: folder.path })).exitCode).toBe(2);
});

/** Whether an ipBlock matches pods, and what a host-network pod is, is left to the plugin by the specification; and who is behind its own Services, to a cluster. */
function mayBeOpen(check: Parameters<typeof isOfExisting>[0]): object {
  return isOfExisting(check)
    ? { reason: expect.stringContaining('is known only on a cluster') }
    : { rule: expect.stringMatching(/^I[15]$/) };
}

test('explain agrees with every shipped scenario, check by check', async () => {
  const plans = await loadPlans([], { cwd: ROOT });
  for (const plan of plans) {
    const [step] = plan.steps;
    for (const check of step.checks) {
      const { from, to, expected, family } = check;
      const oracle = step.oracle(family);
      for (const flow of flowsOf(check)) {
        const { answer } = oracle.explain(flow);
        const agrees = expected === 'reachable' ? 'allowed' : 'denied';
        const { verdict } = answer;
        expect([plan.scenario.name, from, to, verdict === 'undefined' ? answer : verdict]).toEqual([
          plan.scenario.name,
          from,
          to,
          verdict === 'undefined' ? expect.objectContaining(mayBeOpen(check)) : agrees,
        ]);
      }
    }
  }
});
