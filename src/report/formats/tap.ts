/** TAP 14, for those who pipe: a subtest per scenario, a test point per check, diagnostics in YAML. */
import { stringify } from 'yaml';
import { type Case, isBad, type Suite, suitesOf } from '../parts/cases.ts';
import { describeLocation } from '../parts/describe.ts';
import { summariseHeldConnections } from '../parts/held-connections.ts';
import { describeKnown } from '../parts/known-issues.ts';
import { warningsOf } from '../parts/opinion.ts';
import { describeLeftOut } from '../parts/scenario-notes.ts';
import { stepLines } from '../parts/steps.ts';
import { watchLines } from '../parts/watch.ts';
import { summariseWithoutControl } from '../parts/without-control.ts';
import type { Fact } from '../text/block.ts';
import type { RunView } from '../view/view.ts';

const SUBTEST_INDENT = '    ';
const DIAGNOSTIC_INDENT = '  ';

/** A run that was cut off ends with `Bail out!`, so that no reader takes what is there for all there is. */
export function renderTap(view: RunView): string {
  const suites = suitesOf(view);
  return [
    'TAP version 14',
    `1..${suites.length}`,
    ...suites.flatMap((suite, index) => renderSuite(suite, index + 1)),
    ...warningsOf(view).map(({ text }) => `# warning: ${text}`),
    ...view.scenarios.flatMap((scenario) =>
      [
        describeLeftOut(scenario),
        summariseWithoutControl(scenario.checks),
        summariseHeldConnections(scenario.checks),
        ...stepLines(scenario),
        ...scenario.steps.map(({ title, description }) => description && `${title}: ${description}`),
      ].flatMap((text) => (text === undefined ? [] : [`# note: ${scenario.name}: ${text}`])),
    ),
    ...watchLines(view, Number.POSITIVE_INFINITY).map((text) => `# watch: ${text}`),
    ...renderBailOut(view),
    '',
  ].join('\n');
}

function renderSuite({ name, cases }: Suite, number: number): string[] {
  const isOk = !cases.some(isBad);
  // All that was tried may be ok where a scenario was cut off; the scenario is not.
  const skipped = isOk ? cases.find((one) => one.result === 'skipped') : undefined;
  const directive = skipped === undefined ? '' : ` # SKIP ${escapeDescription(skipped.message)}`;
  return [
    `# Subtest: ${escapeDescription(name)}`,
    ...renderPlan(cases),
    ...cases.flatMap((testCase, index) => renderCase(testCase, index + 1)),
  ]
    .map((line, index) => (index === 0 ? line : SUBTEST_INDENT + line))
    .concat(`${isOk ? 'ok' : 'not ok'} ${number} - ${escapeDescription(name)}${directive}`);
}

function renderPlan(cases: readonly Case[]): string[] {
  return [cases.length === 0 ? '1..0 # SKIP nothing to test' : `1..${cases.length}`];
}

function renderCase(testCase: Case, number: number): string[] {
  const point = `${number} - ${escapeDescription(testCase.name)}`;
  if (testCase.result === 'passed') {
    const { contrary, facts, watched } = testCase;
    const seen = {
      ...diagnosticsOf(facts),
      ...(contrary === undefined ? {} : { contrary }),
      ...(watched === undefined ? {} : { watched }),
    };
    return [`ok ${point}`, ...(Object.keys(seen).length === 0 ? [] : renderDiagnostics(seen))];
  }
  if (testCase.result === 'skipped') return [`ok ${point} # SKIP ${escapeDescription(testCase.message)}`];
  const { kind, message, facts, manifest, location, durationMs } = testCase;
  const diagnostics = {
    message,
    severity: SEVERITIES[testCase.result],
    kind,
    ...(location === undefined ? {} : { at: describeLocation(location) }),
    duration_ms: Math.round(durationMs * 1000) / 1000,
    ...diagnosticsOf(facts),
    ...(manifest === undefined ? {} : { manifest: manifest.join('\n') }),
  };
  // A test point that is not ok and to be done does not fail its test.
  const directive =
    testCase.result === 'known' ? ` # TODO ${escapeDescription(describeKnown(testCase.check) ?? '')}` : '';
  return [`not ok ${point}${directive}`, ...renderDiagnostics(diagnostics)];
}

function diagnosticsOf(facts: readonly Fact[]): Record<string, string> {
  return Object.fromEntries(facts.map(({ label, text }) => [label.replaceAll(' ', '_'), text]));
}

const SEVERITIES = { failed: 'fail', errored: 'error', known: 'todo' } as const;

/** Every text in quotes on one line: nothing of a record can look like the end of the diagnostics. */
function renderDiagnostics(diagnostics: Readonly<Record<string, string | number>>): string[] {
  const yaml = stringify(diagnostics, {
    lineWidth: 0,
    doubleQuotedMinMultiLineLength: Number.POSITIVE_INFINITY,
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
  });
  return ['---', ...yaml.trimEnd().split('\n'), '...'].map((line) => DIAGNOSTIC_INDENT + line);
}

function renderBailOut({ run }: RunView): string[] {
  const reasons = [
    ...(run.interruptedBy === undefined ? [] : [`interrupted by ${run.interruptedBy}`]),
    ...(run.error === undefined ? [] : [run.error.message]),
  ];
  if (reasons.length > 0) return [`Bail out! ${reasons.join('; ')}`];
  return run.incomplete ? ['Bail out! the run did not come to its own end'] : [];
}

/** A `#` would begin a directive such as SKIP. */
function escapeDescription(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('#', '\\#');
}
