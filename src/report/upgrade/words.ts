/** What an upgrade came to, in words that all formats share. */
import type { UpgradeOutcome } from '../../compare/upgrade.ts';
import { describeLength, lengthsOf } from '../../judge/windows/lengths.ts';
import { UPGRADE_PARTS, type UpgradePart } from '../../model/upgrade.ts';
import { MISMATCHES } from '../../model/verdict.ts';
import { lengthOf } from '../../model/window.ts';
import { CHANGE_WORDS, type ComparisonView, describeUntried } from '../comparison/words.ts';
import { describeRun, type ResultWord, runWord } from '../parts/summary.ts';
import { countKind } from '../parts/watch.ts';
import type { Fact } from '../text/block.ts';
import { count, formatNumber } from '../text/text.ts';
import type { RunView } from '../view/view.ts';
import type { UpgradeView } from './view.ts';

const OUTCOMES: Readonly<Record<UpgradeOutcome, ResultWord>> = {
  go: { word: 'Go', style: 'passed' },
  'no-go': { word: 'No go', style: 'broken' },
  'not-proven': { word: 'Not proven', style: 'inconclusive' },
};

export const PART_TITLES: Readonly<Record<UpgradePart, string>> = {
  before: 'before the upgrade',
  during: 'during the upgrade',
  after: 'after the upgrade',
};

export function upgradeWord({ outcome }: UpgradeView): ResultWord {
  return OUTCOMES[outcome];
}

/** What follows the word: for a go what was shown, otherwise why not. */
export function describeUpgrade(view: UpgradeView): string {
  return view.outcome === 'go' ? describeGo(view) : reasonsOf(view).join('; ');
}

/** `nothing was open or cut off during the upgrade, and every check is after it as it was before` */
function describeGo({ parts: { during, after }, changed }: UpgradeView): string {
  const checks = changed?.checks.length ?? 0;
  const known = Math.max(during?.counts.known ?? 0, after?.counts.known ?? 0);
  return [
    `${describeQuiet(during)}, and ${checks === 0 ? 'every check is after it as it was before' : 'no check is worse after it'}`,
    ...(known === 0
      ? []
      : [`${count(known, 'check')} ${known === 1 ? 'is a known issue' : 'are known issues'}`]),
  ].join('; ');
}

/** There may have been windows all the same: as long as they are allowed to be, or of checks that are known issues. */
function describeQuiet(during: RunView | undefined): string {
  const windows = (during?.checks ?? []).flatMap(({ watched }) => watched?.windows ?? []);
  const seen = (['leak', 'gap'] as const).flatMap((kind) => {
    const number = windows.filter((window) => window.kind === kind).length;
    return number === 0 ? [] : [countKind(kind, number)];
  });
  return seen.length === 0
    ? 'nothing was open or cut off during the upgrade that must not be'
    : `what was open or cut off during the upgrade is within what is allowed or known (${seen.join(', ')})`;
}

function reasonsOf({ parts, shown, changed }: UpgradeView): string[] {
  const { before, during, after } = parts;
  const troubles: Readonly<Record<UpgradePart, readonly string[]>> = {
    before: troublesOf(before),
    during: [...troublesIn(during), ...leftOutIn(shown)],
    after: [...troublesIn(after), ...leftOutIn(changed)],
  };
  const told = UPGRADE_PARTS.flatMap((part) =>
    troubles[part].length === 0 ? [] : [`${PART_TITLES[part]} ${troubles[part].join(', ')}`],
  );
  const isMended = after !== undefined && troubles.after.length === 0;
  return [
    ...told,
    ...(isMended ? [`${PART_TITLES.after} every check passed`] : []),
    ...(during?.watch?.command === undefined ? ['the command was not run'] : []),
  ];
}

function troublesIn(view: RunView | undefined): string[] {
  return view === undefined ? [] : troublesOf(view);
}

/** `2 checks were not tried: service/default/both has no IPv6 any more` */
function leftOutIn(comparison: ComparisonView | undefined): string[] {
  const untried = (comparison?.checks ?? []).filter(({ change }) => change === 'untried');
  return [...Map.groupBy(untried, describeUntried)].map(
    ([what, { length }]) => `${count(length, 'check')} ${length === 1 ? 'was' : 'were'} ${what}`,
  );
}

/** `3 checks leaked (open for 0.6 to 0.9 s at the longest)`, `1 check was inconclusive`, `podreach could not go on: …` */
function troublesOf(view: RunView): string[] {
  const { counts, run, scenarios, watch } = view;
  const failed = scenarios.filter(({ error }) => error !== undefined).length;
  const doubts = [
    [counts.inconclusive, 'inconclusive'],
    [counts.unjudged, 'not judged'],
  ] as const;
  return [
    ...MISMATCHES.flatMap((verdict) =>
      counts[verdict] === 0
        ? []
        : [`${describeVerdict(verdict, counts[verdict])}${describeLongest(view, verdict)}`],
    ),
    ...(watch?.command?.failure === undefined ? [] : [`the command failed: ${watch.command.failure}`]),
    ...(run.interruptedBy === undefined ? [] : ['it was interrupted']),
    ...(run.incomplete && run.interruptedBy === undefined && run.error === undefined
      ? ['it did not come to its end']
      : []),
    ...(run.error === undefined || run.error.code === 'interrupted'
      ? []
      : [`podreach could not go on: ${run.error.message}`]),
    ...(failed === 0 ? [] : [`${count(failed, 'scenario')} failed`]),
    ...doubts.flatMap(([number, word]) =>
      number === 0 ? [] : [`${count(number, 'check')} ${number === 1 ? 'was' : 'were'} ${word}`],
    ),
  ];
}

function describeVerdict(verdict: (typeof MISMATCHES)[number], number: number): string {
  const checks = count(number, 'check');
  switch (verdict) {
    case 'leaked':
      return `${checks} leaked`;
    case 'flapping':
      return `${checks} flapped`;
    default:
      return `${checks} ${number === 1 ? 'was' : 'were'} ${verdict}`;
  }
}

const WINDOWS_OF = { leaked: ['leak', 'open'], broken: ['gap', 'cut off'] } as const;

/** How long, where windows tell. */
function describeLongest({ checks, watchEndMs }: RunView, verdict: (typeof MISMATCHES)[number]): string {
  if (verdict !== 'leaked' && verdict !== 'broken') return '';
  const [kind, was] = WINDOWS_OF[verdict];
  const windows = checks
    .filter((check) => check.countsAs === verdict)
    .flatMap(({ watched }) => watched?.windows ?? []);
  const { longest, most, windows: number } = lengthsOf(windows, kind, watchEndMs);
  if (longest === undefined || most === undefined) return '';
  const { atLeastMs } = lengthOf(longest, watchEndMs);
  const { atMostMs } = lengthOf(most, watchEndMs);
  const each = number === 1 ? '' : ' at the longest';
  return ` (${was} for ${describeLength({ atLeastMs, atMostMs })}${each})`;
}

/** Which runs these are, and what each came to. */
export function partFacts({ parts }: UpgradeView): Fact[] {
  return UPGRADE_PARTS.map((part) => {
    const run = parts[part];
    return { label: part, text: run === undefined ? 'not made' : describePart(run) };
  });
}

function describePart(run: RunView): string {
  return `${runWord(run).word}, run ${run.run.id}: ${describeRun(run)}`;
}

export interface AmissLine extends ResultWord {
  readonly text: string;
}

/** What makes a run fail or leaves it without proof. */
export function amissIn({ checks }: RunView): AmissLine[] {
  return checks
    .filter(({ countsAs }) => countsAs !== 'pass' && countsAs !== 'known')
    .map(({ title, verdict, reason }) => ({
      ...CHANGE_WORDS[verdict === undefined || verdict === 'pass' ? 'unjudged' : verdict],
      text: reason === undefined ? title : `${title}: ${reason}`,
    }));
}

/** Of more, only how many there are. */
export function describeLeft(number: number): string {
  return `… and ${formatNumber(number)} more`;
}
