/** A step of a scenario in the terminal report: what it did, what it changes, how long that took. */
import {
  changedTo,
  describeActions,
  describeNewAndGone,
  describeTimes,
  stepLines,
} from '../../parts/steps.ts';
import { describeCounts } from '../../parts/summary.ts';
import { BLOCK_INDENT, type Fact, renderFacts, renderHeadline } from '../../text/block.ts';
import type { Canvas } from '../../text/paint.ts';
import { count, duration, formatNumber, wrap } from '../../text/text.ts';
import type { CheckView, ScenarioView, StepView } from '../../view/view.ts';

/** Of more pairs that change, only how many there are. */
const PAIRS_NAMED = 10;

/** `STEP 2  monitoring is let in: 6 checks: 5 passed, 1 late`, and its facts. */
export function renderStep(step: StepView, canvas: Canvas): string[] {
  const { number, label, description, stage, checks, counts } = step;
  const told = counts.pass === checks.length ? '' : `: ${describeCounts(counts)}`;
  const text = `${label}, ${stage === 'not-begun' ? 'not begun' : `${count(checks.length, 'check')}${told}`}`;
  return [
    ...renderHeadline(`STEP ${formatNumber(number)}`, 'name', text, canvas),
    ...(description === undefined ? [] : wrap(description, canvas.width, BLOCK_INDENT)),
    ...renderFacts(factsOf(step), canvas),
  ];
}

/** Whether there is nothing in it to look at. */
export function isCalmStep({ counts, checks }: StepView): boolean {
  return counts.pass === checks.length;
}

/** Below a scenario that passed: a line for each of its steps, with the times. */
export function renderStepLines(scenario: ScenarioView, indent: string, canvas: Canvas): string[] {
  return stepLines(scenario).flatMap((text) => wrap(text, canvas.width, indent));
}

function factsOf(step: StepView): Fact[] {
  const { times, withinMs, number, stage } = step;
  if (stage === 'not-begun') return [];
  return [
    ...(number === 1 ? [] : [{ label: 'actions', text: describeActions(step) }]),
    ...pairsFact('opens', changedTo(step, 'opens')),
    ...pairsFact('closes', changedTo(step, 'closes')),
    ...fact('checks', describeNewAndGone(step)),
    ...fact('enforced', describeTimes(times.enforce)),
    ...fact('allowed', describeTimes(times.allow)),
    ...(withinMs === undefined ? [] : [{ label: 'budget', text: duration(withinMs) }]),
  ];
}

function pairsFact(label: string, checks: readonly CheckView[]): Fact[] {
  if (checks.length === 0) return [];
  const named = checks.slice(0, PAIRS_NAMED).map(({ pair }) => pair);
  const left = checks.length - named.length;
  return fact(label, [...named, ...(left > 0 ? [`and ${formatNumber(left)} more`] : [])].join(', '));
}

function fact(label: string, text: string | undefined): Fact[] {
  return text === undefined ? [] : [{ label, text }];
}
