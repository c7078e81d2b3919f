/**
 * How often the judge is wrong where packets get lost: runs of one check on a simulated network, by the judge itself, next to the bound
 * that docs/verdicts.md derives. Run by hand: `node bench/loss.ts [TRIALS]`.
 */
import { parseArgs } from 'node:util';
import { VERDICTS, type Verdict } from '../src/model/verdict.ts';
import { falseCut, unanswered } from '../test/judge/loss/bound.ts';
import { boundRows } from '../test/judge/loss/bound-table.ts';
import { seededRandom } from '../test/judge/loss/packets.ts';
import type { Setting } from '../test/judge/loss/pair.ts';
import { verdictOn } from '../test/judge/loss/trial.ts';

const SEED = 1;
const LOSSES = [0.01, 0.05, 0.2, 0.5];
const DIRECTIONS = ['both', 'there', 'back'] as const;
const PLACES = ['source', 'between'] as const;
const EXPECTATIONS = ['unreachable', 'reachable'] as const;

/** What is false, and not only inconclusive. */
function wrongVerdicts({ isCut, expected }: Setting): readonly Verdict[] {
  return (expected === 'unreachable') === isCut ? ['leaked', 'broken', 'flapping'] : ['pass'];
}

function trialsOf(setting: Setting, trials: number): Map<Verdict, number> {
  const random = seededRandom(SEED);
  const counts = new Map<Verdict, number>(VERDICTS.map((verdict) => [verdict, 0]));
  for (let trial = 0; trial < trials; trial += 1) {
    const verdict = verdictOn(setting, random);
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  return counts;
}

/** Only where the pair is not cut there is anything to be mistaken for the opposite. */
function boundOf({ loss, direction, isCut, expected }: Setting): number {
  return isCut ? 0 : Math.min(1, falseCut(unanswered(loss, direction === 'both' ? 'both' : 'one'), expected));
}

function print(cells: readonly (string | number)[]): void {
  console.log(cells.map((cell, index) => String(cell).padEnd(index < 4 ? 10 : 13)).join(''));
}

/** A table for docs/verdicts.md: what was seen and what the bound says, in so many of these trials; of one direction the worse. */
function documented(seen: ReadonlyMap<Setting, number>, trials: number): string[] {
  const cells = (loss: number, isOneWay: boolean, place: Setting['place']) =>
    EXPECTATIONS.flatMap((expected) => {
      const alike = [...seen].filter(
        ([setting]) =>
          setting.loss === loss &&
          (setting.direction !== 'both') === isOneWay &&
          setting.place === place &&
          setting.expected === expected,
      );
      const bounds = alike.map(([setting]) => boundOf(setting) * trials);
      const worst = Math.max(...alike.map(([, wrong]) => wrong));
      return [worst.toLocaleString('en'), rounded(Math.max(...bounds))];
    });
  return LOSSES.flatMap((loss) =>
    [false, true].flatMap((isOneWay) =>
      PLACES.map((place) => {
        const where = [`${loss * 100} %`, isOneWay ? 'one' : 'both', place];
        return `| ${[...where, ...cells(loss, isOneWay, place)].join(' | ')} |`;
      }),
    ),
  );
}

function rounded(number: number): string {
  return number < 0.1 ? 'below 0.1' : Number(number.toPrecision(2)).toLocaleString('en');
}

const { positionals } = parseArgs({ allowPositionals: true });
const trials = Number(positionals[0] ?? 100_000);
const seen = new Map<Setting, number>();

for (const isCut of [false, true])
  for (const expected of EXPECTATIONS) {
    console.log(`\nexpected ${expected}, and the policy ${isCut ? 'cuts' : 'does not cut'} it`);
    print(['loss', 'lost', 'where', 'trials', ...VERDICTS, 'wrong', 'bound']);
    for (const loss of LOSSES)
      for (const direction of DIRECTIONS)
        for (const place of PLACES) {
          const setting = { loss, direction, place, isCut, expected };
          // Nothing gets through a policy that cuts: there is only to see how much stays inconclusive.
          const number = isCut ? Math.ceil(trials / 10) : trials;
          const counts = trialsOf(setting, number);
          const shares = [...counts.values()].map((count) => (count / number).toFixed(5));
          const wrong = wrongVerdicts(setting).reduce((sum, verdict) => sum + (counts.get(verdict) ?? 0), 0);
          if (!isCut) seen.set(setting, wrong);
          const head = [`${loss * 100} %`, direction, place, number];
          print([...head, ...shares, (wrong / number).toExponential(1), boundOf(setting).toExponential(1)]);
        }
  }

console.log('\nFor docs/verdicts.md: the derived bound, and what was seen\n');
for (const row of boundRows()) console.log(`| ${row.join(' | ')} |`);
console.log();
for (const row of documented(seen, trials)) console.log(row);
