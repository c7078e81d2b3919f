/** A step of a scenario in the terminal report: what it did, what it changes, how long that took. */
import { describeFirstInstant, describeFirstInstants, isEarly } from '../../parts/first-instant.ts';
import {
  changedTo,
  DONE_TO,
  describeActions,
  describeNewAndGone,
  describeNoTimes,
  describeStepTimes,
  describeTime,
  stepLines,
  timedChecks,
} from '../../parts/steps.ts';
import { describeCounts } from '../../parts/summary.ts';
import { BLOCK_INDENT, type Fact, renderFacts, renderHeadline } from '../../text/block.ts';
import type { Canvas } from '../../text/paint.ts';
import { count, duration, formatNumber, wrap } from '../../text/text.ts';
import type { CheckView, ScenarioView, StepView } from '../../view/view.ts';

/** Of more pairs that change, only how many there are. */
const PAIRS_NAMED = 10;

/**
 * `STEP 2  monitoring is let in: 6 checks: 5 passed, 1 late`, and its facts.
 * @param isWhole also the time of each pair
 */
export function renderStep(
  step: StepView,
  { canvas, isWhole }: { readonly canvas: Canvas; readonly isWhole: boolean },
): string[] {
  const { number, label, description, stage, checks, counts } = step;
  const told = counts.pass === checks.length ? '' : `: ${describeCounts(counts)}`;
  const text = `${label}, ${stage === 'not-begun' ? 'not begun' : `${count(checks.length, 'check')}${told}`}`;
  return [
    ...renderHeadline(`STEP ${formatNumber(number)}`, 'name', text, canvas),
    ...(description === undefined ? [] : wrap(description, canvas.width, BLOCK_INDENT)),
    ...renderFacts(factsOf(step, isWhole), canvas),
  ];
}

/** Below a scenario that passed: a line for each of its steps, with the times. */
export function renderStepLines(scenario: ScenarioView, indent: string, canvas: Canvas): string[] {
  return stepLines(scenario).flatMap((text) => wrap(text, canvas.width, indent));
}

function factsOf(step: StepView, isWhole: boolean): Fact[] {
  const { withinMs, number, stage } = step;
  if (stage === 'not-begun') return [];
  return [
    ...(number === 1 ? [] : [{ label: 'actions', text: describeActions(step) }]),
    ...pairsFact('opens', changedTo(step, 'opens')),
    ...pairsFact('closes', changedTo(step, 'closes')),
    ...fact('checks', describeNewAndGone(step)),
    ...timesFacts(step, 'enforce', isWhole),
    ...timesFacts(step, 'allow', isWhole),
    ...fact('times', describeNoTimes(step)),
    ...fact('at first', describeFirstInstants(step)),
    ...(isWhole ? step.checks.filter(isEarly) : []).map((check) => ({
      label: '',
      text: `${check.pair} ${describeFirstInstant(check)}`,
    })),
    ...(withinMs === undefined ? [] : [{ label: 'budget', text: duration(withinMs) }]),
  ];
}

function pairsFact(label: string, checks: readonly CheckView[]): Fact[] {
  if (checks.length === 0) return [];
  const named = checks.slice(0, PAIRS_NAMED).map(({ pair }) => pair);
  const left = checks.length - named.length;
  return fact(label, [...named, ...(left > 0 ? [`and ${formatNumber(left)} more`] : [])].join(', '));
}

/** @param isWhole a line for each of several pairs below that of all */
function timesFacts(step: StepView, kind: keyof StepView['times'], isWhole: boolean): Fact[] {
  const pairs = isWhole && step.times[kind].concerned > 1 ? timedChecks(step, kind) : [];
  return [
    ...fact(DONE_TO[kind], describeStepTimes(step, kind)),
    ...pairs.map((check) => ({ label: '', text: `${check.pair} ${describeTime(check)}` })),
  ];
}

function fact(label: string, text: string | undefined): Fact[] {
  return text === undefined ? [] : [{ label, text }];
}
