/** The bound in numbers, as docs/verdicts.md has them. */
import { anyFalseCutAmong, falseCut, falseCutAmong, unanswered } from './bound.ts';

/** One row for each share of lost packets: of a check alone, among 18 pods, among 101 pods. */
export function boundRows(): string[][] {
  return [0.01, 0.05, 0.2].map((loss) => {
    const q = unanswered(loss, 'both');
    const chances = [
      falseCut(q, 'unreachable'),
      falseCut(q, 'reachable'),
      ...[18, 101].flatMap((pods) => [
        falseCutAmong(pods, q, 'unreachable'),
        anyFalseCutAmong(pods, q, 'reachable'),
      ]),
    ];
    return [`${loss * 100} %`, ...chances.map(oneIn)];
  });
}

/** For people: `1 in 150,000`. */
function oneIn(probability: number): string {
  const times = Number((1 / probability).toPrecision(2));
  if (times >= 1e15) return 'rarer than 1 in 1,000 trillion';
  const units = [
    [1e12, ' trillion'],
    [1e9, ' billion'],
    [1e6, ' million'],
  ] as const;
  const [size, unit] = units.find(([least]) => times >= least) ?? [1, ''];
  return `1 in ${(times / size).toLocaleString('en')}${unit}`;
}
