/** One scenario in the terminal report: a line where all is well, everything that helps where it is not. */
import { passedContrary, summariseContrary } from '../../parts/contrary.ts';
import { renderFailure } from '../../parts/failure.ts';
import { summariseHeldConnections } from '../../parts/held-connections.ts';
import { groupInconclusive, renderInconclusive } from '../../parts/inconclusive.ts';
import { knownLines } from '../../parts/known-issues.ts';
import { renderMatrixSection } from '../../parts/matrix-section.ts';
import { renderMismatch, seenFacts } from '../../parts/mismatch.ts';
import { findPatterns } from '../../parts/patterns.ts';
import { type ResultColumns, renderResultLine, resultOf } from '../../parts/result-line.ts';
import { describeOverdue } from '../../parts/review.ts';
import { describeForce, describeLeftOut } from '../../parts/scenario-notes.ts';
import { isCalmStep } from '../../parts/steps.ts';
import { isCalm, scenarioWord } from '../../parts/summary.ts';
import { summariseWithoutControl } from '../../parts/without-control.ts';
import { renderFacts, renderHeadline } from '../../text/block.ts';
import type { Canvas } from '../../text/paint.ts';
import { count, duration, formatNumber, wrap } from '../../text/text.ts';
import { knownAmong } from '../../view/mismatch.ts';
import type { CheckView, ScenarioView, StepView } from '../../view/view.ts';
import { renderStep, renderStepLines } from './step-section.ts';

const BLOCKS_SHOWN = 20;
const INCONCLUSIVE_SHOWN = 5;

export interface SectionOptions {
  readonly canvas: Canvas;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly columns: ResultColumns;
}

/** The scenario's paragraphs, to be set apart by blank lines; none where all is well and quiet is asked for. */
export function renderScenario(scenario: ScenarioView, options: SectionOptions): string[][] {
  const { canvas, columns, verbose, quiet } = options;
  const result = resultOf(scenario);
  const isQuiet = isCalm(scenarioWord(result));
  if (isQuiet && quiet) return [];
  const indent = ' '.repeat(columns.word + 2);
  const head = [
    ...renderResultLine(result, columns, canvas),
    ...renderNotes(scenario, indent, options),
    ...(verbose ? renderAbout(scenario, canvas) : []),
  ];
  // Of a scenario that was not started, there is nothing to tell of its steps.
  const lines = scenario.status === 'finished' ? renderStepLines(scenario, indent, canvas) : [];
  if (isQuiet && !verbose) return [[...head, ...lines]];
  return [
    head,
    ...renderError(scenario, canvas),
    ...scenario.steps.flatMap((step) => [
      ...(scenario.hasSteps && !(quiet && isCalmStep(step))
        ? [renderStep(step, { canvas, isWhole: verbose })]
        : []),
      ...renderFindings(step, options),
    ]),
  ];
}

/** The matrix and what is not as expected; of a later step, what has changed in it stands in the place of the matrix. */
function renderFindings(step: StepView, options: SectionOptions): string[][] {
  const { canvas, verbose, quiet } = options;
  return [
    ...(quiet || step.number > 1 ? [] : renderMatrixSection(step, verbose, canvas)),
    ...renderPatterns(step, canvas),
    ...renderMismatches(step, options),
    ...(verbose ? renderKnown(step, canvas) : []),
    ...(verbose ? renderContrary(step, canvas) : []),
    ...renderInconclusives(step.checks, verbose, canvas),
  ];
}

/** What is worth a line and never more: an overdue review, and on what else the verdicts rest. */
function renderNotes(
  scenario: ScenarioView,
  indent: string,
  { canvas, verbose, quiet }: SectionOptions,
): string[] {
  const texts = [
    describeOverdue(scenario),
    ...(quiet
      ? []
      : [
          describeLeftOut(scenario),
          verbose ? undefined : describeContraries(scenario),
          summariseWithoutControl(scenario.checks),
          summariseHeldConnections(scenario.checks),
          ...knownLines(scenario),
        ]),
  ];
  return texts.flatMap((text) => (text === undefined ? [] : wrap(text, canvas.width, indent)));
}

function describeContraries({ checks }: ScenarioView): string | undefined {
  const text = summariseContrary(checks);
  return text === undefined || passedContrary(checks).length === 1
    ? text
    : `${text} (--verbose shows all of them)`;
}

/** All that was seen of the checks that passed, and not in every attempt. */
function renderContrary(step: StepView, canvas: Canvas): string[][] {
  return passedContrary(step.checks).map((check) => [
    ...renderHeadline('CONTRARY', 'inconclusive', `${check.pair}, which passed`, canvas),
    ...renderFacts(seenFacts(check), canvas),
  ]);
}

function renderAbout(scenario: ScenarioView, canvas: Canvas): string[] {
  const { description, owner, purpose, runbook, execRetries } = scenario;
  const force = describeForce(scenario);
  const policies = [
    ...new Set(scenario.policies.map(({ key }) => key)),
    ...scenario.foreignPolicies.map(({ title }) => title),
  ];
  const phases = scenario.phases.flatMap(({ name, step, durationMs }) =>
    durationMs === undefined
      ? []
      : `${name}${step === undefined ? '' : ` of step ${step}`} ${duration(durationMs)}`,
  );
  const facts = [
    ...(owner === undefined ? [] : [{ label: 'owner', text: owner }]),
    ...(purpose === undefined ? [] : [{ label: 'purpose', text: purpose }]),
    ...(runbook === undefined ? [] : [{ label: 'runbook', text: runbook, isCommand: true }]),
    {
      label: 'pods',
      text: `${formatNumber(scenario.pods.length)} in ${count(scenario.namespaces.length, 'namespace')}`,
    },
    { label: 'policies', text: policies.length === 0 ? 'none' : policies.join(', ') },
    ...(phases.length === 0 ? [] : [{ label: 'phases', text: phases.join(', ') }]),
    ...(force === undefined ? [] : [{ label: 'in force', text: force }]),
    ...(execRetries === undefined
      ? []
      : [
          {
            label: 'retries',
            text: `${count(execRetries.count, 'broken exec')} repeated, the last because: ${execRetries.lastReason}`,
          },
        ]),
  ];
  return [
    ...(description === undefined ? [] : wrap(description, canvas.width, '  ')),
    ...renderFacts(facts, canvas, '  '),
  ];
}

/** An interruption is told by the run itself. */
function renderError({ error }: ScenarioView, canvas: Canvas): string[][] {
  return error === undefined || error.code === 'interrupted' ? [] : [renderFailure(error, canvas, [], '  ')];
}

/** What many of them have in common comes before each for itself. */
function renderPatterns(step: StepView, canvas: Canvas): string[][] {
  const patterns = findPatterns(step);
  return patterns.length === 0
    ? []
    : [patterns.flatMap((text) => renderHeadline('PATTERN', 'name', text, canvas))];
}

function renderMismatches({ mismatches }: StepView, { verbose, canvas }: SectionOptions): string[][] {
  const shown = verbose ? mismatches : mismatches.slice(0, BLOCKS_SHOWN);
  return [
    ...shown.map((check) => renderMismatch(check, { canvas, isWhole: verbose })),
    ...renderMore(mismatches.length - shown.length, 'that are not as expected', canvas),
  ];
}

/** All that was seen of what somebody answers for. */
function renderKnown({ checks }: StepView, canvas: Canvas): string[][] {
  return knownAmong(checks).map((check) => renderMismatch(check, { canvas, isWhole: true }));
}

function renderInconclusives(checks: readonly CheckView[], verbose: boolean, canvas: Canvas): string[][] {
  const groups = groupInconclusive(checks);
  const shown = verbose ? groups : groups.slice(0, BLOCKS_SHOWN);
  const hidden = groups.slice(shown.length).reduce((sum, group) => sum + group.checks.length, 0);
  return [
    ...shown.map((group) =>
      renderInconclusive(group, verbose ? group.checks.length : INCONCLUSIVE_SHOWN, canvas),
    ),
    ...renderMore(hidden, 'that are inconclusive', canvas),
  ];
}

function renderMore(hidden: number, which: string, canvas: Canvas): string[][] {
  if (hidden === 0) return [];
  const more = `${count(hidden, 'more check')} ${hidden === 1 ? which.replace('are', 'is') : which}`;
  return [
    wrap(
      `… and ${more}. --verbose shows them all, --report json=FILE records every attempt.`,
      canvas.width,
      '  ',
    ),
  ];
}
