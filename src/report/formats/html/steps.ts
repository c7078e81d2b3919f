/** The steps of a scenario: what each did and changed, and its matrix; the page's script shows one at a time. */
import { describeFirstInstant, describeFirstInstants, isEarly } from '../../parts/first-instant.ts';
import { describeForce } from '../../parts/scenario-notes.ts';
import {
  changedTo,
  describeActions,
  describeNewAndGone,
  describeNoTimes,
  describeTimes,
  isCalmStep,
} from '../../parts/steps.ts';
import { describeCounts } from '../../parts/summary.ts';
import { count, duration } from '../../text/text.ts';
import type { CheckView, ScenarioView, StepView } from '../../view/view.ts';
import { renderGraph } from './graph.ts';
import { html, type Markup, only } from './markup.ts';
import { renderMatrixTable } from './matrix-table.ts';
import { renderFactList, renderTable } from './parts.ts';
import { renderSettling } from './settling.ts';

/** Of more pairs that change, the matrix shows which. */
const PAIRS_NAMED = 20;

interface StepPlace {
  /** Of the scenario in the page. */
  readonly index: number;
  /** The number of the step's first check among all of the scenario. */
  readonly first: number;
  readonly id: string;
}

/** Its matrix, and its ways between namespaces. */
export function renderStep(step: StepView, place: StepPlace): Markup {
  return html`${renderMatrixTable(step, place)}
${renderGraph(step, place.id)}`;
}

/** An overview, a selector that is hidden until the script is there that makes it work, and all steps one after the other. */
export function renderSteps(scenario: ScenarioView, index: number, id: string): Markup {
  const { steps } = scenario;
  let first = 0;
  const blocks = steps.map((step) => {
    const place = { index, first, id: stepId(step, id) };
    first += step.checks.length;
    return renderBlock(step, place);
  });
  return html`<h3 id="${id}-steps">Steps</h3>
${renderOverview(scenario, id)}
${renderSelector(scenario, index)}
${blocks}`;
}

function stepId({ number }: StepView, id: string): string {
  return `${id}-step-${number}`;
}

function renderOverview({ steps }: ScenarioView, id: string): Markup {
  const rows = steps.map((step) => {
    const { number, label, counts, times, durationMs } = step;
    return html`<tr><td class="number">${number}</td><th scope="row"><a href="#${stepId(step, id)}">${label}</a></th><td>${number === 1 ? '' : describeActions(step)}</td><td>${describeCounts(counts)}</td><td>${describeTimes(times.enforce) ?? ''}</td><td>${describeTimes(times.allow) ?? ''}</td><td class="number">${durationMs === undefined ? '' : duration(durationMs)}</td></tr>
`;
  });
  return renderTable(
    'Steps',
    ['no.', 'step', 'done', 'checks', 'time to enforce', 'time to allow', 'took'],
    rows,
  );
}

/** The first step in which something is amiss is chosen, as that is what a reader looks for; otherwise the first of all. */
function renderSelector({ steps, name }: ScenarioView, index: number): Markup {
  const amiss = steps.findIndex((step) => !isCalmStep(step));
  const chosen = Math.max(0, amiss);
  const choice = (value: number | 'all', text: string, isCalm: boolean): Markup =>
    html`<label${isCalm ? '' : html` class="amiss"`}><input type="radio" name="step-${index}" value="${value}"${value === chosen ? html` checked` : ''}> ${text}</label>`;
  return html`<fieldset class="steps" data-scenario="${index}" hidden><legend>Show of ${name}</legend>${steps.map((step, position) => choice(position, `${step.number} ${step.label}${isCalmStep(step) ? '' : ' (!)'}`, isCalmStep(step)))}${choice('all', 'all steps', true)}</fieldset>`;
}

function renderBlock(step: StepView, place: StepPlace): Markup {
  const { id, index } = place;
  const { number, label, description, stage, checks, counts } = step;
  return html`<div class="step" id="${id}" data-step="${index}.${number - 1}" role="group" aria-labelledby="${id}-title">
<h3 id="${id}-title">Step ${number}: ${label}</h3>
${
  description === undefined
    ? ''
    : html`<p>${description}</p>
`
}<p class="counts">${count(checks.length, 'check')}: ${describeCounts(counts)}</p>
${renderFactList(factsOf(step))}
${only(number > 1 && stage === 'done', () => renderChanges(step))}${renderFirstInstants(step)}
${renderStep(step, place)}
${renderSettling(step, id)}
</div>
`;
}

function factsOf(step: StepView): { label: string; text: string }[] {
  const { number, times, withinMs } = step;
  const entries: readonly (readonly [label: string, text: string | undefined])[] = [
    ['done', number === 1 ? undefined : describeActions(step)],
    ['checks', describeNewAndGone(step)],
    ['time to enforce', describeTimes(times.enforce)],
    ['time to allow', describeTimes(times.allow)],
    ['times', describeNoTimes(step)],
    ['first instant', describeFirstInstants(step)],
    ['budget', withinMs === undefined ? undefined : duration(withinMs)],
    ['in force', describeForce({ steps: [step], hasSteps: false })],
  ];
  return entries.flatMap(([label, text]) => (text === undefined ? [] : [{ label, text }]));
}

function renderFirstInstants({ checks }: StepView): Markup {
  const early = checks.filter(isEarly);
  return html`${only(
    early.length > 0,
    () => html`
<p class="change">From the first millisecond of new pods:</p><ul class="pairs">${early.map((check) => html`<li><span class="pair">${check.pair}</span> ${describeFirstInstant(check)}</li>`)}</ul>`,
  )}`;
}

/** What is expected from this step on, in words: the marks in the matrix are for the eye. */
function renderChanges(step: StepView): Markup {
  const lists = [
    ['Must be reachable from this step on', changedTo(step, 'opens')],
    ['Must be unreachable from this step on', changedTo(step, 'closes')],
  ] as const;
  if (lists.every(([, checks]) => checks.length === 0))
    return html`<p>Nothing that was expected before is to change.</p>`;
  return html`${lists.flatMap(([text, checks]) => only(checks.length > 0, () => html`<p class="change">${text}:</p>${renderPairs(checks)}`))}`;
}

function renderPairs(checks: readonly CheckView[]): Markup {
  const left = checks.length - PAIRS_NAMED;
  return html`<ul class="pairs">${checks.slice(0, PAIRS_NAMED).map(({ pair }) => html`<li class="pair">${pair}</li>`)}${only(left > 0, () => html`<li>and ${count(left, 'more pair')}, which the matrix marks</li>`)}</ul>`;
}
