/**
 * Fails the network of the sandbox in every way that test/run/degraded/ knows, and writes what came of it into docs/verdicts.md,
 * between its two marks. Ends with 1 where a verdict was false.
 *
 *     node scripts/degraded.ts             runs everything (some minutes) and writes the table
 *     node scripts/degraded.ts --check     writes nothing
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verdict } from '../src/model/verdict.ts';
import { DESTINATIONS, NODE_TRIALS, POD_TRIALS, runTrials, type Seen } from '../test/run/degraded/arena.ts';
import { ROOT } from '../test/support/cli.ts';

const PAGE = join(ROOT, 'docs/verdicts.md');
const MARKS = /(<!-- degraded: begin -->\n)[\s\S]*?(<!-- degraded: end -->)/;
const TITLES: Readonly<Record<(typeof DESTINATIONS)[number], string>> = {
  shut: 'rightly cut',
  leak: 'leaks',
  open: 'rightly open',
  broken: 'wrongly cut',
};

const seen: Seen[] = [...(await runTrials(POD_TRIALS, { parallel: 4, withinMs: 5_000 }))];
for (const trial of NODE_TRIALS) seen.push(...(await runTrials([trial], { parallel: 1, withinMs: 5_000 })));

const falseOnes = seen.filter(({ isFalse }) => isFalse);
for (const { trial, destination, verdict, reason } of falseOnes)
  console.error(`false: ${trial.name}, ${destination}: ${verdict} (${reason})`);
if (!process.argv.includes('--check')) {
  const page = readFileSync(PAGE, 'utf8');
  if (!MARKS.test(page)) throw new Error(`${PAGE} has no marks for the table`);
  writeFileSync(
    PAGE,
    page.replace(MARKS, (_, begin, end) => `${begin}\n${tableOf(seen)}\n${end}`),
  );
}
process.exitCode = falseOnes.length === 0 ? 0 : 1;

/** A row for each fault, whenever it came. */
function tableOf(all: readonly Seen[]): string {
  const rows = [...Map.groupBy(all, ({ trial }) => trial.fault)].map(([fault, ones]) => {
    const cells = DESTINATIONS.map((destination) =>
      countsOf(ones.filter((one) => one.destination === destination).map(({ verdict }) => verdict)),
    );
    return `| ${[fault, ...cells].join(' | ')} |`;
  });
  const head = ['the network', ...DESTINATIONS.map((destination) => TITLES[destination])];
  return [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...rows, ''].join('\n');
}

/** `pass 18, inconclusive 2`, the most frequent first. */
function countsOf(verdicts: readonly (Verdict | undefined)[]): string {
  return [...Map.groupBy(verdicts, (verdict) => verdict ?? 'none')]
    .sort(([, one], [, other]) => other.length - one.length)
    .map(([verdict, ones]) => `${verdict} ${ones.length}`)
    .join(', ');
}
