import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { checksOf, type RunRecord, runRecordSchema } from '../../../../src/record/schema.ts';
import { renderTerminal } from '../../../../src/report/formats/terminal/terminal.ts';
import type { RenderOptions } from '../../../../src/report/render-options.ts';
import { viewOf } from '../../../../src/report/view/run.ts';
import {
  attempts,
  buildRecord,
  buildScenario,
  type CheckParts,
  calmScenario,
  changedChecks,
  everyVerdict,
  meshScenario,
  unjudged,
} from '../../fixture.ts';
import { environmentFailure, hostileRecord } from '../../records.ts';

const PLAIN: RenderOptions = { width: 80, colour: false, verbose: false, quiet: false };
// What a terminal would obey instead of show.
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Renders a record that is proven to be one. */
function render(record: RunRecord, options: Partial<RenderOptions> = {}): string {
  return renderTerminal(viewOf(runRecordSchema.parse(record)), { ...PLAIN, ...options });
}

function golden(name: string): string {
  return `../../golden/${name}.txt`;
}

describe('a run with every verdict', () => {
  test('shows matrix, blocks and summary at 80 columns', async () => {
    await expect(render(everyVerdict())).toMatchFileSnapshot(golden('every-verdict'));
  });

  test('uses the room of 200 columns', async () => {
    await expect(render(everyVerdict(), { width: 200 })).toMatchFileSnapshot(
      golden('every-verdict-200-columns'),
    );
  });

  test('tells everything when asked to', async () => {
    await expect(render(everyVerdict(), { verbose: true })).toMatchFileSnapshot(
      golden('every-verdict-verbose'),
    );
  });

  test('shows only what is unexpected, and no matrix, when asked to be quiet', async () => {
    await expect(render(everyVerdict(), { quiet: true })).toMatchFileSnapshot(golden('every-verdict-quiet'));
  });

  test('says the same with colour as without', async () => {
    const coloured = render(everyVerdict(), { colour: true });
    expect(stripColours(coloured)).toBe(render(everyVerdict()));
    await expect(coloured).toMatchFileSnapshot(golden('every-verdict-colour'));
  });

  test('keeps to the width but for what is to be copied whole', () => {
    const lines = render(everyVerdict(), { verbose: true }).split('\n');
    const wide = lines.filter((line) => stringWidth(line) > 80 && !line.includes('  reproduce  '));
    expect(wide).toEqual([lines.at(-2)]);
  });
});

describe('a run in which all is well', () => {
  const record = buildRecord([calmScenario('default-deny'), calmScenario('namespace-isolation')]);

  test('takes one line per scenario and one for the result', () => {
    expect(render(record)).toBe(
      [
        'passed  default-deny         2 checks, settled in 280 ms, took 5.8 s',
        'passed  namespace-isolation  2 checks, settled in 280 ms, took 5.8 s',
        '',
        'PASSED  2 scenarios, 4 checks: 4 passed (8.1 s, sandbox v1.36.0)',
        '',
      ].join('\n'),
    );
  });

  test('takes one line in all when asked to be quiet', () => {
    expect(render(record, { quiet: true })).toBe(
      'PASSED  2 scenarios, 4 checks: 4 passed (8.1 s, sandbox v1.36.0)\n',
    );
  });

  test('shows matrices, phases and circumstances when asked for everything', async () => {
    await expect(render(record, { verbose: true })).toMatchFileSnapshot(golden('passed-verbose'));
  });

  describe('but not in every attempt', () => {
    const late = (number: number) =>
      buildScenario('late', {
        pods: { 'shop/web': [], 'shop/db': [5432, 5433] },
        checks: [5432, 5433].slice(0, number).map((port) => ({
          from: 'shop/web',
          port,
          expected: 'unreachable',
          settledMs: 810,
          attempts: [
            ...attempts('control', ['connected']),
            ...attempts('settle', ['connected', 'timeout', 'timeout']),
            ...attempts('closing', ['connected']),
          ],
        })),
      });

    test('says so below the line of the scenario', () => {
      expect(render(buildRecord([late(1), calmScenario('done')]))).toBe(
        [
          'passed  late  1 check, settled in 810 ms, took 5.8 s',
          '        1 check passed, but not in every attempt: shop/web → shop/db:5432/TCP,',
          '        cut off in 2 of 3 attempts with the policies applied; 1 connection',
          '        before that, while the policies were taking effect',
          'passed  done  2 checks, settled in 280 ms, took 5.8 s',
          '',
          'PASSED  2 scenarios, 3 checks: 3 passed (8.1 s, sandbox v1.36.0)',
          '',
        ].join('\n'),
      );
    });

    test('names one of several, and all of them when asked to', () => {
      const several = buildRecord([late(2)]);
      expect(render(several).replaceAll(/\s+/g, ' ')).toContain(
        '2 checks passed, but not in every attempt, such as shop/web → shop/db:5432/TCP, cut off in 2 of 3 attempts with the policies applied; 1 connection before that, while the policies were taking effect (--verbose shows all of them)',
      );
      const told = render(several, { verbose: true });
      expect(told.match(/^ {2}CONTRARY {2}.*$/gm)).toEqual([
        '  CONTRARY  shop/web → shop/db:5432/TCP, which passed',
        '  CONTRARY  shop/web → shop/db:5433/TCP, which passed',
      ]);
      expect(told).toContain('    in order   connected, 2 × timeout\n');
      expect(told).not.toContain('--verbose shows');
    });

    test('is no matter where only what is not as expected is asked for', () => {
      expect(render(buildRecord([late(1)]), { quiet: true })).toBe(
        'PASSED  1 scenario, 1 check: 1 passed (8.1 s, sandbox v1.36.0)\n',
      );
    });
  });

  test('mentions a review that is overdue, and passes all the same', () => {
    const overdue = calmScenario('audit', { reviewBy: '2026-11-19', owner: 'payments-team' });
    const due = calmScenario('fresh', { reviewBy: '2026-11-20' });
    expect(render(buildRecord([overdue, due]))).toBe(
      [
        'passed  audit  2 checks, settled in 280 ms, took 5.8 s',
        '        review overdue since 2026-11-19 (owner: payments-team)',
        'passed  fresh  2 checks, settled in 280 ms, took 5.8 s',
        '',
        'PASSED  2 scenarios, 4 checks: 4 passed (8.1 s, sandbox v1.36.0)',
        '',
      ].join('\n'),
    );
  });
});

describe('a failure of podreach itself', () => {
  test('of the whole run comes first, with what to do next', async () => {
    await expect(render(environmentFailure())).toMatchFileSnapshot(golden('environment-failure'));
  });

  test('of one scenario stands with that scenario, with its place', async () => {
    const failed = unjudged(
      calmScenario('rejected', {
        status: 'failed',
        error: {
          code: 'policy-rejected',
          message:
            'the API server refused policy shop/deny-all: spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`',
          location: { file: 'policies/rejected.yaml', line: 12, column: 3 },
          hint: 'Correct the policy; nothing of this scenario was tried.',
        },
      }),
    );
    await expect(render(buildRecord([calmScenario('default-deny'), failed]))).toMatchFileSnapshot(
      golden('scenario-failure'),
    );
  });

  test('after the last check is not covered up by the checks that passed', () => {
    const error = { code: 'api-error', message: 'namespace shop could not be deleted' };
    const output = render(buildRecord([calmScenario('default-deny', { error })]), { quiet: true });
    expect(output).toContain('ERROR  namespace shop could not be deleted');
    expect(lastLine(output)).toMatch(/^ERROR {2}1 scenario \(1 with an error\), 2 checks: 2 passed/);
  });
});

describe('a run that was cut off', () => {
  const whole = calmScenario('cut-off');
  const cut = {
    ...whole,
    status: 'interrupted' as const,
    steps: [{ checks: [...checksOf(whole).slice(0, 1), ...checksOf(unjudged(whole)).slice(1)] }],
  };
  const scenarios = [
    calmScenario('done'),
    cut,
    unjudged(calmScenario('never-begun', { status: 'skipped', durationMs: 0, phases: [] })),
  ];

  test('says so first and last when it was interrupted', async () => {
    const record = buildRecord(scenarios, { incomplete: true, interruptedBy: 'SIGINT', exitCode: 130 });
    await expect(render(record)).toMatchFileSnapshot(golden('interrupted'));
  });

  test('says so when all that is left of it is its record', () => {
    const output = render(buildRecord([calmScenario('done')], { incomplete: true }));
    expect(output).toBe(
      [
        'INCOMPLETE  the run did not come to its own end, 1 of 1 scenario finished. What',
        '            follows was seen until then; nothing is proven about the rest.',
        '',
        'passed  done  2 checks, settled in 280 ms, took 5.8 s',
        '',
        'INCOMPLETE  1 scenario, 2 checks: 2 passed (8.1 s, sandbox v1.36.0)',
        '',
      ].join('\n'),
    );
  });

  test('is never called passed, however well it went until then', () => {
    for (const run of [{ incomplete: true }, { incomplete: false, interruptedBy: 'SIGTERM' as const }]) {
      for (const quiet of [true, false]) {
        const output = render(buildRecord([calmScenario('done')], run), { quiet });
        expect(output.split('\n')[0]).toMatch(/^INCOMPLETE/);
        expect(lastLine(output)).toMatch(/^INCOMPLETE/);
      }
    }
  });
});

test('what the specification leaves open is nobody’s fault', () => {
  const record = everyVerdict();
  const scenarios = record.scenarios.map((scenario) => ({
    ...scenario,
    steps: changedChecks(scenario, (check) =>
      check.verdict === 'flapping' ? { ...check, disagreement: 'open' as const } : check,
    ),
  }));
  expect(render({ ...record, scenarios }).replaceAll(/\s+/g, ' ')).toContain(
    ' at fault undecided: the specification does not define this case; write the policy so that it does ',
  );
});

test('what shows that a cut was one is told at length only when asked to', () => {
  expect(render(everyVerdict())).not.toContain('evidence');
  expect(render(everyVerdict(), { verbose: true })).toContain('    evidence   The port was open: ');
});

test('a pair that others are to cut says so with its expectation', () => {
  const leak = buildScenario('zones', {
    pods: { 'shop/web': [], 'shop/db': [5432] },
    checks: [
      {
        from: 'shop/web',
        expected: 'unreachable',
        cutBy: 'others',
        because: 'the mesh',
        verdict: 'leaked',
        attempts: [...attempts('control', ['timeout']), ...attempts('settle', ['connected'])],
      },
      {
        from: 'shop/db',
        expected: 'unreachable',
        cutBy: 'others',
        because: 'the mesh',
        verdict: 'inconclusive',
        reason: 'it was not tried after the policies were applied',
      },
    ],
  });
  const output = render(buildRecord([leak]), { width: 100 });
  expect(output).toContain('    expected   unreachable, cut by others: the mesh\n');
  expect(output).toContain('(after 500 ms, 3 dials) before any policy; it need not connect\n');
  expect(output).toContain(
    '    - shop/db → shop/db:5432/TCP, expected unreachable, cut by others (scenarios/zones.yaml:21)\n',
  );
});

test('a cluster with a name is named, and reproduce lines find it', () => {
  const { environment, ...rest } = everyVerdict();
  const kubectl = ['--context', 'two words'];
  const output = render({
    ...rest,
    run: { ...rest.run, options: { ...rest.run.options, keep: true } },
    environment: { ...environment, cluster: 'context', clusterName: 'staging', kubectl },
  });
  expect(output).toMatch(/\(8\.1 s, context staging v1\.36\.0\)\n$/);
  expect(output).toContain("    reproduce  kubectl --context 'two words' exec -n shop web ");
});

describe('names that try to deceive', () => {
  const evil = '\u001b[2J\u001b[31mevil\u009b1m\r\nPASSED  9 scenarios\u202egpj.exe\u0007';
  const long = `${'first-'.repeat(16)}and-${'last-'.repeat(20)}`;
  const scenario = buildScenario(
    `shop${evil}`,
    {
      pods: {
        [`shop/${evil}`]: ['80'],
        [`shop/${long}`]: ['http=80'],
        'shop/מסד': [80],
        'shop/数据库': [80],
        "shop/it's; rm -rf ~": [80],
      },
      policies: { [`shop/${evil}`]: 1 },
      checks: [
        {
          from: `shop/${evil}`,
          to: `shop/${long}`,
          port: 80,
          expected: 'unreachable',
          because: evil,
          verdict: 'leaked',
          attempts: attempts('settle', ['connected'], { detail: evil }),
          isolatedBy: { egress: [`shop/${evil}`], ingress: [] },
        },
        { from: "shop/it's; rm -rf ~", to: 'shop/מסד', port: 80, verdict: 'broken', attempts: [] },
        { from: `shop/${long}`, to: 'shop/数据库', port: 80, verdict: 'inconclusive', reason: evil },
      ],
    },
    {
      description: evil,
      owner: evil,
      reviewBy: '2020-01-01',
      error: { code: evil, message: evil, hint: evil },
    },
  );
  const record = buildRecord([scenario], {}, { cluster: evil });

  test('are shown for what they are, shortened only where the whole follows', async () => {
    await expect(render(record, { verbose: true })).toMatchFileSnapshot(golden('hostile-names'));
  });

  test('are quoted in commands', () => {
    expect(render(record)).toContain(` --check 'shop/it'\\''s; rm -rf ~ → shop/מסד:80/TCP' `);
  });

  test('begin no command of GitHub Actions, which reads what a step prints', () => {
    const words = 'text that fills a line of its own, and then ::error file=a,line=1::gotcha';
    const record = buildRecord([
      calmScenario('commands', { description: words }),
      calmScenario('commands', { description: '::error::gotcha ##[error]gotcha' }),
      calmScenario('blanks', { description: '\u00a0\u3000::error::gotcha' }),
      calmScenario('more blanks', { description: words.replace('::', '\u00a0::') }),
    ]);
    for (const output of [
      ...[20, 40, 60, 80].map((width) => render(record, { verbose: true, width })),
      render(hostileRecord(), { verbose: true }),
    ])
      expect(output).not.toMatch(/^\s*::|##\[/m);
    expect(render(record, { verbose: true })).toContain('  \\x3a:error::gotcha \\x23#[error]gotcha\n');
  });

  test('never send anything to the terminal that it obeys', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 });
    fc.assert(
      fc.property(text, text, text, text, fc.boolean(), (pod, name, reason, policy, verbose) => {
        const output = renderTerminal(
          viewOf(
            buildRecord(
              [
                buildScenario(name, {
                  pods: { [`shop/${pod}`]: [80] },
                  policies: { [`shop/${policy}`]: 1 },
                  checks: [
                    { from: `shop/${pod}`, to: `shop/${pod}`, port: 80, verdict: 'inconclusive', reason },
                    {
                      from: `shop/${pod}`,
                      verdict: 'leaked',
                      because: reason,
                      isolatedBy: { egress: [`shop/${policy}`], ingress: [] },
                    },
                  ],
                }),
              ],
              { error: { code: 'api-error', message: reason, hint: name } },
            ),
          ),
          { ...PLAIN, verbose },
        );
        expect(output.replaceAll('\n', '')).not.toMatch(OBEYED);
        // No text of a record begins a line: only the report itself says how a run ended.
        expect(output.split('\n').filter((line) => /^PASSED/.test(line))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a hundred pods', () => {
  const leak: CheckParts = {
    expected: 'unreachable',
    verdict: 'leaked',
    attempts: [...attempts('control', ['connected']), ...attempts('settle', ['connected', 'connected'])],
  };

  test('are cut down to what is unexpected', async () => {
    const scenario = meshScenario(100, (from, to) => {
      if (from === 41 && to > 90) return leak;
      if (to === 7 && from < 3)
        return { verdict: 'broken', attempts: attempts('settle', ['timeout', 'timeout']) };
      return {};
    });
    await expect(render(buildRecord([scenario]))).toMatchFileSnapshot(golden('hundred-pods'));
  });

  test('stay readable when half of their 9,900 checks leaked', () => {
    const record = buildRecord([meshScenario(100, (from, to) => ((from + to) % 2 === 0 ? {} : leak))]);
    const output = renderTerminal(viewOf(record), PLAIN);
    const lines = output.split('\n');
    expect(lines.length).toBeLessThan(300);
    expect(output.replaceAll(/\s+/g, ' ')).toContain(
      'Shown: 13 of 100 sources (left out: 87 more with something unexpected) and 25 of 100 destination ports',
    );
    expect(lines.filter((line) => line.startsWith('  LEAKED  '))).toHaveLength(20);
    expect(output).toContain('… and 4,980 more checks that are not as expected. --verbose shows them all,');
    expect(output).toContain('FAILED  1 scenario, 9,900 checks: 4,900 passed, 5,000 leaked');
  });

  test('need no matrix when all is well', () => {
    expect(render(buildRecord([meshScenario(100, () => ({}))]))).toBe(
      [
        'passed  mesh  9,900 checks, settled in 60 ms, took 5.8 s',
        '',
        'PASSED  1 scenario, 9,900 checks: 9,900 passed (8.1 s, sandbox v1.36.0)',
        '',
      ].join('\n'),
    );
  });

  test('are shown whole when asked for, in blocks that repeat the sources', () => {
    const output = render(buildRecord([meshScenario(100, () => ({}))]), { verbose: true, width: 120 });
    expect(output.split('\n').filter((line) => line.startsWith('  team-3/service-13 '))).toHaveLength(3);
    expect(output).toContain('  destinations 69 to 100 of 100\n');
  });
});

describe('many inconclusive checks', () => {
  test('are grouped by reason, with a few examples of each', async () => {
    const scenario = meshScenario(5, (from) =>
      from < 3
        ? {
            verdict: 'inconclusive',
            reason:
              from === 0
                ? 'nothing was listening on the destination port'
                : 'the probe could not try: exec ended without a status',
            attempts: attempts('control', ['connected']),
          }
        : {},
    );
    await expect(render(buildRecord([scenario]))).toMatchFileSnapshot(golden('inconclusive'));
  });

  test('of 370 pods, each with its own reason, are all shown when asked for', () => {
    const scenario = meshScenario(370, (from, to) => ({
      verdict: 'inconclusive',
      reason: `pod ${from} does not know ${to}`,
    }));
    const output = renderTerminal(viewOf(buildRecord([scenario])), { ...PLAIN, verbose: true });
    expect(output.match(/ does not know /g)).toHaveLength(370 * 369);
  });
});

test('what only several scenarios together show stands below them, whatever is asked for', () => {
  const scenario = () =>
    meshScenario(4, (from, to) => ({
      expected: 'unreachable',
      ...(to === 1 && from !== 2 ? { verdict: 'leaked' } : {}),
    }));
  const record = buildRecord([scenario(), scenario(), scenario()]);
  const pattern =
    'PATTERN  all 6 leaks, in 3 scenarios, lead into team-1/service-1:8080/TCP (6 of\n         the 9 checks that do)\n\n';
  for (const options of [{}, { quiet: true }, { verbose: true }]) {
    const [above = '', below] = render(record, options).split(`\n\n${pattern}`);
    expect(above).toContain('LEAKED');
    expect(below).toMatch(/^FAILED {2}3 scenarios, /);
  }
});

test('a kept run does not send its reader to another one', () => {
  const record = everyVerdict();
  const kept = { ...record, run: { ...record.run, options: { ...record.run.options, keep: true } } };
  expect(render(record)).toContain('reproduce  podreach run ');
  expect(render(kept)).not.toContain('--keep');
});

test('that only some of the checks were chosen stands in the last line', () => {
  expect(render(buildRecord([calmScenario('part', { declaredChecks: 14 })]))).toMatch(
    /^PASSED {2}1 scenario, 2 of 14 checks \(--check\): 2 passed /m,
  );
});

test('a terminal that does not know its width, or an absurd one, still gets a report', () => {
  expect(render(everyVerdict(), { width: 0 })).toBe(render(everyVerdict(), { width: 80 }));
  expect(render(everyVerdict(), { width: 7 })).toBe(render(everyVerdict(), { width: 40 }));
});

function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1) ?? '';
}

function stripColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences.
  return text.replaceAll(/\u001b\[\d+m/g, '');
}
