import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../../src/record/schema.ts';
import type { ReportFormat } from '../../src/report/formats.ts';
import { REPORTS } from '../../src/report/report.ts';
import { escapeXml } from '../../src/report/text/xml.ts';
import {
  attempts,
  buildRecord,
  buildScenario,
  calmScenario,
  changedChecks,
  everyVerdict,
} from './fixture.ts';
import { interruptedRun, keptRun, missingRight, ROLE } from './records.ts';

const PLAIN = { width: 200, colour: false, verbose: false, quiet: false };
/** Without line breaks, and without what a format makes of characters that are its own. */
const wordsOf = (text: string): string =>
  text
    .replaceAll(/<\/?(?:em|code)>|[*`]/g, '')
    .replaceAll('%3A', ':')
    .replaceAll(/\s+/g, ' ');

describe('a manifest that would mend what podreach could not go on from', () => {
  const lines = ROLE.join('\n');
  const fenced = `\`\`\`yaml\n${lines}\n\`\`\`\n`;
  test.each<[ReportFormat, string]>([
    ['terminal', `\n\n${lines}\n`],
    ['json', JSON.stringify(ROLE[2])],
    ['junit', `\n${escapeXml(lines)}</error>`],
    ['markdown', `\n\n${fenced.trimEnd().replaceAll(/^/gm, '  ')}\n`],
    ['github', `%0A${ROLE.join('%0A')}\n`],
    ['html', `<pre>${escapeXml(lines)}</pre></div>`],
    ['audit', `\n\n${fenced}`],
    ['tap', `manifest: ${JSON.stringify(lines)}\n`],
  ])('stands in the report %s', (format, expected) => {
    const options = { width: 100, colour: false, verbose: false, quiet: false };
    expect(REPORTS[format](missingRight(), options)).toContain(expected);
  });
});

test.each(['terminal', 'junit', 'markdown', 'github', 'html', 'audit', 'tap'] as const)(
  '%s tells an interruption together with what could not be cleaned up',
  (format) => {
    const interrupted = interruptedRun();
    const error = {
      code: 'api-error',
      message: 'cleaning up failed: the namespace stays',
      hint: 'Finish with: podreach clean --run abc',
    };
    const record = { ...interrupted, run: { ...interrupted.run, error } };
    const text = REPORTS[format](record, { width: 200, colour: false, verbose: false, quiet: false });
    expect(text).toContain('SIGINT');
    expect(text).toContain('cleaning up failed: the namespace stays');
    if (format !== 'tap') expect(text).toContain('podreach clean --run abc');
  },
);

/** Of five attempts under the policies two were cut off; without the policies it was tried three times more. */
const NOT_OF_ONE_PIECE = buildRecord([
  buildScenario('late', {
    pods: { 'shop/web': [], 'shop/db': [5432] },
    checks: [
      {
        from: 'shop/web',
        expected: 'unreachable',
        settledMs: 2310,
        attempts: [
          ...attempts('control', ['connected']),
          ...attempts('settle', ['connected', 'connected', 'connected', 'timeout', 'timeout']),
          ...attempts('closing', ['timeout', 'connected']),
        ],
      },
    ],
  }),
]);

describe('a check that passed, and not in every attempt', () => {
  const account =
    'cut off in 2 of 5 attempts with the policies applied; 3 connections before that, while the policies were taking effect';
  test.each<[ReportFormat, Partial<typeof PLAIN>]>([
    ['terminal', {}],
    ['terminal', { verbose: true }],
    ['junit', {}],
    ['markdown', {}],
    ['github', {}],
    ['html', {}],
    ['audit', {}],
    ['tap', {}],
  ])('is told with its numbers in the report %s, %o', (format, options) => {
    expect(wordsOf(REPORTS[format](NOT_OF_ONE_PIECE, { ...PLAIN, ...options }))).toContain(account);
  });

  test.each(Object.entries(REPORTS))('is in no report %s taken for five cuts', (_, render) => {
    for (const verbose of [false, true]) {
      const text = wordsOf(render(NOT_OF_ONE_PIECE, { ...PLAIN, verbose }));
      // Nor are the attempts without the policies among those with them.
      expect(text).not.toMatch(
        /timeout [345678] |(?:cut off|tried|timeout) (?:in )?[5678] (?:of|times)|of [678] attempts/,
      );
    }
  });

  test('is a number of its own among the metrics', () => {
    expect(REPORTS.openmetrics(NOT_OF_ONE_PIECE, PLAIN)).toContain(
      'podreach_checks_with_contrary_attempts{cluster="sandbox",scenario="late"} 1\n',
    );
  });
});

test.each(['terminal', 'junit', 'markdown', 'github', 'html', 'audit', 'tap'] as const)(
  '%s says once that the policies were not taken away, and what that means',
  (format) => {
    const note =
      /closing control left out: the run keeps its policies \(--keep\)\. What was cut off was not tried again without them/g;
    expect(wordsOf(REPORTS[format](keptRun(), PLAIN)).match(note)?.length).toBe(format === 'html' ? 2 : 1);
    expect(REPORTS[format](everyVerdict(), PLAIN)).not.toContain('closing control left out');
  },
);

test.each(['terminal', 'junit', 'markdown', 'github', 'html', 'audit', 'tap'] as const)(
  '%s names the nodes that have not taken up the policies',
  (format) => {
    const text = wordsOf(REPORTS[format](everyVerdict(), PLAIN));
    expect(text).toMatch(/node-3 (?:has not taken|did not take) up the policies/);
    expect(text).not.toMatch(/node-[12] (?:has not taken|did not take) up/);
  },
);

test.each<[ReportFormat, Partial<typeof PLAIN>]>([
  ['terminal', { verbose: true }],
  ['junit', {}],
  ['html', {}],
  ['audit', {}],
])('%s tells when each node had taken up the policies, %o', (format, options) => {
  expect(wordsOf(REPORTS[format](everyVerdict(), { ...PLAIN, ...options }))).toContain(
    'node-1 after 41 ms, node-2 after 55 ms, node-3 not within the time',
  );
});

test.each(['terminal', 'junit', 'markdown', 'github', 'html', 'audit', 'tap'] as const)(
  '%s says what is amiss where datagrams arrive, and no answer comes back',
  (format) => {
    expect(wordsOf(REPORTS[format](everyVerdict(), PLAIN))).toContain(
      'datagrams of shop/api arrived at shop/db, so the policies let them through: they decide about the first packet. Only the answers were lost: look at the way back, from shop/db to shop/api',
    );
  },
);

test.each(['terminal', 'junit', 'markdown', 'github', 'html', 'tap'] as const)(
  '%s says what to do about a cut that nobody has named',
  (format) => {
    expect(wordsOf(REPORTS[format](everyVerdict(), PLAIN))).toMatch(
      /Find out what cuts it; if that is meant, say so in the scenario: (?:"|&quot;)cutBy: others(?:"|&quot;), and under (?:"|&quot;)because(?:"|&quot;) what it is/,
    );
  },
);

describe('a pass without an attempt that shows it', () => {
  /** What each report says of a run in which all is well, and says of no other. */
  const SIGNS: readonly (readonly [ReportFormat, RegExp])[] = [
    ['terminal', /^PASSED/m],
    ['junit', /failures="0" errors="0"/],
    ['markdown', /PASSED/],
    ['github', /^$/],
    ['html', /PASSED/],
    ['audit', /\*\*PASSED\*\*/],
    ['openmetrics', /^podreach_run_success\{.*\} 1$/m],
    ['tap', /^(?!.*not ok)/s],
  ];
  const recordWithout = (without: readonly string[]): RunRecord => {
    const scenario = calmScenario('calm');
    const steps = changedChecks(scenario, ({ control, observed, closing, ...check }) => {
      const left = Object.entries({ control, observed, closing }).filter(
        ([name, seen]) => seen !== undefined && !without.includes(name),
      );
      return { ...check, ...Object.fromEntries(left) };
    });
    return buildRecord([{ ...scenario, steps }]);
  };

  test.each(SIGNS)('is none in the report %s', (format, sign) => {
    const render = (...without: string[]): string => REPORTS[format](recordWithout(without), PLAIN);
    expect(render()).toMatch(sign);
    expect(render('control', 'observed', 'closing')).not.toMatch(sign);
    expect(render('observed')).not.toMatch(sign);
  });
});
