/**
 * Workflow commands of GitHub Actions: annotations at the lines of the scenarios that were not met. GitHub reads them from
 * what a step prints.
 */
import { type Case, isBad, suitesOf } from '../parts/cases.ts';
import { summariseContrary } from '../parts/contrary.ts';
import { groupBy } from '../parts/group.ts';
import { summariseHeldConnections } from '../parts/held-connections.ts';
import { describeSeenIssue, seenIssues } from '../parts/known-issues.ts';
import { warningsOf } from '../parts/opinion.ts';
import { describeOverdue } from '../parts/review.ts';
import { describeLeftOut } from '../parts/scenario-notes.ts';
import { pairLines, stepLines } from '../parts/steps.ts';
import { watchLines } from '../parts/watch.ts';
import { summariseWithoutControl } from '../parts/without-control.ts';
import { count, formatNumber } from '../text/text.ts';
import { isMismatch } from '../view/mismatch.ts';
import type { RunView, StepView } from '../view/view.ts';

/** GitHub shows ten of each kind for a step, and drops the others without a word. */
const SHOWN_OF_EACH = 10;
const PAIRS_NAMED = 10;
/** Groups of windows, and incidents. */
const WINDOWS_NAMED = 20;
/** What is told first when not all can be told. */
const ORDER = ['leaked', 'broken', 'flapping', 'late', 'inconclusive', 'not-judged'];

type Level = 'error' | 'warning' | 'notice';
type Bad = Extract<Case, { readonly result: 'failed' | 'errored' }>;

interface Annotation {
  readonly level: Level;
  readonly title: string;
  /** Lines. */
  readonly message: readonly string[];
  readonly location?: NonNullable<Bad['location']>;
}

/**
 * One annotation for the checks of a rule that went wrong in the same way, and one for whatever podreach itself failed at:
 * errors for mismatches and failures, warnings for what was not proven or passed for another reason, notices for known issues,
 * for reviews that are overdue, for what a pass does not rest on, for what steps took, and for what a watch came to. Nothing else
 * where all is well.
 */
export function renderGithub(view: RunView): string {
  const annotations = [
    ...annotateCases(view),
    ...annotateWarnings(view),
    ...annotateSteps(view),
    ...annotateKnown(view),
    ...annotateNotes(view),
    ...annotateWatch(view),
  ];
  return (['error', 'warning', 'notice'] as const)
    .flatMap((level) => limit(annotations.filter((annotation) => annotation.level === level)))
    .map((annotation) => `${renderCommand(annotation)}\n`)
    .join('');
}

function annotateCases(view: RunView): Annotation[] {
  const bad = suitesOf(view).flatMap(({ name, cases }) =>
    cases.filter(isBad).map((testCase) => ({ scenario: name, testCase })),
  );
  return groupBy(bad, keyOf)
    .sort((left, right) => rankOf(left[0]?.testCase) - rankOf(right[0]?.testCase))
    .flatMap((group) => {
      const [first] = group;
      return first === undefined
        ? []
        : [
            annotate(
              first,
              group.map(({ testCase }) => testCase),
            ),
          ];
    });
}

/** Checks of one rule with one verdict, where inconclusive with one reason, say the same. */
function keyOf({ scenario, testCase }: { scenario: string; testCase: Bad }): unknown {
  const { check, kind } = testCase;
  if (check === undefined) return testCase;
  const { file, line, column } = check.declared;
  return JSON.stringify([scenario, kind, file, line, column, isMismatch(check) ? '' : check.reason]);
}

function rankOf(testCase: Bad | undefined): number {
  return testCase === undefined ? ORDER.length : ORDER.indexOf(testCase.kind);
}

function annotate(
  { scenario, testCase }: { readonly scenario: string; readonly testCase: Bad },
  group: readonly Bad[],
): Annotation {
  const { check, kind, message, facts, manifest = [], location } = testCase;
  const place = location === undefined ? {} : { location };
  const details = facts.map(({ label, text }) => `${label}: ${text}`);
  if (check === undefined)
    return {
      level: 'error',
      title: `${testCase.name}: ${kind}`,
      message: [message, ...details, ...manifest],
      ...place,
    };
  const level = isMismatch(check) ? 'error' : 'warning';
  if (group.length === 1)
    return { level, title: `${kind}: ${check.title}`, message: [message, ...details], ...place };
  const left = group.length - PAIRS_NAMED;
  return {
    level,
    title: `${kind}: ${count(group.length, 'check')} of ${scenario}`,
    message: [
      ...group.slice(0, PAIRS_NAMED).map((one) => one.message),
      ...(left > 0 ? [`and ${formatNumber(left)} more`] : []),
    ],
    ...place,
  };
}

/** What may have decided besides the policies. */
function annotateWarnings(view: RunView): Annotation[] {
  return warningsOf(view).map(({ about, text, ...place }) => ({
    level: 'warning',
    title: `${about}: warning`,
    message: [text],
    ...place,
  }));
}

/** At the entries that list them. */
function annotateKnown(view: RunView): Annotation[] {
  return seenIssues(view).map((seen) => ({
    level: 'notice',
    title: `${seen.scenario.name}: known issue`,
    message: [describeSeenIssue(seen)],
    location: seen.issue.location,
  }));
}

/** One for all scenarios, and before the other notices: so it is always shown. */
function annotateSteps({ scenarios }: RunView): Annotation[] {
  const told = scenarios.filter(({ hasSteps }) => hasSteps);
  const [first] = told;
  if (first === undefined) return [];
  const isOnly = told.length === 1;
  const message = told.flatMap((scenario) => [
    ...(isOnly ? [] : [`${scenario.name}:`]),
    ...stepLines(scenario).flatMap((line, index) => [line, ...namedPairs(scenario.steps[index])]),
  ]);
  return [
    isOnly
      ? { level: 'notice', title: `${first.name}: steps`, message, location: first.location }
      : { level: 'notice', title: `the steps of ${count(told.length, 'scenario')}`, message },
  ];
}

/** The time of each pair, those that took longest where there are many. */
function namedPairs(step: StepView | undefined): string[] {
  const lines = step === undefined ? [] : pairLines(step);
  const left = lines.length - PAIRS_NAMED;
  return [
    ...lines.slice(-PAIRS_NAMED).map((line) => `- ${line}`),
    ...(left > 0 ? [`- and ${formatNumber(left)} more`] : []),
  ];
}

function annotateNotes({ scenarios }: RunView): Annotation[] {
  return scenarios.flatMap((scenario) => {
    const { name, checks, location } = scenario;
    const notes = [
      ['review', describeOverdue(scenario)],
      ['closing control', describeLeftOut(scenario)],
      ['contrary attempts', summariseContrary(checks)],
      ['no control', summariseWithoutControl(checks)],
      ['open connections', summariseHeldConnections(checks)],
    ] as const;
    return notes.flatMap(([what, text]): Annotation[] =>
      text === undefined ? [] : [{ level: 'notice', title: `${name}: ${what}`, message: [text], location }],
    );
  });
}

function annotateWatch(view: RunView): Annotation[] {
  const message = watchLines(view, WINDOWS_NAMED);
  return message.length === 0 ? [] : [{ level: 'notice', title: 'watch', message }];
}

/** Says in the last place that GitHub shows what it would have dropped. */
function limit(annotations: readonly Annotation[]): readonly Annotation[] {
  const [first] = annotations;
  if (first === undefined || annotations.length <= SHOWN_OF_EACH) return annotations;
  const left = annotations.slice(SHOWN_OF_EACH - 1);
  const title = `${formatNumber(left.length)} more`;
  const message = [...left.map((annotation) => annotation.title)];
  return [...annotations.slice(0, SHOWN_OF_EACH - 1), { level: first.level, title, message }];
}

/** `::error file=scenarios/web.yaml,line=22,col=5,title=leaked: a → b::text` */
function renderCommand({ level, title, message, location }: Annotation): string {
  const properties = {
    ...(location === undefined ? {} : { file: location.file, line: location.line, col: location.column }),
    title,
  };
  const parameters = Object.entries(properties).map(
    ([name, value]) => `${name}=${escapeProperty(String(value))}`,
  );
  return `::${level} ${parameters.join(',')}::${escapeData(message.join('\n'))}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
