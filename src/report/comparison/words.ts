/** What two records say differently, in words that all formats share. */
import { CHANGES, type CheckChange } from '../../compare/checks.ts';
import type { RecordComparison } from '../../compare/compare.ts';
import type { ScenarioPlace } from '../../compare/sides.ts';
import type { Measure } from '../../compare/times.ts';
import { WINDOW_CHANGES } from '../../compare/windows.ts';
import { describeLength } from '../../judge/windows/lengths.ts';
import { describeConnection, describePortName } from '../../pair.ts';
import { describeLocation } from '../parts/describe.ts';
import { describeCounts, type ResultWord, runWord } from '../parts/summary.ts';
import type { Fact } from '../text/block.ts';
import type { Style } from '../text/paint.ts';
import { count, duration, formatNumber } from '../text/text.ts';
import type { View } from '../view/harmless.ts';

export type ComparisonView = View<RecordComparison>;
export type CheckDifferenceView = ComparisonView['checks'][number];
type ComparedRunView = ComparisonView['before'];
type Side = NonNullable<CheckDifferenceView['before']>;

const OUTCOMES: Readonly<Record<ComparisonView['outcome'], ResultWord>> = {
  worse: { word: 'WORSE', style: 'broken' },
  incomplete: { word: 'INCOMPLETE', style: 'inconclusive' },
  unrelated: { word: 'NOTHING COMPARED', style: 'inconclusive' },
  'not-worse': { word: 'NOT WORSE', style: 'passed' },
  same: { word: 'SAME', style: 'passed' },
};

/** What stands before the checks that became so, and their colour. */
export const CHANGE_WORDS: Readonly<Record<CheckChange, { readonly word: string; readonly style: Style }>> = {
  leaked: { word: 'leaked', style: 'leaked' },
  broken: { word: 'broken', style: 'broken' },
  flapping: { word: 'flapping', style: 'flapping' },
  late: { word: 'late', style: 'late' },
  inconclusive: { word: 'inconclusive', style: 'inconclusive' },
  unjudged: { word: 'not judged', style: 'inconclusive' },
  untried: { word: 'not tried', style: 'inconclusive' },
  known: { word: 'known issue', style: 'known' },
  fixed: { word: 'fixed', style: 'passed' },
  proven: { word: 'proven now', style: 'passed' },
  expectation: { word: 'expected otherwise', style: 'faint' },
  new: { word: 'new', style: 'faint' },
  gone: { word: 'gone', style: 'faint' },
};

const MEASURE_WORDS: Readonly<Record<Measure, string>> = {
  enforce: 'time to enforce',
  allow: 'time to allow',
  control: 'connecting before any policy',
  connect: 'connecting under the policies',
};

export function outcomeWord({ outcome }: ComparisonView): ResultWord {
  return OUTCOMES[outcome];
}

/** The last line: what changed, and how much did not. */
export function describeOutcome({
  outcome,
  checks,
  same,
  windows,
  times,
  policies,
  circumstances,
}: ComparisonView): string {
  const numbers = Map.groupBy(checks, ({ change }) => change);
  const changed = CHANGES.flatMap((change) => {
    const number = numbers.get(change)?.length ?? 0;
    return number === 0 ? [] : [`${formatNumber(number)} ${CHANGE_WORDS[change].word}`];
  });
  const others = [
    ...WINDOW_CHANGES.flatMap((change) => {
      const number = windows.filter((window) => window.change === change).length;
      return number === 0 ? [] : [`${count(number, 'window')} ${change}`];
    }),
    ...(times.length === 0 ? [] : [`${count(times.length, 'time')} moved`]),
    ...(policies.length === 0
      ? []
      : [`${formatNumber(policies.length)} ${policies.length === 1 ? 'policy' : 'policies'} changed`]),
    ...(circumstances.length === 0 ? [] : [`${count(circumstances.length, 'circumstance')} changed`]),
  ];
  const all = [...changed, ...others];
  const unchanged = Object.values(same).reduce((sum, number) => sum + number, 0);
  const rest =
    unchanged === 0
      ? 'no check is the same'
      : `the same: ${count(unchanged, 'check')} (${describeCounts(same)})`;
  const begin =
    outcome === 'incomplete'
      ? ['the second run did not come to its end']
      : outcome === 'unrelated'
        ? ['the second run has none of the checks of the first']
        : [];
  return [...begin, all.length === 0 ? 'nothing differs' : all.join(', '), rest].join('; ');
}

/** Which runs these are, and what is to be known of both. */
export function runFacts({ before, after }: ComparisonView): Fact[] {
  return [
    { label: 'before', text: describeRun(before) },
    { label: 'after', text: describeRun(after) },
  ];
}

/** What is doubtful about the comparison as a whole. */
export function warningsOf({ before, after }: ComparisonView): string[] {
  return [
    ...(before.isWhole
      ? []
      : ['the first run did not come to its end: what it has not judged is no proof that it was well then']),
    ...(after.isWhole ? [] : ['the second run did not come to its end: what it has not judged may be worse']),
    ...(before.isWatched === after.isWatched
      ? []
      : [
          `only the ${before.isWatched ? 'first' : 'second'} run watched its checks: there are no windows to compare`,
        ]),
    ...(Date.parse(before.startedAt) > Date.parse(after.startedAt)
      ? ['the first run is the later one: are the two records the wrong way round?']
      : []),
  ];
}

function describeRun(run: ComparedRunView): string {
  const { id, startedAt, by, scenarios, counts, exitCode } = run;
  const { word } = runWord({ run, exitCode });
  const checks = Object.values(counts).reduce((sum, number) => sum + number, 0);
  const all = `${count(scenarios, 'scenario')}, ${count(checks, 'check')}`;
  return `run ${id}, started ${startedAt}${by === undefined ? '' : ` by ${by}`}: ${word}, ${all}${checks === 0 ? '' : `: ${describeCounts(counts)}`}`;
}

/** `payments`; where the scenario has several steps, `payments, step 2 (rolled back)` */
export function describePlace({ scenario, step }: View<ScenarioPlace>): string {
  if (step === undefined) return scenario;
  return `${scenario}, step ${step.number}${step.name === undefined ? '' : ` (${step.name})`}`;
}

export function describePair(check: CheckDifferenceView | ComparisonView['windows'][number]): string {
  return describeConnection(check) + describePortName(check.portName);
}

/** Of one check: where it stands, and what it was and is. @param second what the second run is called */
export function checkFacts(check: CheckDifferenceView, second = 'after'): Fact[] {
  const { place, before, after, change } = check;
  const now = after ?? before;
  return [
    { label: 'where', text: describePlace(place) },
    ...(now === undefined ? [] : [{ label: 'expected', text: describeExpected(now, before) }]),
    { label: 'before', text: describeSide(before) },
    { label: second, text: change === 'untried' ? describeUntried(check) : describeSide(after) },
    ...(now === undefined ? [] : [{ label: 'declared', text: describeLocation(now.declared) }]),
  ];
}

/** In few words, for a list: `broken before, now passed; expected reachable`. */
export function describeCheck(check: CheckDifferenceView): string {
  const { change, before, after } = check;
  const now = after ?? before;
  if (now === undefined) return '';
  const expected = `expected ${describeExpected(now, before)}`;
  const verdicts = [
    ...(change === 'new' ? [] : [before === undefined ? 'not there before' : `${verdictOf(before)} before`]),
    ...(change === 'gone' ? [] : [`now ${change === 'untried' ? describeUntried(check) : verdictOf(after)}`]),
  ];
  return `${verdicts.join(', ')}; ${expected}`;
}

/** `not tried: service/default/both has no IPv6 any more` */
export function describeUntried({ to, family }: CheckDifferenceView): string {
  return `not tried: ${to} has no ${family} any more`;
}

function describeExpected({ expected, because }: Side, before: Side | undefined): string {
  const was = before === undefined || before.expected === expected ? '' : ` (was ${before.expected})`;
  return `${expected}${was}${because === undefined ? '' : `, because ${because}`}`;
}

function describeSide(side: Side | undefined): string {
  if (side === undefined) return 'not there';
  return side.reason === undefined ? verdictOf(side) : `${verdictOf(side)}: ${side.reason}`;
}

function verdictOf(side: Side | undefined): string {
  if (side === undefined) return 'not there';
  if (side.verdict === undefined) return 'not judged';
  if (side.isKnown === true) return `${side.verdict} (a known issue)`;
  return side.verdict === 'pass' ? 'passed' : side.verdict;
}

/** A row of those that are told in a table or in lines. */
export interface DifferenceRow {
  readonly what: string;
  readonly where: string;
  readonly before: string;
  readonly after: string;
}

/** `longer leak: shop/web → shop/db:5432/TCP`, and how long it was. */
export function windowRows({ windows }: ComparisonView): DifferenceRow[] {
  return windows.map((window) => ({
    what: `${window.change} ${window.kind}: ${describePair(window)}`,
    where: describePlace(window.place),
    before: describeWindowSide(window.before),
    after: describeWindowSide(window.after),
  }));
}

function describeWindowSide(side: ComparisonView['windows'][number]['before']): string {
  if (side === undefined) return 'none';
  const near = side.incident === undefined ? '' : ` (${side.incident})`;
  return describeLength(side) + near;
}

export function timeRows({ times }: ComparisonView): DifferenceRow[] {
  return times.map(({ place, measure, before, after, isSlower }) => ({
    what: `${isSlower ? 'slower' : 'faster'}: ${MEASURE_WORDS[measure]}`,
    where: describePlace(place),
    before: describeTaken(before),
    after: describeTaken(after),
  }));
}

function describeTaken({
  medianMs,
  p95Ms,
  maximumMs,
  pairs,
}: ComparisonView['times'][number]['before']): string {
  return `median ${duration(medianMs)}, p95 ${duration(p95Ms)}, maximum ${duration(maximumMs)} (${count(pairs, 'pair')})`;
}

/** Policies, and all else that was not the same. */
export function surroundingRows({ policies, circumstances }: ComparisonView): DifferenceRow[] {
  return [
    ...circumstances.map(({ what, of = [], before, after }) => ({
      what,
      where: of.join(', '),
      before: shortened(before),
      after: shortened(after),
    })),
    ...policyRows(policies),
  ];
}

/** Policies that are not the same texts. */
export function policyRows(
  policies: readonly (Omit<ComparisonView['policies'][number], 'place' | 'change'> &
    Partial<Pick<ComparisonView['policies'][number], 'place'>>)[],
): DifferenceRow[] {
  return policies.map(({ place, policy, before, after }) => ({
    what: `policy ${policy}`,
    where: place === undefined ? '' : describePlace(place),
    before: describeText(before),
    after: describeText(after),
  }));
}

type PolicySideView = NonNullable<ComparisonView['policies'][number]['before']>;

function describeText(side: PolicySideView | undefined): string {
  return side === undefined ? 'none' : `${shortened(side.fingerprint)} (${describeLocation(side.location)})`;
}

/** Of a fingerprint as much as tells two apart; nothing is lost where it is said in full as JSON. */
function shortened(text: string | undefined): string {
  if (text === undefined) return 'none';
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text;
}
