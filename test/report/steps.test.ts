/** A scenario that goes on in steps, in every format: each says of which step it speaks, and what changes from one to the next. */
import { describe, expect, test } from 'vitest';
import { judge } from '../../src/judge/judge.ts';
import { whyUnseen } from '../../src/judge/reasons.ts';
import type { RunRecord } from '../../src/record/schema.ts';
import { factsOf, seenFacts } from '../../src/report/parts/mismatch.ts';
import { viewOf } from '../../src/report/view/run.ts';
import { ENDINGS, render } from './render.ts';
import { brokenOff, calmSteps, fiveSteps } from './steps.ts';

test.each(ENDINGS)('five steps in the report %s', async (format, ending) => {
  await expect(render(format, fiveSteps())).toMatchFileSnapshot(`golden/five-steps.${ending}`);
});

test('five steps in the terminal, all of them told', async () => {
  await expect(render('terminal', fiveSteps(), { verbose: true })).toMatchFileSnapshot(
    'golden/five-steps-verbose.txt',
  );
});

test('five steps in which all is well take a line each in the terminal', async () => {
  await expect(render('terminal', calmSteps())).toMatchFileSnapshot('golden/calm-steps.txt');
  expect(render('terminal', calmSteps(), { quiet: true })).toBe(
    'PASSED  1 scenario, 5 steps, 36 checks: 36 passed (8.1 s, sandbox v1.36.0)\n',
  );
});

test('a step of which there is nothing to tell says how many checks it has', () => {
  const record = calmSteps();
  const scenarios = record.scenarios.map((scenario) => ({
    ...scenario,
    steps: scenario.steps.map((step, index) =>
      index > 0 ? step : { ...step, checks: step.checks.filter(({ expected }) => expected === 'reachable') },
    ),
  }));
  expect(render('terminal', { ...record, scenarios })).toMatch(
    /^ +step 1: 2 checks; times: none, as no pair that connected in the control is to be cut off/m,
  );
});

test('a check of pods that were there before is new by the rule that names it', () => {
  const record = calmSteps();
  const scenarios = record.scenarios.map((scenario) => ({
    ...scenario,
    steps: scenario.steps.map(({ actions, ...step }) => ({
      ...step,
      ...(actions && { actions: actions.filter(({ kind }) => kind !== 'create') }),
    })),
  }));
  const told = render('terminal', { ...record, scenarios }, { width: 1000 });
  expect(told).toContain('1 check is new, named by rules of this step for the first time');
  expect(told).not.toContain('that were not there before');
});

test('a quiet report leaves out the steps in which all is well', () => {
  const told = render('terminal', fiveSteps(), { quiet: true }).match(/STEP \d/g);
  expect(told).toEqual(['STEP 2', 'STEP 3', 'STEP 4', 'STEP 5']);
});

test('the record holds every verdict', () => {
  const verdicts = new Set(viewOf(fiveSteps()).checks.map(({ verdict }) => verdict));
  expect(verdicts).toEqual(new Set(['pass', 'leaked', 'broken', 'flapping', 'late', 'inconclusive']));
});

/** What rests on more than the attempts of one step is judged elsewhere. */
const JUDGED = viewOf(fiveSteps()).checks.filter(
  ({ verdict, withoutControl }) => verdict !== 'late' && withoutControl === undefined,
);

test.each(JUDGED.map((check) => [check.title, check] as const))(
  '%s has the verdict of its attempts',
  (_, check) => {
    const { step, scenario, verdict, reason, settledMs } = check;
    const later = scenario.steps.slice(step.number).flatMap(({ checks }) => checks);
    const closing =
      check.closing ??
      later.find(({ id, expected }) => id === check.id && expected === 'reachable')?.observed;
    const judged = judge(
      { ...check, ...(closing === undefined ? {} : { closing }) },
      {
        confirm: 2,
        actedMs: step.actedMs ?? 0,
        closing: closing === undefined ? 'left-out' : 'made',
      },
    );
    expect({ reason: undefined, settledMs: undefined, ...judged }).toEqual({ verdict, reason, settledMs });
  },
);

/** The second step opens a pair of which nobody can tell whether it came in time. */
function unprovenStep(): RunRecord {
  const record = fiveSteps();
  const scenarios = record.scenarios.map((scenario) => ({
    ...scenario,
    steps: scenario.steps.map((step, index) => ({
      ...step,
      checks: step.checks.map((check) =>
        index === 1 && check.verdict === 'late'
          ? { ...check, verdict: 'inconclusive' as const, reason: whyUnseen([], 3_100, 2_000) }
          : check,
      ),
    })),
  }));
  return { ...record, scenarios };
}

describe('every format', () => {
  const TEXTUAL = ['terminal', 'junit', 'markdown', 'github', 'html', 'audit', 'tap'] as const;
  const wordsOf = (text: string): string =>
    text.replaceAll(/<\/?(?:em|code)>|[*`]/g, '').replaceAll(/\s+/g, ' ');

  const TIME_OF_ONE =
    /monitoring\/prometheus → shop\/api:8080\/TCP(?: \| time to enforce \|)? after 410 ms|monitoring\/prometheus → shop\/api:8080\/TCP is unreachable --- enforced: "after 410 ms"|prometheus in monitoring to api in shop on TCP 8080 after 410 ms/;

  test.each(TEXTUAL)('%s says of late that it was as expected, and when', (format) => {
    expect(wordsOf(render(format, fiveSteps()))).toMatch(
      /3\.1 s after the last action, 1\.1 s over the 2\.0 s that its step gives it|only after 3\.1 s, 1\.1 s over the 2\.0 s of its step/,
    );
    expect(render(format, fiveSteps())).toMatch(/late/i);
  });

  test.each(TEXTUAL)('%s says where a pass rests on no control', (format) => {
    expect(wordsOf(render(format, fiveSteps()))).toMatch(
      /3 checks passed without a control, such as|was not tried while no policy was in force: shop\/api came to be/,
    );
  });

  test.each(TEXTUAL)('%s names the step of what is amiss', (format) => {
    expect(wordsOf(render(format, fiveSteps()))).toContain('monitoring is shut out again');
  });

  const RENDERED = [...TEXTUAL, 'openmetrics'] as const;

  test.each(RENDERED)(
    '%s tells the time to allow of the step that opens pairs: median, p95, maximum',
    (format) => {
      expect(wordsOf(render(format, fiveSteps()))).toMatch(
        new RegExp(
          [
            String.raw`median 95 ms, p95 1\.2 s, maximum 1\.2 s \(2 of 3 pairs[^)]*; 1 not proven\)`,
            String.raw`2 of 3 became possible: half of these within 95 ms, 95 of 100 within 1\.2 s, the last after 1\.2 s\. Of 1 of 3 it is not proven`,
            // A histogram has what these are worked out from.
            String.raw`podreach_time_to_allow_seconds_bucket\{[^}]*step="back to open"[^}]*le="0\.1"\} 1 .*le="2\.5"\} 2 `,
          ].join('|'),
        ),
      );
    },
  );

  test.each(TEXTUAL.filter((format) => format !== 'html'))(
    '%s tells the time of each pair, also of one that passed',
    (format) => {
      expect(wordsOf(render(format, fiveSteps(), { verbose: true }))).toMatch(TIME_OF_ONE);
    },
  );

  test('the page tells it with what was seen of the check', () => {
    const check = viewOf(fiveSteps()).checks.find(({ settledMs }) => settledMs === 410);
    expect(check && seenFacts(check)).toContainEqual({ label: 'enforced', text: 'after 410 ms' });
  });

  test.each(TEXTUAL)(
    '%s says that nobody can tell of what is inconclusive, and not that it never came',
    (format) => {
      const record = unprovenStep();
      const text = wordsOf(render(format, record, { verbose: true }));
      expect(text).toMatch(/not proven \(0 of 1 pair\)|Whether it became possible is not proven/);
      expect(text).not.toMatch(/time to allow:? never|allowed +never|did not become possible/);
    },
  );

  test.each(TEXTUAL)('%s says why a step has no time', (format) => {
    expect(wordsOf(render(format, fiveSteps()))).toMatch(
      /none, as a pair has one where what is expected of it changes, and not where its pod is new|nothing that was stated before was to change/,
    );
  });

  test.each(['terminal', 'markdown', 'tap', 'junit', 'github', 'html', 'audit'] as const)(
    '%s tells the budget of a step in which all is well',
    (format) => {
      expect(wordsOf(render(format, calmSteps(), { verbose: true }))).toMatch(
        /budget:? ?2\.0 s|\| 2\.0 s \||What the step changes has 2\.0 s to show/,
      );
    },
  );

  test.each(['terminal', 'markdown', 'tap', 'junit', 'html', 'audit'] as const)(
    '%s shows what is said of a step',
    (format) => {
      expect(wordsOf(render(format, fiveSteps()))).toContain('A label on a namespace opens a door.');
    },
  );

  test.each(['terminal', 'markdown', 'audit', 'junit'] as const)(
    '%s shows the whole matrix once, or none',
    (format) => {
      const heads = render(format, fiveSteps()).match(/^ *from +│/gm) ?? [];
      expect(heads.length).toBe(format === 'audit' ? 0 : 1);
    },
  );
});

test('GitHub is told the steps of all scenarios in one notice, before all others, so that none is dropped', () => {
  const record = calmSteps();
  const scenarios = Array.from({ length: 12 }, (_, index) =>
    record.scenarios.map((scenario) => ({ ...scenario, name: `rollout-${index}` })),
  ).flat();
  const notices = render('github', { ...record, scenarios })
    .split('\n')
    .filter((line) => line.startsWith('::notice '));
  const [first = '', ...others] = notices;
  expect(notices).toHaveLength(10);
  for (const { name } of scenarios) expect(first).toContain(`${name}:%0Astep 1: 7 checks`);
  expect(first).toContain('- time to enforce: monitoring/prometheus → shop/api:8080/TCP after 410 ms');
  expect(others.join('\n')).not.toContain('time to enforce');
});

describe('a step without any time says why', () => {
  const [first, second] = calmSteps().scenarios[0]?.steps ?? [];
  const lineOf = (checks: RunRecord['scenarios'][number]['steps'][number]['checks'] = []) => {
    const record = calmSteps();
    const scenarios = record.scenarios.map((scenario) => ({
      ...scenario,
      steps: scenario.steps.map((step, index) => (index === 1 ? { ...step, checks } : step)),
    }));
    return render('tap', { ...record, scenarios }).match(/step 2 .*times: (none[^;]*)/)?.[1];
  };

  test('nothing is to change', () => {
    expect(lineOf(first?.checks)).toBe('none, as what is expected of each pair is what it was');
  });

  test('nothing was judged', () => {
    expect(lineOf(second?.checks.map(({ verdict: _, ...check }) => check))).toBe(
      'none, as nothing was judged',
    );
  });

  test('others cut what is to change', () => {
    const cut = { cutBy: 'others', because: 'the firewall', expected: 'unreachable' } as const;
    const checks = first?.checks.map((check) =>
      check.expected === 'reachable' ? { ...check, ...cut } : check,
    );
    expect(lineOf(checks)).toMatch(/^none, as what is to change showed that already/);
  });
});

test('the audit speaks of no policies where there are none', () => {
  const record = fiveSteps();
  const scenarios = record.scenarios.map((scenario) => ({ ...scenario, policies: [] }));
  const text = render('audit', { ...record, scenarios });
  expect(text).toContain('This is how it begins, without any policy.');
  expect(text).toMatch(/#### Step 5[^#]*Each was tried 2 times with no policy applied/);
});

describe('an action', () => {
  const actionsOf = (name: string): string | undefined =>
    /actions +(.*)/.exec(
      render('terminal', fiveSteps(), { width: 1000 }).split(new RegExp(`STEP \\d  ${name}`))[1] ?? '',
    )?.[1];

  test.each([
    [
      'monitoring is let in',
      'labelled namespace/monitoring with team=devops; labelled shop/web with version=v2; took canary from shop/web',
    ],
    ['the API is replaced', 'replaced shop/api'],
    [
      'monitoring is shut out again',
      'applied networkpolicy/shop/allow-web; deleted networkpolicy/shop/allow-devops; created shop/batch',
    ],
  ])('of %s is told in words', (name, expected) => {
    expect(actionsOf(name)).toBe(expected);
  });

  test('that is none says so', () => {
    const record = fiveSteps();
    const scenarios = record.scenarios.map((scenario) => ({
      ...scenario,
      steps: scenario.steps.map(({ actions: _, ...step }) => step),
    }));
    const text = render('terminal', { ...record, scenarios });
    expect(text).toContain('actions    nothing: only what is expected changes');
    expect(render('audit', { ...record, scenarios })).toContain('Nothing was done in this step');
  });
});

test('the page draws for each step how fast its checks settled, from its own last action on', () => {
  const blocks = render('html', fiveSteps()).split('data-step="').slice(1);
  const since = blocks.map((block) => /by time (since [^<]*)<\/text>/.exec(block)?.[1]);
  expect(since).toEqual([
    'since the policies were applied',
    ...Array.from({ length: 4 }, () => "since the step's last action"),
  ]);
});

describe('steps that were not done', () => {
  const TEXTUAL = ['terminal', 'junit', 'markdown', 'html', 'audit', 'tap'] as const;

  test('are told as what they are, in the terminal', async () => {
    await expect(render('terminal', brokenOff())).toMatchFileSnapshot('golden/broken-off.txt');
  });

  test.each(TEXTUAL)('are not told as done in the report %s', (format) => {
    const text = render(format, brokenOff()).replaceAll(/<\/?(?:em|code)>|[*`]/g, '');
    expect(text).toMatch(/not begun/);
    expect(text).toMatch(/begun, and not finished: replace shop\/api|not done to its end/);
    // Of what the last two steps were to do.
    expect(text).not.toMatch(
      /created shop\/batch|removed shop\/batch|was started|(?:was|were) taken away, this/,
    );
    expect(text).not.toMatch(/never \(0 of/);
  });

  test('keep a run from being green, and have no times', () => {
    const { steps = [] } = viewOf(brokenOff()).scenarios[0] ?? {};
    expect(steps.map(({ stage }) => stage)).toEqual(['done', 'done', 'cut-short', 'not-begun', 'not-begun']);
    expect(steps.map(({ times }) => times.enforce.concerned + times.allow.concerned)).toEqual([
      5, 1, 0, 0, 0,
    ]);
    expect(render('openmetrics', brokenOff())).toMatch(/^podreach_run_success\{.*\} 0$/m);
  });
});

test('a case of a test is named for its step, and no two alike', () => {
  const names = [
    ...render('junit', fiveSteps()).matchAll(/<testcase classname="rollout" name="([^"]+)"/g),
  ].map(([, name]) => name);
  expect(names).toHaveLength(36);
  expect(new Set(names).size).toBe(36);
  expect(names[7]).toBe('monitoring is let in: shop/web → shop/api:8080/TCP is reachable');
});

test('a check of the last step is repeated in the pods that stay, one of another step by a run of its own', () => {
  const record = fiveSteps();
  const options = { ...record.run.options, keep: true };
  const { checks } = viewOf({ ...record, run: { ...record.run, options } });
  const command = (number: number, id: number): string | undefined =>
    checks.find((check) => check.step.number === number && check.id === id)?.reproduce().text;
  expect(command(5, 0)).toMatch(/^kubectl .*connect 10\.64\.0\.40 8080 TCP$/);
  expect(command(4, 0)).toMatch(/^podreach run /);
});

test('a mismatch that is not in the last step says that the last is what stays', () => {
  const { mismatches } = viewOf(fiveSteps());
  const kept = mismatches.map((check) => [
    check.step.number,
    factsOf(check).find(({ label }) => label === 'kept')?.text,
  ]);
  const { title } = viewOf(fiveSteps()).scenarios[0]?.steps.at(-1) ?? {};
  expect(kept).toContainEqual([4, `${title}, the last: --keep does not stop at step 4`]);
  for (const [number, text] of kept) expect(text === undefined).toBe(number === 5);
});
