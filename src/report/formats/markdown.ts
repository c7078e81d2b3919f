/**
 * The report for pull requests and for `$GITHUB_STEP_SUMMARY`: the verdict first, then what is not as expected, then the
 * rest, as much of it as GitHub takes.
 */
import { describeLength } from '../../judge/windows/lengths.ts';
import { describePortName, describeTarget } from '../../pair.ts';
import { problemsOf } from '../parts/cases.ts';
import { circumstanceFacts } from '../parts/circumstances.ts';
import { describeContrary, passedContrary } from '../parts/contrary.ts';
import { describeLocation } from '../parts/describe.ts';
import { describeExpected } from '../parts/expectation.ts';
import { describeFirstInstant, describeFirstInstants, isEarly } from '../parts/first-instant.ts';
import { summariseHeldConnections } from '../parts/held-connections.ts';
import { groupInconclusive } from '../parts/inconclusive.ts';
import { seenIssues } from '../parts/known-issues.ts';
import { renderMatrixSection } from '../parts/matrix-section.ts';
import { factsOf } from '../parts/mismatch.ts';
import { warningsOf } from '../parts/opinion.ts';
import { findRunPatterns, findStepPatterns } from '../parts/patterns.ts';
import { resultOf } from '../parts/result-line.ts';
import { describeOverdue } from '../parts/review.ts';
import { describeLeftOut } from '../parts/scenario-notes.ts';
import { describeShown } from '../parts/shown.ts';
import {
  changedTo,
  describeActions,
  describeDelay,
  describeNoTimes,
  describeTime,
  describeTimes,
  stepsOf,
  TIMES,
  timedChecks,
} from '../parts/steps.ts';
import { describeCounts, describeRun, isCalm, runWord, scenarioWord } from '../parts/summary.ts';
import { incidentLines, watchFacts, windowLines } from '../parts/watch.ts';
import { summariseWithoutControl } from '../parts/without-control.ts';
import type { RenderOptions } from '../render-options.ts';
import { renderFacts } from '../text/block.ts';
import {
  joinWithin,
  LONGEST_SENTENCE,
  limitLines,
  MARKDOWN_LIMIT,
  sentence,
} from '../text/markdown-limit.ts';
import { details, fence, htmlCode, paragraph, shortCode, table } from '../text/markdown-text.ts';
import { createPaint } from '../text/paint.ts';
import { count, duration, formatNumber, shortenEnd } from '../text/text.ts';
import type { Mismatch, RunView, StepView } from '../view/view.ts';

const ROWS = 50;
const DETAILS = 20;
const PAIRS_NAMED = 5;
const CANVAS = { width: 100, paint: createPaint(false) };

/** Renders whole parts in the order of their weight until the next one would be too much, and says what is missing. */
export function renderMarkdown(view: RunView, { verbose }: RenderOptions): string {
  const { word } = runWord(view);
  const matrices = renderMatrices(view, verbose);
  return joinWithin(MARKDOWN_LIMIT, [
    `## podreach: ${word}`,
    paragraph(shortenEnd(describeRun(view), LONGEST_SENTENCE)),
    ...renderProblems(view),
    ...renderWarnings(view),
    ...renderMismatches(view),
    ...renderKnown(view),
    ...renderInconclusives(view),
    ...renderWatch(view),
    ...renderScenarios(view),
    ...renderSteps(view),
    ...renderContrary(view),
    ...matrices.open,
    ...renderSettling(view),
    ...renderMismatchDetails(view, verbose),
    ...renderTimes(view),
    ...matrices.collapsed,
    details('Circumstances of the run', fence(renderFacts(circumstanceFacts(view), CANVAS, ''))),
  ]);
}

/** Whatever kept podreach itself from going on, and what is to be known of a scenario: a review that is overdue, a control left out. */
function renderProblems(view: RunView): string[] {
  const lines = problemsOf(view).map(({ message, facts, manifest }) =>
    [
      [`- **${sentence(message)}**`, ...facts.map(({ label, text }) => `  ${label}: ${sentence(text)}`)].join(
        '<br>\n',
      ),
      ...(manifest === undefined ? [] : ['', fence(manifest, 'yaml').replaceAll(/^/gm, '  ')]),
    ].join('\n'),
  );
  const notes = view.scenarios.flatMap((scenario) =>
    [
      describeOverdue(scenario),
      describeLeftOut(scenario),
      summariseWithoutControl(scenario.checks),
      summariseHeldConnections(scenario.checks),
    ].flatMap((text) => (text === undefined ? [] : [`- ${shortCode(scenario.name)}: ${sentence(text)}`])),
  );
  return [
    ...(lines.length === 0 ? [] : [`### Errors\n\n${limitLines(lines, ROWS)}`]),
    ...(notes.length === 0 ? [] : [limitLines(notes, ROWS)]),
  ];
}

/** What may have decided besides the policies. */
function renderWarnings(view: RunView): string[] {
  const lines = warningsOf(view).map(({ text }) => `> Warning: ${sentence(text)}`);
  return lines.length === 0 ? [] : [limitLines(lines, ROWS)];
}

function renderMismatches(view: RunView): string[] {
  const { scenarios, mismatches } = view;
  if (mismatches.length === 0) return [];
  // Of a scenario that has but one step there is nothing to tell.
  const hasSteps = mismatches.some(({ scenario }) => scenario.hasSteps);
  const rows = mismatches
    .slice(0, ROWS)
    .map((check) => [
      `**${check.verdict}**`,
      ...(hasSteps ? [check.scenario.hasSteps ? shortCode(check.step.label) : ''] : []),
      shortCode(check.from),
      shortCode(describeTarget(check) + describePortName(check.portName)),
      describeExpected(check),
      sentence(
        describeShown(check) + (check.verdict === 'late' ? `; as expected only ${describeDelay(check)}` : ''),
      ),
      shortCode(describeLocation(check.declared)),
    ]);
  const left = mismatches.length - rows.length;
  const patterns = [
    ...findRunPatterns(view).map((text) => `- ${sentence(text)}`),
    ...scenarios.flatMap((scenario) =>
      findStepPatterns(scenario).map((text) => `- ${shortCode(scenario.name)}: ${sentence(text)}`),
    ),
  ];
  return [
    '### Not as expected',
    ...(patterns.length === 0 ? [] : [limitLines(patterns, ROWS)]),
    table(['', ...(hasSteps ? ['step'] : []), 'from', 'to', 'expected', 'seen', 'declared'], rows) +
      (left > 0 ? `\n\n… and ${formatNumber(left)} more.` : ''),
  ];
}

/** Mismatches that somebody answers for. */
function renderKnown(view: RunView): string[] {
  const rows = seenIssues(view).map((seen) => {
    const { issue, scenario, checks } = seen;
    const left = checks.length - PAIRS_NAMED;
    const pairs = checks.slice(0, PAIRS_NAMED).map((check) => shortCode(check.title));
    if (left > 0) pairs.push(`${formatNumber(left)} more`);
    return [
      `**${issue.is}**`,
      shortCode(scenario.name),
      pairs.join(', '),
      sentence(issue.reason),
      sentence([issue.owner, ...(issue.link === undefined ? [] : [issue.link])].join(', ')),
      sentence(issue.expires),
      shortCode(describeLocation(issue.location)),
    ];
  });
  if (rows.length === 0) return [];
  const left = rows.length - ROWS;
  const head = ['', 'scenario', 'checks', 'reason', 'owner', 'known until', 'listed'];
  return [
    '### Known issues',
    table(head, rows.slice(0, ROWS)) + (left > 0 ? `\n\n… and ${formatNumber(left)} more.` : ''),
  ];
}

function renderInconclusives({ checks: all }: RunView): string[] {
  const groups = groupInconclusive(all);
  if (groups.length === 0) return [];
  const lines = groups.map(({ reason, checks }) => {
    const left = checks.length - PAIRS_NAMED;
    const pairs = checks.slice(0, PAIRS_NAMED).map((check) => shortCode(check.title));
    if (left > 0) pairs.push(`${formatNumber(left)} more`);
    return `- ${count(checks.length, 'check')}: ${sentence(reason)}<br>\n  ${pairs.join(', ')}`;
  });
  return [`### Not proven\n\n${limitLines(lines, ROWS)}`];
}

/** What it came to, a row for each group of windows, and all that happened meanwhile. */
/** What came of the watch; none where there was none. */
export function renderWatch(view: RunView): string[] {
  const { watch, watchEndMs } = view;
  if (watch === undefined) return [];
  const lines = windowLines(view);
  const left = lines.length - ROWS;
  const rows = lines
    .slice(0, ROWS)
    .map(({ at, text, group }) => [
      `**${group.kind}**`,
      at,
      sentence(describeLength(group.length)),
      formatNumber(group.checks.length),
      sentence(text),
    ]);
  const incidents = incidentLines(view).map((text) => `- ${sentence(text)}`);
  return [
    `### While it was watched\n\n${fence(renderFacts(watchFacts(view), CANVAS, ''))}`,
    ...(rows.length === 0
      ? []
      : [
          table(['', 'from', 'for', 'checks', 'what'], rows) +
            (left > 0 ? `\n\n… and ${formatNumber(left)} more.` : ''),
        ]),
    ...(incidents.length === 0
      ? []
      : [details(`What happened in these ${duration(watchEndMs)}`, limitLines(incidents, ROWS))]),
  ];
}

/** Collapsed: they passed. */
function renderContrary(view: RunView): string[] {
  const checks = passedContrary(view.checks);
  if (checks.length === 0) return [];
  const lines = checks.map(
    (check) =>
      `- ${shortCode(check.title)} (${shortCode(describeLocation(check.declared))}): ${sentence(describeContrary(check))}`,
  );
  return [
    details(`${count(checks.length, 'check')} passed, but not in every attempt`, limitLines(lines, ROWS)),
  ];
}

function renderScenarios({ scenarios }: RunView): string[] {
  const rows = scenarios.map((scenario) => {
    const result = resultOf(scenario);
    return [
      scenarioWord(result).word,
      shortCode(scenario.name),
      scenario.checks.length === 0 ? 'none' : describeCounts(scenario.counts),
      result.durationMs === undefined ? '' : duration(result.durationMs),
    ];
  });
  if (rows.length === 0) return [];
  const left = rows.length - ROWS;
  const text = table(['result', 'scenario', 'checks', 'took'], rows.slice(0, ROWS));
  return [`### Scenarios\n\n${text}${left > 0 ? `\n\n… and ${formatNumber(left)} more.` : ''}`];
}

/** Of each scenario that goes on in steps: what was done, what changes, and how fast. */
function renderSteps({ scenarios }: RunView): string[] {
  const head = [
    '',
    'step',
    'done',
    'checks',
    'to be reachable',
    'to be unreachable',
    'time to enforce',
    'time to allow',
  ];
  return scenarios
    .filter(({ hasSteps }) => hasSteps)
    .map(({ name, steps }) => {
      const isAnyEarly = steps.some(({ checks }) => checks.some(isEarly));
      const hasBudgets = steps.some(({ withinMs }) => withinMs !== undefined);
      const rows = steps
        .slice(0, ROWS)
        .map((step) => [
          formatNumber(step.number),
          shortCode(step.label) + (step.description === undefined ? '' : `<br>${sentence(step.description)}`),
          step.number === 1 ? '' : sentence(describeActions(step)),
          describeCounts(step.counts),
          renderChange(step, 'opens'),
          renderChange(step, 'closes'),
          sentence(describeTimes(step.times.enforce) ?? describeNoTimes(step) ?? ''),
          sentence(describeTimes(step.times.allow) ?? ''),
          ...(isAnyEarly ? [sentence(describeFirstInstants(step) ?? '')] : []),
          ...(hasBudgets ? [step.withinMs === undefined ? '' : duration(step.withinMs)] : []),
        ]);
      const left = steps.length - rows.length;
      const columns = [...head, ...(isAnyEarly ? ['first instant'] : []), ...(hasBudgets ? ['budget'] : [])];
      return `### The steps of ${shortCode(name)}\n\n${table(columns, rows)}${left > 0 ? `\n\n… and ${formatNumber(left)} more.` : ''}`;
    });
}

/** Collapsed: the time of each pair that the step cuts off or opens. */
function renderTimes({ scenarios }: RunView): string[] {
  return stepsOf(scenarios).flatMap(renderTimesOf);
}

function renderTimesOf(step: StepView): string[] {
  const rows = [
    ...TIMES.flatMap(([kind, label]) =>
      timedChecks(step, kind).map((check) => [shortCode(check.pair), label, describeTime(check)]),
    ),
    ...step.checks
      .filter(isEarly)
      .map((check) => [shortCode(check.pair), 'first instant', sentence(describeFirstInstant(check))]),
  ];
  if (rows.length === 0) return [];
  const left = rows.length - ROWS;
  return [
    details(
      `How long each pair of ${htmlCode(step.scenario.name)} took in ${htmlCode(step.title)}`,
      table(['pair', '', ''], rows.slice(0, ROWS)) +
        (left > 0 ? `\n\n… and ${formatNumber(left)} more.` : ''),
    ),
  ];
}

/** The pairs of which something else is expected from a step on. */
function renderChange(step: StepView, change: 'opens' | 'closes'): string {
  if (step.stage !== 'done') return '';
  const checks = changedTo(step, change);
  const left = checks.length - PAIRS_NAMED;
  const pairs = checks.slice(0, PAIRS_NAMED).map(({ pair }) => shortCode(pair));
  return [...pairs, ...(left > 0 ? [`${formatNumber(left)} more`] : [])].join('<br>');
}

/** Open where there is something to see, collapsed where all is well. Of steps only the first: the others say what changes. */
function renderMatrices(
  { scenarios }: RunView,
  isWhole: boolean,
): Readonly<Record<'open' | 'collapsed', readonly string[]>> {
  const matrices = scenarios.flatMap((scenario) => {
    const [first] = scenario.steps;
    const [lines] = first === undefined ? [] : renderMatrixSection(first, isWhole, CANVAS);
    if (lines === undefined) return [];
    const where = scenario.hasSteps ? ' at first' : '';
    return [{ scenario, where, text: fence(lines), isQuiet: isCalm(scenarioWord(resultOf(scenario))) }];
  });
  const open = matrices.filter(({ isQuiet }) => !isQuiet);
  const collapsed = matrices.filter(({ isQuiet }) => isQuiet);
  return {
    open: open.map(
      ({ scenario, where, text }) => `### Who reached whom in ${shortCode(scenario.name)}${where}\n\n${text}`,
    ),
    collapsed: collapsed.map(({ scenario, where, text }) =>
      details(`Who reached whom in ${htmlCode(scenario.name)}${where}`, text),
    ),
  };
}

/** Of scenarios that go on in steps, these say it themselves. */
function renderSettling({ scenarios }: RunView): string[] {
  const rows = scenarios.flatMap((scenario) => {
    if (scenario.hasSteps) return [];
    const settled = scenario.checks
      .flatMap((check) => (check.settledMs === undefined ? [] : [{ check, ms: check.settledMs }]))
      .sort((left, right) => left.ms - right.ms);
    const [median, slowest] = [settled[Math.floor((settled.length - 1) / 2)], settled.at(-1)];
    if (median === undefined || slowest === undefined) return [];
    return [
      [
        shortCode(scenario.name),
        `${formatNumber(settled.length)} of ${formatNumber(scenario.checks.length)}`,
        duration(median.ms),
        duration(slowest.ms),
        shortCode(slowest.check.pair),
      ],
    ];
  });
  if (rows.length === 0) return [];
  const head = ['scenario', 'checks settled', 'median', 'slowest', 'which was'];
  return [`### How fast policies took effect\n\n${table(head, rows.slice(0, ROWS))}`];
}

function renderMismatchDetails({ mismatches }: RunView, isWhole: boolean): string[] {
  if (mismatches.length === 0) return [];
  const shown = isWhole ? mismatches : mismatches.slice(0, DETAILS);
  return ['### What is known of each', ...shown.map(renderDetails)];
}

function renderDetails(check: Mismatch): string {
  return details(
    `<b>${check.verdict}</b> ${htmlCode(check.title)}`,
    fence(renderFacts(factsOf(check), CANVAS, '')),
  );
}
